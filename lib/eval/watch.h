/* SPDX-License-Identifier: MIT */
/* The likelihoods found during training, and a copy of the best machine so far: what a vpf_monitor is. */
#ifndef VPFI_EVAL_WATCH_H
#define VPFI_EVAL_WATCH_H

#include "eval/log_p.h"

typedef struct vpfi_check {
  size_t epoch;
  vpf_likelihood likelihood;
} vpfi_check;

typedef struct vpfi_watch {
  vpfi_annealing annealing; /* without rows: the checked ones serve instead */
  double *temperatures;     /* a copy, or NULL */
  size_t patience;
  size_t count, room;
  vpfi_check *checks; /* [room] */
  size_t best;        /* index into checks, once there is one */
  vpfi_shape shape;   /* of the best machine, once there is one */
  vpfi_params params;
} vpfi_watch;

/* Copies the temperatures. VPF_ERR_MEMORY; *watch can be cleared even then. */
vpf_status vpfi_watch_init(vpfi_watch *watch, const vpfi_annealing *annealing, size_t patience);
void vpfi_watch_clear(vpfi_watch *watch);

/* Estimate the likelihood of the rows, and keep a copy of the machine if it is the best so far. Errors are those of
 * vpfi_estimate_likelihood(); *watch is then unchanged. */
vpf_status vpfi_watch_check(vpfi_watch *watch, const char *function, const vpfi_shape *shape, const vpfi_params *params,
                            const vpfi_rows *validation, size_t epoch);

/* Whether the last `patience` checks have found nothing better. */
bool vpfi_watch_is_over(const vpfi_watch *watch);

#endif
