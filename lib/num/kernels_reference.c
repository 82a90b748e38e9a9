/* SPDX-License-Identifier: MIT */
/* Plain C: the definition of every kernel. Kept for ever; tests compare the others with it. */
#include <math.h>
#include <string.h>

#include "num/bits.h"
#include "num/elementary.h"
#include "num/kernels.h"
#include "num/rng.h"

static void add_row(float *z, const float *row, bool on, size_t width) {
  for (size_t j = 0; j < width; j++) z[j] = on ? z[j] + row[j] : z[j] - row[j];
}

static void begin(float *out, const float *start, size_t width) {
  if (out == start) return;
  for (size_t j = 0; j < width; j++) out[j] = start ? start[j] : 0;
}

static void sum_rows(float *z, const float *start, const float *matrix, size_t stride, size_t width,
                     const uint32_t *index, size_t count) {
  begin(z, start, width);
  for (size_t k = 0; k < count; k++) add_row(z, matrix + index[k] * stride, true, width);
}

/* Begin sum number k of a selection. */
static float *begin_sum(const vpfi_selection *s, size_t k) {
  float *out = s->out + k * s->out_stride;
  begin(out, s->start ? s->start + k * s->start_stride : NULL, s->width);
  return out;
}

static void sum_selected(const vpfi_selection *s) {
  for (size_t k = 0; k < s->count; k++) {
    float *out = begin_sum(s, k);
    for (size_t row = 0; row < s->rows; row++)
      if (vpfi_bits_get(s->bits + k * s->words, row)) add_row(out, s->matrix + row * s->stride, true, s->width);
  }
}

/* sum[0..LANES) = the rows of a group that are on, added to each other; -0, which changes nothing, if none is. */
static void sum_group(float *sum, unsigned on, const float *group, size_t stride) {
  bool first = true;
  for (size_t j = 0; j < VPFI_KERNEL_LANES; j++) sum[j] = -0.0f;
  for (unsigned k = 0; k < VPFI_GROUP; k++) {
    const float *row = group + k * stride;
    if (!(on >> k & 1)) continue;
    for (size_t j = 0; j < VPFI_KERNEL_LANES; j++) sum[j] = first ? row[j] : sum[j] + row[j];
    first = false;
  }
}

static void sum_grouped(const vpfi_selection *s) {
  for (size_t k = 0; k < s->count; k++) {
    float *out = begin_sum(s, k);
    for (size_t row = 0; row < s->rows; row += VPFI_GROUP) {
      const unsigned on = s->bits[k * s->words + row / 64] >> (row % 64) & 15;
      for (size_t j = 0; j < s->width && on; j += VPFI_KERNEL_LANES) {
        float sum[VPFI_KERNEL_LANES];
        sum_group(sum, on, s->matrix + row * s->stride + j, s->stride);
        add_row(out + j, sum, true, VPFI_KERNEL_LANES);
      }
    }
  }
}

static void tabulate(float *table, const float *matrix, size_t stride, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row += VPFI_GROUP)
    for (unsigned on = 0; on < 16; on++, table += width) {
      const unsigned exist = rows - row < VPFI_GROUP ? on & ((1u << (rows - row)) - 1) : on;
      for (size_t j = 0; j < width; j += VPFI_KERNEL_LANES)
        sum_group(table + j, exist, matrix + row * stride + j, stride);
    }
}

static void sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                  const uint64_t *clamped, float *drawn_with, bool keep) {
  (void)keep;
  for (size_t j = 0; j < n; j++) {
    if (drawn_with) drawn_with[j] = z[j];
    if (clamped && vpfi_bits_get(clamped, j)) continue;
    const bool on = z[j] > t[j];
    if (on == vpfi_bits_get(bits, j)) continue;
    vpfi_bits_flip(bits, j);
    add_row(z, u + j * width, on, width);
  }
}

static bool rates(float *gain, size_t stride, const uint64_t *bits, size_t words, size_t first, size_t n, size_t width,
                  size_t rows, double *flow) {
  float lane[VPFI_KERNEL_LANES] = {0};
  bool within = true;
  for (size_t r = 0; r < rows; r++, gain += stride, bits += words) {
    for (size_t j = 0; j < n; j++) {
      const float z = gain[j], alpha = vpfi_bits_get(bits, first + j) ? -0.5f : 0.5f;
      const float below = alpha * z < VPFI_RATE_LIMIT ? alpha * z : VPFI_RATE_LIMIT;
      const float delta = vpfi_expf(below > -VPFI_RATE_LIMIT ? below : -VPFI_RATE_LIMIT);
      within = within && alpha * z <= VPFI_RATE_LIMIT;
      gain[j] = alpha * delta;
      lane[j % VPFI_KERNEL_LANES] += delta;
    }
    for (size_t j = n; j < width; j++) gain[j] = 0;
  }
  *flow = 0;
  for (size_t k = 0; k < VPFI_KERNEL_LANES; k++) *flow += (double)lane[k];
  return within;
}

static void random_words(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                         size_t blocks) {
  vpfi_rng_fill(stream, pass, row, 4 * (size_t)first_block, 4 * blocks, out);
}

