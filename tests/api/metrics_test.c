/* SPDX-License-Identifier: MIT */
/* Moments and activities against direct loops, closed forms and enumerated machines. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>


#include "support/dice.h"
#include "support/enumerate.h"
#include "support/random_machine.h"

/* ---- Moments ---- */

static size_t count_both(const uint8_t *bits, size_t rows, size_t cols, size_t i, size_t j) {
  size_t count = 0;
  for (size_t r = 0; r < rows; r++) count += bits[r * cols + i] && bits[r * cols + j];
  return count;
}

/* Around a word of bits and around a chunk of rows. */
static void moments_are_exact_fractions(void **state) {
  (void)state;
  dice d = {301};
  const struct {
    size_t rows, cols;
    double on;
  } cases[] = {{1, 1, 0.5}, {1, 5, 0.5}, {7, 64, 0.3}, {63, 65, 0.9}, {64, 3, 0.5}, {65, 17, 0.1}, {4096, 9, 0.5},
               {4097, 70, 0.2}, {9000, 6, 0.7}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    const size_t rows = cases[k].rows, cols = cases[k].cols;
    uint8_t *bits = random_bits(&d, rows, cols, cases[k].on);
    vpf_data *data = data_of_bits(bits, rows, cols);
    double *mean = malloc(cols * sizeof *mean), *pair = malloc(cols * cols * sizeof *pair);
    assert_ok(vpf_moments(data, mean, pair));
    for (size_t i = 0; i < cols; i++)
      for (size_t j = 0; j < cols; j++) {
        const double expected = (double)count_both(bits, rows, cols, i, j) / (double)rows;
        assert_close(pair[i * cols + j], expected, 0);
        if (i == j) assert_close(mean[i], expected, 0);
      }
    double *alone = malloc(cols * sizeof *alone);
    assert_ok(vpf_moments(data, alone, NULL));
    assert_memory_equal(mean, alone, cols * sizeof *mean);
    free(alone);
    free(mean);
    free(pair);
    vpf_data_destroy(data);
    free(bits);
  }
}

/* Rows drawn from the distribution of a machine. */
static vpf_data *draw_rows(dice *d, const long double *p, size_t units, size_t rows) {
  dice_table table = dice_table_new(p, (size_t)1 << units);
  uint8_t *bits = malloc(rows * units);
  for (size_t r = 0; r < rows; r++) brute_unpack(dice_draw(d, &table), units, bits + r * units);
  vpf_data *data = data_of_bits(bits, rows, units);
  free(bits);
  dice_table_free(&table);
  return data;
}

/* p_ij of a distribution over 2^units states. */
static double exact_pair(const long double *p, size_t units, size_t i, size_t j) {
  long double sum = 0;
  for (uint64_t s = 0; s < (uint64_t)1 << units; s++)
    if (s >> i & 1 && s >> j & 1) sum += p[s];
  return (double)sum;
}

static void samples_have_the_moments_of_their_machine(void **state) {
  (void)state;
  enum { ROWS = 200000, UNITS = 9 };
  dice d = {302};
  const size_t sizes[] = {5, 4};
  const uint8_t intra[] = {1, 0};
  vpf_model *model = random_machine(&d, sizes, 2, intra, VPF_COUPLING_JOINT, 1.0);
  brute_machine *machine = brute_read(model);
  long double *p = brute_distribution(machine);
  vpf_data *exact = draw_rows(&d, p, UNITS, ROWS), *chain = NULL;
  assert_ok(vpf_gibbs(model, exact, NULL, 10, 3, &chain));
  double mean[UNITS], pair[UNITS * UNITS];
  assert_ok(vpf_moments(chain, mean, pair));
  for (size_t i = 0; i < UNITS; i++)
    for (size_t j = 0; j < UNITS; j++) {
      const double truth = exact_pair(p, UNITS, i, j);
      assert_close(pair[i * UNITS + j], truth, 5 * sqrt(truth * (1 - truth) / ROWS));
    }
  vpf_moment_comparison got = {.struct_size = sizeof got};
  assert_ok(vpf_compare_moments(exact, chain, &got));
  assert_true(got.mean_pearson > 0.999 && got.pair_pearson > 0.999 && got.connected_pearson > 0.99);
  const double noise = sqrt(2 * 0.25 / ROWS); /* at most, of a difference of two fractions */
  assert_true(got.mean_rms < 2 * noise && got.pair_rms < 2 * noise && got.connected_rms < 2 * noise);
  vpf_data_destroy(exact);
  vpf_data_destroy(chain);
  free(p);
  brute_free(machine);
  vpf_model_destroy(model);
}

