/* SPDX-License-Identifier: MIT */
/* AVX2: random numbers, drawing units, and what is made of their fields. */
#include "num/kernels_avx2.h"

/* Units of one vector that have flipped: their rows of u are added, or, with their signs changed, subtracted. */
typedef struct flips {
  size_t count;
  const float *row[W];
  float sign[W]; /* 0 to add, -0 to subtract: x - y is x + (-y), to the bit */
} flips;

/* `vectors` (a constant) of fields from j on. */
static inline __attribute__((always_inline)) void spread_tile(float *z, size_t j, const flips *f, const int vectors) {
  __m256 field[4];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) field[v] = _mm256_load_ps(z + j + v * W);
  for (size_t k = 0; k < f->count; k++) {
    const __m256 sign = set1(f->sign[k]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
      field[v] = _mm256_add_ps(field[v], _mm256_xor_ps(_mm256_load_ps(f->row[k] + j + v * W), sign));
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) _mm256_store_ps(z + j + v * W, field[v]);
}

static void spread_flips(float *z, size_t from, size_t to, const flips *f) {
  size_t j = from;
  for (; j + 4 * W <= to; j += 4 * W) spread_tile(z, j, f, 4);
  for (; j < to; j += W) spread_tile(z, j, f, 1);
}

/* Flips within a vector follow each other in a register; what they change in the others waits until the
 * vector is done. Each field gets its changes in the order of the flips either way. */
void vpfi_avx2_sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                     const uint64_t *clamped, float *drawn_with, bool keep) {
  for (size_t first = 0; first < n; first += W) {
    const __m256 threshold = _mm256_load_ps(t + first);
    __m256 field = _mm256_load_ps(z + first);
    const unsigned shift = first % 64, before = (unsigned)(bits[first / 64] >> shift) & 0xff;
    unsigned now = before, left = lanes_below(first, n);
    const unsigned drawable = left & ~(clamped ? (unsigned)(clamped[first / 64] >> shift) : 0);
    flips f;
    f.count = 0;
    for (;;) {
      const unsigned on = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(field, threshold, _CMP_GT_OQ));
      const unsigned change = (on ^ now) & drawable & left;
      if (drawn_with) /* those before are final */
        _mm256_maskstore_ps(drawn_with + first, _mm256_castps_si256(byte_mask(left)), field);
      if (change == 0) break;
      const unsigned lane = (unsigned)__builtin_ctz(change), bit = change & -change;
      f.row[f.count] = u + (first + lane) * width;
      f.sign[f.count] = vpfi_bits_float((~on >> lane) << 31);
      field = _mm256_add_ps(field, _mm256_xor_ps(_mm256_load_ps(f.row[f.count] + first), set1(f.sign[f.count])));
      f.count++;
      now ^= bit;
      left &= ~(bit | (bit - 1));
    }
    _mm256_store_ps(z + first, field);
    bits[first / 64] ^= (uint64_t)(now ^ before) << shift;
    if (keep) spread_flips(z, 0, first, &f);
    spread_flips(z, first + W, width, &f);
  }
}

/* The four words of eight counters, word k of each in x[k]. */
typedef struct philox8 {
  __m256i x[4];
} philox8;

/* high and low halves of the products of eight lanes with m */
static inline void multiply(__m256i a, uint32_t m, __m256i *high, __m256i *low) {
  const __m256i factor = _mm256_set1_epi32((int)m);
  const __m256i even = _mm256_mul_epu32(a, factor), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), factor);
  *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
  *high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

/* Philox4x32-10 (Salmon et al. 2011), as Random123 computes it in vpfi_rng_block(). */
static inline philox8 philox_ten_rounds(philox8 c, uint64_t key) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    __m256i high0, low0, high1, low1;
    multiply(c.x[0], 0xd2511f53u, &high0, &low0);
    multiply(c.x[2], 0xcd9e8d57u, &high1, &low1);
    c.x[0] = _mm256_xor_si256(_mm256_xor_si256(high1, c.x[1]), _mm256_set1_epi32((int)k0));
    c.x[1] = low1;
    c.x[2] = _mm256_xor_si256(_mm256_xor_si256(high0, c.x[3]), _mm256_set1_epi32((int)k1));
    c.x[3] = low0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return c;
}

/* Eight counters from block on: 32 words, counter after counter. */
static inline void philox_blocks(__m256i out[4], uint64_t stream, uint32_t pass, uint64_t row, uint32_t block) {
  const __m256i step = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const philox8 counter = {{_mm256_add_epi32(_mm256_set1_epi32((int)block), step), _mm256_set1_epi32((int)pass),
                            _mm256_set1_epi32((int)(uint32_t)row), _mm256_set1_epi32((int)(uint32_t)(row >> 32))}};
  const philox8 r = philox_ten_rounds(counter, stream);
  const __m256i a = _mm256_unpacklo_epi32(r.x[0], r.x[1]), b = _mm256_unpackhi_epi32(r.x[0], r.x[1]);
  const __m256i c = _mm256_unpacklo_epi32(r.x[2], r.x[3]), d = _mm256_unpackhi_epi32(r.x[2], r.x[3]);
  const __m256i b04 = _mm256_unpacklo_epi64(a, c), b15 = _mm256_unpackhi_epi64(a, c);
  const __m256i b26 = _mm256_unpacklo_epi64(b, d), b37 = _mm256_unpackhi_epi64(b, d);
  out[0] = _mm256_permute2x128_si256(b04, b15, 0x20);
  out[1] = _mm256_permute2x128_si256(b26, b37, 0x20);
  out[2] = _mm256_permute2x128_si256(b04, b15, 0x31);
  out[3] = _mm256_permute2x128_si256(b26, b37, 0x31);
}

