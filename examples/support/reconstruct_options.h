/* SPDX-License-Identifier: MIT */
/* The command line of reconstruct, and the protocols it knows. */
#ifndef EXAMPLE_RECONSTRUCT_OPTIONS_H
#define EXAMPLE_RECONSTRUCT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vpf/data.h>

/* How an image is corrupted and filled in again. */
typedef struct protocol {
  const char *name;
  vpf_noise noise;
  bool held;       /* what is outside the region stays as it is */
  bool mean_field; /* means in place of drawn states */
  size_t steps;    /* unless given */
  size_t average;  /* the same; 0: half of the steps */
} protocol;

typedef struct reconstruct_options {
  const char *model;  /* the file of the machine */
  const char *data;   /* folder with the test images */
  const char *out;    /* the picture */
  const char *region; /* "all", or the one */
  const protocol *protocol;
  size_t steps, average;
  size_t count;       /* images in the picture */
  size_t rows;        /* images that are scored; 0: all */
  size_t width;       /* of an image; 0: it is square */
  uint64_t seed;
  size_t threads;
} reconstruct_options;

/* As train_options_parse(); steps and average are those of the protocol where not given. */
int reconstruct_options_parse(reconstruct_options *options, int argc, char **argv);

/* The protocol in words, on stdout. */
void print_protocol(const reconstruct_options *options);

#endif
