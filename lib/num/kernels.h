/* SPDX-License-Identifier: MIT */
/* The inner loops, behind one table. States are bits, so a synaptic sum is a sum of selected
 * rows and no kernel multiplies a weight by a state.
 *
 * kernels_reference.c defines what each kernel computes, addition by addition; the variants for
 * an instruction set give the same bits. All row widths are multiples of VPFI_KERNEL_LANES
 * floats, all pointers to float are 64-byte aligned unless said otherwise. */
#ifndef VPFI_NUM_KERNELS_H
#define VPFI_NUM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  VPFI_KERNEL_LANES = 16,
  /* A tile of a gradient: one block of the lower units by one of the upper. 32 x 64 floats are
   * 8 KiB; with the transposed half another 8, so both stay in a first-level cache of 32. */
  VPFI_TILE_LOWER = 32,
  VPFI_TILE_UPPER = 64,
  VPFI_SOFTPLUS_FLUSH = 64 * VPFI_KERNEL_LANES /* units between logarithms: a product stays below 2^64 */
};

/* |z|/2 beyond this is divergence: exp(80) = 5.5e34 leaves float four decades of room. */
#define VPFI_FIELD_LIMIT 160.0f

/* A minibatch as the gradient of one weight matrix sees it. For unit i of the lower side, the
 * rows r in which it is on are the bits of lower_on[i * words]; its gain alpha delta in row r is
 * lower_gain[r * lower_width + i]. The same for the upper side. */
typedef struct vpfi_pair_view {
  const uint64_t *lower_on, *upper_on;
  size_t words;
  const float *lower_gain, *upper_gain;
  size_t lower_width, upper_width;
} vpfi_pair_view;

/* One step of Adam or SGD: the gradient is scale * sum + decay * w. */
typedef struct vpfi_update {
  float scale;      /* 1 / rows of the minibatch */
  float decay;      /* 2 lambda; 0 for biases */
  float rate;       /* Adam: lr sqrt(1-b2^t)/(1-b1^t); SGD: lr */
  float beta1, beta2; /* of the running means */
  float keep1, keep2; /* 1 - beta, rounded once: in float, 1 - 0.999f is off by 1.3e-5 */
  float epsilon;
  float momentum;
} vpfi_update;

typedef struct vpfi_kernels {
  const char *name;

  /* z[0..width) += sum over k of matrix[index[k] * width + 0..width), in the order of k. */
  void (*sum_rows)(float *z, const float *matrix, size_t width, const uint32_t *index, size_t count);

  /* z += row (on) or z -= row. */
  void (*add_row)(float *z, const float *row, bool on, size_t width);

  /* For unit j < n: alpha = 1/2 - y_j, delta = exp(alpha z_j), gain_j = alpha delta; gains from n
   * to width are 0. *flow = sum of delta (16 partial sums, j mod 16, then in order, as double).
   * False if some |z_j| is above VPFI_FIELD_LIMIT or NaN; outputs are then unspecified. */
  bool (*rates)(float *gain, const float *z, const uint64_t *bits, size_t n, size_t width, double *flow);

  /* The words of vpfi_rng_fill(): 4 * blocks of them, blocks a multiple of 4. out need not be aligned. */
  void (*random)(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block, size_t blocks);

  /* t[j] = log(u/(1-u)), u = (k + 1/2) 2^-31, k the upper 31 bits of random[j]; a unit with field
   * z is on if z > t, which has probability sigmoid(z). */
  void (*thresholds)(float *t, const uint32_t *random, size_t width);

  /* out[j] = scale / (1 + exp(-z[j])) for j < n, as scale * vpfi_sigmoidf(); 0 from n to width. out
   * may be z. */
  void (*sigmoid)(float *out, const float *z, float scale, size_t n, size_t width);

  /* z = base + beta f: the fields at inverse temperature beta (eval/ais.h). */
  void (*temper)(float *z, const float *base, const float *f, float beta, size_t width);

  /* sum over j < n of log(1 + exp(b)) - log(1 + exp(a)), a = base + from f, b = base + to f. The
   * parts above 0 are summed, the factors 1 + exp(-|.|), in (1, 2], multiplied, in 16 lanes, j mod
   * 16; every 64 of a lane their logarithms go into the double sum, lane after lane. */
  double (*softplus_change)(const float *base, const float *f, float from, float to, size_t n);

  /* Bit j = z[j] > t[j] for j < n; the rest of the last word is 0. */
  void (*draw)(uint64_t *bits, const float *z, const float *t, size_t n);

  /* Eq. (2), summed over the rows of the minibatch, for lower units i0.. and upper units j0..:
   *   out[i][j] = sum_r y_i(r) gain_j(r) + sum_r y_j(r) gain_i(r)
   * each sum over ascending r, then added. out: [VPFI_TILE_LOWER x VPFI_TILE_UPPER]; lower and
   * upper counts are multiples of VPFI_KERNEL_LANES, at most the tile. */
  void (*gradient)(float *out, const vpfi_pair_view *view, size_t i0, size_t lower, size_t j0, size_t upper);

  /* Adam (Kingma and Ba 2014) on count parameters (a multiple of VPFI_KERNEL_LANES):
   *   g = scale sum + decay w; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g g; w -= rate m/(sqrt v + eps)
   * Moments below 1e-30 become 0: dead pixels would otherwise drive them into denormals, which
   * are tens of times slower. Returns the largest of |w|, |m|, v; NaN or infinity if one is. */
  float (*adam)(float *w, float *m, float *v, const float *sum, size_t count, const vpfi_update *update);

  /* SGD with momentum: m = momentum m + g; w -= rate m. Returns the largest of |w| and |m|. */
  float (*sgd)(float *w, float *m, const float *sum, size_t count, const vpfi_update *update);

  /* to[j * to_stride + i] = from[i * from_stride + j]; rows and cols multiples of 8. */
  void (*transpose)(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows, size_t cols);
} vpfi_kernels;

/* The fastest table that this machine runs, or the one named by the environment variable
 * VPF_KERNELS (reference, avx2, avx512) if it runs here. All give the same results. */
const vpfi_kernels *vpfi_kernels_best(void);

/* Table number k = 0, 1, ... of those this machine runs, NULL beyond the last; 0 is the reference. */
const vpfi_kernels *vpfi_kernels_available(size_t k);

extern const vpfi_kernels vpfi_kernels_reference;
#ifdef VPFI_HAVE_X86_KERNELS
extern const vpfi_kernels vpfi_kernels_avx2, vpfi_kernels_avx512;
#endif

#endif