void vpfi_avx2_random(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                      size_t blocks) {
  for (size_t b = 0; b < blocks; b += 8) {
    __m256i word[4];
    philox_blocks(word, stream, pass, row, first_block + (uint32_t)b);
    const int vectors = blocks - b < 8 ? 2 : 4;
    for (int k = 0; k < vectors; k++) _mm256_storeu_si256((__m256i *)(void *)(out + 4 * b + (size_t)k * W), word[k]);
  }
}

void vpfi_avx2_thresholds(float *t, const uint32_t *random, size_t width) {
  const __m256i most = _mm256_set1_epi32(INT32_MAX);
  for (size_t j = 0; j < width; j += W) {
    const __m256i k = _mm256_srli_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(random + j)), 1);
    const __m256 on = _mm256_add_ps(_mm256_cvtepi32_ps(k), set1(0.5f));
    const __m256 off = _mm256_add_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(most, k)), set1(0.5f));
    _mm256_store_ps(t + j, log8(_mm256_div_ps(on, off)));
  }
}

void vpfi_avx2_sigmoid(float *out, const float *z, float scale, size_t n, size_t width) {
  const __m256 one = set1(1.0f), sign = set1(-0.0f), most = set1(87.0f), least = set1(-87.0f);
  for (size_t j = 0; j < width; j += W) {
    /* min and max return their second operand for NaN, as the comparisons of vpfi_sigmoidf() do */
    const __m256 bounded = _mm256_max_ps(least, _mm256_min_ps(most, _mm256_load_ps(z + j)));
    const __m256 mean = _mm256_div_ps(one, _mm256_add_ps(one, exp8(_mm256_xor_ps(bounded, sign))));
    const unsigned real = j + W <= n ? 0xff : j < n ? (1u << (n - j)) - 1 : 0;
    _mm256_store_ps(out + j, _mm256_and_ps(_mm256_mul_ps(set1(scale), mean), byte_mask(real)));
  }
}

void vpfi_avx2_temper(float *z, const float *base, const float *f, float beta, size_t width) {
  for (size_t j = 0; j < width; j += W)
    _mm256_store_ps(z + j, _mm256_add_ps(_mm256_load_ps(base + j), _mm256_mul_ps(set1(beta), _mm256_load_ps(f + j))));
}

/* Eight lanes of softplus_lane in kernels_reference.c. */
typedef struct softplus8 {
  __m256 above, product_b, product_a;
} softplus8;

static inline __m256 softplus_factor(__m256 z) {
  const __m256 sign = set1(-0.0f);
  const __m256 size = _mm256_min_ps(_mm256_andnot_ps(sign, z), set1(87.0f));
  return _mm256_add_ps(set1(1.0f), exp8(_mm256_xor_ps(size, sign)));
}

/* Lanes that do not exist (mask 0) gather 0 and factors of 1. */
static inline void softplus_add(softplus8 *lane, __m256 base, __m256 f, __m256 from, __m256 to, __m256 exists) {
  const __m256 zero = _mm256_setzero_ps(), one = set1(1.0f);
  const __m256 a = _mm256_add_ps(base, _mm256_mul_ps(from, f)), b = _mm256_add_ps(base, _mm256_mul_ps(to, f));
  const __m256 above = _mm256_sub_ps(_mm256_max_ps(b, zero), _mm256_max_ps(a, zero));
  lane->above = _mm256_add_ps(lane->above, _mm256_and_ps(above, exists));
  lane->product_b = _mm256_mul_ps(lane->product_b, _mm256_blendv_ps(one, softplus_factor(b), exists));
  lane->product_a = _mm256_mul_ps(lane->product_a, _mm256_blendv_ps(one, softplus_factor(a), exists));
}

static double flush_lanes(softplus8 lane[2]) {
  double sum = 0;
  for (int half = 0; half < 2; half++) {
    float part[W];
    const __m256 logs = _mm256_sub_ps(log8(lane[half].product_b), log8(lane[half].product_a));
    _mm256_storeu_ps(part, _mm256_add_ps(lane[half].above, logs));
    for (int k = 0; k < W; k++) sum += (double)part[k];
    lane[half] = (softplus8){_mm256_setzero_ps(), set1(1.0f), set1(1.0f)};
  }
  return sum;
}

double vpfi_avx2_softplus_change(const float *base, const float *f, float from, float to, size_t n) {
  const __m256 start = set1(from), end = set1(to), all = byte_mask(0xff);
  softplus8 lane[2] = {{_mm256_setzero_ps(), set1(1.0f), set1(1.0f)}, {_mm256_setzero_ps(), set1(1.0f), set1(1.0f)}};
  double sum = 0;
  for (size_t j = 0; j < n; j += W) {
    const __m256 exists = j + W <= n ? all : byte_mask((1u << (n - j)) - 1);
    softplus_add(&lane[j / W % 2], _mm256_load_ps(base + j), _mm256_load_ps(f + j), start, end, exists);
    if ((j + W) % VPFI_SOFTPLUS_FLUSH == 0 && j + W <= n) sum += flush_lanes(lane);
  }
  return sum + flush_lanes(lane);
}

void vpfi_avx2_draw(uint64_t *bits, const float *z, const float *t, size_t n) {
  for (size_t first = 0; first < n; first += 64) {
    const size_t left = n - first;
    uint64_t word = 0;
    for (size_t j = 0; j < 64 && j < left; j += W) {
      const __m256 on = _mm256_cmp_ps(_mm256_load_ps(z + first + j), _mm256_load_ps(t + first + j), _CMP_GT_OQ);
      word |= (uint64_t)(unsigned)_mm256_movemask_ps(on) << j;
    }
    bits[first / 64] = left < 64 ? word & (((uint64_t)1 << left) - 1) : word;
  }
}
