/* SPDX-License-Identifier: MIT */
/** @file ladder.h
 *  vpf_ladder: samples and log Z of RBMs that Gibbs sampling does not mix.
 *
 *  A trained RBM has modes between which Gibbs sampling takes longer than anyone can wait. A ladder is a chain of machines
 *  that leads from independent units, whose samples and log Z are exact, to the machine, each so near to the next that
 *  samples of the two can be exchanged (parallel tempering). Its rungs are machines of the line between the two and, if
 *  one asks for it during training, machines that the training has passed through (Béreux, Decelle, Furtlehner and Seoane,
 *  "Parallel trajectory tempering", arXiv:2607.27077). docs/math.md, section 16.
 *
 *  @code
 *  vpf_ladder *ladder = NULL;
 *  vpf_data *states = NULL;
 *  vpf_ladder_report report = {.struct_size = sizeof report};
 *  vpf_status s = vpf_ladder_create(&ladder, model, data, NULL);
 *  if (!s) s = vpf_ladder_save(ladder, "rbm-ladder.safetensors");
 *  if (!s) s = vpf_ladder_sample(ladder, NULL, 1000, 500, 1, &states, &report);
 *  if (!s) printf("log Z %.2f +- %.2f, R-hat %.3f\n", report.log_z, report.log_z_stderr, report.split_rhat);
 *  @endcode
 *
 *  A ladder finds the modes that grow out of its lower rungs, and neither acceptance nor R-hat tells of others. The report
 *  therefore has a rigorous bound of log Z and says if log_z is below it (`disagree`); vpf_ais() with data has a better one.
 *
 *  For machines of two layers without intra-layer weights. */
#ifndef VPF_LADDER_H
#define VPF_LADDER_H

#include <vpf/likelihood.h>
#include <vpf/optimizer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Machines that lead from independent units to a trained one, with equilibrium samples of each. Since 1.0. */
typedef struct vpf_ladder vpf_ladder;

/** How a ladder is built. Set struct_size; 0 in any other field means the default. Since 1.0. */
typedef struct vpf_ladder_settings {
  size_t struct_size; /**< sizeof(vpf_ladder_settings), set by the caller */
  size_t chains;      /**< chains with which the samples of a rung are made, 2 .. 2^24; 0: 100 */
  size_t reservoir;   /**< samples that each rung keeps, chains .. 2^24; 0: ten times `chains` */
  double acceptance;  /**< with which rungs are placed: the mean probability that samples of neighbours are exchanged,
                           0.01 .. 0.99; 0: 0.3 */
  size_t most_rungs;  /**< 2 .. 4096; 0: 1000 */
  uint64_t seed;      /**< any number */
} vpf_ladder_settings;

/** One rung. Since 1.0. */
typedef struct vpf_ladder_rung_report {
  size_t struct_size;          /**< sizeof(vpf_ladder_rung_report), set by the caller */
  double log_z;                /**< log Z of its machine, nats: exact for rung 0, then by Bennett's acceptance ratio from
                                    the rung below */
  double log_z_stderr;         /**< its standard error, if all samples were independent; 0 for rung 0; HUGE_VAL if samples
                                    of two rungs up to this one do not overlap at all */
  double acceptance;           /**< mean probability of exchanges with the rung below; 1 for rung 0 */
  double autocorrelation_time; /**< in sweeps, while its samples were made; 0 for rung 0 */
} vpf_ladder_rung_report;

