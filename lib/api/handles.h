/* SPDX-License-Identifier: MIT */
/* What is behind the handles. Only files in this folder include it. */
#ifndef VPFI_API_HANDLES_H
#define VPFI_API_HANDLES_H

#include <vpf.h>

#include "bm/field.h"
#include "learn/learner.h"

struct vpf_data {
  size_t rows, cols;
  size_t words;       /* 64-bit words of a row */
  uint64_t *bits;     /* [rows x words] */
  uint8_t *levels;    /* [rows x cols] grey levels, or NULL */
  uint64_t first_row; /* where it begins in the data it was sliced from */
};

struct vpf_model {
  vpfi_shape shape;
  vpfi_params params;
};

struct vpf_optimizer {
  vpfi_learner learner;
};

/* A new data set of zero bits without levels; NULL with the error text set. */
vpf_data *vpfi_data_new(size_t rows, size_t cols, uint64_t first_row);

/* A new data set of these states as rows of all units. VPF_ERR_MEMORY. */
vpf_status vpfi_return_states(const vpf_model *model, const vpfi_states *states, uint64_t first_row,
                              vpf_data **out_states);

/* *settings: those given (NULL: all defaults, with default_betas), checked as far as that goes without
 * a model. VPF_ERR_ARGUMENT. */
vpf_status vpfi_read_ais_settings(const char *function, const vpf_ais_settings *given, size_t default_betas,
                                  vpf_ais_settings *settings);

/* VPF_ERR_ARGUMENT, VPF_ERR_LIMIT unless there can be so many chains of so many steps. */
vpf_status vpfi_check_chains(const char *function, size_t count, size_t steps);

/* How many numbers of steps generation takes: one for each pair of layers, or for the only layer. */
size_t vpfi_step_counts(const vpf_model *model);

/* So many equal ones, to be given back with vpfi_free(); NULL without memory. */
size_t *vpfi_even_steps(const vpf_model *model, size_t steps);

/* One row of states whose bits say which units of the first `layers` layers are clamped (bytes that
 * are not 0); without memory, bits NULL, if clamped is NULL. VPF_ERR_MEMORY. */
vpf_status vpfi_clamp_init(vpfi_states *mask, const vpf_model *model, const uint8_t *clamped, size_t layers);

vpfi_machine vpfi_machine_of(const vpf_model *model);

/* The same for so many draws of layers: with tables where they pay, to be cleared by the caller in any case.
 * VPF_ERR_MEMORY. */
vpf_status vpfi_machine_for(vpfi_machine *machine, vpfi_tables *tables, const vpf_model *model, size_t draws);

/* VPF_ERR_ARGUMENT "<function>: <name> is NULL". */
vpf_status vpfi_null(const char *function, const char *name);

/* VPF_ERR_SHAPE unless data has exactly `wanted` columns; `what` says what those are. */
vpf_status vpfi_check_columns(const vpf_data *data, size_t wanted, const char *what);

/* VPF_ERR_ARGUMENT for a number of steps that is 0 or needs more than 32 bits of draws. */
vpf_status vpfi_check_steps(const char *function, size_t steps);

/* VPF_ERR_UNSUPPORTED for a pairwise model of three or more layers. */
vpf_status vpfi_check_has_energy(const char *function, const vpf_model *model);

/* VPF_ERR_SHAPE, with both shapes, if the learner is bound to another shape than the model's. */
vpf_status vpfi_check_bound(const vpfi_learner *learner, const vpf_model *model);

#endif