static void thresholds(float *t, const uint32_t *random, size_t width) {
  const int32_t most = INT32_MAX;
  for (size_t j = 0; j < width; j++) {
    const int32_t k = (int32_t)(random[j] >> 1);
    t[j] = vpfi_logf(((float)k + 0.5f) / ((float)(most - k) + 0.5f));
  }
}

static void sigmoid(float *out, const float *z, float scale, size_t n, size_t width) {
  for (size_t j = 0; j < n; j++) out[j] = scale * vpfi_sigmoidf(z[j]);
  for (size_t j = n; j < width; j++) out[j] = 0;
}

static void add_weighted(float *z, const float *matrix, size_t stride, const float *weight, size_t rows, size_t width) {
  for (size_t i = 0; i < rows; i++) {
    if (weight[i] == 0) continue;
    for (size_t j = 0; j < width; j++) z[j] += weight[i] * matrix[i * stride + j];
  }
}

static void temper(float *z, const float *base, const float *f, float beta, size_t width) {
  for (size_t j = 0; j < width; j++) z[j] = base[j] + beta * f[j];
}

/* What has been gathered in one lane. */
typedef struct softplus_lane {
  float above;            /* of b less that of a */
  float product_b, product_a; /* at most 2^64 */
} softplus_lane;

/* Beyond 87 the factor is 1 to the bit. */
static float softplus_factor(float z) {
  const float size = fabsf(z) < 87.0f ? fabsf(z) : 87.0f;
  return 1.0f + vpfi_expf(-size);
}

static double flush_lanes(softplus_lane *lane) {
  double sum = 0;
  for (size_t k = 0; k < VPFI_KERNEL_LANES; k++) {
    const float logs = vpfi_logf(lane[k].product_b) - vpfi_logf(lane[k].product_a);
    sum += (double)(lane[k].above + logs);
    lane[k] = (softplus_lane){0, 1, 1};
  }
  return sum;
}

static double softplus_change(const float *base, const float *f, float from, float to, size_t n) {
  softplus_lane lane[VPFI_KERNEL_LANES];
  for (size_t k = 0; k < VPFI_KERNEL_LANES; k++) lane[k] = (softplus_lane){0, 1, 1};
  double sum = 0;
  for (size_t j = 0; j < n; j++) {
    softplus_lane *l = &lane[j % VPFI_KERNEL_LANES];
    const float a = base[j] + from * f[j], b = base[j] + to * f[j];
    l->above += (b > 0 ? b : 0.0f) - (a > 0 ? a : 0.0f);
    l->product_b *= softplus_factor(b);
    l->product_a *= softplus_factor(a);
    if (j % VPFI_SOFTPLUS_FLUSH == VPFI_SOFTPLUS_FLUSH - 1) sum += flush_lanes(lane);
  }
  return sum + flush_lanes(lane);
}

double vpfi_sum_of_lanes(const double lane[VPFI_KERNEL_LANES]) {
  double sum = 0;
  for (size_t k = 0; k < VPFI_KERNEL_LANES; k++) sum += lane[k];
  return sum;
}

double vpfi_log_of_product(const double lane[VPFI_KERNEL_LANES]) {
  double product = 1;
  for (size_t k = 0; k < VPFI_KERNEL_LANES; k++) product *= lane[k];
  return vpfi_log(product);
}

static double softplus_sum(const double *z, size_t width) {
  double above[VPFI_KERNEL_LANES] = {0}, product[VPFI_KERNEL_LANES], logs = 0;
  for (size_t k = 0; k < VPFI_KERNEL_LANES; k++) product[k] = 1;
  for (size_t j = 0; j < width; j++) {
    above[j % VPFI_KERNEL_LANES] += z[j] > 0 ? z[j] : 0;
    product[j % VPFI_KERNEL_LANES] *= 1 + vpfi_exp_minus(fabs(z[j]));
    if ((j + 1) % VPFI_SOFTPLUS_SUM_FLUSH != 0 && j + 1 < width) continue;
    logs += vpfi_log_of_product(product);
    for (size_t k = 0; k < VPFI_KERNEL_LANES; k++) product[k] = 1;
  }
  return vpfi_sum_of_lanes(above) + logs;
}

static void add_row_to_doubles(double *z, const float *row, bool on, size_t width) {
  const double sign = on ? 1 : -1;
  for (size_t j = 0; j < width; j++) z[j] += sign * (double)row[j];
}

static void draw(uint64_t *bits, const float *z, const float *t, size_t n) {
  memset(bits, 0, vpfi_bits_words(n) * sizeof *bits);
  for (size_t j = 0; j < n; j++) bits[j / 64] |= (uint64_t)(z[j] > t[j]) << (j % 64);
}

static float without_denormals(float moment) {
  return fabsf(moment) < 1e-30f ? 0.0f : moment;
}

/* Absolute values compared as integers: their order is that of the floats, with infinity and then
 * NaN above all, so that neither gets lost. */
static uint32_t larger(uint32_t peak, float x) {
  const uint32_t magnitude = vpfi_float_bits(x) & 0x7fffffffu;
  return magnitude > peak ? magnitude : peak;
}

