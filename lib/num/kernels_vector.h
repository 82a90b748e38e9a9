/* SPDX-License-Identifier: MIT */
/* The kernels, written once for all instruction sets: over the layer of vector operations that the file of an
 * instruction set includes before. Each kernel adds in the order of its reference, so it gives the same bits; what is
 * won is width, and sums that stay in registers over all selected rows. Here are sums, rates and steps. */
#ifndef VPFI_NUM_KERNELS_VECTOR_H
#define VPFI_NUM_KERNELS_VECTOR_H

#include "num/bits.h"
#include "num/kernels_vector_double.h"
#include "num/kernels_vector_sampling.h"
#include "num/vector_math.h"

/* ---- Steps ---- */

static inline vfloat without_denormals(vfloat moment) {
  return v_where(v_not_below(v_abs(moment), v_set1(1e-30f)), moment);
}

static inline vword larger(vword peak, vfloat x) {
  return w_max(peak, (vword)v_abs(x));
}

/* What a step of Adam needs in registers. */
typedef struct adam_state {
  vfloat scale, decay, rate, beta1, keep1, beta2, keep2, epsilon;
  vword peak;
} adam_state;

static inline adam_state adam_begin(const vpfi_update *u) {
  return (adam_state){v_set1(u->scale), v_set1(u->decay), v_set1(u->rate),    v_set1(u->beta1), v_set1(u->keep1),
                      v_set1(u->beta2), v_set1(u->keep2), v_set1(u->epsilon), {0}};
}

static inline void adam_step(adam_state *a, float *w, float *m, float *v, vfloat sum) {
  const vfloat old = v_load(w), g = a->scale * sum + a->decay * old;
  const vfloat m1 = without_denormals(a->beta1 * v_load(m) + a->keep1 * g);
  const vfloat v1 = without_denormals(a->beta2 * v_load(v) + a->keep2 * (g * g));
  const vfloat w1 = old - a->rate * m1 / (v_sqrt(v1) + a->epsilon);
  v_store(m, m1);
  v_store(v, v1);
  v_store(w, w1);
  a->peak = larger(larger(larger(a->peak, v1), m1), w1);
}

static float adam(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  adam_state a = adam_begin(update);
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride) {
    float *w = p->w + row * p->stride, *m = p->m + row * p->stride, *v = p->v + row * p->stride;
    for (size_t k = 0; k < p->cols; k += W) adam_step(&a, w + k, m + k, v + k, v_load(sum + k));
  }
  return vpfi_bits_float(w_largest(a.peak));
}

static float sgd(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  const vfloat scale = v_set1(update->scale), decay = v_set1(update->decay), rate = v_set1(update->rate);
  const vfloat momentum = v_set1(update->momentum);
  vword peak = {0};
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride) {
    float *w = p->w + row * p->stride, *m = p->m + row * p->stride;
    for (size_t k = 0; k < p->cols; k += W) {
      const vfloat old = v_load(w + k), g = scale * v_load(sum + k) + decay * old;
      const vfloat m1 = without_denormals(momentum * v_load(m + k) + g);
      const vfloat w1 = old - rate * m1;
      v_store(m + k, m1);
      v_store(w + k, w1);
      peak = larger(larger(peak, m1), w1);
    }
  }
  return vpfi_bits_float(w_largest(peak));
}

/* ---- Sums of selected rows ---- */

enum { MOST_VECTORS = 16 * VECTORS }; /* of a tile */

typedef enum sum_of { ROWS_OF_INDEX, ROWS_OF_BITS, GROUPS_OF_BITS } sum_of;

/* What the tiles have in common. */
typedef struct sum_job {
  const vpfi_selection *selection;
  const uint32_t *index; /* in place of bits */
  size_t indices;
  const vpfi_parameters *parameters; /* to step along the sums, or NULL */
  adam_state *adam;
} sum_job;

/* At their start, which is 0 if there is none. */
VPFI_INLINE void begin_sums(vfloat *sum, const float *start, const int vectors) {
  if (start) {
    load_tile(sum, start, vectors);
    return;
  }
  VPFI_UNROLL
  for (int v = 0; v < vectors; v++) sum[v] = v_set1(0);
}

