/* SPDX-License-Identifier: MIT */
/** @file model.h
 *  vpf_model: a layered binary Boltzmann machine, and its mathematics.
 *
 *  Layer 0 is visible, all others are hidden. Weights W join consecutive layers and, where asked for, intra-layer
 *  weights U join the units of one layer. A single layer with U is the fully observed Boltzmann machine, two layers are
 *  a restricted Boltzmann machine (RBM), more are a deep Boltzmann machine (DBM).
 *
 *  With units y in {0, 1}, at temperature 1 (equations of docs/math.md):
 *
 *  - energy E(y) = - sum over edges w_ij y_i y_j - sum over units b_j y_j, Eq. (1)
 *  - local field z_j = sum_i w_ij y_i + b_j, Eq. (3)
 *  - rate delta_j = exp(alpha_j z_j) at which unit j flips, where alpha_j = 1/2 - y_j, Eq. (6)
 *  - flow K = mean over rows of sum_j delta_j, Eq. (8); the objective above the paper's Eq. 1
 *
 *  docs/math.md derives all of this, and explains the two couplings. */
#ifndef VPF_MODEL_H
#define VPF_MODEL_H

#include <vpf/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A layered Boltzmann machine: its shape and its parameters. Since 1.0. */
typedef struct vpf_model vpf_model;

/** How the layers of a machine of three or more layers are coupled (docs/math.md, sections 5 and 6). Since 1.0.
 *
 *  PAIRWISE, the usual choice: every two consecutive layers form a two-layer machine with biases of its own, and all of
 *  these are trained at the same time on the same states. This is what produced the paper's numbers: the layers above
 *  learn to predict the layers below.
 *  JOINT: one energy for all layers, as in the paper's text.
 *  With one or two layers the two are the same. */
typedef enum vpf_coupling { VPF_COUPLING_PAIRWISE = 0, VPF_COUPLING_JOINT = 1 } vpf_coupling;

/** Which bias of a layer. Since 1.0.
 *
 *  The two differ only in the middle layers of a pairwise machine: UP is the bias with which a layer is sampled from
 *  the layer below, DOWN the one with which it is sampled from the layer above. Everywhere else both names stand for
 *  the same vector. */
typedef enum vpf_bias { VPF_BIAS_UP = 0, VPF_BIAS_DOWN = 1 } vpf_bias;

/** @name Create, copy, destroy
 *  @{ */

/** Create a machine whose parameters are all zero. Since 1.0.
 *  @param[out] out       the new handle; destroy it with vpf_model_destroy()
 *  @param      sizes     [layers], the number of units of each layer, at least 1; sizes[0] is the visible layer
 *  @param      layers    1 .. 4096
 *  @param      intra     [layers]; non-zero gives the layer intra-layer weights. NULL: no layer has them
 *  @param      coupling  see vpf_coupling
 *  @retval VPF_ERR_ARGUMENT  out or sizes is NULL, layers is out of range, a layer has 0 units, or coupling is not a
 *                            vpf_coupling
 *  @retval VPF_ERR_LIMIT     more than 2^31 units, or more than 2^46 elements of W and U
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_model_create(vpf_model **out, const size_t *sizes, size_t layers,
                                    const uint8_t *intra, vpf_coupling coupling);

/** Draw the initial parameters (docs/math.md, Eq. (23)). Since 1.0.
 *
 *  W_i ~ N(0, 1) / sqrt(n_i n_{i+1}), U_i = (A + A^T) / 2 with zero diagonal, where A ~ N(0, 1) / n_i, and b = 0. The
 *  same seed gives the same bits on every computer.
 *  @param model  its parameters are replaced
 *  @param seed   any number
 *  @retval VPF_ERR_ARGUMENT  model is NULL */
VPF_API vpf_status vpf_model_init(vpf_model *model, uint64_t seed);

