/* SPDX-License-Identifier: MIT */
/* From the gains of a minibatch to new parameters: gradient, weight decay and rule, tile by tile. */
#ifndef VPFI_LEARN_UPDATE_H
#define VPFI_LEARN_UPDATE_H

#include "bm/flow.h"
#include "learn/learner.h"

/* What a tile reports: its largest magnitude and, where that is not finite, the first such unit (row of
 * the matrix, entry of the bias); and the squared norm of its gradient, if that is measured. */
typedef struct vpfi_tile_peak {
  float peak;
  size_t unit;
  double square;
} vpfi_tile_peak;

/* The parameter that would cease to be finite: in W_layer, U_layer or a bias of the layer. */
typedef struct vpfi_blowup {
  vpfi_block_kind kind;
  size_t layer, unit;
} vpfi_blowup;

/* In a step, parameters and moments stay far from overflow if they and the gradient are below this:
 * the gradient's square is then below 1e30, the step below 10 * 1e15. */
#define VPFI_SAFE_MAGNITUDE 1e15f

/* One step of the learner's rule with the batch's gradient, summed over all its rows and divided by `rows`.
 *
 *  bound: no entry of that gradient is larger.
 *  *peak: the largest magnitude among parameters and moments, before the step and, on return, after it.
 *  If that or the gradient may be above VPFI_SAFE_MAGNITUDE, the step is tried on copies first, so that
 *  a failure changes nothing. tile_peaks: [batch->n_tiles] scratch. False and *blowup if a value would
 *  not be finite. */
bool vpfi_update_step(vpfi_learner *learner, const vpfi_kernels *kernels, vpfi_params *params, vpfi_batch *batch,
                      size_t rows, double bound, vpfi_tile_peak *tile_peaks, float *peak, vpfi_blowup *blowup);

/* Add the gradient of the batch, summed over its rows, and of weight decay as often, to the learner's sums of gradients. */
void vpfi_sum_gradient(vpfi_learner *learner, const vpfi_machine *machine, vpfi_batch *batch);

/* Update W^T from W, after steps of a batch that does not keep it transposed. */
void vpfi_update_transposed(const vpfi_machine *machine, vpfi_params *params, vpfi_batch *batch);

#endif
