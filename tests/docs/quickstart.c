/* SPDX-License-Identifier: MIT */
/* Calls every function of docs/quickstart.md, on small machines, and checks a fact or two about each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vpf.h>

typedef struct watcher {
  vpf_monitor *monitor;
  const vpf_model *model;
  const vpf_data *validation;
  vpf_status status;
} watcher;

vpf_status fill_in(const vpf_model *model, const vpf_data *images, const uint8_t *missing, const uint8_t *known,
                   float *probs, double *error);
vpf_status make_dbm(vpf_model **out);
vpf_status from_bytes(vpf_data **out, const uint8_t *pixels, size_t rows, size_t cols);
vpf_status from_floats(vpf_data **out, const float *values, size_t rows, size_t cols);
vpf_status split(vpf_data **train, vpf_data **validation, const vpf_data *all, size_t held);
vpf_status train(vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer);
int watch_likelihood(const vpf_progress *p, void *user);
vpf_status train_watched(vpf_model *model, const vpf_data *data, const vpf_data *validation, vpf_optimizer *optimizer,
                         const char *path);
vpf_status start_with_flow(vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer);
vpf_status resume(const char *path, const vpf_data *data, size_t epochs);

enum { ROWS = 40, COLS = 6 };

static void check_at(int holds, int line, const char *what) {
  if (holds) return;
  printf("tests/docs/quickstart.c:%d: %s; the last failure: %s\n", line, what, vpf_error_message());
  exit(1);
}
#define CHECK(what) check_at(what, __LINE__, #what)

/* Rows of which the two halves are the opposite of each other. */
static vpf_data *halves(void) {
  uint8_t pixels[ROWS * COLS];
  for (size_t i = 0; i < ROWS * COLS; ++i) pixels[i] = (i % COLS < COLS / 2) == (i / COLS % 2 == 0) ? 255 : 0;
  vpf_data *data = NULL;
  CHECK(from_bytes(&data, pixels, ROWS, COLS) == VPF_OK);
  return data;
}

static vpf_model *rbm(void) {
  const size_t sizes[] = {COLS, 3};
  vpf_model *model = NULL;
  CHECK(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE) == VPF_OK);
  CHECK(vpf_model_init(model, 1) == VPF_OK);
  return model;
}

static vpf_optimizer *new_optimizer(void) {
  vpf_optimizer *optimizer = NULL;
  CHECK(vpf_optimizer_create(&optimizer) == VPF_OK);
  return optimizer;
}

static double option(const vpf_optimizer *optimizer, vpf_option key) {
  double value = 0;
  CHECK(vpf_optimizer_get(optimizer, key, &value) == VPF_OK);
  return value;
}

static size_t epochs(const vpf_optimizer *optimizer) {
  size_t done = 0;
  CHECK(vpf_optimizer_position(optimizer, &done, NULL) == VPF_OK);
  return done;
}

static void data_have_their_bits(void) {
  vpf_data *data = halves(), *levels = NULL, *most = NULL, *held = NULL;
  uint8_t bits[ROWS * COLS];
  CHECK(vpf_data_rows(data) == ROWS && vpf_data_cols(data) == COLS);
  CHECK(vpf_data_to_u8(data, bits) == VPF_OK);
  CHECK(memcmp(bits, (const uint8_t[]){1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1}, 12) == 0);

  const float values[] = {0, 0.5f, 0.75f, 1, 0, 0};
  CHECK(from_floats(&levels, values, 2, 3) == VPF_OK);
  CHECK(vpf_data_to_u8(levels, bits) == VPF_OK);
  CHECK(memcmp(bits, (const uint8_t[]){0, 0, 1, 1, 0, 0}, 6) == 0);

  CHECK(split(&most, &held, data, 10) == VPF_OK);
  CHECK(vpf_data_rows(most) == ROWS - 10 && vpf_data_rows(held) == 10);
  vpf_data_destroy(held);
  vpf_data_destroy(most);
  vpf_data_destroy(levels);
  vpf_data_destroy(data);
}

static void the_deep_machine_has_its_layers(void) {
  vpf_model *model = NULL;
  CHECK(make_dbm(&model) == VPF_OK);
  CHECK(vpf_model_layers(model) == 4 && vpf_model_units(model) == 784 + 196 + 196 + 64);
  CHECK(!vpf_model_has_intra(model, 0) && vpf_model_has_intra(model, 1) && vpf_model_has_intra(model, 3));
  vpf_model_destroy(model);
}

