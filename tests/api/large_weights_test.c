/* SPDX-License-Identifier: MIT */
/* Weights so large that sums of floats or doubles lose what matters: log Z, exact samples and Gibbs chains are right all the
 * same. Weights are either multiples of 2^70 or of 1/8, so that the truth is exact: of all states only those with the most
 * of the large ones count, and among these the small ones decide. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/goodness.h"
#include "support/random_machine.h"
#include "support/walk.h"

enum { MOST_UNITS = 10, MOST_STATES = 1 << MOST_UNITS };
static const double LARGE = 0x1p70;

static const family families[] = {
    {"observed", {8}, 1, {1}, VPF_COUPLING_JOINT},
    {"RBM", {5, 4}, 2, {0, 0}, VPF_COUPLING_JOINT},
    {"RBM with U", {4, 4}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
    {"DBM", {4, 3, 3}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
    {"DBM with U", {3, 3, 3}, 3, {1, 0, 1}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof families / sizeof *families };

/* A parameter that is large in four cases of ten. */
static float draw(dice *d, double large) {
  if (dice_below(d, 10) < 4) return (float)(large * ((double)dice_below(d, 5) - 3));
  return (float)((double)dice_below(d, 33) - 16) / 8;
}

static vpf_model *machine_with(dice *d, const family *f, double large) {
  vpf_model *model = family_machine(d, f, 1);
  const size_t count = vpf_model_param_count(model);
  float *theta = malloc(count * sizeof *theta);
  assert_non_null(theta);
  for (size_t k = 0; k < count; k++) theta[k] = draw(d, large);
  assert_ok(vpf_model_set_params(model, theta));
  free(theta);
  return model;
}

static vpf_model *machine_of(dice *d, const family *f) {
  return machine_with(d, f, LARGE);
}

/* -E of a state in multiples of LARGE and of 1, each by itself: pieces are below 2^7 and exact. */
static void minus_energy(const brute_machine *machine, const uint8_t *y, double *large, double *small) {
  *large = *small = 0;
  for (size_t l = 0; l < machine->layers; l++)
    for (size_t i = 0; i < machine->size[l]; i++) {
      if (!y[machine->first[l] + i]) continue;
      double terms[1 + 2 * MOST_UNITS];
      size_t n = 0;
      terms[n++] = (double)machine->up[l][i];
      for (size_t k = 0; machine->u[l] && k < i; k++)
        if (y[machine->first[l] + k]) terms[n++] = (double)machine->u[l][i * machine->size[l] + k];
      for (size_t k = 0; l + 1 < machine->layers && k < machine->size[l + 1]; k++)
        if (y[machine->first[l + 1] + k]) terms[n++] = (double)machine->w[l][i * machine->size[l + 1] + k];
      for (size_t k = 0; k < n; k++) *(fabs(terms[k]) > 1000 ? large : small) += fabs(terms[k]) > 1000 ? terms[k] / LARGE : terms[k];
    }
}

/* Probabilities of all states; returns log Z as multiples of LARGE, and the rest. */
static double truth(const brute_machine *machine, long double *p, double *rest) {
  double large[MOST_STATES], small[MOST_STATES], most = -HUGE_VAL;
  long double sum = 0;
  const size_t states = (size_t)1 << machine->units;
  for (size_t s = 0; s < states; s++) {
    uint8_t y[MOST_UNITS];
    brute_unpack(s, machine->units, y);
    minus_energy(machine, y, &large[s], &small[s]);
    most = fmax(most, large[s]);
  }
  for (size_t s = 0; s < states; s++) sum += p[s] = large[s] < most ? 0 : expl(small[s]);
  for (size_t s = 0; s < states; s++) p[s] /= sum;
  *rest = (double)logl(sum);
  return most;
}

static void log_z_is_right(void **state) {
  (void)state;
  dice d = {95};
  int small = 0;
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (int k = 0; k < 100; k++) {
      vpf_model *model = machine_of(&d, &families[f]);
      brute_machine *machine = brute_read(model);
      static long double p[MOST_STATES];
      double rest, log_z;
      const double large = truth(machine, p, &rest);
      assert_ok(vpf_exact_log_partition(model, &log_z));
      const double expected = LARGE * large + rest;
      if (!(fabs(log_z - expected) <= 1e-9 * fmax(1, fabs(expected))))
        fail_msg("%s, machine %d: %.17g, not %.17g", families[f].name, k, log_z, expected);
      small += large < 1;
      brute_free(machine);
      vpf_model_destroy(model);
    }
  assert_true(small >= 20); /* here nothing but cancellation is left of the large ones */
}

/* Counts of states of some rows against the truth. */
static void assert_distribution(const char *what, const family *f, const vpf_data *states, const brute_machine *machine) {
  static long double p[MOST_STATES];
  static size_t counts[MOST_STATES];
  double rest;
  truth(machine, p, &rest);
  uint8_t *y = bits_of_data(states);
  memset(counts, 0, sizeof counts);
  for (size_t r = 0; r < vpf_data_rows(states); r++) counts[brute_pack(y + r * machine->units, machine->units)]++;
  const double p_value = chi_square_fit(counts, p, (size_t)1 << machine->units, NULL);
  if (p_value < GOODNESS_LEAST_P) fail_msg("%s, %s: p = %g", f->name, what, p_value);
  free(y);
}

