/* SPDX-License-Identifier: MIT */
#include "ladder/rungs.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "bm/chain.h"
#include "bm/energy.h"
#include "num/bits.h"
#include "num/elementary.h"
#include "num/rng.h"
#include "num/statistics.h"

bool vpfi_ladder_supports(const vpfi_shape *shape) {
  return shape->n_layers == 2 && !shape->layer[0].intra && !shape->layer[1].intra;
}

/* ---- Memory ---- */

vpf_status vpfi_ladder_init(vpfi_ladder *ladder, const vpfi_shape *shape, const vpfi_ladder_plan *plan) {
  assert(vpfi_ladder_supports(shape) && plan->chains > 0 && plan->chains <= plan->pool && plan->most > 0);
  *ladder = (vpfi_ladder){.plan = *plan};
  const vpf_status status = vpfi_shape_copy(&ladder->shape, shape);
  if (status) return status;
  ladder->rung = vpfi_alloc(plan->most, sizeof *ladder->rung);
  if (ladder->rung) return VPF_OK;
  vpfi_ladder_clear(ladder);
  return VPF_ERR_MEMORY;
}

static void clear_rung(vpfi_rung *rung, const vpfi_shape *shape) {
  vpfi_params_clear(&rung->params, shape);
  vpfi_states_clear(&rung->pool);
  vpfi_free(rung->free_energy);
  *rung = (vpfi_rung){0};
}

void vpfi_ladder_cut(vpfi_ladder *ladder, size_t count) {
  for (size_t k = count; ladder->rung && k <= ladder->count && k < ladder->plan.most; k++)
    clear_rung(&ladder->rung[k], &ladder->shape);
  if (count < ladder->count) ladder->count = count;
}

void vpfi_ladder_clear(vpfi_ladder *ladder) {
  vpfi_ladder_cut(ladder, 0);
  vpfi_free(ladder->rung);
  vpfi_shape_clear(&ladder->shape);
  *ladder = (vpfi_ladder){0};
}

vpf_status vpfi_ladder_grow(vpfi_ladder *ladder) {
  if (ladder->count == ladder->plan.most)
    return vpfi_fail(VPF_ERR_LIMIT, "the ladder has %zu rungs, and needs more than it may have", ladder->count);
  vpfi_rung *rung = &ladder->rung[ladder->count];
  vpf_status status = vpfi_params_init(&rung->params, &ladder->shape);
  if (!status) status = vpfi_states_init(&rung->pool, &ladder->shape, VPFI_ORDER_SWEPT, ladder->plan.pool);
  if (!status) rung->free_energy = vpfi_alloc(ladder->plan.pool, sizeof *rung->free_energy);
  if (!status && !rung->free_energy) status = VPF_ERR_MEMORY;
  if (status) clear_rung(rung, &ladder->shape);
  return status;
}

vpf_status vpfi_ladder_copy(vpfi_ladder *ladder, const vpfi_ladder *from) {
  vpf_status status = vpfi_ladder_init(ladder, &from->shape, &from->plan);
  for (size_t k = 0; !status && k < from->count; k++) {
    const vpfi_rung *source = &from->rung[k];
    status = vpfi_ladder_grow(ladder);
    if (status) break;
    vpfi_rung *rung = &ladder->rung[ladder->count++];
    vpfi_params_assign(&rung->params, &from->shape, &source->params);
    vpfi_states_copy(&rung->pool, 0, &source->pool, 0, from->plan.pool);
    memcpy(rung->free_energy, source->free_energy, from->plan.pool * sizeof *rung->free_energy);
    memcpy(rung->numbers, source->numbers, sizeof rung->numbers);
  }
  if (status)
    vpfi_ladder_clear(ladder);
  else
    ladder->time = from->time;
  return status;
}

/* ---- Machines ---- */