/* What is missing is the opposite of what is known, which a trained machine has learned. */
static void training_helps_filling_in(void) {
  vpf_data *data = halves();
  vpf_model *model = rbm();
  vpf_optimizer *optimizer = new_optimizer();
  const uint8_t missing[COLS] = {0, 0, 0, 1, 1, 1}, known[COLS] = {1, 1, 1, 0, 0, 0};
  float probs[ROWS * COLS];
  double before = 0, after = 0;
  CHECK(fill_in(model, data, missing, known, probs, &before) == VPF_OK);
  CHECK(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, 0.1) == VPF_OK);
  CHECK(train(model, data, optimizer) == VPF_OK);
  CHECK(epochs(optimizer) == 200 && vpf_optimizer_last_stop(optimizer) == VPF_STOP_EPOCHS);
  CHECK(vpf_optimizer_get_seed(optimizer) == 7 && option(optimizer, VPF_OPTION_LEARNING_RATE) == 1e-4);
  CHECK(fill_in(model, data, missing, known, probs, &after) == VPF_OK);
  CHECK(after < before / 2);
  for (size_t i = 0; i < ROWS * COLS; ++i) CHECK(probs[i] >= 0 && probs[i] <= 1);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

static void the_best_model_is_kept(void) {
  vpf_data *all = halves(), *data = NULL, *validation = NULL;
  vpf_model *model = rbm(), *best = NULL;
  vpf_optimizer *optimizer = new_optimizer();
  CHECK(split(&data, &validation, all, 10) == VPF_OK);
  CHECK(train_watched(model, data, validation, optimizer, "watched.safetensors") == VPF_OK);
  CHECK(vpf_model_load(&best, "watched.safetensors") == VPF_OK);
  CHECK(vpf_model_units(best) == vpf_model_units(model));

  watcher w = {.model = model, .validation = validation};
  CHECK(vpf_monitor_create(&w.monitor, NULL, 1) == VPF_OK);
  const vpf_progress early = {.struct_size = sizeof early, .event = VPF_PROGRESS_EPOCH, .epoch = 4};
  const vpf_progress due = {.struct_size = sizeof due, .event = VPF_PROGRESS_EPOCH, .epoch = 5};
  CHECK(watch_likelihood(&early, &w) == 0 && vpf_monitor_checks(w.monitor) == 0);
  CHECK(watch_likelihood(&due, &w) == 0 && vpf_monitor_checks(w.monitor) == 1);
  CHECK(watch_likelihood(&due, &w) == 1 && w.status == VPF_OK); /* nothing better has come */
  vpf_monitor_destroy(w.monitor);
  vpf_model_destroy(best);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(validation);
  vpf_data_destroy(data);
  vpf_data_destroy(all);
}

static void the_method_changes(void) {
  vpf_data *data = halves();
  vpf_model *model = rbm();
  vpf_optimizer *optimizer = new_optimizer();
  CHECK(start_with_flow(model, data, optimizer) == VPF_OK);
  CHECK(epochs(optimizer) == 20 && option(optimizer, VPF_OPTION_METHOD) == VPF_METHOD_PCD);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

/* Two epochs and three more are five, and the model file holds the same machine. */
static void a_run_is_resumed(void) {
  vpf_data *data = halves();
  vpf_model *model = rbm(), *resumed = NULL;
  vpf_optimizer *optimizer = new_optimizer();
  float straight[COLS * 3], again[COLS * 3];
  CHECK(vpf_train(model, data, optimizer, 2, NULL, NULL) == VPF_OK);
  CHECK(vpf_checkpoint_save(model, optimizer, "checkpoint.safetensors") == VPF_OK);
  CHECK(resume("checkpoint.safetensors", data, 3) == VPF_OK);
  CHECK(vpf_train(model, data, optimizer, 3, NULL, NULL) == VPF_OK);
  CHECK(vpf_model_load(&resumed, "model.safetensors") == VPF_OK);
  CHECK(vpf_model_get_weights(model, 0, straight) == VPF_OK && vpf_model_get_weights(resumed, 0, again) == VPF_OK);
  CHECK(memcmp(straight, again, sizeof straight) == 0);
  vpf_model_destroy(resumed);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

int main(void) {
  data_have_their_bits();
  the_deep_machine_has_its_layers();
  training_helps_filling_in();
  the_best_model_is_kept();
  the_method_changes();
  a_run_is_resumed();
  return 0;
}