static void samples_and_chains_have_the_right_distribution(void **state) {
  (void)state;
  enum { DRAWS = 6000, MACHINES = 8, SWEEPS = 5 };
  dice d = {96};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (int k = 0; k < MACHINES; k++) {
      vpf_model *model = machine_of(&d, &families[f]);
      brute_machine *machine = brute_read(model);
      vpf_data *states = NULL, *later = NULL;
      assert_ok(vpf_exact_sample(model, DRAWS, dice_bits(&d), &states));
      assert_distribution("exact samples", &families[f], states, machine);
      assert_ok(vpf_gibbs(model, states, NULL, SWEEPS, dice_bits(&d), &later));
      assert_distribution("after Gibbs sweeps", &families[f], later, machine);
      vpf_data_destroy(later);
      vpf_data_destroy(states);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

/* log p + log Z of single rows. */
static void sums_over_hidden_units_are_right(void **state) {
  (void)state;
  dice d = {97};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (int k = 0; k < 40; k++) {
      vpf_model *model = machine_of(&d, &families[f]);
      brute_machine *machine = brute_read(model);
      const size_t n = machine->size[0], hidden = machine->units - n;
      uint8_t *bits = random_bits(&d, 1, n, 0.5);
      vpf_data *row = data_of_bits(bits, 1, n);
      double most = -HUGE_VAL, large, small, found;
      long double sum = 0;
      for (int pass = 0; pass < 2; pass++)
        for (size_t s = 0; s < (size_t)1 << hidden; s++) {
          uint8_t y[MOST_UNITS];
          memcpy(y, bits, n);
          brute_unpack(s, hidden, y + n);
          minus_energy(machine, y, &large, &small);
          if (pass == 0) most = fmax(most, large);
          if (pass == 1 && large >= most) sum += expl(small);
        }
      const double expected = LARGE * most + (double)logl(sum);
      assert_ok(vpf_log_likelihood_rows(model, row, 0, &found));
      if (!(fabs(found - expected) <= 1e-9 * fmax(1, fabs(expected))))
        fail_msg("%s, machine %d: %.17g, not %.17g", families[f].name, k, found, expected);
      vpf_data_destroy(row);
      free(bits);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

/* log p is small where log Z is enormous: what is left when both are taken without rounding. */
static void likelihoods_are_right_where_log_z_is_enormous(void **state) {
  (void)state;
  dice d = {101};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (int k = 0; k < 20; k++) {
      vpf_model *model = machine_of(&d, &families[f]);
      brute_machine *machine = brute_read(model);
      static long double p[MOST_STATES];
      long double given[MOST_STATES] = {0}, expected = 0;
      double rest;
      truth(machine, p, &rest);
      const size_t n = machine->size[0], visible = (size_t)1 << n;
      for (size_t s = 0; s < (size_t)1 << machine->units; s++) given[s % visible] += p[s];
      uint8_t rows[MOST_STATES * MOST_UNITS];
      size_t count = 0;
      for (size_t x = 0; x < visible; x++) {
        if (given[x] <= 0) continue;
        brute_unpack(x, n, rows + n * count++);
        expected += logl(given[x]);
      }
      vpf_data *data = data_of_bits(rows, count, n);
      vpf_likelihood l = {.struct_size = sizeof l};
      assert_ok(vpf_estimate_likelihood(model, data, NULL, &l));
      assert_int_equal(l.exact, 1);
      assert_close(l.mean, (double)(expected / (long double)count), 1e-9);
      assert_close(l.mean_low, l.mean, 0);
      if (given[0] > 0) assert_close(l.empty, (double)logl(given[0]), 1e-9);
      if (given[0] <= 0) assert_true(l.empty < -LARGE / 2);
      vpf_data_destroy(data);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

/* ---- Other draws: weights that are large for floats, while doubles hold their sums exactly ---- */

static const double LARGE_FOR_FLOATS = 0x1p36;

static const family procedures[] = {
    {"RBM with U_0", {4, 3}, 2, {1, 0}, VPF_COUPLING_JOINT},
    {"RBM with U", {3, 4}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
    {"DBM", {3, 3, 3}, 3, {0, 1, 1}, VPF_COUPLING_PAIRWISE},
};
enum { N_PROCEDURES = sizeof procedures / sizeof *procedures, ROWS = 20000, KINDS = 8 };

static void assert_counts(const char *what, const family *f, const uint8_t *y, size_t first, size_t units, size_t stride,
                          const long double *p) {
  static size_t counts[MOST_STATES];
  memset(counts, 0, sizeof counts);
  for (size_t r = 0; r < ROWS; r++) counts[brute_pack(y + r * stride + first, units)]++;
  const double p_value = chi_square_fit(counts, p, (size_t)1 << units, NULL);
  if (p_value < GOODNESS_LEAST_P) fail_msg("%s, %s: p = %g", f->name, what, p_value);
}

static void generated_states_have_the_right_distribution(void **state) {
  (void)state;
  dice d = {98};
  for (size_t f = 0; f < N_PROCEDURES; f++)
    for (int k = 0; k < KINDS; k++) {
      const size_t steps[] = {2, 2};
      vpf_model *model = machine_with(&d, &procedures[f], LARGE_FOR_FLOATS);
      brute_machine *machine = brute_read(model);
      walk w = walk_new(machine);
      walk_generate(&w, steps, NULL);
      vpf_data *states = NULL;
      assert_ok(vpf_generate_states(model, ROWS, 2, NULL, dice_bits(&d), &states));
      uint8_t *y = bits_of_data(states);
      assert_counts("generated", &procedures[f], y, 0, machine->units, machine->units, w.p);
      free(y);
      vpf_data_destroy(states);
      walk_free(&w);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

static void inferred_states_have_the_right_distribution(void **state) {
  (void)state;
  dice d = {99};
  for (size_t f = 0; f < N_PROCEDURES; f++)
    for (int k = 0; k < KINDS; k++) {
      vpf_model *model = machine_with(&d, &procedures[f], LARGE_FOR_FLOATS);
      brute_machine *machine = brute_read(model);
      const size_t n = machine->size[0], hidden = machine->units - n;
      uint8_t *x = random_bits(&d, 1, n, 0.7), *rows = malloc(ROWS * n);
      assert_non_null(rows);
      for (size_t r = 0; r < ROWS; r++) memcpy(rows + r * n, x, n);
      vpf_data *data = data_of_bits(rows, ROWS, n), *states = NULL;
      long double *p = brute_inference(machine, x, 1);
      assert_ok(vpf_model_infer(model, data, dice_bits(&d), &states));
      uint8_t *y = bits_of_data(states);
      assert_counts("inferred", &procedures[f], y, n, hidden, machine->units, p);
      free(p);
      free(y);
      free(rows);
      free(x);
      vpf_data_destroy(states);
      vpf_data_destroy(data);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

/* The mean probability of each pixel, within the error of its mean. */
static void filled_in_images_have_the_right_means(void **state) {
  (void)state;
  dice d = {100};
  const uint8_t held[] = {1, 1, 0, 0};
  for (size_t f = 0; f < N_PROCEDURES; f++)
    for (int k = 0; k < KINDS; k++) {
      vpf_model *model = machine_with(&d, &procedures[f], LARGE_FOR_FLOATS);
      brute_machine *machine = brute_read(model);
      const size_t n = machine->size[0];
      uint8_t *x = random_bits(&d, 1, n, 0.7), *rows = malloc(ROWS * n);
      float *probs = malloc(ROWS * n * sizeof *probs);
      assert_true(rows && probs);
      for (size_t r = 0; r < ROWS; r++) memcpy(rows + r * n, x, n);
      vpf_data *data = data_of_bits(rows, ROWS, n);
      assert_ok(vpf_reconstruct(model, data, held, 2, 1, dice_bits(&d), probs));
      walk w = walk_new(machine);
      w.p[brute_pack(x, n)] = 1;
      walk_reconstruct_begin(&w);
      for (int s = 0; s < 2; s++) walk_reconstruct_step(&w, held);
      for (size_t i = 2; i < n; i++) {
        double mean = 0;
        for (size_t r = 0; r < ROWS; r++) mean += (double)probs[r * n + i] / ROWS;
        const double variance = fmax(0, (double)(w.on2[i] - w.on[i] * w.on[i]));
        assert_close(mean, (double)w.on[i], 5 * sqrt(variance / ROWS) + 1e-5);
      }
      walk_free(&w);
      vpf_data_destroy(data);
      free(probs);
      free(rows);
      free(x);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

/* The largest floats there are: finite, and right. */
static void the_largest_weights(void **state) {
  (void)state;
  const size_t n = 2;
  const uint8_t intra = 1;
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, &n, 1, &intra, VPF_COUPLING_JOINT));
  for (int k = 0; k < 3; k++) {
    const float w = (float[]){1e16f, 1e30f, 3.4e38f}[k], u[] = {0, w, w, 0}, b[] = {1, -w};
    double log_z;
    assert_ok(vpf_model_set_intra(model, 0, u));
    assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, b));
    assert_ok(vpf_exact_log_partition(model, &log_z)); /* 00, 10 and 11 have -E = 0, 1 and 1 */
    assert_close(log_z, log(1 + 2 * exp(1)), 1e-12);
  }
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_z_is_right),
      cmocka_unit_test(samples_and_chains_have_the_right_distribution),
      cmocka_unit_test(sums_over_hidden_units_are_right),
      cmocka_unit_test(likelihoods_are_right_where_log_z_is_enormous),
      cmocka_unit_test(generated_states_have_the_right_distribution),
      cmocka_unit_test(inferred_states_have_the_right_distribution),
      cmocka_unit_test(filled_in_images_have_the_right_means),
      cmocka_unit_test(the_largest_weights),
  };
  return cmocka_run_group_tests_name("large_weights", tests, NULL, NULL);
}
