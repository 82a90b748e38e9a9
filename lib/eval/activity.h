/* SPDX-License-Identifier: MIT */
/* How active the units of a layer are: sums over rows of mean-field features (encode.h), which are made
 * for a chunk of rows at a time, so that memory does not grow with the data. */
#ifndef VPFI_EVAL_ACTIVITY_H
#define VPFI_EVAL_ACTIVITY_H

#include <vpf/evaluate.h>

#include "bm/workspace.h"

/* [size of layer]: the mean over rows of each unit's activation. VPF_ERR_MEMORY. */
vpf_status vpfi_mean_activations(vpfi_workspace *work, const vpfi_rows *visible, size_t layer, float *out);

/* How many units have their mean activation in each bin [b/bins, (b+1)/bins); at most VPFI_MOST_BINS bins.
 * VPF_ERR_MEMORY. */
vpf_status vpfi_activation_histogram(vpfi_workspace *work, const vpfi_rows *visible, size_t layer, size_t bins,
                                     size_t *out_counts);

/* value * bins is then exact in double: the 24 bits of a float times at most 21. */
enum { VPFI_MOST_BINS = 1 << 20 };

/* Fills in all of *out but struct_size. VPF_ERR_MEMORY. */
vpf_status vpfi_layer_activity(vpfi_workspace *work, const vpfi_rows *visible, size_t layer, vpf_activity *out);

#endif