static void add_products(float *z, size_t z_stride, const float *weight, size_t weight_stride, size_t count,
                         const float *matrix, size_t stride, size_t inner, size_t width) {
  for (size_t r = 0; r < count; r++, z += z_stride, weight += weight_stride)
    for (size_t i = 0; i < inner; i++)
      for (size_t j = 0; j < width; j++) z[j] += weight[i] * matrix[i * stride + j];
}

static void add_where_on(float *z, const uint64_t *bits, float amount, size_t width) {
  for (size_t j = 0; j < width; j++) z[j] += vpfi_bits_get(bits, j) ? amount : 0.0f;
}

static float sum_of_float_lanes(const float lane[VPFI_KERNEL_LANES]) {
  float sum = 0;
  for (size_t k = 0; k < VPFI_KERNEL_LANES; k++) sum += lane[k];
  return sum;
}

static float dot(const float *a, const float *b, size_t width) {
  float lane[VPFI_KERNEL_LANES] = {0};
  for (size_t j = 0; j < width; j++) lane[j % VPFI_KERNEL_LANES] += a[j] * b[j];
  return sum_of_float_lanes(lane);
}

static float dot_bits(const uint64_t *bits, const float *b, size_t width) {
  float lane[VPFI_KERNEL_LANES] = {0};
  for (size_t j = 0; j < width; j++) lane[j % VPFI_KERNEL_LANES] += vpfi_bits_get(bits, j) ? b[j] : 0.0f;
  return sum_of_float_lanes(lane);
}

static void outer_products(float *out, size_t stride, const float *a, const float *b, size_t rows, const float *g,
                           const float *h, size_t width, bool add) {
  for (size_t i = 0; i < rows; i++, out += stride)
    for (size_t j = 0; j < width; j++) {
      const float sum = a[i] * g[j] + b[i] * h[j];
      out[j] = (add ? out[j] : 0.0f) - sum;
    }
}

static void average(float *to, const float *w, size_t rows, size_t cols, size_t stride, float keep, float rate) {
  for (size_t row = 0; row < rows; row++, to += stride, w += stride)
    for (size_t k = 0; k < cols; k++) to[k] = keep * to[k] + rate * w[k];
}

static float adam(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  uint32_t peak = 0;
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride) {
    float *w = p->w + row * p->stride, *m = p->m + row * p->stride, *v = p->v + row * p->stride;
    for (size_t k = 0; k < p->cols; k++) {
      const float g = update->scale * sum[k] + update->decay * w[k];
      m[k] = without_denormals(update->beta1 * m[k] + update->keep1 * g);
      v[k] = without_denormals(update->beta2 * v[k] + update->keep2 * (g * g));
      w[k] = w[k] - update->rate * m[k] / (sqrtf(v[k]) + update->epsilon);
      peak = larger(larger(larger(peak, v[k]), m[k]), w[k]);
    }
  }
  return vpfi_bits_float(peak);
}

static float adam_selected(const vpfi_parameters *p, const vpfi_selection *sum, const vpfi_update *update) {
  sum_selected(sum);
  return adam(p, sum->out, sum->out_stride, update);
}

static float sgd(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  uint32_t peak = 0;
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride) {
    float *w = p->w + row * p->stride, *m = p->m + row * p->stride;
    for (size_t k = 0; k < p->cols; k++) {
      const float g = update->scale * sum[k] + update->decay * w[k];
      m[k] = without_denormals(update->momentum * m[k] + g);
      w[k] = w[k] - update->rate * m[k];
      peak = larger(larger(peak, m[k]), w[k]);
    }
  }
  return vpfi_bits_float(peak);
}

static void transpose(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                      size_t cols) {
  for (size_t j = 0; j < cols; j++)
    for (size_t i = 0; i < rows; i++) to[j * to_stride + i] = from[i * from_stride + j];
}

static void add_transposed(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                           size_t cols) {
  for (size_t j = 0; j < cols; j++)
    for (size_t i = 0; i < rows; i++) to[j * to_stride + i] += from[i * from_stride + j];
}

const vpfi_kernels vpfi_kernels_reference = {
    .name = "reference",
    .sum_rows = sum_rows,
    .sum_selected = sum_selected,
    .sum_grouped = sum_grouped,
    .tabulate = tabulate,
    .add_row = add_row,
    .sweep = sweep,
    .rates = rates,
    .random = random_words,
    .thresholds = thresholds,
    .sigmoid = sigmoid,
    .temper = temper,
    .add_weighted = add_weighted,
    .softplus_sum = softplus_sum,
    .add_row_to_doubles = add_row_to_doubles,
    .softplus_change = softplus_change,
    .draw = draw,
    .adam = adam,
    .adam_selected = adam_selected,
    .sgd = sgd,
    .add_products = add_products,
    .add_where_on = add_where_on,
    .dot = dot,
    .dot_bits = dot_bits,
    .outer_products = outer_products,
    .average = average,
    .transpose = transpose,
    .add_transposed = add_transposed,
};
