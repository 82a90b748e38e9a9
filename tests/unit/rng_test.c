/* SPDX-License-Identifier: MIT */
/* Philox against its published known answers and against a second implementation; the layout of
 * counters and keys that lib/num/rng.h documents; what is drawn from it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "learn/order.h"
#include "num/rng.h"
#include "support/dice.h"
#include "support/goodness.h"

/* Philox4x32-10 from the paper (Salmon, Moraes, Dror and Shaw 2011, section 3.3). */
static void own_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t x[4], k[2] = {key[0], key[1]};
  memcpy(x, counter, sizeof x);
  for (int round = 0; round < 10; round++) {
    const uint64_t a = (uint64_t)0xd2511f53u * x[0], b = (uint64_t)0xcd9e8d57u * x[2];
    const uint32_t next[4] = {(uint32_t)(b >> 32) ^ x[1] ^ k[0], (uint32_t)b, (uint32_t)(a >> 32) ^ x[3] ^ k[1],
                              (uint32_t)a};
    memcpy(x, next, sizeof x);
    k[0] += 0x9e3779b9u; /* the golden ratio */
    k[1] += 0xbb67ae85u; /* sqrt(3) - 1 */
  }
  memcpy(out, x, sizeof x);
}

/* From the file kat_vectors of the Random123 distribution, "philox4x32 10". */
static const struct {
  uint32_t counter[4], key[2], answer[4];
} KNOWN[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}},
    {{0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu},
     {0xffffffffu, 0xffffffffu},
     {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}},
    {{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
     {0xa4093822u, 0x299f31d0u},
     {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}},
};

/* counter = block, pass, row low, row high; key = stream low, stream high */
static void block_gives_the_published_answers(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof KNOWN / sizeof KNOWN[0]; k++) {
    const uint32_t *c = KNOWN[k].counter;
    uint32_t out[4];
    vpfi_rng_block((uint64_t)KNOWN[k].key[1] << 32 | KNOWN[k].key[0], c[1], (uint64_t)c[3] << 32 | c[2], c[0], out);
    assert_memory_equal(out, KNOWN[k].answer, sizeof out);
    own_philox(c, KNOWN[k].key, out);
    assert_memory_equal(out, KNOWN[k].answer, sizeof out);
  }
}

static void block_puts_stream_pass_row_and_block_where_documented(void **state) {
  (void)state;
  dice d = {401};
  for (int trial = 0; trial < 2000; trial++) {
    const uint64_t stream = dice_bits(&d), row = dice_bits(&d);
    const uint32_t pass = (uint32_t)dice_bits(&d), block = (uint32_t)dice_bits(&d);
    const uint32_t counter[4] = {block, pass, (uint32_t)row, (uint32_t)(row >> 32)};
    const uint32_t key[2] = {(uint32_t)stream, (uint32_t)(stream >> 32)};
    uint32_t wanted[4], out[4];
    own_philox(counter, key, wanted);
    vpfi_rng_block(stream, pass, row, block, out);
    assert_memory_equal(out, wanted, sizeof out);
  }
}

/* A unit's word does not depend on where the call begins. */
static void fill_gives_each_unit_its_word(void **state) {
  (void)state;
  const uint64_t stream = 0x123456789abcdef0u, row = 0xfedcba9876543210u;
  uint32_t all[256 + 4], some[256 + 4], block[4];
  vpfi_rng_fill(stream, 9, row, 400, 256, all);
  for (size_t u = 0; u < 256; u++) {
    vpfi_rng_block(stream, 9, row, (uint32_t)((400 + u) / 4), block);
    assert_int_equal(all[u], block[u % 4]);
  }
  for (size_t first = 0; first < 256; first += 4)
    for (size_t count = 0; first + count <= 256; count += 28) {
      memset(some, 0xa5, sizeof some);
      vpfi_rng_fill(stream, 9, row, 400 + first, count, some);
      assert_memory_equal(some, all + first, count * sizeof *some);
      assert_int_equal(some[count], 0xa5a5a5a5u);
    }
}

