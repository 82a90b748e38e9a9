/* SPDX-License-Identifier: MIT */
/* AVX-512: as kernels_avx2.c, twice as wide. One vector holds all VPFI_KERNEL_LANES lanes of a sum, so
 * the order of additions is that of the reference here too. */
#include <immintrin.h>
#include <string.h>

#include "num/bits.h"
#include "num/elementary.h"
#include "num/kernels.h"

enum { W = 16 }; /* floats in a vector */
_Static_assert((int)W == (int)VPFI_KERNEL_LANES, "one vector is all lanes");

static inline __m512 set1(float x) {
  return _mm512_set1_ps(x);
}

/* The lanes j .. j+15 that are below n. */
static inline __mmask16 lanes_below(size_t j, size_t n) {
  const unsigned mask = j + W <= n ? 0xffff : j < n ? (1u << (n - j)) - 1 : 0;
  return (__mmask16)mask;
}

/* The same operations as vpfi_expf(). */
static inline __m512 exp16(__m512 x) {
  const __m512 shifted = _mm512_add_ps(_mm512_mul_ps(x, set1(VPFI_LOG2E)), set1(VPFI_ROUND));
  const __m512 n = _mm512_sub_ps(shifted, set1(VPFI_ROUND));
  const __m512 r =
      _mm512_sub_ps(_mm512_sub_ps(x, _mm512_mul_ps(n, set1(VPFI_LN2_HI))), _mm512_mul_ps(n, set1(VPFI_LN2_LO)));
  __m512 p = set1(VPFI_EXP_P0);
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P1));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P2));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P3));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P4));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P5));
  p = _mm512_add_ps(_mm512_mul_ps(p, _mm512_mul_ps(r, r)), r);
  p = _mm512_add_ps(p, set1(1.0f));
  const __m512i scale = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), scale));
}

/* The same operations as vpfi_logf(). */
static inline __m512 log16(__m512 x) {
  const __m512i sqrt_half = _mm512_set1_epi32((int)VPFI_SQRT_HALF_BITS);
  const __m512i offset = _mm512_sub_epi32(_mm512_castps_si512(x), sqrt_half);
  const __m512 e = _mm512_cvtepi32_ps(_mm512_srai_epi32(offset, 23));
  const __m512i mantissa = _mm512_add_epi32(_mm512_and_si512(offset, _mm512_set1_epi32(0x007fffff)), sqrt_half);
  const __m512 f = _mm512_sub_ps(_mm512_castsi512_ps(mantissa), set1(1.0f));
  const __m512 f2 = _mm512_mul_ps(f, f);
  __m512 p = set1(VPFI_LOG_P0);
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P1));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P2));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P3));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P4));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P5));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P6));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P7));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P8));
  __m512 y = _mm512_mul_ps(_mm512_mul_ps(p, f), f2);
  y = _mm512_add_ps(y, _mm512_mul_ps(e, set1(VPFI_LN2_LO)));
  y = _mm512_sub_ps(y, _mm512_mul_ps(set1(0.5f), f2));
  return _mm512_add_ps(_mm512_add_ps(f, y), _mm512_mul_ps(e, set1(VPFI_LN2_HI)));
}

/* Sums stay in registers over all rows. */
static inline void sum_tile128(float *z, const float *matrix, size_t stride, const uint32_t *index, size_t count) {
  __m512 a0 = _mm512_load_ps(z), a1 = _mm512_load_ps(z + W), a2 = _mm512_load_ps(z + 2 * W),
         a3 = _mm512_load_ps(z + 3 * W), a4 = _mm512_load_ps(z + 4 * W), a5 = _mm512_load_ps(z + 5 * W),
         a6 = _mm512_load_ps(z + 6 * W), a7 = _mm512_load_ps(z + 7 * W);
  for (size_t k = 0; k < count; k++) {
    const float *row = matrix + index[k] * stride;
    a0 = _mm512_add_ps(a0, _mm512_load_ps(row));
    a1 = _mm512_add_ps(a1, _mm512_load_ps(row + W));
    a2 = _mm512_add_ps(a2, _mm512_load_ps(row + 2 * W));
    a3 = _mm512_add_ps(a3, _mm512_load_ps(row + 3 * W));
    a4 = _mm512_add_ps(a4, _mm512_load_ps(row + 4 * W));
    a5 = _mm512_add_ps(a5, _mm512_load_ps(row + 5 * W));
    a6 = _mm512_add_ps(a6, _mm512_load_ps(row + 6 * W));
    a7 = _mm512_add_ps(a7, _mm512_load_ps(row + 7 * W));
  }
  _mm512_store_ps(z, a0), _mm512_store_ps(z + W, a1), _mm512_store_ps(z + 2 * W, a2);
  _mm512_store_ps(z + 3 * W, a3), _mm512_store_ps(z + 4 * W, a4), _mm512_store_ps(z + 5 * W, a5);
  _mm512_store_ps(z + 6 * W, a6), _mm512_store_ps(z + 7 * W, a7);
}

