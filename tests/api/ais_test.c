/* SPDX-License-Identifier: MIT */
/* Exact samples, annealed importance sampling in both directions, and the monitor: against
 * enumeration, on machines small enough for it. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/goodness.h"
#include "support/random_machine.h"

static const family families[] = {
    {"observed", {7}, 1, {1}, VPF_COUPLING_JOINT},
    {"RBM", {6, 5}, 2, {0, 0}, VPF_COUPLING_JOINT},
    {"RBM with U below", {5, 5}, 2, {1, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U above", {5, 5}, 2, {0, 1}, VPF_COUPLING_PAIRWISE},
    {"RBM with U", {5, 5}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
    {"DBM", {4, 4, 3}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
    {"DBM with U", {4, 4, 3}, 3, {0, 1, 1}, VPF_COUPLING_JOINT},
    {"DBM of four layers", {3, 3, 3, 2}, 4, {0, 0, 1, 0}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof families / sizeof *families };

static void exact_samples_follow_the_exact_distribution(void **state) {
  (void)state;
  enum { DRAWS = 40000 };
  dice d = {81};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &families[f], 1.5);
    brute_machine *machine = brute_read(model);
    vpf_data *states = NULL;
    assert_ok(vpf_exact_sample(model, DRAWS, dice_bits(&d), &states));
    uint8_t *y = bits_of_data(states);
    const size_t cells = (size_t)1 << machine->units;
    size_t *counts = calloc(cells, sizeof *counts);
    for (size_t r = 0; r < DRAWS; r++) counts[brute_pack(y + r * machine->units, machine->units)]++;
    long double *p = brute_distribution(machine);
    const double p_value = chi_square_fit(counts, p, cells, NULL);
    if (p_value < GOODNESS_LEAST_P) fail_msg("%s: p = %g", families[f].name, p_value);
    free(p);
    free(counts);
    free(y);
    vpf_data_destroy(states);
    brute_free(machine);
    vpf_model_destroy(model);
  }
}

/* More states than one chunk of the enumeration. Visible units by their exact means. */
static void exact_samples_cross_the_chunks(void **state) {
  (void)state;
  enum { DRAWS = 20000, VISIBLE = 20, HIDDEN = 14 };
  dice d = {82};
  const size_t sizes[] = {VISIBLE, HIDDEN};
  vpf_model *model = random_machine(&d, sizes, 2, NULL, VPF_COUPLING_JOINT, 0.8);
  vpf_data *states = NULL;
  assert_ok(vpf_exact_sample(model, DRAWS, 5, &states));
  uint8_t *y = bits_of_data(states);
  double log_z;
  assert_ok(vpf_exact_log_partition(model, &log_z));
  float bias[VISIBLE], with_one[VISIBLE];
  assert_ok(vpf_model_get_bias(model, 0, VPF_BIAS_DOWN, bias));
  for (int i = 0; i < VISIBLE; i++) { /* p(x_i = 1) = d log Z / d b_i */
    double high, low, mean = 0;
    const float h = 1.0f / 128;
    memcpy(with_one, bias, sizeof bias);
    with_one[i] = bias[i] + h;
    assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_DOWN, with_one));
    assert_ok(vpf_exact_log_partition(model, &high));
    with_one[i] = bias[i] - h;
    assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_DOWN, with_one));
    assert_ok(vpf_exact_log_partition(model, &low));
    for (size_t r = 0; r < DRAWS; r++) mean += (double)y[r * (VISIBLE + HIDDEN) + (size_t)i] / DRAWS;
    assert_close(mean, (high - low) / (2.0 * (double)h), 5 * 0.5 / sqrt(DRAWS));
  }
  free(y);
  vpf_data_destroy(states);
  vpf_model_destroy(model);
}

/* A model of which most of the probability is far from where annealing begins. */
static vpf_model *two_modes(void) {
  const size_t sizes[] = {12};
  const uint8_t intra[] = {1};
  vpf_model *model = NULL;
  float u[144], bias[12];
  assert_ok(vpf_model_create(&model, sizes, 1, intra, VPF_COUPLING_JOINT));
  for (int i = 0; i < 144; i++) u[i] = i / 12 == i % 12 ? 0 : 1.5f;
  for (int j = 0; j < 12; j++) bias[j] = -7.9f; /* all on is better than all off: 99 - 94.8 = 4.2 nats */
  assert_ok(vpf_model_set_intra(model, 0, u));
  assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, bias));
  return model;
}