/** Choose all biases so that the machine starts from the data. Since 1.0.
 *
 *  Given the weights, each unit's field is then the log odds of its mean where its neighbours are at theirs: of a visible
 *  unit its mean over the rows, counted as (ones + 1/2) / (rows + 1); of a hidden unit 1/2 (docs/math.md, Eq. (23b)). With
 *  small weights, the machine is then as good as independent columns can be, where zero biases leave it to training to
 *  find the background first.
 *  @param model  changed in place; after vpf_model_init() or setting weights
 *  @param data   [rows x n_0], such as the training data; only the bits are used
 *  @retval VPF_ERR_ARGUMENT  model or data is NULL
 *  @retval VPF_ERR_SHAPE     data does not have n_0 columns
 *  @retval VPF_ERR_OVERFLOW  the weights are so large that a bias is no finite float; the message names layer and unit,
 *                            and nothing has changed
 *  @retval VPF_ERR_MEMORY    out of memory; nothing has changed */
VPF_API vpf_status vpf_model_init_biases(vpf_model *model, const vpf_data *data);

/** Make an independent copy. Since 1.0.
 *  @param[out] out    the new handle; destroy it with vpf_model_destroy()
 *  @param      model  what to copy
 *  @retval VPF_ERR_ARGUMENT  out or model is NULL
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_model_clone(vpf_model **out, const vpf_model *model);

/** Copy layers pair and pair+1 of a pairwise machine as a two-layer machine. Since 1.0.
 *
 *  It gets W_pair, the down bias of the lower layer, the up bias of the upper layer, the upper layer's U if there is
 *  one and, for pair 0, the visible layer's U as well. The copy is independent of the original. It makes everything
 *  that is defined for two layers (likelihoods, the energy, long chains by vpf_gibbs()) available for each pair of a
 *  deep machine; see docs/math.md, section 8. Pair 0 of a machine of two layers is a plain copy.
 *  @param[out] out    the new handle; destroy it with vpf_model_destroy()
 *  @param      model  pairwise, or two layers
 *  @param      pair   0 .. layers-2
 *  @retval VPF_ERR_ARGUMENT     out or model is NULL, or there is no such pair; a machine of one layer has none
 *  @retval VPF_ERR_UNSUPPORTED  a joint machine of three or more layers, whose pairs are not machines of their own
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_model_pair(vpf_model **out, const vpf_model *model, size_t pair);

/** Free a handle; NULL is allowed. Since 1.0. */
VPF_API void vpf_model_destroy(vpf_model *model);

/** @} @name Shape
 *  These accessors cannot fail. They return 0 for NULL and for a layer that does not exist.
 *  @{ */

/** Number of layers. Since 1.0. */
VPF_API size_t vpf_model_layers(const vpf_model *model);
/** Number of units of a layer. Since 1.0. */
VPF_API size_t vpf_model_layer_size(const vpf_model *model, size_t layer);
/** Number of units of all layers: the columns of rows of states, and the length of `clamped`. Since 1.0. */
VPF_API size_t vpf_model_units(const vpf_model *model);
/** 1 if the layer has intra-layer weights, 0 if not. Since 1.0. */
VPF_API int vpf_model_has_intra(const vpf_model *model, size_t layer);
/** The coupling given at creation; VPF_COUPLING_PAIRWISE for NULL. Since 1.0. */
VPF_API vpf_coupling vpf_model_get_coupling(const vpf_model *model);

/** @} @name Parameters
 *  Getters copy parameters out, setters replace them. A setter that fails changes nothing.
 *  @{ */

/** Read W_lower, the weights between layers lower and lower+1. Since 1.0.
 *  @param      model  what to read
 *  @param      lower  0 .. layers-2
 *  @param[out] out    [n_lower x n_{lower+1}]; element [i][j] joins unit i of layer lower to unit j of layer lower+1
 *  @retval VPF_ERR_ARGUMENT  model or out is NULL, or there are no such weights */
VPF_API vpf_status vpf_model_get_weights(const vpf_model *model, size_t lower, float *out);
/** Replace W_lower. Since 1.0.
 *  @param model  what to change
 *  @param lower  0 .. layers-2
 *  @param w      [n_lower x n_{lower+1}], finite
 *  @retval VPF_ERR_ARGUMENT  model or w is NULL, there are no such weights, or an element is NaN or infinite; the
 *                            message names its row and column */
