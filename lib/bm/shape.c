/* SPDX-License-Identifier: MIT */
#include "bm/shape.h"

#include <assert.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"

static size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/* Every index into a row of units and every count of parameters must fit with room to spare; the
 * largest flat vector is then far below SIZE_MAX / sizeof(double). */
static vpf_status check_sizes(const size_t *sizes, size_t layers, const uint8_t *intra) {
  const size_t most_units = (size_t)1 << 31, most_params = (size_t)1 << 46;
  size_t units = 0, params = 0;
  for (size_t i = 0; i < layers; i++) {
    if (sizes[i] == 0) return vpfi_fail(VPF_ERR_ARGUMENT, "layer %zu has 0 units; at least 1 is needed", i);
    if (sizes[i] > most_units || (units += sizes[i]) > most_units)
      return vpfi_fail(VPF_ERR_LIMIT, "the layers up to %zu (%zu units) have more than %zu units", i, sizes[i],
                       most_units);
    size_t matrix = 0;
    if (i > 0 && !vpfi_size_mul(sizes[i - 1], sizes[i], &matrix)) matrix = most_params + 1;
    if (matrix > most_params || (params += matrix) > most_params)
      return vpfi_fail(VPF_ERR_LIMIT, "weights of %zu x %zu exceed the limit of %zu parameters", sizes[i - 1],
                       sizes[i], most_params);
    if (intra && intra[i] && (!vpfi_size_mul(sizes[i], sizes[i], &matrix) || (params += matrix) > most_params))
      return vpfi_fail(VPF_ERR_LIMIT, "intra-layer weights of %zu x %zu exceed the limit of %zu parameters",
                       sizes[i], sizes[i], most_params);
  }
  return VPF_OK;
}

static void place_layers(vpfi_shape *shape, const size_t *sizes, const uint8_t *intra) {
  size_t first = 0, first_draw = 0;
  for (size_t i = 0; i < shape->n_layers; i++) {
    vpfi_layer *layer = &shape->layer[i];
    layer->size = sizes[i];
    layer->width = round_up(sizes[i], VPFI_KERNEL_LANES);
    layer->words = (sizes[i] + 63) / 64;
    layer->first = first;
    layer->first_draw = first_draw;
    layer->intra = intra && intra[i];
    first += layer->size;
    first_draw += layer->width;
    if (layer->width > shape->widest) shape->widest = layer->width;
  }
  shape->units = first;
}

static size_t add_role(vpfi_shape *shape, vpfi_role role) {
  shape->role[shape->n_roles] = role;
  return shape->n_roles++;
}

/* One role for each layer, with all its inputs. */
static void assign_joint_roles(vpfi_shape *shape) {
  const size_t top = shape->n_layers - 1;
  for (size_t i = 0; i <= top; i++) {
    vpfi_layer *layer = &shape->layer[i];
    layer->up = layer->down = add_role(shape, (vpfi_role){.layer = i,
                                                          .below = i > 0 ? i - 1 : VPFI_NONE,
                                                          .above = i < top ? i : VPFI_NONE,
                                                          .intra = layer->intra,
                                                          .pair = i > 0 ? i - 1 : 0,
                                                          .lower = i == 0});
  }
}

/* Two roles for each pair. U belongs to the pair in which its layer is the upper one, U_0 to the first pair. */
static void assign_pairwise_roles(vpfi_shape *shape) {
  for (size_t pair = 0; pair < shape->n_joins; pair++) {
    vpfi_layer *lower = &shape->layer[pair], *upper = &shape->layer[pair + 1];
    lower->down = add_role(shape, (vpfi_role){.layer = pair,
                                              .below = VPFI_NONE,
                                              .above = pair,
                                              .intra = pair == 0 && lower->intra,
                                              .pair = pair,
                                              .lower = true});
    upper->up = add_role(shape, (vpfi_role){.layer = pair + 1,
                                            .below = pair,
                                            .above = VPFI_NONE,
                                            .intra = upper->intra,
                                            .pair = pair,
                                            .lower = false});
  }
  shape->layer[0].up = shape->layer[0].down;
  shape->layer[shape->n_layers - 1].down = shape->layer[shape->n_layers - 1].up;
}

