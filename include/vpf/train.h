/* SPDX-License-Identifier: MIT */
/** @file train.h
 *  The training loop (paper, Algorithm 1), its progress reports, and checkpoints. */
#ifndef VPF_TRAIN_H
#define VPF_TRAIN_H

#include <vpf/model.h>
#include <vpf/optimizer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a progress function is called for: the end of an epoch, or of a minibatch. Since 1.0. */
typedef enum vpf_progress_event { VPF_PROGRESS_EPOCH = 0, VPF_PROGRESS_BATCH = 1 } vpf_progress_event;

/** How far training has come; valid only while the progress function runs. Since 1.0.
 *
 *  The figures of an epoch are averages over its minibatches, taken while the parameters were changing. */
typedef struct vpf_progress {
  size_t struct_size;        /**< sizeof(vpf_progress) of the library */
  vpf_progress_event event;  /**< the end of an epoch, or of a minibatch */
  vpf_stop stop;             /**< NONE while training continues; EPOCHS at the last epoch of this vpf_train(), CONVERGED
                                  if it ends because of VPF_OPTION_TOLERANCE */
  size_t epoch;              /**< this epoch, counted from 1 over the optimizer's life */
  size_t epochs;             /**< the epoch at whose end this vpf_train() will return */
  size_t batch;              /**< minibatches of this epoch that are done, 1 .. batches */
  size_t batches;            /**< minibatches in this epoch */
  size_t rows;               /**< data rows of this epoch that are done */
  double flow;               /**< K, the mean over rows of the sum of rates, of this epoch or this minibatch. CD and PCD
                                  do not minimise it; they report it for comparison, and measure it and the
                                  activity in every eighth minibatch only. The last measured, for the others */
  size_t pairs;              /**< length of the next two arrays: layers - 1, or 1 for a machine of one layer */
  const double *flow_lower;  /**< [pairs], the part of K from the lower layer of each pair (visible, for pair 0) */
  const double *flow_upper;  /**< [pairs], the part of K from the upper layer. In a joint machine flow_lower[0] is the
                                  visible layer's part, flow_upper[i-1] that of layer i, and the rest is 0 */
  size_t layers;             /**< length of activity */
  const double *activity;    /**< [layers], the fraction of each layer's units that are on, 0 .. 1 */
  double rho;                /**< sparsity of W_0, see vpf_weight_metrics(); 0 for minibatches and for one layer */
  double w2;                 /**< mean squared weight norm of a unit of layer 1; 0 in the same cases */
  double seconds;            /**< wall time that this vpf_train() has spent on this epoch */
  double images_per_second;  /**< data rows done in that time, divided by it */
  double total_seconds;      /**< wall time of this vpf_train(), without any earlier ones */
  double gradient;           /**< at the end of an epoch with VPF_OPTION_TOLERANCE above 0: the Euclidean norm of the mean of
                                  its minibatches' gradients, weight decay included (of the centred parameters, where the
                                  gradient is centred). VPF without hidden units, with an average: that of all rows at the
                                  average. Else NaN */
  double gradient_noise;     /**< how large that would be by chance, if the true gradient were 0: the standard error of the
                                  mean, from the scatter of the minibatches; NaN where gradient is, or with 1 minibatch */
} vpf_progress;

/** A progress function; it returns 0 to continue, anything else to stop after this minibatch or epoch. Since 1.0.
 *
 *  Stopping is not an error. The function is called in the thread that called vpf_train(). It may read the model and
 *  the optimizer, save them and set options. It must not change or destroy either, nor train with them (of which only
 *  training with the same optimizer is checked).
 *
 *  It should return. A longjmp() out of it abandons the training: its memory is lost, and the optimizer answers every
 *  vpf_train() with VPF_ERR_STATE. It can still be read, saved and destroyed; what is loaded again trains on. The model is
 *  as if the function had stopped the training, and no other handle has changed. An exception of C++ must not leave the
 *  function, as there may be nothing in C to unwind it: vpf::train() of vpf.hpp catches it, stops, and throws it again. */
typedef int (*vpf_progress_fn)(const vpf_progress *progress, void *user);

