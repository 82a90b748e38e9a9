/* SPDX-License-Identifier: MIT */
/* A program as it could have been written for libvpf 1.0: it is compiled against the headers of that release,
 * kept beside it, and has to run with every later libvpf.so.1. It calls each function of that release, and
 * sees whether the library keeps to the structs as they were then: none is written beyond its end. */
#include "vpf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 40, VISIBLE = 6, HIDDEN = 4, UNITS = VISIBLE + HIDDEN, CANARY = 64 };

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "line %d: %s\n  last error: %s\n", __LINE__, #condition, vpf_error_message()); \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)
#define OK(call) CHECK((call) == VPF_OK)

/* A struct of the caller, with bytes behind it that are his own. */
#define REPORT(type, name)                                                                         \
  struct { type report; unsigned char canary[CANARY]; } name;                                      \
  memset(&name, 0xA5, sizeof name);                                                                \
  name.report.struct_size = sizeof name.report
#define INTACT(name) CHECK(intact(name.canary) && name.report.struct_size == sizeof name.report)

static int intact(const unsigned char *canary) {
  for (int k = 0; k < CANARY; k++)
    if (canary[k] != 0xA5) return 0;
  return 1;
}

static _Atomic size_t live;
static void *allocate(size_t size, void *user) {
  ++*(_Atomic size_t *)user;
  return malloc(size);
}

static void release(void *pointer, void *user) {
  --*(_Atomic size_t *)user;
  free(pointer);
}

static vpf_data *make_rows(void) {
  uint8_t bytes[ROWS * VISIBLE];
  float floats[ROWS * VISIBLE];
  for (int k = 0; k < ROWS * VISIBLE; k++) floats[k] = (float)(bytes[k] = (uint8_t)((k / 3 + k / VISIBLE) % 2));
  vpf_data *rows = NULL, *same = NULL, *part = NULL;
  OK(vpf_data_from_u8(&rows, bytes, ROWS, VISIBLE, 0));
  OK(vpf_data_from_f32(&same, floats, ROWS, VISIBLE, 0.5f));
  uint8_t back[ROWS * VISIBLE];
  OK(vpf_data_to_u8(same, back));
  CHECK(memcmp(back, bytes, sizeof bytes) == 0);
  OK(vpf_data_to_f32(rows, floats));
  CHECK(vpf_data_rows(rows) == ROWS && vpf_data_cols(rows) == VISIBLE);
  vpf_data_destroy(same);

  const uint8_t region[VISIBLE] = {1};
  OK(vpf_data_slice(&part, rows, 3, 5));
  vpf_data_destroy(part);
  OK(vpf_data_columns(&part, rows, 1, 2));
  CHECK(vpf_data_cols(part) == 2);
  vpf_data_destroy(part);
  OK(vpf_data_bits_only(&part, rows));
  vpf_data_destroy(part);
  OK(vpf_data_corrupt(&part, rows, region, VPF_NOISE_REPLACE, 1));
  vpf_data_destroy(part);
  CHECK(vpf_data_load_idx(&part, "no such file", 127) == VPF_ERR_IO && !part && *vpf_error_message());
  return rows;
}

static vpf_model *make_model(const char *path) {
  const size_t sizes[] = {VISIBLE, HIDDEN};
  const uint8_t intra[] = {1, 0};
  vpf_model *model = NULL, *copy = NULL;
  OK(vpf_model_create(&model, sizes, 2, intra, VPF_COUPLING_PAIRWISE));
  OK(vpf_model_init(model, 1));
  CHECK(vpf_model_layers(model) == 2 && vpf_model_units(model) == UNITS && vpf_model_layer_size(model, 1) == HIDDEN &&
        vpf_model_has_intra(model, 0) &&
        vpf_model_get_coupling(model) == VPF_COUPLING_PAIRWISE);
  CHECK(vpf_model_param_count(model) == UNITS + VISIBLE * HIDDEN + VISIBLE * (VISIBLE - 1) / 2);

  float theta[UNITS + VISIBLE * HIDDEN + VISIBLE * (VISIBLE - 1) / 2], w[VISIBLE * HIDDEN], u[VISIBLE * VISIBLE], b[VISIBLE];
  OK(vpf_model_get_params(model, theta));
  OK(vpf_model_set_params(model, theta));
  OK(vpf_model_get_weights(model, 0, w));
  OK(vpf_model_set_weights(model, 0, w));
  OK(vpf_model_get_intra(model, 0, u));
  OK(vpf_model_set_intra(model, 0, u));
  OK(vpf_model_get_bias(model, 0, VPF_BIAS_DOWN, b));
  OK(vpf_model_set_bias(model, 0, VPF_BIAS_UP, b));
  OK(vpf_model_clone(&copy, model));
  vpf_model_destroy(copy);
  OK(vpf_model_pair(&copy, model, 0));
  vpf_model_destroy(copy);
  OK(vpf_model_save(model, path));
  OK(vpf_model_load(&copy, path));
  vpf_model_destroy(model);
  return copy;
}

