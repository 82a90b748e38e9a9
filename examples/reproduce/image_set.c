/* SPDX-License-Identifier: MIT */
#include "image_set.h"

#include <stdlib.h>

#include "../common/complain.h"
#include "../common/image_files.h"
#include "../common/machine.h"
#include "../common/options.h"

/* The first images to train on, the last ones for validation. */
static vpf_status divide(image_set *set, const vpf_data *all, size_t held_out) {
  const size_t rows = vpf_data_rows(all);
  if (rows <= held_out)
    return complain_because(VPF_ERR_SHAPE, "%zu training images are too few to keep %zu for validation", rows,
                            held_out);
  vpf_status s = complain(vpf_data_slice(&set->levels, all, 0, rows - held_out));
  if (!s && held_out) s = complain(vpf_data_slice(&set->validation, all, rows - held_out, held_out));
  if (!s) s = complain(vpf_data_bits_only(&set->training, set->levels));
  return s;
}

vpf_status image_set_load(image_set *set, const char *name, const char *folder, size_t held_out) {
  *set = (image_set){.name = name};
  vpf_data *all = NULL;
  char *test = find_images(folder, "t10k"), *training = test ? find_images(folder, "train") : NULL;
  vpf_status s = training ? load_images(&set->test, test, 0, true, NULL) : VPF_ERR_IO;
  if (!s) s = load_images(&all, training, 0, true, NULL);
  if (!s) s = divide(set, all, held_out);
  if (!s && picture_size(vpf_data_cols(all), 0, &set->width, &set->height) != OPTIONS_COMPLETE) s = VPF_ERR_SHAPE;
  vpf_data_destroy(all);
  free(training);
  free(test);
  return s;
}

void image_set_clear(image_set *set) {
  vpf_data_destroy(set->training);
  vpf_data_destroy(set->levels);
  vpf_data_destroy(set->validation);
  vpf_data_destroy(set->test);
  *set = (image_set){0};
}
