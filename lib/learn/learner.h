/* SPDX-License-Identifier: MIT */
/* Everything that training remembers except the parameters: what a vpf_optimizer is, and what a checkpoint
 * must hold for a resumed run to give the same bits. */
#ifndef VPFI_LEARN_LEARNER_H
#define VPFI_LEARN_LEARNER_H

#include "bm/centre.h"
#include "bm/gibbs.h"
#include "bm/params.h"
#include "bm/states.h"
#include "learn/methods.h"
#include "learn/options.h"
#include "num/tensor.h"

/* The data that a hidden sample belongs to. */
typedef struct vpfi_data_id {
  uint64_t rows, cols, first_row, checksum;
} vpfi_data_id;

/* How the hidden sample of an epoch is drawn; fixed during the epoch. */
typedef struct vpfi_estep_plan {
  vpfi_estep estep;
  size_t samples;  /* for each row */
  uint64_t period; /* in epochs; 0: in every minibatch, and nothing is kept */
} vpfi_estep_plan;

/* Sums over rows, of a minibatch or of the epoch so far. */
typedef struct vpfi_sums {
  double *flow;     /* [n_roles] */
  double *on;       /* [n_layers] units that were on */
  double rows;      /* of states: data rows times samples */
  uint64_t batches; /* minibatches of the epoch; of one minibatch, and by vpfi_sums_add(), not counted */
} vpfi_sums;

typedef struct vpfi_learner {
  double option[VPFI_N_OPTIONS];
  uint64_t seed;
  vpf_stop last_stop;
  bool busy; /* inside vpf_train() */

  bool bound; /* to shape, by the first training; what follows exists only then */
  vpfi_shape shape;
  vpfi_params moment1, moment2; /* Adam's m and v; SGD's u is moment1 */
  double beta1_power, beta2_power; /* beta^t, t counting the steps since the moments were zero */
  double rate_scale; /* a factor on the learning rate, by the method: 1 unless it sets it in gradient() */
  float **offset;        /* [n_roles]: [width] of the centred gradient */
  uint64_t offset_steps; /* how often they have followed a minibatch */
  vpfi_params average;   /* running average of the parameters; without memory while there is none */
  uint64_t average_steps; /* steps since it began; 0: there is none */

  vpfi_params gradient;  /* sum of the gradients of the epoch's minibatches; without memory where not measured */
  double gradient_squares; /* sum of their squared norms */

  uint64_t epochs;       /* epochs ended */
  bool inside;           /* an epoch has begun but not ended */
  size_t cursor;         /* how many of its rows are done */
  uint64_t epoch_seed;   /* this and epoch_shuffle: fixed when it began, whatever the options say now */
  bool epoch_shuffle;
  vpf_method method;
  vpfi_estep_plan plan;  /* its E-step */
  vpfi_data_id data;     /* its data */
  vpfi_sums sums;

  bool has_sample;       /* there are hidden states for every row of data */
  vpfi_states sample;    /* without the visible plane, which is the data */
  vpfi_estep_plan sample_plan;
  vpfi_data_id sample_data;
  uint64_t sample_epoch; /* number of epochs ended when it was drawn */

  void *kept[VPFI_N_METHODS]; /* what each method keeps (vpfi_keeper), or NULL */
} vpfi_learner;

void vpfi_learner_init(vpfi_learner *learner); /* the paper preset, unbound */
void vpfi_learner_clear(vpfi_learner *learner);

/* Allocate what depends on the shape; the learner is unchanged on failure. */
vpf_status vpfi_learner_bind(vpfi_learner *learner, const vpfi_shape *shape);

/* Free that again: the learner is as new, except for options, seed and last_stop. */
void vpfi_learner_unbind(vpfi_learner *learner);

/* Replace what method number k keeps; the old is destroyed. */
void vpfi_learner_keep(vpfi_learner *learner, size_t k, void *kept);

/* Whether gradients are summed, and freeing that memory. */
bool vpfi_learner_sums_gradients(const vpfi_learner *learner);
void vpfi_learner_drop_gradients(vpfi_learner *learner);

/* Whether there is memory for an average, and freeing it. */
bool vpfi_learner_averages(const vpfi_learner *learner);
void vpfi_learner_drop_average(vpfi_learner *learner);

/* Forget the moments, after a change of rule. */
void vpfi_learner_reset_moments(vpfi_learner *learner);

/* Memory for the hidden sample of `rows` data rows (zeroed), without the visible plane. */
vpf_status vpfi_sample_init(vpfi_states *sample, const vpfi_shape *shape, const vpfi_estep_plan *plan, size_t rows);

vpf_status vpfi_sums_init(vpfi_sums *sums, const vpfi_shape *shape);
void vpfi_sums_zero(vpfi_sums *sums, const vpfi_shape *shape);
void vpfi_sums_add(vpfi_sums *sums, const vpfi_shape *shape, const vpfi_sums *more);
void vpfi_sums_clear(vpfi_sums *sums);

bool vpfi_data_id_equal(const vpfi_data_id *a, const vpfi_data_id *b);

/* Append the planes of states from `first` on as "optimizer.<what>.<plane>", [rows x words]; returns how many. If the
 * states have no memory yet, the tensors have no data either. */
size_t vpfi_list_planes(vpfi_tensor *list, const char *what, const vpfi_states *states, const vpfi_shape *shape,
                        vpfi_order order, size_t first);

#endif