static void do_mathematics(const vpf_model *model, const vpf_data *data) {
  double energy[ROWS], energies[ROWS * 3], free_energy[ROWS], flow;
  float gradient[UNITS + VISIBLE * HIDDEN + VISIBLE * (VISIBLE - 1) / 2];
  vpf_data *states = NULL, *chains = NULL;
  OK(vpf_model_infer(model, data, 1, &states));
  CHECK(vpf_data_cols(states) == UNITS);
  OK(vpf_model_energy(model, states, energy));
  OK(vpf_model_free_energy(model, data, free_energy));
  OK(vpf_model_flow(model, states, &flow));
  CHECK(isfinite(energy[0]) && isfinite(free_energy[0]) && flow > 0);
  OK(vpf_model_flow_gradient(model, states, gradient));
  OK(vpf_gibbs(model, states, NULL, 2, 1, &chains));
  vpf_data_destroy(chains);
  OK(vpf_gibbs_trace(model, states, NULL, 3, 1, 1, energies, NULL));
  vpf_data_destroy(states);
}

typedef struct watch { int epochs, batches; } watch;

static int progress(const vpf_progress *p, void *user) {
  watch *seen = user;
  CHECK(p->struct_size >= sizeof *p && p->batch <= p->batches && p->pairs == 1 && p->layers == 2 && p->flow > 0);
  CHECK(p->flow_lower[0] > 0 && p->flow_upper[0] > 0 && p->activity[1] >= 0 && p->total_seconds >= 0);
  if (p->event == VPF_PROGRESS_EPOCH) seen->epochs++;
  if (p->event == VPF_PROGRESS_BATCH) seen->batches++;
  return 0;
}

static void do_training(vpf_model **model, const vpf_data *data, const char *path) {
  vpf_optimizer *optimizer = NULL;
  OK(vpf_optimizer_create(&optimizer));
  OK(vpf_optimizer_set_seed(optimizer, 7));
  CHECK(vpf_optimizer_get_seed(optimizer) == 7 && vpf_optimizer_last_stop(optimizer) == VPF_STOP_NONE);
  CHECK(vpf_option_count() >= 20);
  for (size_t k = 0; k < vpf_option_count(); k++) {
    REPORT(vpf_option_info, info);
    double value, low, high;
    const char *name = NULL;
    OK(vpf_option_describe(k, &info.report));
    INTACT(info);
    OK(vpf_optimizer_get(optimizer, info.report.option, &value));
    OK(vpf_option_bounds(info.report.option, &low, &high, &name));
    CHECK(low <= value && value <= high && strcmp(name, info.report.name) == 0);
  }
  OK(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 10));
  OK(vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
  watch seen = {0, 0};
  OK(vpf_train(*model, data, optimizer, 3, progress, &seen));
  CHECK(seen.epochs == 3 && seen.batches == 12 && vpf_optimizer_last_stop(optimizer) == VPF_STOP_EPOCHS);

  OK(vpf_checkpoint_save(*model, optimizer, path));
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(*model);
  size_t epochs = 0, rows = 1;
  OK(vpf_checkpoint_load(model, &optimizer, path));
  OK(vpf_optimizer_position(optimizer, &epochs, &rows));
  CHECK(epochs == 3 && rows == 0);
  OK(vpf_train(*model, data, optimizer, 1, NULL, NULL));
  vpf_optimizer_destroy(optimizer);
}

static void do_sampling(const vpf_model *model, const vpf_data *data) {
  const size_t steps[] = {3};
  const uint8_t known[VISIBLE] = {1, 1, 1, 0, 0, 0};
  float top[HIDDEN], hidden[ROWS * HIDDEN], images[ROWS * VISIBLE], same[ROWS * VISIBLE];
  double error;
  vpf_data *states = NULL;
  OK(vpf_encode(model, data, 1, hidden));
  OK(vpf_mean_activations(model, data, 1, top));
  OK(vpf_generate(model, ROWS, 3, top, 5, images));
  OK(vpf_generate_by_pair(model, ROWS, steps, top, 5, same));
  CHECK(memcmp(images, same, sizeof same) == 0);
  OK(vpf_generate_states(model, ROWS, 3, NULL, 5, &states));
  vpf_data_destroy(states);
  OK(vpf_generate_states_by_pair(model, ROWS, steps, NULL, 5, &states));
  vpf_data_destroy(states);
  OK(vpf_reconstruct(model, data, known, 4, 2, 1, images));
  OK(vpf_reconstruct_mean_field(model, data, known, 4, images));
  OK(vpf_reconstruction_error(data, images, NULL, &error, NULL));
  CHECK(error >= 0);
}

