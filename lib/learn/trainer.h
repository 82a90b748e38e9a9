/* SPDX-License-Identifier: MIT */
/* Everything one vpf_train() works with, so that nothing can fail for lack of memory after the first step. */
#ifndef VPFI_LEARN_TRAINER_H
#define VPFI_LEARN_TRAINER_H

#include "learn/method.h"
#include "learn/positive.h"
#include "learn/update.h"

/* The visible rows to train on. */
typedef struct vpfi_training_data {
  const uint64_t *bits; /* [rows x words of layer 0] */
  vpfi_data_id id;
} vpfi_training_data;

struct vpfi_trainer {
  vpfi_learner *learner;
  vpfi_params *params;
  vpfi_machine machine;  /* of these parameters, without tables */
  vpfi_training_data data;
  vpf_method number;     /* of the method, the same for all epochs of this vpf_train() */
  const vpfi_method *method;
  vpfi_needs needs;
  void *fresh;           /* what the method has prepared but not yet started with, or NULL */
  vpfi_batch batch;
  vpfi_centre centre;    /* batch.centre, if the gradient is centred */
  vpfi_positive positive; /* where the method needs mean field */
  bool *roles;           /* [2 x n_roles]: the roles that are drawn first in a Gibbs step, then the others */
  size_t batch_rows;     /* data rows of a minibatch; the last may have fewer */
  size_t *order;         /* [rows] */
  vpfi_states ahead;     /* the minibatch after this one, from row ahead_cursor of the epoch on; 0 rows: not fetched */
  size_t ahead_cursor;
  vpfi_tables tables;    /* for E-steps of all rows; all NULL where they do not pay off */
  vpfi_tile_peak *tile_peaks; /* [batch.n_tiles] */
  bool measured;         /* the minibatch has its flow and total; methods that do not need them may leave that out */
  vpfi_sums batch_sums;  /* of the last minibatch that was measured */
  double *report;        /* what vpf_progress points into */
  vpfi_states new_sample; /* memory for an E-step if the learner's own does not fit */
  bool has_new_sample;
  float peak;            /* largest magnitude among parameters and moments */
  vpf_status failed;     /* why a method's gradient() is false, if no field is out of range */
};

/* Check and allocate. The learner, which must be bound, and params are unchanged on failure.
 * VPF_ERR_STATE, VPF_ERR_UNSUPPORTED, VPF_ERR_MEMORY. */
vpf_status vpfi_trainer_init(vpfi_trainer *trainer, vpfi_learner *learner, vpfi_params *params,
                             const vpfi_training_data *data);
void vpfi_trainer_clear(vpfi_trainer *trainer);

#endif
