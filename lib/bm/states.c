/* SPDX-License-Identifier: MIT */
#include "bm/states.h"

#include "base/memory.h"
#include "num/bits.h"

vpf_status vpfi_states_init(vpfi_states *states, const vpfi_shape *shape, vpfi_order order, size_t rows,
                            size_t samples, const uint64_t *visible) {
  *states = (vpfi_states){
      .n_states = shape->n_states[order], .rows = rows, .samples = samples, .visible_borrowed = visible != NULL};
  states->words = vpfi_alloc(states->n_states, sizeof *states->words);
  states->bits = vpfi_alloc(states->n_states, sizeof *states->bits);
  bool complete = states->words && states->bits;
  for (size_t s = 0; complete && s < states->n_states; s++) {
    states->words[s] = shape->layer[shape->state_layer[s]].words;
    if (s == 0 && visible) {
      states->bits[0] = (uint64_t *)(uintptr_t)visible; /* read only: state 0 is never written when borrowed */
      continue;
    }
    const size_t own = s == 0 ? rows / samples : rows;
    states->bits[s] = vpfi_alloc(own, states->words[s] * sizeof(uint64_t));
    complete = states->bits[s] != NULL;
  }
  if (complete) return VPF_OK;
  vpfi_states_clear(states);
  return VPF_ERR_MEMORY;
}

void vpfi_states_clear(vpfi_states *states) {
  for (size_t s = states->visible_borrowed; states->bits && s < states->n_states; s++) vpfi_free(states->bits[s]);
  vpfi_free(states->bits);
  vpfi_free(states->words);
  vpfi_free(states->ids);
  *states = (vpfi_states){0};
}

uint64_t *vpfi_states_row(const vpfi_states *states, size_t state, size_t row) {
  return states->bits[state] + (state == 0 ? row / states->samples : row) * states->words[state];
}

uint64_t vpfi_states_id(const vpfi_states *states, size_t row) {
  if (states->ids) return states->ids[row];
  return (states->first_id + row / states->samples) | (uint64_t)(row % states->samples) << 48;
}

void vpfi_states_split(vpfi_states *states, const vpfi_shape *shape, const uint64_t *rows, size_t words) {
  for (size_t r = 0; r < states->rows; r++)
    for (size_t s = 0; s < shape->n_layers; s++)
      vpfi_bits_copy(vpfi_states_row(states, s, r), 0, rows + r * words, shape->layer[s].first,
                     shape->layer[s].size);
}

void vpfi_states_join(const vpfi_states *states, const vpfi_shape *shape, uint64_t *rows, size_t words) {
  for (size_t r = 0; r < states->rows; r++)
    for (size_t s = 0; s < shape->n_layers; s++)
      vpfi_bits_copy(rows + r * words, shape->layer[s].first, vpfi_states_row(states, s, r), 0,
                     shape->layer[s].size);
}

static bool fill_scratch(vpfi_scratch *scratch, const vpfi_shape *shape, size_t all_words) {
  const size_t n_states = shape->n_states[VPFI_ORDER_APART];
  scratch->z = vpfi_alloc(shape->widest, sizeof(float));
  scratch->threshold = vpfi_alloc(shape->widest, sizeof(float));
  scratch->field = vpfi_alloc(shape->widest, sizeof(float));
  scratch->random = vpfi_alloc(shape->widest, sizeof(uint32_t));
  scratch->drawn = vpfi_alloc(vpfi_bits_words(shape->widest), sizeof(uint64_t));
  scratch->row = vpfi_alloc(n_states, sizeof *scratch->row);
  scratch->groups = vpfi_alloc(vpfi_bits_words(shape->widest), 16 * sizeof(uint32_t));
  scratch->index = vpfi_alloc(n_states, sizeof(uint32_t *));
  scratch->count = vpfi_alloc(n_states, sizeof(size_t));
  scratch->index_block = vpfi_alloc(all_words, 64 * sizeof(uint32_t));
  if (!scratch->z || !scratch->threshold || !scratch->field || !scratch->random || !scratch->drawn || !scratch->row ||
      !scratch->groups || !scratch->index || !scratch->count || !scratch->index_block)
    return false;
  uint32_t *next = scratch->index_block;
  for (size_t s = 0; s < n_states; s++) {
    scratch->index[s] = next;
    next += 64 * shape->layer[shape->state_layer[s]].words;
  }
  return true;
}

vpfi_scratch *vpfi_scratch_create(const vpfi_shape *shape, size_t threads) {
  size_t all_words = 0;
  for (size_t s = 0; s < shape->n_states[VPFI_ORDER_APART]; s++)
    all_words += shape->layer[shape->state_layer[s]].words;
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
  for (size_t state = 0; state < states->n_states; state++) scratch->row[state] = vpfi_states_row(states, state, row);
}

void vpfi_scratch_list(vpfi_scratch *scratch, const vpfi_states *states, size_t state, size_t row) {
  scratch->count[state] =
      vpfi_bits_list(vpfi_states_row(states, state, row), states->words[state], scratch->index[state]);
}

void vpfi_scratch_list_all(vpfi_scratch *scratch, const vpfi_states *states, size_t row) {
  for (size_t state = 0; state < states->n_states; state++) vpfi_scratch_list(scratch, states, state, row);
}