typedef struct variant {
  int adaptive, base, given;
} variant;

/* Even, adaptive, from the rows' means, both, given. */
static const variant variants[] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 1, 0}, {0, 0, 1}};
enum { N_VARIANTS = sizeof variants / sizeof *variants };

static vpf_ais_result ais_of(dice *d, const vpf_model *model, size_t visible, const variant *v, const double *given,
                             size_t betas, size_t chains) {
  uint8_t *bits = random_bits(d, 10, visible, 0.4);
  vpf_data *rows = data_of_bits(bits, 10, visible);
  const vpf_ais_settings settings = {.struct_size = sizeof settings,
                                     .chains = chains,
                                     .betas = betas,
                                     .seed = dice_bits(d),
                                     .adaptive = v->adaptive,
                                     .temperatures = v->given ? given : NULL,
                                     .base = v->base ? rows : NULL,
                                     .reverse = 1};
  vpf_ais_result r = {.struct_size = sizeof r};
  assert_ok(vpf_ais(model, &settings, &r));
  free(bits);
  vpf_data_destroy(rows);
  return r;
}

/* On 50 enumerable machines of every family, with the ways of placing temperatures in turn, both
 * estimates scatter around the truth by their own standard errors. */
static void both_directions_are_within_their_errors_of_the_truth(void **state) {
  (void)state;
  enum { BETAS = 80, CHAINS = 100, MACHINES = 50, ALL = MACHINES * N_FAMILIES };
  dice d = {83};
  double given[BETAS], total[2] = {0}, both = 0, forward = 0;
  int beyond_four[2] = {0};
  for (int k = 0; k < BETAS; k++) given[k] = pow((double)k / (BETAS - 1), 1.5);
  for (size_t f = 0; f < N_FAMILIES; f++) {
    double sum[2] = {0}, worst[2] = {0};
    for (size_t k = 0; k < MACHINES; k++) {
      vpf_model *model = family_machine(&d, &families[f], 0.8);
      double log_z;
      assert_ok(vpf_exact_log_partition(model, &log_z));
      const vpf_ais_result r = ais_of(&d, model, families[f].sizes[0], &variants[k % N_VARIANTS], given, BETAS, CHAINS);
      assert_int_equal(r.reverse_start, VPF_AIS_START_EXACT);
      assert_false(r.disagree);
      assert_true(r.ess > 1 && r.ess <= CHAINS && r.reverse_ess > 1 && r.reverse_ess <= CHAINS);
      const double z[2] = {(r.log_z - log_z) / r.log_z_stderr, (r.reverse_log_z - log_z) / r.reverse_stderr};
      both += fabs(r.log_z_both - log_z) / ALL;
      forward += fabs(r.log_z - log_z) / ALL;
      for (int side = 0; side < 2; side++) {
        sum[side] += z[side];
        worst[side] = fmax(worst[side], fabs(z[side]));
        beyond_four[side] += fabs(z[side]) >= 4;
      }
      vpf_model_destroy(model);
    }
    print_message("%-18s forward: mean z %6.3f, largest %.2f; reverse: mean z %6.3f, largest %.2f\n", families[f].name,
                  sum[0] / MACHINES, worst[0], sum[1] / MACHINES, worst[1]);
    for (int side = 0; side < 2; side++) total[side] += sum[side];
  }
  print_message("all: mean z %.3f and %.3f; beyond 4: %d and %d of %d\n", total[0] / ALL, total[1] / ALL, beyond_four[0],
                beyond_four[1], ALL);
  print_message("mean error: forward %.4f, of both runs %.4f\n", forward, both);
  assert_true(both < 0.75 * forward);
  for (int side = 0; side < 2; side++) { /* the mean has a standard deviation of 0.05 */
    assert_close(total[side] / ALL, 0, 0.3);
    assert_true(beyond_four[side] <= ALL / 100);
  }
}

