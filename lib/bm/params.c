/* SPDX-License-Identifier: MIT */
#include "bm/params.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "num/rng.h"

/* Called for every matrix, with its number of floats, so that copying, clearing and searching share one loop. */
typedef void (*visit_fn)(float *matrix, size_t count, void *context);

static size_t join_count(const vpfi_shape *shape, size_t lower) {
  return shape->layer[lower].width * shape->layer[lower + 1].width;
}

static size_t intra_count(const vpfi_shape *shape, size_t layer) {
  return shape->layer[layer].width * shape->layer[layer].width;
}

static void visit_all(const vpfi_params *params, const vpfi_shape *shape, visit_fn visit, void *context) {
  for (size_t i = 0; i < shape->n_joins; i++) {
    visit(params->weights[i], join_count(shape, i), context);
    if (params->weights_t[i]) visit(params->weights_t[i], join_count(shape, i), context);
  }
  for (size_t i = 0; i < shape->n_layers; i++)
    if (params->intra[i]) visit(params->intra[i], intra_count(shape, i), context);
  for (size_t r = 0; r < shape->n_roles; r++) visit(params->bias[r], vpfi_role_width(shape, r), context);
}

static bool alloc_matrices(vpfi_params *params, const vpfi_shape *shape, bool with_transpose) {
  params->weights = vpfi_alloc(shape->n_joins, sizeof(float *));
  params->weights_t = vpfi_alloc(shape->n_joins, sizeof(float *));
  params->intra = vpfi_alloc(shape->n_layers, sizeof(float *));
  params->bias = vpfi_alloc(shape->n_roles, sizeof(float *));
  if (!params->weights || !params->weights_t || !params->intra || !params->bias) return false;

  for (size_t i = 0; i < shape->n_joins; i++) {
    params->weights[i] = vpfi_alloc(join_count(shape, i), sizeof(float));
    if (!params->weights[i]) return false;
    if (!with_transpose) continue;
    params->weights_t[i] = vpfi_alloc(join_count(shape, i), sizeof(float));
    if (!params->weights_t[i]) return false;
  }
  for (size_t i = 0; i < shape->n_layers; i++) {
    if (!shape->layer[i].intra) continue;
    params->intra[i] = vpfi_alloc(intra_count(shape, i), sizeof(float));
    if (!params->intra[i]) return false;
  }
  for (size_t r = 0; r < shape->n_roles; r++) {
    params->bias[r] = vpfi_alloc(vpfi_role_width(shape, r), sizeof(float));
    if (!params->bias[r]) return false;
  }
  return true;
}

static vpf_status init(vpfi_params *params, const vpfi_shape *shape, bool with_transpose) {
  *params = (vpfi_params){0};
  if (alloc_matrices(params, shape, with_transpose)) return VPF_OK;
  vpfi_params_clear(params, shape);
  return VPF_ERR_MEMORY;
}

vpf_status vpfi_params_init(vpfi_params *params, const vpfi_shape *shape) {
  return init(params, shape, true);
}

vpf_status vpfi_params_init_moments(vpfi_params *params, const vpfi_shape *shape) {
  return init(params, shape, false);
}

static void zero(float *matrix, size_t count, void *context) {
  (void)context;
  memset(matrix, 0, count * sizeof(float));
}

void vpfi_params_zero(vpfi_params *params, const vpfi_shape *shape) {
  visit_all(params, shape, zero, NULL);
  params->bound = 0;
}

static void raise_peak(float *matrix, size_t count, void *context) {
  float *peak = context;
  for (size_t k = 0; k < count; k++)
    if (!(fabsf(matrix[k]) <= *peak) && !isnan(*peak)) *peak = fabsf(matrix[k]);
}

float vpfi_params_peak(const vpfi_params *params, const vpfi_shape *shape) {
  float peak = 0;
  visit_all(params, shape, raise_peak, &peak);
  return peak;
}

/* Whoever writes parameters sees to the bound, so that asking for it costs nothing. */
static void raise_bound(vpfi_params *params, const float *values, size_t count) {
  for (size_t k = 0; k < count; k++)
    if (fabsf(values[k]) > params->bound) params->bound = fabsf(values[k]);
}

static void lower_least(float *matrix, size_t count, void *context) {
  float *least = context;
  for (size_t k = 0; k < count; k++)
    if (matrix[k] < *least) *least = matrix[k];
}

float vpfi_params_least(const vpfi_params *params, const vpfi_shape *shape) {
  float least = INFINITY;
  visit_all(params, shape, lower_least, &least);
  return least;
}

/* The first place (i <= j) where U is not symmetric with zero diagonal; false if it is. */
static bool find_asymmetry(const float *u, size_t n, size_t stride, size_t *i, size_t *j) {
  for (*i = 0; *i < n; ++*i)
    for (*j = *i; *j < n; ++*j) {
      const float above = u[*i * stride + *j], below = *i == *j ? 0 : u[*j * stride + *i];
      if (!(above >= below && above <= below)) return true;
    }
  return false;
}

