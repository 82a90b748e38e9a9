/* SPDX-License-Identifier: MIT */
/* Machines of random parameters, with nothing behind them: RBMs, fully visible and deep ones, with and without
 * intra-layer weights, from nearly independent units to glasses. */
#include <math.h>
#include <stdlib.h>

#include "zoo/rows.h"

typedef struct shape {
  const char *name;
  size_t sizes[3], layers;
  uint8_t intra[3];
} shape;

static vpf_model *random_model(dice *d, const shape *s, double scale) {
  vpf_model *model;
  zoo_check(vpf_model_create(&model, s->sizes, s->layers, s->intra, VPF_COUPLING_JOINT));
  const size_t count = vpf_model_param_count(model);
  float *theta = zoo_allocate(count, sizeof *theta);
  for (size_t k = 0; k < count; k++) theta[k] = (float)(scale * dice_normal(d));
  zoo_check(vpf_model_set_params(model, theta));
  free(theta);
  return model;
}

/* With rows: the machine's own samples, as if it had learnt them well. */
static void add_random(zoo *z, const shape *s, double scale, bool with_rows) {
  char name[64];
  snprintf(name, sizeof name, "%s-%g%s", s->name, scale, with_rows ? "-rows" : "");
  if (!zoo_wants(z, name)) return;
  dice d = {s->sizes[0] + 7 * s->sizes[1]};
  vpf_model *model = random_model(&d, s, scale);
  zoo_rows rows = {0};
  if (with_rows) rows = rows_of_model(name, model, 500, 100, 1);
  zoo_add(z, name, model, NAN, with_rows ? &rows : NULL);
  rows_free(&rows);
}

void zoo_add_random(zoo *z) {
  static const shape shapes[] = {
      {"rbm-10x5", {10, 5}, 2, {0}},
      {"rbm-50x10", {50, 10}, 2, {0}},
      {"rbm-200x18", {200, 18}, 2, {0}},
      {"rbm-100x20", {100, 20}, 2, {0}},
      {"visible-20", {20}, 1, {1}},
      {"rbm-18u-x40", {18, 40}, 2, {1, 0}},
      {"rbm-60x14u", {60, 14}, 2, {0, 1}},
      {"dbm-60-12-40", {60, 12, 40}, 3, {0}},
      {"dbm-80-20-60", {80, 20, 60}, 3, {0}},
      {"dbm-100-16u-50", {100, 16, 50}, 3, {0, 1, 0}},
      {"dbm-10u-40-8", {10, 40, 8}, 3, {1, 0, 0}},
      {"dbm-9u-30-9u", {9, 30, 9}, 3, {1, 0, 1}},
  };
  static const double scales[] = {0.01, 0.1, 0.3, 1, 3};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (size_t k = 0; k < 5; k++) {
      if (z->quick && (shapes[s].sizes[0] >= 80 || k % 2 == 1)) continue;
      add_random(z, &shapes[s], scales[k], (s + k) % 2 == 1);
    }
}