/** What vpf_ladder_sample() has seen. Since 1.0. */
typedef struct vpf_ladder_report {
  size_t struct_size;          /**< sizeof(vpf_ladder_report), set by the caller */
  size_t rungs;                /**< including the given model */
  double log_z;                /**< log Z of the machine at the top, nats, by Bennett's acceptance ratio over all rungs, from
                                    the second half of the sweeps */
  double log_z_stderr;         /**< its standard error, from the spread over chains; HUGE_VAL for a single one, or if states
                                    of two neighbours do not overlap at all. Too small where split_rhat is not near 1, since
                                    all chains begin at samples of the same pools */
  double acceptance_mean;      /**< mean probability of an exchange, over all neighbours */
  double acceptance_least;     /**< the same of the pair that has the least */
  size_t acceptance_rung;      /**< the lower rung of that pair */
  double arrivals;             /**< how often a state has come from the first rung to the top, in all chains together */
  double round_trips;          /**< how often such a state has come back to the first rung. If it is far below `count`, take
                                    more sweeps */
  double split_rhat;           /**< split R-hat of the energies of the chains at the top, see vpf_chain_report; may be
                                    HUGE_VAL as there */
  double autocorrelation_time; /**< of the same, in sweeps */
  double log_z_bound;          /**< a rigorous lower bound of log Z by mean field (docs/math.md, Eq. (37c)), from starts that
                                    need no data and from some of the states */
  int disagree;                /**< 1: log_z is more than 0.2 nats below log_z_bound, so modes have certainly been missed: the
                                    samples do not have them either; else 0 */
} vpf_ladder_report;

/** @name Build
 *  @{ */

/** Build a ladder from independent units to a model. Since 1.0.
 *
 *  Rungs are placed on the straight line between the two by bisection, so that exchanges are accepted as often as the
 *  settings ask for. The model itself is the last rung. Each rung's samples are made with chains that are exchanged with
 *  the samples of the rung below, for 20 autocorrelation times before the first is taken.
 *  @param[out] out       the new handle; destroy it with vpf_ladder_destroy()
 *  @param      model     two layers without intra-layer weights
 *  @param      base      [rows x n_0], data whose means the independent units have; only the bits are used. Give it
 *                        wherever there are data: modes of the model are found only if they grow out of the rungs below.
 *                        NULL: each unit has the field that it has where all units of the other layer are on half of the
 *                        time
 *  @param      settings  NULL: all defaults
 *  @retval VPF_ERR_ARGUMENT     out or model is NULL, struct_size is too small, or a setting is out of range or from a
 *                               later release; the message says which
 *  @retval VPF_ERR_UNSUPPORTED  a machine of other than two layers, or with intra-layer weights
 *  @retval VPF_ERR_SHAPE        base does not have n_0 columns
 *  @retval VPF_ERR_LIMIT        more than most_rungs rungs are needed
 *  @retval VPF_ERR_OVERFLOW     the parameters are so large that log Z is not finite
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_ladder_create(vpf_ladder **out, const vpf_model *model, const vpf_data *base,
                                     const vpf_ladder_settings *settings);

/** A copy of the ladder that training by VPF_METHOD_PTT has built: its rungs are copies of the model from that training,
 *  and log Z of each is known. Since 1.0.
 *
 *  vpf_ladder_append() leads it on to the model as it is now, and so gives log Z of that; after a hundred copies, as a low
 *  estimate (docs/evaluation.md).
 *  @param      optimizer  one that has been used with VPF_METHOD_PTT
 *  @param[out] out        the new handle; destroy it with vpf_ladder_destroy()
 *  @retval VPF_ERR_ARGUMENT  optimizer or out is NULL
 *  @retval VPF_ERR_STATE     it has no ladder
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_ladder_of_optimizer(vpf_ladder **out, const vpf_optimizer *optimizer);

/** Let a ladder go on to another model of the same shape, as to a model in training from a progress function. Since 1.0.
 *
 *  As long as samples of the last rung and of the model would be exchanged less often than the settings ask for, a rung is
 *  placed on the line between them. Called every few minibatches, this keeps machines that training has passed through;
 *  most calls then add nothing.
 *  @param      ladder     what to extend; unchanged on failure
 *  @param      model      two layers of the ladder's sizes
 *  @param      itself     not 0: the model then becomes the last rung, unless it is that already
 *  @param[out] out_added  the number of new rungs; may be NULL, and is unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  ladder or model is NULL
 *  @retval VPF_ERR_SHAPE     the model has another shape
 *  @retval VPF_ERR_LIMIT     more than most_rungs rungs are needed
 *  @retval VPF_ERR_OVERFLOW  the parameters are so large that log Z is not finite
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_ladder_append(vpf_ladder *ladder, const vpf_model *model, int itself, size_t *out_added);

/** Free a ladder; NULL is allowed. Since 1.0. */
VPF_API void vpf_ladder_destroy(vpf_ladder *ladder);

