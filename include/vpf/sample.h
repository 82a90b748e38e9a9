/* SPDX-License-Identifier: MIT */
/** @file sample.h
 *  Drawing from a trained machine (paper, Algorithm 2), features, and filling in.
 *  Gibbs chains: vpf_gibbs() in model.h. */
#ifndef VPF_SAMPLE_H
#define VPF_SAMPLE_H

#include <vpf/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Generate from the top down (paper, Algorithm 2): draw the top layer from the prior, then
 *  for each pair of layers from the top, `steps` times: the lower layer given the upper, the
 *  upper given the lower, and one sweep of the upper where it has intra-layer weights. The
 *  last lower layer starts the next pair. One layer: the prior, then `steps` sweeps.
 *  @param      count      chains, at least 1
 *  @param      steps      r, at least 1; the paper uses 5 (3 with intra-layer weights).
 *                         Long chains of a VPF-trained machine drift away from the data
 *  @param      prior      [n_top] probabilities in [0,1], e.g. vpf_mean_activations(); NULL: 0.5
 *  @param[out] out_probs  [count x n_0] probabilities of the last visible pass
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_LIMIT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_generate(const vpf_model *model, size_t count, size_t steps, const float *prior,
                                uint64_t seed, float *out_probs);

/** The same with a number of steps for each pair of layers. One step of a lower pair keeps what the
 *  pairs above have made; more steps of the top pair bring its start, where units know nothing of
 *  each other, nearer to what the pair has learned. Equal numbers give the bits of vpf_generate().
 *  @param      steps      [layers-1], each at least 1: steps[i] of layers i and i+1; one layer: [1]
 *  @param[out] out_probs  [count x n_0] probabilities of the last visible pass
 *  @return as vpf_generate(). Since 1.0. */
VPF_API vpf_status vpf_generate_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                        const float *prior, uint64_t seed, float *out_probs);

/** The procedure and draws of vpf_generate(); returns the last drawn state of every unit, to go on from
 *  with vpf_gibbs(). @param[out] out_states  [count x units], a new handle. Since 1.0. */
VPF_API vpf_status vpf_generate_states(const vpf_model *model, size_t count, size_t steps, const float *prior,
                                       uint64_t seed, vpf_data **out_states);

/** The procedure and draws of vpf_generate_by_pair(), states as vpf_generate_states() returns them.
 *  Since 1.0. */
VPF_API vpf_status vpf_generate_states_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                               const float *prior, uint64_t seed, vpf_data **out_states);

/** Mean-field features: m_0 = the bits, m_i = sigmoid(W_{i-1}^T m_{i-1} + b_up), intra-layer
 *  weights ignored. @param layer  0 .. layers-1.  @param[out] out  [rows x n_layer].
 *  @return VPF_ERR_ARGUMENT for a layer that does not exist, VPF_ERR_SHAPE (columns), VPF_ERR_MEMORY.
 *  Since 1.0. */
VPF_API vpf_status vpf_encode(const vpf_model *model, const vpf_data *data, size_t layer, float *out);

/** Mean of vpf_encode() over the rows: the P prior of the paper (top layer).
 *  @param[out] out  [n_layer]
 *  @return as vpf_encode(). Since 1.0. */
VPF_API vpf_status vpf_mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out);

/** Fill in or clean images: `steps` times hidden given visible, visible given hidden. Pairwise
 *  models use their first pair, joint models all layers.
 *  @param      corrupted     [rows x n_0]
 *  @param      known         [n_0], non-zero pixels are held and returned as their bit; NULL: none
 *  @param      steps         at least 1
 *  @param      average_last  1 .. steps: the answer is the mean probability of that many last steps
 *  @param[out] out_probs     [rows x n_0]
 *  @return VPF_ERR_SHAPE, VPF_ERR_ARGUMENT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_reconstruct(const vpf_model *model, const vpf_data *corrupted, const uint8_t *known,
                                   size_t steps, size_t average_last, uint64_t seed, float *out_probs);

/** Fill in by mean field: the same without chance, in probabilities instead of states.
 *
 *  Starts at the bits, hidden means bottom-up: m = sigmoid(W^T m_below + b_up). Then `steps` times
 *  the visible means given the hidden ones and the hidden means given the visible ones; where a
 *  layer has intra-layer weights, one unit after the other in fixed order given the current means
 *  (as in Eq. 5). Pairwise models use their first pair, joint models all layers, each given all
 *  its neighbours; one layer: sweeps of the visible units. Each update raises a lower bound of
 *  log p(known pixels), so the answer converges: to a maximum near the start, which need not be
 *  the best one (docs/math.md, section 8).
 *  @param      corrupted  [rows x n_0], where to start; what is there in unknown pixels matters
 *  @param      known      [n_0], non-zero pixels are held and returned as their bit; NULL: none
 *  @param      steps      at least 1; for an RBM trained on MNIST some tens
 *  @param[out] out_probs  [rows x n_0], the visible means after the last step
 *  @return VPF_ERR_SHAPE, VPF_ERR_ARGUMENT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_reconstruct_mean_field(const vpf_model *model, const vpf_data *corrupted,
                                              const uint8_t *known, size_t steps, float *out_probs);

#ifdef __cplusplus
}
#endif
#endif