vpfi_machine vpfi_rung_machine(const vpfi_ladder *ladder, size_t rung) {
  vpfi_machine machine = {
      .kernels = vpfi_kernels_best(), .shape = &ladder->shape, .params = &ladder->rung[rung].params};
  machine.careful = vpfi_fields_are_large(&machine);
  return machine;
}

static void between(float *to, const float *a, const float *b, double t, size_t count) {
  for (size_t k = 0; k < count; k++) to[k] = (float)((1 - t) * (double)a[k] + t * (double)b[k]);
}

void vpfi_params_between(vpfi_params *to, const vpfi_shape *shape, const vpfi_params *a, const vpfi_params *b, double t) {
  const size_t count = shape->layer[0].width * shape->layer[1].width;
  between(to->weights[0], a->weights[0], b->weights[0], t, count);
  between(to->weights_t[0], a->weights_t[0], b->weights_t[0], t, count);
  for (size_t r = 0; r < shape->n_roles; r++)
    between(to->bias[r], a->bias[r], b->bias[r], t, shape->layer[shape->role[r].layer].width);
  to->bound = fmaxf(a->bound, b->bound);
}

bool vpfi_ladder_ends_with(const vpfi_ladder *ladder, const vpfi_params *params) {
  const vpfi_shape *shape = &ladder->shape;
  const vpfi_params *last = &ladder->rung[ladder->count - 1].params;
  const size_t weights = shape->layer[0].width * shape->layer[1].width * sizeof(float);
  bool same = memcmp(last->weights[0], params->weights[0], weights) == 0;
  for (size_t l = 0; l < 2; l++)
    same = same && memcmp(last->bias[shape->layer[l].up], params->bias[shape->layer[l].up],
                          shape->layer[l].width * sizeof(float)) == 0;
  return same;
}

/* b x, the part of -F that needs no hidden units. */
static double visible_part(const vpfi_layer *layer, const float *bias, const uint64_t *bits) {
  double sum = 0;
  for (size_t word = 0; word < layer->words; word++)
    for (uint64_t left = bits[word]; left; left &= left - 1)
      sum += (double)bias[64 * word + (size_t)__builtin_ctzll(left)];
  return sum;
}

double vpfi_free_energy_seen(const vpfi_machine *machine, vpfi_scratch *scratch) {
  enum { CHUNK = 256 };
  const vpfi_layer *visible = &machine->shape->layer[0], *hidden = &machine->shape->layer[1];
  const uint64_t *bits = scratch->row[0];
  if (machine->careful) {
    const size_t count = vpfi_bits_list(bits, visible->words, scratch->index[0]);
    return vpfi_free_energy(machine->shape, machine->params, scratch->index[0], count);
  }
  _Alignas(64) double z[CHUNK]; /* as all memory of the kernels */
  double sum = visible_part(visible, machine->params->bias[visible->up], bits);
  vpfi_field(machine, VPFI_ORDER_SWEPT, hidden->up, VPFI_FROM_BELOW, scratch, scratch->z);
  for (size_t first = 0; first < hidden->width; first += CHUNK) {
    const size_t width = hidden->width - first < CHUNK ? hidden->width - first : CHUNK;
    for (size_t j = 0; j < width; j++) z[j] = first + j < hidden->size ? (double)scratch->z[first + j] : -1e3;
    sum += machine->kernels->softplus_sum(z, width);
  }
  return -sum;
}

void vpfi_rung_set_free_energies(vpfi_ladder *ladder, size_t rung, vpfi_scratch *scratch) {
  const vpfi_machine machine = vpfi_rung_machine(ladder, rung);
  vpfi_rung *r = &ladder->rung[rung];
  for (size_t k = 0; k < ladder->plan.pool; k++) {
    vpfi_scratch_see(scratch, &r->pool, k);
    r->free_energy[k] = vpfi_free_energy_seen(&machine, scratch);
  }
}

/* ---- The first rung ---- */

