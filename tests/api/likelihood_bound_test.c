/* SPDX-License-Identifier: MIT */
/* The variational bound of log p(x) (docs/math.md, Eq. (29b)): never above the truth, equal to it where hidden units
 * are independent, and as high as mean field gets. The truth is enumerated, and the mean field is one of the test's own,
 * both in long double. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>


#include "support/dice.h"
#include "support/enumerate.h"
#include "support/random_machine.h"

enum { ROWS = 6, MOST_UNITS = 64 };

typedef struct shape {
  size_t sizes[5], layers;
  uint8_t intra[5];
} shape;

static const shape shapes[] = {
    {{5, 6}, 2, {0, 1}},         {{4, 3, 3}, 3, {0}},          {{4, 5, 4}, 3, {1, 0, 1}},
    {{3, 4, 3}, 3, {0, 1, 0}},   {{4, 4, 3}, 3, {1, 1, 1}},    {{3, 3, 3, 3}, 4, {0}},
    {{3, 4, 2, 3}, 4, {0, 0, 1}}, {{2, 3, 3, 2}, 4, {1, 1, 1, 1}}, {{3, 2, 3, 2, 3}, 5, {0}},
    {{3, 3, 2, 3, 2}, 5, {0, 1, 0, 1, 0}}, {{2, 2, 2, 3, 2}, 5, {1, 1, 1, 1, 1}}, {{5, 1, 1, 1}, 4, {0}}};

enum { SHAPES = sizeof shapes / sizeof *shapes };

static vpf_model *machine_of(dice *d, const shape *s, double spread) {
  return random_machine(d, s->sizes, s->layers, s->intra, VPF_COUPLING_JOINT, spread);
}

static double spread_of(dice *d, double low, double high) {
  return exp(log(low) + (log(high) - log(low)) * dice_unit(d));
}

/* ---- Mean field, from the definitions ---- */

static long double input(const brute_machine *b, const long double *y, size_t layer, size_t unit) {
  const long double *own = y + b->first[layer];
  long double z = b->up[layer][unit];
  for (size_t k = 0; b->u[layer] && k < b->size[layer]; k++) z += b->u[layer][unit * b->size[layer] + k] * own[k];
  if (layer > 0)
    for (size_t k = 0; k < b->size[layer - 1]; k++)
      z += b->w[layer - 1][k * b->size[layer] + unit] * y[b->first[layer - 1] + k];
  if (layer + 1 < b->layers)
    for (size_t k = 0; k < b->size[layer + 1]; k++)
      z += b->w[layer][unit * b->size[layer + 1] + k] * y[b->first[layer + 1] + k];
  return z;
}

static long double entropy(long double m) {
  return m <= 0 || m >= 1 ? 0 : -m * logl(m) - (1 - m) * logl(1 - m);
}

/* -E(m) + entropy. Each pair of units meets in the inputs of both, so half of what is not bias counts. */
static long double bound_of(const brute_machine *b, const long double *y) {
  long double sum = 0;
  for (size_t l = 0; l < b->layers; l++)
    for (size_t j = 0; j < b->size[l]; j++) {
      const long double m = y[b->first[l] + j];
      sum += m * (input(b, y, l, j) + b->up[l][j]) / 2 + entropy(m);
    }
  return sum;
}

/* From hidden means that are all alike: layers of odd number, then of even number, until nothing moves. */
static long double climb(const brute_machine *b, const uint8_t *x, long double start) {
  long double y[MOST_UNITS], most = 1;
  for (size_t k = 0; k < b->units; k++) y[k] = k < b->size[0] ? x[k] : start;
  for (size_t sweep = 0; sweep < 20000 && most > 1e-15L; sweep++) {
    most = 0;
    for (size_t parity = 1; parity <= 2; parity++)
      for (size_t l = parity; l < b->layers; l += 2)
        for (size_t j = 0; j < b->size[l]; j++) {
          const long double m = brute_sigmoid(input(b, y, l, j));
          most = fmaxl(most, fabsl(m - y[b->first[l] + j]));
          y[b->first[l] + j] = m;
        }
  }
  return bound_of(b, y);
}

static long double best_climb(const brute_machine *b, const uint8_t *x) {
  return fmaxl(climb(b, x, 0.5L), fmaxl(climb(b, x, 0), climb(b, x, 1)));
}

/* ---- Claims ---- */

typedef struct trial {
  vpf_model *model;
  brute_machine *brute;
  uint8_t *bits;
  vpf_data *data;
  double bound[ROWS];
} trial;

