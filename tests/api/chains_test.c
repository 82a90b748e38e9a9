/* SPDX-License-Identifier: MIT */
/* Diagnostics of chains: closed forms, and a second implementation written from the definitions. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/random_machine.h"

static vpf_chain_report diagnose(const double *values, size_t chains, size_t draws) {
  vpf_chain_report out = {.struct_size = sizeof out};
  assert_ok(vpf_chain_diagnostics(values, chains, draws, &out));
  return out;
}

/* x_n = phi x_{n-1} + normal, from its stationary distribution, of which sd is 1; to be freed. */
static double *autoregressive(dice *d, double phi, size_t chains, size_t draws) {
  double *values = malloc(chains * draws * sizeof *values);
  for (size_t c = 0; c < chains; c++) {
    double x = dice_normal(d);
    for (size_t n = 0; n < draws; n++) {
      values[c * draws + n] = x;
      x = phi * x + sqrt(1 - phi * phi) * dice_normal(d);
    }
  }
  return values;
}

static void independent_draws_count_one_each(void **state) {
  (void)state;
  enum { CHAINS = 8, DRAWS = 10000 };
  dice d = {401};
  double *values = autoregressive(&d, 0, CHAINS, DRAWS);
  const vpf_chain_report got = diagnose(values, CHAINS, DRAWS);
  assert_close(got.mean, 0, 4 / sqrt(CHAINS * DRAWS));
  assert_close(got.sd, 1, 4 / sqrt(2.0 * CHAINS * DRAWS));
  assert_close(got.autocorrelation_time, 1, 0.05);
  assert_close(got.ess * got.autocorrelation_time, CHAINS * DRAWS, 1e-6);
  assert_close(got.split_rhat, 1, 0.002);
  assert_close(got.drift, 0, 5 * got.drift_stderr);
  assert_close(got.drift_stderr, sqrt(4.0 / DRAWS / CHAINS), 0.5 * sqrt(4.0 / DRAWS / CHAINS));
  free(values);
}

/* rho_t = phi^t, so tau = (1 + phi) / (1 - phi), of one chain and of several together. */
static void an_autoregression_has_its_time(void **state) {
  (void)state;
  dice d = {402};
  const double phi[] = {0.3, 0.7, 0.95, -0.4};
  const size_t chains[] = {1, 10};
  for (size_t f = 0; f < 4; f++)
    for (size_t c = 0; c < 2; c++) {
      const size_t draws = 100000 / chains[c];
      double *values = autoregressive(&d, phi[f], chains[c], draws);
      const double tau = (1 + phi[f]) / (1 - phi[f]);
      const vpf_chain_report got = diagnose(values, chains[c], draws);
      assert_close(got.autocorrelation_time, tau, 0.1 * tau);
      assert_close(got.mean, 0, 4 / sqrt(got.ess));
      free(values);
    }
}

/* From the definitions, with arrays of everything, in long double. */
typedef struct truth {
  long double mean, sd, drift, drift_stderr, tau, rhat;
} truth;

static long double mean_of(const long double *x, size_t n) {
  long double sum = 0;
  for (size_t k = 0; k < n; k++) sum += x[k];
  return sum / (long double)n;
}

static long double variance_of(const long double *x, size_t n) {
  const long double mean = mean_of(x, n);
  long double sum = 0;
  for (size_t k = 0; k < n; k++) sum += (x[k] - mean) * (x[k] - mean);
  return n > 1 ? sum / (long double)(n - 1) : 0;
}

/* W and V of chains of n draws; the draws of chain c begin at x + start[c]. */
static void within_and_pooled(const long double *x, const size_t *start, size_t chains, size_t n, long double *w,
                              long double *v) {
  long double *mean = malloc(chains * sizeof *mean), sum = 0;
  for (size_t c = 0; c < chains; c++) {
    mean[c] = mean_of(x + start[c], n);
    sum += variance_of(x + start[c], n);
  }
  *w = sum / (long double)chains;
  *v = *w * (long double)(n - 1) / (long double)n + variance_of(mean, chains);
  free(mean);
}

