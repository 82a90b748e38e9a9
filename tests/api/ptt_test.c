/* SPDX-License-Identifier: MIT */
/* Parallel trajectory tempering on data of four modes that Gibbs sampling does not leave, beside plain PCD. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/random_machine.h"

static const char *const FILE_NAME = "ptt_test.safetensors";

enum { VISIBLE = 12, HIDDEN = 8, ROWS = 1000, CHAINS = 100, MODES = 4, EPOCHS = 200 };

static const double WEIGHT[MODES] = {0.45, 0.1, 0.3, 0.15};

/* The left and the right half are each all off or all on, but for one bit in fifty. */
static vpf_data *four_modes(void) {
  uint8_t *bits = malloc((size_t)ROWS * VISIBLE);
  dice d = {31};
  for (size_t r = 0; r < ROWS; r++) {
    double u = ((double)r + 0.5) / ROWS;
    unsigned mode = 0;
    while (u > WEIGHT[mode]) u -= WEIGHT[mode++];
    for (size_t i = 0; i < VISIBLE; i++) {
      const unsigned on = i < VISIBLE / 2 ? mode & 1 : mode >> 1;
      bits[r * VISIBLE + i] = (uint8_t)(on ^ (dice_unit(&d) < 0.02));
    }
  }
  vpf_data *data = data_of_bits(bits, ROWS, VISIBLE);
  free(bits);
  return data;
}

static size_t mode_of(uint64_t state) {
  const uint64_t half = ((uint64_t)1 << VISIBLE / 2) - 1;
  return (__builtin_popcountll(state & half) > VISIBLE / 4 ? 1u : 0u) +
         (__builtin_popcountll(state >> VISIBLE / 2) > VISIBLE / 4 ? 2u : 0u);
}

/* What the data themselves would give each row: no machine can do better. */
static double best_likelihood(const vpf_data *data) {
  static size_t counts[1 << VISIBLE];
  memset(counts, 0, sizeof counts);
  uint8_t *bits = bits_of_data(data);
  double sum = 0;
  for (size_t r = 0; r < ROWS; r++) counts[brute_pack(bits + r * VISIBLE, VISIBLE)]++;
  for (size_t s = 0; s < 1 << VISIBLE; s++)
    if (counts[s]) sum += (double)counts[s] / ROWS * log((double)counts[s] / ROWS);
  free(bits);
  return sum;
}

typedef struct run {
  vpf_model *model;
  vpf_optimizer *optimizer;
} run;

static run start(vpf_method method, double rate) {
  const size_t sizes[] = {VISIBLE, HIDDEN};
  run r = {.model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1)};
  assert_ok(vpf_optimizer_create(&r.optimizer));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_METHOD, method));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, rate));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_WEIGHT_DECAY, 0));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_BATCH_SIZE, 100));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_PARTICLES, CHAINS));
  return r;
}

static void end(run *r) {
  vpf_model_destroy(r->model);
  vpf_optimizer_destroy(r->optimizer);
}