static inline void sum_tile64(float *z, const float *matrix, size_t stride, const uint32_t *index, size_t count) {
  __m512 a0 = _mm512_load_ps(z), a1 = _mm512_load_ps(z + W), a2 = _mm512_load_ps(z + 2 * W),
         a3 = _mm512_load_ps(z + 3 * W);
  for (size_t k = 0; k < count; k++) {
    const float *row = matrix + index[k] * stride;
    a0 = _mm512_add_ps(a0, _mm512_load_ps(row));
    a1 = _mm512_add_ps(a1, _mm512_load_ps(row + W));
    a2 = _mm512_add_ps(a2, _mm512_load_ps(row + 2 * W));
    a3 = _mm512_add_ps(a3, _mm512_load_ps(row + 3 * W));
  }
  _mm512_store_ps(z, a0), _mm512_store_ps(z + W, a1), _mm512_store_ps(z + 2 * W, a2);
  _mm512_store_ps(z + 3 * W, a3);
}

static inline void sum_tile16(float *z, const float *matrix, size_t stride, const uint32_t *index, size_t count) {
  __m512 a = _mm512_load_ps(z);
  for (size_t k = 0; k < count; k++) a = _mm512_add_ps(a, _mm512_load_ps(matrix + index[k] * stride));
  _mm512_store_ps(z, a);
}

/* The first n columns of the selected rows. */
static inline void sum_columns(float *z, size_t n, const float *matrix, size_t stride, const uint32_t *index,
                               size_t count) {
  size_t j = 0;
  for (; j + 128 <= n; j += 128) sum_tile128(z + j, matrix + j, stride, index, count);
  for (; j + 64 <= n; j += 64) sum_tile64(z + j, matrix + j, stride, index, count);
  for (; j < n; j += W) sum_tile16(z + j, matrix + j, stride, index, count);
}

static void sum_rows(float *z, const float *matrix, size_t width, const uint32_t *index, size_t count) {
  sum_columns(z, width, matrix, width, index, count);
}

static void add_row(float *z, const float *row, bool on, size_t width) {
  for (size_t j = 0; j < width; j += W) {
    const __m512 old = _mm512_load_ps(z + j), change = _mm512_load_ps(row + j);
    _mm512_store_ps(z + j, on ? _mm512_add_ps(old, change) : _mm512_sub_ps(old, change));
  }
}

static bool rates(float *gain, const float *z, const uint64_t *bits, size_t n, size_t width, double *flow) {
  const __m512 half = set1(0.5f), minus_half = set1(-0.5f), limit = set1(VPFI_FIELD_LIMIT);
  __m512 lane = _mm512_setzero_ps();
  bool within = true;
  for (size_t j = 0; j < width; j += W) {
    const __m512 field = _mm512_load_ps(z + j);
    const __mmask16 real = lanes_below(j, n);
    const __mmask16 on = (__mmask16)(j < n ? bits[j / 64] >> (j % 64) : 0);
    const __m512 alpha = _mm512_mask_blend_ps(on, half, minus_half);
    const __m512 delta = _mm512_maskz_mov_ps(real, exp16(_mm512_mul_ps(alpha, field)));
    const __mmask16 fits = _mm512_cmp_ps_mask(_mm512_abs_ps(field), limit, _CMP_LE_OQ);
    within = within && (real & (__mmask16)~fits) == 0;
    _mm512_store_ps(gain + j, _mm512_maskz_mul_ps(real, alpha, delta));
    lane = _mm512_add_ps(lane, delta);
  }
  float sums[W];
  _mm512_storeu_ps(sums, lane);
  *flow = 0;
  for (size_t k = 0; k < W; k++) *flow += (double)sums[k];
  return within;
}