static trial begin(vpf_model *model, dice *d) {
  const size_t n = vpf_model_layer_size(model, 0);
  trial t = {.model = model, .brute = brute_read(model), .bits = random_bits(d, ROWS, n, 0.5)};
  assert_true(t.brute->units <= MOST_UNITS);
  t.data = data_of_bits(t.bits, ROWS, n);
  assert_ok(vpf_log_likelihood_bound_rows(model, t.data, 0, t.bound));
  return t;
}

static const uint8_t *row(const trial *t, size_t r) {
  return t->bits + r * t->brute->size[0];
}

static void end(trial *t) {
  vpf_data_destroy(t->data);
  free(t->bits);
  brute_free(t->brute);
  vpf_model_destroy(t->model);
}

static void it_is_never_above_the_enumerated_sum(void **state) {
  (void)state;
  dice d = {71};
  for (size_t k = 0; k < 40 * SHAPES; k++) {
    trial t = begin(machine_of(&d, &shapes[k % SHAPES], spread_of(&d, 0.03, 30)), &d);
    for (size_t r = 0; r < ROWS; r++) {
      const double exact = (double)brute_log_sum_hidden(t.brute, row(&t, r));
      char text[64];
      if (!(t.bound[r] <= exact + 1e-9 * (1 + fabs(exact))))
        fail_msg("%s: %.12g is above %.12g", machine_text(t.model, text), t.bound[r], exact);
    }
    end(&t);
  }
}

/* Small weights: one fixed point, which any way of climbing finds. */
static void it_is_the_height_of_the_only_fixed_point(void **state) {
  (void)state;
  dice d = {72};
  for (size_t k = 0; k < 8 * SHAPES; k++) {
    trial t = begin(machine_of(&d, &shapes[k % SHAPES], spread_of(&d, 0.03, 0.3)), &d);
    for (size_t r = 0; r < ROWS; r++)
      assert_close(t.bound[r], (double)climb(t.brute, row(&t, r), 0.3L), 1e-6);
    end(&t);
  }
}

/* Large ones: from each of the starts, a fixed point of its own. Rounding may decide where a climb ends that begins on
 * a watershed. */
static void it_is_the_best_of_three_climbs(void **state) {
  (void)state;
  dice d = {73};
  size_t agree = 0, all = 0, several = 0;
  for (size_t k = 0; k < 40 * SHAPES; k++) {
    trial t = begin(machine_of(&d, &shapes[k % SHAPES], spread_of(&d, 1, 8)), &d);
    for (size_t r = 0; r < ROWS; r++, all++) {
      const long double best = best_climb(t.brute, row(&t, r));
      if (fabsl((long double)t.bound[r] - best) <= 1e-5L * (1 + fabsl(best))) agree++;
      for (int start = 0; start < 3; start++)
        if (climb(t.brute, row(&t, r), (long double)start / 2) < best - 0.01L) several++;
    }
    end(&t);
  }
  assert_true(several > all / 20); /* or this would claim nothing */
  if (agree < all - all / 200) fail_msg("%zu of %zu", agree, all);
}

/* Where hidden units are independent given x the bound has no gap. */
static void it_is_exact_where_hidden_units_are_independent(void **state) {
  (void)state;
  static const shape independent[] = {
      {{6}, 1, {1}}, {{6, 5}, 2, {0}}, {{6, 5}, 2, {1, 0}}, {{4, 5, 4}, 3, {0}}, {{4, 3, 3, 2}, 4, {1, 0, 0, 0}}};
  dice d = {74};
  for (size_t k = 0; k < 100; k++) {
    vpf_model *model = machine_of(&d, &independent[k % 5], spread_of(&d, 0.1, 10));
    static const float nothing[MOST_UNITS];
    for (size_t l = 1; l + 1 < vpf_model_layers(model); l++) assert_ok(vpf_model_set_weights(model, l, nothing));
    trial t = begin(model, &d);
    for (size_t r = 0; r < ROWS; r++) {
      const double exact = (double)brute_log_sum_hidden(t.brute, row(&t, r));
      assert_close(t.bound[r], exact, 1e-6 * (1 + fabs(exact) / 100));
    }
    end(&t);
  }
}

