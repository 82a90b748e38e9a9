/* SPDX-License-Identifier: MIT */
/* Mean-field features: m_0 = the bits, m_i = sigmoid(W_{i-1}^T m_{i-1} + b_up), U ignored. */
#ifndef VPFI_EVAL_ENCODE_H
#define VPFI_EVAL_ENCODE_H

#include "bm/field.h"

/* out: [rows x size of layer]; rows of bits are `words` long. */
void vpfi_encode(const vpfi_machine *machine, const uint64_t *bits, size_t words, size_t rows, size_t layer,
                 float *out, size_t threads, vpfi_scratch *scratch);

#endif