typedef struct likeness {
  long double a, b, aa, ab, bb, difference, count;
} likeness;

static void add_entry(likeness *sums, long double a, long double b) {
  sums->a += a;
  sums->b += b;
  sums->aa += a * a;
  sums->ab += a * b;
  sums->bb += b * b;
  sums->difference += (a - b) * (a - b);
  sums->count += 1;
}

static void assert_likeness(const likeness *s, double pearson, double rms) {
  const long double covariance = s->ab - s->a * s->b / s->count;
  const long double scale = sqrtl((s->aa - s->a * s->a / s->count) * (s->bb - s->b * s->b / s->count));
  assert_close(pearson, (double)(covariance / scale), 1e-12);
  assert_close(rms, (double)sqrtl(s->difference / s->count), 1e-14);
}

static void comparisons_follow_their_formulas(void **state) {
  (void)state;
  enum { ROWS_A = 300, ROWS_B = 170, COLS = 23 };
  dice d = {303};
  uint8_t *a = random_bits(&d, ROWS_A, COLS, 0.4), *b = random_bits(&d, ROWS_B, COLS, 0.3);
  for (int r = 0; r < ROWS_A; r++) a[r * COLS + 4] = a[r * COLS + 5]; /* a correlation */
  for (int r = 0; r < ROWS_B; r++) b[r * COLS + 4] = b[r * COLS + 5];
  likeness means = {0}, pairs = {0}, connected = {0};
  for (size_t i = 0; i < COLS; i++) {
    const long double a_i = (long double)count_both(a, ROWS_A, COLS, i, i) / ROWS_A;
    const long double b_i = (long double)count_both(b, ROWS_B, COLS, i, i) / ROWS_B;
    add_entry(&means, a_i, b_i);
    for (size_t j = i + 1; j < COLS; j++) {
      const long double a_j = (long double)count_both(a, ROWS_A, COLS, j, j) / ROWS_A;
      const long double b_j = (long double)count_both(b, ROWS_B, COLS, j, j) / ROWS_B;
      const long double a_ij = (long double)count_both(a, ROWS_A, COLS, i, j) / ROWS_A;
      const long double b_ij = (long double)count_both(b, ROWS_B, COLS, i, j) / ROWS_B;
      add_entry(&pairs, a_ij, b_ij);
      add_entry(&connected, a_ij - a_i * a_j, b_ij - b_i * b_j);
    }
  }
  vpf_data *data_a = data_of_bits(a, ROWS_A, COLS), *data_b = data_of_bits(b, ROWS_B, COLS);
  vpf_moment_comparison got = {.struct_size = sizeof got};
  assert_ok(vpf_compare_moments(data_a, data_b, &got));
  assert_likeness(&means, got.mean_pearson, got.mean_rms);
  assert_likeness(&pairs, got.pair_pearson, got.pair_rms);
  assert_likeness(&connected, got.connected_pearson, got.connected_rms);
  vpf_data_destroy(data_a);
  vpf_data_destroy(data_b);
  free(a);
  free(b);
}

/* Turning all bits around turns the means around and leaves the covariances. */
static void a_set_is_like_itself_and_unlike_its_negative(void **state) {
  (void)state;
  dice d = {304};
  uint8_t *bits = random_bits(&d, 500, 12, 0.3);
  for (int r = 0; r < 500; r++) bits[r * 12 + 1] |= bits[r * 12];
  vpf_data *data = data_of_bits(bits, 500, 12);
  for (int k = 0; k < 500 * 12; k++) bits[k] = !bits[k];
  vpf_data *negative = data_of_bits(bits, 500, 12);
  vpf_moment_comparison got = {.struct_size = sizeof got};
  assert_ok(vpf_compare_moments(data, data, &got));
  assert_close(got.mean_pearson, 1, 0);
  assert_close(got.pair_pearson, 1, 0);
  assert_close(got.connected_pearson, 1, 0);
  assert_close(got.mean_rms + got.pair_rms + got.connected_rms, 0, 0);
  assert_ok(vpf_compare_moments(data, negative, &got));
  assert_close(got.mean_pearson, -1, 1e-14);
  assert_close(got.connected_pearson, 1, 1e-12);
  assert_close(got.connected_rms, 0, 1e-15);
  vpf_data_destroy(data);
  vpf_data_destroy(negative);
  free(bits);
}

