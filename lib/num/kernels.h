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
  VPFI_GROUP = 4, /* rows whose 16 possible sums sum_grouped() adds from a table */
  VPFI_SOFTPLUS_FLUSH = 64 * VPFI_KERNEL_LANES, /* units between logarithms: a product stays below 2^64 */
  VPFI_SOFTPLUS_SUM_FLUSH = 32 * VPFI_KERNEL_LANES /* the same in double, of all lanes together: 2^512 */
};

/* A rate exp(alpha z) beyond exp(80) = 5.5e34, which leaves float four decades of room, is divergence: a unit disagrees
 * with a field of more than 160. One that agrees with its field, however large, has a rate close to 0. */
#define VPFI_RATE_LIMIT 80.0f

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

/* Part of a matrix of parameters with its moments, which have the same layout; v is Adam's. */
typedef struct vpfi_parameters {
  float *w, *m, *v;
  size_t rows, cols, stride;
} vpfi_parameters;

/* Rows of a matrix, selected by `count` rows of bits: out[k * out_stride + 0..width) = start[k * start_stride +
 * 0..width) (NULL: 0; may be out) plus those rows of the matrix that are on in bits[k * words ...]. */
typedef struct vpfi_selection {
  float *out;
  size_t out_stride;
  const float *start;
  size_t start_stride;
  const uint64_t *bits;
  size_t words, count;
  const float *matrix;
  size_t stride, rows, width; /* no bit beyond the rows is on */
} vpfi_selection;

