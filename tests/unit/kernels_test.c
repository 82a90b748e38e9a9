/* SPDX-License-Identifier: MIT */
/* Every table of kernels that this processor runs gives the bits of the reference, and the reference
 * computes what its header says. */
#include "support/fixture.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/bits.h"
#include "num/elementary.h"
#include "num/kernels.h"
#include "num/rng.h"
#include "support/dice.h"

enum { MOST = 208, WIDEST = 600, MOST_ROWS = 150, MOST_WORDS = (MOST + 63) / 64 };

static size_t padded(size_t n) {
  return (n + VPFI_KERNEL_LANES - 1) / VPFI_KERNEL_LANES * VPFI_KERNEL_LANES;
}

/* Zeroed and aligned as the kernels want it. */
static float *floats(size_t count) {
  float *p = aligned_alloc(64, (count * sizeof *p + 63) / 64 * 64);
  assert_non_null(p);
  memset(p, 0, count * sizeof *p);
  return p;
}

static void fill(float *p, size_t count, dice *d, double spread) {
  for (size_t k = 0; k < count; k++) p[k] = (float)(spread * dice_normal(d));
}

static void random_row(uint64_t *row, size_t n, dice *d, double on) {
  memset(row, 0, vpfi_bits_words(n) * sizeof *row);
  for (size_t j = 0; j < n; j++)
    if (dice_unit(d) < on) vpfi_bits_flip(row, j);
}

/* Buffers of two tables, filled alike before and compared after. */
typedef struct twins {
  float *a, *b;
  size_t count;
} twins;

static twins twins_new(size_t count) {
  twins t = {floats(count), floats(count), count};
  memset(t.a, 0x5a, count * sizeof *t.a); /* poison: what is left unwritten is the same, and wrong */
  memset(t.b, 0x5a, count * sizeof *t.b);
  return t;
}

static void twins_equal(twins *t) {
  assert_memory_equal(t->a, t->b, t->count * sizeof *t->a);
  free(t->a);
  free(t->b);
}

static void sums_of_rows_are_the_same_bits(void **state) {
  (void)state;
  dice d = {1};
  for (size_t k = 1; vpfi_kernels_available(k); k++)
    for (size_t n = 1; n <= WIDEST; n += 1 + n / 20) { /* every number of vectors */
      const vpfi_kernels *reference = vpfi_kernels_available(0), *fast = vpfi_kernels_available(k);
      const size_t width = padded(n), stride = width + 16 * dice_below(&d, 3), rows = 1 + dice_below(&d, MOST_ROWS);
      float *matrix = floats(rows * stride);
      uint32_t index[MOST_ROWS];
      size_t count = 0;
      fill(matrix, rows * stride, &d, 1);
      for (uint32_t r = 0; r < rows; r++)
        if (dice_bits(&d) & 1) index[count++] = r;
      twins z = twins_new(width);
      if (n % 2) fill(z.a, width, &d, 1);
      memcpy(z.b, z.a, width * sizeof *z.a);
      reference->sum_rows(z.a, n % 2 ? z.a : NULL, matrix, stride, width, index, count);
      fast->sum_rows(z.b, n % 2 ? z.b : NULL, matrix, stride, width, index, count);
      for (int on = 0; on < 2; on++) {
        reference->add_row(z.a, matrix, on, width);
        fast->add_row(z.b, matrix, on, width);
      }
      twins_equal(&z);
      free(matrix);
    }
}

/* In any order, none, or the same row twice: what the header says, against long double. */
static void sums_of_rows_add_the_selected_rows(void **state) {
  (void)state;
  dice d = {11};
  enum { ROWS = 40, WIDTH = 96, LONGEST = 64 };
  float *matrix = floats(ROWS * WIDTH), *z = floats(WIDTH), *before = floats(WIDTH);
  fill(matrix, ROWS * WIDTH, &d, 1);
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t count = 0; count <= LONGEST; count++) {
      uint32_t index[LONGEST];
      const bool add = count % 3 > 0;
      for (size_t i = 0; i < count; i++) index[i] = (uint32_t)dice_below(&d, ROWS);
      fill(before, WIDTH, &d, 1);
      vpfi_kernels_available(k)->sum_rows(z, add ? before : NULL, matrix, WIDTH, WIDTH, index, count);
      for (size_t j = 0; j < WIDTH; j++) {
        long double sum = add ? (long double)before[j] : 0;
        float in_order = add ? before[j] : 0;
        for (size_t i = 0; i < count; i++) {
          sum += (long double)matrix[index[i] * WIDTH + j];
          in_order += matrix[index[i] * WIDTH + j];
        }
        assert_close((double)z[j], (double)sum, 1e-5);
        assert_memory_equal(&z[j], &in_order, sizeof *z);
      }
      if (count == 0) continue;
      memcpy(z, before, WIDTH * sizeof *z);
      vpfi_kernels_available(k)->add_row(z, matrix + WIDTH, count % 2, WIDTH);
      for (size_t j = 0; j < WIDTH; j++) {
        const float row = matrix[WIDTH + j];
        assert_close((double)z[j], (double)(count % 2 ? before[j] + row : before[j] - row), 0);
      }
    }
  free(before);
  free(z);
  free(matrix);
}

/* count rows of bits that select some of `rows` rows of a matrix. */
static vpfi_selection selection_new(dice *d, size_t count, size_t rows, size_t n) {
  vpfi_selection s = {.count = count, .rows = rows, .width = padded(n), .words = vpfi_bits_words(rows) + dice_below(d, 2)};
  s.stride = s.width + 16 * dice_below(d, 3);
  s.out_stride = s.start_stride = s.width + 16 * dice_below(d, 3);
  uint64_t *bits = calloc(count * s.words, sizeof *bits);
  float *matrix = floats(rows * s.stride);
  fill(matrix, rows * s.stride, d, 1);
  for (size_t k = 0; k < rows * s.stride; k += 1 + dice_below(d, 20)) matrix[k] = -0.0f;
  for (size_t k = 0; k < count; k++) random_row(bits + k * s.words, rows, d, dice_unit(d));
  s.bits = bits;
  s.matrix = matrix;
  return s;
}

