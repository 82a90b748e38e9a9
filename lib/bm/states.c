/* SPDX-License-Identifier: MIT */
#include "bm/states.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "num/bits.h"

static vpf_status init(vpfi_states *states, const vpfi_shape *shape, vpfi_order order, size_t rows, size_t first) {
  states->n_planes = shape->n_planes[order];
  states->words = vpfi_alloc(states->n_planes, sizeof *states->words);
  states->bits = vpfi_alloc(states->n_planes, sizeof *states->bits);
  bool complete = states->words && states->bits;
  for (size_t p = 0; complete && p < states->n_planes; p++) {
    states->words[p] = shape->layer[shape->plane_layer[p]].words;
    if (p < first) continue;
    states->bits[p] = vpfi_alloc(rows, states->words[p] * sizeof(uint64_t));
    complete = states->bits[p] != NULL;
  }
  if (complete) return VPF_OK;
  vpfi_states_clear(states);
  return VPF_ERR_MEMORY;
}

vpf_status vpfi_states_init(vpfi_states *states, const vpfi_shape *shape, vpfi_order order, size_t rows) {
  *states = (vpfi_states){.rows = rows, .samples = 1};
  return init(states, shape, order, rows, 0);
}

vpf_status vpfi_states_init_hidden(vpfi_states *states, const vpfi_shape *shape, vpfi_order order, size_t data_rows,
                                   size_t samples) {
  size_t rows;
  if (!vpfi_size_mul(data_rows, samples, &rows)) rows = SIZE_MAX; /* too much: the allocation fails */
  *states = (vpfi_states){.rows = rows, .samples = samples};
  return init(states, shape, order, rows, 1);
}

void vpfi_states_clear(vpfi_states *states) {
  for (size_t p = 0; states->bits && p < states->n_planes; p++) vpfi_free(states->bits[p]);
  vpfi_free(states->bits);
  vpfi_free(states->words);
  vpfi_free(states->ids);
  *states = (vpfi_states){0};
}

void vpfi_states_lend(vpfi_states *states, const uint64_t *visible) {
  assert(!states->bits[0]);
  states->lent = visible;
}

const uint64_t *vpfi_states_row(const vpfi_states *states, size_t plane, size_t row) {
  if (plane == 0 && states->lent) return states->lent + row / states->samples * states->words[0];
  return states->bits[plane] + row * states->words[plane];
}

uint64_t *vpfi_states_edit(vpfi_states *states, size_t plane, size_t row) {
  assert(states->bits[plane]);
  return states->bits[plane] + row * states->words[plane];
}

void vpfi_states_copy(vpfi_states *to, size_t to_row, const vpfi_states *from, size_t from_row, size_t count) {
  for (size_t p = 0; p < to->n_planes; p++)
    memcpy(vpfi_states_edit(to, p, to_row), vpfi_states_row(from, p, from_row),
           count * to->words[p] * sizeof(uint64_t));
}

bool vpfi_states_are_clean(const vpfi_states *states, const vpfi_shape *shape) {
  for (size_t p = 0; p < states->n_planes; p++) {
    const size_t size = shape->layer[shape->plane_layer[p]].size, words = states->words[p];
    const uint64_t beyond = size % 64 ? ~(((uint64_t)1 << size % 64) - 1) : 0;
    for (size_t r = 0; states->bits[p] && r < states->rows; r++)
      if (states->bits[p][(r + 1) * words - 1] & beyond) return false;
  }
  return true;
}

uint64_t vpfi_states_id(const vpfi_states *states, size_t row) {
  if (states->ids) return states->ids[row];
  return (states->first_id + row / states->samples) | (uint64_t)(row % states->samples) << 48;
}

void vpfi_states_split(vpfi_states *states, const vpfi_shape *shape, const uint64_t *rows, size_t words) {
  for (size_t r = 0; r < states->rows; r++)
    for (size_t s = 0; s < shape->n_layers; s++)
      vpfi_bits_copy(vpfi_states_edit(states, s, r), 0, rows + r * words, shape->layer[s].first,
                     shape->layer[s].size);
}

void vpfi_states_join(const vpfi_states *states, const vpfi_shape *shape, uint64_t *rows, size_t words) {
  for (size_t r = 0; r < states->rows; r++)
    for (size_t s = 0; s < shape->n_layers; s++)
      vpfi_bits_copy(rows + r * words, shape->layer[s].first, vpfi_states_row(states, s, r), 0,
                     shape->layer[s].size);
}

