/* SPDX-License-Identifier: MIT */
/* What is behind the handles, and checks that several entry points share. Only files in this folder include it. */
#ifndef VPFI_API_HANDLES_H
#define VPFI_API_HANDLES_H

#include <stdatomic.h>
#include <vpf.h>

#include "bm/workspace.h"
#include "data/rows.h"
#include "eval/annealing.h"
#include "eval/watch.h"
#include "ladder/rungs.h"
#include "learn/learner.h"

struct vpf_data {
  vpfi_rows rows;
  _Atomic(uint64_t) *checksum; /* 0 until first asked for; allocated by itself, as the handle is const by then */
};

struct vpf_model {
  vpfi_shape shape;
  vpfi_params params;
};

struct vpf_optimizer {
  vpfi_learner learner;
};

struct vpf_ladder {
  vpfi_ladder ladder;
};

struct vpf_monitor {
  vpfi_watch watch;
};

/* A new handle for these rows, which it takes over, even on failure. VPF_ERR_MEMORY. */
vpf_status vpfi_data_wrap(vpf_data **out, vpfi_rows *rows);

/* A new handle for a copy of this machine. VPF_ERR_MEMORY. */
vpf_status vpfi_model_copy(vpf_model **out, const vpfi_shape *shape, const vpfi_params *params);

/* A new handle for the states of a workspace, as rows of all units. VPF_ERR_MEMORY. */
vpf_status vpfi_return_states(const vpfi_workspace *work, uint64_t first_row, vpf_data **out);

/* vpfi_rows_checksum(), computed once for each handle. */
uint64_t vpfi_data_checksum(const vpf_data *data);

/* vpfi_workspace_begin() for a model. */
vpf_status vpfi_begin(vpfi_workspace *work, const vpf_model *model, size_t rows, size_t draws);

/* VPF_ERR_ARGUMENT: "<function>: <name> is NULL". */
vpf_status vpfi_null(const char *function, const char *name);

/* VPF_ERR_SHAPE unless data has exactly `wanted` columns; `what` says what those are. */
vpf_status vpfi_check_columns(const vpf_data *data, size_t wanted, const char *what);

/* The same for rows of visible units, and for rows of all units. */
vpf_status vpfi_check_visible(const vpf_model *model, const vpf_data *data);
vpf_status vpfi_check_states(const vpf_model *model, const vpf_data *states);

/* VPF_ERR_ARGUMENT unless the model has this layer, or weights above it. */
vpf_status vpfi_check_layer(const char *function, const vpf_model *model, size_t layer);
vpf_status vpfi_check_weights(const char *function, const vpf_model *model, size_t lower);

/* VPF_ERR_UNSUPPORTED for a pairwise model of three or more layers. */
vpf_status vpfi_check_has_energy(const char *function, const vpf_model *model);

/* VPF_ERR_SHAPE, naming both shapes, if the learner is bound to a shape other than the model's. */
vpf_status vpfi_check_bound(const vpfi_learner *learner, const vpf_model *model);

/* VPF_ERR_ARGUMENT if the number of steps is 0, or so large that its draws cannot be numbered in 32 bits. */
vpf_status vpfi_check_steps(const char *function, size_t steps);

/* VPF_ERR_ARGUMENT or VPF_ERR_LIMIT unless there can be this many chains of this many steps. */
vpf_status vpfi_check_chains(const char *function, size_t count, size_t steps);

/* VPF_ERR_ARGUMENT, naming row and column (only the column if rows is 1), unless all of [rows x cols] are in [0, 1]. */
vpf_status vpfi_check_unit_interval(const char *function, const char *name, const float *values, size_t rows,
                                    size_t cols);

/* Checked arguments of generation: a number of steps for each pair of layers (or for the only layer), and a prior. */
typedef struct vpfi_generation {
  size_t *steps;
  size_t most; /* the largest of them */
  float *prior_field;
} vpfi_generation;

/* each: [pairs], or NULL: `steps` for all. Must be ended even on failure. VPF_ERR_ARGUMENT, VPF_ERR_LIMIT,
 * VPF_ERR_MEMORY. */
vpf_status vpfi_generation_begin(const char *function, vpfi_generation *generation, const vpf_model *model,
                                 size_t count, const size_t *each, size_t steps, const float *prior);
void vpfi_generation_end(vpfi_generation *generation);

/* Chains and betas of vpf_ais() where they are 0. */
extern const vpf_ais_settings vpfi_ais_defaults;

/* *annealing: the given settings, checked as far as is possible without a model; chains and betas that are 0 are those of
 * vpf_ais(), or of `without` if no settings are given. VPF_ERR_ARGUMENT. */
vpf_status vpfi_read_annealing(const char *function, const vpf_ais_settings *given, const vpf_ais_settings *without,
                               vpfi_annealing *annealing);

#endif