static void selection_free(vpfi_selection *s) {
  free((uint64_t *)(uintptr_t)s->bits);
  free((float *)(uintptr_t)s->matrix);
}

/* The element's sum, as the header defines both orders. */
static float selected_sum(const vpfi_selection *s, float sum, const uint64_t *bits, size_t j, bool grouped) {
  for (size_t first = 0; first < s->rows; first += grouped ? VPFI_GROUP : 1) {
    float group = 0;
    bool any = false;
    for (size_t row = first; row < s->rows && row < first + (grouped ? VPFI_GROUP : 1); row++) {
      if (!vpfi_bits_get(bits, row)) continue;
      group = any ? group + s->matrix[row * s->stride + j] : s->matrix[row * s->stride + j];
      any = true;
    }
    if (any) sum += group;
  }
  return sum;
}

/* Where sums start: at 0, at a row for all, at what is there. */
typedef enum start { START_ZERO, START_ROW, START_OUT, STARTS } start;

static void check_selection(vpfi_selection s, const vpfi_kernels *kernels, bool grouped, start from, dice *d) {
  const size_t size = s.count * s.out_stride;
  float *out = floats(size), *before = floats(size), *row = floats(s.width);
  fill(before, size, d, 1);
  fill(row, s.width, d, 1);
  before[0] = row[0] = -0.0f;
  memcpy(out, before, size * sizeof *out);
  s.out = out;
  s.start = from == START_ZERO ? NULL : from == START_ROW ? row : out;
  if (from == START_ROW) s.start_stride = 0;
  (grouped ? kernels->sum_grouped : kernels->sum_selected)(&s);
  for (size_t k = 0; k < s.count; k++)
    for (size_t j = 0; j < s.out_stride; j++) {
      const size_t at = k * s.out_stride + j;
      const float first = from == START_ZERO ? 0 : from == START_ROW && j < s.width ? row[j] : before[at];
      const float wanted = j < s.width ? selected_sum(&s, first, s.bits + k * s.words, j, grouped) : before[at];
      assert_memory_equal(&out[at], &wanted, sizeof wanted);
    }
  free(row);
  free(before);
  free(out);
}

static void selected_and_grouped_sums_have_the_bits_of_their_definition(void **state) {
  (void)state;
  dice d = {12};
  const size_t counts[] = {1, 2, 7, 8, 9, 40}, rows[] = {1, 2, 3, 4, 5, 39, 40, 41, 63, 64, 65, 130, 196};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t trial = 0; trial < 156; trial++) {
      const size_t n = 1 + dice_below(&d, trial % 4 ? 100 : WIDEST);
      vpfi_selection s = selection_new(&d, counts[trial % 6], rows[trial % 13], n);
      for (start from = 0; from < STARTS; from++)
        for (int grouped = 0; grouped < 2; grouped++) check_selection(s, vpfi_kernels_available(k), grouped, from, &d);
      selection_free(&s);
    }
}

static void tables_hold_the_sums_of_groups(void **state) {
  (void)state;
  dice d = {13};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t rows = 1; rows < 20; rows++) {
      vpfi_selection s = selection_new(&d, 1, rows, 1 + dice_below(&d, 70));
      uint64_t bits[2];
      float *table = floats((rows + 3) / 4 * 16 * s.width), *row = floats(s.width);
      vpfi_kernels_available(k)->tabulate(table, s.matrix, s.stride, rows, s.width);
      for (size_t group = 0; group < (rows + 3) / 4; group++)
        for (unsigned on = 0; on < 16; on++) {
          if (on >> (rows - 4 * group < 4 ? rows - 4 * group : 4)) continue; /* rows that do not exist */
          memset(bits, 0, sizeof bits);
          bits[group / 16] = (uint64_t)on << (4 * (group % 16));
          for (size_t j = 0; j < s.width; j++) row[j] = selected_sum(&s, -0.0f, bits, j, true);
          assert_memory_equal(table + (group * 16 + on) * s.width, row, s.width * sizeof *row);
        }
      free(table);
      free(row);
      selection_free(&s);
    }
}

/* Fields, thresholds and weights of a layer, for two sweeps to start from alike. */
static void sweeps_are_the_same_bits(void **state) {
  (void)state;
  dice d = {14};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t n = 1; n <= MOST; n++) {
      const size_t width = padded(n), words = vpfi_bits_words(n);
      float *u = floats(width * width), *t = floats(width);
      uint64_t bits[2][MOST_WORDS], clamped[MOST_WORDS];
      fill(u, n * width, &d, 0.5);
      for (size_t i = 0; i < n; i++) u[i * width + i] = 0;
      fill(t, width, &d, 2);
      random_row(bits[0], n, &d, 0.5);
      random_row(clamped, n, &d, 0.3);
      memcpy(bits[1], bits[0], sizeof bits[0]);
      twins z = twins_new(width), with = twins_new(width);
      fill(z.a, width, &d, 2);
      memcpy(z.b, z.a, width * sizeof *z.a);
      const bool clamps = n % 3 == 0, tells = n % 2, keeps = n % 5 > 0;
      for (int again = 0; again < 2; again++) {
        vpfi_kernels_available(0)->sweep(bits[0], z.a, t, u, n, width, clamps ? clamped : NULL, tells ? with.a : NULL, true);
        vpfi_kernels_available(k)->sweep(bits[1], z.b, t, u, n, width, clamps ? clamped : NULL, tells ? with.b : NULL,
                                         again == 0 || keeps);
        assert_memory_equal(bits[0], bits[1], words * sizeof bits[0][0]);
        fill(t, width, &d, 2);
      }
      if (!keeps) memcpy(z.b, z.a, width * sizeof *z.a);
      twins_equal(&z);
      twins_equal(&with);
      free(t);
      free(u);
    }
}