/* high and low halves of the products of sixteen lanes with m */
static inline void multiply(__m512i a, uint32_t m, __m512i *high, __m512i *low) {
  const __m512i factor = _mm512_set1_epi32((int)m);
  const __m512i even = _mm512_mul_epu32(a, factor), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), factor);
  *low = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
  *high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}

/* The four words of sixteen counters from block on, word k of each in x[k]: Philox4x32-10 (Salmon et
 * al. 2011), as Random123 computes it in vpfi_rng_block(). */
static inline void philox16(__m512i x[4], uint64_t stream, uint32_t pass, uint64_t row, uint32_t block) {
  const __m512i step = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  uint32_t k0 = (uint32_t)stream, k1 = (uint32_t)(stream >> 32);
  __m512i c0 = _mm512_add_epi32(_mm512_set1_epi32((int)block), step), c1 = _mm512_set1_epi32((int)pass),
          c2 = _mm512_set1_epi32((int)(uint32_t)row), c3 = _mm512_set1_epi32((int)(uint32_t)(row >> 32));
  for (int round = 0; round < 10; round++) {
    __m512i high0, low0, high1, low1;
    multiply(c0, 0xd2511f53u, &high0, &low0);
    multiply(c2, 0xcd9e8d57u, &high1, &low1);
    c0 = _mm512_xor_si512(_mm512_xor_si512(high1, c1), _mm512_set1_epi32((int)k0));
    c1 = low1;
    c2 = _mm512_xor_si512(_mm512_xor_si512(high0, c3), _mm512_set1_epi32((int)k1));
    c3 = low0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  x[0] = c0, x[1] = c1, x[2] = c2, x[3] = c3;
}

static void random_words(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                         size_t blocks) {
  for (size_t b = 0; b < blocks; b += 16) {
    __m512i x[4];
    philox16(x, stream, pass, row, first_block + (uint32_t)b);
    /* Counter after counter: within each quarter first, then the quarters into their order. */
    const __m512i low01 = _mm512_unpacklo_epi32(x[0], x[1]), high01 = _mm512_unpackhi_epi32(x[0], x[1]);
    const __m512i low23 = _mm512_unpacklo_epi32(x[2], x[3]), high23 = _mm512_unpackhi_epi32(x[2], x[3]);
    const __m512i c0 = _mm512_unpacklo_epi64(low01, low23), c1 = _mm512_unpackhi_epi64(low01, low23);
    const __m512i c2 = _mm512_unpacklo_epi64(high01, high23), c3 = _mm512_unpackhi_epi64(high01, high23);
    /* cN holds counters N, N+4, N+8, N+12 */
    const __m512i a = _mm512_shuffle_i32x4(c0, c1, 0x88), d = _mm512_shuffle_i32x4(c0, c1, 0xdd);
    const __m512i e = _mm512_shuffle_i32x4(c2, c3, 0x88), f = _mm512_shuffle_i32x4(c2, c3, 0xdd);
    /* a: 0 8 1 9, d: 4 12 5 13, e: 2 10 3 11, f: 6 14 7 15 */
    const __m512i word[4] = {_mm512_shuffle_i32x4(a, e, 0x88), _mm512_shuffle_i32x4(d, f, 0x88),
                             _mm512_shuffle_i32x4(a, e, 0xdd), _mm512_shuffle_i32x4(d, f, 0xdd)};
    for (size_t k = 0; k < 4 && b + 4 * k < blocks; k++) _mm512_storeu_si512(out + 4 * b + k * W, word[k]);
  }
}

static void thresholds(float *t, const uint32_t *random, size_t width) {
  const __m512i most = _mm512_set1_epi32(INT32_MAX);
  for (size_t j = 0; j < width; j += W) {
    const __m512i k = _mm512_srli_epi32(_mm512_loadu_si512(random + j), 1);
    const __m512 on = _mm512_add_ps(_mm512_cvtepi32_ps(k), set1(0.5f));
    const __m512 off = _mm512_add_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(most, k)), set1(0.5f));
    _mm512_store_ps(t + j, log16(_mm512_div_ps(on, off)));
  }
}