/* Part of the results: a stream is the first two words of Philox of purpose, a constant ("vpfs" as
 * ASCII), and time, keyed by the seed. */
static void stream_keys_are_philox_of_seed_purpose_and_time(void **state) {
  (void)state;
  dice d = {402};
  for (int trial = 0; trial < 1000; trial++) {
    const uint64_t seed = trial < 4 ? (uint64_t)trial : dice_bits(&d), time = dice_bits(&d) >> (trial % 64);
    const vpfi_purpose purpose = (vpfi_purpose)(1 + trial % 10);
    const uint32_t counter[4] = {(uint32_t)purpose, 0x76706673u, (uint32_t)time, (uint32_t)(time >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t out[4];
    own_philox(counter, key, out);
    assert_true(vpfi_rng_stream(seed, purpose, time) == ((uint64_t)out[1] << 32 | out[0]));
  }
}

static int compare_words(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static void streams_of_small_seeds_purposes_and_times_all_differ(void **state) {
  (void)state;
  enum { SEEDS = 40, PURPOSES = 10, TIMES = 40, ALL = SEEDS * PURPOSES * TIMES };
  uint64_t *stream = calloc(ALL, sizeof *stream);
  assert_non_null(stream);
  size_t k = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    for (unsigned purpose = 1; purpose <= PURPOSES; purpose++)
      for (uint64_t time = 0; time < TIMES; time++)
        stream[k++] = vpfi_rng_stream(seed, (vpfi_purpose)purpose, time < TIMES / 2 ? time : time << 32);
  qsort(stream, ALL, sizeof *stream, compare_words);
  for (k = 1; k < ALL; k++) assert_true(stream[k - 1] != stream[k]);
  free(stream);
}

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Moments within 5 standard errors; Kolmogorov-Smirnov (finds a distribution function off by
 * 0.006 anywhere); tails by chi-square; rows and units do not repeat each other. */
static void normals_are_standard_normal(void **state) {
  (void)state;
  enum { ROWS = 400, UNITS = 500, N = ROWS * UNITS };
  double *x = calloc(N, sizeof *x), sum[5] = {0}, across = 0, along = 0;
  assert_non_null(x);
  for (size_t r = 0; r < ROWS; r++)
    for (size_t u = 0; u < UNITS; u++) x[r * UNITS + u] = vpfi_rng_normal(77, r, u);
  for (size_t k = 0; k < N; k++) {
    double power = 1;
    for (int m = 1; m <= 4; m++) sum[m] += power *= x[k];
    if (k >= UNITS) across += x[k] * x[k - UNITS];
    if (k >= 1) along += x[k] * x[k - 1];
  }
  const double root = sqrt((double)N);
  assert_true(fabs(sum[1]) / root < 5);
  assert_true(fabs(sum[2] - N) / root < 5 * sqrt(2.0));
  assert_true(fabs(sum[3]) / root < 5 * sqrt(15.0));
  assert_true(fabs(sum[4] - 3.0 * N) / root < 5 * sqrt(96.0));
  assert_true(fabs(across) / root < 5 && fabs(along) / root < 5);

  qsort(x, N, sizeof *x, compare_doubles);
  double largest = 0;
  for (size_t k = 0; k < N; k++) {
    const double f = 0.5 * erfc(-x[k] / sqrt(2.0));
    largest = fmax(largest, fmax(fabs((double)(k + 1) / N - f), fabs((double)k / N - f)));
  }
  assert_true(kolmogorov_tail(largest, N) > GOODNESS_LEAST_P);

  enum { CELLS = 16 }; /* by half standard deviations, the outer ones open */
  size_t count[CELLS] = {0};
  long double p[CELLS];
  for (size_t k = 0; k < N; k++) {
    const double cell = floor(2 * x[k]) + CELLS / 2;
    count[cell < 0 ? 0 : cell >= CELLS ? CELLS - 1 : (size_t)cell]++;
  }
  for (int c = 0; c < CELLS; c++) {
    const long double low = c ? erfcl(-(c - CELLS / 2) / 2.0L / sqrtl(2)) / 2 : 0;
    p[c] = (c < CELLS - 1 ? erfcl(-(c + 1 - CELLS / 2) / 2.0L / sqrtl(2)) / 2 : 1) - low;
  }
  assert_true(chi_square_fit(count, p, CELLS, NULL) > GOODNESS_LEAST_P);
  free(x);
}

static void normals_are_a_function_of_stream_row_and_unit(void **state) {
  (void)state;
  const double x = vpfi_rng_normal(5, 6, 7);
  for (uint64_t k = 0; k < 1000; k++) (void)vpfi_rng_normal(k, 1, 2);
  const double again = vpfi_rng_normal(5, 6, 7);
  assert_memory_equal(&x, &again, sizeof x);
  assert_true(fabs(x - vpfi_rng_normal(6, 6, 7)) > 0 && fabs(x - vpfi_rng_normal(5, 7, 7)) > 0 &&
              fabs(x - vpfi_rng_normal(5, 6, 8)) > 0);
}

static void below_is_uniform_and_below_its_bound(void **state) {
  (void)state;
  static const uint64_t bounds[] = {1, 2, 3, 7, 10, 64, 1000};
  enum { DRAWS = 100000, MOST = 1000 };
  for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++) {
    size_t count[MOST] = {0};
    long double p[MOST];
    for (uint64_t k = 0; k < bounds[b]; k++) p[k] = 1 / (long double)bounds[b];
    for (uint64_t k = 0; k < DRAWS; k++) {
      const uint64_t value = vpfi_rng_below(88 + b, k, bounds[b]);
      assert_true(value < bounds[b]);
      count[value]++;
    }
    assert_true(chi_square_fit(count, p, (size_t)bounds[b], NULL) > GOODNESS_LEAST_P);
  }
  /* Bounds that 32 bits, or a remainder, would not do justice to: the share of each third, and of odd numbers. */
  static const uint64_t wide[] = {UINT64_MAX, (uint64_t)3 << 62, ((uint64_t)1 << 63) + 5, ((uint64_t)1 << 33) + 7};
  for (size_t b = 0; b < sizeof wide / sizeof wide[0]; b++) {
    size_t count[3] = {0}, odd[2] = {0};
    const long double third = 1 / 3.0L, p[3] = {third, third, third}, fair[2] = {0.5L, 0.5L};
    for (uint64_t k = 0; k < DRAWS; k++) {
      const uint64_t value = vpfi_rng_below(99 + b, k, wide[b]);
      assert_true(value < wide[b]);
      count[value / (wide[b] / 3 + 1)]++;
      odd[value & 1]++;
    }
    assert_true(chi_square_fit(count, p, 3, NULL) > GOODNESS_LEAST_P);
    assert_true(chi_square_fit(odd, fair, 2, NULL) > GOODNESS_LEAST_P);
  }
}

/* ---- The order of rows in an epoch ---- */

static void order_is_a_permutation_of_all_rows(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 2, 3, 17, 64, 1000, 4099};
  for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
    const size_t n = sizes[k];
    size_t *order = calloc(n, sizeof *order);
    bool *seen = calloc(n, sizeof *seen);
    assert_non_null(order);
    assert_non_null(seen);
    vpfi_order_fill(order, n, false, 1, 2);
    for (size_t r = 0; r < n; r++) assert_int_equal(order[r], r);
    vpfi_order_fill(order, n, true, 1, 2);
    for (size_t r = 0; r < n; r++) {
      assert_true(order[r] < n && !seen[order[r]]);
      seen[order[r]] = true;
    }
    free(seen);
    free(order);
  }
}

