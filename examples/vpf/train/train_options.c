/* SPDX-License-Identifier: MIT */
#include "train_options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/complain.h"
#include "../../common/options.h"

static const char help[] =
    "--data DIR [options]\n"
    "\n"
    "Trains a Boltzmann machine on handwritten digits: by variational probability flow, or as a recipe\n"
    "says. The K that it prints is that flow: how fast probability leaves the images. Training by vpf\n"
    "makes it smaller; that of other methods need not be.\n"
    "\n"
    "Data:\n"
    "  --data DIR        folder with train-images-idx3-ubyte or train-images.idx3-ubyte, plain\n"
    "                    or .gz; get_mnist.sh, one of libvpf's examples, fetches MNIST\n"
    "  --fashion         Fashion-MNIST: --data defaults to the folder of Debian's\n"
    "                    dataset-fashion-mnist, --limit to 60000\n"
    "  --limit N         train on the first N images; 0: all (default 50000, as in the paper;\n"
    "                    the last 10000 are left for validation)\n"
    "Machine:\n"
    "  --arch N-N-...    units of each layer, visible first (default 784-196)\n"
    "  --intra WHICH     layers with intra-layer weights: none, hidden or all (default none)\n"
    "  --coupling KIND   pairwise or joint; differ from three layers on (default pairwise)\n"
    "Training:\n"
    "  --recipe NAME     settings and starting parameters that go together; what is given of those\n"
    "                    below is changed, all others are the recipe's:\n";

/* Here follow the recipes. */
static const char training_help[] =
    "  --method KIND     vpf: variational probability flow; cd, pcd: contrastive divergence, persistent\n"
    "                    or not; ptt: parallel trajectory tempering, for RBMs (paper: vpf)\n"
    "  --steps N         Gibbs steps of CD-k and PCD-k (paper: 1)\n"
    "  --particles N     chains of pcd and ptt (paper: 100)\n"
    "  --epochs N        passes over the data (default 20; in the paper 200)\n"
    "  --batch N         images in a minibatch (paper: 40)\n"
    "  --in-order        images in their order, as in the paper's runs, not shuffled anew each epoch\n"
    "  --lr X            learning rate (paper: 0.001)\n"
    "  --lr-drop X       the last part of the epochs, from 0 to 1, at a tenth of --lr (paper: 0)\n"
    "  --decay X         weight decay lambda (paper: 0.005, 0.0001 with another --method)\n"
    "  --seed N          of the starting weights and of training (default 1)\n"
    "  --threads N       0: as many as pay off (default 0); the result is the same\n"
    "Watching (why: section 14 of libvpf's guide math.md):\n"
    "  --watch N         every N epochs the likelihood of up to 10000 images after --limit, by\n"
    "                    annealed importance sampling; best.safetensors is the best machine. What is\n"
    "                    printed, logged and compared is by the largest log Z that must be reckoned\n"
    "                    with; an estimate that cannot be trusted is marked, and why is said once\n"
    "  --patience N      stop when N of these in a row have found nothing better; 0: never (default 0).\n"
    "                    This one and those below are only for --watch\n"
    "  --chains N        of annealed importance sampling (default 50)\n"
    "  --temperatures N  of annealed importance sampling (default 300)\n"
    "  --both-ways       anneal back from the images too, and let the lower likelihood count: it\n"
    "                    takes longer; for cd and pcd, whose modes forward annealing may miss\n"
    "Results:\n"
    "  --keep N          keep the machine of every N-th epoch as model-<epoch>.safetensors\n"
    "  --checkpoint-every N\n"
    "                    save checkpoint.safetensors every N epochs and at the end; 0: only when\n"
    "                    training ends before --epochs (default 0)\n"
    "  --out DIR         folder for the results, made if needed (default out/train_mnist). Files of an\n"
    "                    earlier run are replaced whole, log.jsonl when the first epoch ends, the\n"
    "                    others at the end; those that this run does not write stay\n"
    "  --help            this text\n"
    "  --version         the version of libvpf\n"
    "Files in that folder:\n"
    "  model.safetensors  the machine; where the recipe keeps a running average, that, and the average\n"
    "                     is also what filters.png shows, --watch looks at and --keep keeps\n"
    "  filters.png        what each unit of the first hidden layer looks for\n"
    "  log.jsonl          one line per epoch, to be followed with tail -F\n"
    "  summary.txt        what is printed at the end\n"
    "  checkpoint.safetensors\n"
    "                     to go on from, see --checkpoint-every\n";

