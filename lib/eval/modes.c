/* SPDX-License-Identifier: MIT */
#include "eval/modes.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "num/bits.h"
#include "num/elementary.h"
#include "num/rng.h"
#include "sample/meanfield.h"

enum {
  FLAT = 3,         /* starts whose means are all alike */
  DENSITIES = 16,   /* random rows: of 1/17, 2/17, ... on */
  MOST_SWEEPS = 100 /* of all layers; most starts settle in some tens */
};

/* A sweep that changes no mean by more has arrived. The bound holds anywhere; this decides how good it is. */
#define SETTLED 1e-3f

/* Fixed points that have less than exp(-40) of the weight of the best one add nothing. */
#define NEGLIGIBLE 40.0

/* ---- Where to start ---- */

static float *add_start(vpfi_modes *modes) {
  return modes->count < modes->room ? modes->means + modes->count++ * modes->length : NULL;
}

static void add_flat(vpfi_modes *modes, float mean) {
  float *to = add_start(modes);
  for (size_t j = 0; to && j < modes->shape->layer[0].size; j++) to[j] = mean;
}

static void add_random(vpfi_modes *modes, size_t density) {
  float *to = add_start(modes);
  const uint64_t stream = vpfi_rng_stream(0, VPFI_PURPOSE_BOUND, density);
  for (size_t j = 0; to && j < modes->shape->layer[0].size; j++)
    to[j] = vpfi_rng_below(stream, j, DENSITIES + 1) <= density ? 1.0f : 0.0f;
}

vpf_status vpfi_modes_init(vpfi_modes *modes, const vpfi_shape *shape, size_t more) {
  *modes = (vpfi_modes){.shape = shape, .room = FLAT + DENSITIES + more, .length = vpfi_means_length(shape)};
  modes->means = vpfi_alloc(modes->room, modes->length * sizeof *modes->means);
  modes->value = vpfi_alloc(modes->room, sizeof *modes->value);
  if (!modes->means || !modes->value) {
    vpfi_modes_clear(modes);
    return VPF_ERR_MEMORY;
  }
  add_flat(modes, 0);
  add_flat(modes, 1);
  add_flat(modes, 0.5f);
  for (size_t k = 0; k < DENSITIES; k++) add_random(modes, k);
  return VPF_OK;
}

void vpfi_modes_clear(vpfi_modes *modes) {
  vpfi_free(modes->means);
  vpfi_free(modes->value);
  *modes = (vpfi_modes){0};
}

static void add_bits(vpfi_modes *modes, const uint64_t *bits) {
  float *to = add_start(modes);
  for (size_t j = 0; to && j < modes->shape->layer[0].size; j++) to[j] = (float)vpfi_bits_get(bits, j);
}

/* Number k of `count` among `rows`. */
static size_t spaced(size_t k, size_t count, size_t rows) {
  return (size_t)((double)k / (double)count * (double)rows);
}

void vpfi_modes_add_rows(vpfi_modes *modes, const vpfi_rows *visible, size_t count) {
  if (count > visible->rows) count = visible->rows;
  for (size_t k = 0; k < count; k++) add_bits(modes, visible->bits + spaced(k, count, visible->rows) * visible->words);
}

void vpfi_modes_add_states(vpfi_modes *modes, const vpfi_states *states, size_t count) {
  if (count > states->rows) count = states->rows;
  for (size_t k = 0; k < count; k++) add_bits(modes, vpfi_states_row(states, 0, spaced(k, count, states->rows)));
}

/* ---- Climbing ---- */

/* sum_i a_i sum_j w_ij b_j of a matrix with rows of `width` floats. */
static double bilinear(const float *w, size_t width, const float *a, size_t n_a, const float *b, size_t n_b) {
  double sum = 0;
  for (size_t i = 0; i < n_a; i++) {
    double row = 0;
    if (a[i] <= 0) continue;
    for (size_t j = 0; j < n_b; j++) row += (double)w[i * width + j] * (double)b[j];
    sum += (double)a[i] * row;
  }
  return sum;
}

/* F(m) = -E(m) + sum of H(m_j) */
static double variational_bound(const vpfi_means *row) {
  const vpfi_shape *shape = row->machine->shape;
  const vpfi_params *params = row->machine->params;
  double sum = 0;
  for (size_t l = 0; l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    const float *m = vpfi_means_of(row, l), *above = vpfi_means_of(row, l + 1);
    for (size_t j = 0; j < layer->size; j++)
      sum += (double)m[j] * (double)params->bias[layer->up][j] + vpfi_entropy((double)m[j]);
    if (layer->intra) sum += 0.5 * bilinear(params->intra[l], layer->width, m, layer->size, m, layer->size);
    if (above) sum += bilinear(params->weights[l], layer[1].width, m, layer->size, above, layer[1].size);
  }
  return sum;
}

