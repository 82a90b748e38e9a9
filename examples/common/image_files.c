/* SPDX-License-Identifier: MIT */
#include "image_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "complain.h"
#include "new_file.h"

char *find_images(const char *folder, const char *set) {
  static const char *const endings[] = {"-images-idx3-ubyte", "-images.idx3-ubyte", "-images-idx3-ubyte.gz",
                                        "-images.idx3-ubyte.gz"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    char name[64];
    snprintf(name, sizeof name, "%s%s", set, endings[i]);
    char *path = path_join(folder, name);
    if (!path || !access(path, F_OK)) return path;
    free(path);
  }
  complain_because(VPF_ERR_IO,
                   "no %s%s or %s%s, plain or .gz, in %s (get_mnist.sh, one of libvpf's examples, fetches MNIST)", set,
                   endings[0], set, endings[1], folder);
  return NULL;
}

vpf_status load_images(vpf_data **out, const char *path, size_t limit, bool with_grey_levels, size_t *rows_in_file) {
  enum { HALF_GREY = 127 };
  vpf_data *all = NULL, *part = NULL;
  vpf_status s = vpf_data_load_idx(&all, path, HALF_GREY);
  const size_t rows = vpf_data_rows(all);
  if (rows_in_file) *rows_in_file = rows;

  /* the grey levels go before anything else is allocated: they are eight times the size of the bits */
  if (!s && !with_grey_levels) {
    s = vpf_data_bits_only(&part, all);
    vpf_data_destroy(all);
    all = part;
  }
  if (!s && limit && limit < rows) {
    s = vpf_data_slice(&part, all, 0, limit);
    vpf_data_destroy(all);
    all = part;
  }
  *out = all;
  return complain(s);
}

vpf_status first_rows(vpf_data **out, const vpf_data *data, size_t count) {
  const size_t rows = vpf_data_rows(data);
  return complain(vpf_data_slice(out, data, 0, count < rows ? count : rows));
}

vpf_status grey_levels(float **out, const vpf_data *data, size_t count) {
  vpf_data *rows = NULL;
  vpf_status s = first_rows(&rows, data, count);
  if (s) return s;
  *out = calloc(vpf_data_rows(rows), vpf_data_cols(rows) * sizeof **out);
  if (!*out)
    s = complain_because(VPF_ERR_MEMORY, "cannot allocate %zu x %zu grey levels", vpf_data_rows(rows),
                         vpf_data_cols(rows));
  if (!s) s = complain(vpf_data_to_f32(rows, *out));
  vpf_data_destroy(rows);
  return s;
}