/* Unit after unit, each with a field summed afresh from the states as they then are. */
static void a_sweep_draws_each_unit_given_all_others(void **state) {
  (void)state;
  dice d = {15};
  enum { N = 70, WIDTH = 80 };
  float *u = floats(N * WIDTH), *z = floats(WIDTH), *t = floats(WIDTH), *outside = floats(WIDTH), *with = floats(WIDTH);
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (int trial = 0; trial < 50; trial++) {
      uint64_t bits[2], wanted[2];
      for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < i; j++) u[i * WIDTH + j] = u[j * WIDTH + i] = (float)(0.25 * dice_normal(&d));
      fill(t, N, &d, 1.5);
      fill(outside, N, &d, 1.5);
      random_row(bits, N, &d, 0.5);
      memcpy(wanted, bits, sizeof bits);
      for (size_t i = 0; i < N; i++) {
        z[i] = outside[i];
        for (size_t j = 0; j < N; j++) z[i] += vpfi_bits_get(bits, j) ? u[i * WIDTH + j] : 0;
      }
      vpfi_kernels_available(k)->sweep(bits, z, t, u, N, WIDTH, NULL, with, true);
      for (size_t i = 0; i < N; i++) {
        double field = (double)outside[i];
        for (size_t j = 0; j < N; j++) field += vpfi_bits_get(wanted, j) ? (double)u[i * WIDTH + j] : 0;
        assert_close((double)with[i], field, 1e-5);
        if ((field > (double)t[i]) != vpfi_bits_get(wanted, i)) vpfi_bits_flip(wanted, i);
      }
      assert_memory_equal(bits, wanted, sizeof bits);
      for (size_t i = 0; i < N; i++) {
        double field = (double)outside[i];
        for (size_t j = 0; j < N; j++) field += vpfi_bits_get(wanted, j) ? (double)u[i * WIDTH + j] : 0;
        assert_close((double)z[i], field, 1e-5);
      }
    }
  free(u);
  free(z);
  free(t);
  free(outside);
  free(with);
}

static void rates_are_the_same_bits(void **state) {
  (void)state;
  dice d = {2};
  const float special[] = {160, -160, 0, -0.0f, 1e-30f, 159.99998f};
  for (size_t k = 1; vpfi_kernels_available(k); k++)
    for (size_t n = 0; n <= MOST; n++) {
      const size_t first = 16 * dice_below(&d, 5), width = padded(n + 1), stride = width + 16, rows = 1 + n % 5;
      const size_t words = vpfi_bits_words(first + width);
      uint64_t *bits = calloc(rows * words, sizeof *bits);
      double flow[2] = {-1, -2};
      twins gain = twins_new(rows * stride);
      for (size_t r = 0; r < rows; r++) {
        fill(gain.a + r * stride, width, &d, n % 3 == 0 ? 50 : 3);
        for (size_t j = 0; j < n; j++) gain.a[r * stride + j] = fmaxf(-160, fminf(160, gain.a[r * stride + j]));
        for (size_t j = n; j < width; j++) gain.a[r * stride + j] = 1e9f; /* padding must not matter */
        if (n > 0) gain.a[r * stride + dice_below(&d, n)] = special[(n + r) % 6];
        random_row(bits + r * words, first + n, &d, 0.4);
      }
      memcpy(gain.b, gain.a, gain.count * sizeof *gain.a);
      assert_true(vpfi_kernels_available(0)->rates(gain.a, stride, bits, words, first, n, width, rows, &flow[0]));
      assert_true(vpfi_kernels_available(k)->rates(gain.b, stride, bits, words, first, n, width, rows, &flow[1]));
      assert_memory_equal(&flow[0], &flow[1], sizeof flow[0]);
      for (size_t r = 0; r < rows; r++)
        for (size_t j = n; j < width; j++) assert_close((double)gain.a[r * stride + j], 0, 0);
      twins_equal(&gain);
      free(bits);
    }
}

static void rates_are_exp_of_alpha_z(void **state) {
  (void)state;
  dice d = {3};
  enum { ROWS = 3 };
  float *z = floats(ROWS * MOST), *gain = floats(ROWS * MOST);
  uint64_t bits[ROWS * MOST_WORDS];
  fill(z, ROWS * MOST, &d, 5);
  memcpy(gain, z, ROWS * MOST * sizeof *z);
  for (size_t r = 0; r < ROWS; r++) random_row(bits + r * MOST_WORDS, MOST, &d, 0.5);
  double flow;
  long double sum = 0;
  assert_true(vpfi_kernels_available(0)->rates(gain, MOST, bits, MOST_WORDS, 0, MOST, MOST, ROWS, &flow));
  for (size_t r = 0; r < ROWS; r++)
    for (size_t j = 0; j < MOST; j++) {
      const long double alpha = vpfi_bits_get(bits + r * MOST_WORDS, j) ? -0.5L : 0.5L;
      const long double delta = expl(alpha * (long double)z[r * MOST + j]);
      assert_close((double)gain[r * MOST + j], (double)(alpha * delta), 3e-7 * (double)delta);
      sum += delta;
    }
  assert_close(flow, (double)sum, 1e-6 * (double)sum);
  free(z);
  free(gain);
}

