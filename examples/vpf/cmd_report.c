/* SPDX-License-Identifier: MIT */
/* A page of what a training has left in a folder, to look at or to pass on.
 *
 *   vpf report out/rbm
 *
 * The page itself is in run_page.c. */
#include <stdio.h>
#include <stdlib.h>

#include "../common/complain.h"
#include "../common/options.h"
#include "../common/program.h"
#include "commands.h"
#include "run_page.h"

static const char help[] =
    "DIR [options]\n"
    "\n"
    "Makes DIR/report.html of what vpf train has left in the folder DIR: one page that needs no other\n"
    "file, with the settings, learning curves, the picture of the filters and the numbers of every\n"
    "epoch; and with images.png and filled.png, if vpf sample and vpf fill have put them there.\n"
    "\n"
    "  --note TEXT          a remark that comes first\n"
    "  --about-images TEXT  what images.png shows, in place of how vpf sample draws by itself\n"
    "  --about-filled TEXT  what filled.png shows, in place of the same for vpf fill\n"
    "  --help               this text\n"
    "  --version            the version of libvpf\n"
    "\n"
    "Exit status: 0 done, 1 an error, 2 a mistake in the options.\n";

enum { NOTE = 256, IMAGES, FILLED, HELP };

static const struct option long_options[] = {
    {"note", required_argument, NULL, NOTE},
    {"about-images", required_argument, NULL, IMAGES},
    {"about-filled", required_argument, NULL, FILLED},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0}};

typedef struct report_options {
  const char *folder;
  run_words words;
} report_options;

static int take_option(void *context, int key, const char *value) {
  report_options *options = context;
  switch (key) {
    case NOTE: options->words.note = value; return OPTIONS_COMPLETE;
    case IMAGES: options->words.images = value; return OPTIONS_COMPLETE;
    case FILLED: options->words.filled = value; return OPTIONS_COMPLETE;
    default: return options_help(help);
  }
}

int cmd_report(int argc, char **argv) {
  report_options options = {0};
  const int result = options_parse(argc, argv, long_options, take_option, &options, &options.folder);
  if (result != OPTIONS_COMPLETE) return result;
  if (!options.folder) return complain_option("DIR", NULL, "the folder of a training is needed");
  program_outlive_reader();
  if (run_page_write(options.folder, &options.words)) return EXIT_RUNTIME;
  printf("report      %s/report.html\n", options.folder);
  return EXIT_SUCCESS;
}
