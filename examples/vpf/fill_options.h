/* SPDX-License-Identifier: MIT */
/* The command line of vpf fill. */
#ifndef EXAMPLE_FILL_OPTIONS_H
#define EXAMPLE_FILL_OPTIONS_H

#include <stddef.h>

#include "../common/filling.h"

typedef struct fill_options {
  const char *model;  /* the file of the machine */
  const char *data;   /* folder with the test images */
  const char *out;    /* the picture */
  const char *region; /* "all", or the one */
  filling how;        /* protocol, steps, what is averaged, seed */
  size_t count;       /* images in the picture */
  size_t rows;        /* images that are scored; 0: all */
  size_t width;       /* of an image; 0: it is square */
  size_t threads;
} fill_options;

/* As train_options_parse(); steps and average are those of the protocol where not given. */
int fill_options_parse(fill_options *options, int argc, char **argv);

/* The protocol in words, on stdout. */
void print_protocol(const fill_options *options);

#endif
