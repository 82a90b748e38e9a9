/* SPDX-License-Identifier: MIT */
/* The shape of a layered machine: layers, roles, joins, and the flat order of its parameters.
 *
 * A *role* is a layer together with one bias and the inputs that its local field sums:
 *
 *   z = bias + W_below^T (bits below) + W_above (bits above) + U (own bits)
 *
 * A joint machine has one role for each layer. A pairwise machine has two roles for each pair: its
 * lower layer (input from above only) and its upper layer (input from below only), so a middle
 * layer has two roles, with two biases. Everything that computes fields, flows and gradients walks
 * over roles and need not know the coupling (docs/math.md, "Roles"). */
#ifndef VPFI_BM_SHAPE_H
#define VPFI_BM_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vpf/model.h>

#include "num/kernels.h"

#define VPFI_NONE ((size_t)-1)
enum { VPFI_MAX_LAYERS = 4096 };

typedef struct vpfi_layer {
  size_t size;       /* units */
  size_t width;      /* size rounded up to VPFI_KERNEL_LANES: floats in a padded row of this layer */
  size_t words;      /* 64-bit words in one row of its bits */
  size_t first;      /* index of its first unit in a row of all units */
  size_t first_draw; /* the same with padded layers; numbers the units for random draws */
  bool intra;
  size_t up, down;   /* its roles when sampled from below and from above; may be the same */
} vpfi_layer;

typedef struct vpfi_role {
  size_t layer;
  size_t below; /* W_below joins it to layer-1, or VPFI_NONE */
  size_t above; /* W_above joins it to layer+1, or VPFI_NONE */
  bool intra;   /* U of its layer is summed (and trained) in this role */
  size_t pair;  /* where its flow is reported: progress.flow_lower or flow_upper [pair] */
  bool lower;
  size_t plane[3]; /* the plane that holds its bits, by vpfi_order */
} vpfi_role;

/* W_i joins layers i and i+1; these are the two roles in which it is trained. */
typedef struct vpfi_join {
  size_t lower_role; /* sees W_i as `above` */
  size_t upper_role; /* sees W_i as `below` */
} vpfi_join;

typedef enum vpfi_block_kind { VPFI_BLOCK_BIAS, VPFI_BLOCK_WEIGHTS, VPFI_BLOCK_INTRA } vpfi_block_kind;

/* A stretch of the flat parameter vector. */
typedef struct vpfi_block {
  vpfi_block_kind kind;
  size_t index;  /* role of a bias, lower layer of weights, layer of intra-layer weights */
  size_t offset; /* into the flat vector */
  size_t count;
} vpfi_block;

/* A *state* is the value of all units of a row. It is kept as *planes*, the bits of one layer each.
 * Normally there is one plane for each layer, with the layer's number. A middle layer of a pairwise
 * machine can have two: one as the upper layer of the pair below, and an extra one as the lower layer
 * of the pair above. In the unswept order, layers with U do: the pair below sees them swept, the pair
 * above as they were before the sweep. In the order APART, all middle layers do: every pair is sampled on
 * its own (the negative phase of contrastive divergence). Each order has the planes of the one before,
 * under the same numbers. */
typedef enum vpfi_order { VPFI_ORDER_SWEPT = 0, VPFI_ORDER_UNSWEPT = 1, VPFI_ORDER_APART = 2 } vpfi_order;

typedef struct vpfi_shape {
  size_t n_layers;
  size_t widest; /* the greatest width of a layer */
  vpf_coupling coupling;
  vpfi_layer *layer; /* [n_layers] */
  size_t n_roles;
  vpfi_role *role; /* [n_roles] */
  size_t n_joins;  /* n_layers - 1 */
  vpfi_join *join; /* [n_joins] */
  size_t n_blocks;
  vpfi_block *block; /* [n_blocks], in flat order */
  size_t n_planes[3];  /* by vpfi_order */
  size_t *plane_layer; /* [n_planes[VPFI_ORDER_APART]] */
  size_t units;        /* of all layers: columns of a row of states */
  size_t pairs;      /* length of progress.flow_lower */
  size_t param_count;
} vpfi_shape;

/* VPF_ERR_ARGUMENT, VPF_ERR_LIMIT or VPF_ERR_MEMORY; *shape is then all zero. */
vpf_status vpfi_shape_init(vpfi_shape *shape, const size_t *sizes, size_t layers, const uint8_t *intra,
                           vpf_coupling coupling);
vpf_status vpfi_shape_copy(vpfi_shape *shape, const vpfi_shape *from);
/* Layers pair and pair+1 of a pairwise or two-layer machine, as a machine of their own. */
vpf_status vpfi_shape_pair(vpfi_shape *shape, const vpfi_shape *from, size_t pair);
void vpfi_shape_clear(vpfi_shape *shape);
/* Whether a role is drawn in the first half of a Gibbs step: the lower role of a pair; in a joint machine every other layer,
 * from the visible one on. */
bool vpfi_role_is_lower(const vpfi_shape *shape, size_t role);
bool vpfi_shape_equal(const vpfi_shape *a, const vpfi_shape *b);

/* Write "784-196+-64 pairwise" (+ marks intra-layer weights) into text, cut off at size; returns text. */
char *vpfi_shape_describe(const vpfi_shape *shape, char *text, size_t size);

/* Whether there is one energy over all units: joint, or at most two layers. */
bool vpfi_shape_has_energy(const vpfi_shape *shape);

/* Whether every two adjacent layers are a machine of their own: pairwise, or at most two layers. */
bool vpfi_shape_has_pairs(const vpfi_shape *shape);

/* Floats in a padded row of a role's layer. */
static inline size_t vpfi_role_width(const vpfi_shape *shape, size_t role) {
  return shape->layer[shape->role[role].layer].width;
}

#endif