static long double brute_time(const long double *x, const size_t *start, size_t chains, size_t n) {
  long double w, v, sum = 0;
  within_and_pooled(x, start, chains, n, &w, &v);
  const size_t pairs = n / 2;
  long double *pair = calloc(pairs, sizeof *pair), *even = calloc(pairs, sizeof *even);
  for (size_t t = 0; t < 2 * pairs; t++) {
    long double covariance = 0;
    for (size_t c = 0; c < chains; c++) {
      const long double mean = mean_of(x + start[c], n);
      for (size_t k = 0; k + t < n; k++)
        covariance += (x[start[c] + k] - mean) * (x[start[c] + k + t] - mean) / (long double)(n * chains);
    }
    const long double rho = t == 0 ? 1 : 1 - (w - covariance) / v;
    pair[t / 2] += rho;
    if (t % 2 == 0) even[t / 2] = rho;
  }
  size_t kept = 0;
  for (; kept < pairs && pair[kept] > 0; kept++) {
    if (kept > 0 && pair[kept] > pair[kept - 1]) pair[kept] = pair[kept - 1];
    sum += pair[kept];
  }
  if (kept < pairs && even[kept] > 0) sum += even[kept] / 2;
  free(pair);
  free(even);
  const long double limit = 1 / log10l((long double)(n * chains));
  return fmaxl(2 * sum - 1, limit);
}

static truth brute_diagnose(const double *values, size_t chains, size_t draws) {
  const size_t half = draws / 2;
  long double *x = malloc(chains * draws * sizeof *x), *drift = malloc(chains * sizeof *drift), w, v;
  size_t *start = malloc(chains * sizeof *start), *halves = malloc(2 * chains * sizeof *halves);
  for (size_t k = 0; k < chains * draws; k++) x[k] = (long double)values[k];
  for (size_t c = 0; c < chains; c++) {
    start[c] = halves[2 * c] = c * draws;
    halves[2 * c + 1] = (c + 1) * draws - half;
    drift[c] = mean_of(x + halves[2 * c + 1], half) - mean_of(x + start[c], half);
  }
  truth out = {.mean = mean_of(x, chains * draws),
               .sd = sqrtl(variance_of(x, chains * draws)),
               .drift = mean_of(drift, chains),
               .drift_stderr = sqrtl(variance_of(drift, chains) / (long double)chains),
               .tau = brute_time(x, start, chains, draws)};
  within_and_pooled(x, halves, 2 * chains, half, &w, &v);
  out.rhat = sqrtl(v / w);
  free(x);
  free(drift);
  free(start);
  free(halves);
  return out;
}

static void diagnostics_follow_their_definitions(void **state) {
  (void)state;
  dice d = {403};
  const size_t draws[] = {4, 5, 6, 7, 50, 201}, chains[] = {1, 2, 5};
  const double phi[] = {-0.8, 0, 0.9};
  for (size_t k = 0; k < 6 * 3 * 3; k++) {
    const size_t n = draws[k % 6], m = chains[k / 6 % 3];
    double *values = autoregressive(&d, phi[k / 18], m, n);
    for (size_t i = 0; i < m * n; i++) /* far from 0, at levels of their own, drifting */
      values[i] += 1000 + 0.2 * (double)(i / n) + (double)(i % n) / (double)n;
    const truth expected = brute_diagnose(values, m, n);
    const vpf_chain_report got = diagnose(values, m, n);
    assert_close(got.mean, (double)expected.mean, 1e-10);
    assert_close(got.sd, (double)expected.sd, 1e-10);
    assert_close(got.drift, (double)expected.drift, 1e-10);
    assert_close(got.drift_stderr, (double)expected.drift_stderr, 1e-10);
    assert_close(got.autocorrelation_time, (double)expected.tau, 1e-8 * (double)expected.tau);
    assert_close(got.ess, (double)(m * n) / got.autocorrelation_time, 1e-9 * got.ess);
    assert_close(got.split_rhat, (double)expected.rhat, 1e-9 * (double)expected.rhat);
    free(values);
  }
}

