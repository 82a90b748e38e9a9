/* SPDX-License-Identifier: MIT */
#include "eval/bound.h"

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
  MOST_SWEEPS = 200 /* of all layers; most starts settle in some tens */
};

/* A sweep that changes no mean by more has arrived. The bound holds anywhere; this decides how good it is. */
#define SETTLED 1e-5f

/* Fixed points that have less than exp(-40) of the weight of the best one add nothing. */
#define NEGLIGIBLE 40.0

/* ---- Where to start ---- */

static float *add_start(vpfi_starts *starts) {
  return starts->count < starts->room ? starts->means + starts->count++ * starts->cols : NULL;
}

static void add_flat(vpfi_starts *starts, float mean) {
  float *to = add_start(starts);
  for (size_t j = 0; to && j < starts->cols; j++) to[j] = mean;
}

vpf_status vpfi_starts_init(vpfi_starts *starts, const vpfi_shape *shape, size_t more) {
  *starts = (vpfi_starts){.room = FLAT + DENSITIES + more, .cols = shape->layer[0].size};
  starts->means = vpfi_alloc(starts->room, starts->cols * sizeof *starts->means);
  if (!starts->means) return VPF_ERR_MEMORY;
  add_flat(starts, 0);
  add_flat(starts, 1);
  add_flat(starts, 0.5f);
  for (size_t k = 0; k < DENSITIES; k++) {
    float *to = add_start(starts);
    const uint64_t stream = vpfi_rng_stream(0, VPFI_PURPOSE_BOUND, k);
    for (size_t j = 0; to && j < starts->cols; j++)
      to[j] = vpfi_rng_below(stream, j, DENSITIES + 1) <= k ? 1.0f : 0.0f;
  }
  return VPF_OK;
}

void vpfi_starts_clear(vpfi_starts *starts) {
  vpfi_free(starts->means);
  *starts = (vpfi_starts){0};
}

static void add_bits(vpfi_starts *starts, const uint64_t *bits) {
  float *to = add_start(starts);
  for (size_t j = 0; to && j < starts->cols; j++) to[j] = (float)vpfi_bits_get(bits, j);
}

void vpfi_starts_add_rows(vpfi_starts *starts, const vpfi_rows *visible, size_t count) {
  if (count > visible->rows) count = visible->rows;
  for (size_t k = 0; k < count; k++)
    add_bits(starts, visible->bits + (size_t)((double)k / (double)count * (double)visible->rows) * visible->words);
}

void vpfi_starts_add_states(vpfi_starts *starts, const vpfi_states *states, size_t count) {
  if (count > states->rows) count = states->rows;
  for (size_t k = 0; k < count; k++)
    add_bits(starts, vpfi_states_row(states, 0, (size_t)((double)k / (double)count * (double)states->rows)));
}

/* ---- Climbing ---- */

/* -m log m - (1-m) log(1-m) */
static double entropy(float mean) {
  const double on = (double)mean, off = 1 - on;
  return (on > 0 ? -on * vpfi_log(on) : 0) - (off > 0 ? off * vpfi_log(off) : 0);
}

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
    for (size_t j = 0; j < layer->size; j++) sum += (double)m[j] * (double)params->bias[layer->up][j] + entropy(m[j]);
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
  vpfi_workspace *work;
  const vpfi_starts *starts;
  size_t length;
  float *means;  /* [starts x length] of all layers */
  double *value; /* [starts] */
} climb_job;

static void climb_range(void *context, size_t begin, size_t end, size_t thread) {
  const climb_job *job = context;
  vpfi_scratch *scratch = &job->work->scratch[thread];
  const size_t n = job->starts->cols;
  for (size_t k = begin; k < end; k++) {
    const vpfi_means row = {&job->work->machine, NULL, job->means + k * job->length, scratch->z};
    memcpy(row.means, job->starts->means + k * n, n * sizeof *row.means);
    for (size_t s = 0; s < MOST_SWEEPS && sweep(&row, scratch->field) > SETTLED; s++) continue;
    job->value[k] = variational_bound(&row);
  }
}

/* ---- The mixture ---- */

/* Bhattacharyya coefficients of independent units: prod_j sqrt(m m') + sqrt((1-m)(1-m')), in [0, 1]. */
static double overlap(const vpfi_shape *shape, const float *a, const float *b) {
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

/* Keep those that count, at the front; returns how many. */
static size_t select_fixed_points(climb_job *job) {
  double most = -HUGE_VAL;
  size_t kept = 0;
  for (size_t k = 0; k < job->starts->count; k++)
    if (isfinite(job->value[k])) most = fmax(most, job->value[k]);
  for (size_t k = 0; k < job->starts->count; k++) {
    if (!(job->value[k] >= most - NEGLIGIBLE)) continue;
    job->value[kept] = job->value[k];
    if (kept < k) memcpy(job->means + kept * job->length, job->means + k * job->length, job->length * sizeof(float));
    kept++;
  }
  return kept;
}

vpf_status vpfi_log_z_bound(vpfi_workspace *work, const vpfi_starts *starts, double *out) {
  const vpfi_shape *shape = work->machine.shape;
  const size_t count = starts->count, length = vpfi_means_length(shape);
  climb_job job = {.work = work, .starts = starts, .length = length,
                   .means = vpfi_alloc(count, length * sizeof(float)), .value = vpfi_alloc(count, sizeof(double))};
  double *overlaps = vpfi_alloc(count, count * sizeof *overlaps), *weight = vpfi_alloc(count, sizeof *weight);
  const bool complete = job.means && job.value && overlaps && weight;
  if (complete) {
    vpfi_parallel_for(count, work->team.threads, climb_range, &job);
    const size_t kept = select_fixed_points(&job);
    for (size_t k = 0; k < kept; k++)
      for (size_t l = 0; l <= k; l++)
        overlaps[k * kept + l] = overlaps[l * kept + k] =
            overlap(shape, job.means + k * length, job.means + l * length);
    *out = kept > 0 ? mixture_bound(job.value, kept, overlaps, weight) : -HUGE_VAL;
  }
  vpfi_free(weight);
  vpfi_free(overlaps);
  vpfi_free(job.value);
  vpfi_free(job.means);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}
