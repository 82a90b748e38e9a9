/* SPDX-License-Identifier: MIT */
/** @file sample.h
 *  Drawing from a trained machine (paper, Algorithm 2), computing features, and filling in images.
 *
 *  docs/math.md, section 8, has the procedures. For Gibbs chains from given states see vpf_gibbs() in model.h. */
#ifndef VPF_SAMPLE_H
#define VPF_SAMPLE_H

#include <vpf/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Generate images from the top down (paper, Algorithm 2; docs/math.md, Eq. (21)). Since 1.0.
 *
 *  The top layer is drawn from the prior. Then, for each pair of layers from the top, `steps` times: the lower layer is
 *  drawn given the upper one, and the upper given the lower. The upper layer, and the visible layer too, is swept once
 *  after each draw if it has intra-layer weights. The last bits of the lower layer start the next pair; in a joint
 *  machine, layers outside the pair are ignored. With a single layer: the prior, then `steps` sweeps.
 *  @param      model      any machine
 *  @param      count      number of chains, at least 1
 *  @param      steps      r, 1 .. 2^28-1; the paper uses 5, and 3 with intra-layer weights. Long chains of a machine
 *                         trained by VPF drift away from the data (docs/math.md, section 14)
 *  @param      prior      [n_top], probabilities in [0, 1], as from vpf_mean_activations(); NULL: 0.5 for every unit
 *  @param      seed       any number
 *  @param[out] out_probs  [count x n_0], the probabilities with which the visible units were last drawn
 *  @retval VPF_ERR_ARGUMENT  model or out_probs is NULL, count is 0, steps is out of range, or a prior is NaN or
 *                            outside [0, 1]
 *  @retval VPF_ERR_LIMIT     2^47 chains or more
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_generate(const vpf_model *model, size_t count, size_t steps, const float *prior,
                                uint64_t seed, float *out_probs);

