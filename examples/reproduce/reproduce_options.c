/* SPDX-License-Identifier: MIT */
#include "reproduce_options.h"

#include <stdio.h>
#include <stdlib.h>

#include "../common/complain.h"
#include "../common/options.h"
#include "sections.h"

static const char help[] =
    "--out DIR --data DIR [options]\n"
    "       reproduce --out DIR --quick\n"
    "\n"
    "Trains every machine of the paper (Liu, Quek and Lin, AAAI 2018), makes its figures and tables again, and\n"
    "asks what it leaves open. Leaves in DIR: report.html, one self-contained page with published and measured\n"
    "numbers side by side; results.csv and results.json, the numbers; machines/, what was trained; pictures/.\n"
    "\n"
    "  --out DIR         folder for the results, made if needed\n"
    "  --data DIR        folder with the IDX files of MNIST, plain or .gz; examples/get_mnist.sh fetches them\n"
    "  --fashion DIR     the same of Fashion-MNIST (default: the folder of Debian's dataset-fashion-mnist);\n"
    "                    without it, Fig. 6 is left out\n"
    "  --quick           a few epochs on the bundled sample, or on the first images of --data: to see that\n"
    "                    everything works. Its numbers say nothing about the paper\n"
    "  --only NAME,...   only these sections:\n";

static const char more_help[] =
    "  --resume          go on with an interrupted run in --out: what is trained or measured is not done again\n"
    "  --train-only      train what the sections need, measure nothing\n"
    "  --threads N       0: as many as pay off (default 0); the results are the same\n"
    "  --help            this text\n"
    "  --version         the version of libvpf\n"
    "\n"
    "Ctrl-C, SIGTERM, and SIGHUP when the terminal is closed, stop in good order; go on with --resume. A\n"
    "complete run takes about an hour on two processors. Two runs cannot write to one folder at the same\n"
    "time. Exit status: 0 done, 1 an error, 2 a mistake in the options, 130, 143 or 129 stopped by Ctrl-C,\n"
    "SIGTERM or SIGHUP.\n";

enum { OUT = 256, DATA, FASHION, QUICK, ONLY, RESUME, TRAIN, THREADS, HELP };

static const struct option long_options[] = {
    {"out", required_argument, NULL, OUT},         {"data", required_argument, NULL, DATA},
    {"fashion", required_argument, NULL, FASHION}, {"quick", no_argument, NULL, QUICK},
    {"only", required_argument, NULL, ONLY},       {"resume", no_argument, NULL, RESUME},
    {"train-only", no_argument, NULL, TRAIN},      {"threads", required_argument, NULL, THREADS},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0}};

static void print_help(void) {
  options_help(help);
  for (const section *s = all_sections(); s->name; s++) printf("                      %-14s%s\n", s->name, s->title);
  fputs(more_help, stdout);
}

static int take_option(void *context, int key, const char *value) {
  reproduce_options *o = context;
  switch (key) {
    case OUT: return option_path(&o->out, "--out", value, "a folder");
    case DATA: return option_path(&o->data, "--data", value, "a folder");
    case FASHION: o->fashion_given = true; return option_path(&o->fashion, "--fashion", value, "a folder");
    case QUICK: o->quick = true; return OPTIONS_COMPLETE;
    case ONLY:
      o->only = value;
      return sections_named(value) ? OPTIONS_COMPLETE
                                   : complain_option("--only", value, "must be names of sections joined by commas");
    case RESUME: o->resume = true; return OPTIONS_COMPLETE;
    case TRAIN: o->train_only = true; return OPTIONS_COMPLETE;
    case THREADS: return option_size(&o->threads, "--threads", value, 0, 1024);
    default: print_help(); return EXIT_SUCCESS;
  }
}

int reproduce_options_parse(reproduce_options *o, int argc, char **argv) {
  *o = (reproduce_options){.fashion = "/usr/share/datasets/fashion-mnist"};
  const int result = options_parse(argc, argv, long_options, take_option, o, NULL);
  if (result != OPTIONS_COMPLETE) return result;
  if (!o->out) return complain_option("--out", NULL, "the folder for the results is needed");
  if (!o->data && !o->quick) return complain_option("--data", NULL, "the folder with MNIST is needed");
  return OPTIONS_COMPLETE;
}
