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

static vpf_optimizer *new_optimizer(double decay, double batch) {
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_WEIGHT_DECAY, decay));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, batch));
  return optimizer;
}

static void train_at_rate(vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer, double rate,
                          size_t epochs) {
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, rate));
  assert_ok(vpf_train(model, data, optimizer, epochs, NULL, NULL));
}

/* ---- A fully observed machine from its own samples ---- */

enum { UNITS = 10, STATES = 1 << UNITS, PARAMS = UNITS + UNITS * (UNITS - 1) / 2 };

/* Flat position of the weight between two units, or of a unit's bias. */
static size_t position(size_t i, size_t j) {
  if (i == j) return i;
  if (i > j) return position(j, i);
  return UNITS + i * (2 * UNITS - i - 1) / 2 + (j - i - 1);
}

/* theta -= h^-1 g for a positive definite h, by Cholesky; returns the longest step. */
static double newton_step(double h[PARAMS][PARAMS], const double *g, double *theta) {
  double y[PARAMS], longest = 0;
  for (size_t c = 0; c < PARAMS; c++) {
    for (size_t r = c; r < PARAMS; r++) {
      double rest = h[r][c];
      for (size_t k = 0; k < c; k++) rest -= h[r][k] * h[c][k];
      h[r][c] = r == c ? sqrt(rest) : rest / h[c][c];
    }
    y[c] = g[c];
    for (size_t k = 0; k < c; k++) y[c] -= h[c][k] * y[k];
    y[c] /= h[c][c];
  }
  for (size_t r = PARAMS; r-- > 0;) {
    for (size_t k = r + 1; k < PARAMS; k++) y[r] -= h[k][r] * y[k];
    y[r] /= h[r][r];
    theta[r] -= y[r];
    longest = fmax(longest, fabs(y[r]));
  }
  return longest;
}

/* The minimum of the flow over rows of which a share p[s] is in state s: a convex function of the
 * parameters (a sum of exponentials of linear ones), so Newton's method finds it. */
static void minimise_flow(const double *p, double *theta) {
  static double h[PARAMS][PARAMS];
  double g[PARAMS], step = 1;
  memset(theta, 0, PARAMS * sizeof *theta);
  for (int k = 0; k < 40 && step > 1e-9; k++) {
    memset(h, 0, sizeof h);
    memset(g, 0, sizeof g);
    for (size_t s = 0; s < STATES; s++)
      for (size_t j = 0; p[s] > 0 && j < UNITS; j++) {
        size_t in[UNITS], n = 0; /* parameters that the field of unit j sums */
        double z = 0;
        for (size_t i = 0; i < UNITS; i++)
          if (i == j || s >> i & 1) in[n++] = position(i, j);
        for (size_t a = 0; a < n; a++) z += theta[in[a]];
        const double alpha = s >> j & 1 ? -0.5 : 0.5, delta = p[s] * exp(alpha * z);
        for (size_t a = 0; a < n; a++) {
          g[in[a]] += alpha * delta;
          for (size_t b = 0; b < n; b++) h[in[a]][in[b]] += alpha * alpha * delta;
        }
      }
    step = newton_step(h, g, theta);
  }
  assert_true(step <= 1e-9);
}

static double rms_distance(const double *a, const double *b) {
  double sum = 0;
  for (size_t k = 0; k < PARAMS; k++) sum += (a[k] - b[k]) * (a[k] - b[k]) / PARAMS;
  return sqrt(sum);
}

static void get_params(const vpf_model *model, double *out) {
  float theta[PARAMS];
  assert_int_equal(vpf_model_param_count(model), PARAMS);
  assert_ok(vpf_model_get_params(model, theta));
  for (size_t k = 0; k < PARAMS; k++) out[k] = (double)theta[k];
}

/* Train on so many exact samples, from zero; how far from the machine that made them, and from
 * the minimum of the flow of these samples. */
