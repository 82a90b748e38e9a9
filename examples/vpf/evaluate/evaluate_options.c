/* SPDX-License-Identifier: MIT */
#include "evaluate_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/complain.h"
#include "../../common/destination.h"
#include "../../common/options.h"

const char *const part_names[PARTS] = {"machine", "likelihood", "parzen", "filling", "moments", "mixing"};

static const char help[] =
    "MODEL --data DIR [options]\n"
    "\n"
    "Scores a trained machine (the model.safetensors of a training): all that a paper says about a\n"
    "Boltzmann machine, each number beside that of a trivial answer. It says first how long that will\n"
    "take.\n"
    "\n"
    "What to score:\n"
    "  --data DIR          folder with train-images-idx3-ubyte and t10k-images-idx3-ubyte, or\n"
    "                      -images.idx3-ubyte, plain or .gz\n"
    "  --limit N           the machine was trained on the first N training images; 0: on all\n"
    "                      (default 50000, as in training)\n"
    "  --rows N            score the first N test images; 0: all (default 0)\n"
    "  --parts LIST        some of the parts below, joined by ',' (default all)\n"
    "  --out FILE.json     all numbers as JSON; its folder is made if needed. /dev/stdout: there;\n"
    "                      everything else that is printed goes to stderr\n"
    "  --scores FILE.csv   the scores of each test image, to find those that do not belong: its row (from\n"
    "                      0), log_p, free_energy, pseudo_likelihood, flow; those that the machine does\n"
    "                      not have are empty, and log_p is without the part likelihood\n"
    "  --quick             everything small, to see what there is: 200 images, 20 chains of 100\n"
    "                      temperatures, ...; the other options still count\n"
    "Parts:\n"
    "  machine             parameters; activity and weights of every layer\n"
    "  likelihood          log p of the bits of an image, beside that of independent pixels; of a deep\n"
    "                      joint machine a lower bound; of a pairwise one of three or more layers, which\n"
    "                      has none, that of its first pair. Report the line \"report\"; a WARNING says\n"
    "                      in words why log Z should not be trusted\n"
    "  parzen              Parzen windows around samples (the paper's Table 2), from both priors\n"
    "  filling             filling in a missing region (the paper's Table 1), by each protocol\n"
    "  moments             means and correlations of samples beside those of the test images\n"
    "  mixing              whether Gibbs chains from test images stay where the images are\n"
    "Of likelihood:\n"
    "  --chains N          of annealed importance sampling (default 200)\n"
    "  --temperatures N    of annealed importance sampling (default 3000)\n"
    "  --reverse-sweeps N  of the chains from the test images before they are annealed backwards\n"
    "                      (default 1000)\n"
    "  --ladder            log Z by a ladder too (of a machine of two layers without intra-layer weights):\n"
    "                      100 chains sampled by parallel tempering, from independent pixels to the\n"
    "                      machine, where Gibbs chains would not mix\n"
    "  --ladder-file FILE  keep the ladder: it is read if the file exists, and led on to the machine if\n"
    "                      it ends elsewhere; otherwise it is built and written there (implies --ladder)\n"
    "  --ladder-sweeps N   of the ladder's chains (default 500; implies --ladder)\n"
    "Of parzen:\n"
    "  --samples N         centres; also samples whose moments are compared (default 10000)\n"
    "  --steps R           up and down R times between each two layers (default 5, or 3 for machines\n"
    "                      with intra-layer weights, as in the paper)\n"
    "  --draws N           sets of centres, to see how much they matter (default 1)\n"
    "  --sigma X|select    width of the windows (default 0.2); select: the best for up to 10000\n"
    "                      training images after --limit, the last ones\n"
    "Of filling:\n"
    "  --neighbours N      test images filled in from their 10 nearest training images, for\n"
    "                      comparison; 0: none (default 2000)\n"
    "  --width N           of an image that is not square, in pixels\n"
    "Of all:\n"
    "  --seed N            of everything that is drawn (default 1)\n"
    "  --threads N         0: as many as pay off (default 0); the result is the same (that of\n"
    "                      parzen up to rounding)\n"
    "  --help              this text\n"
    "  --version           the version of libvpf\n"
    "\n"
    "Exit status: 0 done, 1 an error, 2 a mistake in the options.\n";

