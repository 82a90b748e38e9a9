/* SPDX-License-Identifier: MIT */
/** @file train.h
 *  The training loop (paper, Algorithm 1), its progress, and checkpoints. */
#ifndef VPF_TRAIN_H
#define VPF_TRAIN_H

#include <vpf/model.h>
#include <vpf/optimizer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a progress function is called for. Since 1.0. */
typedef enum vpf_progress_event { VPF_PROGRESS_EPOCH = 0, VPF_PROGRESS_BATCH = 1 } vpf_progress_event;

/** How training is getting on; valid only during the call. Numbers of an epoch are averages
 *  over its minibatches, taken while the parameters move. Since 1.0. */
typedef struct vpf_progress {
  size_t struct_size;        /**< sizeof(vpf_progress) of the library */
  vpf_progress_event event;  /**< the end of an epoch, or of a minibatch */
  vpf_stop stop;             /**< NONE while training goes on; EPOCHS at the last epoch of this call */
  size_t epoch;              /**< this epoch, from 1, counted over the optimizer's life */
  size_t epochs;             /**< the epoch with which this vpf_train() will end */
  size_t batch;              /**< minibatches of this epoch done, from 1 to batches */
  size_t batches;            /**< minibatches of this epoch */
  size_t rows;               /**< data rows of this epoch done */
  double flow;               /**< K: mean over rows of the sum of rates; of this epoch or this minibatch.
                                  CD and PCD do not follow it: it is there to be compared */
  size_t pairs;              /**< length of the next two; layers - 1, and 1 for a one-layer model */
  const double *flow_lower;  /**< [pairs] part of K from the lower (for pair 0: visible) layer of each pair */
  const double *flow_upper;  /**< [pairs] part from the upper (hidden) layer. Joint: the visible part is
                                  flow_lower[0], that of layer i is flow_upper[i-1], the rest is 0 */
  size_t layers;             /**< length of activity */
  const double *activity;    /**< [layers] mean of the states of each layer, 0..1 */
  double rho;                /**< sparsity of W_0, see vpf_weight_metrics(); 0 for one layer; at epochs only */
  double w2;                 /**< mean squared weight norm of a unit of layer 1; 0 for one layer; at epochs only */
  double seconds;            /**< wall time of this epoch within this vpf_train() */
  double images_per_second;  /**< data rows over that time */
  double total_seconds;      /**< wall time of this vpf_train(), whatever earlier ones took */
} vpf_progress;

/** Called in the thread that called vpf_train(). Non-zero stops after this minibatch or epoch,
 *  which is no error. It may read model and optimizer, save them and set options; it must not
 *  train with, change or destroy either (only training with the same optimizer is checked), and it must
 *  return: a longjmp() or a C++ exception out of it leaves the optimizer unusable. Since 1.0. */
typedef int (*vpf_progress_fn)(const vpf_progress *progress, void *user);

/** Train: for every epoch an E-step (a hidden sample for each row) and one pass of minibatch
 *  updates (paper, Algorithm 1), or passes of contrastive divergence (see vpf_method).
 *
 *  epochs counts ends of epochs: if the last run was stopped inside an epoch, that epoch is
 *  finished first and counts as one. So train(4), a stop inside the fifth, and train(6) give
 *  the same bits as train(10). 0 epochs do nothing. A short last minibatch is trained and
 *  divided by its own size. Results do not depend on the number of threads.
 *
 *  The hidden sample belongs to the data (rows, columns, first row and checksum). Other data
 *  at an epoch boundary is fine and forces an E-step.
 *
 *  @param model      changed in place; initialise it first, vpf_model_init()
 *  @param data       [rows x n_0]; only its bits are used
 *  @param optimizer  bound to the shape of the first model it trains
 *  @param epochs     how many to finish
 *  @param progress   NULL, or called after every epoch (and minibatch, VPF_OPTION_PROGRESS_BATCHES)
 *  @param user       handed to progress
 *  @return VPF_ERR_SHAPE   data or model do not fit (both shapes are in the message);
 *          VPF_ERR_STATE   other data inside an epoch, or called from its own progress function;
 *          VPF_ERR_UNSUPPORTED  method or E-step do not go with this family of model;
 *          VPF_ERR_MEMORY  before the first step: nothing has changed;
 *          VPF_ERR_DIVERGED  some |z|/2 went above 80 or a parameter would stop being finite.
 *            Model and optimizer are as before the failing minibatch: finite, fit to be saved
 *            and gone on with. If the parameters are already too large, that minibatch fails
 *            again whatever the rate: go back to an earlier checkpoint, with a smaller rate. The
 *            message names epoch, minibatch, layer and unit. Since 1.0. */
VPF_API vpf_status vpf_train(vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer,
                             size_t epochs, vpf_progress_fn progress, void *user);

/** Write a model and its optimizer to one file, replaced atomically, also in the middle of an
 *  epoch. @return VPF_ERR_SHAPE if the optimizer is bound to another shape; VPF_ERR_IO. Since 1.0. */
VPF_API vpf_status vpf_checkpoint_save(const vpf_model *model, const vpf_optimizer *optimizer,
                                       const char *path);

/** Read them back; going on with the same data gives the bits of a run that was never stopped.
 *  The file is not trusted. @return as vpf_model_load(); on failure both are NULL. Since 1.0. */
VPF_API vpf_status vpf_checkpoint_load(vpf_model **out_model, vpf_optimizer **out_optimizer,
                                       const char *path);

#ifdef __cplusplus
}
#endif
#endif
