/* SPDX-License-Identifier: MIT */
#include "stack.h"

#include <assert.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "training.h"

static const recipe *below(const recipe *how) {
  return how->below ? find_recipe(how->below) : NULL;
}

/* W, the two biases and the upper layer's U of a pair, from a machine of two layers. */
static vpf_status copy_pair(vpf_model *to, size_t pair, const vpf_model *from) {
  const size_t lower = vpf_model_layer_size(from, 0), upper = vpf_model_layer_size(from, 1);
  float *w = calloc(lower * upper + upper * upper + lower + upper, sizeof *w);
  float *u = w + lower * upper, *down = u + upper * upper, *up = down + lower;
  vpf_status s = w ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate a pair of layers");
  if (!s) s = complain(vpf_model_get_weights(from, 0, w));
  if (!s) s = complain(vpf_model_get_bias(from, 0, VPF_BIAS_DOWN, down));
  if (!s) s = complain(vpf_model_get_bias(from, 1, VPF_BIAS_UP, up));
  if (!s) s = complain(vpf_model_set_weights(to, pair, w));
  if (!s) s = complain(vpf_model_set_bias(to, pair, VPF_BIAS_DOWN, down));
  if (!s) s = complain(vpf_model_set_bias(to, pair + 1, VPF_BIAS_UP, up));
  if (!s && vpf_model_has_intra(from, 1)) {
    s = complain(vpf_model_get_intra(from, 1, u));
    if (!s) s = complain(vpf_model_set_intra(to, pair + 1, u));
  }
  free(w);
  return s;
}

/* The machine without its parameters; returns how many pairs it has. */
static size_t create(vpf_model **out, const recipe *top, vpf_status *status) {
  size_t sizes[STACK_PAIRS + 1] = {0}, pairs = recipe_pairs(top), pair = pairs;
  uint8_t intra[STACK_PAIRS + 1] = {0};
  assert(pairs <= STACK_PAIRS);
  for (const recipe *how = top; how; how = below(how), pair--) {
    sizes[pair] = how->sizes[1];
    sizes[pair - 1] = how->sizes[0];
    intra[pair] = how->intra;
  }
  *status = complain(vpf_model_create(out, sizes, pairs + 1, intra, VPF_COUPLING_PAIRWISE));
  return pairs;
}

vpf_status stack_load(vpf_model **out, const run *r, const recipe *top, uint64_t seed) {
  vpf_status s;
  size_t pair = create(out, top, &s);
  for (const recipe *how = top; !s && how; how = below(how)) {
    vpf_model *stage = NULL;
    s = load_machine(&stage, r, how, seed, recipe_epochs(how, r->options->quick));
    if (!s) s = copy_pair(*out, --pair, stage);
    vpf_model_destroy(stage);
  }
  return s;
}