static void do_likelihoods(const vpf_model *model, const vpf_data *data) {
  double exact, log_z, log_p, pseudo;
  vpf_data *states = NULL;
  OK(vpf_exact_log_partition(model, &exact));
  OK(vpf_exact_sample(model, 5, 1, &states));
  vpf_data_destroy(states);
  OK(vpf_log_likelihood(model, data, exact, &log_p));
  OK(vpf_pseudo_likelihood(model, data, &pseudo));
  OK(vpf_ais_log_partition(model, 20, 50, 1, &log_z, NULL));
  CHECK(fabs(log_z - exact) < 1 && log_p < 0 && pseudo < 0);

  REPORT(vpf_ais_result, ais);
  REPORT(vpf_likelihood, likelihood);
  vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 20, .betas = 50, .base = data, .reverse = 1};
  OK(vpf_ais(model, &settings, &ais.report));
  INTACT(ais);
  CHECK(fabs(ais.report.log_z - exact) < 1 && ais.report.reverse_start == VPF_AIS_START_EXACT);
  OK(vpf_estimate_likelihood(model, data, NULL, &likelihood.report));
  INTACT(likelihood);
  CHECK(likelihood.report.exact && fabs(likelihood.report.mean - log_p) < 1e-6);

  vpf_monitor *monitor = NULL;
  vpf_model *best = NULL;
  size_t index, epoch;
  int stop = 1;
  OK(vpf_monitor_create(&monitor, &settings, 2));
  OK(vpf_monitor_check(monitor, model, data, 4, &stop));
  CHECK(!stop && vpf_monitor_checks(monitor) == 1);
  OK(vpf_monitor_get(monitor, 0, &epoch, &likelihood.report));
  INTACT(likelihood);
  OK(vpf_monitor_best(monitor, &index, &best));
  CHECK(index == 0 && epoch == 4);
  vpf_model_destroy(best);
  vpf_monitor_destroy(monitor);
}

static void do_measures(const vpf_model *model, const vpf_data *data) {
  const double sigmas[] = {0.1, 0.5};
  const size_t steps[] = {3};
  float points[ROWS * VISIBLE];
  double mean, stderr_mean, sigma, rho, w2, means[VISIBLE], pairs[VISIBLE * VISIBLE], chain[2 * 8];
  size_t counts[4];
  OK(vpf_data_to_f32(data, points));
  OK(vpf_parzen(points, ROWS, points, ROWS, VISIBLE, 0.2, &mean, &stderr_mean));
  OK(vpf_parzen_select_sigma(points, ROWS, points, ROWS, VISIBLE, sigmas, 2, &sigma));
  REPORT(vpf_parzen_report, parzen);
  OK(vpf_parzen_generated(model, 10, 3, NULL, 1, 2, points, ROWS, 0.2, &parzen.report));
  INTACT(parzen);
  OK(vpf_parzen_generated_by_pair(model, 10, steps, NULL, 1, 2, points, ROWS, 0.2, &parzen.report));
  INTACT(parzen);
  CHECK(parzen.report.draws == 2);
  OK(vpf_weight_metrics(model, 0, &rho, &w2));
  OK(vpf_activation_histogram(model, data, 1, 4, counts));
  CHECK(counts[0] + counts[1] + counts[2] + counts[3] == HIDDEN);
  REPORT(vpf_activity, activity);
  OK(vpf_layer_activity(model, data, 1, &activity.report));
  INTACT(activity);
  OK(vpf_moments(data, means, pairs));
  REPORT(vpf_moment_comparison, moments);
  OK(vpf_compare_moments(data, data, &moments.report));
  INTACT(moments);
  CHECK(moments.report.mean_rms <= 0);
  for (int k = 0; k < 16; k++) chain[k] = k % 3;
  REPORT(vpf_chain_report, chains);
  OK(vpf_chain_diagnostics(chain, 2, 8, &chains.report));
  INTACT(chains);
  CHECK(chains.report.ess > 0);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2; /* a file to write */
  CHECK(vpf_version_number() / 10000 == VPF_VERSION_MAJOR && *vpf_version_string() == '1');
  CHECK(*vpf_error_message() == 0);
  CHECK(strcmp(vpf_status_name(VPF_ERR_IO), "VPF_ERR_IO") == 0 && *vpf_status_string(VPF_ERR_IO));
  const vpf_allocator counting = {.struct_size = sizeof counting, .allocate = allocate, .release = release, .user = &live};
  OK(vpf_set_allocator(&counting));

  vpf_data *data = make_rows();
  vpf_model *model = make_model(argv[1]);
  do_mathematics(model, data);
  do_training(&model, data, argv[1]);
  do_sampling(model, data);
  do_likelihoods(model, data);
  do_measures(model, data);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
  CHECK(live == 0);
  return 0;
}
