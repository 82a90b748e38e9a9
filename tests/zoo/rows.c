/* SPDX-License-Identifier: MIT */
#include "zoo/rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "zoo/spins.h"

static zoo_rows named(const char *name) {
  zoo_rows rows = {0};
  snprintf(rows.name, sizeof rows.name, "%.39s", name);
  return rows;
}

zoo_rows rows_of_bits(const char *name, uint8_t *bits, size_t rows, size_t test, size_t cols) {
  zoo_rows set = named(name);
  zoo_check(vpf_data_from_u8(&set.train, bits, rows - test, cols, 0));
  if (test > 0) zoo_check(vpf_data_from_u8(&set.test, bits + (rows - test) * cols, test, cols, 0));
  free(bits);
  return set;
}

void rows_free(zoo_rows *rows) {
  vpf_data_destroy(rows->train);
  vpf_data_destroy(rows->test);
  *rows = (zoo_rows){0};
}

/* Black and white, the first `most` rows at most; the file may be gzipped. */
static vpf_data *load(const char *folder, const char *file, size_t most) {
  char path[4096];
  struct stat there;
  snprintf(path, sizeof path, "%s/%s", folder, file);
  if (stat(path, &there) != 0) snprintf(path, sizeof path, "%s/%s.gz", folder, file);
  vpf_data *all, *some, *bits;
  zoo_check(vpf_data_load_idx(&all, path, 127));
  const size_t rows = vpf_data_rows(all);
  zoo_check(vpf_data_slice(&some, all, 0, rows < most ? rows : most));
  zoo_check(vpf_data_bits_only(&bits, some));
  vpf_data_destroy(all);
  vpf_data_destroy(some);
  return bits;
}

zoo_rows rows_of_images(const char *name, const char *folder, size_t train, size_t test) {
  zoo_rows rows = named(name);
  rows.train = load(folder, "train-images-idx3-ubyte", train);
  rows.test = load(folder, "t10k-images-idx3-ubyte", test);
  return rows;
}

static vpf_data *inverted(const vpf_data *data) {
  const size_t rows = vpf_data_rows(data), cols = vpf_data_cols(data);
  uint8_t *bits = zoo_allocate(rows, cols);
  zoo_check(vpf_data_to_u8(data, bits));
  for (size_t k = 0; k < rows * cols; k++) bits[k] = !bits[k];
  vpf_data *out;
  zoo_check(vpf_data_from_u8(&out, bits, rows, cols, 0));
  free(bits);
  return out;
}

zoo_rows rows_inverted(const char *name, const zoo_rows *of) {
  zoo_rows rows = named(name);
  rows.train = inverted(of->train);
  rows.test = inverted(of->test);
  return rows;
}

/* A pixel is on if at least 4 of its block's 9 are; a margin of two pixels is cut off. */
static vpf_data *small(const vpf_data *data) {
  enum { side = 28, margin = 2, block = 3, out_side = 8 };
  const size_t rows = vpf_data_rows(data);
  if (vpf_data_cols(data) != side * side) zoo_fail("images of 28 x 28 pixels are expected");
  uint8_t *bits = zoo_allocate(rows, side * side), *out = zoo_allocate(rows, out_side * out_side);
  zoo_check(vpf_data_to_u8(data, bits));
  for (size_t k = 0; k < rows * out_side * out_side; k++) {
    const size_t row = k / (out_side * out_side), y = k / out_side % out_side, x = k % out_side;
    unsigned on = 0;
    for (size_t p = 0; p < block * block; p++)
      on += bits[row * side * side + (margin + block * y + p / block) * side + margin + block * x + p % block];
    out[k] = on >= 4;
  }
  vpf_data *result;
  zoo_check(vpf_data_from_u8(&result, out, rows, out_side * out_side, 0));
  free(bits);
  free(out);
  return result;
}

zoo_rows rows_small(const char *name, const zoo_rows *of) {
  zoo_rows rows = named(name);
  rows.train = small(of->train);
  rows.test = small(of->test);
  return rows;
}

zoo_rows rows_sparse(const char *name, size_t cols, size_t train, size_t test) {
  /* Each group of 10 columns comes with probability 0.02, and 7 of 10 columns with it: 1.4 %; noise adds 0.6 %. */
  const size_t rows = train + test;
  uint8_t *bits = zoo_allocate(rows, cols);
  dice d = {cols};
  for (size_t row = 0; row < rows; row++)
    for (size_t first = 0; first < cols; first += 10) {
      const double on = dice_unit(&d) < 0.02 ? 0.7 : 0.006;
      for (size_t col = first; col < cols && col < first + 10; col++) bits[row * cols + col] = dice_unit(&d) < on;
    }
  return rows_of_bits(name, bits, rows, test, cols);
}

zoo_rows rows_ising(const char *name, size_t side, double k, size_t train, size_t test) {
  dice d = {side};
  return rows_of_bits(name, spins_wolff(&d, side, k, train + test), train + test, test, side * side);
}

zoo_rows rows_half(const char *name, size_t cols) {
  uint8_t *bits = zoo_allocate(2, cols);
  memset(bits + cols, 1, cols);
  return rows_of_bits(name, bits, 2, 0, cols);
}

zoo_rows rows_of_model(const char *name, const vpf_model *model, size_t train, size_t test, uint64_t seed) {
  zoo_rows rows = named(name);
  vpf_data *states, *visible;
  zoo_check(vpf_exact_sample(model, train + test, seed, &states));
  zoo_check(vpf_data_columns(&visible, states, 0, vpf_model_layer_size(model, 0)));
  zoo_check(vpf_data_slice(&rows.train, visible, 0, train));
  zoo_check(vpf_data_slice(&rows.test, visible, train, test));
  vpf_data_destroy(states);
  vpf_data_destroy(visible);
  return rows;
}