/* The bytes of a run's checkpoint; to be freed. */
static unsigned char *checkpoint_of(const run *r, size_t *size) {
  assert_ok(vpf_checkpoint_save(r->model, r->optimizer, FILE_NAME));
  FILE *file = fopen(FILE_NAME, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  unsigned char *byte = malloc(*size);
  rewind(file);
  assert_int_equal(fread(byte, 1, *size, file), *size);
  fclose(file);
  unlink(FILE_NAME);
  return byte;
}

/* Where a tensor begins in them. */
static size_t place_of(const unsigned char *byte, const char *tensor) {
  char key[80];
  uint64_t header = 0;
  unsigned long begin;
  for (int k = 7; k >= 0; k--) header = header << 8 | byte[k];
  snprintf(key, sizeof key, "\"%s\":{", tensor);
  const char *entry = strstr((const char *)byte + 8, key);
  assert_non_null(entry);
  assert_int_equal(sscanf(strstr(entry, "data_offsets"), "data_offsets\":[%lu", &begin), 1);
  return 8 + header + begin;
}

/* The visible bits of the chains, from a checkpoint; out: how many are in each mode. */
static void modes_of_chains(const run *r, const char *tensor, double out[MODES]) {
  size_t size;
  unsigned char *byte = checkpoint_of(r, &size);
  memset(out, 0, MODES * sizeof *out);
  for (size_t c = 0; c < CHAINS; c++) {
    const unsigned char *word = byte + place_of(byte, tensor) + 8 * c;
    out[mode_of((uint64_t)word[0] | (uint64_t)word[1] << 8)] += 1.0 / CHAINS;
  }
  free(byte);
}

/* The probabilities that the machine gives them. */
static void modes_of_machine(const vpf_model *model, double out[MODES]) {
  brute_machine *machine = brute_read(model);
  long double log_p[1 << VISIBLE], most = -HUGE_VALL, sum = 0;
  uint8_t x[VISIBLE];
  for (size_t s = 0; s < 1 << VISIBLE; s++) {
    brute_unpack(s, VISIBLE, x);
    log_p[s] = brute_log_sum_hidden(machine, x);
    most = fmaxl(most, log_p[s]);
  }
  for (size_t s = 0; s < 1 << VISIBLE; s++) sum += expl(log_p[s] - most);
  memset(out, 0, MODES * sizeof *out);
  for (size_t s = 0; s < 1 << VISIBLE; s++) out[mode_of(s)] += (double)(expl(log_p[s] - most) / sum);
  brute_free(machine);
}

static double likelihood(const run *r, const vpf_data *data) {
  double log_z, mean;
  assert_ok(vpf_exact_log_partition(r->model, &log_z));
  assert_ok(vpf_log_likelihood(r->model, data, log_z, &mean));
  return mean;
}

static double most_apart(const double a[MODES], const double b[MODES]) {
  double most = 0;
  for (size_t k = 0; k < MODES; k++) most = fmax(most, fabs(a[k] - b[k]));
  return most;
}

/* The likelihood comes near to the best there is, and the chains are in the modes as often as the machine itself, while those
 * of PCD are anywhere, and its machine with them. */
static void chains_stay_at_equilibrium(void **state) {
  (void)state;
#ifdef VPF_SANITIZED
  skip(); /* it judges what is learned, by code that the others run too */
#endif
  vpf_data *data = four_modes();
  const double best = best_likelihood(data);
  double apart[2] = {0}, mean[2], chains[MODES], machine[MODES];
  const vpf_method method[2] = {VPF_METHOD_PCD, VPF_METHOD_PTT};
  for (int k = 0; k < 2; k++) {
    run r = start(method[k], 0.01);
    mean[k] = 0;
    for (int part = 0; part < 10; part++) { /* of the second half, as PCD goes up and down */
      assert_ok(vpf_train(r.model, data, r.optimizer, EPOCHS / 10, NULL, NULL));
      modes_of_chains(&r, k ? "optimizer.rungs.chains.0" : "optimizer.particles.0", chains);
      modes_of_machine(r.model, machine);
      apart[k] += most_apart(chains, machine) / 10;
      if (part >= 5) mean[k] += likelihood(&r, data) / 5;
    }
    end(&r);
  }
  print_message("best %.3f, PCD %.3f (modes off by %.3f), PTT %.3f (%.3f)\n", best, mean[0], apart[0], mean[1], apart[1]);
  assert_true(mean[1] > best - 0.3);
  assert_true(mean[0] < best - 1);
  assert_true(apart[1] < 0.12); /* 100 chains: about 0.05 by chance, and as much by chance of the pools */
  assert_true(apart[0] > 0.2);
  vpf_data_destroy(data);
}

/* log Z of each rung and, appended, of the machine itself; and the ladder samples it. */
static void the_ladder_of_training_knows_log_z(void **state) {
  (void)state;
  vpf_data *data = four_modes();
  run r = start(VPF_METHOD_PTT, 0.01);
  vpf_ladder *ladder = NULL;
  assert_status(vpf_ladder_of_optimizer(&ladder, r.optimizer), VPF_ERR_STATE);
  assert_null(ladder);
  assert_ok(vpf_train(r.model, data, r.optimizer, 100, NULL, NULL));
  assert_ok(vpf_ladder_of_optimizer(&ladder, r.optimizer));
  assert_true(vpf_ladder_rungs(ladder) > 2);
  assert_ok(vpf_ladder_append(ladder, r.model, 1, NULL));
  for (size_t k = 0; k < vpf_ladder_rungs(ladder); k++) {
    vpf_ladder_rung_report rung = {.struct_size = sizeof rung};
    vpf_model *model = NULL;
    double log_z;
    assert_ok(vpf_ladder_rung(ladder, k, &rung));
    assert_ok(vpf_ladder_model(ladder, k, &model));
    assert_ok(vpf_exact_log_partition(model, &log_z));
    assert_close(rung.log_z, log_z, 4 * rung.log_z_stderr + 1e-6);
    vpf_model_destroy(model);
  }
  vpf_ladder_report report = {.struct_size = sizeof report};
  assert_ok(vpf_ladder_sample(ladder, NULL, 200, 100, 1, NULL, &report));
  double log_z;
  assert_ok(vpf_exact_log_partition(r.model, &log_z));
  assert_close(report.log_z, log_z, 4 * report.log_z_stderr);
  assert_true(report.round_trips > 100 && report.split_rhat < 1.05);
  vpf_ladder_destroy(ladder);
  assert_status(vpf_ladder_of_optimizer(NULL, r.optimizer), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_of_optimizer(&ladder, NULL), VPF_ERR_ARGUMENT);
  end(&r);
  vpf_data_destroy(data);
}

static int stop_at_third_batch(const vpf_progress *p, void *user) {
  (void)user;
  return p->event == VPF_PROGRESS_BATCH && p->batch == 3;
}

/* Stopped inside epochs, after epochs, and through files: the bits of a run in one go. With a rate so high that machines are
 * taken back, and at the end so low that they are not. */
static void a_run_in_parts_has_the_bits_of_one(void **state) {
  (void)state;
  enum { PARTS = 12 }; /* each way to stop and to save, beside each other */
  vpf_data *data = four_modes();
  static const double rates[] = {0.01, 0.3};
  for (size_t k = 0; k < 2; k++) {
    run whole = start(VPF_METHOD_PTT, rates[k]), parts = start(VPF_METHOD_PTT, rates[k]);
    assert_ok(vpf_optimizer_set(parts.optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
    assert_ok(vpf_optimizer_set(whole.optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
    assert_ok(vpf_train(whole.model, data, whole.optimizer, PARTS, NULL, NULL));
    for (int epoch = 0; epoch < PARTS; epoch++) {
      if (epoch % 3 == 0) {
        assert_ok(vpf_train(parts.model, data, parts.optimizer, 1, stop_at_third_batch, NULL));
        fixture_through_the_file(&parts.model, &parts.optimizer, FILE_NAME);
      }
      assert_ok(vpf_train(parts.model, data, parts.optimizer, 1, NULL, NULL));
      if (epoch % 4 == 0) fixture_through_the_file(&parts.model, &parts.optimizer, FILE_NAME);
    }
    assert_true(fixture_same_params(whole.model, parts.model));
    assert_ok(vpf_checkpoint_save(whole.model, whole.optimizer, FILE_NAME));
    assert_ok(vpf_checkpoint_save(parts.model, parts.optimizer, "parts.safetensors"));
    fixture_assert_same_files(FILE_NAME, "parts.safetensors");
    end(&whole);
    end(&parts);
  }
  vpf_data_destroy(data);
  unlink(FILE_NAME);
  unlink("parts.safetensors");
}

/* A rate of 0.3 for every weight at once would lead anywhere; steps after which hardly an exchange would be accepted are taken
 * back, so the chains stay with the machine. */
static void steps_that_are_too_long_are_taken_back(void **state) {
  (void)state;
  vpf_data *data = four_modes();
  run r = start(VPF_METHOD_PTT, 0.3);
  assert_ok(vpf_train(r.model, data, r.optimizer, 50, NULL, NULL));
  double chains[MODES], machine[MODES];
  modes_of_chains(&r, "optimizer.rungs.chains.0", chains);
  modes_of_machine(r.model, machine);
  assert_true(most_apart(chains, machine) < 0.2);
  vpf_ladder *ladder = NULL;
  assert_ok(vpf_ladder_of_optimizer(&ladder, r.optimizer));
  for (size_t k = 1; k < vpf_ladder_rungs(ladder); k++) {
    vpf_ladder_rung_report rung = {.struct_size = sizeof rung};
    assert_ok(vpf_ladder_rung(ladder, k, &rung));
    assert_true(rung.acceptance >= 0.1);
  }
  vpf_ladder_destroy(ladder);
  end(&r);
  vpf_data_destroy(data);
}

/* Parameters that someone else has set are not taken for a step to be taken back: the ladder follows them. */
static void a_machine_that_was_moved_is_followed(void **state) {
  (void)state;
  vpf_data *data = four_modes();
  run r = start(VPF_METHOD_PTT, 1e-6);
  float theta[VISIBLE * HIDDEN + VISIBLE + HIDDEN], after[VISIBLE * HIDDEN + VISIBLE + HIDDEN];
  dice d = {8};
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, NULL, NULL));
  for (size_t k = 0; k < vpf_model_param_count(r.model); k++) theta[k] = (float)dice_normal(&d);
  assert_ok(vpf_model_set_params(r.model, theta));
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, NULL, NULL));
  assert_ok(vpf_model_get_params(r.model, after));
  for (size_t k = 0; k < vpf_model_param_count(r.model); k++) assert_close(after[k], theta[k], 1e-3);
  vpf_ladder *ladder = NULL;
  assert_ok(vpf_ladder_of_optimizer(&ladder, r.optimizer));
  assert_ok(vpf_ladder_append(ladder, r.model, 1, NULL));
  vpf_ladder_rung_report rung = {.struct_size = sizeof rung};
  double log_z;
  assert_ok(vpf_ladder_rung(ladder, vpf_ladder_rungs(ladder) - 1, &rung));
  assert_ok(vpf_exact_log_partition(r.model, &log_z));
  assert_close(rung.log_z, log_z, 5 * rung.log_z_stderr);
  vpf_ladder_destroy(ladder);
  end(&r);
  vpf_data_destroy(data);
}

static void threads_do_not_matter(void **state) {
  (void)state;
  vpf_data *data = four_modes();
  for (int threads = 1; threads <= 3; threads++) {
    run r = start(VPF_METHOD_PTT, 0.02);
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_THREADS, threads));
    assert_ok(vpf_train(r.model, data, r.optimizer, 10, NULL, NULL));
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_THREADS, 0));
    assert_ok(vpf_checkpoint_save(r.model, r.optimizer, threads == 1 ? FILE_NAME : "other.safetensors"));
    if (threads > 1) fixture_assert_same_files(FILE_NAME, "other.safetensors");
    end(&r);
  }
  vpf_data_destroy(data);
  unlink(FILE_NAME);
  unlink("other.safetensors");
}

