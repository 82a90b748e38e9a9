/* SPDX-License-Identifier: MIT */
#include "ladder/exchange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/elementary.h"
#include "num/rng.h"

void vpfi_draw_partners(size_t *order, size_t pool, size_t chains, uint64_t stream) {
  for (size_t k = 0; k < pool; k++) order[k] = k;
  for (size_t k = 0; k < chains; k++) { /* the beginning of a shuffle */
    const size_t other = k + (size_t)vpfi_rng_below(stream, k, pool - k), kept = order[k];
    order[k] = order[other];
    order[other] = kept;
  }
}

double vpfi_exchange_chain(const vpfi_exchange *exchange, size_t chain, vpfi_scratch *scratch, double *slope) {
  const size_t partner = exchange->partner[chain], row = exchange->first + chain;
  vpfi_states *states = exchange->states;
  const vpfi_states *pool = &exchange->rung->pool;
  vpfi_scratch_see(scratch, states, row);
  const double mine =
      vpfi_free_energy_seen(exchange->below, scratch) - vpfi_free_energy_seen(exchange->machine, scratch);
  vpfi_scratch_see(scratch, pool, partner);
  const double its = exchange->rung->free_energy[partner] - vpfi_free_energy_seen(exchange->machine, scratch);

  uint32_t word[4];
  vpfi_rng_block(exchange->stream, 0, chain, 0, word);
  const double accepted = its < mine ? vpfi_exp(its - mine) : 1; /* Eq. (41) */
  const bool exchanged = vpfi_rng_unit(word[0], word[1]) < accepted;
  if (exchanged)
    memcpy(vpfi_states_edit(states, 0, row), vpfi_states_row(pool, 0, partner), states->words[0] * sizeof(uint64_t));
  *slope = exchanged ? its : mine;
  return accepted;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double vpfi_expected_acceptance(double *slope, size_t count) {
  double sum = 0, total = 0;
  qsort(slope, count, sizeof *slope, ascending);
  for (size_t k = 0; k < count; k++) {
    const double weight = vpfi_exp(slope[k] - slope[count - 1]);
    total += weight;
    sum += weight * (2 * (double)(count - k) - 1); /* one with each sample of less weight, twice, and with itself */
  }
  return sum / (total * (double)count);
}

void vpfi_choose_by_weight(const double *slope, size_t count, double u, size_t chains, size_t *chosen) {
  double most = slope[0], total = 0, so_far = 0;
  for (size_t k = 1; k < count; k++) most = fmax(most, slope[k]);
  for (size_t k = 0; k < count; k++) total += vpfi_exp(slope[k] - most);
  size_t next = 0;
  for (size_t k = 0; k < count; k++) {
    so_far += vpfi_exp(slope[k] - most);
    while (next < chains && (k + 1 == count || ((double)next + u) * total < so_far * (double)chains)) chosen[next++] = k;
  }
}