/** Train a model (paper, Algorithm 1; docs/math.md, sections 4, 7 and 11). Since 1.0.
 *
 *  An epoch of VPF consists of an E-step, which draws a hidden sample for each row (or keeps an earlier one, see
 *  VPF_OPTION_ESTEP_PERIOD), and one pass of minibatch updates over the data. An epoch of CD or PCD is the pass alone;
 *  see vpf_method.
 *
 *  `epochs` counts the ends of epochs. If the last run was stopped inside an epoch, that one is finished first and
 *  counts: training 4 epochs, stopping inside the fifth and training 6 gives the same bits as training 10. 0 epochs do
 *  nothing. A short last minibatch is trained as well, its gradient divided by its own size. Results do not depend on
 *  the number of threads.
 *
 *  The hidden sample belongs to the data, identified by their rows, columns, first row and a checksum. Between epochs
 *  the data may be exchanged for others, which forces an E-step.
 *  @param model      changed in place; give it initial parameters first, with vpf_model_init()
 *  @param data       [rows x n_0]; only the bits are used
 *  @param optimizer  bound to the shape of the first model that it trains
 *  @param epochs     how many epochs to finish
 *  @param progress   called after every epoch, and minibatch if VPF_OPTION_PROGRESS_BATCHES says so; may be NULL
 *  @param user       passed to progress
 *  @retval VPF_ERR_ARGUMENT     model, data or optimizer is NULL
 *  @retval VPF_ERR_SHAPE        data does not have n_0 columns, or the optimizer is bound to another shape; the message
 *                               gives both
 *  @retval VPF_ERR_STATE        an unfinished epoch needs other data, or the call comes from the optimizer's own
 *                               progress function
 *  @retval VPF_ERR_UNSUPPORTED  of machines of three or more layers: CD or PCD with a joint one that has intra-layer
 *                               weights, or the Gibbs E-step with a pairwise one
 *  @retval VPF_ERR_MEMORY       all memory is allocated before the first step, so nothing has changed
 *  @retval VPF_ERR_DIVERGED     VPF: a unit disagreed with a field of which |z|/2 is above 80, so that its rate would
 *                               overflow. Any method: a parameter would no longer be finite. The message names epoch,
 *                               minibatch, layer and unit. The work of earlier minibatches is kept: model and
 *                               optimizer are as they were before the one that failed, inside the same epoch, finite,
 *                               and fit to be saved and trained on. If the parameters are already too large, that
 *                               minibatch fails again at any learning rate: go back to an earlier checkpoint and use a
 *                               smaller rate */
VPF_API vpf_status vpf_train(vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer,
                             size_t epochs, vpf_progress_fn progress, void *user);

/** Write a model and its optimizer to one file, in the middle of an epoch too. Since 1.0.
 *
 *  An existing file is replaced atomically, as by vpf_model_save().
 *  @param model      what to write
 *  @param optimizer  never used, or bound to the shape of the model
 *  @param path       the file to create or replace
 *  @retval VPF_ERR_ARGUMENT  an argument is NULL
 *  @retval VPF_ERR_SHAPE     the optimizer is bound to another shape; the message gives both
 *  @retval VPF_ERR_IO        the file cannot be written; the message gives the system's reason. The old file is
 *                            untouched unless only the very last step failed, syncing the folder; the message then says
 *                            so
 *  @retval VPF_ERR_LIMIT     the description of thousands of layers would not fit into the format's header of 4 MiB
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_checkpoint_save(const vpf_model *model, const vpf_optimizer *optimizer,
                                       const char *path);

/** Read a model and its optimizer from a checkpoint. Since 1.0.
 *
 *  Training continues on the same data with the bits of a run that was never stopped. The file is not trusted: every
 *  part of it is checked, as by vpf_model_load(). On failure both handles are NULL.
 *  @param[out] out_model      a new handle; destroy it with vpf_model_destroy()
 *  @param[out] out_optimizer  a new handle; destroy it with vpf_optimizer_destroy()
 *  @param      path           a regular file
 *  @retval VPF_ERR_ARGUMENT  an argument is NULL
 *  @retval VPF_ERR_IO        the file cannot be opened or read, or is not a regular file
 *  @retval VPF_ERR_FORMAT    not a checkpoint, damaged, or of a later format; the message says what is wrong
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_checkpoint_load(vpf_model **out_model, vpf_optimizer **out_optimizer,
                                       const char *path);

#ifdef __cplusplus
}
#endif
#endif
