/* SPDX-License-Identifier: MIT */
/* The command line of reconstruct. */
#ifndef EXAMPLE_RECONSTRUCT_OPTIONS_H
#define EXAMPLE_RECONSTRUCT_OPTIONS_H

#include <stddef.h>

#include "../common/filling.h"

typedef struct reconstruct_options {
  const char *model;  /* the file of the machine */
  const char *data;   /* folder with the test images */
  const char *out;    /* the picture */
  const char *region; /* "all", or the one */
  filling how;        /* protocol, steps, what is averaged, seed */
  size_t count;       /* images in the picture */
  size_t rows;        /* images that are scored; 0: all */
  size_t width;       /* of an image; 0: it is square */
  size_t threads;
} reconstruct_options;

/* As train_options_parse(); steps and average are those of the protocol where not given. */
int reconstruct_options_parse(reconstruct_options *options, int argc, char **argv);

/* The protocol in words, on stdout. */
void print_protocol(const reconstruct_options *options);

#endif