static void sigmoid(float *out, const float *z, float scale, size_t n, size_t width) {
  const __m512 one = set1(1.0f), most = set1(87.0f), least = set1(-87.0f);
  for (size_t j = 0; j < width; j += W) {
    /* min and max return their second operand for NaN, as the comparisons of vpfi_sigmoidf() do */
    const __m512 bounded = _mm512_max_ps(least, _mm512_min_ps(most, _mm512_load_ps(z + j)));
    const __m512 minus = _mm512_xor_ps(bounded, set1(-0.0f));
    const __m512 mean = _mm512_div_ps(one, _mm512_add_ps(one, exp16(minus)));
    _mm512_store_ps(out + j, _mm512_maskz_mul_ps(lanes_below(j, n), set1(scale), mean));
  }
}

static void temper(float *z, const float *base, const float *f, float beta, size_t width) {
  for (size_t j = 0; j < width; j += W)
    _mm512_store_ps(z + j, _mm512_add_ps(_mm512_load_ps(base + j), _mm512_mul_ps(set1(beta), _mm512_load_ps(f + j))));
}

static inline __m512 softplus_factor(__m512 z) {
  const __m512 size = _mm512_min_ps(_mm512_abs_ps(z), set1(87.0f));
  return _mm512_add_ps(set1(1.0f), exp16(_mm512_xor_ps(size, set1(-0.0f))));
}

/* All lanes of softplus_lane in kernels_reference.c. */
typedef struct softplus16 {
  __m512 above, product_b, product_a;
} softplus16;

static double flush_lanes(softplus16 *lane) {
  float part[W];
  double sum = 0;
  const __m512 logs = _mm512_sub_ps(log16(lane->product_b), log16(lane->product_a));
  _mm512_storeu_ps(part, _mm512_add_ps(lane->above, logs));
  for (int k = 0; k < W; k++) sum += (double)part[k];
  *lane = (softplus16){_mm512_setzero_ps(), set1(1.0f), set1(1.0f)};
  return sum;
}

static double softplus_change(const float *base, const float *f, float from, float to, size_t n) {
  const __m512 start = set1(from), end = set1(to), zero = _mm512_setzero_ps();
  softplus16 lane = {zero, set1(1.0f), set1(1.0f)};
  double sum = 0;
  for (size_t j = 0; j < n; j += W) {
    const __mmask16 real = lanes_below(j, n);
    const __m512 fj = _mm512_load_ps(f + j), b0 = _mm512_load_ps(base + j);
    const __m512 a = _mm512_add_ps(b0, _mm512_mul_ps(start, fj)), b = _mm512_add_ps(b0, _mm512_mul_ps(end, fj));
    const __m512 above = _mm512_sub_ps(_mm512_max_ps(b, zero), _mm512_max_ps(a, zero));
    lane.above = _mm512_mask_add_ps(lane.above, real, lane.above, above);
    lane.product_b = _mm512_mask_mul_ps(lane.product_b, real, lane.product_b, softplus_factor(b));
    lane.product_a = _mm512_mask_mul_ps(lane.product_a, real, lane.product_a, softplus_factor(a));
    if ((j + W) % VPFI_SOFTPLUS_FLUSH == 0 && j + W <= n) sum += flush_lanes(&lane);
  }
  return sum + flush_lanes(&lane);
}

static void draw(uint64_t *bits, const float *z, const float *t, size_t n) {
  for (size_t first = 0; first < n; first += 64) {
    uint64_t word = 0;
    for (size_t j = first; j < first + 64 && j < n; j += W) {
      const __mmask16 on = _mm512_cmp_ps_mask(_mm512_load_ps(z + j), _mm512_load_ps(t + j), _CMP_GT_OQ);
      word |= (uint64_t)(on & lanes_below(j, n)) << (j - first);
    }
    bits[first / 64] = word;
  }
}

