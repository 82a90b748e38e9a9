/* SPDX-License-Identifier: MIT */
#include "fill_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/complain.h"
#include "../common/destination.h"
#include "../common/options.h"

static const char help[] =
    "MODEL --data DIR --out FILE.png [options]\n"
    "\n"
    "Puts a part of each test image into noise, lets a trained machine (the model.safetensors of a\n"
    "training) fill it in again, and measures how far the answer is from the image.\n"
    "\n"
    "Filling in:\n"
    "  --data DIR        folder with t10k-images-idx3-ubyte or t10k-images.idx3-ubyte, plain or .gz\n"
    "  --region WHICH    top, bottom, left, right or all of them (default all): 12 of 28 rows or\n"
    "                    columns; of images of other sizes as large a part\n"
    "  --protocol NAME   one of those below (default clamped)\n"
    "  --steps N         visible given hidden, hidden given visible (default 100; mean-field 50,\n"
    "                    paper 2, leak 20)\n"
    "  --average N       the answer is the mean over the last N steps (default half of them; paper\n"
    "                    1; not for mean-field)\n"
    "  --rows N          score the first N images; 0: all (default 0)\n"
    "  --seed N          of noise and draws (default 1)\n"
    "Protocols:\n"
    "  clamped           pixels of the region replaced by noise, all others held\n"
    "  mean-field        the same, with means in place of drawn states: no chance, one answer\n"
    "  paper             the paper's Table 1: bit OR noise in the region, nothing held\n"
    "  leak              bit OR noise in the region, all others held: pixels that are on survive the\n"
    "                    noise and give part of the answer away\n"
    "Picture:\n"
    "  --out FILE.png    for each region three rows: images, corrupted, answers; its folder is made\n"
    "                    if needed. /dev/stdout: there; everything else goes to stderr\n"
    "  --count N         images shown, the first ones (default 10)\n"
    "  --width N         of an image that is not square, in pixels\n"
    "  --threads N       0: as many as pay off (default 0); the result is the same\n"
    "  --help            this text\n"
    "  --version         the version of libvpf\n"
    "\n"
    "Printed is, for each region, the mean over images of the sum over the region of\n"
    "|answer - grey level|, with its standard error, beside that of an all-black answer: a method\n"
    "that does not beat black has filled in nothing.\n"
    "\n"
    "Exit status: 0 done, 1 an error, 2 a mistake in the options.\n";

enum { DATA = 256, OUT, REGION, PROTOCOL, STEPS, AVERAGE, COUNT, ROWS, WIDTH, SEED, THREADS, HELP };

static const struct option long_options[] = {
    {"data", required_argument, NULL, DATA},         {"out", required_argument, NULL, OUT},
    {"region", required_argument, NULL, REGION},     {"protocol", required_argument, NULL, PROTOCOL},
    {"steps", required_argument, NULL, STEPS},       {"average", required_argument, NULL, AVERAGE},
    {"count", required_argument, NULL, COUNT},       {"rows", required_argument, NULL, ROWS},
    {"width", required_argument, NULL, WIDTH},       {"seed", required_argument, NULL, SEED},
    {"threads", required_argument, NULL, THREADS},   {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0}};

static int take_protocol(fill_options *options, const char *value) {
  options->how.protocol = find_protocol(value);
  if (options->how.protocol) return OPTIONS_COMPLETE;
  return complain_option("--protocol", value, "must be clamped, mean-field, paper or leak");
}

static int take_option(void *context, int key, const char *value) {
  static const char *const regions[] = {"top", "bottom", "left", "right", "all", NULL};
  enum { MOST_SHOWN = 1000, MOST_STEPS = 1000000, MANY = 1000000000, MOST_THREADS = 1024 };
  fill_options *options = context;

  switch (key) {
    case DATA: return option_path(&options->data, "--data", value, "a folder");
    case OUT: return option_path(&options->out, "--out", value, "a file");
    case REGION: return option_choice(&options->region, "--region", value, regions, "top, bottom, left, right or all");
    case PROTOCOL: return take_protocol(options, value);
    case STEPS: return option_size(&options->how.steps, "--steps", value, 1, MOST_STEPS);
    case AVERAGE: return option_size(&options->how.average, "--average", value, 1, MOST_STEPS);
    case COUNT: return option_size(&options->count, "--count", value, 1, MOST_SHOWN);
    case ROWS: return option_size(&options->rows, "--rows", value, 0, MANY);
    case WIDTH: return option_size(&options->width, "--width", value, 1, MANY);
    case SEED: return option_integer(&options->how.seed, "--seed", value, 0, UINT64_MAX);
    case THREADS: return option_size(&options->threads, "--threads", value, 0, MOST_THREADS);
    default: return options_help(help);
  }
}

/* What depends on more than one option. */
static int complete(fill_options *options) {
  filling *how = &options->how;
  if (!options->model) return complain_option("MODEL", NULL, "the file of a machine is needed");
  if (!options->data) return complain_option("--data", NULL, "the folder with the test images is needed");
  if (!options->out) return complain_option("--out", NULL, "the name of the picture is needed");
  if (is_same_file(options->out, options->model))
    return complain_option("--out", options->out, "must be another file than that of MODEL");
  if (how->average && how->protocol->mean_field)
    return complain_option("--average", NULL, "is for protocols that draw states, not for mean-field");

  if (!how->steps) how->steps = how->protocol->steps;
  if (how->average > how->steps)
    return complain_option("--average", NULL, "%zu is more than the %zu steps", how->average, how->steps);
  if (!how->average) how->average = protocol_average(how->protocol, how->steps);
  return OPTIONS_COMPLETE;
}

int fill_options_parse(fill_options *options, int argc, char **argv) {
  *options = (fill_options){.region = "all", .how = {.protocol = &protocols[0], .seed = 1}, .count = 10};
  const int result = options_parse(argc, argv, long_options, take_option, options, &options->model);
  return result == OPTIONS_COMPLETE ? complete(options) : result;
}

void print_protocol(const fill_options *options) {
  const filling *how = &options->how;
  const protocol *p = how->protocol;
  printf("protocol    %s: region %s noise, %s, %zu steps", p->name, p->noise == VPF_NOISE_OR ? "OR" : "replaced by",
         p->held ? "all else held" : "nothing held", how->steps);
  if (p->mean_field)
    puts(" of mean field");
  else if (how->average > 1)
    printf(", mean of the last %zu\n", how->average);
  else
    puts(", the last one");
  if (protocol_leaks(p))
    puts("            This protocol leaks: pixels that survive the noise give part of the answer away.");
}
