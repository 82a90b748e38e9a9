/* SPDX-License-Identifier: MIT */
/* The truth about small machines, by brute force in long double.
 *
 * Written from the definitions (docs/math.md; the paper, Eq. 1 to 5) over parameters read through
 * the public getters, and sharing no code with the library. A state of all units is an array of
 * bytes 0 or 1; a state of few units is also an integer, unit k being bit k. */
#ifndef VPF_TESTS_ENUMERATE_H
#define VPF_TESTS_ENUMERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vpf.h>

enum { BRUTE_MAX_LAYERS = 5 };

typedef struct brute_machine {
  size_t layers;
  size_t size[BRUTE_MAX_LAYERS];
  size_t first[BRUTE_MAX_LAYERS]; /* number of its first unit among all units */
  size_t units;
  bool pairwise;                       /* coupling asked for */
  long double *w[BRUTE_MAX_LAYERS];    /* [size[i] x size[i+1]] between layers i and i+1 */
  long double *u[BRUTE_MAX_LAYERS];    /* [size[i] x size[i]], or NULL */
  long double *up[BRUTE_MAX_LAYERS];   /* [size[i]] */
  long double *down[BRUTE_MAX_LAYERS]; /* [size[i]] */
} brute_machine;

brute_machine *brute_read(const vpf_model *model);
void brute_free(brute_machine *machine);

/* The documented flat order: where parameter k lives. An intra-layer weight stands twice in its
 * matrix, a bias that is up and down at once in two vectors: `twin` is then not NULL. */
typedef struct brute_parameter {
  long double *value, *twin;
} brute_parameter;

size_t brute_parameter_count(const brute_machine *machine);
brute_parameter brute_parameter_at(const brute_machine *machine, size_t k);

/* E(y) = - sum over edges w_ij y_i y_j - sum b_i y_i; joint, or at most two layers. */
long double brute_energy(const brute_machine *machine, const uint8_t *y);

/* K of one row. Pairwise: every pair of layers is a two-layer machine of its own. */
long double brute_flow(const brute_machine *machine, const uint8_t *y);
long double brute_mean_flow(const brute_machine *machine, const uint8_t *rows, size_t n_rows);

/* dK/dtheta, flat: central differences of brute_mean_flow() for parameter k, and, for machines
 * where that would take too long, the derivative of each rate written out. */
long double brute_difference(const brute_machine *machine, const uint8_t *rows, size_t n_rows, size_t k);
void brute_gradient(const brute_machine *machine, const uint8_t *rows, size_t n_rows, long double *out);

void brute_unpack(uint64_t state, size_t units, uint8_t *y);
uint64_t brute_pack(const uint8_t *y, size_t units);

/* exp(-E) / Z of all 2^units states; to be freed. */
long double *brute_distribution(const brute_machine *machine);

/* log sum over all hidden states of exp(-E(x, h)). */
long double brute_log_sum_hidden(const brute_machine *machine, const uint8_t *x);

/* Push a distribution p [2^units] through one sweep: every unit that is not clamped, in ascending
 * order, is drawn from its conditional distribution (from differences of energies). */
void brute_gibbs_sweep(const brute_machine *machine, const uint8_t *clamped, long double *p);

/* The distribution of the *procedure* of inference for visible x: each layer drawn unit by unit
 * from the one below, then, where it has U, swept. [2^hidden units]; to be freed. */
long double *brute_inference(const brute_machine *machine, const uint8_t *x, size_t sweeps);

/* log(1 + exp(z)) and 1 / (1 + exp(-z)). */
long double brute_softplus(long double z);
long double brute_sigmoid(long double z);

#endif
