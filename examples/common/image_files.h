/* SPDX-License-Identifier: MIT */
/* Images in the files of MNIST. */
#ifndef EXAMPLE_IMAGE_FILES_H
#define EXAMPLE_IMAGE_FILES_H

#include <stdbool.h>
#include <vpf/data.h>

/* The path of <set>-images-idx3-ubyte or <set>-images.idx3-ubyte, plain or .gz, in a folder, to be
 * freed; NULL (said) if there is none. set: "train" or "t10k". */
char *find_images(const char *folder, const char *set);

/* The first `limit` images of a file (0: all); a bit is on where the grey level is above 0.5, as in the
 * paper. *rows_in_file, unless NULL, gets how many images there are. Failures are said. */
vpf_status load_images(vpf_data **out, const char *path, size_t limit, bool with_grey_levels, size_t *rows_in_file);

/* A copy of the first rows, at most `count`. Said on failure. */
vpf_status first_rows(vpf_data **out, const vpf_data *data, size_t count);

/* The first rows, at most `count`, as grey levels, to be freed: [rows x columns]. Said on failure. */
vpf_status grey_levels(float **out, const vpf_data *data, size_t count);

#endif