enum {
  DATA = 256, LIMIT, ROWS, LIST, OUT, SCORES, QUICK, CHAINS, TEMPERATURES, SWEEPS, SAMPLES, STEPS, DRAWS, SIGMA,
  NEIGHBOURS, WIDTH, SEED, THREADS, HELP, LADDER, LADDER_FILE, LADDER_SWEEPS
};

static const struct option long_options[] = {
    {"data", required_argument, NULL, DATA},         {"limit", required_argument, NULL, LIMIT},
    {"rows", required_argument, NULL, ROWS},         {"parts", required_argument, NULL, LIST},
    {"out", required_argument, NULL, OUT},           {"quick", no_argument, NULL, QUICK},
    {"chains", required_argument, NULL, CHAINS},     {"temperatures", required_argument, NULL, TEMPERATURES},
    {"samples", required_argument, NULL, SAMPLES},   {"reverse-sweeps", required_argument, NULL, SWEEPS},
    {"steps", required_argument, NULL, STEPS},       {"draws", required_argument, NULL, DRAWS},
    {"sigma", required_argument, NULL, SIGMA},       {"neighbours", required_argument, NULL, NEIGHBOURS},
    {"width", required_argument, NULL, WIDTH},       {"seed", required_argument, NULL, SEED},
    {"threads", required_argument, NULL, THREADS},   {"help", no_argument, NULL, HELP},
    {"scores", required_argument, NULL, SCORES},     {"ladder", no_argument, NULL, LADDER},
    {"ladder-file", required_argument, NULL, LADDER_FILE},
    {"ladder-sweeps", required_argument, NULL, LADDER_SWEEPS},
    {"version", no_argument, NULL, OPTION_VERSION},  {NULL, 0, NULL, 0}};

enum { MANY = 1000000000 };

static int take_ladder_file(evaluate_options *options, const char *value) {
  options->ladder = true;
  return option_path(&options->ladder_file, "--ladder-file", value, "a file");
}

static int take_ladder_sweeps(evaluate_options *options, const char *value) {
  options->ladder = true;
  return option_size(&options->ladder_sweeps, "--ladder-sweeps", value, 4, MANY);
}

/* Names joined by ','. */
static int parse_parts(evaluate_options *options, const char *value) {
  const char *rest = value;
  memset(options->wanted, 0, sizeof options->wanted);
  for (;;) {
    const size_t length = strcspn(rest, ",");
    size_t p = 0;
    while (p < PARTS && (strlen(part_names[p]) != length || strncmp(rest, part_names[p], length))) p++;
    if (p == PARTS) break;
    options->wanted[p] = true;
    if (!rest[length]) return OPTIONS_COMPLETE;
    rest += length + 1;
  }
  return complain_option("--parts", value,
                         "must be some of machine, likelihood, parzen, filling, moments and mixing, joined by ','");
}

/* In grey levels from 0 to 1; narrower or wider windows would say nothing. */
static int parse_sigma(evaluate_options *options, const char *value) {
  options->sigma = 0;
  return strcmp(value, "select") ? option_number(&options->sigma, "--sigma", value, 0.001, 1000) : OPTIONS_COMPLETE;
}