/* Those of a group of four rows that are on in a word, added to each other and then to the sums. `bit` is the first of
 * them, and `rows` are all of the word. */
VPFI_INLINE void add_group(vfloat *sum, const float *rows, size_t stride, uint64_t word, unsigned bit,
                           const int vectors) {
  const unsigned at = bit & ~3u, on = (unsigned)(word >> at) & 15;
  vfloat group[MOST_VECTORS];
  load_tile(group, rows + bit * stride, vectors);
  for (unsigned more = on & (on - 1); more; more &= more - 1)
    add_tile(group, rows + (at + (unsigned)__builtin_ctz(more)) * stride, vectors);
  VPFI_UNROLL
  for (int v = 0; v < vectors; v++) sum[v] += group[v];
}

/* To sum number k, its rows in columns from j on. `of` and `vectors` are constants. */
VPFI_INLINE void add_rows(vfloat *sum, const sum_job *job, size_t k, size_t j, const sum_of of, const int vectors) {
  const vpfi_selection *s = job->selection;
  for (size_t i = 0; of == ROWS_OF_INDEX && i < job->indices; i++)
    add_tile(sum, s->matrix + job->index[i] * s->stride + j, vectors);
  for (size_t w = 0, words = vpfi_bits_words(s->rows); of != ROWS_OF_INDEX && w < words; w++)
    for (uint64_t rest = s->bits[k * s->words + w]; rest;) {
      const unsigned bit = (unsigned)__builtin_ctzll(rest);
      if (of == ROWS_OF_BITS) {
        add_tile(sum, s->matrix + (64 * w + bit) * s->stride + j, vectors);
        rest &= rest - 1;
      } else {
        add_group(sum, s->matrix + 64 * w * s->stride + j, s->stride, rest, bit, vectors);
        rest &= ~((uint64_t)15 << (bit & ~3u));
      }
    }
}

/* Columns j .. j + blocks * BLOCK - 1 (blocks a constant) of all sums: each stays in registers over its rows. */
VPFI_INLINE void sum_tile(const sum_job *job, size_t j, const sum_of of, const int blocks) {
  const vpfi_selection *s = job->selection;
  const vpfi_parameters *p = job->parameters;
  const int vectors = blocks * VECTORS;
  for (size_t k = 0; k < s->count; k++) {
    vfloat sum[MOST_VECTORS];
    begin_sums(sum, s->start ? s->start + k * s->start_stride + j : NULL, vectors);
    add_rows(sum, job, k, j, of, vectors);
    if (p) {
      const size_t at = k * p->stride + j;
      VPFI_UNROLL
      for (int v = 0; v < vectors; v++)
        adam_step(job->adam, p->w + at + v * W, p->m + at + v * W, p->v + at + v * W, sum[v]);
    } else {
      store_tile(s->out + k * s->out_stride + j, sum, vectors);
    }
  }
}

/* In as few tiles of at most `most` blocks as registers allow, all about as wide. */
VPFI_INLINE void sum_tiles(const sum_job *job, const sum_of of, const int most) {
  size_t left = job->selection->width / BLOCK, j = 0;
  for (size_t tiles = (left + (size_t)most - 1) / (size_t)most; tiles > 0; tiles--) {
    const size_t blocks = (left + tiles - 1) / tiles;
    switch (blocks < (size_t)most ? blocks : 0) { /* of the cases those below `most` are compiled */
      case 1: if (most > 1) sum_tile(job, j, of, 1); break;
      case 2: if (most > 2) sum_tile(job, j, of, 2); break;
      case 3: if (most > 3) sum_tile(job, j, of, 3); break;
      case 4: if (most > 4) sum_tile(job, j, of, 4); break;
      case 5: if (most > 5) sum_tile(job, j, of, 5); break;
      case 6: if (most > 6) sum_tile(job, j, of, 6); break;
      case 7: if (most > 7) sum_tile(job, j, of, 7); break;
      case 8: if (most > 8) sum_tile(job, j, of, 8); break;
      case 9: if (most > 9) sum_tile(job, j, of, 9); break;
      case 10: if (most > 10) sum_tile(job, j, of, 10); break;
      case 11: if (most > 11) sum_tile(job, j, of, 11); break;
      case 12: if (most > 12) sum_tile(job, j, of, 12); break;
      case 13: if (most > 13) sum_tile(job, j, of, 13); break;
      case 14: if (most > 14) sum_tile(job, j, of, 14); break;
      case 15: if (most > 15) sum_tile(job, j, of, 15); break;
      default: sum_tile(job, j, of, most);
    }
    j += blocks * BLOCK;
    left -= blocks;
  }
}