static void order_depends_on_seed_and_epoch_only(void **state) {
  (void)state;
  enum { N = 100 };
  size_t a[N], b[N];
  vpfi_order_fill(a, N, true, 3, 4);
  memset(b, 0xff, sizeof b);
  vpfi_order_fill(b, N, true, 3, 4);
  assert_memory_equal(a, b, sizeof a);
  vpfi_order_fill(b, N, true, 3, 5);
  assert_memory_not_equal(a, b, sizeof a);
  vpfi_order_fill(b, N, true, 4, 4);
  assert_memory_not_equal(a, b, sizeof a);
}

/* All 120 orders of five rows; and which of 40 rows comes where, over many epochs. */
static void order_is_uniform_over_permutations(void **state) {
  (void)state;
  enum { EPOCHS = 60000, FIVE = 5, ORDERS = 120, N = 40 };
  size_t count[ORDERS] = {0}, order[N], (*place)[N] = calloc(N, sizeof *place);
  long double p[ORDERS], even[N];
  assert_non_null(place);
  for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
    vpfi_order_fill(order, FIVE, true, 12, epoch);
    size_t rank = 0; /* Lehmer code */
    for (size_t k = 0; k < FIVE; k++) {
      size_t smaller = 0;
      for (size_t m = k + 1; m < FIVE; m++) smaller += order[m] < order[k];
      rank = rank * (FIVE - k) + smaller;
    }
    count[rank]++;
  }
  for (size_t k = 0; k < ORDERS; k++) p[k] = 1.0L / ORDERS;
  assert_true(chi_square_fit(count, p, ORDERS, NULL) > GOODNESS_LEAST_P);

  for (uint64_t epoch = 0; epoch < 8000; epoch++) {
    vpfi_order_fill(order, N, true, 13, epoch);
    for (size_t k = 0; k < N; k++) place[order[k]][k]++;
  }
  for (size_t k = 0; k < N; k++) even[k] = 1.0L / N;
  for (size_t row = 0; row < N; row++) assert_true(chi_square_fit(place[row], even, N, NULL) > GOODNESS_LEAST_P);
  free(place);
}