static double softplus_of(const float *bias, size_t n) {
  double sum = 0;
  for (size_t j = 0; j < n; j++) sum += vpfi_softplus((double)bias[j]);
  return sum;
}

/* Draw the pool, each sample exactly. */
static void fill_first(vpfi_ladder *ladder, vpfi_scratch *scratch) {
  const vpfi_machine machine = vpfi_rung_machine(ladder, 0);
  vpfi_chain chain = {.machine = &machine,
                      .states = &ladder->rung[0].pool,
                      .scratch = scratch,
                      .stream = vpfi_rng_stream(ladder->plan.seed, VPFI_PURPOSE_LADDER, ladder->time++)};
  for (chain.row = 0; chain.row < ladder->plan.pool; chain.row++) {
    vpfi_scratch_see(scratch, chain.states, chain.row);
    chain.pass = 0;
    vpfi_chain_resample(&chain, ladder->shape.layer[0].up, NULL);
  }
}

void vpfi_ladder_begin(vpfi_ladder *ladder, const float *visible, const float *hidden, vpfi_scratch *scratch) {
  const vpfi_shape *shape = &ladder->shape;
  vpfi_rung *rung = &ladder->rung[0];
  vpfi_params_set_bias(&rung->params, shape, shape->layer[0].up, visible);
  vpfi_params_set_bias(&rung->params, shape, shape->layer[1].up, hidden);
  rung->numbers[VPFI_RUNG_LOG_Z] =
      softplus_of(visible, shape->layer[0].size) + softplus_of(hidden, shape->layer[1].size);
  fill_first(ladder, scratch);
  vpfi_rung_set_free_energies(ladder, 0, scratch);
  rung->numbers[VPFI_RUNG_ACCEPTANCE] = 1;
  ladder->count = 1;
}

static double log_odds_of(const uint64_t *bits, size_t rows, size_t words, size_t unit) {
  size_t on = 0;
  for (size_t r = 0; r < rows; r++) on += vpfi_bits_get(bits + r * words, unit);
  return vpfi_log_odds_of_count((double)on, (double)rows);
}

/* The field of a visible unit if every hidden one were on half of the time. */
static double half_field(const vpfi_shape *shape, const vpfi_params *params, size_t unit) {
  const vpfi_layer *h = &shape->layer[1];
  double sum = (double)params->bias[shape->layer[0].up][unit];
  for (size_t j = 0; j < h->size; j++) sum += (double)params->weights[0][unit * h->width + j] / 2;
  return sum;
}

/* Any biases make a first rung, so those that no float can hold are the largest that one can. */
static float bounded(double bias) {
  return (float)fmax(-(double)FLT_MAX, fmin((double)FLT_MAX, bias));
}

void vpfi_ladder_base(const vpfi_shape *shape, const vpfi_params *params, const uint64_t *bits, size_t rows,
                      float *visible, float *hidden) {
  const vpfi_layer *v = &shape->layer[0], *h = &shape->layer[1];
  memcpy(hidden, params->bias[h->up], h->size * sizeof *hidden);
  for (size_t i = 0; i < v->size; i++) {
    visible[i] = bounded(bits ? log_odds_of(bits, rows, v->words, i) : half_field(shape, params, i));
    const double mean = 1 / (1 + vpfi_exp(-(double)visible[i]));
    for (size_t j = 0; j < h->size; j++)
      hidden[j] = bounded((double)hidden[j] + (double)(float)(mean * (double)params->weights[0][i * h->width + j]));
  }
}

/* ---- In files ---- */

static vpfi_tensor named(const char *prefix, size_t rung, const char *what, vpfi_dtype dtype, size_t rows, size_t cols,
                         size_t stride, void *data) {
  vpfi_tensor tensor = {.dtype = dtype, .rank = rows > 0 ? 2 : 1, .rows = rows > 0 ? rows : 1, .cols = cols,
                        .stride = stride, .data = data, .into = data};
  snprintf(tensor.name, sizeof tensor.name, "%s.%zu.%s", prefix, rung, what);
  return tensor;
}

