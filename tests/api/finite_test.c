/* SPDX-License-Identifier: MIT */
/* Finite parameters give finite numbers, or a status that says why not: every function that returns numbers, with machines
 * of all kinds whose parameters go up to the largest floats there are, and with the most extreme options. What may be NaN or
 * infinite with VPF_OK is what the headers say, and nothing else. */
#include "support/fixture.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vpf/experimental/stdp.h>

#include "support/dice.h"
#include "support/random_machine.h"

enum { ROWS = 6, MOST_VISIBLE = 70, MOST_UNITS = 100, MOST_PARAMS = 2048 };

static const family families[] = {
    {"observed", {3}, 1, {1}, VPF_COUPLING_JOINT},
    {"independent", {3}, 1, {0}, VPF_COUPLING_JOINT},
    {"RBM", {4, 3}, 2, {0, 0}, VPF_COUPLING_JOINT},
    {"RBM with U", {4, 3}, 2, {1, 1}, VPF_COUPLING_JOINT},
    {"RBM with U_0", {4, 3}, 2, {1, 0}, VPF_COUPLING_JOINT},
    {"DBM", {3, 2, 2}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
    {"DBM with U", {3, 2, 2}, 3, {0, 1, 1}, VPF_COUPLING_JOINT},
    {"pairwise", {3, 2, 2}, 3, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {"pairwise with U", {3, 2, 2}, 3, {1, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"too large to enumerate", {66, 26}, 2, {0, 0}, VPF_COUPLING_JOINT},
    {"too large to enumerate, with U", {24, 27}, 2, {1, 1}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof families / sizeof *families };

static const float magnitudes[] = {1e-45f, FLT_MIN, 1, 1e3f, 1e10f, 1e19f, 1e30f, 1e37f, FLT_MAX};
enum { N_MAGNITUDES = sizeof magnitudes / sizeof *magnitudes };

typedef enum pattern { POSITIVE, NEGATIVE, MIXED, ONE, VISIBLE_BIAS, FEW, N_PATTERNS } pattern;
static const char *const pattern_name[] = {"positive", "negative", "mixed", "one of them", "visible biases", "few"};

typedef struct subject {
  const family *family;
  float magnitude;
  pattern pattern;
  vpf_model *model;
  vpf_data *visible, *states;
  size_t n, units;
} subject;

/* ---- What is counted ---- */

static struct {
  size_t calls, refused, numbers, failed;
} tally;
static const subject *current;
static const char *asked;

static void note(const char *what, double value) {
  const subject *s = current;
  if (tally.failed++ < 400)
    print_message("%s: %s is %g; %s, %s parameters of %g\n", asked, what, value, s ? s->family->name : "-",
                  s ? pattern_name[s->pattern] : "-", s ? (double)s->magnitude : 0);
}

static void are_finite(const char *what, const double *values, size_t count) {
  tally.numbers += count;
  for (size_t k = 0; k < count; k++)
    if (!isfinite(values[k])) {
      note(what, values[k]);
      return;
    }
}

static void finite_one(const char *what, double value) {
  are_finite(what, &value, 1);
}

static void finite_floats(const char *what, const float *values, size_t count) {
  tally.numbers += count;
  for (size_t k = 0; k < count; k++)
    if (!isfinite(values[k])) {
      note(what, (double)values[k]);
      return;
    }
}

/* What the header allows to be HUGE_VAL. */
static void zero_or_more(const char *what, double value) {
  tally.numbers++;
  if (!(value >= 0)) note(what, value);
}

static void probabilities(const float *values, size_t count) {
  for (size_t k = 0; k < count; k++)
    if (!(values[k] >= 0 && values[k] <= 1)) {
      note("a probability", (double)values[k]);
      return;
    }
  tally.numbers += count;
}

/* Whether there are numbers to look at. Statuses other than these would be a fault of this test. */
static bool answered(vpf_status status) {
  tally.calls++;
  if (status == VPF_OK) return true;
  if (status != VPF_ERR_OVERFLOW && status != VPF_ERR_UNSUPPORTED && status != VPF_ERR_LIMIT && status != VPF_ERR_DIVERGED)
    fail_msg("%s: %s: %s", asked, vpf_status_name(status), vpf_error_message());
  tally.refused++;
  return false;
}

/* ---- The questions ---- */

static void energies(const subject *s) {
  double out[ROWS], trace[ROWS * 8];
  vpf_chain_report report = {.struct_size = sizeof report};
  if (answered(vpf_model_energy(s->model, s->states, out))) are_finite("an energy", out, ROWS);
  if (answered(vpf_model_free_energy(s->model, s->visible, out))) are_finite("a free energy", out, ROWS);
  if (!answered(vpf_gibbs_trace(s->model, s->states, NULL, 8, 1, 3, trace, NULL))) return;
  are_finite("an energy of a trace", trace, ROWS * 8);
  if (!answered(vpf_chain_diagnostics(trace, ROWS, 8, &report))) return;
  are_finite("a mean, sd, drift, its error, tau or ess", &report.mean, 6);
  zero_or_more("R-hat", report.split_rhat);
}

static void flows(const subject *s) {
  static float gradient[MOST_PARAMS];
  double flow, rows[ROWS];
  if (answered(vpf_model_flow(s->model, s->states, &flow))) finite_one("the flow", flow);
  if (answered(vpf_model_flow_rows(s->model, s->states, rows))) are_finite("a row's flow", rows, ROWS);
  if (answered(vpf_model_flow_gradient(s->model, s->states, gradient)))
    finite_floats("the gradient", gradient, vpf_model_param_count(s->model));
}

static void exact(const subject *s) {
  double log_z;
  vpf_data *states = NULL;
  if (answered(vpf_exact_log_partition(s->model, &log_z))) finite_one("log Z", log_z);
  if (answered(vpf_exact_sample(s->model, 3, 1, &states))) vpf_data_destroy(states);
}

static void finite_ais(const vpf_ais_result *r, bool reverse) {
  are_finite("log_z, stderr, ess or spread", &r->log_z, 4);
  finite_one("the bound", r->log_z_bound);
  if (!reverse) return;
  are_finite("reverse log_z, stderr, ess or spread", &r->reverse_log_z, 4);
  finite_one("log_z_both", r->log_z_both);
}

static void annealing(const subject *s) {
  static const double temperatures[] = {0, 5e-324, 1e-310, 1e-300, 0.5, 1 - 1e-16, 1};
  double log_z, error;
  for (int k = 0; k < 16; k++) {
    vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 4, .betas = 5, .seed = 1, .reverse_sweeps = 2};
    vpf_ais_result result = {.struct_size = sizeof result};
    settings.reverse = k & 1;
    settings.adaptive = k >> 1 & 1;
    if (k & 4) settings.base = settings.reverse_from = s->visible;
    if (k & 8 && settings.adaptive) continue;
    if (k & 8) settings.temperatures = temperatures, settings.betas = sizeof temperatures / sizeof *temperatures;
    if (answered(vpf_ais(s->model, &settings, &result))) finite_ais(&result, settings.reverse);
  }
  if (!answered(vpf_ais_log_partition(s->model, 3, 3, 1, &log_z, &error))) return;
  finite_one("the short form's log Z", log_z);
  finite_one("its error", error);
}

static void likelihoods(const subject *s) {
  static const double log_z[] = {0, 1, -1, 1e300, DBL_MAX, -DBL_MAX, DBL_MIN};
  for (size_t k = 0; k < sizeof log_z / sizeof *log_z; k++) {
    double mean, rows[ROWS];
    if (answered(vpf_log_likelihood(s->model, s->visible, log_z[k], &mean))) finite_one("the mean log p", mean);
    if (answered(vpf_log_likelihood_rows(s->model, s->visible, log_z[k], rows))) are_finite("log p", rows, ROWS);
    if (answered(vpf_log_likelihood_bound(s->model, s->visible, log_z[k], &mean))) finite_one("the mean bound", mean);
    if (answered(vpf_log_likelihood_bound_rows(s->model, s->visible, log_z[k], rows))) are_finite("a bound", rows, ROWS);
  }
}

static void finite_likelihood(const vpf_likelihood *l, bool reverse) {
  are_finite("mean, rows_stderr, log_z, its stderr, ess or empty", &l->mean, 6);
  finite_one("mean_low", l->mean_low);
  finite_one("log_z_bound", l->log_z_bound);
  if (l->exact || !reverse) return;
  finite_one("reverse_log_z", l->reverse_log_z);
  finite_one("log_z_both", l->log_z_both);
}

static void estimates(const subject *s) {
  for (int k = 0; k < 4; k++) {
    vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 4, .betas = 5, .reverse_sweeps = 2};
    vpf_likelihood l = {.struct_size = sizeof l};
    settings.reverse = k & 1;
    settings.adaptive = k >> 1;
    if (answered(vpf_estimate_likelihood(s->model, s->visible, &settings, &l))) finite_likelihood(&l, settings.reverse);
  }
  vpf_monitor *monitor = NULL;
  vpf_likelihood l = {.struct_size = sizeof l};
  const vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 4, .betas = 5};
  assert_ok(vpf_monitor_create(&monitor, &settings, 1));
  if (answered(vpf_monitor_check(monitor, s->model, s->visible, 1, NULL))) {
    assert_ok(vpf_monitor_get(monitor, 0, NULL, &l));
    finite_likelihood(&l, false);
  }
  vpf_monitor_destroy(monitor);
}

static void pseudo(const subject *s) {
  double mean, rows[ROWS];
  if (answered(vpf_pseudo_likelihood(s->model, s->visible, &mean))) finite_one("the pseudo-likelihood", mean);
  if (answered(vpf_pseudo_likelihood_rows(s->model, s->visible, rows))) are_finite("a row's pseudo-likelihood", rows, ROWS);
}

static void samples(const subject *s) {
  static float probs[ROWS * MOST_UNITS];
  const size_t top = vpf_model_layers(s->model) - 1;
  const size_t by_pair[] = {2, 1, 1};
  vpf_data *out = NULL;
  if (answered(vpf_generate(s->model, ROWS, 2, NULL, 1, probs))) probabilities(probs, ROWS * s->n);
  if (answered(vpf_generate_by_pair(s->model, ROWS, by_pair, NULL, 1, probs))) probabilities(probs, ROWS * s->n);
  if (answered(vpf_reconstruct(s->model, s->visible, NULL, 3, 2, 1, probs))) probabilities(probs, ROWS * s->n);
  if (answered(vpf_reconstruct_mean_field(s->model, s->visible, NULL, 3, probs))) probabilities(probs, ROWS * s->n);
  if (answered(vpf_encode(s->model, s->visible, top, probs)))
    probabilities(probs, ROWS * vpf_model_layer_size(s->model, top));
  if (answered(vpf_mean_activations(s->model, s->visible, top, probs)))
    probabilities(probs, vpf_model_layer_size(s->model, top));
  if (answered(vpf_gibbs(s->model, s->states, NULL, 2, 1, &out))) vpf_data_destroy(out);
  if (answered(vpf_model_infer(s->model, s->visible, 1, &out))) vpf_data_destroy(out);
}

static void metrics(const subject *s) {
  for (size_t l = 0; l < vpf_model_layers(s->model); l++) {
    vpf_activity activity = {.struct_size = sizeof activity};
    size_t bins[5], units = 0;
    double rho, w2;
    if (l + 1 < vpf_model_layers(s->model) && answered(vpf_weight_metrics(s->model, l, &rho, &w2))) {
      finite_one("rho", rho);
      finite_one("w2", w2);
      if (!(rho >= 0 && rho <= 1 + 1e-9)) note("rho", rho);
    }
    if (answered(vpf_layer_activity(s->model, s->visible, l, &activity)))
      are_finite("an activity", &activity.mean, (sizeof activity - sizeof(size_t)) / sizeof(double));
    if (!answered(vpf_activation_histogram(s->model, s->visible, l, 5, bins))) continue;
    for (int b = 0; b < 5; b++) units += bins[b];
    assert_int_equal(units, vpf_model_layer_size(s->model, l));
  }
}

static void windows(const subject *s) {
  static const double sigmas[] = {0.2, 5e-324, 1e-200, 1e-150, 1e150, DBL_MAX};
  static const float points[2 * MOST_VISIBLE];
  for (size_t k = 0; k < sizeof sigmas / sizeof *sigmas; k++) {
    vpf_parzen_report r = {.struct_size = sizeof r};
    if (answered(vpf_parzen_generated(s->model, 3, 1, NULL, 1, 2, points, 2, sigmas[k], &r)))
      are_finite("a Parzen mean or error", &r.mean, 3);
  }
}

static void finite_ladder(const vpf_ladder *ladder) {
  for (size_t k = 0; k < vpf_ladder_rungs(ladder); k++) {
    vpf_ladder_rung_report r = {.struct_size = sizeof r};
    assert_ok(vpf_ladder_rung(ladder, k, &r));
    finite_one("log Z of a rung", r.log_z);
    zero_or_more("its error", r.log_z_stderr);
    are_finite("acceptance or time of a rung", &r.acceptance, 2);
  }
}

static void finite_report(const vpf_ladder_report *r) {
  finite_one("log Z", r->log_z);
  zero_or_more("its error", r->log_z_stderr);
  are_finite("an acceptance", &r->acceptance_mean, 2);
  are_finite("arrivals, round trips", &r->arrivals, 2);
  are_finite("time, bound", &r->autocorrelation_time, 2);
  zero_or_more("R-hat", r->split_rhat);
}

static void ladders(const subject *s) {
  if (s->n > 20 && s->magnitude > 1) return; /* they take their time */
  for (int k = 0; k < 2; k++) {
    const vpf_ladder_settings settings = {.struct_size = sizeof settings, .chains = 4, .reservoir = 8, .most_rungs = 12};
    vpf_ladder *ladder = NULL;
    vpf_data *states = NULL;
    vpf_ladder_report report = {.struct_size = sizeof report};
    vpf_model *none = NULL;
    assert_ok(vpf_model_clone(&none, s->model));
    static const float zero[MOST_PARAMS];
    assert_ok(vpf_model_set_params(none, zero));
    if (k == 0 && answered(vpf_ladder_create(&ladder, s->model, s->visible, &settings))) {
      finite_ladder(ladder);
      if (answered(vpf_ladder_sample(ladder, NULL, 3, 6, 1, &states, &report))) finite_report(&report);
    }
    if (k == 1 && answered(vpf_ladder_create(&ladder, none, NULL, &settings))) {
      vpf_data_destroy(states);
      states = NULL;
      if (answered(vpf_ladder_sample(ladder, s->model, 3, 6, 1, &states, &report))) finite_report(&report);
      if (answered(vpf_ladder_append(ladder, s->model, 1, NULL))) finite_ladder(ladder);
    }
    vpf_data_destroy(states);
    vpf_ladder_destroy(ladder);
    vpf_model_destroy(none);
  }
}

static void jumps(const subject *s) {
  enum { MOST = 10 };
  uint8_t start[MOST_UNITS] = {0};
  vpf_flip flips[MOST];
  double changes[MOST];
  size_t count = 0;
  if (!answered(vpf_simulate_flips(s->model, start, HUGE_VAL, MOST, 1, flips, &count))) return;
  for (size_t k = 0; k < count; k++) are_finite("time or rate of a flip", &flips[k].time, 2);
  if (answered(vpf_stdp_changes(flips, count, 1, 0, 1, changes))) are_finite("a change", changes, count);
}

/* ---- Training ---- */

static int look(const vpf_progress *p, void *user) {
  (void)user;
  finite_one("the flow", p->flow);
  are_finite("a pair's flow", p->flow_lower, p->pairs);
  are_finite("a pair's flow", p->flow_upper, p->pairs);
  are_finite("an activity", p->activity, p->layers);
  are_finite("rho, w2", &p->rho, 2);
  are_finite("seconds, images per second, in all", &p->seconds, 3);
  if (p->event == VPF_PROGRESS_EPOCH && user) {
    finite_one("the gradient", p->gradient);
    if (p->batches > 1) finite_one("its noise", p->gradient_noise);
  }
  return 0;
}

typedef struct setting {
  vpf_option option;
  double value;
} setting;

/* Each row ends where a value is NaN. */
static const setting extremes[][6] = {
    {{0, (double)NAN}},
    {{VPF_OPTION_LEARNING_RATE, 10}, {VPF_OPTION_WEIGHT_DECAY, 100}, {VPF_OPTION_ADAM_EPSILON, 1e-12}, {0, (double)NAN}},
    {{VPF_OPTION_LEARNING_RATE, 1e-12}, {VPF_OPTION_BETA1, 0}, {VPF_OPTION_BETA2, 0}, {VPF_OPTION_AVERAGE, 0.999999},
     {0, (double)NAN}},
    {{VPF_OPTION_RULE, VPF_RULE_SGD}, {VPF_OPTION_LEARNING_RATE, 10}, {VPF_OPTION_MOMENTUM, 0.999999},
     {VPF_OPTION_AVERAGE, 0.5}, {0, (double)NAN}},
    {{VPF_OPTION_RULE, VPF_RULE_SGD}, {VPF_OPTION_CENTRED, 1}, {VPF_OPTION_LEARNING_RATE, 10},
     {VPF_OPTION_WEIGHT_DECAY, 100}, {VPF_OPTION_TOLERANCE, 1000}, {0, (double)NAN}},
    {{VPF_OPTION_CENTRED, 1}, {VPF_OPTION_ESTEP_PERIOD, 0}, {VPF_OPTION_TOLERANCE, 1e-300}, {VPF_OPTION_AVERAGE, 0.9},
     {0, (double)NAN}},
};
enum { N_EXTREMES = sizeof extremes / sizeof *extremes };

static void finite_model(const char *what, const vpf_model *model) {
  static float theta[MOST_PARAMS];
  assert_ok(vpf_model_get_params(model, theta));
  finite_floats(what, theta, vpf_model_param_count(model));
}

static void finite_products(vpf_optimizer *optimizer, const subject *s) {
  vpf_model *average = NULL;
  vpf_ladder *ladder = NULL;
  if (vpf_optimizer_average(optimizer, &average) == VPF_OK) finite_model("the average", average);
  vpf_model_destroy(average);
  if (vpf_ladder_of_optimizer(&ladder, optimizer) == VPF_OK) {
    finite_ladder(ladder);
    if (answered(vpf_ladder_append(ladder, s->model, 1, NULL))) finite_ladder(ladder);
  }
  vpf_ladder_destroy(ladder);
}

static void training(const subject *s) {
  for (int method = 0; method < 4; method++)
    for (int k = 0; k < N_EXTREMES; k++) {
      if (method == VPF_METHOD_PTT && (k % 2 || (s->n > 20 && s->magnitude > 1))) continue; /* as above */
      vpf_model *model = NULL;
      vpf_optimizer *optimizer = NULL;
      bool tolerant = false;
      assert_ok(vpf_model_clone(&model, s->model));
      assert_ok(vpf_optimizer_create(&optimizer));
      assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, method));
      assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 2));
      assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PARTICLES, 4));
      assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
      for (const setting *o = extremes[k]; !isnan(o->value); o++) {
        assert_ok(vpf_optimizer_set(optimizer, o->option, o->value));
        tolerant = tolerant || o->option == VPF_OPTION_TOLERANCE;
      }
      answered(vpf_train(model, s->visible, optimizer, 2, look, tolerant ? &tolerant : NULL));
      finite_model("a parameter", model);
      finite_products(optimizer, s);
      vpf_optimizer_destroy(optimizer);
      vpf_model_destroy(model);
    }
}

