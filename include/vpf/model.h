/* SPDX-License-Identifier: MIT */
/** @file model.h
 *  vpf_model: a layered binary Boltzmann machine, and its mathematics.
 *
 *  Layer 0 is visible, the others are hidden. Weights join consecutive layers (W) and, where
 *  asked for, the units of one layer (U). One layer with U is the fully observed Boltzmann
 *  machine, two layers are an RBM, more are a deep Boltzmann machine (DBM).
 *
 *  With units y in {0,1}, T = 1:
 *
 *  - energy E(y) = - sum over edges w_ij y_i y_j - sum b_i y_i
 *  - local field z_j = sum_i w_ij y_i + b_j
 *  - rate delta_j = exp(alpha_j z_j), alpha_j = 1/2 - y_j
 *  - flow K = mean over rows of sum_j delta_j (paper, Eq. 1 and 2)
 *
 *  docs/math.md derives them and explains the two couplings. */
#ifndef VPF_MODEL_H
#define VPF_MODEL_H

#include <vpf/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A layered Boltzmann machine: shape and parameters. Since 1.0. */
typedef struct vpf_model vpf_model;

/** How the layers of a machine with three or more are coupled; one and two layers do not differ.
 *
 *  PAIRWISE: each two consecutive layers are a two-layer machine of their own, with biases of
 *  its own; all are trained at the same time on the same states. This is what produced the
 *  paper's numbers, and the default choice: the layers above learn to predict the ones below.
 *  JOINT: one energy for all layers, as the paper's text has it. Since 1.0. */
typedef enum vpf_coupling { VPF_COUPLING_PAIRWISE = 0, VPF_COUPLING_JOINT = 1 } vpf_coupling;

/** Which bias of a layer. They differ only in the middle layers of a pairwise model: UP when
 *  the layer is sampled from below, DOWN when it is sampled from above. Elsewhere both are
 *  names of the same vector. Since 1.0. */
typedef enum vpf_bias { VPF_BIAS_UP = 0, VPF_BIAS_DOWN = 1 } vpf_bias;

/** @name Create, copy, destroy
 *  @{ */

/** Create a machine with all parameters zero.
 *  @param[out] out       the new handle; destroy it with vpf_model_destroy()
 *  @param      sizes     [layers] units of each layer, each at least 1; sizes[0] is visible
 *  @param      layers    1 .. 4096
 *  @param      intra     [layers], non-zero gives that layer intra-layer weights; NULL: none
 *  @param      coupling  see vpf_coupling
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_LIMIT (sizes overflow), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_model_create(vpf_model **out, const size_t *sizes, size_t layers,
                                    const uint8_t *intra, vpf_coupling coupling);

/** Draw the starting parameters: W ~ N(0,1)/sqrt(n_i n_{i+1}); U = (A + A^T)/2 with zero
 *  diagonal, A ~ N(0,1)/n; biases 0. The same seed gives the same bits everywhere. Since 1.0. */
VPF_API vpf_status vpf_model_init(vpf_model *model, uint64_t seed);

/** An independent copy. Since 1.0. */
VPF_API vpf_status vpf_model_clone(vpf_model **out, const vpf_model *model);

/** Layers pair and pair+1 of a pairwise model as a machine of their own: W_pair, the down bias of
 *  the lower and the up bias of the upper layer, U of the upper layer where it has one, and for
 *  pair 0 that of the visible layer too. The copy is independent of the model. So what is defined
 *  for two layers (likelihoods, energy, vpf_gibbs() and its long chains) can be had for each pair
 *  of a deep machine. Of a model with two layers, pair 0 is a copy.
 *  @param[out] out   the new handle; destroy it with vpf_model_destroy()
 *  @param      pair  0 .. layers-2
 *  @return VPF_ERR_UNSUPPORTED for a joint model of three or more layers (its pairs are not
 *          machines of their own), VPF_ERR_ARGUMENT for a pair that does not exist, as in a model
 *          of one layer; VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_model_pair(vpf_model **out, const vpf_model *model, size_t pair);

/** Free a handle; NULL is allowed. Since 1.0. */
VPF_API void vpf_model_destroy(vpf_model *model);