static void sum_rows(float *z, const float *start, const float *matrix, size_t stride, size_t width,
                     const uint32_t *index, size_t count) {
  const vpfi_selection one = {.out = z, .start = start, .count = 1, .matrix = matrix, .stride = stride, .width = width};
  const sum_job job = {.selection = &one, .index = index, .indices = count};
  sum_tiles(&job, ROWS_OF_INDEX, TILE_BLOCKS);
}

static void sum_selected(const vpfi_selection *selection) {
  const sum_job job = {.selection = selection};
  sum_tiles(&job, ROWS_OF_BITS, TILE_BLOCKS);
}

/* Where there are registers for it, the sums never leave them, and the divisions of one row run beside the additions of
 * the next. Else one after the other, as tiles of one block would go through the bits too often. */
static float adam_selected(const vpfi_parameters *p, const vpfi_selection *selection, const vpfi_update *update) {
  if (ADAM_BLOCKS == 1) {
    sum_selected(selection);
    return adam(p, selection->out, selection->out_stride, update);
  }
  adam_state a = adam_begin(update);
  const sum_job job = {.selection = selection, .parameters = p, .adam = &a};
  sum_tiles(&job, ROWS_OF_BITS, ADAM_BLOCKS);
  return vpfi_bits_float(w_largest(a.peak));
}

/* ---- Sums of groups of four rows ---- */

/* The 16 possible sums of the rows of a group, in one vector of columns: table[on * step ...]. */
static inline void tabulate_group(float *table, size_t step, const float *group, size_t stride, size_t rows) {
  vfloat sum[16];
  sum[0] = v_set1(-0.0f);
  VPFI_UNROLL
  for (unsigned on = 1; on < 16; on++) { /* its last row, alone or added to those before */
    const unsigned k = on & 8 ? 3 : on & 4 ? 2 : on & 2 ? 1 : 0, last = 1u << k;
    sum[on] = on > last ? sum[on - last] + sum[last] : k < rows ? v_load(group + k * stride) : v_set1(0);
  }
  VPFI_UNROLL
  for (size_t on = 0; on < 16; on++) v_store(table + on * step, sum[on]);
}

static void tabulate(float *table, const float *matrix, size_t stride, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row += VPFI_GROUP, table += 16 * width)
    for (size_t j = 0; j < width; j += W)
      tabulate_group(table + j, width, matrix + row * stride + j, stride, rows - row);
}

/* Groups and columns at a time: 20 KiB of a first-level cache of 32 or more. */
enum { TABLES = 10, COLUMNS = 2 * BLOCK };

/* Tables of some groups, and what is made of them. */
typedef struct lookup {
  const float *table; /* [groups x 16 x COLUMNS] */
  size_t groups, first;
  const uint64_t *bits;
  size_t words;
  const float *start;
  size_t start_stride;
  float *out;
  size_t out_stride;
} lookup;

/* Sums k .. k + abreast - 1, of `blocks` (both constants). */
VPFI_INLINE void look_up(const lookup *l, size_t k, const int abreast, const int blocks) {
  uint64_t on[ABREAST];
  vfloat sum[ABREAST][2 * VECTORS];
  VPFI_UNROLL
  for (int i = 0; i < abreast; i++) {
    const size_t row = k + (size_t)i;
    on[i] = vpfi_bits_nibbles(l->bits + row * l->words, l->first, l->groups);
    begin_sums(sum[i], l->start ? l->start + row * l->start_stride : NULL, blocks * VECTORS);
  }
  for (const float *t = l->table; t < l->table + l->groups * 16 * COLUMNS; t += 16 * COLUMNS)
    VPFI_UNROLL
    for (int i = 0; i < abreast; i++) {
      add_tile(sum[i], t + (on[i] & 15) * COLUMNS, blocks * VECTORS);
      on[i] >>= VPFI_GROUP;
    }
  VPFI_UNROLL
  for (int i = 0; i < abreast; i++) store_tile(l->out + (k + (size_t)i) * l->out_stride, sum[i], blocks * VECTORS);
}