/* Weights are unbiased however few the temperatures are, if every sweep leaves its temperature's
 * distribution alone: with many chains even four give log Z. */
static void few_temperatures_and_many_chains_are_unbiased(void **state) {
  (void)state;
  dice d = {93};
  double sum[2] = {0};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &families[f], 1.0);
    double log_z;
    assert_ok(vpf_exact_log_partition(model, &log_z));
    const vpf_ais_result r = ais_of(&d, model, families[f].sizes[0], &variants[2 * (f % 2)], NULL, 4, 20000);
    vpf_model_destroy(model);
    const double z[2] = {(r.log_z - log_z) / r.log_z_stderr, (r.reverse_log_z - log_z) / r.reverse_stderr};
    print_message("%-18s log Z %7.3f, forward %7.3f (z %5.2f), reverse %7.3f (z %5.2f)\n", families[f].name, log_z,
                  r.log_z, z[0], r.reverse_log_z, z[1]);
    for (int side = 0; side < 2; side++) {
      assert_true(fabs(z[side]) < 4);
      sum[side] += z[side];
    }
  }
  for (int side = 0; side < 2; side++) assert_true(fabs(sum[side]) / sqrt(N_FAMILIES) < 3);
}

/* With few temperatures the two are far from the truth, on its two sides. */
static void from_exact_samples_the_directions_bracket_the_truth(void **state) {
  (void)state;
  dice d = {84};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &families[f], 1.5);
    double log_z, below = 0, above = 0;
    assert_ok(vpf_exact_log_partition(model, &log_z));
    enum { RUNS = 200 };
    for (size_t k = 0; k < RUNS; k++) {
      const vpf_ais_settings settings = {
          .struct_size = sizeof settings, .chains = 2, .betas = 3, .seed = k, .reverse = 1};
      vpf_ais_result r = {.struct_size = sizeof r};
      assert_ok(vpf_ais(model, &settings, &r));
      below += (r.log_z - log_z) / RUNS;
      above += (r.reverse_log_z - log_z) / RUNS;
    }
    if (!(below < -0.01 && above > 0.01)) fail_msg("%s: %.3f and %.3f", families[f].name, below, above);
    vpf_model_destroy(model);
  }
}

/* Where all units are off annealing from the machine's own biases begins, and would stay. */
static void modes_far_apart_add_up(void **state) {
  (void)state;
  vpf_model *model = two_modes();
  double log_z;
  assert_ok(vpf_exact_log_partition(model, &log_z));
  for (uint64_t seed = 0; seed < 10; seed++) {
    const vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 20, .betas = 60, .seed = seed};
    vpf_ais_result r = {.struct_size = sizeof r};
    assert_ok(vpf_ais(model, &settings, &r));
    assert_close(r.log_z, log_z, 0.1);
    assert_true(r.log_z_bound <= log_z + 1e-9);
    assert_true(!r.disagree && r.doubts == 0 && r.bases >= 2);
    assert_int_equal(r.reverse_start, VPF_AIS_START_NONE);
    assert_true(isnan(r.reverse_log_z) && isnan(r.reverse_stderr) && isnan(r.reverse_ess) && isnan(r.reverse_spread));
  }
  vpf_model_destroy(model);
}

/* Too few temperatures for a machine with strong weights: whatever comes out, it says so. */
static void a_poor_estimate_is_doubted(void **state) {
  (void)state;
  dice d = {94};
  const size_t sizes[] = {40, 14};
  unsigned seen = 0;
  for (int k = 0; k < 40; k++) {
    vpf_model *model = random_machine(&d, sizes, 2, NULL, VPF_COUPLING_JOINT, 6);
    double log_z;
    assert_ok(vpf_exact_log_partition(model, &log_z));
    const vpf_ais_settings settings = {
        .struct_size = sizeof settings, .betas = k % 2 ? 20 : 200, .seed = (uint64_t)k, .reverse = k % 2};
    vpf_ais_result r = {.struct_size = sizeof r};
    assert_ok(vpf_ais(model, &settings, &r));
    assert_int_equal(r.disagree, r.doubts != 0);
    if (fabs(r.log_z - log_z) > 0.5 && !r.disagree) fail_msg("machine %d: %.3f off", k, r.log_z - log_z);
    seen |= r.doubts;
    vpf_model_destroy(model);
  }
  print_message("doubts: %u\n", seen);
  assert_true(seen & VPF_DOUBT_ESS && seen & VPF_DOUBT_SPREAD && seen & VPF_DOUBT_REVERSE);
}

