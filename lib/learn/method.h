/* SPDX-License-Identifier: MIT */
/* What the rest of the library sees of a method of learning. Each is a file method_<name>.c with one vpfi_method, and a
 * line in methods.h. Nothing outside those files asks which method it is. */
#ifndef VPFI_LEARN_METHOD_H
#define VPFI_LEARN_METHOD_H

#include "bm/flow.h"
#include "learn/learner.h"
#include "num/tensor.h"

typedef struct vpfi_trainer vpfi_trainer;

/* What an epoch needs besides its rows. */
typedef struct vpfi_needs {
  vpfi_estep_plan plan;        /* how hidden states are drawn */
  size_t chains;               /* rows of a minibatch for chains, after its data rows */
  vpfi_order order;            /* of a minibatch's planes */
  vpfi_gradient_form gradient;
  bool mean_field;             /* room for means of hidden units (learn/positive.h) */
  bool transposed;             /* W^T must follow W in every step, because something draws from above */
} vpfi_needs;

/* What a method keeps from one minibatch to the next, in learner->kept[method]: NULL until there is something. It stays
 * there while another method is in use. */
typedef struct vpfi_keeper {
  const char *name; /* in messages; list() names the tensors "optimizer.<name>.*" after it */

  /* Allocate what the coming epochs need if `kept` is not it, so that nothing can fail after the first step; *fresh is
   * NULL if `kept` will do. VPF_ERR_MEMORY. */
  vpf_status (*prepare)(const vpfi_learner *learner, const void *kept, void **fresh);
  /* At the beginning of an epoch: initialize what was prepared, which replaces `kept`. */
  void (*start)(vpfi_trainer *trainer, void *fresh, const void *kept);
  void (*destroy)(void *kept); /* accepts NULL */

  /* In a checkpoint: whole numbers, all 0 if nothing is kept, and tensors. */
  size_t n_numbers;
  void (*pack)(const void *kept, uint64_t *numbers);
  /* From untrusted numbers: *kept without memory for its tensors, or NULL if nothing was kept. VPF_ERR_FORMAT if they
   * are impossible, VPF_ERR_MEMORY. */
  vpf_status (*unpack)(const uint64_t *numbers, void **kept);
  /* How many tensors there are beyond vpfi_most_kept_tensors(shape); NULL: none. */
  size_t (*more_tensors)(const void *kept);
  /* Append to the list, at most that many; returns how many. Before allocate(), data is NULL. */
  size_t (*list)(void *kept, const vpfi_shape *shape, vpfi_tensor *list);
  vpf_status (*allocate)(void *kept, const vpfi_shape *shape);
  bool (*is_clean)(const void *kept, const vpfi_shape *shape); /* vpfi_states_are_clean() */
} vpfi_keeper;

static inline size_t vpfi_most_kept_tensors(const vpfi_shape *shape) {
  return shape->n_planes[VPFI_ORDER_APART];
}

typedef struct vpfi_method {
  const char *name;

  /* Whether a machine of this shape can be trained by this method with the current options. VPF_ERR_UNSUPPORTED. */
  vpf_status (*check)(const vpfi_learner *learner, const vpfi_shape *shape);

  /* What the running epoch, or else the next one, needs. batch_rows: data rows of a minibatch. */
  vpfi_needs (*needs)(const vpfi_learner *learner, size_t batch_rows);

  /* The gradient of one minibatch. trainer->batch has data rows with their hidden layers drawn; the method leaves gains
   * for all rows, its chains too, and batch->flow and batch->total of the data rows. *bound: no entry of the gradient,
   * mean over data rows, is larger. False and *where if a field is out of range, or false and trainer->failed; only the
   * batch has then changed. */
  bool (*gradient)(vpfi_trainer *trainer, double *bound, vpfi_overflow *where);

  /* After the step with that gradient: keep what else has moved. first_chain: its row in the batch. NULL: nothing. A
   * method that grows may fail: the minibatch is then done, and training stops. VPF_ERR_LIMIT, VPF_ERR_MEMORY. */
  vpf_status (*accept)(vpfi_trainer *trainer, size_t first_chain);

  /* Whether nothing in the gradient is left to chance, so that of all rows can be had at the average of the parameters,
   * from vpfi_batch_rates() alone. NULL: never. */
  bool (*gradient_is_exact)(const vpfi_learner *learner);

  const vpfi_keeper *keeper; /* NULL if it keeps nothing */

  /* Whether the unfinished epoch of a checkpoint can have begun with this plan and what is kept. */
  bool (*can_resume)(const vpfi_learner *learner);
} vpfi_method;

/* Method number k < VPFI_N_METHODS, and the number of the method of the running epoch, or else of the next one. */
const vpfi_method *vpfi_method_at(size_t k);
vpf_method vpfi_method_now(const vpfi_learner *learner);

/* The plan of the running epoch, or else the one of the options. */
vpfi_estep_plan vpfi_plan_now(const vpfi_learner *learner, vpfi_estep_plan of_options);

#endif