VPF_API vpf_status vpf_model_set_weights(vpf_model *model, size_t lower, const float *w);

/** Read U_layer, the weights between the units of a layer. Since 1.0.
 *  @param      model  what to read
 *  @param      layer  a layer with intra-layer weights
 *  @param[out] out    [n_layer x n_layer], symmetric with zero diagonal
 *  @retval VPF_ERR_ARGUMENT  model or out is NULL, or the layer does not exist or has no intra-layer weights */
VPF_API vpf_status vpf_model_get_intra(const vpf_model *model, size_t layer, float *out);
/** Replace U_layer. Since 1.0.
 *  @param model  what to change
 *  @param layer  a layer with intra-layer weights
 *  @param u      [n_layer x n_layer], finite, exactly symmetric, with zero diagonal
 *  @retval VPF_ERR_ARGUMENT  model or u is NULL, the layer does not exist or has no intra-layer weights, or u is not
 *                            finite, symmetric or zero on its diagonal; the message names the row and column */
VPF_API vpf_status vpf_model_set_intra(vpf_model *model, size_t layer, const float *u);

/** Read a bias vector. Since 1.0.
 *  @param      model  what to read
 *  @param      layer  0 .. layers-1
 *  @param      role   which of the layer's biases; see vpf_bias
 *  @param[out] out    [n_layer]
 *  @retval VPF_ERR_ARGUMENT  model or out is NULL, there is no such layer, or role is not a vpf_bias */
VPF_API vpf_status vpf_model_get_bias(const vpf_model *model, size_t layer, vpf_bias role, float *out);
/** Replace a bias vector. Since 1.0.
 *  @param model  what to change
 *  @param layer  0 .. layers-1
 *  @param role   which of the layer's biases; see vpf_bias
 *  @param b      [n_layer], finite
 *  @retval VPF_ERR_ARGUMENT  model or b is NULL, there is no such layer, role is not a vpf_bias, or an element is NaN
 *                            or infinite; the message names its index */
VPF_API vpf_status vpf_model_set_bias(vpf_model *model, size_t layer, vpf_bias role, const float *b);

/** Number of free parameters, which is the length of the flat vector; 0 for NULL. Cannot fail. Since 1.0.
 *
 *  The flat order (docs/math.md, section 11). Pairwise: for each pair i the down bias of layer i, the up bias of layer
 *  i+1, W_i, U_0 (first pair only) and U_{i+1}. Joint: the biases by layer, then all W, then all U. One layer: the
 *  bias, then U_0. Each U is there only if the layer has one, as its strict upper triangle by rows. */
VPF_API size_t vpf_model_param_count(const vpf_model *model);
/** Read all parameters as one vector. Since 1.0.
 *  @param      model  what to read
 *  @param[out] out    [vpf_model_param_count()], in flat order
 *  @retval VPF_ERR_ARGUMENT  model or out is NULL */
VPF_API vpf_status vpf_model_get_params(const vpf_model *model, float *out);
/** Replace all parameters. Since 1.0.
 *  @param model  what to change
 *  @param theta  [vpf_model_param_count()], in flat order, finite
 *  @retval VPF_ERR_ARGUMENT  model or theta is NULL, or an element is NaN or infinite; the message names its index */
VPF_API vpf_status vpf_model_set_params(vpf_model *model, const float *theta);

/** @} @name Files
 *  Models are safetensors files, which NumPy, PyTorch and Rust read too. docs/file-format.md describes every byte.
 *  @{ */