/* 20 units on the smaller side: enumerated if annealing would take as long. */
static vpf_model *middling(dice *d) {
  const size_t sizes[] = {20, 20};
  return random_machine(d, sizes, 2, NULL, VPF_COUPLING_JOINT, 0.5);
}

static void elsewhere_the_reverse_run_starts_from_chains_and_says_so(void **state) {
  (void)state;
  dice d = {85};
  vpf_model *model = middling(&d);
  vpf_data *rows = fixture_data(7, 20, 2);
  double log_z;
  assert_ok(vpf_exact_log_partition(model, &log_z));
  for (int from = 0; from < 2; from++) {
    const vpf_ais_settings settings = {.struct_size = sizeof settings,
                                       .seed = 4,
                                       .chains = 20,
                                       .betas = 70,
                                       .reverse = 1,
                                       .reverse_sweeps = 200,
                                       .reverse_from = from ? rows : NULL};
    vpf_ais_result r = {.struct_size = sizeof r};
    assert_ok(vpf_ais(model, &settings, &r));
    assert_int_equal(r.reverse_start, VPF_AIS_START_CHAINS);
    assert_false(r.disagree);
    assert_close(r.log_z, log_z, 4 * r.log_z_stderr);
    assert_close(r.reverse_log_z, log_z, 4 * r.reverse_stderr);
  }
  vpf_data_destroy(rows);
  vpf_model_destroy(model);
}

static void adaptive_temperatures_do_not_lose_to_even_ones(void **state) {
  (void)state;
  dice d = {86};
  double even = 0, adaptive = 0;
  for (int k = 0; k < 20; k++) {
    const size_t sizes[] = {40, 30};
    vpf_model *model = random_machine(&d, sizes, 2, NULL, VPF_COUPLING_JOINT, 1.0);
    vpf_ais_settings settings = {.struct_size = sizeof settings, .betas = 100, .seed = (uint64_t)k};
    vpf_ais_result r = {.struct_size = sizeof r};
    assert_ok(vpf_ais(model, &settings, &r));
    even += r.spread;
    settings.adaptive = 1;
    assert_ok(vpf_ais(model, &settings, &r));
    adaptive += r.spread;
    vpf_model_destroy(model);
  }
  print_message("spread of the log weights: even %.3f, adaptive %.3f\n", even / 20, adaptive / 20);
  assert_true(adaptive < 1.02 * even);
}

static void results_do_not_depend_on_threads_or_kernels(void **state) {
  (void)state;
  dice d = {87};
  vpf_model *model = middling(&d);
  vpf_data *rows = fixture_data(30, 20, 2);
  const vpf_ais_settings settings = {.struct_size = sizeof settings,
                                     .chains = 13,
                                     .betas = 50,
                                     .seed = 4,
                                     .adaptive = 1,
                                     .base = rows,
                                     .reverse = 1,
                                     .reverse_sweeps = 3};
  vpf_ais_result first = {.struct_size = sizeof first}, r = {.struct_size = sizeof r};
  vpf_data *samples = NULL, *again = NULL;
  static const size_t threads[] = {1, 2, 7, 1};
  assert_ok(vpf_ais(model, &settings, &first));
  assert_ok(vpf_exact_sample(model, 50, 9, &samples));
  for (int k = 0; k < 4; k++) {
    vpf_set_threads(threads[k]);
    if (k == 3) assert_int_equal(setenv("VPF_KERNELS", "reference", 1), 0);
    assert_ok(vpf_ais(model, &settings, &r));
    assert_memory_equal(&r, &first, sizeof r);
    assert_ok(vpf_exact_sample(model, 50, 9, &again));
    assert_same_rows(samples, again);
    vpf_data_destroy(again);
  }
  unsetenv("VPF_KERNELS");
  vpf_set_threads(0);
  vpf_data_destroy(samples);
  vpf_data_destroy(rows);
  vpf_model_destroy(model);
}

