/* SPDX-License-Identifier: MIT */
/* The images that machines are trained, chosen and tested on. */
#ifndef EXAMPLE_IMAGE_SET_H
#define EXAMPLE_IMAGE_SET_H

#include <stdbool.h>
#include <vpf.h>

typedef struct image_set {
  const char *name;      /* for the report */
  vpf_data *training;    /* the bits of the images to train on */
  vpf_data *levels;      /* the same with grey levels */
  vpf_data *validation;  /* images not trained on, with grey levels: what is chosen is chosen on them */
  vpf_data *test;        /* with grey levels */
  size_t width, height;
} image_set;

/* From the IDX files of a folder, the last `held_out` training images for validation. Said on failure. */
vpf_status image_set_load(image_set *set, const char *name, const char *folder, size_t held_out);
void image_set_clear(image_set *set);

#endif