/* What begins a training, and what is defined for pairs. */
static void beginnings(const subject *s) {
  vpf_model *model = NULL, *pair = NULL;
  assert_ok(vpf_model_clone(&model, s->model));
  if (answered(vpf_model_init_biases(model, s->visible))) finite_model("a bias from data", model);
  for (int recipe = 0; vpf_recipe_name((vpf_recipe)recipe); recipe++) {
    vpf_optimizer *optimizer = NULL;
    assert_ok(vpf_optimizer_create(&optimizer));
    assert_ok(vpf_recipe_begin((vpf_recipe)recipe, model, s->visible, optimizer, 1));
    answered(vpf_train(model, s->visible, optimizer, 1, look, NULL));
    finite_model("a parameter of a recipe", model);
    vpf_optimizer_destroy(optimizer);
  }
  vpf_model_destroy(model);
  if (vpf_model_layers(s->model) < 3 || !answered(vpf_model_pair(&pair, s->model, 1))) return;
  double log_z;
  if (answered(vpf_exact_log_partition(pair, &log_z))) finite_one("log Z of a pair", log_z);
  vpf_model_destroy(pair);
}

static const struct question {
  const char *name;
  void (*ask)(const subject *s);
} questions[] = {
    {"energies", energies}, {"flows", flows},     {"exact", exact},     {"annealing", annealing}, {"likelihoods", likelihoods},
    {"estimates", estimates}, {"pseudo", pseudo}, {"samples", samples}, {"metrics", metrics},     {"windows", windows},
    {"ladders", ladders},   {"jumps", jumps},     {"training", training}, {"beginnings", beginnings},
};
enum { N_QUESTIONS = sizeof questions / sizeof *questions };