static void estimated_likelihood_is_exact_where_it_can_be(void **state) {
  (void)state;
  dice d = {88};
  vpf_data *rows = fixture_data(30, 20, 2), *zeros = NULL;
  const uint8_t nothing[20] = {0};
  assert_ok(vpf_data_from_u8(&zeros, nothing, 1, 20, 0));
  for (int exact = 0; exact < 2; exact++) {
    const size_t sizes[] = {20, exact ? 19 : 20};
    vpf_model *model = random_machine(&d, sizes, 2, NULL, VPF_COUPLING_JOINT, 0.5);
    vpf_likelihood l = {.struct_size = sizeof l};
    double log_z, mean, empty;
    assert_ok(vpf_exact_log_partition(model, &log_z));
    assert_ok(vpf_log_likelihood(model, rows, log_z, &mean));
    assert_ok(vpf_log_likelihood(model, zeros, log_z, &empty));
    const vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 20, .betas = 70};
    assert_ok(vpf_estimate_likelihood(model, rows, &settings, &l));
    assert_int_equal(l.exact, exact);
    assert_close(l.log_z_stderr, exact ? 0 : 0.05, exact ? 0 : 0.05);
    const double tolerance = exact ? 1e-9 : 4 * l.log_z_stderr;
    assert_close(l.log_z, log_z, tolerance);
    assert_close(l.mean, mean, tolerance);
    assert_close(l.empty, empty, tolerance);
    assert_close(l.mean_low, l.mean, 0);
    assert_true(isnan(l.reverse_log_z) && !l.disagree);
    double sum = 0, sum2 = 0; /* the standard error, by single rows */
    for (size_t r = 0; r < 30; r++) {
      vpf_data *row = NULL;
      double one;
      assert_ok(vpf_data_slice(&row, rows, r, 1));
      assert_ok(vpf_log_likelihood(model, row, log_z, &one));
      sum += one / 30, sum2 += one * one / 30;
      vpf_data_destroy(row);
    }
    assert_close(l.rows_stderr, sqrt((sum2 - sum * sum) / 29), 1e-9);
    vpf_model_destroy(model);
  }
  vpf_data_destroy(zeros);
  vpf_data_destroy(rows);
}

/* The mode that the rows do not know is found, or they would look likely. */
static void a_mode_without_rows_counts(void **state) {
  (void)state;
  enum { N = 18 };
  const size_t sizes[] = {N};
  const uint8_t intra[] = {1};
  uint8_t zeros[N] = {0};
  float u[N * N], bias[N];
  vpf_model *model = NULL;
  vpf_data *off = NULL;
  assert_ok(vpf_model_create(&model, sizes, 1, intra, VPF_COUPLING_JOINT));
  for (int i = 0; i < N * N; i++) u[i] = i / N == i % N ? 0 : 1;
  for (int j = 0; j < N; j++) bias[j] = -8; /* all on: 153 - 144 = 9 nats above all off */
  assert_ok(vpf_model_set_intra(model, 0, u));
  assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, bias));
  assert_ok(vpf_data_from_u8(&off, zeros, 1, N, 0));
  vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 20, .betas = 50, .reverse = 1};
  vpf_likelihood l = {.struct_size = sizeof l};
  double log_z;
  assert_ok(vpf_exact_log_partition(model, &log_z));
  assert_ok(vpf_estimate_likelihood(model, off, &settings, &l));
  assert_close(l.mean, -log_z, 0.1); /* E = 0 */
  assert_close(l.mean_low, -fmax(fmax(l.log_z, l.log_z_both), l.log_z_bound), 1e-9);
  assert_true(l.disagree == (l.doubts != 0));
  vpf_data_destroy(off);
  vpf_model_destroy(model);
}