/* rung: of which only what is there has data. */
static void list_rung(const vpfi_shape *shape, const vpfi_ladder_plan *plan, vpfi_rung *rung, const char *prefix,
                      size_t number, vpfi_tensor *list) {
  const vpfi_layer *v = &shape->layer[0], *h = &shape->layer[1];
  vpfi_params *p = rung ? &rung->params : NULL;
  list[0] = named(prefix, number, "weight", VPFI_DTYPE_F32, v->size, h->size, h->width, p ? p->weights[0] : NULL);
  list[1] = named(prefix, number, "bias.0", VPFI_DTYPE_F32, 0, v->size, v->size, p ? p->bias[v->up] : NULL);
  list[2] = named(prefix, number, "bias.1", VPFI_DTYPE_F32, 0, h->size, h->size, p ? p->bias[h->up] : NULL);
  list[3] = named(prefix, number, "pool", VPFI_DTYPE_U64, plan->pool, v->words, v->words, p ? rung->pool.bits[0] : NULL);
  list[4] = named(prefix, number, "numbers", VPFI_DTYPE_F64, 0, VPFI_RUNG_NUMBERS, VPFI_RUNG_NUMBERS,
                  rung ? rung->numbers : NULL);
}

size_t vpfi_ladder_list(vpfi_ladder *ladder, const char *prefix, vpfi_tensor *list) {
  for (size_t k = 0; k < ladder->count; k++)
    list_rung(&ladder->shape, &ladder->plan, &ladder->rung[k], prefix, k, list + k * VPFI_RUNG_TENSORS);
  return ladder->count * VPFI_RUNG_TENSORS;
}

size_t vpfi_ladder_list_sizes(const vpfi_shape *shape, const vpfi_ladder_plan *plan, size_t count, const char *prefix,
                              vpfi_tensor *list) {
  for (size_t k = 0; k < count; k++) list_rung(shape, plan, NULL, prefix, k, list + k * VPFI_RUNG_TENSORS);
  return count * VPFI_RUNG_TENSORS;
}

static bool numbers_are_sound(const double *n) {
  return isfinite(n[VPFI_RUNG_LOG_Z]) && n[VPFI_RUNG_LOG_Z_ERROR] >= 0 && n[VPFI_RUNG_ACCEPTANCE] >= 0 &&
         n[VPFI_RUNG_ACCEPTANCE] <= 1 && n[VPFI_RUNG_TIME] >= 0 && isfinite(n[VPFI_RUNG_TIME]);
}

static void transpose_again(vpfi_params *params, const vpfi_shape *shape) {
  const size_t v = shape->layer[0].size, h = shape->layer[1].size;
  for (size_t i = 0; i < v; i++)
    for (size_t j = 0; j < h; j++)
      params->weights_t[0][j * shape->layer[0].width + i] = params->weights[0][i * shape->layer[1].width + j];
}

bool vpfi_ladder_is_sound(const vpfi_ladder *ladder) {
  for (size_t k = 0; k < ladder->count; k++) {
    const vpfi_rung *rung = &ladder->rung[k];
    if (!isfinite(vpfi_params_peak(&rung->params, &ladder->shape)) || !numbers_are_sound(rung->numbers) ||
        !vpfi_states_are_clean(&rung->pool, &ladder->shape))
      return false;
  }
  return true;
}

void vpfi_ladder_complete(vpfi_ladder *ladder, vpfi_scratch *scratch) {
  for (size_t k = 0; k < ladder->count; k++) {
    vpfi_rung *rung = &ladder->rung[k];
    rung->params.bound = vpfi_params_peak(&rung->params, &ladder->shape);
    transpose_again(&rung->params, &ladder->shape);
    vpfi_rung_set_free_energies(ladder, k, scratch);
  }
}