static void fields_out_of_range_are_noticed_wherever_they_are(void **state) {
  (void)state;
  const float bad[] = {nextafterf(160, 1000), 161, INFINITY, FLT_MAX, NAN}; /* against the unit */
  enum { ROWS = 3, STRIDE = 80 };
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t n = 1; n <= 70; n++)
      for (size_t at = 0; at < ROWS * n; at++) {
        float z[ROWS * STRIDE] __attribute__((aligned(64))) = {0};
        const uint64_t bits[2 * ROWS] = {0x123456789abcdefu, 3};
        double flow;
        const size_t place = at / n * STRIDE + at % n;
        const float sign = vpfi_bits_get(bits + at / n * 2, at % n) ? -1 : 1;
        z[place] = sign * bad[(n + at) % 5];
        assert_false(vpfi_kernels_available(k)->rates(z, STRIDE, bits, 2, 0, n, padded(n), ROWS, &flow));
        assert_close((double)z[place], (double)(sign * 0.5f * vpfi_expf(80)), 0); /* what no method can do harm with */
        memset(z, 0, sizeof z);
        z[place] = -sign * bad[(n + at) % 4]; /* a unit that agrees with its field hardly ever flips */
        assert_true(vpfi_kernels_available(k)->rates(z, STRIDE, bits, 2, 0, n, padded(n), ROWS, &flow));
        assert_close((double)z[place], (double)(sign * 0.5f * vpfi_expf(-80)), 0);
        memset(z, 0, sizeof z);
        if (n < padded(n)) z[STRIDE + n] = NAN; /* padding is nobody's field */
        assert_true(vpfi_kernels_available(k)->rates(z, STRIDE, bits, 2, 0, n, padded(n), ROWS, &flow));
      }
}

static void dots_and_averages_are_the_same_bits_and_right(void **state) {
  (void)state;
  dice d = {31};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t n = 1; n <= MOST; n++) {
      const vpfi_kernels *reference = vpfi_kernels_available(0), *kernels = vpfi_kernels_available(k);
      const size_t width = padded(n), words = vpfi_bits_words(width);
      float *a = floats(width), *b = floats(width);
      uint64_t bits[MOST_WORDS + 1];
      twins to = twins_new(2 * width), z = twins_new(width), outer = twins_new(3 * width);
      fill(a, n, &d, 1);
      fill(b, n, &d, 1);
      fill(to.a, 2 * width, &d, 1);
      fill(z.a, width, &d, 1);
      fill(outer.a, 3 * width, &d, 1);
      random_row(bits, n, &d, 0.4);
      assert_true(words <= MOST_WORDS + 1);
      memcpy(to.b, to.a, 2 * width * sizeof *to.a);
      memcpy(z.b, z.a, width * sizeof *z.a);
      memcpy(outer.b, outer.a, 3 * width * sizeof *outer.a);

      double whole = 0, some = 0;
      for (size_t j = 0; j < n; j++) {
        whole += (double)a[j] * (double)b[j];
        if (vpfi_bits_get(bits, j)) some += (double)b[j];
      }
      const float dot = kernels->dot(a, b, width), dot_bits = kernels->dot_bits(bits, b, width);
      assert_close((double)dot, whole, 1e-4);
      assert_close((double)dot_bits, some, 1e-4);
      assert_true(vpfi_float_bits(dot) == vpfi_float_bits(reference->dot(a, b, width)));
      assert_true(vpfi_float_bits(dot_bits) == vpfi_float_bits(reference->dot_bits(bits, b, width)));

      reference->add_where_on(z.a, bits, 0.75f, width);
      kernels->add_where_on(z.b, bits, 0.75f, width);
      const float before = to.a[width + n - 1];
      reference->average(to.a, a, 1, width, width, 0.9f, 0.1f);
      kernels->average(to.b, a, 1, width, width, 0.9f, 0.1f);
      assert_close((double)to.b[width + n - 1], (double)before, 0); /* one row only */
      const float was = outer.a[width + n - 1];
      for (int add = 0; add < 2; add++) {
        reference->outer_products(outer.a + (size_t)add * width, width, a, b, 1, a, b, width, add);
        kernels->outer_products(outer.b + (size_t)add * width, width, a, b, 1, a, b, width, add);
      }
      const double sum = (double)a[0] * (double)a[n - 1] + (double)b[0] * (double)b[n - 1];
      assert_close((double)outer.b[n - 1], -sum, 1e-5);
      assert_close((double)outer.b[width + n - 1], (double)was - sum, 1e-5);
      twins_equal(&to);
      twins_equal(&z);
      twins_equal(&outer);
      free(a);
      free(b);
    }
}

static void thresholds_and_draws_are_the_same_bits(void **state) {
  (void)state;
  dice d = {4};
  for (size_t k = 1; vpfi_kernels_available(k); k++)
    for (size_t n = 1; n <= MOST; n++) {
      const size_t width = padded(n);
      uint32_t random[MOST];
      float *z = floats(width);
      for (size_t j = 0; j < width; j++) random[j] = (uint32_t)dice_bits(&d);
      random[0] = n % 2 ? 0 : UINT32_MAX;
      fill(z, width, &d, 3);
      if (n > 2) z[1] = INFINITY, z[2] = -INFINITY;
      twins t = twins_new(width);
      vpfi_kernels_available(0)->thresholds(t.a, random, width);
      vpfi_kernels_available(k)->thresholds(t.b, random, width);
      uint64_t bits[2][MOST_WORDS];
      memset(bits, 0xff, sizeof bits);
      vpfi_kernels_available(0)->draw(bits[0], z, t.a, n);
      vpfi_kernels_available(k)->draw(bits[1], z, t.b, n);
      assert_memory_equal(bits[0], bits[1], vpfi_bits_words(n) * sizeof(uint64_t));
      for (size_t j = 0; j < 64 * vpfi_bits_words(n); j++)
        assert_int_equal(vpfi_bits_get(bits[0], j), j < n && z[j] > t.a[j]);
      twins_equal(&t);
      free(z);
    }
}