static const char more_help[] =
    "Going on:\n"
    "  --resume FILE     go on from a checkpoint. The bits are those of a run that never stopped.\n"
    "      From FILE come the machine, --seed, --method, --steps, --particles, --batch, --in-order and\n"
    "      all else of a recipe, which cannot be changed; and --lr, --decay, --lr-drop and --threads,\n"
    "      unless given.\n"
    "      Give the same again: --data and --limit (only inside an epoch other images are noticed),\n"
    "      --watch, --keep and --checkpoint-every.\n"
    "      --epochs counts all epochs, those before too (default 20). The epoch from which the rate is\n"
    "      lower stays as it is in FILE, unless --lr-drop is given again.\n"
    "      --out defaults to the folder of FILE. What it has is taken for this run's: the lines of\n"
    "      log.jsonl up to FILE stay, and with --watch, best.safetensors stays until a better machine\n"
    "      comes. --patience counts anew.\n"
    "\n"
    "Ctrl-C, SIGTERM, and SIGHUP when the terminal is closed, end training after the minibatch and save\n"
    "everything (exit status 130, 143 or 129); a second Ctrl-C or SIGTERM ends it at once. With nohup\n"
    "it goes on. What is printed may be lost, as in a pipe into head: training goes on, everything is\n"
    "saved, and the exit status says it. Two runs cannot write to one folder at the same time.\n"
    "Exit status: 0 done, 1 an error, 2 a mistake in the options.\n";

enum {
  DATA = 256, FASHION, LIMIT, ARCH, INTRA, COUPLING, EPOCHS, METHOD, STEPS, PARTICLES, BATCH, ORDER, RATE, DROP, DECAY, SEED,
  THREADS, WATCH, PATIENCE, CHAINS, TEMPERATURES, BOTH, KEEP, EVERY, RESUME, OUT, HELP, RECIPE
};

static const struct option long_options[] = {
    {"data", required_argument, NULL, DATA},     {"fashion", no_argument, NULL, FASHION},
    {"limit", required_argument, NULL, LIMIT},   {"arch", required_argument, NULL, ARCH},
    {"intra", required_argument, NULL, INTRA},   {"coupling", required_argument, NULL, COUPLING},
    {"method", required_argument, NULL, METHOD}, {"steps", required_argument, NULL, STEPS},
    {"particles", required_argument, NULL, PARTICLES}, {"lr-drop", required_argument, NULL, DROP},
    {"in-order", no_argument, NULL, ORDER},      {"recipe", required_argument, NULL, RECIPE},
    {"watch", required_argument, NULL, WATCH},   {"patience", required_argument, NULL, PATIENCE},
    {"chains", required_argument, NULL, CHAINS}, {"temperatures", required_argument, NULL, TEMPERATURES},
    {"both-ways", no_argument, NULL, BOTH},      {"keep", required_argument, NULL, KEEP},
    {"epochs", required_argument, NULL, EPOCHS}, {"batch", required_argument, NULL, BATCH},
    {"lr", required_argument, NULL, RATE},       {"decay", required_argument, NULL, DECAY},
    {"seed", required_argument, NULL, SEED},     {"threads", required_argument, NULL, THREADS},
    {"checkpoint-every", required_argument, NULL, EVERY}, {"resume", required_argument, NULL, RESUME},
    {"out", required_argument, NULL, OUT},       {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0}};

static const char *recipe_name(int recipe) {
  return vpf_recipe_name((vpf_recipe)recipe);
}

static int parse_recipe(train_options *options, const char *value) {
  int recipe = 0;
  const int result = option_name(&recipe, "--recipe", value, recipe_name);
  options->recipe = (vpf_recipe)recipe;
  options->recipe_given = true;
  return result;
}

static int print_help(void) {
  options_help(help);
  for (int k = 0; recipe_name(k); k++)
    printf("      %-14s%s\n", recipe_name(k), vpf_recipe_purpose((vpf_recipe)k));
  puts("      (default paper)");
  fputs(training_help, stdout);
  fputs(more_help, stdout);
  return EXIT_SUCCESS;
}

/* Sizes joined by '-'. Whether a machine of that size fits into memory is for the library to say. */
static int parse_arch(train_options *options, const char *value) {
  const char *rest = value;
  uint64_t size;
  options->arch = value;
  options->layers = 0;
  while (options->layers < MAX_LAYERS && read_integer(&rest, 1, SIZE_MAX, &size)) {
    options->sizes[options->layers++] = (size_t)size;
    if (!*rest) return OPTIONS_COMPLETE;
    if (*rest++ != '-') break;
  }
  return complain_option("--arch", value, "must be 1 to %d sizes of at least 1 joined by '-', such as 784-196-196-64",
                         MAX_LAYERS);
}

