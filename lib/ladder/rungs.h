/* SPDX-License-Identifier: MIT */
/* A ladder of machines of two layers: the first is independent units, of which samples and log Z are exact, and each is so
 * near to the next that samples of the two can be exchanged (Béreux et al. 2026). Each rung is a machine with a pool of
 * its equilibrium samples.
 *
 * What counts of a sample is its visible units: hidden ones are summed out for exchanges, and drawn again afterwards. */
#ifndef VPFI_LADDER_RUNGS_H
#define VPFI_LADDER_RUNGS_H

#include "bm/workspace.h"
#include "num/tensor.h"

typedef struct vpfi_rung {
  vpfi_params params;
  vpfi_states pool;    /* [plan.pool] equilibrium samples; their hidden bits are of no use */
  double *free_energy; /* [plan.pool]: of the samples, in this machine */
  double numbers[4];   /* by the names below */
} vpfi_rung;

enum {
  VPFI_RUNG_LOG_Z,
  VPFI_RUNG_LOG_Z_ERROR,
  VPFI_RUNG_ACCEPTANCE, /* of exchanges with the rung below; 1 for the first */
  VPFI_RUNG_TIME,       /* sweeps of an autocorrelation time while its pool was made; 0 for the first */
  VPFI_RUNG_NUMBERS
};

typedef struct vpfi_ladder_plan {
  size_t chains;     /* that a pool is made with */
  size_t pool;       /* samples, at least as many */
  size_t most;       /* rungs */
  double acceptance; /* with which rungs are placed */
  uint64_t seed;
} vpfi_ladder_plan;

typedef struct vpfi_ladder {
  vpfi_shape shape;
  vpfi_ladder_plan plan;
  uint64_t time;   /* sweeps so far, which number the draws */
  size_t count;
  vpfi_rung *rung; /* [plan.most], of which `count` are there */
} vpfi_ladder;

/* Whether a machine of this shape can have a ladder: two layers without U, so that both can be summed out. */
bool vpfi_ladder_supports(const vpfi_shape *shape);

/* Without rungs. VPF_ERR_MEMORY; *ladder is then all zero. */
vpf_status vpfi_ladder_init(vpfi_ladder *ladder, const vpfi_shape *shape, const vpfi_ladder_plan *plan);
void vpfi_ladder_clear(vpfi_ladder *ladder);
vpf_status vpfi_ladder_copy(vpfi_ladder *ladder, const vpfi_ladder *from);

/* Room for one more rung, not yet counted; its parameters are 0. VPF_ERR_LIMIT, VPF_ERR_MEMORY. */
vpf_status vpfi_ladder_grow(vpfi_ladder *ladder);

/* Forget rungs from `count` on, and the one that vpfi_ladder_grow() has made room for. */
void vpfi_ladder_cut(vpfi_ladder *ladder, size_t count);

/* Make the first rung, for which there is room (vpfi_ladder_grow()): independent units with these biases [size of each
 * layer], which may stand in the scratch's threshold and field. */
void vpfi_ladder_begin(vpfi_ladder *ladder, const float *visible, const float *hidden, vpfi_scratch *scratch);

/* Biases of independent units for vpfi_ladder_begin(): visible ones like the rows, with half a row added with the unit on
 * and half a row with it off, and hidden ones that the machine has at those means. bits: [rows x words of layer 0], or
 * NULL: the visible biases are the fields that the machine has where every hidden unit is on half of the time. */
void vpfi_ladder_base(const vpfi_shape *shape, const vpfi_params *params, const uint64_t *bits, size_t rows,
                      float *visible, float *hidden);

/* A rung's machine, without tables. */
vpfi_machine vpfi_rung_machine(const vpfi_ladder *ladder, size_t rung);

/* Whether the last rung has exactly these parameters. */
bool vpfi_ladder_ends_with(const vpfi_ladder *ladder, const vpfi_params *params);

/* F(x), Eq. (29), of the visible units that scratch sees. */
double vpfi_free_energy_seen(const vpfi_machine *machine, vpfi_scratch *scratch);

/* Set the free energies of a rung's pool. scratch: of one thread. */
void vpfi_rung_set_free_energies(vpfi_ladder *ladder, size_t rung, vpfi_scratch *scratch);

/* Parameters on the line from one machine, t = 0, to another, t = 1; *to must have been initialized. */
void vpfi_params_between(vpfi_params *to, const vpfi_shape *shape, const vpfi_params *a, const vpfi_params *b, double t);

/* What is written of a ladder's rungs, "<prefix>.<rung>.weight" and so on: VPFI_RUNG_TENSORS for each. */
enum { VPFI_RUNG_TENSORS = 5 };
size_t vpfi_ladder_list(vpfi_ladder *ladder, const char *prefix, vpfi_tensor *list);

/* The same names and sizes for a ladder of `count` rungs whose memory is not there yet. */
size_t vpfi_ladder_list_sizes(const vpfi_shape *shape, const vpfi_ladder_plan *plan, size_t count, const char *prefix,
                              vpfi_tensor *list);

/* After rungs have been read from an untrusted file: whether no value is impossible. */
bool vpfi_ladder_is_sound(const vpfi_ladder *ladder);

/* Then, make what is not in the file: transposes, bounds and free energies. */
void vpfi_ladder_complete(vpfi_ladder *ladder, vpfi_scratch *scratch);

#endif