/* u is within 2^-31 of what the words say, at both ends too, so a unit with field z is on with
 * probability sigmoid(z). */
static void thresholds_are_log_odds_of_uniform_numbers(void **state) {
  (void)state;
  dice d = {5};
  uint32_t random[16];
  float t[16] __attribute__((aligned(64)));
  for (int k = 0; k < 20000; k++) {
    for (int j = 0; j < 16; j++) random[j] = (uint32_t)dice_bits(&d) >> dice_below(&d, 31);
    if (k % 2)
      for (int j = 0; j < 16; j++) random[j] = ~random[j];
    vpfi_kernels_available(0)->thresholds(t, random, 16);
    for (int j = 0; j < 16; j++) {
      const long double u = ((long double)(random[j] >> 1) + 0.5L) / 2147483648.0L, expected = logl(u / (1 - u));
      assert_close((double)t[j], (double)expected, 3e-7 * fmax(1, (double)fabsl(expected)));
    }
  }
}

/* P(on) = sigmoid(z): of 2^20 words at even distances, how many turn a unit of field z on. The count
 * is exact to one word and what rounding a threshold to float moves (sigmoid' 2^-24 |z|). Far out,
 * where even words are too coarse, the rarest ones are counted one by one. */
static void units_are_on_with_probability_sigmoid_of_their_field(void **state) {
  (void)state;
  enum { WORDS = 1 << 20, LANES = VPFI_KERNEL_LANES };
  const float fields[LANES] = {0,    0.1f, -0.1f, 1, -1, 2.5f, -2.5f, 5,
                               -5.0f, 7,    -7,    9, -9, 11,   -11,   1e-3f};
  const float far[LANES] = {-13, 13, -15, 15, -17, 17, -19, 19, -20, 20, -21, 21, -22.1f, 22.1f, -23, 23};
  for (size_t k = 0; vpfi_kernels_available(k); k++) {
    size_t on[LANES] = {0}, rare[LANES] = {0};
    for (uint32_t w = 0; w < WORDS; w++) {
      uint32_t random[LANES];
      float z[LANES] __attribute__((aligned(64))), t[LANES] __attribute__((aligned(64)));
      uint64_t bits;
      memcpy(z, fields, sizeof z);
      for (int j = 0; j < LANES; j++) random[j] = w << 12 | 1u << 11;
      vpfi_kernels_available(k)->thresholds(t, random, LANES);
      vpfi_kernels_available(k)->draw(&bits, z, t, LANES);
      for (int j = 0; j < LANES; j++) on[j] += bits >> j & 1;
      if (w >= 10000) continue;
      memcpy(z, far, sizeof z);
      for (int j = 0; j < LANES; j++) random[j] = j % 2 ? UINT32_MAX - 2 * w : 2 * w;
      vpfi_kernels_available(k)->thresholds(t, random, LANES);
      vpfi_kernels_available(k)->draw(&bits, z, t, LANES);
      for (int j = 0; j < LANES; j++) rare[j] += (bits >> j & 1) == (j % 2 == 0);
    }
    for (int j = 0; j < LANES; j++) {
      const double p = 1 / (1 + exp(-(double)fields[j])), rarely = 1 / (1 + exp(fabs((double)far[j])));
      assert_close((double)on[j], p * WORDS, 1.5);
      assert_close((double)rare[j], rarely * 0x1p31, 0.51 + 2e-6 * rarely * 0x1p31);
    }
  }
}

static void random_words_are_those_of_the_generator(void **state) {
  (void)state;
  dice d = {21};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t blocks = 0; blocks <= 64; blocks += 4) {
      const uint64_t stream = dice_bits(&d), row = dice_bits(&d);
      const uint32_t pass = (uint32_t)dice_bits(&d);
      const uint32_t first = blocks % 8 ? (uint32_t)dice_bits(&d) & ~(uint32_t)1023 : UINT32_MAX - 63;
      uint32_t got[4 * 64 + 1], wanted[4];
      got[4 * blocks] = 77;
      vpfi_kernels_available(k)->random(got, stream, pass, row, first, blocks);
      for (size_t b = 0; b < blocks; b++) {
        vpfi_rng_block(stream, pass, row, first + (uint32_t)b, wanted);
        assert_memory_equal(got + 4 * b, wanted, sizeof wanted);
      }
      assert_int_equal(got[4 * blocks], 77);
    }
}

static void sigmoids_are_the_same_bits_and_right(void **state) {
  (void)state;
  dice d = {22};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t n = 1; n <= MOST; n += 1 + n / 7) {
      const size_t width = padded(n);
      float *z = floats(width);
      twins out = twins_new(width);
      fill(z, width, &d, n % 3 ? 3 : 60);
      z[n / 2] = n % 2 ? 1e30f : -INFINITY;
      vpfi_kernels_available(0)->sigmoid(out.a, z, -0.75f, n, width);
      vpfi_kernels_available(k)->sigmoid(out.b, z, -0.75f, n, width);
      for (size_t j = 0; j < width; j++)
        assert_close((double)out.b[j], j < n ? -0.75 / (1 + exp(-(double)z[j])) : 0, 2e-7);
      vpfi_kernels_available(k)->sigmoid(z, z, -0.75f, n, width); /* in place */
      assert_memory_equal(z, out.b, width * sizeof *z);
      twins_equal(&out);
      free(z);
    }
}