static void an_rbm_of_any_size_has_its_likelihood(void **state) {
  (void)state;
  const size_t sizes[] = {100, 300};
  dice d = {75};
  vpf_model *model = random_machine(&d, sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = fixture_data(50, 100, 3);
  double exact, bound;
  assert_ok(vpf_log_likelihood(model, data, 7, &exact));
  assert_ok(vpf_log_likelihood_bound(model, data, 7, &bound));
  assert_close(bound, exact, 1e-9 * fabs(exact));
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void the_mean_is_that_of_the_rows_less_log_z(void **state) {
  (void)state;
  dice d = {76};
  trial t = begin(machine_of(&d, &shapes[7], 1), &d);
  double each[ROWS], mean, sum = 0;
  assert_ok(vpf_log_likelihood_bound_rows(t.model, t.data, 2.5, each));
  assert_ok(vpf_log_likelihood_bound(t.model, t.data, 2.5, &mean));
  for (size_t r = 0; r < ROWS; r++) {
    assert_close(each[r], t.bound[r] - 2.5, 1e-12);
    sum += each[r] / ROWS;
  }
  assert_close(mean, sum, 1e-12);
  end(&t);
}

static const size_t deep_sizes[] = {40, 30, 28, 27};

static void threads_change_no_bit(void **state) {
  (void)state;
  const uint8_t intra[] = {0, 0, 1, 0};
  dice d = {77};
  vpf_model *model = random_machine(&d, deep_sizes, 4, intra, VPF_COUPLING_JOINT, 0.7);
  vpf_data *data = fixture_data(100, 40, 5);
  double one[100], more[100];
  vpf_set_threads(1);
  assert_ok(vpf_log_likelihood_bound_rows(model, data, 1, one));
  for (size_t threads = 2; threads <= 5; threads++) {
    vpf_set_threads(threads);
    memset(more, 0, sizeof more);
    assert_ok(vpf_log_likelihood_bound_rows(model, data, 1, more));
    assert_memory_equal(one, more, sizeof one);
  }
  vpf_set_threads(0);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void absurd_parameters_still_have_a_bound(void **state) {
  (void)state;
  dice d = {78};
  for (size_t k = 0; k < SHAPES; k++) {
    trial t = begin(machine_of(&d, &shapes[k], 1e36), &d);
    for (size_t r = 0; r < ROWS; r++) assert_true(isfinite(t.bound[r]));
    end(&t);
  }
}

/* ---- vpf_estimate_likelihood() and the monitor ---- */

static const vpf_ais_settings quick = {
    .struct_size = sizeof quick, .chains = 20, .betas = 50, .reverse = 1, .reverse_sweeps = 5};

static void a_machine_too_deep_for_enumeration_has_an_estimate_that_says_bound(void **state) {
  (void)state;
  dice d = {79};
  vpf_model *model = random_machine(&d, deep_sizes, 4, NULL, VPF_COUPLING_JOINT, 0.3);
  vpf_data *data = fixture_data(30, 40, 6), *empty = NULL;
  const uint8_t zeros[40] = {0};
  assert_ok(vpf_data_from_u8(&empty, zeros, 1, 40, 0));
  double mean, of_empty;
  assert_status(vpf_log_likelihood(model, data, 0, &mean), VPF_ERR_LIMIT);
  vpf_likelihood found = {.struct_size = sizeof found};
  assert_ok(vpf_estimate_likelihood(model, data, &quick, &found));
  assert_ok(vpf_log_likelihood_bound(model, data, found.log_z, &mean));
  assert_ok(vpf_log_likelihood_bound(model, empty, found.log_z, &of_empty));
  assert_int_equal(found.bound, 1);
  assert_int_equal(found.exact, 0);
  assert_close(found.mean, mean, 1e-10);
  assert_close(found.empty, of_empty, 1e-10);
  const double both = found.doubts & VPF_DOUBT_REVERSE ? fmax(found.reverse_log_z, found.log_z_both) : found.log_z_both;
  const double most = fmax(fmax(found.log_z, both), found.log_z_bound);
  assert_close(found.mean_low, mean + found.log_z - most, 1e-9);
  assert_true(found.rows_stderr > 0);
  vpf_data_destroy(empty);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void where_hidden_units_can_be_enumerated_the_estimate_is_no_bound(void **state) {
  (void)state;
  const size_t sizes[] = {12, 10, 9};
  dice d = {80};
  vpf_model *model = random_machine(&d, sizes, 3, NULL, VPF_COUPLING_JOINT, 2);
  vpf_data *data = fixture_data(20, 12, 7);
  vpf_likelihood found = {.struct_size = sizeof found, .bound = 7};
  double exact, bound;
  assert_ok(vpf_estimate_likelihood(model, data, &quick, &found));
  assert_ok(vpf_log_likelihood(model, data, found.log_z, &exact));
  assert_ok(vpf_log_likelihood_bound(model, data, found.log_z, &bound));
  assert_int_equal(found.bound, 0);
  assert_close(found.mean, exact, 1e-10);
  assert_true(bound < exact);
  vpf_likelihood shorter = {.struct_size = offsetof(vpf_likelihood, bound), .bound = 7};
  assert_ok(vpf_estimate_likelihood(model, data, &quick, &shorter));
  assert_int_equal(shorter.bound, 7);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void the_monitor_follows_deep_machines(void **state) {
  (void)state;
  dice d = {81};
  vpf_model *model = random_machine(&d, deep_sizes, 4, NULL, VPF_COUPLING_JOINT, 0.3);
  vpf_data *data = fixture_data(30, 40, 8);
  vpf_monitor *monitor = NULL;
  vpf_likelihood checked = {.struct_size = sizeof checked}, wanted = checked;
  assert_ok(vpf_monitor_create(&monitor, &quick, 0));
  assert_ok(vpf_monitor_check(monitor, model, data, 1, NULL));
  assert_ok(vpf_monitor_get(monitor, 0, NULL, &checked));
  assert_ok(vpf_estimate_likelihood(model, data, &quick, &wanted));
  assert_int_equal(checked.bound, 1);
  assert_close(checked.mean_low, wanted.mean_low, 0);
  vpf_monitor_destroy(monitor);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void bad_input_is_refused(void **state) {
  (void)state;
  const size_t sizes[] = {5, 4, 3};
  vpf_model *joint = fixture_model(sizes, 3, NULL, VPF_COUPLING_JOINT, 1);
  vpf_model *pairwise = fixture_model(sizes, 3, NULL, VPF_COUPLING_PAIRWISE, 1), *pair = NULL;
  vpf_data *data = fixture_data(3, 5, 1), *narrow = fixture_data(3, 4, 1);
  double out[3] = {5, 5, 5};
  assert_status(vpf_log_likelihood_bound(NULL, data, 0, out), VPF_ERR_ARGUMENT);
  assert_status(vpf_log_likelihood_bound(joint, NULL, 0, out), VPF_ERR_ARGUMENT);
  assert_status(vpf_log_likelihood_bound(joint, data, 0, NULL), VPF_ERR_ARGUMENT);
  assert_message_has("vpf_log_likelihood_bound: out_mean is NULL");
  assert_status(vpf_log_likelihood_bound(joint, data, NAN, out), VPF_ERR_ARGUMENT);
  assert_status(vpf_log_likelihood_bound(joint, narrow, 0, out), VPF_ERR_SHAPE);
  assert_status(vpf_log_likelihood_bound(pairwise, data, 0, out), VPF_ERR_UNSUPPORTED);
  assert_message_has("defines no density");
  assert_message_has("vpf_model_pair");
  assert_status(vpf_log_likelihood_bound_rows(NULL, data, 0, out), VPF_ERR_ARGUMENT);
  assert_status(vpf_log_likelihood_bound_rows(joint, NULL, 0, out), VPF_ERR_ARGUMENT);
  assert_status(vpf_log_likelihood_bound_rows(joint, data, 0, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_log_likelihood_bound_rows(joint, data, HUGE_VAL, out), VPF_ERR_ARGUMENT);
  assert_status(vpf_log_likelihood_bound_rows(joint, narrow, 0, out), VPF_ERR_SHAPE);
  assert_status(vpf_log_likelihood_bound_rows(pairwise, data, 0, out), VPF_ERR_UNSUPPORTED);
  for (int k = 0; k < 3; k++) assert_true(out[k] >= 5 && out[k] <= 5);
  assert_ok(vpf_model_pair(&pair, pairwise, 0));
  assert_ok(vpf_log_likelihood_bound_rows(pair, data, 0, out)); /* its pairs have one */
  vpf_model_destroy(pair);
  vpf_data_destroy(narrow);
  vpf_data_destroy(data);
  vpf_model_destroy(pairwise);
  vpf_model_destroy(joint);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_never_above_the_enumerated_sum),
      cmocka_unit_test(it_is_the_height_of_the_only_fixed_point),
      cmocka_unit_test(it_is_the_best_of_three_climbs),
      cmocka_unit_test(it_is_exact_where_hidden_units_are_independent),
      cmocka_unit_test(an_rbm_of_any_size_has_its_likelihood),
      cmocka_unit_test(the_mean_is_that_of_the_rows_less_log_z),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(absurd_parameters_still_have_a_bound),
      cmocka_unit_test(a_machine_too_deep_for_enumeration_has_an_estimate_that_says_bound),
      cmocka_unit_test(where_hidden_units_can_be_enumerated_the_estimate_is_no_bound),
      cmocka_unit_test(the_monitor_follows_deep_machines),
      cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests_name("likelihood_bound", tests, NULL, NULL);
}