/** vpf_generate() with a number of steps for each pair of layers. Since 1.0.
 *
 *  Units drawn from the prior are independent of each other. More steps of the top pair bring its start nearer to what
 *  the pair has learned, while a single step of a lower pair keeps what the pairs above have made. Equal numbers give
 *  the same bits as vpf_generate().
 *  @param      model      any machine
 *  @param      count      number of chains, at least 1
 *  @param      steps      [layers-1], each 1 .. 2^28-1; steps[i] is for layers i and i+1. One layer: [1]
 *  @param      prior      [n_top], probabilities in [0, 1]; NULL: 0.5 for every unit
 *  @param      seed       any number
 *  @param[out] out_probs  [count x n_0], the probabilities with which the visible units were last drawn
 *  @retval VPF_ERR_ARGUMENT  model, steps or out_probs is NULL, count is 0, an element of steps is out of range, or a
 *                            prior is NaN or outside [0, 1]
 *  @retval VPF_ERR_LIMIT     2^47 chains or more
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_generate_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                        const float *prior, uint64_t seed, float *out_probs);

/** Draw what vpf_generate() draws, and return the last state of each chain, for vpf_gibbs() to continue. Since 1.0.
 *  @param      model       any machine
 *  @param      count       number of chains, at least 1
 *  @param      steps       r, 1 .. 2^28-1
 *  @param      prior       [n_top], probabilities in [0, 1]; NULL: 0.5 for every unit
 *  @param      seed        any number
 *  @param[out] out_states  [count x units], a new handle; destroy it with vpf_data_destroy()
 *  @retval VPF_ERR_ARGUMENT  model or out_states is NULL, count is 0, steps is out of range, or a prior is NaN or
 *                            outside [0, 1]
 *  @retval VPF_ERR_LIMIT     2^47 chains or more
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_generate_states(const vpf_model *model, size_t count, size_t steps, const float *prior,
                                       uint64_t seed, vpf_data **out_states);

/** Draw what vpf_generate_by_pair() draws, and return the last state of each chain. Since 1.0.
 *  @param      model       any machine
 *  @param      count       number of chains, at least 1
 *  @param      steps       [layers-1], each 1 .. 2^28-1; steps[i] is for layers i and i+1. One layer: [1]
 *  @param      prior       [n_top], probabilities in [0, 1]; NULL: 0.5 for every unit
 *  @param      seed        any number
 *  @param[out] out_states  [count x units], a new handle; destroy it with vpf_data_destroy()
 *  @retval VPF_ERR_ARGUMENT  model, steps or out_states is NULL, count is 0, an element of steps is out of range, or a
 *                            prior is NaN or outside [0, 1]
 *  @retval VPF_ERR_LIMIT     2^47 chains or more
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_generate_states_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                               const float *prior, uint64_t seed, vpf_data **out_states);

/** Compute mean-field features of a layer (docs/math.md, Eq. (22)). Since 1.0.
 *
 *  m_0 is the row of bits, and m_i = sigmoid(W_{i-1}^T m_{i-1} + b_up); intra-layer weights are left out.
 *  @param      model  any machine
 *  @param      data   [rows x n_0]; only the bits are used
 *  @param      layer  0 .. layers-1
 *  @param[out] out    [rows x n_layer], in [0, 1]
 *  @retval VPF_ERR_ARGUMENT  model, data or out is NULL, or there is no such layer
 *  @retval VPF_ERR_SHAPE     data does not have n_0 columns
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_encode(const vpf_model *model, const vpf_data *data, size_t layer, float *out);

/** The mean of vpf_encode() over the rows; that of the top layer is the P prior of the paper. Since 1.0.
 *  @param      model  any machine
 *  @param      data   [rows x n_0]; only the bits are used
 *  @param      layer  0 .. layers-1
 *  @param[out] out    [n_layer], in [0, 1]
 *  @retval VPF_ERR_ARGUMENT  model, data or out is NULL, or there is no such layer
 *  @retval VPF_ERR_SHAPE     data does not have n_0 columns
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out);

/** Fill in or clean up images by sampling. Since 1.0.
 *
 *  The hidden layers are drawn from the image. Then, `steps` times, the visible layer is drawn given the hidden ones
 *  and the hidden ones given the visible layer. Pairwise machines use their first pair, joint machines all layers; a
 *  single layer is swept.
 *  @param      model         any machine
 *  @param      corrupted     [rows x n_0]; only the bits are used
 *  @param      known         [n_0]; pixels that are non-zero here are held, and their bits returned. NULL: none is held
 *  @param      steps         1 .. 2^28-1
 *  @param      average_last  1 .. steps: the result is the mean probability over that many of the last steps
 *  @param      seed          any number
 *  @param[out] out_probs     [rows x n_0], in [0, 1]
 *  @retval VPF_ERR_ARGUMENT  model, corrupted or out_probs is NULL, or steps or average_last is out of range
 *  @retval VPF_ERR_SHAPE     corrupted does not have n_0 columns
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_reconstruct(const vpf_model *model, const vpf_data *corrupted, const uint8_t *known,
                                   size_t steps, size_t average_last, uint64_t seed, float *out_probs);

/** Fill in images by mean field: with probabilities in place of bits, and without chance. Since 1.0.
 *
 *  It starts at the bits, with the hidden means computed from them bottom-up, m = sigmoid(W^T m_below + b_up). Then the
 *  visible means given the hidden ones and the hidden means given the visible ones are updated in turn, `steps` times.
 *  A layer with intra-layer weights is updated unit by unit in a fixed order, given the current means (paper, Eq. 5,
 *  with means in place of bits; docs/math.md, Eq. (22b)). Pairwise machines use their first pair, joint machines all
 *  layers, each given all its neighbours; a single layer is swept.
 *
 *  Each update raises a lower bound of log p(known pixels), docs/math.md, Eq. (22a), so the result converges: to a
 *  maximum near the start, which need not be the best one.
 *  @param      model      any machine
 *  @param      corrupted  [rows x n_0], where to start; what is there in the unknown pixels matters
 *  @param      known      [n_0]; pixels that are non-zero here are held, and their bits returned. NULL: none is held
 *  @param      steps      1 .. 2^28-1; some tens for an RBM trained on MNIST
 *  @param[out] out_probs  [rows x n_0], the visible means after the last step, in [0, 1]
 *  @retval VPF_ERR_ARGUMENT  model, corrupted or out_probs is NULL, or steps is out of range
 *  @retval VPF_ERR_SHAPE     corrupted does not have n_0 columns
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_reconstruct_mean_field(const vpf_model *model, const vpf_data *corrupted,
                                              const uint8_t *known, size_t steps, float *out_probs);

#ifdef __cplusplus
}
#endif
#endif
