/* SPDX-License-Identifier: MIT */
#include "eval/bases.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "eval/moments.h"
#include "num/elementary.h"
#include "num/statistics.h"
#include "sample/meanfield.h"

/* Bases whose Bhattacharyya coefficient is above this begin at much the same states. */
static const double ALIKE = 0.5;

/* Modes this far below the best one have too little probability to be worth chains of their own. */
static const double FAINT = 12;

/* Where the next base goes; its padding stays 0. */
static float *next_bias(const vpfi_bases *bases) {
  return bases->bias + bases->count * bases->length;
}

/* Take the biases that stand in the next place, if they are of use. */
static void accept(vpfi_bases *bases) {
  const vpfi_shape *shape = bases->shape;
  const float *bias = next_bias(bases);
  float *mean = bases->mean + bases->count * bases->length;
  double log_z = 0;
  for (size_t l = 0; l < shape->n_layers; l++)
    for (size_t j = shape->layer[l].first_draw; j < shape->layer[l].first_draw + shape->layer[l].size; j++) {
      if (!isfinite(bias[j])) return; /* sums of it and of the machine's field could be NaN */
      log_z += vpfi_softplus((double)bias[j]);
      mean[j] = vpfi_sigmoidf(bias[j]);
    }
  for (size_t k = 0; k < bases->count; k++)
    if (vpfi_modes_overlap(shape, mean, bases->mean + k * bases->length) > ALIKE) return;
  bases->log_z[bases->count++] = log_z;
}

/* The local fields of all units at these means. */
static void add_means(vpfi_bases *bases, const vpfi_workspace *work, const float *means) {
  const vpfi_shape *shape = bases->shape;
  if (bases->count == VPFI_MOST_BASES) return;
  for (size_t l = 0; l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    const float *own = means + layer->first_draw;
    vpfi_field_of_means(&work->machine, l == 0 ? layer->down : layer->up, l > 0 ? means + layer[-1].first_draw : NULL,
                        l + 1 < shape->n_layers ? means + layer[1].first_draw : NULL, own,
                        next_bias(bases) + layer->first_draw);
  }
  accept(bases);
}

static vpf_status add_flat(vpfi_bases *bases, const vpfi_workspace *work) {
  static const float flat[] = {0, 1, 0.5f};
  float *means = vpfi_alloc(bases->length, sizeof *means);
  if (!means) return VPF_ERR_MEMORY;
  for (size_t k = 0; k < sizeof flat / sizeof *flat; k++) {
    for (size_t j = 0; j < bases->length; j++) means[j] = flat[k];
    add_means(bases, work, means);
  }
  vpfi_free(means);
  return VPF_OK;
}

vpf_status vpfi_bases_init(vpfi_bases *bases, const vpfi_workspace *work) {
  const vpfi_shape *shape = work->machine.shape;
  *bases = (vpfi_bases){.shape = shape, .length = vpfi_means_length(shape)};
  bases->bias = vpfi_alloc(VPFI_MOST_BASES, bases->length * sizeof *bases->bias);
  bases->mean = vpfi_alloc(VPFI_MOST_BASES, bases->length * sizeof *bases->mean);
  bases->of_layer = vpfi_alloc(VPFI_MOST_BASES, shape->n_layers * sizeof *bases->of_layer);
  const bool complete = bases->bias && bases->mean && bases->of_layer;
  for (size_t k = 0; complete && k < VPFI_MOST_BASES; k++)
    for (size_t l = 0; l < shape->n_layers; l++)
      bases->of_layer[k * shape->n_layers + l] = bases->bias + k * bases->length + shape->layer[l].first_draw;
  const vpf_status status = complete ? add_flat(bases, work) : VPF_ERR_MEMORY;
  if (status) vpfi_bases_clear(bases);
  return status;
}

void vpfi_bases_clear(vpfi_bases *bases) {
  vpfi_free(bases->bias);
  vpfi_free(bases->mean);
  vpfi_free(bases->of_layer);
  *bases = (vpfi_bases){0};
}

static void fit_visible(float *bias, const double *mean, const vpfi_rows *rows) {
  const double n = (double)rows->rows;
  for (size_t j = 0; j < rows->cols; j++) {
    bias[j] = (float)vpfi_log_odds_of_count(nearbyint(n * mean[j]), n); /* the exact count again */
  }
}

/* Hidden layers from below: their fields at the means of the layer beneath. */
static void fit_hidden(const vpfi_workspace *work, float *bias, float *means) {
  const vpfi_shape *shape = work->machine.shape;
  for (size_t l = 0; l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    float *z = bias + layer->first_draw;
    if (l > 0)
      vpfi_field_of_means(&work->machine, layer->up, means + layer[-1].first_draw, NULL, NULL, z);
    memcpy(means + layer->first_draw, z, layer->size * sizeof *z);
    vpfi_sigmoid_all(means + layer->first_draw, layer->size);
  }
}

vpf_status vpfi_bases_add_rows(vpfi_bases *bases, const vpfi_workspace *work, const vpfi_rows *rows) {
  if (bases->count == VPFI_MOST_BASES) return VPF_OK;
  double *mean = vpfi_alloc(rows->cols, sizeof *mean);
  float *means = vpfi_alloc(bases->length, sizeof *means);
  const vpf_status status = mean && means ? vpfi_moments(rows, work->team.threads, mean, NULL) : VPF_ERR_MEMORY;
  if (!status) {
    fit_visible(next_bias(bases), mean, rows);
    fit_hidden(work, next_bias(bases), means);
    accept(bases);
  }
  vpfi_free(means);
  vpfi_free(mean);
  return status;
}

/* The best mode below number `last` in rank, or modes->count. Ties: the first. */
static size_t next_mode(const vpfi_modes *modes, size_t last) {
  size_t best = modes->count;
  for (size_t k = 0; k < modes->climbed; k++) {
    const bool after = last == modes->count || modes->value[k] < modes->value[last] ||
                       (!(modes->value[k] > modes->value[last]) && k > last);
    if (after && k != last && (best == modes->count || modes->value[k] > modes->value[best])) best = k;
  }
  return best;
}

void vpfi_bases_add_modes(vpfi_bases *bases, const vpfi_workspace *work, const vpfi_modes *modes) {
  const size_t best = next_mode(modes, modes->count);
  for (size_t k = best; k < modes->count && modes->value[k] > modes->value[best] - FAINT; k = next_mode(modes, k))
    add_means(bases, work, modes->means + k * modes->length);
}

void vpfi_bases_share(vpfi_bases *bases) {
  for (size_t k = 0; k < bases->count; k++) bases->share[k] = 1 / (double)bases->count;
}
