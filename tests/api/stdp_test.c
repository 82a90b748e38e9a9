/* SPDX-License-Identifier: MIT */
/* The chain in continuous time and the rule of the paper's Eq. 6, against enumeration and closed forms. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <vpf/experimental/stdp.h>

#include "support/enumerate.h"
#include "support/goodness.h"
#include "support/random_machine.h"

static const family families[] = {
    {"fully observed", {5}, 1, {1}, VPF_COUPLING_PAIRWISE},
    {"RBM", {3, 3}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with intra-layer weights", {3, 3}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
    {"joint DBM", {2, 2, 2}, 3, {0, 1, 1}, VPF_COUPLING_JOINT},
};
enum { FAMILIES = sizeof families / sizeof *families, MOST_UNITS = 8 };

/* delta_j = exp(E(y)/2 - E(x)/2) for the neighbour x (paper, above Eq. 1). */
static long double rate_of(const brute_machine *m, const uint8_t *y, size_t unit) {
  uint8_t x[MOST_UNITS];
  memcpy(x, y, m->units);
  x[unit] = !x[unit];
  return expl((brute_energy(m, y) - brute_energy(m, x)) / 2);
}

static size_t simulate(const vpf_model *model, const uint8_t *start, double duration, size_t most, uint64_t seed,
                       vpf_flip *flips) {
  size_t count = 12345;
  assert_ok(vpf_simulate_flips(model, start, duration, most, seed, flips, &count));
  assert_in_range(count, 0, most);
  return count;
}

/* Along a walk long enough for the fields to be summed afresh. */
static void every_flip_has_the_rate_of_its_unit(void **state) {
  (void)state;
  enum { FLIPS = 10000 };
  dice d = {501};
  vpf_flip *flips = malloc(FLIPS * sizeof *flips);
  for (size_t f = 0; f < FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &families[f], 1.0);
    brute_machine *m = brute_read(model);
    uint8_t y[MOST_UNITS] = {1, 0, 1};
    assert_int_equal(simulate(model, y, INFINITY, FLIPS, 7, flips), FLIPS);
    double before = 0;
    for (size_t k = 0; k < FLIPS; k++) {
      assert_true(flips[k].time > before && flips[k].unit < m->units);
      const double rate = (double)rate_of(m, y, flips[k].unit);
      assert_close(flips[k].rate, rate, 1e-9 * rate);
      y[flips[k].unit] = !y[flips[k].unit];
      assert_int_equal(flips[k].state, y[flips[k].unit]);
      before = flips[k].time;
    }
    brute_free(m);
    vpf_model_destroy(model);
  }
  free(flips);
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The first flip comes after an exponential time, and is each unit's in proportion to its rate. */
static void waiting_times_are_exponential_and_units_compete_by_rate(void **state) {
  (void)state;
  enum { RUNS = 20000 };
  dice d = {502};
  double *below = malloc(RUNS * sizeof *below);
  for (size_t f = 0; f < FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &families[f], 1.0);
    brute_machine *m = brute_read(model);
    const uint8_t y[MOST_UNITS] = {0, 1, 1, 0, 1};
    size_t counts[MOST_UNITS] = {0};
    long double share[MOST_UNITS], total = 0;
    for (size_t j = 0; j < m->units; j++) total += share[j] = rate_of(m, y, j);
    for (size_t j = 0; j < m->units; j++) share[j] /= total;
    for (size_t r = 0; r < RUNS; r++) {
      vpf_flip first;
      assert_int_equal(simulate(model, y, INFINITY, 1, 1000 + r, &first), 1);
      counts[first.unit]++;
      below[r] = (double)(1 - expl(-total * first.time));
    }
    assert_true(chi_square_fit(counts, share, m->units, NULL) > GOODNESS_LEAST_P);
    qsort(below, RUNS, sizeof *below, ascending);
    double largest = 0;
    for (size_t r = 0; r < RUNS; r++)
      largest = fmax(largest, fmax(fabs(below[r] - (double)r / RUNS), fabs(below[r] - (double)(r + 1) / RUNS)));
    assert_true(kolmogorov_tail(largest, RUNS) > GOODNESS_LEAST_P);
    brute_free(m);
    vpf_model_destroy(model);
  }
  free(below);
}

/* From exact samples, after any time, the states still have the machine's distribution. */
static void the_chain_leaves_the_exact_distribution_unchanged(void **state) {
  (void)state;
  enum { RUNS = 20000, MOST_FLIPS = 1000 };
  const double duration = 0.7;
  dice d = {503};
  vpf_flip *flips = malloc(MOST_FLIPS * sizeof *flips);
  for (size_t f = 0; f < FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &families[f], 0.7);
    brute_machine *m = brute_read(model);
    const size_t states = (size_t)1 << m->units;
    long double *p = brute_distribution(m);
    size_t *counts = calloc(states, sizeof *counts), moved = 0;
    vpf_data *start = NULL;
    assert_ok(vpf_exact_sample(model, RUNS, 11, &start));
    uint8_t *bits = bits_of_data(start);
    for (size_t r = 0; r < RUNS; r++) {
      uint8_t *y = bits + r * m->units;
      const size_t count = simulate(model, y, duration, MOST_FLIPS, 50000 + r, flips);
      assert_true(count < MOST_FLIPS); /* so that all of the time has passed */
      for (size_t k = 0; k < count; k++) y[flips[k].unit] = (uint8_t)flips[k].state;
      counts[brute_pack(y, m->units)]++;
      moved += count > 0;
    }
    assert_true(moved > RUNS / 2);
    assert_true(chi_square_fit(counts, p, states, NULL) > GOODNESS_LEAST_P);
    free(bits);
    vpf_data_destroy(start);
    free(counts);
    free(p);
    brute_free(m);
    vpf_model_destroy(model);
  }
  free(flips);
}