/** @} @name Look
 *  @{ */

/** Number of rungs, at least 1; 0 for NULL. Cannot fail. Since 1.0. */
VPF_API size_t vpf_ladder_rungs(const vpf_ladder *ladder);

/** log Z of a rung, and how well it is joined to the one below. Since 1.0.
 *  @param      ladder  what to read
 *  @param      rung    0 .. vpf_ladder_rungs()-1
 *  @param[out] out     unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  ladder or out is NULL, struct_size is too small, or there is no such rung */
VPF_API vpf_status vpf_ladder_rung(const vpf_ladder *ladder, size_t rung, vpf_ladder_rung_report *out);

/** A copy of the machine of a rung. Since 1.0.
 *  @param      ladder  what to read
 *  @param      rung    0 .. vpf_ladder_rungs()-1
 *  @param[out] out     a new handle; destroy it with vpf_model_destroy()
 *  @retval VPF_ERR_ARGUMENT  ladder or out is NULL, or there is no such rung
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_ladder_model(const vpf_ladder *ladder, size_t rung, vpf_model **out);

/** @} @name Sample
 *  @{ */

/** Sample a machine by parallel tempering over all rungs of a ladder. Since 1.0.
 *
 *  `count` independent sets of chains, each with one chain on every rung, begin at the samples that the rungs keep. In every
 *  sweep the first rung is drawn exactly, neighbours are exchanged, pairs that begin at an even and at an odd rung taking
 *  turns, and all others take a Gibbs step (docs/math.md, Eq. (41)). Time and memory grow with count x rungs.
 *  @param      ladder      from vpf_ladder_create(); read only
 *  @param      model       a machine of the same shape, to be one more rung; NULL: the last rung's machine
 *  @param      count       number of states
 *  @param      sweeps      4 .. 2^28 - 1
 *  @param      seed        any number
 *  @param[out] out_states  [count x units], a new handle; destroy it with vpf_data_destroy(). May be NULL
 *  @param[out] out         what has been seen, its struct_size set by the caller; may be NULL. Unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  ladder is NULL, count is 0, sweeps is out of range, or struct_size is too small
 *  @retval VPF_ERR_SHAPE     the model has another shape
 *  @retval VPF_ERR_LIMIT     count is 2^47 or more
 *  @retval VPF_ERR_OVERFLOW  the parameters are so large that log Z or an energy is not finite
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_ladder_sample(const vpf_ladder *ladder, const vpf_model *model, size_t count, size_t sweeps,
                                     uint64_t seed, vpf_data **out_states, vpf_ladder_report *out);

/** @} @name Files
 *  @{ */

/** Write a ladder to a file; the same ladder gives the same bytes. Since 1.0.
 *
 *  As vpf_model_save(); docs/file-format.md describes the file.
 *  @param ladder  what to write
 *  @param path    the file to create or replace
 *  @retval VPF_ERR_ARGUMENT  ladder or path is NULL
 *  @retval VPF_ERR_IO        the file cannot be written; the message gives the system's reason. The old file is untouched
 *                            unless only the very last step failed, syncing the folder; the message then says so
 *  @retval VPF_ERR_LIMIT     the description of thousands of rungs would not fit into the format's header of 4 MiB
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_ladder_save(const vpf_ladder *ladder, const char *path);

/** Read a ladder from a file, which need not be trusted. Since 1.0.
 *
 *  What is read behaves as what was saved: the same samples, the same rungs.
 *  @param[out] out   the new handle; destroy it with vpf_ladder_destroy()
 *  @param      path  a file by vpf_ladder_save()
 *  @retval VPF_ERR_ARGUMENT  out or path is NULL
 *  @retval VPF_ERR_IO        the file cannot be opened or read
 *  @retval VPF_ERR_FORMAT    it is not a ladder, or is damaged; the message says how
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_ladder_load(vpf_ladder **out, const char *path);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