vpf_status vpfi_states_init_mask(vpfi_states *mask, const vpfi_shape *shape, const uint8_t *clamped, size_t layers) {
  *mask = (vpfi_states){0};
  if (!clamped) return VPF_OK;
  const vpf_status status = vpfi_states_init(mask, shape, VPFI_ORDER_SWEPT, 1);
  for (size_t l = 0; !status && l < layers; l++)
    vpfi_bits_pack(mask->bits[l], clamped + shape->layer[l].first, shape->layer[l].size, 0);
  return status;
}

static bool fill_scratch(vpfi_scratch *scratch, const vpfi_shape *shape, size_t all_words) {
  const size_t n_planes = shape->n_planes[VPFI_ORDER_APART];
  scratch->z = vpfi_alloc(shape->widest, sizeof(float));
  scratch->threshold = vpfi_alloc(shape->widest, sizeof(float));
  scratch->field = vpfi_alloc(shape->widest, sizeof(float));
  scratch->random = vpfi_alloc(shape->widest, sizeof(uint32_t));
  scratch->drawn = vpfi_alloc(vpfi_bits_words(shape->widest), sizeof(uint64_t));
  scratch->row = vpfi_alloc(n_planes, sizeof *scratch->row);
  scratch->groups = vpfi_alloc(vpfi_bits_words(shape->widest), 16 * sizeof(uint32_t));
  scratch->index = vpfi_alloc(n_planes, sizeof(uint32_t *));
  scratch->count = vpfi_alloc(n_planes, sizeof(size_t));
  scratch->index_block = vpfi_alloc(all_words, 64 * sizeof(uint32_t));
  if (!scratch->z || !scratch->threshold || !scratch->field || !scratch->random || !scratch->drawn || !scratch->row ||
      !scratch->groups || !scratch->index || !scratch->count || !scratch->index_block)
    return false;
  uint32_t *next = scratch->index_block;
  for (size_t s = 0; s < n_planes; s++) {
    scratch->index[s] = next;
    next += 64 * shape->layer[shape->plane_layer[s]].words;
  }
  return true;
}

vpfi_scratch *vpfi_scratch_create(const vpfi_shape *shape, size_t threads) {
  size_t all_words = 0;
  for (size_t s = 0; s < shape->n_planes[VPFI_ORDER_APART]; s++)
    all_words += shape->layer[shape->plane_layer[s]].words;
  vpfi_scratch *scratch = vpfi_alloc(threads, sizeof *scratch);
  for (size_t t = 0; scratch && t < threads; t++)
    if (!fill_scratch(&scratch[t], shape, all_words)) {
      vpfi_scratch_destroy(scratch, threads);
      return NULL;
    }
  return scratch;
}

void vpfi_scratch_destroy(vpfi_scratch *scratch, size_t threads) {
  for (size_t t = 0; scratch && t < threads; t++) {
    vpfi_free(scratch[t].z);
    vpfi_free(scratch[t].threshold);
    vpfi_free(scratch[t].field);
    vpfi_free(scratch[t].random);
    vpfi_free(scratch[t].drawn);
    vpfi_free(scratch[t].row);
    vpfi_free(scratch[t].groups);
    vpfi_free(scratch[t].index);
    vpfi_free(scratch[t].count);
    vpfi_free(scratch[t].index_block);
  }
  vpfi_free(scratch);
}

void vpfi_scratch_see(vpfi_scratch *scratch, const vpfi_states *states, size_t row) {
  for (size_t plane = 0; plane < states->n_planes; plane++) scratch->row[plane] = vpfi_states_row(states, plane, row);
}

void vpfi_scratch_list(vpfi_scratch *scratch, const vpfi_states *states, size_t plane, size_t row) {
  scratch->count[plane] =
      vpfi_bits_list(vpfi_states_row(states, plane, row), states->words[plane], scratch->index[plane]);
}

void vpfi_scratch_list_all(vpfi_scratch *scratch, const vpfi_states *states, size_t row) {
  for (size_t plane = 0; plane < states->n_planes; plane++) vpfi_scratch_list(scratch, states, plane, row);
}

void vpfi_scratch_list_units(vpfi_scratch *scratch, const vpfi_shape *shape, const uint64_t *units, size_t layers) {
  for (size_t l = 0; l < layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    memset(scratch->drawn, 0, layer->words * sizeof *scratch->drawn);
    vpfi_bits_copy(scratch->drawn, 0, units, layer->first, layer->size);
    scratch->count[l] = vpfi_bits_list(scratch->drawn, layer->words, scratch->index[l]);
  }
}