static double softplus(double x) {
  return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

/* Small changes of temperature, as annealing makes them, and the whole way at once. */
static void changes_of_softplus_are_the_same_bits_and_right(void **state) {
  (void)state;
  dice d = {23};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t n = 1; n <= 5000; n += 1 + n / 3) {
      const size_t width = padded(n);
      float *base = floats(width), *f = floats(width);
      fill(base, width, &d, 2);
      fill(f, width, &d, n % 2 ? 4 : 40);
      const float from = n % 3 ? (float)dice_unit(&d) : 0, to = n % 3 ? from + 0.001f : 1;
      const double a = vpfi_kernels_available(0)->softplus_change(base, f, from, to, n);
      const double b = vpfi_kernels_available(k)->softplus_change(base, f, from, to, n);
      assert_memory_equal(&a, &b, sizeof a);
      double wanted = 0, size = 0;
      for (size_t j = 0; j < n; j++) {
        wanted += softplus((double)base[j] + (double)to * (double)f[j]) -
                  softplus((double)base[j] + (double)from * (double)f[j]);
        size += fabs((double)base[j]) + fabs((double)f[j]) + 1;
      }
      assert_close(a, wanted, 1e-6 * size);

      twins z = twins_new(width);
      vpfi_kernels_available(0)->temper(z.a, base, f, from, width);
      vpfi_kernels_available(k)->temper(z.b, base, f, from, width);
      for (size_t j = 0; j < n; j++)
        assert_close((double)z.b[j], (double)base[j] + (double)from * (double)f[j], 1e-4);
      twins_equal(&z);
      free(base);
      free(f);
    }
}

static void weighted_rows_are_the_same_bits_and_right(void **state) {
  (void)state;
  dice d = {24};
  enum { ROWS = 37 };
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t width = VPFI_KERNEL_LANES; width <= 13 * VPFI_KERNEL_LANES; width += VPFI_KERNEL_LANES) {
      const size_t stride = width + VPFI_KERNEL_LANES;
      float *matrix = floats(ROWS * stride), *weight = floats(VPFI_KERNEL_LANES * 3);
      fill(matrix, ROWS * stride, &d, 2);
      fill(weight, ROWS, &d, 1);
      for (size_t i = 0; i < ROWS; i += 3) weight[i] = 0;
      matrix[3 * stride] = (float)INFINITY; /* in a row that is left out */
      twins z = twins_new(width);
      double wanted[13 * VPFI_KERNEL_LANES];
      for (size_t j = 0; j < width; j++) {
        z.a[j] = z.b[j] = (float)dice_normal(&d);
        wanted[j] = (double)z.a[j];
        for (size_t i = 0; i < ROWS; i++)
          if (i % 3) wanted[j] += (double)weight[i] * (double)matrix[i * stride + j];
      }
      vpfi_kernels_available(0)->add_weighted(z.a, matrix, stride, weight, ROWS, width);
      vpfi_kernels_available(k)->add_weighted(z.b, matrix, stride, weight, ROWS, width);
      for (size_t j = 0; j < width; j++) assert_close((double)z.b[j], wanted[j], 1e-4);
      twins_equal(&z);
      free(matrix);
      free(weight);
    }
}

/* As exact sums use them: fields of all sizes, and padding. */
static void sums_in_double_are_the_same_bits_and_right(void **state) {
  (void)state;
  dice d = {25};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t n = 1; n <= 1300; n += 1 + n / 3) {
      const size_t width = padded(n);
      float *row = floats(width);
      double *z[2], sum[2], wanted = 0;
      for (size_t j = 0; j < n; j++) row[j] = (float)(dice_normal(&d) * exp(8 * dice_normal(&d)));
      for (size_t t = 0; t < 2; t++) {
        const vpfi_kernels *kernels = vpfi_kernels_available(t ? k : 0);
        z[t] = aligned_alloc(64, width * sizeof **z);
        assert_non_null(z[t]);
        for (size_t j = 0; j < width; j++) z[t][j] = j < n ? (double)j / 7 - 5 : -1e300;
        kernels->add_row_to_doubles(z[t], row, true, width);
        kernels->add_row_to_doubles(z[t], row, n % 2, width);
        sum[t] = kernels->softplus_sum(z[t], width);
      }
      assert_memory_equal(z[0], z[1], width * sizeof **z);
      assert_memory_equal(&sum[0], &sum[1], sizeof *sum);
      for (size_t j = 0; j < n; j++) {
        assert_close(z[0][j], (double)j / 7 - 5 + (n % 2 ? 2 : 0) * (double)row[j], 1e-12 * (1 + fabs((double)row[j])));
        wanted += softplus(z[0][j]);
      }
      assert_close(sum[0], wanted, 1e-14 * ((double)n + fabs(wanted)));
      free(z[0]);
      free(z[1]);
      free(row);
    }
}

static const vpfi_update UPDATE = {.scale = 0.025f, .decay = 0.01f, .rate = 0.003f, .beta1 = 0.9f, .beta2 = 0.999f,
                                   .keep1 = 0.1f, .keep2 = 0.001f, .epsilon = 1e-6f, .momentum = 0.8f};

