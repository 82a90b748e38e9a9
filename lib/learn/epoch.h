/* SPDX-License-Identifier: MIT */
/* The training loop (Algorithm 1). */
#ifndef VPFI_LEARN_EPOCH_H
#define VPFI_LEARN_EPOCH_H

#include <vpf/train.h>

#include "bm/flow.h"
#include "learn/learner.h"
#include "learn/update.h"

/* The visible rows to train on. */
typedef struct vpfi_training_data {
  const uint64_t *bits; /* [rows x words of layer 0] */
  vpfi_data_id id;
} vpfi_training_data;

/* All memory of one vpf_train(), so that nothing can fail for want of it after the first step. */
typedef struct vpfi_trainer {
  vpfi_learner *learner;
  const vpfi_kernels *kernels;
  vpfi_params *params;
  vpfi_training_data data;
  vpf_method method;     /* of all epochs of this vpf_train() */
  vpfi_batch batch;
  size_t batch_rows;     /* data rows of a minibatch, unless fewer are left */
  size_t *order;         /* [rows] */
  vpfi_states ahead;     /* rows of the minibatch after this one, from row ahead_cursor of the epoch; none if 0 rows */
  size_t ahead_cursor;
  vpfi_tables tables;    /* for E-steps of all rows; all NULL where they do not pay */
  vpfi_tile_peak *tile_peaks; /* [batch.n_tiles] */
  vpfi_sums batch_sums;  /* of the minibatch just done */
  double *report;        /* what vpf_progress points into */
  vpfi_states new_sample; /* memory for an E-step, if the learner's own does not fit */
  bool has_new_sample;
  vpfi_states new_particles; /* the same for the chains of PCD */
  bool has_new_particles;
  float peak;            /* largest magnitude of parameters and moments */
} vpfi_trainer;

/* Check, bind the learner if it is new, and allocate. Learner and params are unchanged on failure
 * (but for the binding). VPF_ERR_STATE, VPF_ERR_UNSUPPORTED, VPF_ERR_MEMORY. */
vpf_status vpfi_trainer_init(vpfi_trainer *trainer, vpfi_learner *learner, vpfi_params *params,
                             const vpfi_training_data *data);
void vpfi_trainer_clear(vpfi_trainer *trainer);

/* Train until `epochs` more epochs have ended, or progress or divergence stops it. */
vpf_status vpfi_trainer_run(vpfi_trainer *trainer, size_t epochs, vpf_progress_fn progress, void *user);

#endif