/* ---- All machines ---- */

static float parameter(pattern p, size_t k, size_t count, size_t visible, dice *d) {
  static size_t one;
  if (k == 0) one = dice_below(d, count);
  switch (p) {
    case POSITIVE: return 1;
    case NEGATIVE: return -1;
    case MIXED: return dice_below(d, 2) ? 1 : -1;
    case ONE: return k == one;
    case VISIBLE_BIAS: return k < visible;
    default: return dice_below(d, 4) ? 0 : dice_below(d, 2) ? 1 : -1;
  }
}

/* Of large machines a few are enough, as they take most of the time. */
static bool is_tried(const family *f, float magnitude, pattern p) {
  if (f->sizes[0] < 20) return true;
  const bool middle = magnitude >= 1 && magnitude <= 1e10f;
  return magnitude >= FLT_MAX || (middle && (p == MIXED || p == FEW));
}

static subject subject_of(const family *f, float magnitude, pattern p) {
  dice d = {(uint64_t)p + 7};
  subject s = {.family = f, .magnitude = magnitude, .pattern = p, .model = family_machine(&d, f, 1)};
  static float theta[MOST_PARAMS];
  const size_t count = vpf_model_param_count(s.model);
  assert_true(count <= MOST_PARAMS);
  s.n = f->sizes[0], s.units = vpf_model_units(s.model);
  for (size_t k = 0; k < count; k++) theta[k] = magnitude * parameter(p, k, count, s.n, &d);
  assert_ok(vpf_model_set_params(s.model, theta));
  uint8_t *bits = random_bits(&d, ROWS, s.units, 0.5);
  s.states = data_of_bits(bits, ROWS, s.units);
  assert_ok(vpf_data_columns(&s.visible, s.states, 0, s.n));
  free(bits);
  return s;
}

