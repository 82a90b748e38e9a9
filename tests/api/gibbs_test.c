/* SPDX-License-Identifier: MIT */
/* vpf_gibbs() against exact distributions. Two kinds of test: chains that start at the model's
 * distribution stay there (which separates a wrong kernel from slow mixing), and chains that start
 * from one state are, after one sweep, distributed as enumeration says (which a sampler that
 * does too little, or in another order, fails).
 *
 * Power: with N = 40 000 draws over 256 states (df <= 255, p < 1e-6 from chi-square 380) a
 * deviation N sum (q-p)^2/p of about 200 is found, that is a root mean square relative error of
 * the probabilities of 7 %. Dropping U, a stale field or another order in the sweep, parallel
 * updates of coupled units and repeated random numbers are all found (tried on the library). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/enumerate.h"
#include "support/goodness.h"
#include "support/random_machine.h"

enum { DRAWS = 40000, MOST_UNITS = 10 };

static const family FAMILIES[] = {
    {"one layer without U", {5}, 1, {0}, VPF_COUPLING_JOINT},
    {"one layer with U", {8}, 1, {1}, VPF_COUPLING_PAIRWISE},
    {"RBM", {5, 3}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_0", {4, 4}, 2, {1, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_1", {3, 5}, 2, {0, 1}, VPF_COUPLING_JOINT},
    {"RBM with both U", {4, 4}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
    {"three layers", {4, 3, 1}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
    {"three layers with U", {3, 3, 2}, 3, {1, 1, 1}, VPF_COUPLING_JOINT},
    {"four layers", {2, 2, 2, 2}, 4, {0, 0, 0, 0}, VPF_COUPLING_JOINT},
    {"four layers with some U", {2, 3, 2, 2}, 4, {0, 1, 0, 1}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof FAMILIES / sizeof FAMILIES[0] };

/* Large enough that units are strongly coupled, small enough that no state is too rare. */
static const double SPREAD = 0.9;

/* Rows of states drawn from p by the tests' own dice. */
static vpf_data *exact_rows(dice *d, const long double *p, size_t units, size_t rows) {
  uint8_t *bits = calloc(rows, units);
  assert_non_null(bits);
  dice_table table = dice_table_new(p, (size_t)1 << units);
  for (size_t r = 0; r < rows; r++) brute_unpack(dice_draw(d, &table), units, bits + r * units);
  vpf_data *data = data_of_bits(bits, rows, units);
  dice_table_free(&table);
  free(bits);
  return data;
}

static vpf_data *equal_rows(const uint8_t *row, size_t units, size_t rows) {
  uint8_t *bits = calloc(rows, units);
  assert_non_null(bits);
  for (size_t r = 0; r < rows; r++) memcpy(bits + r * units, row, units);
  vpf_data *data = data_of_bits(bits, rows, units);
  free(bits);
  return data;
}

static void assert_distributed(const vpf_data *data, const long double *p, const char *what, size_t sweeps) {
  const size_t rows = vpf_data_rows(data), units = vpf_data_cols(data), states = (size_t)1 << units;
  size_t *counts = calloc(states, sizeof *counts);
  assert_non_null(counts);
  uint8_t *bits = bits_of_data(data);
  for (size_t r = 0; r < rows; r++) counts[brute_pack(bits + r * units, units)]++;
  const double chance = chi_square_fit(counts, p, states, NULL);
  free(bits);
  free(counts);
  if (chance < GOODNESS_LEAST_P) fail_msg("%s, %zu sweeps: p = %g", what, sweeps, chance);
}

static void sweeps_leave_the_exact_distribution_unchanged(void **state) {
  (void)state;
  dice d = {201};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], SPREAD);
    brute_machine *truth = brute_read(model);
    long double *p = brute_distribution(truth);
    for (size_t sweeps = 1; sweeps <= 3; sweeps++) {
      vpf_data *before = exact_rows(&d, p, truth->units, DRAWS), *after;
      if (sweeps == 1) assert_distributed(before, p, "the tests' own draws", 0);
      assert_ok(vpf_gibbs(model, before, NULL, sweeps, 1000 + f, &after));
      assert_distributed(after, p, FAMILIES[f].name, sweeps);
      vpf_data_destroy(after);
      vpf_data_destroy(before);
    }
    free(p);
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