typedef struct vpfi_kernels {
  const char *name;

  /* z[0..width) = start[0..width) (NULL: 0; may be z) plus matrix[index[k] * stride + 0..width) in the order of k. */
  void (*sum_rows)(float *z, const float *start, const float *matrix, size_t stride, size_t width,
                   const uint32_t *index, size_t count);

  /* Many such sums: to the start are added, ascending, the selected rows. */
  void (*sum_selected)(const vpfi_selection *selection);

  /* The same in another order, which costs the same whatever is on: what is added, for g = 0, 1, ..., is the
   * sum, ascending, of those of rows 4g .. 4g+3 that are selected, if any. */
  void (*sum_grouped)(const vpfi_selection *selection);

  /* The sums that sum_grouped() adds: table[(16 g + on) * width + 0..width) = the sum of those of rows 4g ..
   * 4g+3 that are on, their bits being those of `on`; -0 if none is. Rows beyond `rows` are 0. */
  void (*tabulate)(float *table, const float *matrix, size_t stride, size_t rows, size_t width);

  /* z += row (on) or z -= row. */
  void (*add_row)(float *z, const float *row, bool on, size_t width);

  /* z += the sum of weight[i] times row i of the matrix, ascending; rows whose weight is 0 are left out: known black pixels
   * are most of an image. Row i is at matrix + i * stride. */
  void (*add_weighted)(float *z, const float *matrix, size_t stride, const float *weight, size_t rows, size_t width);

  /* The same for `count` rows of z, row r with weights weight[r * weight_stride + 0 .. inner-1], none left out. */
  void (*add_products)(float *z, size_t z_stride, const float *weight, size_t weight_stride, size_t count,
                       const float *matrix, size_t stride, size_t inner, size_t width);

  /* z[j] += amount where bit j is on, and 0 elsewhere. */
  void (*add_where_on)(float *z, const uint64_t *bits, float amount, size_t width);

  /* The sum over j < width of a[j] b[j], and of the b[j] whose bit is on: 16 partial sums, j mod 16, each over ascending j;
   * then added in order. */
  float (*dot)(const float *a, const float *b, size_t width);
  float (*dot_bits)(const uint64_t *bits, const float *b, size_t width);

  /* out[i * stride + j] = -(a[i] g[j] + b[i] h[j]) or, if `add`, what is there plus that. */
  void (*outer_products)(float *out, size_t stride, const float *a, const float *b, size_t rows, const float *g,
                         const float *h, size_t width, bool add);

  /* One asynchronous sweep (Eq. (20)): for j = 0, 1, ... < n, unless bit j of clamped (NULL: none): unit j
   * is on if z_j > t_j, and if that is a change, row j of u, [n x width], is added to z (on) or subtracted.
   * drawn_with, unless NULL: [n], z_j as unit j was drawn; of a clamped unit as it was then. z is afterwards
   * the field of the new states if `keep`, else unspecified. */
  void (*sweep)(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                const uint64_t *clamped, float *drawn_with, bool keep);

  /* From fields to gains, in place, for units first .. first+width-1 (first a multiple of
   * VPFI_KERNEL_LANES) of `rows` rows: gain[r * stride + j] holds z and gets alpha delta, where alpha =
   * 1/2 - y, y is bit first + j of bits[r * words ...] and delta = exp(alpha z); 0 for j >= n. alpha z counts as at
   * least -VPFI_RATE_LIMIT, and as at most VPFI_RATE_LIMIT, also if it is NaN. *flow = the sum of delta: 16 partial sums,
   * j mod 16, each over ascending r, then ascending j; then added in order, as double. False if some alpha z, j < n, is
   * above the limit or NaN. */
  bool (*rates)(float *gain, size_t stride, const uint64_t *bits, size_t words, size_t first, size_t n, size_t width,
                size_t rows, double *flow);

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

  /* sum over j < width of log(1 + exp(z)), in double. The parts above 0 are summed in 16 lanes, j mod 16, which are added
   * in order; the factors 1 + exp(-|.|) are multiplied in lanes too, and every 32 of a lane the logarithm of the product
   * of all lanes goes into a sum of its own. Units that are only padding must be below -708. */
  double (*softplus_sum)(const double *z, size_t width);

  /* z += row (on) or z -= row, in double. */
  void (*add_row_to_doubles)(double *z, const float *row, bool on, size_t width);

  /* Bit j = z[j] > t[j] for j < n; the rest of the last word is 0. */
  void (*draw)(uint64_t *bits, const float *z, const float *t, size_t n);

  /* Adam (Kingma and Ba 2014) on rows of `cols` parameters (a multiple of VPFI_KERNEL_LANES):
   *   g = scale sum + decay w; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g g; w -= rate m/(sqrt v + eps)
   * Moments below 1e-30 become 0: dead pixels would otherwise drive them into denormals, which
   * are tens of times slower. Returns the largest of |w|, |m|, v; NaN or infinity if one is. */
  float (*adam)(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update);

  /* The last part of the sums and the step in one: as sum_selected() and then adam() on what it leaves, row k of
   * the selection for row k of the parameters; of out only the room is used. */
  float (*adam_selected)(const vpfi_parameters *p, const vpfi_selection *sum, const vpfi_update *update);

  /* SGD with momentum: m = momentum m + g; w -= rate m. Returns the largest of |w| and |m|. */
  float (*sgd)(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update);

  /* The running average of parameters: to = keep to + rate w, for rows of `cols` parameters as in vpfi_parameters. */
  void (*average)(float *to, const float *w, size_t rows, size_t cols, size_t stride, float keep, float rate);

  /* to[j * to_stride + i] = from[i * from_stride + j]; rows and cols multiples of 8. */
  void (*transpose)(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows, size_t cols);

  /* The same, added: to[j * to_stride + i] += from[i * from_stride + j]; multiples of VPFI_KERNEL_LANES. */
  void (*add_transposed)(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows, size_t cols);
} vpfi_kernels;

/* The ends of softplus_sum(): the sum of all lanes, and the logarithm of their product. */
double vpfi_sum_of_lanes(const double lane[VPFI_KERNEL_LANES]);
double vpfi_log_of_product(const double lane[VPFI_KERNEL_LANES]);

/* The fastest table that this processor runs, or the one named by the environment variable
 * VPF_KERNELS (reference, avx2, avx512, neon) if it runs here. All give the same results. */
const vpfi_kernels *vpfi_kernels_best(void);

/* Table number k = 0, 1, ... of those this processor runs, NULL beyond the last; 0 is the reference. */
const vpfi_kernels *vpfi_kernels_available(size_t k);

extern const vpfi_kernels vpfi_kernels_reference;
#ifdef VPFI_HAVE_X86_KERNELS
extern const vpfi_kernels vpfi_kernels_avx2, vpfi_kernels_avx512;
#endif
#ifdef VPFI_HAVE_NEON_KERNELS
extern const vpfi_kernels vpfi_kernels_neon;
#endif

#endif