/* By hand. Halves (0, 1), (0, 1), (10, 11), (10, 11): W = 1/2; their means 1/2, 1/2, 10 1/2, 10 1/2
 * have variance 100/3; V = (2-1)/2 W + 100/3. */
static void chains_at_different_levels_do_not_agree(void **state) {
  (void)state;
  const double values[2 * 4] = {0, 1, 0, 1, 10, 11, 10, 11};
  const vpf_chain_report got = diagnose(values, 2, 4);
  assert_close(got.split_rhat, sqrt((0.25 + 100.0 / 3) / 0.5), 1e-12);
  assert_close(got.mean, 5.5, 1e-14);
  assert_close(got.drift, 0, 0);
  assert_close(got.drift_stderr, 0, 0);
  assert_true(got.autocorrelation_time > 3); /* of 4: each chain says little more than its level */
}

static void a_linear_drift_is_found(void **state) {
  (void)state;
  double values[3 * 11];
  for (int c = 0; c < 3; c++)
    for (int n = 0; n < 11; n++) values[c * 11 + n] = 7 + (c + 1) * n;
  const vpf_chain_report one = diagnose(values, 1, 10); /* halves of 5, 5 apart */
  assert_close(one.drift, 5, 1e-14);
  assert_close(one.drift_stderr, 0, 0);
  const vpf_chain_report three = diagnose(values, 3, 11); /* halves of 5, 6 apart: drifts 6, 12, 18 */
  assert_close(three.drift, 12, 1e-14);
  assert_close(three.drift_stderr, 6 / sqrt(3), 1e-14);
  assert_true(three.split_rhat > 1.5);
}

/* 0.1 and its sums are rounded, and still nothing varies. */
static void constant_values_have_no_spread(void **state) {
  (void)state;
  double values[3 * 7];
  for (int k = 0; k < 3 * 7; k++) values[k] = 0.1;
  const vpf_chain_report got = diagnose(values, 3, 7);
  assert_close(got.mean, 0.1, 0);
  assert_close(got.sd, 0, 0);
  assert_close(got.drift, 0, 0);
  assert_close(got.drift_stderr, 0, 0);
  assert_close(got.autocorrelation_time, 1, 0);
  assert_close(got.ess, 21, 0);
  assert_close(got.split_rhat, 1, 0);
}

static void chains_that_stand_still_apart_never_mix(void **state) {
  (void)state;
  double values[3 * 6];
  for (int k = 0; k < 3 * 6; k++) values[k] = 0.1 * (1 + k / 6);
  const vpf_chain_report got = diagnose(values, 3, 6);
  assert_true(isinf(got.split_rhat) && got.split_rhat > 0);
  assert_close(got.drift, 0, 0);
  assert_close(got.autocorrelation_time, 2 * 6 - 1, 1e-12); /* rho_t = 1 for t = 0 .. 5 */
  const double step[4] = {0.1, 0.1, 0.3, 0.3}; /* one chain, its halves apart */
  assert_true(isinf(diagnose(step, 1, 4).split_rhat));
}

static void alternating_draws_count_no_more_than_the_limit(void **state) {
  (void)state;
  double values[2 * 50];
  for (int k = 0; k < 2 * 50; k++) values[k] = k % 2;
  const vpf_chain_report got = diagnose(values, 2, 50);
  assert_close(got.ess, 100 * log10(100), 1e-9);
  assert_close(got.autocorrelation_time, 0.5, 1e-12);
}

