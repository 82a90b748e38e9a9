/* SPDX-License-Identifier: MIT */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"

void fixture_assert_status(vpf_status got, vpf_status wanted, const char *call, const char *file, int line) {
  if (got == wanted) return;
  print_error("%s is %d (%s), not %d: %s\n", call, (int)got, vpf_status_string(got), (int)wanted,
              got ? vpf_error_message() : "");
  _fail(file, line);
}

void fixture_assert_message(const char *part, const char *file, int line) {
  if (strstr(vpf_error_message(), part)) return;
  print_error("\"%s\" is not in \"%s\"\n", part, vpf_error_message());
  _fail(file, line);
}

void fixture_assert_close(double a, double b, double tolerance, const char *what, const char *file, int line) {
  if (fabs(a - b) <= tolerance) return;
  print_error("%s is %.17g, not %.17g within %g\n", what, a, b, tolerance);
  _fail(file, line);
}

vpf_data *fixture_data(size_t rows, size_t cols, uint64_t seed) {
  uint8_t *bits = malloc(rows * cols);
  assert_non_null(bits);
  dice d = {seed};
  for (size_t k = 0; k < rows * cols; k++) bits[k] = dice_below(&d, 10) < 3;
  vpf_data *data = NULL;
  assert_ok(vpf_data_from_u8(&data, bits, rows, cols, 0));
  free(bits);
  return data;
}

vpf_model *fixture_model(const size_t *sizes, size_t layers, const uint8_t *intra, vpf_coupling coupling,
                         uint64_t seed) {
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, sizes, layers, intra, coupling));
  assert_ok(vpf_model_init(model, seed));
  return model;
}

uint64_t fixture_hash(uint64_t hash, const void *bytes, size_t size) {
  for (size_t k = 0; k < size; k++) hash = (hash ^ ((const unsigned char *)bytes)[k]) * 0x100000001b3u;
  return hash;
}

int fixture_same_params(const vpf_model *a, const vpf_model *b) {
  const size_t count = vpf_model_param_count(a);
  if (count != vpf_model_param_count(b)) return 0;
  float *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
  assert_non_null(x);
  assert_non_null(y);
  assert_ok(vpf_model_get_params(a, x));
  assert_ok(vpf_model_get_params(b, y));
  const int same = memcmp(x, y, count * sizeof *x) == 0;
  free(x);
  free(y);
  return same;
}

void fixture_assert_same_files(const char *a, const char *b) {
  FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
  assert_non_null(x);
  assert_non_null(y);
  int c;
  do {
    c = getc(x);
    assert_int_equal(c, getc(y));
  } while (c != EOF);
  fclose(x);
  fclose(y);
}

void fixture_through_the_file(vpf_model **model, vpf_optimizer **optimizer, const char *path) {
  assert_ok(vpf_checkpoint_save(*model, *optimizer, path));
  vpf_model_destroy(*model);
  vpf_optimizer_destroy(*optimizer);
  *model = NULL;
  *optimizer = NULL;
  assert_ok(vpf_checkpoint_load(model, optimizer, path));
}