/* Models that get better and then worse: weights scaled around those the rows were drawn with. */
static void the_monitor_keeps_the_best_model_and_says_when_to_stop(void **state) {
  (void)state;
  dice d = {89};
  vpf_model *truth = middling(&d), *model = NULL, *best = NULL;
  vpf_data *states = NULL, *rows = NULL;
  assert_ok(vpf_exact_sample(truth, 2000, 3, &states));
  uint8_t *all = bits_of_data(states), *visible = malloc(2000 * 20);
  for (size_t r = 0; r < 2000; r++) memcpy(visible + r * 20, all + r * 40, 20);
  rows = data_of_bits(visible, 2000, 20);

  vpf_monitor *monitor = NULL;
  assert_ok(vpf_monitor_create(&monitor, NULL, 2));
  assert_int_equal(vpf_monitor_checks(monitor), 0);
  assert_status(vpf_monitor_best(monitor, NULL, &best), VPF_ERR_STATE);
  const size_t count = vpf_model_param_count(truth);
  float *theta = malloc(count * sizeof *theta), *scaled = malloc(count * sizeof *scaled);
  assert_ok(vpf_model_get_params(truth, theta));
  assert_ok(vpf_model_clone(&model, truth));
  const float scale[] = {0, 0.5f, 1, 1.5f, 2};
  size_t checks = 0, at = 0;
  for (int stop = 0; !stop; checks++) {
    for (size_t k = 0; k < count; k++) scaled[k] = scale[checks] * theta[k];
    assert_ok(vpf_model_set_params(model, scaled));
    assert_ok(vpf_monitor_check(monitor, model, rows, 10 * checks, &stop));
    assert_int_equal(vpf_monitor_checks(monitor), checks + 1);
  }
  assert_int_equal(checks, 5);
  assert_ok(vpf_monitor_best(monitor, &at, &best));
  assert_int_equal(at, 2);
  assert_true(fixture_same_params(best, truth));
  size_t epoch = 0;
  vpf_likelihood l = {.struct_size = sizeof l}, direct = {.struct_size = sizeof direct};
  assert_ok(vpf_monitor_get(monitor, at, &epoch, &l));
  assert_int_equal(epoch, 20);
  const vpf_ais_settings same = {.struct_size = sizeof same, .chains = 50, .betas = 300};
  assert_ok(vpf_estimate_likelihood(truth, rows, &same, &direct));
  assert_memory_equal(&l, &direct, sizeof l);
  assert_status(vpf_monitor_get(monitor, 5, &epoch, &l), VPF_ERR_ARGUMENT);

  /* a failed check changes nothing */
  vpf_data *wrong = fixture_data(3, 19, 1);
  assert_status(vpf_monitor_check(monitor, model, wrong, 60, NULL), VPF_ERR_SHAPE);
  assert_int_equal(vpf_monitor_checks(monitor), 5);
  vpf_data_destroy(wrong);
  free(theta), free(scaled), free(all), free(visible);
  vpf_monitor_destroy(monitor);
  vpf_model_destroy(best), vpf_model_destroy(model), vpf_model_destroy(truth);
  vpf_data_destroy(rows), vpf_data_destroy(states);
}

/* The settings are the monitor's own: the caller's may go. */
static void the_monitor_copies_its_settings(void **state) {
  (void)state;
  dice d = {90};
  vpf_model *model = middling(&d);
  vpf_data *rows = fixture_data(5, 20, 2);
  double *beta = malloc(40 * sizeof *beta);
  for (int k = 0; k < 40; k++) beta[k] = k / 39.0;
  vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 50, .betas = 40, .temperatures = beta};
  vpf_monitor *monitor = NULL;
  assert_ok(vpf_monitor_create(&monitor, &settings, 0));
  vpf_likelihood wanted = {.struct_size = sizeof wanted}, got = {.struct_size = sizeof got};
  assert_ok(vpf_estimate_likelihood(model, rows, &settings, &wanted));
  memset(beta, 0xff, 40 * sizeof *beta);
  free(beta);
  int stop = 1;
  for (int k = 0; k < 40; k++) { /* more than it had room for; patience 0 never stops */
    assert_ok(vpf_monitor_check(monitor, model, rows, (size_t)k, &stop));
    assert_int_equal(stop, 0);
  }
  assert_ok(vpf_monitor_get(monitor, 39, NULL, &got));
  assert_memory_equal(&got, &wanted, sizeof got);
  vpf_monitor_destroy(monitor);
  vpf_monitor_destroy(NULL);
  vpf_data_destroy(rows);
  vpf_model_destroy(model);
}

