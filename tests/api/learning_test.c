/* SPDX-License-Identifier: MIT */
/* Learning on problems whose answer is known: parameters are recovered from exact samples, and a
 * distribution of fourteen patterns is learned to a likelihood that is stated beside its bound. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/random_machine.h"

static vpf_optimizer *optimizer_without_decay(double rate) {
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_WEIGHT_DECAY, 0));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, rate));
  return optimizer;
}

/* Fully observed, the flow is convex in the parameters and its minimum is consistent: with N exact
 * samples the error of each parameter falls as 1/sqrt(N) (Sohl-Dickstein et al. 2011). */
static double squared_error_after(const vpf_model *truth, const dice_table *table, size_t rows, dice *d) {
  const size_t units = machine_units(truth), count = vpf_model_param_count(truth);
  const uint8_t intra = 1;
  uint8_t *values = malloc(rows * units);
  for (size_t r = 0; r < rows; r++) brute_unpack(dice_draw(d, table), units, values + r * units);
  vpf_data *data = data_of_bits(values, rows, units);
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, &units, 1, &intra, VPF_COUPLING_PAIRWISE));
  vpf_optimizer *optimizer = optimizer_without_decay(0.1);
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, (double)rows));
  for (double rate = 0.1; rate > 5e-4; rate *= 0.3) { /* down to where the steps are small against the error */
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, rate));
    assert_ok(vpf_train(model, data, optimizer, 60, NULL, NULL));
  }
  float *a = calloc(count, sizeof *a), *b = calloc(count, sizeof *b);
  assert_ok(vpf_model_get_params(truth, a));
  assert_ok(vpf_model_get_params(model, b));
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += pow((double)a[k] - (double)b[k], 2) / (double)count;
  free(a);
  free(b);
  free(values);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
  return sum;
}

static void observed_machine_is_recovered_with_error_falling_as_one_over_root_n(void **state) {
  (void)state;
  const family ising = {"10 units with U", {10}, 1, {1}, VPF_COUPLING_PAIRWISE};
  const size_t rows[] = {1000, 10000, 100000};
  enum { MACHINES = 3 };
  dice d = {71};
  double error[3] = {0};
  for (int machine = 0; machine < MACHINES; machine++) {
    vpf_model *truth = family_machine(&d, &ising, 0.5);
    brute_machine *brute = brute_read(truth);
    long double *p = brute_distribution(brute);
    dice_table table = dice_table_new(p, (size_t)1 << 10);
    for (int k = 0; k < 3; k++) error[k] += squared_error_after(truth, &table, rows[k], &d) / MACHINES;
    dice_table_free(&table);
    free(p);
    brute_free(brute);
    vpf_model_destroy(truth);
  }
  for (int k = 0; k < 3; k++) print_message("%6zu samples: RMS error %.4f\n", rows[k], sqrt(error[k]));
  const double slope = 0.5 * log(error[2] / error[0]) / log(100.0);
  print_message("RMS error falls as N^%.3f\n", slope);
  assert_close(slope, -0.5, 0.1);
  assert_true(sqrt(error[2]) < 0.03);
}

/* 3 x 3 bars and stripes: every pattern whose rows, or whose columns, are uniform. */
static size_t bars_and_stripes(uint8_t patterns[14][9]) {
  size_t count = 0;
  for (unsigned mask = 0; mask < 8; mask++, count++)
    for (unsigned i = 0; i < 9; i++) patterns[count][i] = mask >> (i / 3) & 1;
  for (unsigned mask = 1; mask < 7; mask++, count++) /* all and none are bars already */
    for (unsigned i = 0; i < 9; i++) patterns[count][i] = mask >> (i % 3) & 1;
  return count;
}

/* Mean log p over the patterns, all 2^9 images enumerated here. */
static double mean_log_likelihood(const vpf_model *model, uint8_t patterns[14][9]) {
  brute_machine *machine = brute_read(model);
  long double z = 0, sum = 0;
  uint8_t x[9];
  for (uint64_t s = 0; s < 512; s++) {
    brute_unpack(s, 9, x);
    long double log_weight = 0;
    for (size_t i = 0; i < 9; i++) log_weight += x[i] ? machine->down[0][i] : 0;
    for (size_t j = 0; j < machine->size[1]; j++) {
      long double field = machine->up[1][j];
      for (size_t i = 0; i < 9; i++) field += x[i] ? machine->w[0][i * machine->size[1] + j] : 0;
      log_weight += brute_softplus(field);
    }
    z += expl(log_weight);
    for (size_t k = 0; k < 14; k++)
      if (memcmp(x, patterns[k], 9) == 0) sum += log_weight / 14;
  }
  brute_free(machine);
  return (double)(sum - logl(z));
}

/* The bound is the entropy, -log 14 = -2.639 nats; independent pixels reach 9 log(1/2) = -6.238.
 * Measured with these settings at seeds 1 to 3: see what is printed. Flow matching does not reach
 * the bound here: the fourteen patterns are several flips apart, and what no single flip reaches
 * it does not see (docs/math.md). More hidden units come nearer (200: -3.2; 16: -4.8). */
static void rbm_on_bars_and_stripes_reaches_the_stated_likelihood(void **state) {
  (void)state;
  uint8_t patterns[14][9];
  assert_int_equal(bars_and_stripes(patterns), 14);
  const size_t sizes[] = {9, 100};
  for (uint64_t seed = 1; seed <= 3; seed++) {
    vpf_data *data = NULL;
    assert_ok(vpf_data_from_u8(&data, &patterns[0][0], 14, 9, 0));
    vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, seed);
    vpf_optimizer *optimizer = optimizer_without_decay(0.005);
    assert_ok(vpf_optimizer_set_seed(optimizer, seed));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_WEIGHT_DECAY, 0.001));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 14));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_ESTEP_SAMPLES, 20));
    assert_ok(vpf_train(model, data, optimizer, 1500, NULL, NULL));
    const double reached = mean_log_likelihood(model, patterns);
    print_message("bars and stripes, seed %d: %.3f nats a pattern (bound %.3f, independent pixels %.3f)\n", (int)seed,
                  reached, -log(14), 9 * log(0.5));
    assert_true(reached < -log(14));
    assert_true(reached > -3.8);
    vpf_optimizer_destroy(optimizer);
    vpf_model_destroy(model);
    vpf_data_destroy(data);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(observed_machine_is_recovered_with_error_falling_as_one_over_root_n),
      cmocka_unit_test(rbm_on_bars_and_stripes_reaches_the_stated_likelihood),
  };
  return cmocka_run_group_tests_name("learning", tests, NULL, NULL);
}