/* From a state that is rare (the least probable), so that a sweep that keeps too much shows. */
static void sweeps_move_a_single_state_exactly_as_enumerated(void **state) {
  (void)state;
  dice d = {202};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], SPREAD);
    brute_machine *truth = brute_read(model);
    const size_t states = (size_t)1 << truth->units;
    long double *p = brute_distribution(truth);
    size_t rarest = 0;
    for (size_t s = 1; s < states; s++)
      if (p[s] < p[rarest]) rarest = s;
    uint8_t row[MOST_UNITS];
    brute_unpack(rarest, truth->units, row);
    vpf_data *start = equal_rows(row, truth->units, DRAWS);
    memset(p, 0, states * sizeof *p);
    p[rarest] = 1;
    for (size_t sweeps = 1; sweeps <= 2; sweeps++) {
      brute_gibbs_sweep(truth, NULL, p);
      vpf_data *after;
      assert_ok(vpf_gibbs(model, start, NULL, sweeps, 2000 + f, &after));
      assert_distributed(after, p, FAMILIES[f].name, sweeps);
      vpf_data_destroy(after);
    }
    vpf_data_destroy(start);
    free(p);
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

/* Every unit that is clamped keeps the bit that each row began with. */
static void assert_clamped_kept(const vpf_data *before, const vpf_data *after, const uint8_t *clamped) {
  const size_t rows = vpf_data_rows(before), units = vpf_data_cols(before);
  uint8_t *a = bits_of_data(before), *b = bits_of_data(after);
  for (size_t k = 0; k < rows * units; k++)
    if (clamped[k % units] && a[k] != b[k]) fail_msg("row %zu: clamped unit %zu changed", k / units, k % units);
  free(b);
  free(a);
}

/* The distribution stays if clamped units were drawn from it; and from one state, one sweep of
 * the others does what enumeration says. Any non-zero byte clamps. */
static void clamped_units_keep_their_bits_and_the_conditional_is_right(void **state) {
  (void)state;
  dice d = {203};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], SPREAD);
    brute_machine *truth = brute_read(model);
    const size_t states = (size_t)1 << truth->units;
    for (int trial = 0; trial < 2; trial++) {
      uint8_t clamped[MOST_UNITS], row[MOST_UNITS];
      for (size_t j = 0; j < truth->units; j++) {
        clamped[j] = dice_below(&d, 5) < 2 ? (uint8_t)(1 + dice_below(&d, 255)) : 0;
        row[j] = (uint8_t)dice_below(&d, 2);
      }
      long double *p = brute_distribution(truth);
      vpf_data *before = exact_rows(&d, p, truth->units, DRAWS), *after;
      assert_ok(vpf_gibbs(model, before, clamped, 2, 3000 + f, &after));
      assert_clamped_kept(before, after, clamped);
      assert_distributed(after, p, FAMILIES[f].name, 2);
      vpf_data_destroy(after);
      vpf_data_destroy(before);

      memset(p, 0, states * sizeof *p);
      p[brute_pack(row, truth->units)] = 1;
      brute_gibbs_sweep(truth, clamped, p);
      before = equal_rows(row, truth->units, DRAWS);
      assert_ok(vpf_gibbs(model, before, clamped, 1, 4000 + f, &after));
      assert_clamped_kept(before, after, clamped);
      assert_distributed(after, p, FAMILIES[f].name, 1);
      vpf_data_destroy(after);
      vpf_data_destroy(before);
      free(p);
    }
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