static void wrong_settings_are_refused_with_their_reason(void **state) {
  (void)state;
  dice d = {91};
  vpf_model *model = middling(&d), *deep = NULL;
  vpf_data *narrow = fixture_data(3, 19, 1), *rows = fixture_data(3, 20, 1), *out = NULL;
  const size_t sizes[] = {3, 3, 3}, large[] = {30, 30};
  assert_ok(vpf_model_create(&deep, sizes, 3, NULL, VPF_COUPLING_PAIRWISE));
  vpf_ais_result r = {.struct_size = sizeof r};
  const vpf_ais_settings good = {.struct_size = sizeof good, .chains = 2, .betas = 2};
  vpf_ais_settings s;
  const double down[] = {0, 0.5, 0.4, 1}, late[] = {0.1, 0.5, 0.7, 1}, early[] = {0, 0.5, 0.7, 0.9}, nan[] = {0, NAN, 0.5, 1};
  const double *const wrong[] = {down, late, early, nan};

  assert_status(vpf_ais(NULL, &good, &r), VPF_ERR_ARGUMENT);
  assert_status(vpf_ais(model, &good, NULL), VPF_ERR_ARGUMENT);
  s = good, s.struct_size = 8;
  assert_status(vpf_ais(model, &s, &r), VPF_ERR_ARGUMENT);
  assert_message_has("struct_size is 8");
  s = good, s.chains = 1;
  assert_status(vpf_ais(model, &s, &r), VPF_ERR_ARGUMENT);
  assert_message_has("1 chains and 2 betas");
  s = good, s.betas = 1;
  assert_status(vpf_ais(model, &s, &r), VPF_ERR_ARGUMENT);
  for (int k = 0; k < 4; k++) {
    s = good, s.betas = 4, s.temperatures = wrong[k];
    assert_status(vpf_ais(model, &s, &r), VPF_ERR_ARGUMENT);
    assert_message_has("temperature");
  }
  s = good, s.betas = 0, s.temperatures = down; /* how many there are is not said: the default must not be read */
  assert_status(vpf_ais(model, &s, &r), VPF_ERR_ARGUMENT);
  assert_message_has("temperatures are given, so betas, their number, must be too");
  s = good, s.betas = 4, s.temperatures = down, s.adaptive = 1;
  assert_status(vpf_ais(model, &s, &r), VPF_ERR_ARGUMENT);
  s = good, s.base = narrow;
  assert_status(vpf_ais(model, &s, &r), VPF_ERR_SHAPE);
  s = good, s.reverse = 1, s.reverse_from = narrow;
  assert_status(vpf_ais(model, &s, &r), VPF_ERR_SHAPE);
  assert_status(vpf_ais(deep, &good, &r), VPF_ERR_UNSUPPORTED);
  r.struct_size = 3;
  assert_status(vpf_ais(model, &good, &r), VPF_ERR_ARGUMENT);

  vpf_likelihood l = {.struct_size = sizeof l};
  assert_status(vpf_estimate_likelihood(model, narrow, NULL, &l), VPF_ERR_SHAPE);
  assert_status(vpf_estimate_likelihood(deep, rows, NULL, &l), VPF_ERR_UNSUPPORTED);
  l.struct_size = 0;
  assert_status(vpf_estimate_likelihood(model, rows, NULL, &l), VPF_ERR_ARGUMENT);
  assert_status(vpf_exact_sample(model, 0, 1, &out), VPF_ERR_ARGUMENT);
  assert_null(out);
  assert_status(vpf_exact_sample(deep, 1, 1, &out), VPF_ERR_UNSUPPORTED);
  vpf_model_destroy(deep);
  assert_ok(vpf_model_create(&deep, large, 2, NULL, VPF_COUPLING_PAIRWISE));
  assert_status(vpf_exact_sample(deep, 1, 1, &out), VPF_ERR_LIMIT);
  assert_message_has("at most 25");
  vpf_monitor *monitor = (vpf_monitor *)(void *)&s;
  s = good, s.struct_size = 4;
  assert_status(vpf_monitor_create(&monitor, &s, 1), VPF_ERR_ARGUMENT);
  assert_null(monitor);
  s = good, s.chains = 1; /* at once, not at the first check hours later */
  assert_status(vpf_monitor_create(&monitor, &s, 1), VPF_ERR_ARGUMENT);
  s = good, s.betas = 4, s.temperatures = down;
  assert_status(vpf_monitor_create(&monitor, &s, 1), VPF_ERR_ARGUMENT);
  s.temperatures = late, s.adaptive = 1;
  assert_status(vpf_monitor_create(&monitor, &s, 1), VPF_ERR_ARGUMENT);
  vpf_model_destroy(deep), vpf_model_destroy(model);
  vpf_data_destroy(narrow), vpf_data_destroy(rows);
}