/** @} @name Shape
 *  Accessors return 0 for NULL or a layer that does not exist.
 *  @{ */

/** Number of layers. Since 1.0. */
VPF_API size_t vpf_model_layers(const vpf_model *model);
/** Units of a layer. Since 1.0. */
VPF_API size_t vpf_model_layer_size(const vpf_model *model, size_t layer);
/** Units of all layers: the columns of rows of states, and the length of `clamped`. Since 1.0. */
VPF_API size_t vpf_model_units(const vpf_model *model);
/** 1 if the layer has intra-layer weights. Since 1.0. */
VPF_API int vpf_model_has_intra(const vpf_model *model, size_t layer);
/** The coupling given at creation. Since 1.0. */
VPF_API vpf_coupling vpf_model_get_coupling(const vpf_model *model);

/** @} @name Parameters
 *  Setters refuse NaN and infinity (VPF_ERR_ARGUMENT, naming the place) and then change
 *  nothing. A layer, weight or intra-layer matrix that does not exist is VPF_ERR_ARGUMENT.
 *  @{ */

/** W_lower, between layers lower and lower+1. @param[out] out  [n_lower x n_lower+1]. Since 1.0. */
VPF_API vpf_status vpf_model_get_weights(const vpf_model *model, size_t lower, float *out);
/** Replace W_lower. @param w  [n_lower x n_lower+1], finite. Since 1.0. */
VPF_API vpf_status vpf_model_set_weights(vpf_model *model, size_t lower, const float *w);

/** U_layer. @param[out] out  [n x n], symmetric with zero diagonal. Since 1.0. */
VPF_API vpf_status vpf_model_get_intra(const vpf_model *model, size_t layer, float *out);
/** Replace U_layer. @param u  [n x n], finite, exactly symmetric with zero diagonal; anything else is refused.
 *  Since 1.0. */
VPF_API vpf_status vpf_model_set_intra(vpf_model *model, size_t layer, const float *u);

/** The bias of a layer in a role. @param[out] out  [n_layer]. Since 1.0. */
VPF_API vpf_status vpf_model_get_bias(const vpf_model *model, size_t layer, vpf_bias role, float *out);
/** Replace the bias of a layer in a role. @param b  [n_layer], finite. Since 1.0. */
VPF_API vpf_status vpf_model_set_bias(vpf_model *model, size_t layer, vpf_bias role, const float *b);

/** Number of free parameters: the length of the flat vector; 0 for NULL.
 *
 *  Flat order, pairwise: for each pair i: bias down(i), bias up(i+1), W_i, U_0 (first pair
 *  only), U_{i+1}; each U only where present and as its strict upper triangle by rows.
 *  Joint: biases by layer, then all W, then all U. One layer: bias, U_0. Since 1.0. */
VPF_API size_t vpf_model_param_count(const vpf_model *model);
/** Read all parameters. @param[out] out  [vpf_model_param_count()], flat order. Since 1.0. */
VPF_API vpf_status vpf_model_get_params(const vpf_model *model, float *out);
/** Replace all parameters. @param theta  [vpf_model_param_count()], flat order, finite. Since 1.0. */
VPF_API vpf_status vpf_model_set_params(vpf_model *model, const float *theta);

/** @} @name Files
 *  safetensors, readable by NumPy, PyTorch and Rust; docs/file-format.md has it to the byte.
 *  @{ */

/** Write the model; the same model gives the same bytes. An existing file is replaced
 *  atomically: after a crash the old or the new one is there, whole.
 *  @return VPF_ERR_IO with the system's reason; the old file is then untouched (unless only the
 *          last step failed, the sync of the folder: the message says so); VPF_ERR_LIMIT if the
 *          description of thousands of layers would not fit the format's header. Since 1.0. */
VPF_API vpf_status vpf_model_save(const vpf_model *model, const char *path);

/** Read a model. The file is not trusted: structure, sizes, checksum, finiteness and symmetry
 *  are all checked, and nothing is allocated from an unchecked number.
 *  @return VPF_ERR_IO, VPF_ERR_FORMAT (says what is wrong), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_model_load(vpf_model **out, const char *path);

/** @} @name The mathematics, open to tests and research
 *  "states" are rows that hold all units, layer after layer: n_0 + n_1 + ... columns.
 *  @{ */