/* Give the lower role of middle layers with (or without) U an extra plane, from this order on. */
static void split_layers(vpfi_shape *shape, bool intra, vpfi_order from) {
  for (size_t r = 0; r < shape->n_roles; r++) {
    vpfi_role *role = &shape->role[r];
    const vpfi_layer *layer = &shape->layer[role->layer];
    if (layer->up == layer->down || r != layer->down || layer->intra != intra) continue;
    const size_t plane = shape->n_planes[VPFI_ORDER_APART];
    shape->plane_layer[plane] = role->layer;
    for (int order = (int)from; order <= VPFI_ORDER_APART; order++) {
      role->plane[order] = plane;
      shape->n_planes[order] = plane + 1;
    }
  }
}

static void number_planes(vpfi_shape *shape) {
  for (size_t i = 0; i < shape->n_layers; i++) shape->plane_layer[i] = i;
  for (int order = 0; order <= VPFI_ORDER_APART; order++) {
    shape->n_planes[order] = shape->n_layers;
    for (size_t r = 0; r < shape->n_roles; r++) shape->role[r].plane[order] = shape->role[r].layer;
  }
  split_layers(shape, true, VPFI_ORDER_UNSWEPT);
  split_layers(shape, false, VPFI_ORDER_APART);
}

static void add_block(vpfi_shape *shape, vpfi_block_kind kind, size_t index, size_t count) {
  shape->block[shape->n_blocks++] = (vpfi_block){kind, index, shape->param_count, count};
  shape->param_count += count;
}

static void add_bias(vpfi_shape *shape, size_t role) {
  add_block(shape, VPFI_BLOCK_BIAS, role, shape->layer[shape->role[role].layer].size);
}

static void add_weights(vpfi_shape *shape, size_t lower) {
  add_block(shape, VPFI_BLOCK_WEIGHTS, lower, shape->layer[lower].size * shape->layer[lower + 1].size);
}

static void add_intra(vpfi_shape *shape, size_t layer) {
  const size_t n = shape->layer[layer].size;
  if (shape->layer[layer].intra) add_block(shape, VPFI_BLOCK_INTRA, layer, n * (n - 1) / 2);
}

/* The order is part of the API: see vpf_model_param_count(). */
static void order_parameters(vpfi_shape *shape) {
  if (shape->coupling == VPF_COUPLING_JOINT || shape->n_layers == 1) {
    for (size_t i = 0; i < shape->n_layers; i++) add_bias(shape, shape->layer[i].up);
    for (size_t i = 0; i < shape->n_joins; i++) add_weights(shape, i);
    for (size_t i = 0; i < shape->n_layers; i++) add_intra(shape, i);
    return;
  }
  for (size_t pair = 0; pair < shape->n_joins; pair++) {
    add_bias(shape, shape->layer[pair].down);
    add_bias(shape, shape->layer[pair + 1].up);
    add_weights(shape, pair);
    if (pair == 0) add_intra(shape, 0);
    add_intra(shape, pair + 1);
  }
}

