/* SPDX-License-Identifier: MIT */
#include "bm/jump.h"

#include <assert.h>
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "num/elementary.h"
#include "num/kernels.h"
#include "num/rng.h"

/* Each flip adds to the fields or subtracts from them. Summing them afresh this often keeps rounding errors small. */
enum { FLIPS_BETWEEN_SUMS = 4096 };

static void add_row(double *to, const float *row, size_t count, double sign) {
  for (size_t k = 0; k < count; k++) to[k] += sign * (double)row[k];
}

/* Add the weights of a unit, times sign, to the fields of all units it is joined to. */
static void spread(vpfi_jump *jump, size_t layer, size_t j, double sign) {
  const vpfi_layer *layers = jump->shape->layer, *own = &layers[layer];
  const vpfi_params *p = jump->params;
  if (p->intra[layer]) add_row(jump->field + own->first, p->intra[layer] + j * own->width, own->size, sign);
  if (layer > 0) {
    const vpfi_layer *below = &layers[layer - 1];
    add_row(jump->field + below->first, p->weights_t[layer - 1] + j * below->width, below->size, sign);
  }
  if (layer + 1 < jump->shape->n_layers) {
    const vpfi_layer *above = &layers[layer + 1];
    add_row(jump->field + above->first, p->weights[layer] + j * above->width, above->size, sign);
  }
}

static void sum_fields(vpfi_jump *jump) {
  const vpfi_shape *shape = jump->shape;
  for (size_t l = 0; l < shape->n_layers; l++)
    for (size_t j = 0; j < shape->layer[l].size; j++)
      jump->field[shape->layer[l].first + j] = (double)jump->params->bias[shape->layer[l].up][j];
  for (size_t l = 0; l < shape->n_layers; l++)
    for (size_t j = 0; j < shape->layer[l].size; j++)
      if (jump->state[shape->layer[l].first + j]) spread(jump, l, j, 1);
}

/* delta_j = exp(alpha_j z_j), alpha_j = 1/2 - y_j: Eq. (6). */
static void find_rates(vpfi_jump *jump) {
  for (size_t j = 0; j < jump->shape->units; j++)
    jump->rate[j] = vpfi_exp((0.5 - (double)jump->state[j]) * jump->field[j]);
}

vpf_status vpfi_jump_init(vpfi_jump *jump, const vpfi_shape *shape, const vpfi_params *params, const uint8_t *start,
                          uint64_t stream) {
  assert(vpfi_shape_has_energy(shape));
  *jump = (vpfi_jump){.shape = shape, .params = params, .stream = stream};
  jump->state = vpfi_alloc(shape->units, sizeof *jump->state);
  jump->field = vpfi_alloc(shape->units, sizeof *jump->field);
  jump->rate = vpfi_alloc(shape->units, sizeof *jump->rate);
  if (!jump->state || !jump->field || !jump->rate) {
    vpfi_jump_clear(jump);
    return VPF_ERR_MEMORY;
  }
  for (size_t j = 0; j < shape->units; j++) jump->state[j] = start[j] != 0;
  sum_fields(jump);
  find_rates(jump);
  return VPF_OK;
}

void vpfi_jump_clear(vpfi_jump *jump) {
  vpfi_free(jump->state);
  vpfi_free(jump->field);
  vpfi_free(jump->rate);
  *jump = (vpfi_jump){0};
}

size_t vpfi_jump_overflow(const vpfi_jump *jump) {
  for (size_t j = 0; j < jump->shape->units; j++) {
    const double alpha = jump->state[j] ? -0.5 : 0.5;
    if (!(alpha * jump->field[j] <= (double)VPFI_RATE_LIMIT)) return j;
  }
  return VPFI_NONE;
}

static void flip(vpfi_jump *jump, size_t unit) {
  size_t layer = jump->shape->n_layers - 1;
  while (jump->shape->layer[layer].first > unit) layer--;
  jump->state[unit] = !jump->state[unit];
  jump->flips++;
  if (jump->flips % FLIPS_BETWEEN_SUMS == 0)
    sum_fields(jump);
  else
    spread(jump, layer, unit - jump->shape->layer[layer].first, jump->state[unit] ? 1 : -1);
}

/* Gillespie's direct method: the time to the next flip is exponential with the sum of the rates as its rate, and
 * each unit is the one that flips with a probability in proportion to its own rate. */
size_t vpfi_jump_next(vpfi_jump *jump, double end, double *rate) {
  const size_t units = jump->shape->units;
  double total = 0;
  uint32_t words[4];
  for (size_t j = 0; j < units; j++) total += jump->rate[j];
  vpfi_rng_block(jump->stream, 0, jump->flips, 0, words);
  jump->time += -vpfi_log(vpfi_rng_unit(words[0], words[1])) / total;
  if (!(jump->time <= end)) {
    jump->time = end;
    return VPFI_NONE;
  }
  double left = vpfi_rng_unit(words[2], words[3]) * total;
  size_t unit = 0;
  while (unit + 1 < units && left >= jump->rate[unit]) left -= jump->rate[unit++];
  *rate = jump->rate[unit];
  flip(jump, unit);
  find_rates(jump);
  return unit;
}

static vpf_status check_fields(const vpfi_jump *jump) {
  const size_t unit = vpfi_jump_overflow(jump);
  if (unit == VPFI_NONE) return VPF_OK;
  return vpfi_fail(VPF_ERR_OVERFLOW,
                   "unit %zu, after %llu flips: the local field is %s, against a unit that is %s; |z|/2 must not exceed %g "
                   "there",
                   unit, (unsigned long long)jump->flips, vpfi_number_of(jump->field[unit]).text,
                   jump->state[unit] ? "on" : "off", (double)VPFI_RATE_LIMIT);
}

vpf_status vpfi_jump_record(vpfi_jump *jump, double end, size_t most, vpf_flip *flips, size_t *count) {
  for (*count = 0; *count < most; ++*count) {
    const vpf_status status = check_fields(jump);
    if (status) return status;
    double rate;
    const size_t unit = vpfi_jump_next(jump, end, &rate);
    if (unit == VPFI_NONE) break;
    flips[*count] = (vpf_flip){.time = jump->time, .rate = rate, .unit = unit, .state = jump->state[unit]};
  }
  return VPF_OK;
}

double vpfi_stdp_change(const vpf_flip *post, bool pre) {
  const double alpha = 0.5 - (double)post->state;
  return pre ? -alpha * post->rate : 0;
}
