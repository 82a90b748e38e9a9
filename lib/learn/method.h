/* SPDX-License-Identifier: MIT */
/* What a method of learning is to the rest of the library. Each is a file method_<name>.c with one vpfi_method, and a
 * line in methods.h. Nothing outside those files asks which method it is. */
#ifndef VPFI_LEARN_METHOD_H
#define VPFI_LEARN_METHOD_H

#include "bm/flow.h"
#include "learn/learner.h"
#include "num/tensor.h"

typedef struct vpfi_trainer vpfi_trainer;

/* What an epoch needs beside its rows. */
typedef struct vpfi_needs {
  vpfi_estep_plan plan;        /* how hidden states are drawn */
  size_t chains;               /* rows of a minibatch for chains, after those for data */
  vpfi_order order;            /* of the planes of a minibatch */
  vpfi_gradient_form gradient;
  bool transposed;             /* W^T at every step: something draws from above */
} vpfi_needs;

/* What a method keeps from one minibatch to the next: learner->kept[method], which stays while another method is in
 * use. NULL there: nothing yet. */
typedef struct vpfi_keeper {
  const char *name; /* of its tensors, "optimizer.<name>.*", and in messages */

  /* Memory for what the coming epochs need and `kept` is not, so that nothing can fail after the first step; *fresh NULL
   * if kept will do. VPF_ERR_MEMORY. */
  vpf_status (*prepare)(const vpfi_learner *learner, const void *kept, void **fresh);
  /* At the beginning of an epoch: begin with what was prepared, which takes the place of `kept`. */
  void (*start)(vpfi_trainer *trainer, void *fresh, const void *kept);
  void (*destroy)(void *kept); /* takes NULL */

  /* In a checkpoint: whole numbers, those of nothing being 0, and tensors. */
  size_t n_numbers;
  void (*pack)(const void *kept, uint64_t *numbers);
  /* From numbers that are not trusted: *kept without memory for its tensors, NULL for nothing. VPF_ERR_FORMAT if they
   * cannot be, VPF_ERR_MEMORY. */
  vpf_status (*unpack)(const uint64_t *numbers, void **kept);
  /* Append to the list, at most VPFI_MOST_KEPT_TENSORS(shape); returns how many. Before allocate(), data is NULL. */
  size_t (*list)(void *kept, const vpfi_shape *shape, vpfi_tensor *list);
  vpf_status (*allocate)(void *kept, const vpfi_shape *shape);
  bool (*is_clean)(const void *kept, const vpfi_shape *shape); /* vpfi_states_are_clean() */
} vpfi_keeper;

static inline size_t vpfi_most_kept_tensors(const vpfi_shape *shape) {
  return shape->n_planes[VPFI_ORDER_APART];
}

typedef struct vpfi_method {
  const char *name;

  /* Whether the machine can be trained in this way with the options as they are. VPF_ERR_UNSUPPORTED. */
  vpf_status (*check)(const vpfi_learner *learner, const vpfi_shape *shape);

  /* What the epoch that is running, or comes next, needs. batch_rows: data rows of a minibatch. */
  vpfi_needs (*needs)(const vpfi_learner *learner, size_t batch_rows);

  /* The gradient of one minibatch: from trainer->batch with its data rows, hidden states drawn if the plan has a sample,
   * to gains of all its rows, and batch->flow and batch->total of the data rows. *bound: no entry of the gradient, mean
   * over data rows, is larger. False and *where if a field leaves its range: only the batch has then changed. */
  bool (*gradient)(vpfi_trainer *trainer, double *bound, vpfi_overflow *where);

  /* The step with that gradient was made: keep what else has moved. first_chain: the row of the batch. NULL: nothing. */
  void (*accept)(vpfi_trainer *trainer, size_t first_chain);

  const vpfi_keeper *keeper; /* NULL: it keeps nothing */

  /* Whether an epoch of a checkpoint can have begun with the plan and what is kept. */
  bool (*can_resume)(const vpfi_learner *learner);
} vpfi_method;

/* Method number k < VPFI_N_METHODS; of the epoch that is running, or comes next. */
const vpfi_method *vpfi_method_at(size_t k);
vpf_method vpfi_method_now(const vpfi_learner *learner);

/* The plan of the epoch that is running, or else this one. */
vpfi_estep_plan vpfi_plan_now(const vpfi_learner *learner, vpfi_estep_plan of_options);

#endif