static void numbers_are_finite_or_the_status_says_why_not(void **state) {
  (void)state;
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (size_t m = 0; m < N_MAGNITUDES; m++)
      for (int p = 0; p < N_PATTERNS; p++) {
        if (!is_tried(&families[f], magnitudes[m], (pattern)p)) continue;
        subject s = subject_of(&families[f], magnitudes[m], (pattern)p);
        current = &s;
        for (size_t q = 0; q < N_QUESTIONS; q++) {
          asked = questions[q].name;
          questions[q].ask(&s);
        }
        current = NULL;
        vpf_data_destroy(s.visible);
        vpf_data_destroy(s.states);
        vpf_model_destroy(s.model);
      }
  print_message("%zu calls, of which %zu said why not; %zu numbers, %zu of them not finite\n", tally.calls, tally.refused,
                tally.numbers, tally.failed);
  assert_true(tally.numbers > 1000000 && tally.refused < tally.calls / 2);
  assert_int_equal(tally.failed, 0);
}

/* ---- Functions without a machine ---- */

static void parzen_windows_of_any_width_and_distance(void **state) {
  (void)state;
  static const double sigmas[] = {5e-324, 1e-310, 1e-200, 1e-160, 1e-100, 0.2, 1e100, 1e160, 1e300, 7.2e307, DBL_MAX};
  enum { N_SIGMAS = sizeof sigmas / sizeof *sigmas };
  static const float scales[] = {0, 1e-45f, 1, 1e19f, FLT_MAX};
  asked = "Parzen windows";
  tally.failed = 0;
  for (size_t a = 0; a < 5; a++)
    for (size_t b = 0; b < 5; b++) {
      const float centres[] = {scales[a], 0, -scales[a], scales[a], 0, 0}, points[] = {scales[b], -scales[b], 0, scales[b]};
      double sigma, mean, error;
      for (size_t k = 0; k < N_SIGMAS; k++) {
        if (!answered(vpf_parzen(centres, 3, points, 2, 2, sigmas[k], &mean, &error))) continue;
        finite_one("the mean", mean);
        finite_one("its error", error);
      }
      if (answered(vpf_parzen_select_sigma(centres, 3, points, 2, 2, sigmas, N_SIGMAS, &sigma))) finite_one("sigma", sigma);
    }
  assert_int_equal(tally.failed, 0);
}