bool vpfi_params_intra_is_symmetric(const vpfi_params *params, const vpfi_shape *shape, size_t layer) {
  size_t i, j;
  return !find_asymmetry(params->intra[layer], shape->layer[layer].size, shape->layer[layer].width, &i, &j);
}

vpf_status vpfi_params_copy(vpfi_params *params, const vpfi_shape *shape, const vpfi_params *from) {
  const vpf_status status = vpfi_params_init(params, shape);
  if (!status) vpfi_params_assign(params, shape, from);
  return status;
}

vpf_status vpfi_params_copy_pair(vpfi_params *params, const vpfi_shape *shape, const vpfi_params *from,
                                 const vpfi_shape *from_shape, size_t pair) {
  const vpf_status status = vpfi_params_init(params, shape);
  if (status) return status;
  const vpfi_join *to_join = &shape->join[0], *join = &from_shape->join[pair];
  memcpy(params->weights[0], from->weights[pair], join_count(shape, 0) * sizeof(float));
  memcpy(params->weights_t[0], from->weights_t[pair], join_count(shape, 0) * sizeof(float));
  for (size_t l = 0; l < 2; l++)
    if (params->intra[l]) memcpy(params->intra[l], from->intra[pair + l], intra_count(shape, l) * sizeof(float));
  memcpy(params->bias[to_join->lower_role], from->bias[join->lower_role], shape->layer[0].width * sizeof(float));
  memcpy(params->bias[to_join->upper_role], from->bias[join->upper_role], shape->layer[1].width * sizeof(float));
  params->bound = from->bound;
  return VPF_OK;
}

static void free_each(float **matrices, size_t count) {
  for (size_t i = 0; matrices && i < count; i++) vpfi_free(matrices[i]);
  vpfi_free(matrices);
}

void vpfi_params_clear(vpfi_params *params, const vpfi_shape *shape) {
  free_each(params->weights, shape->n_joins);
  free_each(params->weights_t, shape->n_joins);
  free_each(params->intra, shape->n_layers);
  free_each(params->bias, shape->n_roles);
  *params = (vpfi_params){0};
}

/* Random tensors are numbered W_0, W_1, .. and, from a far higher number on, U_0, U_1, .. */
static uint64_t weights_stream(uint64_t seed, size_t lower) {
  return vpfi_rng_stream(seed, VPFI_PURPOSE_INIT, lower);
}

static uint64_t intra_stream(uint64_t seed, size_t layer) {
  return vpfi_rng_stream(seed, VPFI_PURPOSE_INIT, ((uint64_t)1 << 32) + layer);
}

static void copy_out(float *out, const float *padded, size_t rows, size_t cols, size_t width) {
  for (size_t i = 0; i < rows; i++) memcpy(out + i * cols, padded + i * width, cols * sizeof(float));
}

static void copy_in(float *padded, const float *in, size_t rows, size_t cols, size_t width) {
  for (size_t i = 0; i < rows; i++) memcpy(padded + i * width, in + i * cols, cols * sizeof(float));
}

static void refresh_transpose(vpfi_params *params, const vpfi_shape *shape, size_t lower) {
  const vpfi_layer *a = &shape->layer[lower], *b = &shape->layer[lower + 1];
  const float *w = params->weights[lower];
  float *t = params->weights_t[lower];
  for (size_t i = 0; i < a->size; i++)
    for (size_t j = 0; j < b->size; j++) t[j * a->width + i] = w[i * b->width + j];
}

void vpfi_params_assign(vpfi_params *params, const vpfi_shape *shape, const vpfi_params *from) {
  for (size_t i = 0; i < shape->n_joins; i++) {
    memcpy(params->weights[i], from->weights[i], join_count(shape, i) * sizeof(float));
    if (params->weights_t[i]) refresh_transpose(params, shape, i);
  }
  for (size_t i = 0; i < shape->n_layers; i++)
    if (params->intra[i]) memcpy(params->intra[i], from->intra[i], intra_count(shape, i) * sizeof(float));
  for (size_t r = 0; r < shape->n_roles; r++)
    memcpy(params->bias[r], from->bias[r], vpfi_role_width(shape, r) * sizeof(float));
  params->bound = vpfi_params_peak(params, shape);
}

void vpfi_params_draw(vpfi_params *params, const vpfi_shape *shape, uint64_t seed) {
  for (size_t l = 0; l < shape->n_joins; l++) {
    const vpfi_layer *a = &shape->layer[l], *b = &shape->layer[l + 1];
    const uint64_t stream = weights_stream(seed, l);
    const float scale = (float)(1.0 / sqrt((double)a->size * (double)b->size));
    for (size_t i = 0; i < a->size; i++)
      for (size_t j = 0; j < b->size; j++)
        params->weights[l][i * b->width + j] = scale * (float)vpfi_rng_normal(stream, i, j);
    refresh_transpose(params, shape, l);
  }
  for (size_t l = 0; l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    if (!layer->intra) continue;
    const uint64_t stream = intra_stream(seed, l);
    const double scale = 0.5 / (double)layer->size;
    float *u = params->intra[l];
    for (size_t i = 0; i < layer->size; i++) {
      u[i * layer->width + i] = 0;
      for (size_t j = i + 1; j < layer->size; j++) {
        const double sum = vpfi_rng_normal(stream, i, j) + vpfi_rng_normal(stream, j, i);
        u[i * layer->width + j] = u[j * layer->width + i] = (float)(scale * sum);
      }
    }
  }
  for (size_t r = 0; r < shape->n_roles; r++) memset(params->bias[r], 0, vpfi_role_width(shape, r) * sizeof(float));
  params->bound = vpfi_params_peak(params, shape);
}