static void what_is_constant_has_no_correlation(void **state) {
  (void)state;
  vpf_moment_comparison got = {.struct_size = sizeof got};
  const uint8_t column[4] = {1, 0, 0, 1};
  vpf_data *one = data_of_bits(column, 4, 1);
  assert_ok(vpf_compare_moments(one, one, &got));
  assert_true(isnan(got.mean_pearson) && isnan(got.pair_pearson) && isnan(got.connected_pearson));
  assert_close(got.mean_rms, 0, 0);
  assert_true(isnan(got.pair_rms) && isnan(got.connected_rms)); /* no pairs */
  vpf_data_destroy(one);

  /* Every combination once: independent bits, whose c_ij are 0 up to different roundings. */
  enum { ROWS = 7 * 11 * 13 };
  uint8_t bits[ROWS][3];
  for (int r = 0; r < ROWS; r++) {
    bits[r][0] = r % 7 == 0;
    bits[r][1] = r / 7 % 11 == 0;
    bits[r][2] = r / 77 == 0;
  }
  vpf_data *independent = data_of_bits(bits[0], ROWS, 3), *other = fixture_data(50, 3, 1);
  assert_ok(vpf_compare_moments(independent, other, &got));
  assert_true(fabs(got.mean_pearson) <= 1 && fabs(got.pair_pearson) <= 1);
  assert_true(isnan(got.connected_pearson));
  assert_ok(vpf_compare_moments(other, independent, &got));
  assert_true(isnan(got.connected_pearson) && got.connected_rms > 0);
  vpf_data_destroy(independent);
  vpf_data_destroy(other);
}

/* ---- Activity ---- */