static void learn(const vpf_model *truth, const dice_table *table, size_t rows, dice *d, double *from_truth,
                  double *from_minimum) {
  enum { BATCH = 500, STEPS = 300 };
  const size_t units = UNITS;
  const uint8_t intra = 1;
  double share[STATES] = {0}, trained[PARAMS], wanted[PARAMS], minimum[PARAMS];
  uint8_t *values = malloc(rows * UNITS);
  assert_non_null(values);
  for (size_t r = 0; r < rows; r++) {
    const size_t s = dice_draw(d, table);
    share[s] += 1 / (double)rows;
    brute_unpack(s, UNITS, values + r * UNITS);
  }
  vpf_data *data = data_of_bits(values, rows, UNITS);
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, &units, 1, &intra, VPF_COUPLING_PAIRWISE));
  vpf_optimizer *optimizer = new_optimizer(0, BATCH);
  for (double rate = 0.05; rate > 3e-4; rate *= 0.3)
    train_at_rate(model, data, optimizer, rate, (STEPS * BATCH + rows - 1) / rows);
  get_params(truth, wanted);
  get_params(model, trained);
  minimise_flow(share, minimum);
  *from_truth = rms_distance(trained, wanted);
  *from_minimum = rms_distance(trained, minimum);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
  free(values);
}

/* Fully observed, the minimum of the flow is a consistent estimate (Sohl-Dickstein et al. 2011): its
 * error falls as N^-1/2. Over 3 machines of 55 parameters chance moves the slope by about 0.02. A
 * wrong gradient has another minimum: its error would stop falling, and the distance from the
 * minimum, which is found here by Newton's method, would not be small against the error. */
static void observed_machine_is_recovered_with_error_falling_as_one_over_root_n(void **state) {
  (void)state;
  const family ising = {"10 units with U", {UNITS}, 1, {1}, VPF_COUPLING_PAIRWISE};
  const size_t rows[] = {1000, 10000, 100000};
  enum { MACHINES = 3 };
  dice d = {71};
  double square[3] = {0};
  for (int machine = 0; machine < MACHINES; machine++) {
    vpf_model *truth = family_machine(&d, &ising, 0.5);
    brute_machine *brute = brute_read(truth);
    long double *p = brute_distribution(brute);
    dice_table table = dice_table_new(p, STATES);
    for (int k = 0; k < 3; k++) {
      double error, distance;
      learn(truth, &table, rows[k], &d, &error, &distance);
      print_message("machine %d, %6zu samples: RMS error %.4f, from the minimum of the flow %.4f\n", machine, rows[k],
                    error, distance);
      assert_true(distance < 0.3 * error);
      square[k] += error * error / MACHINES;
    }
    dice_table_free(&table);
    free(p);
    brute_free(brute);
    vpf_model_destroy(truth);
  }
  const double slope = 0.5 * log(square[2] / square[0]) / log(100.0); /* the fit of three points in even steps */
  print_message("RMS error %.4f, %.4f, %.4f: falls as N^%.3f\n", sqrt(square[0]), sqrt(square[1]), sqrt(square[2]),
                slope);
  assert_close(slope, -0.5, 0.1);
  assert_true(sqrt(square[2]) < 0.03);
}

/* ---- Bars and stripes ---- */

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

/* The bound is minus the entropy, -log 14 = -2.639 nats; independent pixels reach 9 log(1/2) =
 * -6.238. Measured: -2.94 to -2.97 at seeds 1 to 3, and 85 % of the probability on the patterns;
 * -2.88 to -2.92 with 100 hidden samples a row. It does not get nearer: training longer puts more
 * mass on the patterns (95 %) but shares it out among them less evenly (-3.1 to -4), because they
 * are three flips and more apart and the flow, which looks one flip far, hardly compares them.
 * Fewer hidden units do worse: 100 reach -3.5, 16 reach -4.8. */
static void rbm_on_bars_and_stripes_reaches_the_stated_likelihood(void **state) {
  (void)state;
  uint8_t patterns[14][9];
  assert_int_equal(bars_and_stripes(patterns), 14);
  const size_t sizes[] = {9, 400};
  for (uint64_t seed = 1; seed <= 2; seed++) {
    vpf_data *data = data_of_bits(&patterns[0][0], 14, 9);
    vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, seed);
    vpf_optimizer *optimizer = new_optimizer(0.0005, 14);
    assert_ok(vpf_optimizer_set_seed(optimizer, seed));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_ESTEP_SAMPLES, 20));
    train_at_rate(model, data, optimizer, 0.01, 600);
    train_at_rate(model, data, optimizer, 0.002, 300);
    train_at_rate(model, data, optimizer, 0.0004, 300);
    const double reached = mean_log_likelihood(model, patterns);
    print_message("bars and stripes, seed %d: %.3f nats a pattern (bound %.3f, independent pixels %.3f)\n", (int)seed,
                  reached, -log(14), 9 * log(0.5));
    assert_true(reached < -log(14));
    assert_true(reached > -3.1);
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
