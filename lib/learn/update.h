/* SPDX-License-Identifier: MIT */
/* From the gains of a minibatch to new parameters: gradient, decay and rule, tile by tile. */
#ifndef VPFI_LEARN_UPDATE_H
#define VPFI_LEARN_UPDATE_H

#include "bm/flow.h"
#include "learn/learner.h"

/* What a tile reports: its largest magnitude; the first unit (row of the matrix, entry of the bias)
 * where it is not finite. */
typedef struct vpfi_tile_peak {
  float peak;
  size_t unit;
} vpfi_tile_peak;

/* The parameter that would stop being finite: of W_layer, U_layer or a bias of the layer. */
typedef struct vpfi_blowup {
  vpfi_block_kind kind;
  size_t layer, unit;
} vpfi_blowup;

/* Parameters and moments stay far from overflow in a step if they and the gradient are below
 * this: the square of the gradient is then below 1e30, the step below 10 * 1e15. */
#define VPFI_SAFE_MAGNITUDE 1e15f

/* One step of the learner's rule with the gradient of the batch, summed over all its rows and divided by `rows`.
 *
 *  bound: no entry of that gradient is larger.
 *  *peak: the largest magnitude among parameters and moments before and, on return, after; above
 *  VPFI_SAFE_MAGNITUDE (or with such a bound) the step is first tried on copies, so that nothing
 *  has changed when it fails. tile_peaks: [batch->n_tiles] scratch. False and *blowup if a value
 *  would not be finite. */
bool vpfi_update_step(vpfi_learner *learner, const vpfi_kernels *kernels, vpfi_params *params, vpfi_batch *batch,
                      size_t rows, double bound, vpfi_tile_peak *tile_peaks, float *peak, vpfi_blowup *blowup);

/* Bring W^T in step with W, after steps of a batch that does not keep it. */
void vpfi_update_transposed(const vpfi_machine *machine, vpfi_params *params, vpfi_batch *batch);

#endif
