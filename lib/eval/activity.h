/* SPDX-License-Identifier: MIT */
/* How active the units of a layer are: sums over the rows of mean-field features (encode.h), which are
 * made a chunk of rows at a time, so that memory does not grow with the data. */
#ifndef VPFI_EVAL_ACTIVITY_H
#define VPFI_EVAL_ACTIVITY_H

#include "bm/field.h"

/* sum: [size of layer], the sum over rows of each unit's activation. Each sum in the order of the rows.
 * square, unless NULL: the same of the squares; then *sparseness is the sum over rows of
 * vpfi_sparseness() over the units. Rows of bits are `words` long. VPF_ERR_MEMORY. */
vpf_status vpfi_activity(const vpfi_machine *machine, const uint64_t *bits, size_t words, size_t rows, size_t layer,
                         size_t threads, double *sum, double *square, double *sparseness);

/* (1 - <r>^2 / <r^2>) / (1 - 1/n) of n responses (Treves and Rolls 1991; Vinje and Gallant 2000) from
 * their sum and the sum of their squares. 0 if all are the same, 0 or not: there <r^2> = <r>^2, or the
 * ratio is 0/0. */
double vpfi_sparseness(double sum, double square, size_t n);

#endif