/* sum[0..n) = sum over the rows that are on of gain; 64 rows at a time are listed. */
static inline void sum_on(float *sum, size_t n, const uint64_t *on, size_t words, const float *gain, size_t width) {
  uint32_t index[64];
  memset(sum, 0, n * sizeof *sum);
  for (size_t w = 0; w < words; w++) {
    const size_t count = vpfi_bits_list(on + w, 1, index);
    sum_columns(sum, n, gain + 64 * w * width, width, index, count);
  }
}

/* Sixteen rows of `from`, as columns. */
static inline void load_transposed16(__m512 column[W], const float *from, size_t stride) {
  __m512 r[W], s[W];
  for (int k = 0; k < W; k++) r[k] = _mm512_loadu_ps(from + (size_t)k * stride);
  for (int k = 0; k < W; k += 2) {
    s[k] = _mm512_unpacklo_ps(r[k], r[k + 1]);
    s[k + 1] = _mm512_unpackhi_ps(r[k], r[k + 1]);
  }
  for (int k = 0; k < W; k += 4) { /* r[k + c]: columns c, c+4, c+8, c+12 of rows k .. k+3 */
    r[k] = _mm512_shuffle_ps(s[k], s[k + 2], 0x44);
    r[k + 1] = _mm512_shuffle_ps(s[k], s[k + 2], 0xee);
    r[k + 2] = _mm512_shuffle_ps(s[k + 1], s[k + 3], 0x44);
    r[k + 3] = _mm512_shuffle_ps(s[k + 1], s[k + 3], 0xee);
  }
  for (int c = 0; c < 4; c++) {
    const __m512 a = _mm512_shuffle_f32x4(r[c], r[c + 4], 0x88), b = _mm512_shuffle_f32x4(r[c], r[c + 4], 0xdd);
    const __m512 d = _mm512_shuffle_f32x4(r[c + 8], r[c + 12], 0x88), e = _mm512_shuffle_f32x4(r[c + 8], r[c + 12], 0xdd);
    column[c] = _mm512_shuffle_f32x4(a, d, 0x88);
    column[c + 4] = _mm512_shuffle_f32x4(b, e, 0x88);
    column[c + 8] = _mm512_shuffle_f32x4(a, d, 0xdd);
    column[c + 12] = _mm512_shuffle_f32x4(b, e, 0xdd);
  }
}

static void gradient(float *out, const vpfi_pair_view *view, size_t i0, size_t lower, size_t j0, size_t upper) {
  _Alignas(64) float from_upper[VPFI_TILE_UPPER * VPFI_TILE_LOWER]; /* sum_r y_j gain_i, transposed */
  for (size_t j = 0; j < upper; j++)
    sum_on(from_upper + j * VPFI_TILE_LOWER, lower, view->upper_on + (j0 + j) * view->words, view->words,
           view->lower_gain + i0, view->lower_width);
  for (size_t i = 0; i < lower; i++)
    sum_on(out + i * VPFI_TILE_UPPER, upper, view->lower_on + (i0 + i) * view->words, view->words,
           view->upper_gain + j0, view->upper_width);
  for (size_t i = 0; i < lower; i += W)
    for (size_t j = 0; j < upper; j += W) {
      __m512 column[W];
      load_transposed16(column, from_upper + j * VPFI_TILE_LOWER + i, VPFI_TILE_LOWER);
      for (size_t k = 0; k < W; k++) {
        float *to = out + (i + k) * VPFI_TILE_UPPER + j;
        _mm512_store_ps(to, _mm512_add_ps(_mm512_load_ps(to), column[k]));
      }
    }
}

static inline __m512 without_denormals(__m512 moment) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(_mm512_abs_ps(moment), set1(1e-30f), _CMP_NLT_UQ), moment);
}

static inline __m512i larger(__m512i peak, __m512 x) {
  return _mm512_max_epi32(peak, _mm512_castps_si512(_mm512_abs_ps(x)));
}