/* Put a number of 8 bytes into a tensor, under a right checksum. What is not refused can be trained on, which is for the
 * sanitizers to see. */
static bool is_refused(const unsigned char *byte, size_t size, const char *tensor, size_t at, uint64_t value,
                       const vpf_data *data) {
  static const char key[] = "\"vpf_crc32\":\"";
  unsigned char *copy = malloc(size), *digits = copy;
  char text[9];
  memcpy(copy, byte, size);
  unsigned char *number = copy + place_of(byte, tensor) + 8 * at;
  for (size_t k = 0; k < 8; k++) number[k] = (unsigned char)(value >> 8 * k);
  while (memcmp(digits, key, sizeof key - 1) != 0) digits++;
  memset(digits + sizeof key - 1, '0', 8);
  snprintf(text, sizeof text, "%08lx", crc32(crc32(0, NULL, 0), copy, (uInt)size));
  memcpy(digits + sizeof key - 1, text, 8);
  FILE *file = fopen(FILE_NAME, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(copy, 1, size, file), size);
  fclose(file);
  free(copy);
  run out = {0};
  const vpf_status status = vpf_checkpoint_load(&out.model, &out.optimizer, FILE_NAME);
  assert_true(status == VPF_OK || status == VPF_ERR_FORMAT);
  if (!status) vpf_train(out.model, data, out.optimizer, 1, stop_at_third_batch, NULL);
  end(&out);
  unlink(FILE_NAME);
  return status != VPF_OK;
}

