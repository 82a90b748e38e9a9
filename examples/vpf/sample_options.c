/* SPDX-License-Identifier: MIT */
#include "sample_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/complain.h"
#include "../common/destination.h"
#include "../common/options.h"

static const char help[] =
    "MODEL --out FILE.png [options]\n"
    "\n"
    "Draws images from a trained machine (the model.safetensors of a training): its top layer from a\n"
    "prior, then down layer by layer (the paper's Algorithm 2).\n"
    "\n"
    "Images:\n"
    "  --count N         how many (default 100; with --long-chain the chains, default 10)\n"
    "  --steps R         up and down R times between each two layers (default 5, or 3 for machines\n"
    "                    with intra-layer weights, as in the paper). More is not better: far from\n"
    "                    the data a machine trained by probability flow has modes of its own.\n"
    "                    R,R,...: a number for each two layers, from the bottom; few for lower\n"
    "                    ones and more for the top are often best\n"
    "  --prior DIR|0.5   0.5: every top unit is on in half of the images (default). DIR: as often\n"
    "                    as for the training images in that folder (the paper's P prior)\n"
    "  --limit N         the first N images of DIR; 0: all (default 50000, as in training)\n"
    "  --samples         black and white images as drawn, in place of their probabilities\n"
    "  --seed N          (default 1)\n"
    "Long chains:\n"
    "  --long-chain N    go on with N Gibbs sweeps from the last state of each image (of a pairwise\n"
    "                    machine of three or more layers: in its first pair). Each row of the\n"
    "                    picture is a chain and shows its start and 20 states on its way; mean\n"
    "                    energy and share of pixels that are on are printed beside. To see whether\n"
    "                    chains mix, or where they drift to\n"
    "Picture:\n"
    "  --out FILE.png    a grid of the images, black 0, white 1; its folder is made if needed.\n"
    "                    /dev/stdout: there; everything else that is printed goes to stderr\n"
    "  --width N         of an image that is not square, in pixels\n"
    "  --threads N       0: as many as pay off (default 0); the result is the same\n"
    "  --help            this text\n"
    "  --version         the version of libvpf\n"
    "\n"
    "Exit status: 0 done, 1 an error, 2 a mistake in the options.\n";

enum { OUT = 256, COUNT, STEPS, PRIOR, LIMIT, SAMPLES, LONG_CHAIN, WIDTH, SEED, THREADS, HELP };

static const struct option long_options[] = {
    {"out", required_argument, NULL, OUT},       {"count", required_argument, NULL, COUNT},
    {"steps", required_argument, NULL, STEPS},   {"prior", required_argument, NULL, PRIOR},
    {"limit", required_argument, NULL, LIMIT},   {"samples", no_argument, NULL, SAMPLES},
    {"long-chain", required_argument, NULL, LONG_CHAIN}, {"width", required_argument, NULL, WIDTH},
    {"seed", required_argument, NULL, SEED},     {"threads", required_argument, NULL, THREADS},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0}};

static int take_option(void *context, int key, const char *value) {
  enum { MOST_IMAGES = 10000, MOST_STEPS = 1000000, MANY = 1000000000, MOST_THREADS = 1024 };
  sample_options *options = context;

  switch (key) {
    case OUT: return option_path(&options->out, "--out", value, "a file");
    case COUNT: return option_size(&options->count, "--count", value, 1, MOST_IMAGES);
    case STEPS:
      return option_sizes(options->steps, SAMPLE_PAIRS, &options->step_counts, "--steps", value, 1, MOST_STEPS);
    case PRIOR:
      if (strcmp(value, "0.5")) return option_path(&options->prior, "--prior", value, "a folder, or 0.5");
      options->prior = NULL;
      return OPTIONS_COMPLETE;
    case LIMIT: return option_size(&options->limit, "--limit", value, 0, MANY);
    case SAMPLES: options->samples = true; return OPTIONS_COMPLETE;
    case LONG_CHAIN: return option_size(&options->long_chain, "--long-chain", value, 1, MANY);
    case WIDTH: return option_size(&options->width, "--width", value, 1, MANY);
    case SEED: return option_integer(&options->seed, "--seed", value, 0, UINT64_MAX);
    case THREADS: return option_size(&options->threads, "--threads", value, 0, MOST_THREADS);
    default: return options_help(help);
  }
}

int sample_options_parse(sample_options *options, int argc, char **argv) {
  *options = (sample_options){.limit = 50000, .seed = 1};
  const int result = options_parse(argc, argv, long_options, take_option, options, &options->model);
  if (result != OPTIONS_COMPLETE) return result;
  if (!options->model) return complain_option("MODEL", NULL, "the file of a machine is needed");
  if (!options->out) return complain_option("--out", NULL, "the name of the picture is needed");
  if (is_same_file(options->out, options->model))
    return complain_option("--out", options->out, "must be another file than that of MODEL");
  if (!options->count) options->count = options->long_chain ? 10 : 100;
  return OPTIONS_COMPLETE;
}