static void updates_are_the_same_bits(void **state) {
  (void)state;
  dice d = {7};
  for (size_t k = 1; vpfi_kernels_available(k); k++)
    for (size_t trial = 0; trial < 300; trial++) {
      const size_t rows = 1 + dice_below(&d, 4), cols = VPFI_KERNEL_LANES * (1 + dice_below(&d, 8));
      const size_t stride = cols + 16 * dice_below(&d, 3), count = rows * stride;
      float *sum = floats(count);
      twins w = twins_new(count), m = twins_new(count), v = twins_new(count);
      const double spread = exp(dice_normal(&d) * (trial % 4 == 0 ? 30 : 2));
      fill(sum, count, &d, spread);
      fill(w.a, count, &d, 1);
      fill(m.a, count, &d, spread);
      fill(v.a, count, &d, spread);
      for (size_t j = 0; j < count; j++) v.a[j] = fabsf(v.a[j]);
      if (trial % 5 == 0) sum[trial % cols] = trial % 2 ? NAN : INFINITY;
      memcpy(w.b, w.a, count * sizeof(float));
      memcpy(m.b, m.a, count * sizeof(float));
      memcpy(v.b, v.a, count * sizeof(float));
      const vpfi_kernels *reference = vpfi_kernels_available(0), *fast = vpfi_kernels_available(k);
      const vpfi_parameters pa = {w.a, m.a, v.a, rows, cols, stride}, pb = {w.b, m.b, v.b, rows, cols, stride};
      const float a = (trial % 3 ? reference->adam : reference->sgd)(&pa, sum, stride, &UPDATE);
      const float b = (trial % 3 ? fast->adam : fast->sgd)(&pb, sum, stride, &UPDATE);
      if (trial % 5 == 0) { /* which NaN it is may differ; that it is one may not */
        assert_true(!isfinite(a));
        assert_true(!isnan(a) == !isnan(b));
        free(w.a), free(w.b), free(m.a), free(m.b), free(v.a), free(v.b);
      } else {
        assert_memory_equal(&a, &b, sizeof a);
        twins_equal(&w);
        twins_equal(&m);
        twins_equal(&v);
      }
      free(sum);
    }
}

/* For every number of vectors that a tile may have, with sums that start from 0 or go on. */
static void a_step_with_the_last_part_of_its_sums_is_both_one_after_the_other(void **state) {
  (void)state;
  dice d = {12};
  const vpfi_kernels *reference = vpfi_kernels_available(0);
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t trial = 0; trial < 64; trial++) {
      const size_t rows = 1 + dice_below(&d, 4), selected = 1 + dice_below(&d, MOST_ROWS);
      const size_t cols = VPFI_KERNEL_LANES * (1 + trial % 16), count = rows * cols;
      const size_t words = vpfi_bits_words(selected);
      float *matrix = floats(selected * cols);
      uint64_t bits[4 * ((MOST_ROWS + 63) / 64)];
      fill(matrix, selected * cols, &d, 1);
      for (size_t r = 0; r < rows; r++) random_row(bits + r * words, selected, &d, 0.3);
      twins sum = twins_new(count), w = twins_new(count), m = twins_new(count), v = twins_new(count);
      fill(sum.a, count, &d, 1);
      fill(w.a, count, &d, 1);
      fill(m.a, count, &d, 1);
      for (size_t j = 0; j < count; j++) v.a[j] = (float)dice_unit(&d);
      memcpy(sum.b, sum.a, count * sizeof(float));
      memcpy(w.b, w.a, count * sizeof(float));
      memcpy(m.b, m.a, count * sizeof(float));
      memcpy(v.b, v.a, count * sizeof(float));
      const vpfi_parameters pa = {w.a, m.a, v.a, rows, cols, cols}, pb = {w.b, m.b, v.b, rows, cols, cols};
      vpfi_selection s = {.out = sum.a, .out_stride = cols, .start = trial % 3 ? sum.a : NULL, .start_stride = cols,
                          .bits = bits, .words = words, .count = rows, .matrix = matrix, .stride = cols,
                          .rows = selected, .width = cols};
      reference->sum_selected(&s);
      const float a = reference->adam(&pa, sum.a, cols, &UPDATE);
      s.out = sum.b;
      if (s.start) s.start = sum.b;
      const float b = vpfi_kernels_available(k)->adam_selected(&pb, &s, &UPDATE);
      assert_memory_equal(&a, &b, sizeof a);
      twins_equal(&w);
      twins_equal(&m);
      twins_equal(&v);
      free(sum.a);
      free(sum.b);
      free(matrix);
    }
}

static void updates_follow_their_rules(void **state) {
  (void)state;
  for (size_t k = 0; vpfi_kernels_available(k); k++) {
    float w[16] __attribute__((aligned(64))), m[16] __attribute__((aligned(64))), v[16] __attribute__((aligned(64))),
        sum[16] __attribute__((aligned(64)));
    for (int j = 0; j < 16; j++) w[j] = (float)(j - 8), m[j] = 0.5f, v[j] = 0.25f, sum[j] = (float)(40 * (8 - j));
    const vpfi_parameters parameters = {w, m, v, 1, 16, 16};
    float peak = vpfi_kernels_available(k)->adam(&parameters, sum, 16, &UPDATE);
    double largest = 0;
    for (int j = 0; j < 16; j++) {
      const double g = 0.025 * 40 * (8 - j) + 0.01 * (j - 8), m1 = 0.9 * 0.5 + 0.1 * g, v1 = 0.999 * 0.25 + 0.001 * g * g;
      const double w1 = (j - 8) - 0.003 * m1 / (sqrt(v1) + 1e-6);
      assert_close((double)m[j], m1, 1e-6);
      assert_close((double)v[j], v1, 1e-6);
      assert_close((double)w[j], w1, 1e-6);
      largest = fmax(largest, fmax(fabs(w1), fmax(fabs(m1), v1)));
    }
    assert_close((double)peak, largest, 1e-5);
    for (int j = 0; j < 16; j++) w[j] = 1, m[j] = 2, sum[j] = 80;
    peak = vpfi_kernels_available(k)->sgd(&parameters, sum, 16, &UPDATE);
    assert_close((double)m[3], 0.8 * 2 + 0.025 * 80 + 0.01, 1e-6);
    assert_close((double)w[3], 1 - 0.003 * (0.8 * 2 + 0.025 * 80 + 0.01), 1e-6);
    assert_close((double)peak, (double)m[3], 0);
  }
}