/* ---- The tests' own tools, against tables ---- */

static void tails_of_the_tests_match_tables(void **state) {
  (void)state;
  assert_true(fabs(chi_square_tail(3.841459, 1) - 0.05) < 1e-7);
  assert_true(fabs(chi_square_tail(18.30704, 10) - 0.05) < 1e-7);
  assert_true(fabs(chi_square_tail(149.449, 100) - 0.001) < 1e-7);
  assert_true(fabs(chi_square_tail(10, 2) - exp(-5.0)) < 1e-14);
  assert_true(fabs(chi_square_tail(1, 2) - exp(-0.5)) < 1e-14);
  assert_true(fabs(normal_two_sided(1.959964) - 0.05) < 1e-7);
  assert_true(fabs(kolmogorov_tail(1.358099 / 1e4, 100000000) - 0.05) < 1e-5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(block_gives_the_published_answers),
      cmocka_unit_test(block_puts_stream_pass_row_and_block_where_documented),
      cmocka_unit_test(fill_gives_each_unit_its_word),
      cmocka_unit_test(stream_keys_are_philox_of_seed_purpose_and_time),
      cmocka_unit_test(streams_of_small_seeds_purposes_and_times_all_differ),
      cmocka_unit_test(normals_are_standard_normal),
      cmocka_unit_test(normals_are_a_function_of_stream_row_and_unit),
      cmocka_unit_test(below_is_uniform_and_below_its_bound),
      cmocka_unit_test(order_is_a_permutation_of_all_rows),
      cmocka_unit_test(order_depends_on_seed_and_epoch_only),
      cmocka_unit_test(order_is_uniform_over_permutations),
      cmocka_unit_test(tails_of_the_tests_match_tables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
