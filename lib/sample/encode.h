/* SPDX-License-Identifier: MIT */
/* Mean-field features: m_0 = the bits, m_i = sigmoid(W_{i-1}^T m_{i-1} + b_up), U ignored: Eq. (22). */
#ifndef VPFI_SAMPLE_ENCODE_H
#define VPFI_SAMPLE_ENCODE_H

#include "bm/workspace.h"

/* For `count` rows from `first` on. out: [count x size of layer]. */
void vpfi_encode(vpfi_workspace *work, const vpfi_rows *visible, size_t first, size_t count, size_t layer, float *out);

#endif