/* All layers, up to the top and back down; how much a visible mean has changed at the most. */
static float sweep(const vpfi_means *row, float *before) {
  const size_t layers = row->machine->shape->n_layers, n = row->machine->shape->layer[0].size;
  const float *visible = vpfi_means_of(row, 0);
  memcpy(before, visible, n * sizeof *before);
  for (size_t l = 1; l < layers; l++) vpfi_means_update(row, l);
  for (size_t l = layers > 1 ? layers - 1 : 1; l-- > 0;) vpfi_means_update(row, l);
  float most = 0;
  for (size_t j = 0; j < n; j++) most = fmaxf(most, fabsf(visible[j] - before[j]));
  return most;
}

typedef struct climb_job {
  vpfi_modes *modes;
  vpfi_workspace *work;
} climb_job;

static void climb_range(void *context, size_t begin, size_t end, size_t thread) {
  const climb_job *job = context;
  vpfi_modes *modes = job->modes;
  vpfi_scratch *scratch = &job->work->scratch[thread];
  for (size_t k = modes->climbed + begin; k < modes->climbed + end; k++) {
    const vpfi_means row = {&job->work->machine, NULL, modes->means + k * modes->length, scratch->z};
    for (size_t s = 0; s < MOST_SWEEPS && sweep(&row, scratch->field) > SETTLED; s++) continue;
    modes->value[k] = variational_bound(&row);
  }
}

/* Keep those that count, at the front. */
static void select_fixed_points(vpfi_modes *modes) {
  double most = -HUGE_VAL;
  size_t kept = 0;
  for (size_t k = 0; k < modes->count; k++)
    if (isfinite(modes->value[k])) most = fmax(most, modes->value[k]);
  for (size_t k = 0; k < modes->count; k++) {
    if (!(modes->value[k] >= most - NEGLIGIBLE)) continue;
    float *to = modes->means + kept * modes->length;
    modes->value[kept] = modes->value[k];
    if (kept < k) memcpy(to, modes->means + k * modes->length, modes->length * sizeof *to);
    kept++;
  }
  modes->count = kept;
}

void vpfi_modes_climb(vpfi_modes *modes, vpfi_workspace *work) {
  climb_job job = {modes, work};
  vpfi_parallel_for(modes->count - modes->climbed, work->team.threads, climb_range, &job);
  select_fixed_points(modes);
  modes->climbed = modes->count;
}

/* ---- The mixture ---- */

/* prod_j sqrt(m m') + sqrt((1-m)(1-m')) */
double vpfi_modes_overlap(const vpfi_shape *shape, const float *a, const float *b) {
  double product = 1;
  for (size_t l = 0; l < shape->n_layers; l++)
    for (size_t j = shape->layer[l].first_draw; j < shape->layer[l].first_draw + shape->layer[l].size; j++) {
      const double x = (double)a[j], y = (double)b[j];
      if (a[j] < b[j] || a[j] > b[j]) product *= sqrt(x * y) + sqrt((1 - x) * (1 - y));
    }
  return product;
}

/* pi_k goes with exp(F_k), shared among those that cover the same states. overlaps: [count x count] scratch; weight:
 * [count] scratch. */
static double mixture_bound(const double *value, size_t count, const double *overlaps, double *weight) {
  double most = value[0], total = 0, bound = 0;
  for (size_t k = 1; k < count; k++) most = fmax(most, value[k]);
  for (size_t k = 0; k < count; k++) {
    double shared = 0;
    for (size_t l = 0; l < count; l++) shared += overlaps[k * count + l];
    weight[k] = vpfi_exp(value[k] - most) / shared;
    total += weight[k];
  }
  for (size_t k = 0; k < count; k++) {
    double mixed = 0;
    for (size_t l = 0; l < count; l++) mixed += weight[l] / total * overlaps[k * count + l];
    if (weight[k] > 0) bound += weight[k] / total * (value[k] - vpfi_log(mixed));
  }
  return fmax(bound, most); /* each alone is a bound too */
}

vpf_status vpfi_modes_bound(const vpfi_modes *modes, double *out) {
  const size_t count = modes->climbed, length = modes->length;
  *out = -HUGE_VAL;
  if (count == 0) return VPF_OK;
  double *overlaps = vpfi_alloc(count, count * sizeof *overlaps), *weight = vpfi_alloc(count, sizeof *weight);
  const bool complete = overlaps && weight;
  for (size_t k = 0; complete && k < count; k++)
    for (size_t l = 0; l <= k; l++)
      overlaps[k * count + l] = overlaps[l * count + k] =
          vpfi_modes_overlap(modes->shape, modes->means + k * length, modes->means + l * length);
  if (complete) *out = mixture_bound(modes->value, count, overlaps, weight);
  vpfi_free(weight);
  vpfi_free(overlaps);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}

vpf_status vpfi_log_z_bound(const vpfi_shape *shape, const vpfi_params *params, const vpfi_states *states, size_t most,
                            double *out) {
  vpfi_workspace work;
  vpfi_modes modes = {0};
  vpf_status status = vpfi_workspace_begin(&work, shape, params, 0, 0);
  if (!status) status = vpfi_modes_init(&modes, shape, most);
  if (!status) {
    vpfi_modes_add_states(&modes, states, states->rows < most ? states->rows : most);
    vpfi_modes_climb(&modes, &work);
    status = vpfi_modes_bound(&modes, out);
  }
  vpfi_modes_clear(&modes);
  vpfi_workspace_end(&work);
  return status;
}