static float largest(__m512i peak) {
  return vpfi_bits_float((uint32_t)_mm512_reduce_max_epi32(peak));
}

static float adam(float *w, float *m, float *v, const float *sum, size_t count, const vpfi_update *update) {
  const __m512 scale = set1(update->scale), decay = set1(update->decay), rate = set1(update->rate);
  const __m512 beta1 = set1(update->beta1), keep1 = set1(update->keep1);
  const __m512 beta2 = set1(update->beta2), keep2 = set1(update->keep2), epsilon = set1(update->epsilon);
  __m512i peak = _mm512_setzero_si512();
  for (size_t k = 0; k < count; k += W) {
    const __m512 old = _mm512_load_ps(w + k);
    const __m512 g = _mm512_add_ps(_mm512_mul_ps(scale, _mm512_load_ps(sum + k)), _mm512_mul_ps(decay, old));
    const __m512 m1 = without_denormals(
        _mm512_add_ps(_mm512_mul_ps(beta1, _mm512_load_ps(m + k)), _mm512_mul_ps(keep1, g)));
    const __m512 v1 = without_denormals(
        _mm512_add_ps(_mm512_mul_ps(beta2, _mm512_load_ps(v + k)), _mm512_mul_ps(keep2, _mm512_mul_ps(g, g))));
    const __m512 step = _mm512_div_ps(_mm512_mul_ps(rate, m1), _mm512_add_ps(_mm512_sqrt_ps(v1), epsilon));
    const __m512 w1 = _mm512_sub_ps(old, step);
    _mm512_store_ps(m + k, m1);
    _mm512_store_ps(v + k, v1);
    _mm512_store_ps(w + k, w1);
    peak = larger(larger(larger(peak, v1), m1), w1);
  }
  return largest(peak);
}

static float sgd(float *w, float *m, const float *sum, size_t count, const vpfi_update *update) {
  const __m512 scale = set1(update->scale), decay = set1(update->decay), rate = set1(update->rate);
  const __m512 momentum = set1(update->momentum);
  __m512i peak = _mm512_setzero_si512();
  for (size_t k = 0; k < count; k += W) {
    const __m512 old = _mm512_load_ps(w + k);
    const __m512 g = _mm512_add_ps(_mm512_mul_ps(scale, _mm512_load_ps(sum + k)), _mm512_mul_ps(decay, old));
    const __m512 m1 = without_denormals(_mm512_add_ps(_mm512_mul_ps(momentum, _mm512_load_ps(m + k)), g));
    const __m512 w1 = _mm512_sub_ps(old, _mm512_mul_ps(rate, m1));
    _mm512_store_ps(m + k, m1);
    _mm512_store_ps(w + k, w1);
    peak = larger(larger(peak, m1), w1);
  }
  return largest(peak);
}

/* Rows and columns are multiples of 8, not of 16: whole blocks, and the rest one by one. */
static void transpose(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                      size_t cols) {
  const size_t whole_rows = rows / W * W, whole_cols = cols / W * W;
  for (size_t i = 0; i < whole_rows; i += W)
    for (size_t j = 0; j < whole_cols; j += W) {
      __m512 column[W];
      load_transposed16(column, from + i * from_stride + j, from_stride);
      for (size_t k = 0; k < W; k++) _mm512_storeu_ps(to + (j + k) * to_stride + i, column[k]);
    }
  for (size_t j = 0; j < cols; j++)
    for (size_t i = j < whole_cols ? whole_rows : 0; i < rows; i++) to[j * to_stride + i] = from[i * from_stride + j];
}

const vpfi_kernels vpfi_kernels_avx512 = {
    .name = "avx512",
    .sum_rows = sum_rows,
    .add_row = add_row,
    .rates = rates,
    .random = random_words,
    .thresholds = thresholds,
    .sigmoid = sigmoid,
    .temper = temper,
    .softplus_change = softplus_change,
    .draw = draw,
    .gradient = gradient,
    .adam = adam,
    .sgd = sgd,
    .transpose = transpose,
};