/* `blocks` (a constant) of columns, a few groups at a time. */
VPFI_INLINE void sum_grouped_tile(const vpfi_selection *s, size_t j, const int blocks) {
  _Alignas(64) float table[TABLES * 16 * COLUMNS];
  size_t left = (s->rows + VPFI_GROUP - 1) / VPFI_GROUP, first = 0;
  const float *start = s->start ? s->start + j : NULL;
  size_t start_stride = s->start_stride;
  for (size_t parts = (left + TABLES - 1) / TABLES; parts > 0; parts--) {
    const size_t groups = (left + parts - 1) / parts;
    for (size_t g = 0; g < groups; g++)
      for (size_t c = 0; c < (size_t)blocks * BLOCK; c += W)
        tabulate_group(table + g * 16 * COLUMNS + c, COLUMNS, s->matrix + (first + g) * VPFI_GROUP * s->stride + j + c,
                       s->stride, s->rows - (first + g) * VPFI_GROUP);
    const lookup l = {table, groups, first, s->bits, s->words, start, start_stride, s->out + j, s->out_stride};
    size_t k = 0;
    for (; k + ABREAST <= s->count; k += ABREAST) look_up(&l, k, ABREAST, blocks);
    for (; k < s->count; k++) look_up(&l, k, 1, blocks);
    first += groups;
    left -= groups;
    start = s->out + j;
    start_stride = s->out_stride;
  }
}

enum { FEW = 8 }; /* rows of bits for which tables do not pay */

static void sum_grouped(const vpfi_selection *s) {
  size_t j = 0;
  if (s->count < FEW) {
    const sum_job job = {.selection = s};
    sum_tiles(&job, GROUPS_OF_BITS, GROUP_BLOCKS);
    return;
  }
  for (; j + 2 * BLOCK <= s->width; j += 2 * BLOCK) sum_grouped_tile(s, j, 2);
  if (j < s->width) sum_grouped_tile(s, j, 1);
}

/* ---- Rows, rates, transposing ---- */

static void add_row(float *z, const float *row, bool on, size_t width) {
  const vfloat sign = v_set1(on ? 0.0f : -0.0f); /* a - b is a + (-b), to the bit */
  for (size_t j = 0; j < width; j += BLOCK) {
    VPFI_UNROLL
    for (int v = 0; v < VECTORS; v++) {
      float *at = z + j + v * W;
      v_store(at, v_load(at) + v_with_sign(v_load(row + j + v * W), sign));
    }
  }
}

/* The 16 bits from j on, a multiple of 16. */
static inline unsigned block_of_bits(const uint64_t *bits, size_t j) {
  return (unsigned)(bits[j / 64] >> (j % 64)) & 0xffffu;
}

static void add_where_on(float *z, const uint64_t *bits, float amount, size_t width) {
  const vfloat added = v_set1(amount);
  for (size_t j = 0; j < width; j += BLOCK) {
    const unsigned on = block_of_bits(bits, j);
    VPFI_UNROLL
    for (int v = 0; v < VECTORS; v++) {
      float *at = z + j + v * W;
      v_store(at, v_load(at) + v_where(m_lanes(on, v), added));
    }
  }
}

static inline float sum_of_float_lanes(const vfloat lane[VECTORS]) {
  _Alignas(64) float part[BLOCK];
  float sum = 0;
  store_tile(part, lane, VECTORS);
  for (size_t k = 0; k < BLOCK; k++) sum += part[k];
  return sum;
}

static float dot(const float *a, const float *b, size_t width) {
  vfloat lane[VECTORS] = {{0}};
  for (size_t j = 0; j < width; j += BLOCK)
    VPFI_UNROLL
    for (int v = 0; v < VECTORS; v++) lane[v] += v_load(a + j + v * W) * v_load(b + j + v * W);
  return sum_of_float_lanes(lane);
}

static float dot_bits(const uint64_t *bits, const float *b, size_t width) {
  vfloat lane[VECTORS] = {{0}};
  for (size_t j = 0; j < width; j += BLOCK) {
    const unsigned on = block_of_bits(bits, j);
    VPFI_UNROLL
    for (int v = 0; v < VECTORS; v++) lane[v] += v_where(m_lanes(on, v), v_load(b + j + v * W));
  }
  return sum_of_float_lanes(lane);
}