/* What it is for: the mean energy along Gibbs chains is within its own error of the truth. */
static void energies_of_chains_have_the_error_they_claim(void **state) {
  (void)state;
  enum { CHAINS = 20, DRAWS = 500 };
  dice d = {404};
  const size_t sizes[] = {6, 4};
  double sum_z2 = 0;
  for (int k = 0; k < 10; k++) {
    vpf_model *model = random_machine(&d, sizes, 2, NULL, VPF_COUPLING_JOINT, 0.7);
    brute_machine *machine = brute_read(model);
    long double *p = brute_distribution(machine), exact = 0;
    uint8_t y[10];
    for (uint64_t s = 0; s < 1024; s++) {
      brute_unpack(s, 10, y);
      exact += p[s] * brute_energy(machine, y);
    }
    double values[CHAINS * DRAWS], energy[CHAINS];
    vpf_data *states = fixture_data(CHAINS, 10, (uint64_t)k), *next = NULL;
    for (size_t n = 0; n < 20 + DRAWS; n++) { /* the first 20 forget where they began */
      assert_ok(vpf_gibbs(model, states, NULL, 1, n, &next));
      vpf_data_destroy(states);
      states = next;
      assert_ok(vpf_model_energy(model, states, energy));
      for (size_t c = 0; n >= 20 && c < CHAINS; c++) values[c * DRAWS + n - 20] = energy[c];
    }
    const vpf_chain_report got = diagnose(values, CHAINS, DRAWS);
    assert_true(got.split_rhat < 1.02);
    const double z = (got.mean - (double)exact) / (got.sd / sqrt(got.ess));
    assert_true(fabs(z) < 4);
    sum_z2 += z * z;
    vpf_data_destroy(states);
    free(p);
    brute_free(machine);
    vpf_model_destroy(model);
  }
  assert_true(sum_z2 > 2 && sum_z2 < 30); /* chi-square with 10 degrees of freedom */
}

static void bad_input_is_refused(void **state) {
  (void)state;
  double values[2 * 4] = {1, 2, 3, 4, 5, 6, NAN, 8};
  vpf_chain_report out = {.struct_size = sizeof out, .mean = 5};
  assert_status(vpf_chain_diagnostics(NULL, 2, 4, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_chain_diagnostics(values, 2, 4, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_chain_diagnostics(values, 2, 4, &out), VPF_ERR_ARGUMENT);
  assert_message_has("values[1][2] is nan");
  values[6] = -INFINITY;
  assert_status(vpf_chain_diagnostics(values, 2, 4, &out), VPF_ERR_ARGUMENT);
  values[6] = 1e151;
  assert_status(vpf_chain_diagnostics(values, 2, 4, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_chain_diagnostics(values, 0, 4, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_chain_diagnostics(values, 2, 3, &out), VPF_ERR_ARGUMENT);
  assert_message_has("2 chains of 3 draws");
  assert_status(vpf_chain_diagnostics(values, SIZE_MAX, 4, &out), VPF_ERR_LIMIT);
  out.struct_size = sizeof(size_t);
  assert_status(vpf_chain_diagnostics(values, 1, 4, &out), VPF_ERR_ARGUMENT);
  assert_message_has("vpf_chain_diagnostics: struct_size is");
  assert_close(out.mean, 5, 0);
  values[6] = -1e150;
  const vpf_chain_report large = diagnose(values, 2, 4);
  assert_true(isfinite(large.sd) && isfinite(large.split_rhat) && isfinite(large.autocorrelation_time));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(independent_draws_count_one_each),
      cmocka_unit_test(an_autoregression_has_its_time),
      cmocka_unit_test(diagnostics_follow_their_definitions),
      cmocka_unit_test(chains_at_different_levels_do_not_agree),
      cmocka_unit_test(a_linear_drift_is_found),
      cmocka_unit_test(constant_values_have_no_spread),
      cmocka_unit_test(chains_that_stand_still_apart_never_mix),
      cmocka_unit_test(alternating_draws_count_no_more_than_the_limit),
      cmocka_unit_test(energies_of_chains_have_the_error_they_claim),
      cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests_name("chains", tests, NULL, NULL);
}