static void no_checkpoint_is_believed_that_contradicts_itself(void **state) {
  (void)state;
  const uint64_t values[] = {0, 1, 2, 65, 99, 1001, (uint64_t)1 << 40, UINT64_MAX}, nan = 0x7ff8000000000000u;
  enum { FIRST = 34, COUNT = 9 }; /* its numbers in optimizer.state */
  vpf_data *data = four_modes();
  size_t size, refused = 0;
  run r = start(VPF_METHOD_PTT, 0.02);
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
  assert_ok(vpf_train(r.model, data, r.optimizer, 10, NULL, NULL));
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, stop_at_third_batch, NULL));
  unsigned char *byte = checkpoint_of(&r, &size);
  for (size_t at = FIRST; at < FIRST + COUNT; at++)
    for (size_t v = 0; v < sizeof values / sizeof *values; v++)
      refused += is_refused(byte, size, "optimizer.state", at, values[v], data);
  assert_true(refused > 25);
  assert_true(is_refused(byte, size, "optimizer.rungs.1.numbers", 0, nan, data));
  assert_true(is_refused(byte, size, "optimizer.rungs.1.pool", 5, (uint64_t)1 << VISIBLE, data));
  assert_true(is_refused(byte, size, "optimizer.rungs.chains.0", 5, (uint64_t)1 << VISIBLE, data));
  assert_true(is_refused(byte, size, "optimizer.rungs.0.weight", 3, UINT64_MAX, data)); /* two NaNs */
  assert_false(is_refused(byte, size, "optimizer.rungs.after", 3, nan, data)); /* the machine has been moved, that says */
  free(byte);
  end(&r);
  vpf_data_destroy(data);
}

static void other_machines_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {VISIBLE, 4, 3};
  const uint8_t intra[] = {0, 1};
  vpf_data *data = four_modes();
  for (size_t layers = 1; layers <= 3; layers++) {
    run r = start(VPF_METHOD_PTT, 0.01);
    vpf_model *model = fixture_model(sizes, layers, layers == 2 ? intra : NULL, VPF_COUPLING_PAIRWISE, 1);
    assert_status(vpf_train(model, data, r.optimizer, 1, NULL, NULL), VPF_ERR_UNSUPPORTED);
    assert_message_has("2 layers without intra-layer weights");
    vpf_model_destroy(model);
    end(&r);
  }
  vpf_data_destroy(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_stay_at_equilibrium),
      cmocka_unit_test(the_ladder_of_training_knows_log_z),
      cmocka_unit_test(a_run_in_parts_has_the_bits_of_one),
      cmocka_unit_test(steps_that_are_too_long_are_taken_back),
      cmocka_unit_test(a_machine_that_was_moved_is_followed),
      cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(no_checkpoint_is_believed_that_contradicts_itself),
      cmocka_unit_test(other_machines_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