static void outer_products(float *out, size_t stride, const float *a, const float *b, size_t rows, const float *g,
                           const float *h, size_t width, bool add) {
  for (size_t i = 0; i < rows; i++, out += stride) {
    const vfloat x = v_set1(a[i]), y = v_set1(b[i]);
    for (size_t j = 0; j < width; j += W)
      v_store(out + j, (add ? v_load(out + j) : v_set1(0)) - (x * v_load(g + j) + y * v_load(h + j)));
  }
}

static void average(float *to, const float *w, size_t rows, size_t cols, size_t stride, float keep, float rate) {
  const vfloat kept = v_set1(keep), taken = v_set1(rate);
  for (size_t row = 0; row < rows; row++, to += stride, w += stride)
    for (size_t k = 0; k < cols; k += W) v_store(to + k, kept * v_load(to + k) + taken * v_load(w + k));
}

/* `blocks` (a constant) of columns from j on: so many sums that no addition waits for the last one. */
VPFI_INLINE void add_weighted_tile(float *z, const float *matrix, size_t stride, const float *weight, size_t rows,
                                   const int blocks) {
  vfloat sum[4 * VECTORS];
  VPFI_UNROLL
  for (int v = 0; v < blocks * VECTORS; v++) sum[v] = v_load(z + v * W);
  for (size_t i = 0; i < rows; i++) {
    if (weight[i] == 0) continue;
    const float *row = matrix + i * stride;
    const vfloat w = v_set1(weight[i]);
    VPFI_UNROLL
    for (int v = 0; v < blocks * VECTORS; v++) sum[v] = sum[v] + w * v_load(row + v * W);
  }
  VPFI_UNROLL
  for (int v = 0; v < blocks * VECTORS; v++) v_store(z + v * W, sum[v]);
}

static void add_weighted(float *z, const float *matrix, size_t stride, const float *weight, size_t rows, size_t width) {
  size_t j = 0;
  for (; j + 4 * BLOCK <= width; j += 4 * BLOCK) add_weighted_tile(z + j, matrix + j, stride, weight, rows, 4);
  for (; j < width; j += BLOCK) add_weighted_tile(z + j, matrix + j, stride, weight, rows, 1);
}

/* `abreast` (a constant) rows of z by `blocks` of columns: each vector of the matrix serves all of them. */
VPFI_INLINE void add_products_tile(float *z, size_t z_stride, const float *weight, size_t weight_stride,
                                   const int abreast, const float *matrix, size_t stride, size_t inner, const int blocks) {
  vfloat sum[4][2 * VECTORS];
  VPFI_UNROLL
  for (int r = 0; r < abreast; r++) load_tile(sum[r], z + (size_t)r * z_stride, blocks * VECTORS);
  for (size_t i = 0; i < inner; i++, matrix += stride)
    VPFI_UNROLL
    for (int r = 0; r < abreast; r++) {
      const vfloat w = v_set1(weight[(size_t)r * weight_stride + i]);
      VPFI_UNROLL
      for (int v = 0; v < blocks * VECTORS; v++) sum[r][v] = sum[r][v] + w * v_load(matrix + v * W);
    }
  VPFI_UNROLL
  for (int r = 0; r < abreast; r++) store_tile(z + (size_t)r * z_stride, sum[r], blocks * VECTORS);
}

static void add_products(float *z, size_t z_stride, const float *weight, size_t weight_stride, size_t count,
                         const float *matrix, size_t stride, size_t inner, size_t width) {
  size_t r = 0;
  for (; r + 4 <= count; r += 4, z += 4 * z_stride, weight += 4 * weight_stride) {
    size_t j = 0;
    for (; j + 2 * BLOCK <= width; j += 2 * BLOCK)
      add_products_tile(z + j, z_stride, weight, weight_stride, 4, matrix + j, stride, inner, 2);
    for (; j < width; j += BLOCK)
      add_products_tile(z + j, z_stride, weight, weight_stride, 4, matrix + j, stride, inner, 1);
  }
  for (; r < count; r++, z += z_stride, weight += weight_stride)
    for (size_t j = 0; j < width; j += BLOCK)
      add_products_tile(z + j, z_stride, weight, weight_stride, 1, matrix + j, stride, inner, 1);
}

