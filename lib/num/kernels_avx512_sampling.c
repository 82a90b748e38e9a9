/* SPDX-License-Identifier: MIT */
/* AVX-512: random numbers, drawing units, and what is made of their fields. */
#include "num/kernels_avx512.h"

/* Units of one vector that have flipped: their rows of u are added, or, with their signs changed, subtracted. */
typedef struct flips {
  size_t count;
  const float *row[W];
  float sign[W]; /* 0 to add, -0 to subtract: x - y is x + (-y), to the bit */
} flips;

/* `vectors` (a constant) of fields from j on. */
static inline __attribute__((always_inline)) void spread_tile(float *z, size_t j, const flips *f, const int vectors) {
  __m512 field[4];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) field[v] = _mm512_load_ps(z + j + v * W);
  for (size_t k = 0; k < f->count; k++) {
    const __m512 sign = set1(f->sign[k]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
      field[v] = _mm512_add_ps(field[v], _mm512_xor_ps(_mm512_load_ps(f->row[k] + j + v * W), sign));
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) _mm512_store_ps(z + j + v * W, field[v]);
}

static void spread_flips(float *z, size_t from, size_t to, const flips *f) {
  size_t j = from;
  for (; j + 4 * W <= to; j += 4 * W) spread_tile(z, j, f, 4);
  for (; j < to; j += W) spread_tile(z, j, f, 1);
}

/* Flips within a vector follow each other in a register; what they change in the others waits until the
 * vector is done. Each field gets its changes in the order of the flips either way. */
void vpfi_avx512_sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                       const uint64_t *clamped, float *drawn_with, bool keep) {
  for (size_t first = 0; first < n; first += W) {
    const __m512 threshold = _mm512_load_ps(t + first);
    __m512 field = _mm512_load_ps(z + first);
    const unsigned shift = first % 64, before = (unsigned)(bits[first / 64] >> shift) & 0xffff;
    unsigned now = before, left = lanes_below(first, n);
    const unsigned drawable = left & ~(clamped ? (unsigned)(clamped[first / 64] >> shift) : 0);
    flips f;
    f.count = 0;
    for (;;) {
      const unsigned on = _mm512_cmp_ps_mask(field, threshold, _CMP_GT_OQ);
      const unsigned change = (on ^ now) & drawable & left;
      if (drawn_with) _mm512_mask_storeu_ps(drawn_with + first, (__mmask16)left, field); /* those before are final */
      if (change == 0) break;
      const unsigned lane = (unsigned)__builtin_ctz(change), bit = change & -change;
      f.row[f.count] = u + (first + lane) * width;
      f.sign[f.count] = vpfi_bits_float((~on >> lane) << 31);
      field = _mm512_add_ps(field, _mm512_xor_ps(_mm512_load_ps(f.row[f.count] + first), set1(f.sign[f.count])));
      f.count++;
      now ^= bit;
      left &= ~(bit | (bit - 1));
    }
    _mm512_store_ps(z + first, field);
    bits[first / 64] ^= (uint64_t)(now ^ before) << shift;
    if (keep) spread_flips(z, 0, first, &f);
    spread_flips(z, first + W, width, &f);
  }
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

void vpfi_avx512_random(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
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

void vpfi_avx512_thresholds(float *t, const uint32_t *random, size_t width) {
  const __m512i most = _mm512_set1_epi32(INT32_MAX);
  for (size_t j = 0; j < width; j += W) {
    const __m512i k = _mm512_srli_epi32(_mm512_loadu_si512(random + j), 1);
    const __m512 on = _mm512_add_ps(_mm512_cvtepi32_ps(k), set1(0.5f));
    const __m512 off = _mm512_add_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(most, k)), set1(0.5f));
    _mm512_store_ps(t + j, log16(_mm512_div_ps(on, off)));
  }
}

void vpfi_avx512_sigmoid(float *out, const float *z, float scale, size_t n, size_t width) {
  const __m512 one = set1(1.0f), most = set1(87.0f), least = set1(-87.0f);
  for (size_t j = 0; j < width; j += W) {
    /* min and max return their second operand for NaN, as the comparisons of vpfi_sigmoidf() do */
    const __m512 bounded = _mm512_max_ps(least, _mm512_min_ps(most, _mm512_load_ps(z + j)));
    const __m512 minus = _mm512_xor_ps(bounded, set1(-0.0f));
    const __m512 mean = _mm512_div_ps(one, _mm512_add_ps(one, exp16(minus)));
    _mm512_store_ps(out + j, _mm512_maskz_mul_ps(lanes_below(j, n), set1(scale), mean));
  }
}

void vpfi_avx512_temper(float *z, const float *base, const float *f, float beta, size_t width) {
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

double vpfi_avx512_softplus_change(const float *base, const float *f, float from, float to, size_t n) {
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

void vpfi_avx512_draw(uint64_t *bits, const float *z, const float *t, size_t n) {
  for (size_t first = 0; first < n; first += 64) {
    uint64_t word = 0;
    for (size_t j = first; j < first + 64 && j < n; j += W) {
      const __mmask16 on = _mm512_cmp_ps_mask(_mm512_load_ps(z + j), _mm512_load_ps(t + j), _CMP_GT_OQ);
      word |= (uint64_t)(on & lanes_below(j, n)) << (j - first);
    }
    bits[first / 64] = word;
  }
}