/* Layers of more than one word of bits, whose units lie across words in a row of all units. */
static const family WIDE[] = {
    {"wide RBM", {70, 67}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"wide RBM with U", {70, 67}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
    {"wide joint machine", {67, 130, 3}, 3, {0, 1, 0}, VPF_COUPLING_JOINT},
};
enum { N_WIDE = sizeof WIDE / sizeof WIDE[0] };

/* Large machines: bits of clamped units, and the mean of every unit without neighbours' influence
 * (W = U = 0): sigmoid(bias), 130 + 70 units, each against its binomial. */
static void wide_layers_are_drawn_and_clamped_unit_by_unit(void **state) {
  (void)state;
  dice d = {204};
  enum { ROWS = 4000 };
  for (size_t f = 0; f < N_WIDE; f++) {
    vpf_model *model = family_machine(&d, &WIDE[f], 0);
    const size_t units = machine_units(model);
    float bias[256];
    for (size_t j = 0; j < units; j++) bias[j] = (float)(1.5 * dice_normal(&d));
    for (size_t l = 0, first = 0; l < WIDE[f].layers; first += WIDE[f].sizes[l++])
      assert_ok(vpf_model_set_bias(model, l, VPF_BIAS_UP, bias + first));
    uint8_t *bits = random_bits(&d, ROWS, units, 0.5), *clamped = random_bits(&d, 1, units, 0.3);
    vpf_data *before = data_of_bits(bits, ROWS, units), *after;
    assert_ok(vpf_gibbs(model, before, clamped, 1, 5000 + f, &after));
    assert_clamped_kept(before, after, clamped);
    uint8_t *drawn = bits_of_data(after);
    for (size_t j = 0; j < units; j++) {
      if (clamped[j]) continue;
      size_t count[2] = {0, 0};
      for (size_t r = 0; r < ROWS; r++) count[drawn[r * units + j]]++;
      const long double on = brute_sigmoid((long double)bias[j]), p[2] = {1 - on, on};
      if (chi_square_fit(count, p, 2, NULL) < GOODNESS_LEAST_P)
        fail_msg("%s: unit %zu is on %zu times instead of %Lg", WIDE[f].name, j, count[1], ROWS * on);
    }
    free(drawn);
    free(clamped);
    free(bits);
    vpf_data_destroy(after);
    vpf_data_destroy(before);
    vpf_model_destroy(model);
  }
}

static void no_sweeps_and_all_units_clamped_copy_the_states(void **state) {
  (void)state;
  dice d = {205};
  for (size_t f = 0; f < N_FAMILIES + N_WIDE; f++) {
    const family *shape = f < N_FAMILIES ? &FAMILIES[f] : &WIDE[f - N_FAMILIES];
    vpf_model *model = family_machine(&d, shape, SPREAD);
    const size_t units = machine_units(model);
    uint8_t *bits = random_bits(&d, 50, units, 0.5), *all = random_bits(&d, 1, units, 2);
    vpf_data *data = data_of_bits(bits, 50, units), *out;
    assert_ok(vpf_gibbs(model, data, NULL, 0, 1, &out));
    assert_same_rows(data, out);
    vpf_data_destroy(out);
    assert_ok(vpf_gibbs(model, data, all, 3, 1, &out));
    assert_same_rows(data, out);
    vpf_data_destroy(out);
    vpf_data_destroy(data);
    free(all);
    free(bits);
    vpf_model_destroy(model);
  }
}

static void pairwise_machines_of_three_layers_are_refused(void **state) {
  (void)state;
  dice d = {206};
  const size_t sizes[4] = {3, 2, 2, 2};
  for (size_t layers = 3; layers <= 4; layers++) {
    vpf_model *model = random_machine(&d, sizes, layers, NULL, VPF_COUPLING_PAIRWISE, 1);
    const size_t units = machine_units(model);
    uint8_t *bits = random_bits(&d, 2, units, 0.5);
    vpf_data *data = data_of_bits(bits, 2, units), *out = data;
    assert_status(vpf_gibbs(model, data, NULL, 1, 1, &out), VPF_ERR_UNSUPPORTED);
    assert_null(out);
    assert_message_has("pairwise");
    assert_message_has(layers == 3 ? "3 layers" : "4 layers");
    vpf_data_destroy(data);
    free(bits);
    vpf_model_destroy(model);
  }
  vpf_model *rbm = random_machine(&d, sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  uint8_t *bits = random_bits(&d, 2, 3, 0.5);
  vpf_data *visible = data_of_bits(bits, 2, 3), *out = visible;
  assert_status(vpf_gibbs(rbm, visible, NULL, 1, 1, &out), VPF_ERR_SHAPE);
  assert_null(out);
  vpf_data_destroy(visible);
  free(bits);
  vpf_model_destroy(rbm);
}

static void gibbs_of_a_slice_is_the_slice_of_gibbs(void **state) {
  (void)state;
  dice d = {207};
  for (size_t f = 0; f < N_WIDE; f++) {
    vpf_model *model = family_machine(&d, &WIDE[f], 0.3);
    const size_t units = machine_units(model);
    uint8_t *bits = random_bits(&d, 40, units, 0.5);
    vpf_data *data = data_of_bits(bits, 40, units), *all, *part, *of_part, *part_of_all, *part_of_part;
    assert_ok(vpf_gibbs(model, data, NULL, 3, 9, &all));
    assert_ok(vpf_data_slice(&part, data, 11, 20));
    assert_ok(vpf_gibbs(model, part, NULL, 3, 9, &of_part));
    assert_ok(vpf_data_slice(&part_of_all, all, 11, 20));
    assert_same_rows(of_part, part_of_all);
    vpf_data_destroy(part_of_all);
    vpf_data_destroy(of_part);
    /* and of a slice of a slice */
    assert_ok(vpf_data_slice(&part_of_part, part, 6, 2));
    assert_ok(vpf_gibbs(model, part_of_part, NULL, 3, 9, &of_part));
    assert_ok(vpf_data_slice(&part_of_all, all, 17, 2));
    assert_same_rows(of_part, part_of_all);
    vpf_data_destroy(part_of_all);
    vpf_data_destroy(of_part);
    vpf_data_destroy(part_of_part);
    vpf_data_destroy(part);
    vpf_data_destroy(all);
    vpf_data_destroy(data);
    free(bits);
    vpf_model_destroy(model);
  }
}

/* The number of units that agree between two sets of rows, and that it is what chance makes it. */
static void another_seed_gives_independent_draws(void **state) {
  (void)state;
  dice d = {208};
  const size_t sizes[1] = {100};
  vpf_model *model = random_machine(&d, sizes, 1, NULL, VPF_COUPLING_JOINT, 0);
  uint8_t *bits = random_bits(&d, 400, 100, 0.5);
  vpf_data *data = data_of_bits(bits, 400, 100), *first, *again, *other;
  assert_ok(vpf_gibbs(model, data, NULL, 1, 5, &first));
  assert_ok(vpf_gibbs(model, data, NULL, 1, 5, &again));
  assert_ok(vpf_gibbs(model, data, NULL, 1, 6, &other));
  assert_same_rows(first, again);
  uint8_t *a = bits_of_data(first), *b = bits_of_data(other);
  size_t count[2] = {0, 0};
  for (size_t k = 0; k < 40000; k++) count[a[k] == b[k]]++;
  const long double fair[2] = {0.5L, 0.5L};
  assert_true(chi_square_fit(count, fair, 2, NULL) > GOODNESS_LEAST_P);
  /* rows, units and sweeps do not repeat each other's draws */
  size_t rows[2] = {0, 0}, neighbours[2] = {0, 0};
  for (size_t k = 0; k < 39900; k++) rows[a[k] == a[k + 100]]++;
  for (size_t k = 0; k < 40000; k++)
    if (k % 100 < 96) neighbours[a[k] == a[k + 4]]++;
  assert_true(chi_square_fit(rows, fair, 2, NULL) > GOODNESS_LEAST_P);
  assert_true(chi_square_fit(neighbours, fair, 2, NULL) > GOODNESS_LEAST_P);
  vpf_data *twice;
  assert_ok(vpf_gibbs(model, data, NULL, 2, 5, &twice));
  uint8_t *c = bits_of_data(twice);
  size_t sweeps[2] = {0, 0};
  for (size_t k = 0; k < 40000; k++) sweeps[a[k] == c[k]]++;
  assert_true(chi_square_fit(sweeps, fair, 2, NULL) > GOODNESS_LEAST_P);
  free(c);
  free(b);
  free(a);
  vpf_data_destroy(twice);
  vpf_data_destroy(other);
  vpf_data_destroy(again);
  vpf_data_destroy(first);
  vpf_data_destroy(data);
  free(bits);
  vpf_model_destroy(model);
}

static void the_number_of_threads_changes_no_bit(void **state) {
  (void)state;
  dice d = {209};
  for (size_t f = 0; f < N_WIDE; f++) {
    vpf_model *model = family_machine(&d, &WIDE[f], 0.3);
    const size_t units = machine_units(model);
    uint8_t *bits = random_bits(&d, 53, units, 0.5);
    vpf_data *data = data_of_bits(bits, 53, units), *one = NULL;
    static const size_t threads[] = {1, 2, 7};
    for (size_t k = 0; k < 3; k++) {
      vpf_data *out;
      vpf_set_threads(threads[k]);
      assert_ok(vpf_gibbs(model, data, NULL, 4, 77, &out));
      if (k == 0) {
        one = out;
        continue;
      }
      assert_same_rows(one, out);
      vpf_data_destroy(out);
    }
    vpf_data_destroy(one);
    vpf_data_destroy(data);
    free(bits);
    vpf_model_destroy(model);
  }
  vpf_set_threads(0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sweeps_leave_the_exact_distribution_unchanged),
      cmocka_unit_test(sweeps_move_a_single_state_exactly_as_enumerated),
      cmocka_unit_test(clamped_units_keep_their_bits_and_the_conditional_is_right),
      cmocka_unit_test(wide_layers_are_drawn_and_clamped_unit_by_unit),
      cmocka_unit_test(no_sweeps_and_all_units_clamped_copy_the_states),
      cmocka_unit_test(pairwise_machines_of_three_layers_are_refused),
      cmocka_unit_test(gibbs_of_a_slice_is_the_slice_of_gibbs),
      cmocka_unit_test(another_seed_gives_independent_draws),
      cmocka_unit_test(the_number_of_threads_changes_no_bit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
