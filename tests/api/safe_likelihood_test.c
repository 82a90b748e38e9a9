/* SPDX-License-Identifier: MIT */
/* No likelihood is too good unseen: modes far apart are found, or the estimate is doubted. The truth is a closed form:
 * ferromagnetic rings of Ising spins without a field, whose two modes mirror each other. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>

/* Spins s = 2 y - 1 with coupling K to both neighbours: U = 4 K, b = -4 K. */
static vpf_model *ring(size_t n, double k) {
  const uint8_t intra = 1;
  vpf_model *model = NULL;
  float *u = calloc(n * n, sizeof *u), *b = calloc(n, sizeof *b);
  assert_true(u && b);
  for (size_t i = 0; i < n; i++) {
    const size_t next = (i + 1) % n;
    u[i * n + next] = u[next * n + i] = (float)(4 * k);
    b[i] = (float)(-4 * k);
  }
  assert_ok(vpf_model_create(&model, &n, 1, &intra, VPF_COUPLING_JOINT));
  assert_ok(vpf_model_set_intra(model, 0, u));
  assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, b));
  free(b);
  free(u);
  return model;
}

/* (2 cosh K)^n + (2 sinh K)^n, times exp(-n K) from spins to bits. */
static double ring_log_z(size_t n, double k) {
  return (double)n * log(2 * cosh(k)) + log1p(pow(tanh(k), (double)n)) - (double)n * k;
}

static void estimates_are_right_or_doubted(void **state) {
  (void)state;
  enum { N = 40, SEEDS = 4, STEPS = 15 };
  int right = 0, false_alarms = 0;
  for (int step = 2; step < 2 + STEPS; step++) {
    const double k = 0.25 * step, truth = ring_log_z(N, k);
    vpf_model *model = ring(N, k);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
      const vpf_ais_settings settings = {.struct_size = sizeof settings, .seed = seed, .betas = 500,
                                         .reverse = seed % 2 == 0};
      vpf_ais_result result = {.struct_size = sizeof result};
      assert_ok(vpf_ais(model, &settings, &result));
      assert_true(result.log_z_bound <= truth + 1e-9 * fabs(truth));
      const double error = fabs(result.log_z - truth);
      if (error > 0.5 && !result.disagree) fail_msg("K = %g, seed %d: %.3f off", k, (int)seed, result.log_z - truth);
      right += error <= 0.1;
      false_alarms += error <= 0.1 && result.disagree;
    }
    vpf_model_destroy(model);
  }
  print_message("%d of %d right to 0.1, %d of these doubted\n", right, STEPS * SEEDS, false_alarms);
  assert_true(right >= STEPS * SEEDS * 3 / 4 && false_alarms <= right / 20);
}

/* The likelihood to go by is never better than the bound allows. */
static void mean_low_is_bounded(void **state) {
  (void)state;
  enum { N = 40 };
  uint8_t bits[2 * N] = {0};
  for (size_t i = 0; i < N; i++) bits[i] = 1;
  vpf_data *data = NULL;
  assert_ok(vpf_data_from_u8(&data, bits, 2, N, 0));
  for (int step = 2; step <= 8; step++) {
    const double k = 0.25 * step, truth = -ring_log_z(N, k); /* E = 0 of both rows */
    vpf_model *model = ring(N, k);
    vpf_likelihood found = {.struct_size = sizeof found};
    assert_ok(vpf_estimate_likelihood(model, data, NULL, &found));
    assert_true(found.mean_low <= found.mean && found.mean_low <= -found.log_z_bound + 1e-9);
    if (k >= 1.5) assert_close(found.mean_low, truth, 0.5);
    vpf_model_destroy(model);
  }
  vpf_data_destroy(data);
}

/* A caller whose struct ends before the bound gets the other fields. */
static void a_shorter_struct_is_served(void **state) {
  (void)state;
  vpf_model *model = ring(20, 0.5);
  vpf_ais_result result = {.struct_size = offsetof(vpf_ais_result, log_z_bound), .log_z_bound = -7};
  assert_ok(vpf_ais(model, NULL, &result));
  assert_true(result.log_z_bound >= -7 && result.log_z_bound <= -7);
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(estimates_are_right_or_doubted),
      cmocka_unit_test(mean_low_is_bounded),
      cmocka_unit_test(a_shorter_struct_is_served),
  };
  return cmocka_run_group_tests_name("safe_likelihood", tests, NULL, NULL);
}