static int take_option(void *context, int key, const char *value) {
  static const char *const intra_names[] = {"none", "hidden", "all", NULL};
  static const char *const coupling_names[] = {"pairwise", "joint", NULL};
  enum { MANY = 1000000000 }; /* epochs and rows that no run reaches */
  train_options *options = context;

  switch (key) {
    case DATA: return option_path(&options->data, "--data", value, "a folder");
    case FASHION: options->fashion = true; return OPTIONS_COMPLETE;
    case LIMIT: options->limit_given = true; return option_size(&options->limit, "--limit", value, 0, MANY);
    case ARCH: return parse_arch(options, value);
    case INTRA: return option_choice(&options->intra_name, "--intra", value, intra_names, "none, hidden or all");
    case COUPLING:
      return option_choice(&options->coupling_name, "--coupling", value, coupling_names, "pairwise or joint");
    case EPOCHS: return option_size(&options->epochs, "--epochs", value, 1, MANY);
    case RECIPE: return parse_recipe(options, value);
    case METHOD: return settings_parse(&options->set, SETTING_METHOD, value);
    case STEPS: return settings_parse(&options->set, SETTING_STEPS, value);
    case PARTICLES: return settings_parse(&options->set, SETTING_PARTICLES, value);
    case DROP: options->set.given[SETTING_DROP] = true; return option_number(&options->lr_drop, "--lr-drop", value, 0, 1);
    case WATCH: return option_size(&options->watch, "--watch", value, 0, MANY);
    case PATIENCE: options->of_watch = "--patience"; return option_size(&options->patience, "--patience", value, 0, MANY);
    case CHAINS: options->of_watch = "--chains"; return option_size(&options->chains, "--chains", value, 2, MANY);
    case TEMPERATURES: options->of_watch = "--temperatures"; return option_size(&options->temperatures, "--temperatures", value, 2, MANY);
    case BOTH: options->of_watch = "--both-ways"; options->both_ways = true; return OPTIONS_COMPLETE;
    case KEEP: return option_size(&options->keep, "--keep", value, 0, MANY);
    case EVERY: return option_size(&options->checkpoint_every, "--checkpoint-every", value, 0, MANY);
    case RESUME: return option_path(&options->resume, "--resume", value, "a file");
    case BATCH: return settings_parse(&options->set, SETTING_BATCH, value);
    case ORDER: settings_give(&options->set, SETTING_SHUFFLE, 0); return OPTIONS_COMPLETE;
    case RATE: return settings_parse(&options->set, SETTING_RATE, value);
    case DECAY: return settings_parse(&options->set, SETTING_DECAY, value);
    case SEED: return option_integer(&options->seed, "--seed", value, 0, UINT64_MAX);
    case THREADS: return settings_parse(&options->set, SETTING_THREADS, value);
    case OUT: return option_path(&options->out, "--out", value, "a folder");
    default: return print_help();
  }
}

/* The first of the epochs at a tenth of the rate; 0: none is. */
static double drop_epoch(const train_options *options) {
  return options->lr_drop > 0 ? rint((double)options->epochs * (1 - options->lr_drop)) + 1 : 0;
}

/* What depends on more than one option. */
static int complete(train_options *options) {
  if (options->fashion && !options->data) options->data = "/usr/share/datasets/fashion-mnist";
  if (options->fashion && !options->limit_given) options->limit = 60000;
  if (!options->data) return complain_option("--data", NULL, "the folder with the images is needed");
  if (options->of_watch && !options->watch) return complain_option(options->of_watch, NULL, "does nothing without --watch");

  if (options->set.given[SETTING_DROP]) options->set.value[SETTING_DROP] = drop_epoch(options);
  options->coupling = strcmp(options->coupling_name, "joint") ? VPF_COUPLING_PAIRWISE : VPF_COUPLING_JOINT;
  for (size_t layer = 0; layer < options->layers && strcmp(options->intra_name, "some") != 0; layer++)
    options->intra[layer] = !strcmp(options->intra_name, "all") || (layer > 0 && !strcmp(options->intra_name, "hidden"));
  return OPTIONS_COMPLETE;
}

int train_options_parse(train_options *options, int argc, char **argv) {
  *options = (train_options){.arch = "784-196",
                             .sizes = {784, 196},
                             .layers = 2,
                             .intra_name = "none",
                             .coupling_name = "pairwise",
                             .chains = 50,
                             .temperatures = 300,
                             .epochs = 20,
                             .limit = 50000,
                             .seed = 1,
                             .out = "out/train_mnist"};
  return train_options_parse_again(options, argc, argv);
}

int train_options_parse_again(train_options *options, int argc, char **argv) {
  optind = 1; /* where getopt_long() begins */
  const int result = options_parse(argc, argv, long_options, take_option, options, NULL);
  return result == OPTIONS_COMPLETE ? complete(options) : result;
}

vpf_status train_options_begin(const train_options *options, vpf_model *model, const vpf_data *data,
                               vpf_optimizer *optimizer) {
  train_settings set = options->set;
  const bool likelihood = set.given[SETTING_METHOD] && (vpf_method)set.value[SETTING_METHOD] != VPF_METHOD_VPF;
  /* the paper's decay is VPF's own */
  if (options->recipe == VPF_RECIPE_PAPER && likelihood && !set.given[SETTING_DECAY])
    settings_give(&set, SETTING_DECAY, 1e-4);
  vpf_status s = vpf_optimizer_set_seed(optimizer, options->seed);
  if (!s) s = vpf_recipe_begin(options->recipe, model, data, optimizer, options->epochs);
  return complain(s) ? s : settings_apply(&set, 0, optimizer);
}

void train_options_clear(train_options *options) {
  for (size_t k = 0; k < sizeof options->text / sizeof *options->text; k++) free(options->text[k]);
  *options = (train_options){0};
}