void vpfi_params_get_weights(const vpfi_params *params, const vpfi_shape *shape, size_t lower, float *out) {
  const vpfi_layer *a = &shape->layer[lower], *b = &shape->layer[lower + 1];
  copy_out(out, params->weights[lower], a->size, b->size, b->width);
}

void vpfi_params_set_weights(vpfi_params *params, const vpfi_shape *shape, size_t lower, const float *w) {
  const vpfi_layer *a = &shape->layer[lower], *b = &shape->layer[lower + 1];
  copy_in(params->weights[lower], w, a->size, b->size, b->width);
  raise_bound(params, w, a->size * b->size);
  refresh_transpose(params, shape, lower);
}

void vpfi_params_get_intra(const vpfi_params *params, const vpfi_shape *shape, size_t layer, float *out) {
  const vpfi_layer *l = &shape->layer[layer];
  copy_out(out, params->intra[layer], l->size, l->size, l->width);
}

void vpfi_params_set_intra(vpfi_params *params, const vpfi_shape *shape, size_t layer, const float *u) {
  const vpfi_layer *l = &shape->layer[layer];
  copy_in(params->intra[layer], u, l->size, l->size, l->width);
  raise_bound(params, u, l->size * l->size);
}

void vpfi_params_get_bias(const vpfi_params *params, const vpfi_shape *shape, size_t role, float *out) {
  memcpy(out, params->bias[role], shape->layer[shape->role[role].layer].size * sizeof(float));
}

void vpfi_params_set_bias(vpfi_params *params, const vpfi_shape *shape, size_t role, const float *b) {
  const size_t n = shape->layer[shape->role[role].layer].size;
  memcpy(params->bias[role], b, n * sizeof(float));
  raise_bound(params, b, n);
}

void vpfi_params_get_flat(const vpfi_params *params, const vpfi_shape *shape, float *out) {
  for (size_t k = 0; k < shape->n_blocks; k++) {
    const vpfi_block *block = &shape->block[k];
    float *to = out + block->offset;
    if (block->kind == VPFI_BLOCK_BIAS) {
      vpfi_params_get_bias(params, shape, block->index, to);
    } else if (block->kind == VPFI_BLOCK_WEIGHTS) {
      vpfi_params_get_weights(params, shape, block->index, to);
    } else {
      const vpfi_layer *l = &shape->layer[block->index];
      for (size_t i = 0; i < l->size; i++)
        for (size_t j = i + 1; j < l->size; j++) *to++ = params->intra[block->index][i * l->width + j];
    }
  }
}

void vpfi_params_set_flat(vpfi_params *params, const vpfi_shape *shape, const float *theta) {
  params->bound = 0; /* all are replaced */
  for (size_t k = 0; k < shape->n_blocks; k++) {
    const vpfi_block *block = &shape->block[k];
    const float *from = theta + block->offset;
    if (block->kind == VPFI_BLOCK_BIAS) {
      vpfi_params_set_bias(params, shape, block->index, from);
    } else if (block->kind == VPFI_BLOCK_WEIGHTS) {
      vpfi_params_set_weights(params, shape, block->index, from);
    } else {
      const vpfi_layer *l = &shape->layer[block->index];
      float *u = params->intra[block->index];
      for (size_t i = 0; i < l->size; i++)
        for (size_t j = i + 1; j < l->size; j++) u[i * l->width + j] = u[j * l->width + i] = *from++;
      raise_bound(params, theta + block->offset, block->count);
    }
  }
}

vpf_status vpfi_check_finite(const float *values, size_t rows, size_t cols, const char *what) {
  for (size_t i = 0; i < rows * cols; i++)
    if (!isfinite(values[i]))
      return rows == 1 ? vpfi_fail(VPF_ERR_ARGUMENT, "%s[%zu] is %g, not a finite number", what, i,
                                   (double)values[i])
                       : vpfi_fail(VPF_ERR_ARGUMENT, "%s[%zu][%zu] is %g, not a finite number", what, i / cols,
                                   i % cols, (double)values[i]);
  return VPF_OK;
}

vpf_status vpfi_check_intra(const float *u, size_t n, const char *what) {
  const vpf_status status = vpfi_check_finite(u, n, n, what);
  if (status) return status;
  size_t i, j;
  if (!find_asymmetry(u, n, n, &i, &j)) return VPF_OK;
  if (i == j)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s[%zu][%zu] is %g; the diagonal must be 0", what, i, i,
                     (double)u[i * n + i]);
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s is not symmetric: [%zu][%zu] is %s, [%zu][%zu] is %s", what, i, j,
                   vpfi_number_of_float(u[i * n + j]).text, j, i, vpfi_number_of_float(u[j * n + i]).text);
}
