/* SPDX-License-Identifier: MIT */
/* The command line of reproduce. */
#ifndef EXAMPLE_REPRODUCE_OPTIONS_H
#define EXAMPLE_REPRODUCE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct reproduce_options {
  const char *out;      /* folder for everything */
  const char *data;     /* folder with MNIST; NULL in a quick run: the bundled sample */
  const char *fashion;  /* folder with Fashion-MNIST */
  bool fashion_given;   /* so that it must be there */
  const char *only;     /* names of sections, joined by commas; NULL: all */
  bool quick;           /* a few epochs of few images: to see that everything works */
  bool resume;          /* go on with what is in `out` */
  bool train_only;      /* train the machines, measure nothing */
  size_t threads;
} reproduce_options;

/* As train_options_parse(). */
int reproduce_options_parse(reproduce_options *options, int argc, char **argv);

#endif