static void histogram_counts_mean_activations(void **state) {
  (void)state;
  dice d = {305};
  const size_t sizes[] = {20, 150, 30};
  vpf_model *model = random_machine(&d, sizes, 3, NULL, VPF_COUPLING_PAIRWISE, 0.7);
  vpf_data *data = fixture_data(1500, 20, 5);
  const size_t bins[] = {1, 7, 20, 1048576};
  size_t *counts = malloc(1048576 * sizeof *counts);
  float mean[150];
  for (size_t layer = 0; layer < 3; layer++) {
    assert_ok(vpf_mean_activations(model, data, layer, mean));
    for (size_t k = 0; k < 4; k++) {
      assert_ok(vpf_activation_histogram(model, data, layer, bins[k], counts));
      size_t total = 0;
      for (size_t b = 0; b < bins[k]; b++) total += counts[b];
      assert_int_equal(total, sizes[layer]);
      for (size_t j = 0; j < sizes[layer]; j++) { /* take every unit out again */
        const size_t bin = (size_t)floorl((long double)mean[j] * (long double)bins[k]);
        assert_true(counts[bin] > 0);
        counts[bin]--;
      }
    }
  }
  free(counts);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void histogram_has_both_ends(void **state) {
  (void)state;
  const uint8_t bits[2 * 4] = {1, 0, 1, 0, 1, 0, 0, 0};
  const size_t sizes[] = {4, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = data_of_bits(bits, 2, 4);
  size_t counts[4];
  assert_ok(vpf_activation_histogram(model, data, 0, 4, counts)); /* means 1, 0, 1/2, 0 */
  const size_t expected[4] = {2, 0, 1, 1};
  assert_memory_equal(counts, expected, sizeof counts);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

/* Sparseness from its formula. */
static long double sparseness(const float *r, size_t n, size_t stride) {
  long double sum = 0, square = 0;
  for (size_t k = 0; k < n; k++) {
    sum += (long double)r[k * stride];
    square += (long double)r[k * stride] * (long double)r[k * stride];
  }
  if (n < 2 || !(square > 0)) return 0;
  return (1 - sum * sum / (long double)n / square) / (1 - 1 / (long double)n);
}

static void activity_equals_a_direct_loop(void **state) {
  (void)state;
  dice d = {306};
  const size_t sizes[] = {12, 40, 7, 1};
  const size_t row_counts[] = {1, 30, 2500}; /* more than one chunk */
  vpf_model *model = random_machine(&d, sizes, 4, NULL, VPF_COUPLING_PAIRWISE, 2.0);
  for (size_t k = 0; k < 3; k++) {
    const size_t rows = row_counts[k];
    vpf_data *data = fixture_data(rows, 12, 6 + k);
    float *features = malloc(rows * 40 * sizeof *features);
    for (size_t layer = 0; layer < 4; layer++) {
      const size_t n = sizes[layer];
      assert_ok(vpf_encode(model, data, layer, features));
      long double mean = 0, population = 0, lifetime = 0, dead = 0, saturated = 0;
      for (size_t r = 0; r < rows; r++) population += sparseness(features + r * n, n, 1) / (long double)rows;
      for (size_t j = 0; j < n; j++) {
        long double unit = 0;
        for (size_t r = 0; r < rows; r++) unit += (long double)features[r * n + j] / (long double)rows;
        mean += unit / (long double)n;
        lifetime += sparseness(features + j, rows, n) / (long double)n;
        dead += unit < 0.01L ? 1 / (long double)n : 0;
        saturated += unit > 0.99L ? 1 / (long double)n : 0;
      }
      vpf_activity got = {.struct_size = sizeof got};
      assert_ok(vpf_layer_activity(model, data, layer, &got));
      assert_close(got.mean, (double)mean, 1e-12);
      assert_close(got.population_sparseness, (double)population, 1e-12);
      assert_close(got.lifetime_sparseness, (double)lifetime, 1e-12);
      assert_close(got.dead, (double)dead, 1e-12);
      assert_close(got.saturated, (double)saturated, 1e-12);
    }
    free(features);
    vpf_data_destroy(data);
  }
  vpf_model_destroy(model);
}

/* Layer 0 of a machine of n units: the bits themselves. */
static vpf_activity activity_of_bits(const uint8_t *bits, size_t rows, size_t n) {
  vpf_model *model = fixture_model(&n, 1, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = data_of_bits(bits, rows, n);
  vpf_activity got = {.struct_size = sizeof got};
  assert_ok(vpf_layer_activity(model, data, 0, &got));
  vpf_data_destroy(data);
  vpf_model_destroy(model);
  return got;
}

static void assert_activity(vpf_activity got, double mean, double population, double lifetime, double dead,
                            double saturated) {
  assert_close(got.mean, mean, 1e-15);
  assert_close(got.population_sparseness, population, 1e-15);
  assert_close(got.lifetime_sparseness, lifetime, 1e-15);
  assert_close(got.dead, dead, 0);
  assert_close(got.saturated, saturated, 0);
}

static void sparseness_has_its_ends(void **state) {
  (void)state;
  const uint8_t off[4 * 4] = {0}, one_hot[4 * 4] = {[0] = 1, [5] = 1, [10] = 1, [15] = 1};
  const uint8_t half[2 * 4] = {1, 1, 0, 0, 0, 0, 1, 1}, single[3] = {1, 0, 1};
  uint8_t on[4 * 4];
  memset(on, 1, sizeof on);
  assert_activity(activity_of_bits(one_hot, 4, 4), 0.25, 1, 1, 0, 0);
  assert_activity(activity_of_bits(on, 4, 4), 1, 0, 0, 0, 1);
  assert_activity(activity_of_bits(off, 4, 4), 0, 0, 0, 1, 0);
  assert_activity(activity_of_bits(half, 2, 4), 0.5, (1 - 0.5) / (1 - 0.25), 1, 0, 0);
  assert_activity(activity_of_bits(single, 3, 1), 2.0 / 3, 0, (1 - 2.0 / 3) / (1 - 1.0 / 3), 0, 0);
  assert_activity(activity_of_bits(half, 1, 4), 0.5, (1 - 0.5) / (1 - 0.25), 0, 0.5, 0.5);
}

/* ---- All ---- */

static void threads_change_no_bit(void **state) {
  (void)state;
  enum { COLS = 90 };
  dice d = {307};
  static const size_t threads[] = {1, 2, 7};
  const size_t sizes[] = {COLS, 33, 20};
  vpf_model *model = random_machine(&d, sizes, 3, NULL, VPF_COUPLING_PAIRWISE, 0.3);
  vpf_data *data = fixture_data(5000, COLS, 1), *other = fixture_data(77, COLS, 2);
  typedef struct results {
    double mean[COLS], pair[COLS * COLS];
    vpf_moment_comparison comparison;
    size_t counts[20];
    vpf_activity activity[3];
  } results;
  results *got = calloc(3, sizeof *got);
  for (int k = 0; k < 3; k++) {
    vpf_set_threads(threads[k]);
    got[k].comparison.struct_size = sizeof got[k].comparison;
    assert_ok(vpf_moments(data, got[k].mean, got[k].pair));
    assert_ok(vpf_compare_moments(data, other, &got[k].comparison));
    assert_ok(vpf_activation_histogram(model, data, 2, 20, got[k].counts));
    for (size_t layer = 0; layer < 3; layer++) {
      got[k].activity[layer].struct_size = sizeof got[k].activity[layer];
      assert_ok(vpf_layer_activity(model, data, layer, &got[k].activity[layer]));
    }
    assert_memory_equal(&got[0], &got[k], sizeof *got);
  }
  vpf_set_threads(0);
  free(got);
  vpf_data_destroy(data);
  vpf_data_destroy(other);
  vpf_model_destroy(model);
}

/* A program built with a later header has larger structs, one built with this one still fits. */
static void structs_may_grow(void **state) {
  (void)state;
  const size_t sizes[] = {4, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = fixture_data(20, 4, 1);
  struct {
    vpf_activity known;
    double later;
  } larger = {{.struct_size = sizeof larger}, 42};
  assert_ok(vpf_layer_activity(model, data, 1, &larger.known));
  assert_int_equal(larger.known.struct_size, sizeof larger);
  assert_true(larger.known.mean > 0);
  assert_close(larger.later, 42, 0);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void bad_input_is_refused(void **state) {
  (void)state;
  const size_t sizes[] = {4, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = fixture_data(6, 4, 1), *narrow = fixture_data(6, 3, 1);
  double mean[4] = {5, 5, 5, 5};
  size_t counts[2] = {7, 7};
  vpf_moment_comparison comparison = {.struct_size = sizeof comparison, .mean_rms = 5};
  vpf_activity activity = {.struct_size = sizeof activity, .mean = 5};
  assert_status(vpf_moments(NULL, mean, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_moments(data, NULL, NULL), VPF_ERR_ARGUMENT);
  assert_message_has("out_mean is NULL");
  assert_status(vpf_compare_moments(NULL, data, &comparison), VPF_ERR_ARGUMENT);
  assert_status(vpf_compare_moments(data, NULL, &comparison), VPF_ERR_ARGUMENT);
  assert_status(vpf_compare_moments(data, data, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_compare_moments(data, narrow, &comparison), VPF_ERR_SHAPE);
  assert_message_has("a has 4 columns, b has 3");
  comparison.struct_size = sizeof comparison - 1;
  assert_status(vpf_compare_moments(data, data, &comparison), VPF_ERR_ARGUMENT);
  assert_message_has("vpf_compare_moments: struct_size is");

  assert_status(vpf_activation_histogram(NULL, data, 1, 2, counts), VPF_ERR_ARGUMENT);
  assert_status(vpf_activation_histogram(model, NULL, 1, 2, counts), VPF_ERR_ARGUMENT);
  assert_status(vpf_activation_histogram(model, data, 1, 2, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_activation_histogram(model, data, 2, 2, counts), VPF_ERR_ARGUMENT);
  assert_message_has("layer 2 is not in a model of 2 layers");
  assert_status(vpf_activation_histogram(model, narrow, 1, 2, counts), VPF_ERR_SHAPE);
  assert_status(vpf_activation_histogram(model, data, 1, 0, counts), VPF_ERR_ARGUMENT);
  assert_status(vpf_activation_histogram(model, data, 1, 1048577, counts), VPF_ERR_ARGUMENT);
  assert_message_has("bins 1048577 is outside [1, 1048576]");

  assert_status(vpf_layer_activity(NULL, data, 1, &activity), VPF_ERR_ARGUMENT);
  assert_status(vpf_layer_activity(model, NULL, 1, &activity), VPF_ERR_ARGUMENT);
  assert_status(vpf_layer_activity(model, data, 1, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_layer_activity(model, data, 2, &activity), VPF_ERR_ARGUMENT);
  assert_status(vpf_layer_activity(model, narrow, 1, &activity), VPF_ERR_SHAPE);
  activity.struct_size = 0;
  assert_status(vpf_layer_activity(model, data, 1, &activity), VPF_ERR_ARGUMENT);
  assert_message_has("struct_size is 0");
  assert_close(mean[0] + comparison.mean_rms + activity.mean, 15, 0);
  assert_int_equal(counts[0] + counts[1], 14);
  vpf_data_destroy(data);
  vpf_data_destroy(narrow);
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(moments_are_exact_fractions),
      cmocka_unit_test(samples_have_the_moments_of_their_machine),
      cmocka_unit_test(comparisons_follow_their_formulas),
      cmocka_unit_test(a_set_is_like_itself_and_unlike_its_negative),
      cmocka_unit_test(what_is_constant_has_no_correlation),
      cmocka_unit_test(histogram_counts_mean_activations),
      cmocka_unit_test(histogram_has_both_ends),
      cmocka_unit_test(activity_equals_a_direct_loop),
      cmocka_unit_test(sparseness_has_its_ends),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(structs_may_grow),
      cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