vpf_status vpfi_shape_init(vpfi_shape *shape, const size_t *sizes, size_t layers, const uint8_t *intra,
                           vpf_coupling coupling) {
  *shape = (vpfi_shape){0};
  if (layers == 0 || layers > VPFI_MAX_LAYERS)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%zu layers are outside [1, %d]", layers, VPFI_MAX_LAYERS);
  if (coupling != VPF_COUPLING_PAIRWISE && coupling != VPF_COUPLING_JOINT)
    return vpfi_fail(VPF_ERR_ARGUMENT, "coupling %d is neither pairwise (0) nor joint (1)", (int)coupling);
  const vpf_status status = check_sizes(sizes, layers, intra);
  if (status) return status;

  shape->n_layers = layers;
  shape->n_joins = layers - 1;
  shape->coupling = coupling;
  shape->pairs = layers > 1 ? layers - 1 : 1;
  shape->layer = vpfi_alloc(layers, sizeof *shape->layer);
  shape->role = vpfi_alloc(2 * layers, sizeof *shape->role);
  shape->join = vpfi_alloc(layers, sizeof *shape->join);
  shape->block = vpfi_alloc(4 * layers, sizeof *shape->block);
  shape->plane_layer = vpfi_alloc(2 * layers, sizeof *shape->plane_layer);
  if (!shape->layer || !shape->role || !shape->join || !shape->block || !shape->plane_layer) {
    vpfi_shape_clear(shape);
    return VPF_ERR_MEMORY;
  }
  place_layers(shape, sizes, intra);
  if (coupling == VPF_COUPLING_JOINT || layers == 1)
    assign_joint_roles(shape);
  else
    assign_pairwise_roles(shape);
  for (size_t i = 0; i < shape->n_joins; i++)
    shape->join[i] = (vpfi_join){shape->layer[i].down, shape->layer[i + 1].up};
  number_planes(shape);
  order_parameters(shape);
  return VPF_OK;
}

vpf_status vpfi_shape_copy(vpfi_shape *shape, const vpfi_shape *from) {
  *shape = (vpfi_shape){0};
  size_t *sizes = vpfi_alloc(from->n_layers, sizeof *sizes);
  uint8_t *intra = vpfi_alloc(from->n_layers, sizeof *intra);
  vpf_status status = VPF_ERR_MEMORY;
  if (sizes && intra) {
    for (size_t i = 0; i < from->n_layers; i++) {
      sizes[i] = from->layer[i].size;
      intra[i] = from->layer[i].intra;
    }
    status = vpfi_shape_init(shape, sizes, from->n_layers, intra, from->coupling);
  }
  vpfi_free(intra);
  vpfi_free(sizes);
  return status;
}

/* A pair has the U that its roles sum: that of its upper layer and, in the first pair, U_0. */
vpf_status vpfi_shape_pair(vpfi_shape *shape, const vpfi_shape *from, size_t pair) {
  const vpfi_join *join = &from->join[pair];
  const size_t sizes[2] = {from->layer[pair].size, from->layer[pair + 1].size};
  const uint8_t intra[2] = {from->role[join->lower_role].intra, from->role[join->upper_role].intra};
  return vpfi_shape_init(shape, sizes, 2, intra, from->coupling);
}

void vpfi_shape_clear(vpfi_shape *shape) {
  vpfi_free(shape->layer);
  vpfi_free(shape->role);
  vpfi_free(shape->join);
  vpfi_free(shape->block);
  vpfi_free(shape->plane_layer);
  *shape = (vpfi_shape){0};
}

bool vpfi_role_is_lower(const vpfi_shape *shape, size_t role) {
  const vpfi_role *r = &shape->role[role];
  return shape->coupling == VPF_COUPLING_JOINT ? r->layer % 2 == 0 : r->below == VPFI_NONE;
}

bool vpfi_shape_equal(const vpfi_shape *a, const vpfi_shape *b) {
  if (a->n_layers != b->n_layers || a->coupling != b->coupling) return false;
  for (size_t i = 0; i < a->n_layers; i++)
    if (a->layer[i].size != b->layer[i].size || a->layer[i].intra != b->layer[i].intra) return false;
  return true;
}

char *vpfi_shape_describe(const vpfi_shape *shape, char *text, size_t size) {
  assert(size > 0);
  size_t used = 0;
  text[0] = 0;
  for (size_t i = 0; i < shape->n_layers && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%zu%s", i ? "-" : "", shape->layer[i].size,
                             shape->layer[i].intra ? "+" : "");
  if (used < size)
    snprintf(text + used, size - used, " %s", shape->coupling == VPF_COUPLING_JOINT ? "joint" : "pairwise");
  return text;
}

bool vpfi_shape_has_energy(const vpfi_shape *shape) {
  return shape->coupling == VPF_COUPLING_JOINT || shape->n_layers <= 2;
}

bool vpfi_shape_has_pairs(const vpfi_shape *shape) {
  return shape->coupling == VPF_COUPLING_PAIRWISE || shape->n_layers <= 2;
}