static int take_option(void *context, int key, const char *value) {
  enum { MOST_SAMPLES = 1000000, MOST_STEPS = 1000000, MOST_DRAWS = 10000, MOST_THREADS = 1024 };
  evaluate_options *options = context;

  switch (key) {
    case DATA: return option_path(&options->data, "--data", value, "a folder");
    case LIMIT: return option_size(&options->limit, "--limit", value, 0, MANY);
    case ROWS: return option_size(&options->rows, "--rows", value, 0, MANY);
    case LIST: return parse_parts(options, value);
    case OUT: return option_path(&options->out, "--out", value, "a file");
    case SCORES: return option_path(&options->scores, "--scores", value, "a file");
    case QUICK: options->quick = true; return OPTIONS_COMPLETE;
    case CHAINS: return option_size(&options->chains, "--chains", value, 2, MANY);
    case TEMPERATURES: return option_size(&options->temperatures, "--temperatures", value, 2, MANY);
    case SWEEPS: return option_size(&options->reverse_sweeps, "--reverse-sweeps", value, 1, MANY);
    case LADDER: options->ladder = true; return OPTIONS_COMPLETE;
    case LADDER_FILE: return take_ladder_file(options, value);
    case LADDER_SWEEPS: return take_ladder_sweeps(options, value);
    case SAMPLES: return option_size(&options->samples, "--samples", value, 1, MOST_SAMPLES);
    case STEPS: return option_size(&options->steps, "--steps", value, 1, MOST_STEPS);
    case DRAWS: return option_size(&options->draws, "--draws", value, 1, MOST_DRAWS);
    case SIGMA: return parse_sigma(options, value);
    case NEIGHBOURS: return option_size(&options->neighbours, "--neighbours", value, 0, MANY);
    case WIDTH: return option_size(&options->width, "--width", value, 1, MANY);
    case SEED: return option_integer(&options->seed, "--seed", value, 0, INT64_MAX); /* jansson's largest integer */
    case THREADS: return option_size(&options->threads, "--threads", value, 0, MOST_THREADS);
    default: return options_help(help);
  }
}

static const size_t not_given = SIZE_MAX;

static void settle(size_t *size, bool quick, size_t usual, size_t small) {
  if (*size == not_given) *size = quick ? small : usual;
}

/* No file is written over another, nor over the machine. */
static int check_files(const evaluate_options *o) {
  enum { FILES = 4 };
  const char *const options[FILES] = {"MODEL", "--out", "--scores", "--ladder-file"};
  const char *const paths[FILES] = {o->model, o->out, o->scores, o->ladder_file};
  for (size_t k = 1; k < FILES; k++)
    for (size_t other = 0; other < k; other++)
      if (is_same_file(paths[k], paths[other]))
        return complain_option(options[k], paths[k], "must be another file than that of %s", options[other]);
  return OPTIONS_COMPLETE;
}

/* What depends on more than one option. */
static int complete(evaluate_options *o) {
  if (!o->model) return complain_option("MODEL", NULL, "the file of a machine is needed");
  if (!o->data) return complain_option("--data", NULL, "the folder with the images is needed");
  if (o->ladder && !o->wanted[PART_LIKELIHOOD])
    return complain_option("--ladder", NULL, "is of the part likelihood, which --parts does not have");
  if (check_files(o) != OPTIONS_COMPLETE) return EXIT_USAGE;

  settle(&o->rows, o->quick, 0, 200);
  settle(&o->chains, o->quick, 200, 20);
  settle(&o->temperatures, o->quick, 3000, 100);
  settle(&o->reverse_sweeps, o->quick, 1000, 100);
  settle(&o->ladder_sweeps, o->quick, 500, 100);
  o->ladder_chains = o->quick ? 20 : 100;
  settle(&o->samples, o->quick, 10000, 200);
  settle(&o->neighbours, o->quick, 2000, 50);
  o->few = o->quick ? 200 : 10000;
  o->mixing_chains = o->quick ? 10 : 20;
  o->mixing_draws = o->quick ? 100 : 500;
  return OPTIONS_COMPLETE;
}

int evaluate_options_parse(evaluate_options *options, int argc, char **argv) {
  *options = (evaluate_options){.rows = not_given,
                                .limit = 50000,
                                .chains = not_given,
                                .temperatures = not_given,
                                .reverse_sweeps = not_given,
                                .ladder_sweeps = not_given,
                                .samples = not_given,
                                .draws = 1,
                                .sigma = 0.2,
                                .neighbours = not_given,
                                .seed = 1};
  for (size_t p = 0; p < PARTS; p++) options->wanted[p] = true;
  const int result = options_parse(argc, argv, long_options, take_option, options, &options->model);
  return result == OPTIONS_COMPLETE ? complete(options) : result;
}
