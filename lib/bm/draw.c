/* SPDX-License-Identifier: MIT */
#include "bm/draw.h"

#include <string.h>

#include "num/bits.h"

void vpfi_draw_thresholds(const vpfi_machine *machine, size_t layer, uint64_t stream, uint32_t pass, uint64_t id,
                          vpfi_scratch *scratch) {
  const vpfi_layer *l = &machine->shape->layer[layer];
  machine->kernels->random(scratch->random, stream, pass, id, (uint32_t)(l->first_draw / 4), l->width / 4);
  machine->kernels->thresholds(scratch->threshold, scratch->random, l->width);
}

void vpfi_draw_layer(const vpfi_machine *machine, size_t layer, const uint64_t *clamped, vpfi_scratch *scratch,
                     uint64_t *bits) {
  const vpfi_layer *l = &machine->shape->layer[layer];
  machine->kernels->draw(scratch->drawn, scratch->z, scratch->threshold, l->size);
  for (size_t w = 0; w < l->words; w++) {
    const uint64_t kept = clamped ? clamped[w] : 0;
    bits[w] = (bits[w] & kept) | (scratch->drawn[w] & ~kept);
  }
}

void vpfi_draw_carefully(const vpfi_machine *machine, vpfi_order order, size_t role, unsigned inputs,
                         const uint64_t *clamped, vpfi_scratch *scratch, uint64_t *bits, float *drawn_with) {
  const size_t n = machine->shape->layer[machine->shape->role[role].layer].size;
  for (size_t j = 0; j < n; j++) {
    const float z = vpfi_careful_field(machine, order, role, inputs, scratch, j);
    scratch->z[j] = z;
    if (drawn_with) drawn_with[j] = z;
    if (clamped && vpfi_bits_get(clamped, j)) continue;
    if ((z > scratch->threshold[j]) != vpfi_bits_get(bits, j)) vpfi_bits_flip(bits, j);
  }
}

void vpfi_draw_uniform(const vpfi_machine *machine, size_t layer, uint64_t stream, uint32_t pass, uint64_t id,
                       vpfi_scratch *scratch, uint64_t *bits) {
  memset(scratch->z, 0, machine->shape->layer[layer].width * sizeof(float));
  vpfi_draw_thresholds(machine, layer, stream, pass, id, scratch);
  vpfi_draw_layer(machine, layer, NULL, scratch, bits);
}