static void fewer_flips_or_less_time_give_the_beginning_of_the_same_record(void **state) {
  (void)state;
  enum { FLIPS = 200 };
  dice d = {504};
  vpf_model *model = family_machine(&d, &families[2], 1.0);
  const uint8_t y[MOST_UNITS] = {1, 1};
  vpf_flip all[FLIPS], some[FLIPS];
  assert_int_equal(simulate(model, y, INFINITY, FLIPS, 3, all), FLIPS);
  assert_int_equal(simulate(model, y, INFINITY, 50, 3, some), 50);
  for (size_t k = 0; k < 50; k++) assert_true(all[k].time == some[k].time && all[k].unit == some[k].unit);
  const size_t count = simulate(model, y, all[120].time, FLIPS, 3, some);
  assert_int_equal(count, 121);
  assert_true(some[120].time == all[120].time);
  assert_int_equal(simulate(model, y, all[0].time / 2, FLIPS, 3, some), 0);
  vpf_model_destroy(model);
}

/* -y_i alpha_j delta_j, worked out by hand: unit 0 is i, unit 2 is j. */
static void changes_follow_the_rule_of_the_paper(void **state) {
  (void)state;
  const vpf_flip flips[] = {
      {0.1, 3.0, 2, 1}, /* j is excited while i is: + 3/2 */
      {0.2, 5.0, 1, 1}, /* neither */
      {0.3, 0.4, 2, 0}, /* j comes to rest while i is excited: - 0.4/2 */
      {0.4, 2.0, 0, 0}, /* i rests */
      {0.5, 7.0, 2, 1}, /* i is at rest: nothing */
      {0.6, 1.0, 0, 1},
      {0.7, 8.0, 2, 0}, /* - 8/2 */
  };
  const double expected[] = {1.5, 0, -0.2, 0, 0, 0, -4};
  double got[7], reversed[7];
  assert_ok(vpf_stdp_changes(flips, 7, 1, 0, 2, got));
  for (size_t k = 0; k < 7; k++) assert_close(got[k], expected[k], 1e-15);
  /* the other direction: j = 0 is excited while unit 2 is, at 0.6, and rests while it is not, at 0.4 */
  assert_ok(vpf_stdp_changes(flips, 7, 0, 2, 0, reversed));
  for (size_t k = 0; k < 7; k++) assert_close(reversed[k], k == 5 ? 0.5 : 0, 1e-15);
  assert_ok(vpf_stdp_changes(flips, 7, 0, 0, 2, got)); /* i at rest to begin with */
  assert_close(got[0], 0, 0);
  assert_close(got[6], -4, 1e-15);
}

static void mistakes_are_named(void **state) {
  (void)state;
  dice d = {505};
  vpf_model *model = family_machine(&d, &families[1], 1.0);
  const size_t sizes[] = {3, 2, 2};
  vpf_model *deep = fixture_model(sizes, 3, NULL, VPF_COUPLING_PAIRWISE, 1);
  const uint8_t y[MOST_UNITS] = {0};
  vpf_flip flip;
  double change;
  size_t count = 77;
  assert_status(vpf_simulate_flips(NULL, y, 1, 1, 1, &flip, &count), VPF_ERR_ARGUMENT);
  assert_status(vpf_simulate_flips(model, NULL, 1, 1, 1, &flip, &count), VPF_ERR_ARGUMENT);
  assert_status(vpf_simulate_flips(model, y, 0, 1, 1, &flip, &count), VPF_ERR_ARGUMENT);
  assert_message_has("duration 0");
  assert_status(vpf_simulate_flips(model, y, NAN, 1, 1, &flip, &count), VPF_ERR_ARGUMENT);
  assert_status(vpf_simulate_flips(model, y, 1, 0, 1, &flip, &count), VPF_ERR_ARGUMENT);
  assert_status(vpf_simulate_flips(model, y, 1, 1, 1, NULL, &count), VPF_ERR_ARGUMENT);
  assert_status(vpf_simulate_flips(deep, y, 1, 1, 1, &flip, &count), VPF_ERR_UNSUPPORTED);
  const float bias[] = {0, y[1] ? -161 : 161, 0};
  assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, bias));
  assert_status(vpf_simulate_flips(model, y, 1, 1, 1, &flip, &count), VPF_ERR_OVERFLOW);
  assert_message_has("unit 1");
  assert_int_equal(count, 77);
  flip = (vpf_flip){1, 1, 0, 2};
  assert_status(vpf_stdp_changes(&flip, 1, 0, 0, 1, &change), VPF_ERR_ARGUMENT);
  assert_message_has("flip 0");
  assert_status(vpf_stdp_changes(NULL, 1, 0, 0, 1, &change), VPF_ERR_ARGUMENT);
  assert_status(vpf_stdp_changes(&flip, 1, 0, 1, 1, &change), VPF_ERR_ARGUMENT);
  vpf_model_destroy(deep);
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_flip_has_the_rate_of_its_unit),
      cmocka_unit_test(waiting_times_are_exponential_and_units_compete_by_rate),
      cmocka_unit_test(the_chain_leaves_the_exact_distribution_unchanged),
      cmocka_unit_test(fewer_flips_or_less_time_give_the_beginning_of_the_same_record),
      cmocka_unit_test(changes_follow_the_rule_of_the_paper),
      cmocka_unit_test(mistakes_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