/* Finite parameters whose sums are not: an error, not a number. */
static void absurd_parameters_are_an_overflow(void **state) {
  (void)state;
  dice d = {94};
  vpf_model *model = middling(&d);
  vpf_data *rows = fixture_data(4, 20, 1);
  float w[20 * 20];
  for (int k = 0; k < 20 * 20; k++) w[k] = k % 2 ? 3e38f : -3e38f;
  assert_ok(vpf_model_set_weights(model, 0, w));
  const vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 4, .betas = 4};
  vpf_ais_result r = {.struct_size = sizeof r, .log_z = 5};
  vpf_likelihood l = {.struct_size = sizeof l};
  double out = 7;
  assert_status(vpf_ais(model, &settings, &r), VPF_ERR_OVERFLOW);
  assert_close(r.log_z, 5, 0);
  assert_message_has("too large");
  assert_status(vpf_estimate_likelihood(model, rows, &settings, &l), VPF_ERR_OVERFLOW);
  assert_status(vpf_pseudo_likelihood(model, rows, &out), VPF_ERR_OVERFLOW);
  assert_close(out, 7, 0);
  vpf_data_destroy(rows);
  vpf_model_destroy(model);
}

/* A caller compiled against a later header, with a larger struct: fine while he sets nothing new. */
static void a_larger_struct_is_understood_or_refused(void **state) {
  (void)state;
  dice d = {92};
  vpf_model *model = middling(&d);
  struct {
    vpf_ais_settings known;
    size_t later;
  } s = {{.struct_size = sizeof s, .chains = 2, .betas = 2}, 0};
  struct {
    vpf_ais_result known;
    size_t later;
  } r = {{.struct_size = sizeof r}, 77};
  assert_ok(vpf_ais(model, &s.known, &r.known));
  assert_int_equal(r.later, 77);
  assert_int_equal(r.known.struct_size, sizeof r);
  s.later = 1;
  assert_status(vpf_ais(model, &s.known, &r.known), VPF_ERR_ARGUMENT);
  assert_message_has("does not know");
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact_samples_follow_the_exact_distribution),
      cmocka_unit_test(exact_samples_cross_the_chunks),
      cmocka_unit_test(both_directions_are_within_their_errors_of_the_truth),
      cmocka_unit_test(few_temperatures_and_many_chains_are_unbiased),
      cmocka_unit_test(from_exact_samples_the_directions_bracket_the_truth),
      cmocka_unit_test(modes_far_apart_add_up),
      cmocka_unit_test(a_poor_estimate_is_doubted),
      cmocka_unit_test(elsewhere_the_reverse_run_starts_from_chains_and_says_so),
      cmocka_unit_test(adaptive_temperatures_do_not_lose_to_even_ones),
      cmocka_unit_test(results_do_not_depend_on_threads_or_kernels),
      cmocka_unit_test(estimated_likelihood_is_exact_where_it_can_be),
      cmocka_unit_test(a_mode_without_rows_counts),
      cmocka_unit_test(the_monitor_keeps_the_best_model_and_says_when_to_stop),
      cmocka_unit_test(the_monitor_copies_its_settings),
      cmocka_unit_test(wrong_settings_are_refused_with_their_reason),
      cmocka_unit_test(absurd_parameters_are_an_overflow),
      cmocka_unit_test(a_larger_struct_is_understood_or_refused),
  };
  return cmocka_run_group_tests_name("ais", tests, NULL, NULL);
}