static bool rates(float *gain, size_t stride, const uint64_t *bits, size_t words, size_t first, size_t n, size_t width,
                  size_t rows, double *flow) {
  const vfloat half = v_set1(0.5f), minus_half = v_set1(-0.5f);
  const vfloat most = v_set1(VPFI_RATE_LIMIT), least = v_set1(-VPFI_RATE_LIMIT);
  vfloat lane[VECTORS] = {{0}};
  vmask beyond = m_lanes(0, 0);
  for (size_t r = 0; r < rows; r++, gain += stride, bits += words)
    for (size_t j = 0; j < width; j += BLOCK) {
      const unsigned real = lanes_below(j, n, BLOCK);
      const unsigned on = real ? real & (unsigned)(bits[(first + j) / 64] >> ((first + j) % 64)) : 0;
      VPFI_UNROLL
      for (int v = 0; v < VECTORS; v++) { /* of a unit that does not exist: alpha is 1/2, delta 0 */
        float *at = gain + j + v * W;
        const vmask exists = m_existing(real, v);
        const vfloat alpha = v_select(m_lanes(on, v), minus_half, half), power = alpha * v_load(at);
        const vfloat delta = v_where(exists, v_exp(v_max(v_min(power, most), least)));
        beyond = m_or(beyond, v_not_within(v_where(exists, power), most));
        v_store(at, alpha * delta);
        lane[v] += delta;
      }
    }
  _Alignas(64) float part[BLOCK];
  store_tile(part, lane, VECTORS);
  *flow = 0;
  for (size_t k = 0; k < BLOCK; k++) *flow += (double)part[k];
  return !m_any(beyond);
}

/* Whole squares, so that each line of a cache is used up while it is there; written, or added to what is there. */
VPFI_INLINE void transpose_squares(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                                   size_t cols, const bool add) {
  for (size_t i = 0; i < rows; i += SQUARE)
    for (size_t j = 0; j < cols; j += SQUARE)
      for (size_t part = 0; part < SQUARE * SQUARE / (W * W); part++) {
        const size_t row = i + part % (SQUARE / W) * W, col = j + part / (SQUARE / W) * W;
        vfloat column[W];
        v_load_transposed(column, from + row * from_stride + col, from_stride);
        for (size_t k = 0; k < W; k++) {
          float *at = to + (col + k) * to_stride + row;
          if (add) v_store(at, v_load(at) + column[k]);
          else v_store_unaligned(at, column[k]);
        }
      }
}

/* Rows and columns are multiples of 8: whole squares, and what is left, if they are of 16, one by one. */
static void transpose(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                      size_t cols) {
  const size_t whole_rows = rows / SQUARE * SQUARE, whole_cols = cols / SQUARE * SQUARE;
  transpose_squares(to, to_stride, from, from_stride, whole_rows, whole_cols, false);
  for (size_t j = 0; SQUARE > 8 && j < cols; j++)
    for (size_t i = j < whole_cols ? whole_rows : 0; i < rows; i++) to[j * to_stride + i] = from[i * from_stride + j];
}

static void add_transposed(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                           size_t cols) {
  transpose_squares(to, to_stride, from, from_stride, rows, cols, true);
}

/* All of them, for the table of an instruction set. */
#define VPFI_VECTOR_KERNELS                                                                                        \
  .sum_rows = sum_rows, .sum_selected = sum_selected, .sum_grouped = sum_grouped, .tabulate = tabulate,            \
  .add_row = add_row, .add_weighted = add_weighted, .sweep = sweep, .rates = rates, .random = random_words,        \
  .thresholds = thresholds, .sigmoid = sigmoid, .temper = temper, .softplus_change = softplus_change,              \
  .draw = draw, .adam = adam, .adam_selected = adam_selected, .sgd = sgd, .transpose = transpose,                  \
  .add_products = add_products, .add_where_on = add_where_on, .dot = dot, .dot_bits = dot_bits,                    \
  .outer_products = outer_products, .average = average,                                                            \
  .add_transposed = add_transposed, .softplus_sum = softplus_sum, .add_row_to_doubles = add_row_to_doubles

#endif