/** Write a model to a file; the same model gives the same bytes. Since 1.0.
 *
 *  An existing file is replaced atomically: after a crash either the old or the new file is there, complete. It keeps
 *  its permissions, and its owner and group where the system lets them be given away; a file that may not be written to
 *  is not replaced. Symbolic links are followed. Anything that is no file stays what it is and is written to: a device,
 *  a pipe that some process reads, and what this process has open as /dev/stdout or /dev/fd/N, be it a file without a
 *  name. Writing then waits for the reader; a reader that has gone is an error, and no SIGPIPE is raised.
 *  docs/file-format.md has the details.
 *  @param model  what to write
 *  @param path   the file to create or replace
 *  @retval VPF_ERR_ARGUMENT  model or path is NULL
 *  @retval VPF_ERR_IO        the file cannot be written; the message gives the system's reason. The old file is
 *                            untouched unless only the very last step failed, syncing the folder; the message then says
 *                            so
 *  @retval VPF_ERR_LIMIT     the description of thousands of layers would not fit into the format's header of 4 MiB
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_model_save(const vpf_model *model, const char *path);

/** Read a model from a file. Since 1.0.
 *
 *  The file is not trusted: its structure, sizes and checksum are checked, and that parameters are finite and U
 *  symmetric. No memory is allocated on the word of an unchecked number.
 *  @param[out] out   the new handle; destroy it with vpf_model_destroy()
 *  @param      path  a regular file
 *  @retval VPF_ERR_ARGUMENT  out or path is NULL
 *  @retval VPF_ERR_IO        the file cannot be opened or read, or is not a regular file
 *  @retval VPF_ERR_FORMAT    not a model, damaged, saved again by another program (docs/file-format.md shows how to
 *                            import it), or of a later format; the message says what is wrong
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_model_load(vpf_model **out, const char *path);

/** @} @name The mathematics, open to tests and research
 *  `states` are rows that hold the bits of all units, layer after layer: n_0 + n_1 + ... = vpf_model_units() columns.
 *  @{ */