/* Dead pixels: gradients of nothing, and moments that would decay for ever. */
static void moments_never_become_denormal(void **state) {
  (void)state;
  vpfi_update no_decay = UPDATE;
  no_decay.decay = 0;
  for (size_t k = 0; vpfi_kernels_available(k); k++) {
    float w[16] __attribute__((aligned(64))) = {0}, m[16] __attribute__((aligned(64))),
        v[16] __attribute__((aligned(64))), sum[16] __attribute__((aligned(64))) = {0};
    for (int j = 0; j < 16; j++) m[j] = v[j] = 1e-25f;
    const vpfi_parameters parameters = {w, m, v, 1, 16, 16};
    for (int step = 0; step < 100000; step++) {
      vpfi_kernels_available(k)->adam(&parameters, sum, 16, &no_decay);
      for (int j = 0; j < 16; j++) {
        assert_true(fpclassify(m[j]) != FP_SUBNORMAL);
        assert_true(fpclassify(v[j]) != FP_SUBNORMAL);
      }
    }
    assert_close((double)m[0], 0, 0);
    assert_close((double)v[0], 0, 0);
  }
}

static void transposing_moves_every_value(void **state) {
  (void)state;
  dice d = {8};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t rows = 8; rows <= 40; rows += 8)
      for (size_t cols = 8; cols <= 72; cols += 8) {
        float *from = floats(rows * 80), *to = floats(cols * 48);
        fill(from, rows * 80, &d, 1);
        memset(to, 0x5a, cols * 48 * sizeof *to);
        float poison;
        memcpy(&poison, to, sizeof poison);
        vpfi_kernels_available(k)->transpose(to, 48, from, 80, rows, cols);
        for (size_t j = 0; j < cols; j++) /* what is beyond stays */
          for (size_t i = rows; i < 48; i++) assert_memory_equal(&to[j * 48 + i], &poison, sizeof poison);
        for (size_t i = 0; i < rows; i++)
          for (size_t j = 0; j < cols; j++)
            assert_memory_equal(&to[j * 48 + i], &from[i * 80 + j], sizeof(float));
        free(from);
        free(to);
      }
}

static void transposed_values_are_added(void **state) {
  (void)state;
  dice d = {9};
  for (size_t k = 0; vpfi_kernels_available(k); k++)
    for (size_t rows = 16; rows <= 48; rows += 16)
      for (size_t cols = 16; cols <= 80; cols += 16) {
        float *from = floats(rows * 80), *to = floats(cols * 64), *before = floats(cols * 64);
        fill(from, rows * 80, &d, 1);
        fill(before, cols * 64, &d, 1);
        memcpy(to, before, cols * 64 * sizeof *to);
        vpfi_kernels_available(k)->add_transposed(to, 64, from, 80, rows, cols);
        for (size_t j = 0; j < cols; j++)
          for (size_t i = 0; i < 64; i++) {
            const float wanted = i < rows ? before[j * 64 + i] + from[i * 80 + j] : before[j * 64 + i];
            assert_memory_equal(&to[j * 64 + i], &wanted, sizeof wanted);
          }
        free(from);
        free(to);
        free(before);
      }
}

static void the_environment_chooses_the_table(void **state) {
  (void)state;
  assert_int_equal(setenv("VPF_KERNELS", "reference", 1), 0);
  assert_string_equal(vpfi_kernels_best()->name, "reference");
  assert_int_equal(setenv("VPF_KERNELS", "no such table", 1), 0);
  const char *best = vpfi_kernels_best()->name;
  assert_int_equal(unsetenv("VPF_KERNELS"), 0);
  assert_string_equal(vpfi_kernels_best()->name, best);
  size_t last = 0;
  while (vpfi_kernels_available(last + 1)) last++;
  assert_string_equal(best, vpfi_kernels_available(last)->name);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_of_rows_are_the_same_bits),
      cmocka_unit_test(sums_of_rows_add_the_selected_rows),
      cmocka_unit_test(selected_and_grouped_sums_have_the_bits_of_their_definition),
      cmocka_unit_test(tables_hold_the_sums_of_groups),
      cmocka_unit_test(sweeps_are_the_same_bits),
      cmocka_unit_test(a_sweep_draws_each_unit_given_all_others),
      cmocka_unit_test(rates_are_the_same_bits),
      cmocka_unit_test(rates_are_exp_of_alpha_z),
      cmocka_unit_test(dots_and_averages_are_the_same_bits_and_right),
      cmocka_unit_test(fields_out_of_range_are_noticed_wherever_they_are),
      cmocka_unit_test(thresholds_and_draws_are_the_same_bits),
      cmocka_unit_test(thresholds_are_log_odds_of_uniform_numbers),
      cmocka_unit_test(units_are_on_with_probability_sigmoid_of_their_field),
      cmocka_unit_test(random_words_are_those_of_the_generator),
      cmocka_unit_test(sigmoids_are_the_same_bits_and_right),
      cmocka_unit_test(changes_of_softplus_are_the_same_bits_and_right),
      cmocka_unit_test(weighted_rows_are_the_same_bits_and_right),
      cmocka_unit_test(sums_in_double_are_the_same_bits_and_right),
      cmocka_unit_test(updates_are_the_same_bits),
      cmocka_unit_test(a_step_with_the_last_part_of_its_sums_is_both_one_after_the_other),
      cmocka_unit_test(updates_follow_their_rules),
      cmocka_unit_test(moments_never_become_denormal),
      cmocka_unit_test(transposing_moves_every_value),
      cmocka_unit_test(transposed_values_are_added),
      cmocka_unit_test(the_environment_chooses_the_table),
  };
  return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