/* The closed form of one centre and three points, at 0, 1 and 2 times the same -|x - c|^2 / (2 sigma^2). */
static void parzen_windows_are_right_where_squares_leave_double(void **state) {
  (void)state;
  static const double sigmas[] = {5e-324, 1e-310, 1e-200, 1e-160, 1e-150, 1e-130, 1e-100, 1e-45,
                                  1e-30,   1,      1e30,   1e155,  1e300,  DBL_MAX};
  static const float distances[] = {0, 1e-45f, 1e-30f, 1e-10f, 1, 1e19f, 1e30f, FLT_MAX};
  int refused = 0;
  for (size_t k = 0; k < sizeof sigmas / sizeof *sigmas; k++)
    for (size_t j = 0; j < sizeof distances / sizeof *distances; j++) {
      const float centre[] = {0, distances[j]}, points[] = {distances[j], 0, 0, -distances[j], 0, distances[j]};
      const long double d = (long double)distances[j], s = (long double)sigmas[k];
      const long double width = 2 * logl(s * 2.50662827463100050242L), far = -(d / s) * (d / s);
      double mean, error;
      const vpf_status status = vpf_parzen(centre, 1, points, 3, 2, sigmas[k], &mean, &error);
      if (!(fabsl(2 * far) <= (long double)DBL_MAX)) {
        assert_int_equal(status, VPF_ERR_OVERFLOW);
        refused++;
        continue;
      }
      assert_ok(status);
      const double rounding = 1e-7 * fabs((double)far) + 1e-12 * fabs((double)width); /* products are floats */
      assert_close(mean, (double)(far - width), rounding);
      assert_close(error, (double)(fabsl(far) / sqrtl(3)), rounding + 1e-300);
    }
  assert_in_range(refused, 10, 60);
}

/* The hidden field is 0, the difference of numbers whose sum no float can hold. */
static void mean_field_does_not_overflow_on_its_way(void **state) {
  (void)state;
  const size_t sizes[] = {5, 1};
  const float w[] = {FLT_MAX, FLT_MAX, -FLT_MAX, -FLT_MAX, 2};
  const uint8_t bits[] = {1, 1, 1, 1, 0};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_JOINT, 1);
  vpf_data *row = data_of_bits(bits, 1, 5);
  float feature, probs[5];
  assert_ok(vpf_model_set_weights(model, 0, w));
  assert_ok(vpf_encode(model, row, 1, &feature));
  assert_close((double)feature, 0.5, 1e-6);
  assert_ok(vpf_reconstruct_mean_field(model, row, bits, 1, probs));
  assert_close((double)probs[4], 1 / (1 + exp(-1)), 1e-6);
  vpf_data_destroy(row);
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_finite_or_the_status_says_why_not),
      cmocka_unit_test(mean_field_does_not_overflow_on_its_way),
      cmocka_unit_test(parzen_windows_of_any_width_and_distance),
      cmocka_unit_test(parzen_windows_are_right_where_squares_leave_double),
  };
  return cmocka_run_group_tests_name("finite", tests, NULL, NULL);
}