/** The energy E(y) of each row (docs/math.md, Eq. (1)). Since 1.0.
 *  @param      model       joint, or at most two layers
 *  @param      states      [rows x units]
 *  @param[out] out_energy  [rows]
 *  @retval VPF_ERR_ARGUMENT     an argument is NULL
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_SHAPE        states does not have one column for each unit
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_model_energy(const vpf_model *model, const vpf_data *states, double *out_energy);

/** The free energy F(x) = -log sum_h exp(-E(x, h)) of each row (docs/math.md, Eq. (29)). Since 1.0.
 *
 *  For a machine of one layer this is the energy. A single hidden layer without intra-layer weights, as in an RBM, is
 *  summed out in closed form; others as by vpf_log_likelihood(), which enumerates up to 25 units. It orders rows as
 *  log p(x) = -F(x) - log Z does and needs no log Z: an anomaly score, high where a row is improbable. Always finite.
 *  @param      model     joint, or at most two layers
 *  @param      visible   [rows x n_0]
 *  @param[out] out_free  [rows]; unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     an argument is NULL
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_SHAPE        visible does not have n_0 columns
 *  @retval VPF_ERR_LIMIT        more than 25 hidden units would have to be enumerated; the message has both numbers
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_model_free_energy(const vpf_model *model, const vpf_data *visible, double *out_free);

/** The probability flow K of fully specified states: mean over rows, without weight decay. Since 1.0.
 *
 *  docs/math.md, Eq. (8); the objective above Eq. 1 in the paper. For a pairwise machine it is the sum of the flows of
 *  its pairs.
 *  @param      model     any machine
 *  @param      states    [rows x units]
 *  @param[out] out_flow  K; unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  an argument is NULL
 *  @retval VPF_ERR_SHAPE     states does not have one column for each unit
 *  @retval VPF_ERR_OVERFLOW  some |z_j|/2 is above 80; the message names row, layer and unit
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_model_flow(const vpf_model *model, const vpf_data *states, double *out_flow);

/** The probability flow of each row: the sum over its units of their rates, Eq. (6) in docs/math.md. Since 1.0.
 *
 *  Eq. (8) before its mean over rows. The mean of out_flow is vpf_model_flow() but for rounding: that one adds rates as
 *  floats, this one as doubles. Rows far from all that a machine was trained on have a flow even where
 *  vpf_model_flow() gives up. vpf_model_infer() makes states of visible rows; the flow then depends on its draw of the
 *  hidden units.
 *  @param      model     any machine
 *  @param      states    [rows x units]
 *  @param[out] out_flow  [rows], at least 0; unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  an argument is NULL
 *  @retval VPF_ERR_SHAPE     states does not have one column for each unit
 *  @retval VPF_ERR_OVERFLOW  the flow of a row is not finite: some |z_j|/2 is above 709; the message names the row
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_model_flow_rows(const vpf_model *model, const vpf_data *states, double *out_flow);

/** The gradient dK/dtheta of vpf_model_flow(), without weight decay. Since 1.0.
 *
 *  docs/math.md, Eq. (9) and (10); the paper's Eq. 1 and 2 are its negative.
 *  @param      model         any machine
 *  @param      states        [rows x units]
 *  @param[out] out_gradient  [vpf_model_param_count()], in flat order; unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  an argument is NULL
 *  @retval VPF_ERR_SHAPE     states does not have one column for each unit
 *  @retval VPF_ERR_OVERFLOW  some |z_j|/2 is above 80; the message names row, layer and unit
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_model_flow_gradient(const vpf_model *model, const vpf_data *states, float *out_gradient);

/** Infer the hidden units by one bottom-up E-step (docs/math.md, Eq. (19) and (20)). Since 1.0.
 *
 *  Each hidden layer is drawn from Bernoulli(sigmoid(W^T h_below + b_up)). A layer with intra-layer weights is then
 *  swept once in a fixed order (paper, Eq. 5) before the next layer is drawn. With a single layer the result is a copy
 *  of the visible rows. For the same seed these are the hidden units that vpf_train() draws in its first epoch on the
 *  same rows and parameters, if the options of the E-step have their defaults.
 *  @param      model       any machine
 *  @param      visible     [rows x n_0]
 *  @param      seed        any number
 *  @param[out] out_states  [rows x units], a new handle; destroy it with vpf_data_destroy()
 *  @retval VPF_ERR_ARGUMENT  model, visible or out_states is NULL
 *  @retval VPF_ERR_SHAPE     visible does not have n_0 columns
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_model_infer(const vpf_model *model, const vpf_data *visible, uint64_t seed,
                                   vpf_data **out_states);

/** Run Gibbs chains: single-site updates in a fixed order, layer by layer from the bottom. Since 1.0.
 *
 *  It leaves the machine's distribution, given the clamped units, unchanged (docs/math.md, section 7).
 *  @param      model       joint, or at most two layers
 *  @param      states      [rows x units], where the chains start, one per row
 *  @param      clamped     [units]; a unit that is non-zero here keeps its bit. NULL: no unit is clamped
 *  @param      sweeps      how often each free unit is drawn anew; 0 gives a copy
 *  @param      seed        to continue a chain, give each call another seed
 *  @param[out] out_states  [rows x units], where the chains end, a new handle; destroy it with vpf_data_destroy()
 *  @retval VPF_ERR_ARGUMENT     model, states or out_states is NULL
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_SHAPE        states does not have one column for each unit
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_gibbs(const vpf_model *model, const vpf_data *states, const uint8_t *clamped,
                             size_t sweeps, uint64_t seed, vpf_data **out_states);

/** Run the chains of vpf_gibbs() and record their energy after every thin-th of draws x thin sweeps. Since 1.0.
 *
 *  Chains whose energy has not settled have not mixed; vpf_chain_diagnostics() measures that.
 *  @param      model       joint, or at most two layers
 *  @param      states      [rows x units], where the chains start, one per row
 *  @param      clamped     [units]; a unit that is non-zero here keeps its bit. NULL: no unit is clamped
 *  @param      draws       how many energies to record along each chain, at least 1
 *  @param      thin        sweeps from one to the next, at least 1
 *  @param      seed        to continue a chain, give each call another seed
 *  @param[out] out_energy  [rows x draws], E(y) as computed by vpf_model_energy()
 *  @param[out] out_states  what vpf_gibbs() returns for draws x thin sweeps, a new handle; may be NULL
 *  @retval VPF_ERR_ARGUMENT     model, states or out_energy is NULL, or draws or thin is 0
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_SHAPE        states does not have one column for each unit
 *  @retval VPF_ERR_LIMIT        draws x thin does not fit a size_t
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_gibbs_trace(const vpf_model *model, const vpf_data *states, const uint8_t *clamped,
                                   size_t draws, size_t thin, uint64_t seed, double *out_energy,
                                   vpf_data **out_states);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