/** E(y) of each row.
 *  @param      states      [rows x units]
 *  @param[out] out_energy  [rows]
 *  @return VPF_ERR_UNSUPPORTED for a pairwise model of three or more layers (it has no single
 *          energy), VPF_ERR_SHAPE. Since 1.0. */
VPF_API vpf_status vpf_model_energy(const vpf_model *model, const vpf_data *states, double *out_energy);

/** F(x) = -log sum_h exp(-E(x,h)) of each row; for one layer the energy.
 *  @param      visible   [rows x n_0]
 *  @param[out] out_free  [rows]
 *  @return VPF_ERR_UNSUPPORTED for three or more layers or where the hidden layer has
 *          intra-layer weights (those of the visible layer are fine), VPF_ERR_SHAPE. Since 1.0. */
VPF_API vpf_status vpf_model_free_energy(const vpf_model *model, const vpf_data *visible, double *out_free);

/** Probability flow K of fully specified states, mean over rows, without weight decay.
 *  Pairwise models: the sum of the flows of the pairs.
 *  @return VPF_ERR_OVERFLOW if some |z_j|/2 is above 80 (names row, layer and unit),
 *          VPF_ERR_SHAPE. Since 1.0. Paper: the objective above Eq. 1. */
VPF_API vpf_status vpf_model_flow(const vpf_model *model, const vpf_data *states, double *out_flow);

/** dK/dtheta in flat order, without weight decay. Paper: Eq. 1 and 2 (their negative).
 *  @param[out] out_gradient  [vpf_model_param_count()]
 *  @return as vpf_model_flow(), and VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_model_flow_gradient(const vpf_model *model, const vpf_data *states, float *out_gradient);

/** One bottom-up E-step: each hidden layer is drawn from Bernoulli(sigmoid(W^T h_below + b_up)),
 *  then, where it has intra-layer weights, swept once in fixed order (paper, Eq. 5), before the
 *  next layer is drawn. One layer: a copy of the visible rows.
 *
 *  For the same seed this is the E-step of the first epoch of vpf_train() on these rows.
 *  @param[out] out_states  [rows x units], a new handle. Since 1.0. */
VPF_API vpf_status vpf_model_infer(const vpf_model *model, const vpf_data *visible, uint64_t seed,
                                   vpf_data **out_states);

/** Fixed-order single-site Gibbs sampling, layer by layer from the bottom. Leaves the model's
 *  distribution (given the clamped units) unchanged.
 *  @param      states      [rows x units], where the chains start
 *  @param      clamped     [units], non-zero keeps that unit; NULL: none
 *  @param      sweeps      visits of every free unit; 0 copies
 *  @param      seed        to go on with a chain, give each call another seed
 *  @param[out] out_states  [rows x units], a new handle
 *  @return VPF_ERR_UNSUPPORTED for a pairwise model of three or more layers, VPF_ERR_SHAPE,
 *          VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_gibbs(const vpf_model *model, const vpf_data *states, const uint8_t *clamped,
                             size_t sweeps, uint64_t seed, vpf_data **out_states);

/** The same chains, watched: draws x thin sweeps, the energy noted after every thin-th. Chains whose
 *  energy has not settled have not mixed.
 *  @param      draws       at least 1
 *  @param      thin        sweeps for each, at least 1
 *  @param[out] out_energy  [rows x draws], E(y) as of vpf_model_energy()
 *  @param[out] out_states  what vpf_gibbs() returns for draws x thin sweeps; may be NULL
 *  @return as vpf_gibbs(); VPF_ERR_ARGUMENT; VPF_ERR_LIMIT if draws x thin does not fit. Since 1.0. */
VPF_API vpf_status vpf_gibbs_trace(const vpf_model *model, const vpf_data *states, const uint8_t *clamped,
                                   size_t draws, size_t thin, uint64_t seed, double *out_energy,
                                   vpf_data **out_states);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
