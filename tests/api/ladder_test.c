/* SPDX-License-Identifier: MIT */
/* Ladders: machines whose modes Gibbs sampling does not leave, against enumeration. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/goodness.h"
#include "support/random_machine.h"

static const char *const FILE_NAME = "ladder_test.safetensors";

enum { VISIBLE = 12, HIDDEN = 8, UNITS = VISIBLE + HIDDEN, BLOCKS = 2, STATES = 1 << VISIBLE };

/* Two blocks of 6 visible and 4 hidden units, all on or all off together: four modes, of unequal weights. */
static vpf_model *four_modes(double w) {
  static const double tilt[BLOCKS] = {0.05, -0.12};
  float weights[VISIBLE * HIDDEN] = {0}, visible[VISIBLE], hidden[HIDDEN];
  const size_t sizes[] = {VISIBLE, HIDDEN};
  vpf_model *model = NULL;
  for (size_t i = 0; i < VISIBLE; i++) {
    const size_t block = i / (VISIBLE / BLOCKS);
    for (size_t j = 0; j < HIDDEN; j++)
      if (j / (HIDDEN / BLOCKS) == block) weights[i * HIDDEN + j] = (float)(w * (1 + 0.05 * (double)((i + 2 * j) % 3)));
    visible[i] = (float)tilt[block];
  }
  for (size_t i = 0; i < VISIBLE; i++)
    for (size_t j = 0; j < HIDDEN; j++) visible[i] -= weights[i * HIDDEN + j] / 2;
  for (size_t j = 0; j < HIDDEN; j++) {
    hidden[j] = 0;
    for (size_t i = 0; i < VISIBLE; i++) hidden[j] -= weights[i * HIDDEN + j] / 2;
  }
  assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  assert_ok(vpf_model_set_weights(model, 0, weights));
  assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, visible));
  assert_ok(vpf_model_set_bias(model, 1, VPF_BIAS_UP, hidden));
  return model;
}

/* Which blocks are mostly on: 0 .. 3; 4 if one of them is half on. */
static size_t mode_of(const uint8_t *x) {
  size_t mode = 0;
  for (size_t b = 0; b < BLOCKS; b++) {
    size_t on = 0;
    for (size_t i = 0; i < VISIBLE / BLOCKS; i++) on += x[b * VISIBLE / BLOCKS + i];
    if (2 * on == VISIBLE / BLOCKS) return 4;
    if (2 * on > VISIBLE / BLOCKS) mode += (size_t)1 << b;
  }
  return mode;
}

/* log Z, the probability of each mode and the means of all visible units, by enumeration. */
typedef struct truth {
  long double log_z, mode[5], mean[VISIBLE];
} truth;

static truth enumerate(const vpf_model *model) {
  brute_machine *machine = brute_read(model);
  static long double log_p[STATES];
  long double most = -HUGE_VALL, sum = 0;
  truth t = {0};
  uint8_t x[VISIBLE];
  for (size_t s = 0; s < STATES; s++) {
    brute_unpack(s, VISIBLE, x);
    log_p[s] = brute_log_sum_hidden(machine, x);
    most = fmaxl(most, log_p[s]);
  }
  for (size_t s = 0; s < STATES; s++) sum += expl(log_p[s] - most);
  t.log_z = most + logl(sum);
  for (size_t s = 0; s < STATES; s++) {
    const long double p = expl(log_p[s] - t.log_z);
    brute_unpack(s, VISIBLE, x);
    t.mode[mode_of(x)] += p;
    for (size_t i = 0; i < VISIBLE; i++) t.mean[i] += x[i] * p;
  }
  brute_free(machine);
  return t;
}

/* The p-value of the modes of some states. */
static double fit_of_modes(const vpf_data *states, const truth *t, size_t counts[5]) {
  uint8_t *bits = bits_of_data(states);
  const size_t rows = vpf_data_rows(states), cols = vpf_data_cols(states);
  memset(counts, 0, 5 * sizeof *counts);
  for (size_t r = 0; r < rows; r++) counts[mode_of(bits + r * cols)]++;
  free(bits);
  return chi_square_fit(counts, t->mode, 5, NULL);
}

static vpf_ladder *ladder_of(const vpf_model *model, uint64_t seed) {
  vpf_ladder *ladder = NULL;
  const vpf_ladder_settings settings = {.struct_size = sizeof settings, .seed = seed};
  assert_ok(vpf_ladder_create(&ladder, model, NULL, &settings));
  return ladder;
}

static vpf_ladder_rung_report rung_of(const vpf_ladder *ladder, size_t rung) {
  vpf_ladder_rung_report report = {.struct_size = sizeof report};
  assert_ok(vpf_ladder_rung(ladder, rung, &report));
  return report;
}

/* 500 sweeps of Gibbs sampling stay in the mode where they begin, and the ladder finds all of them. */
static void a_ladder_finds_modes_that_gibbs_sampling_does_not_leave(void **state) {
  (void)state;
  enum { COUNT = 2000 };
  vpf_model *model = four_modes(2.4);
  const truth t = enumerate(model);
  size_t counts[5];
  vpf_data *states = NULL;
  uint8_t *off = calloc(COUNT, UNITS);
  vpf_data *start = data_of_bits(off, COUNT, UNITS);
  assert_ok(vpf_gibbs(model, start, NULL, 500, 3, &states));
  fit_of_modes(states, &t, counts);
  assert_true(counts[0] > 95 * COUNT / 100);
  assert_true(t.mode[0] > 0.1L && t.mode[0] < 0.5L);
  vpf_data_destroy(states);

  vpf_ladder *ladder = ladder_of(model, 5);
  vpf_ladder_report report = {.struct_size = sizeof report};
  assert_ok(vpf_ladder_sample(ladder, NULL, COUNT, 200, 7, &states, &report));
  assert_true(fit_of_modes(states, &t, counts) > GOODNESS_LEAST_P);
  uint8_t *bits = bits_of_data(states);
  for (size_t i = 0; i < VISIBLE; i++) {
    double mean = 0;
    for (size_t r = 0; r < COUNT; r++) mean += bits[r * UNITS + i] / (double)COUNT;
    const double p = (double)t.mean[i];
    assert_close(mean, p, 4.5 * sqrt(p * (1 - p) / COUNT));
  }
  assert_true(report.round_trips > 0 && report.arrivals >= report.round_trips);
  assert_true(report.split_rhat < 1.02);
  double log_z; /* and the bound is one */
  assert_ok(vpf_exact_log_partition(model, &log_z));
  assert_true(report.log_z_bound <= log_z + 1e-9 && report.log_z_bound > log_z - 3);
  assert_int_equal(report.disagree, 0);
  assert_int_equal(report.rungs, vpf_ladder_rungs(ladder));
  assert_true(report.acceptance_least > 0.2 && report.acceptance_mean >= report.acceptance_least);
  free(bits);
  free(off);
  vpf_data_destroy(start);
  vpf_data_destroy(states);
  vpf_ladder_destroy(ladder);
  vpf_model_destroy(model);
}

/* The joint states of a machine small enough to count them all: hidden units, too, are as they should be. */
static void states_have_the_exact_distribution(void **state) {
  (void)state;
  enum { COUNT = 40000, SMALL = 7 };
  dice d = {77};
  const size_t sizes[] = {4, 3};
  vpf_model *model = random_machine(&d, sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 2);
  brute_machine *machine = brute_read(model);
  long double *p = brute_distribution(machine);
  size_t counts[1 << SMALL] = {0};
  vpf_data *states = NULL;
  vpf_ladder *ladder = ladder_of(model, 6);
  assert_ok(vpf_ladder_sample(ladder, NULL, COUNT, 30, 8, &states, NULL));
  uint8_t *bits = bits_of_data(states);
  for (size_t r = 0; r < COUNT; r++) counts[brute_pack(bits + r * SMALL, SMALL)]++;
  assert_true(chi_square_fit(counts, p, 1 << SMALL, NULL) > GOODNESS_LEAST_P);
  free(bits);
  free(p);
  brute_free(machine);
  vpf_data_destroy(states);
  vpf_ladder_destroy(ladder);
  vpf_model_destroy(model);
}

/* Of the ladder's last rung, and of sampling: as many standard errors off as it should be. */
static void log_z_is_right_within_its_error(void **state) {
  (void)state;
  enum { SEEDS = 20 };
  vpf_model *model = four_modes(2);
  const double exact = (double)enumerate(model).log_z;
  double built = 0, sampled = 0;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    vpf_ladder *ladder = ladder_of(model, seed);
    vpf_ladder_report report = {.struct_size = sizeof report};
    const vpf_ladder_rung_report last = rung_of(ladder, vpf_ladder_rungs(ladder) - 1);
    assert_ok(vpf_ladder_sample(ladder, NULL, 100, 100, seed, NULL, &report));
    assert_true(last.log_z_stderr > 0 && last.log_z_stderr < 0.2);
    assert_true(report.log_z_stderr > 0 && report.log_z_stderr < 0.1);
    built += pow((last.log_z - exact) / last.log_z_stderr, 2) / SEEDS;
    sampled += pow((report.log_z - exact) / report.log_z_stderr, 2) / SEEDS;
    vpf_ladder_destroy(ladder);
  }
  print_message("mean squared z: %g built, %g sampled\n", built, sampled);
  assert_true(sampled > 0.3 && sampled < 2.2); /* chi-square of 20 / 20: outside with probability 1e-3 */
  assert_true(built > 0.2 && built < 3);       /* its samples are not quite independent */
  vpf_model_destroy(model);
}

static void rungs_are_as_far_apart_as_was_asked(void **state) {
  (void)state;
  vpf_model *model = four_modes(2.4);
  for (double wanted = 0.2; wanted < 0.9; wanted += 0.2) {
    vpf_ladder_settings settings = {.struct_size = sizeof settings, .acceptance = wanted, .seed = 9, .chains = 200};
    vpf_ladder *ladder = NULL;
    assert_ok(vpf_ladder_create(&ladder, model, NULL, &settings));
    const size_t rungs = vpf_ladder_rungs(ladder);
    assert_true(rungs > 3);
    assert_close(rung_of(ladder, 0).acceptance, 1, 0);
    for (size_t k = 1; k + 1 < rungs; k++) assert_close(rung_of(ladder, k).acceptance, wanted, 0.1);
    assert_true(rung_of(ladder, rungs - 1).acceptance > wanted - 0.1);
    vpf_ladder_destroy(ladder);
  }
  vpf_model_destroy(model);
}

/* The first rung is exact: log Z in closed form, with the means of the data. */
static void the_first_rung_has_the_means_of_the_data(void **state) {
  (void)state;
  vpf_model *model = four_modes(1), *first = NULL, *last = NULL;
  vpf_data *data = fixture_data(200, VISIBLE, 4);
  uint8_t *bits = bits_of_data(data);
  vpf_ladder *ladder = NULL;
  float bias[VISIBLE], weights[VISIBLE * HIDDEN];
  assert_ok(vpf_ladder_create(&ladder, model, data, NULL));
  assert_ok(vpf_ladder_model(ladder, 0, &first));
  assert_ok(vpf_ladder_model(ladder, vpf_ladder_rungs(ladder) - 1, &last));
  assert_true(fixture_same_params(last, model));
  assert_ok(vpf_model_get_bias(first, 0, VPF_BIAS_UP, bias));
  assert_ok(vpf_model_get_weights(first, 0, weights));
  for (size_t k = 0; k < VISIBLE * HIDDEN; k++) assert_true(weights[k] >= 0 && weights[k] <= 0);
  for (size_t i = 0; i < VISIBLE; i++) {
    double on = 0;
    for (size_t r = 0; r < 200; r++) on += bits[r * VISIBLE + i];
    assert_close(bias[i], log((on + 0.5) / (200 - on + 0.5)), 1e-5);
  }
  assert_close(rung_of(ladder, 0).log_z, (double)enumerate(first).log_z, 1e-6);
  free(bits);
  vpf_ladder_destroy(ladder);
  vpf_model_destroy(first);
  vpf_model_destroy(last);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

/* A model that moves, as in training: rungs are added when they are needed, and log Z stays right. */
static void a_ladder_follows_a_model(void **state) {
  (void)state;
  vpf_model *model = four_modes(0.1);
  vpf_ladder *ladder = ladder_of(model, 3);
  size_t added, calls = 0, silent = 0, before = vpf_ladder_rungs(ladder);
  assert_ok(vpf_ladder_append(ladder, model, 1, &added));
  assert_int_equal(added, 0);
  for (double w = 0.1; w < 2.2; w += 0.05, calls++) {
    vpf_model_destroy(model);
    model = four_modes(w);
    assert_ok(vpf_ladder_append(ladder, model, 0, &added));
    silent += added == 0;
    before += added;
    assert_int_equal(vpf_ladder_rungs(ladder), before);
  }
  assert_true(silent > calls / 4 && silent < calls);
  const double exact = (double)enumerate(model).log_z;
  vpf_ladder_report report = {.struct_size = sizeof report};
  assert_ok(vpf_ladder_sample(ladder, model, 200, 100, 1, NULL, &report));
  assert_int_equal(report.rungs, before + 1);
  assert_close(report.log_z, exact, 4 * report.log_z_stderr);
  assert_ok(vpf_ladder_append(ladder, model, 1, &added));
  assert_int_equal(added, 1);
  const vpf_ladder_rung_report last = rung_of(ladder, before);
  assert_close(last.log_z, exact, 5 * last.log_z_stderr);
  vpf_ladder_destroy(ladder);
  vpf_model_destroy(model);
}

static void a_ladder_that_fails_to_grow_is_as_before(void **state) {
  (void)state;
  vpf_model *model = four_modes(0.3), *far = four_modes(4);
  const vpf_ladder_settings settings = {.struct_size = sizeof settings, .acceptance = 0.8, .most_rungs = 6};
  vpf_ladder *ladder = NULL;
  size_t added = 77;
  assert_ok(vpf_ladder_create(&ladder, model, NULL, &settings));
  assert_ok(vpf_ladder_save(ladder, FILE_NAME));
  assert_status(vpf_ladder_append(ladder, far, 1, &added), VPF_ERR_LIMIT);
  assert_int_equal(added, 77);
  assert_ok(vpf_ladder_save(ladder, "after.safetensors"));
  fixture_assert_same_files(FILE_NAME, "after.safetensors");
  vpf_ladder_destroy(ladder);
  assert_status(vpf_ladder_create(&ladder, far, NULL, &settings), VPF_ERR_LIMIT);
  assert_null(ladder);
  vpf_model_destroy(model);
  vpf_model_destroy(far);
  unlink(FILE_NAME);
  unlink("after.safetensors");
}

static void threads_do_not_matter(void **state) {
  (void)state;
  static const size_t threads[] = {1, 2, 7};
  vpf_model *model = four_modes(1.5);
  vpf_data *first = NULL, *states = NULL;
  double log_z = 0;
  for (size_t k = 0; k < 3; k++) {
    vpf_set_threads(threads[k]);
    vpf_ladder *ladder = ladder_of(model, 2);
    vpf_ladder_report report = {.struct_size = sizeof report};
    assert_ok(vpf_ladder_sample(ladder, NULL, 33, 21, 5, &states, &report));
    assert_ok(vpf_ladder_save(ladder, k == 0 ? FILE_NAME : "other.safetensors"));
    vpf_ladder_destroy(ladder);
    if (k == 0) {
      first = states;
      log_z = report.log_z;
      continue;
    }
    fixture_assert_same_files(FILE_NAME, "other.safetensors");
    assert_same_rows(first, states);
    assert_close(report.log_z, log_z, 0);
    vpf_data_destroy(states);
  }
  vpf_set_threads(0);
  vpf_data_destroy(first);
  vpf_model_destroy(model);
  unlink(FILE_NAME);
  unlink("other.safetensors");
}

/* What is read goes on as what was saved would have. */
static void a_ladder_survives_its_file(void **state) {
  (void)state;
  vpf_model *model = four_modes(1), *more = four_modes(1.8);
  vpf_ladder *ladder = ladder_of(model, 4), *read = NULL;
  vpf_data *a = NULL, *b = NULL;
  assert_ok(vpf_ladder_save(ladder, FILE_NAME));
  assert_ok(vpf_ladder_load(&read, FILE_NAME));
  assert_ok(vpf_ladder_sample(ladder, NULL, 20, 10, 1, &a, NULL));
  assert_ok(vpf_ladder_sample(read, NULL, 20, 10, 1, &b, NULL));
  assert_same_rows(a, b);
  assert_ok(vpf_ladder_append(ladder, more, 1, NULL));
  assert_ok(vpf_ladder_append(read, more, 1, NULL));
  assert_ok(vpf_ladder_save(ladder, FILE_NAME));
  assert_ok(vpf_ladder_save(read, "read.safetensors"));
  fixture_assert_same_files(FILE_NAME, "read.safetensors");
  vpf_data_destroy(a);
  vpf_data_destroy(b);
  vpf_ladder_destroy(ladder);
  vpf_ladder_destroy(read);
  vpf_model_destroy(model);
  vpf_model_destroy(more);
  unlink(FILE_NAME);
  unlink("read.safetensors");
}

/* ---- Files from strangers ---- */

typedef struct file_bytes {
  unsigned char *byte;
  size_t size;
} file_bytes;

static file_bytes read_bytes(void) {
  FILE *file = fopen(FILE_NAME, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  file_bytes f = {.size = (size_t)ftell(file)};
  rewind(file);
  f.byte = malloc(f.size);
  assert_int_equal(fread(f.byte, 1, f.size, file), f.size);
  fclose(file);
  return f;
}

static void write_bytes(const file_bytes *f) {
  FILE *file = fopen(FILE_NAME, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(f->byte, 1, f->size, file), f->size);
  fclose(file);
}

static void seal(file_bytes *f) {
  static const char key[] = "\"vpf_crc32\":\"";
  unsigned char *digits = f->byte;
  char text[9];
  while (memcmp(digits, key, sizeof key - 1) != 0) digits++;
  digits += sizeof key - 1;
  memset(digits, '0', 8);
  snprintf(text, sizeof text, "%08lx", crc32(crc32(0, NULL, 0), f->byte, (uInt)f->size));
  memcpy(digits, text, 8);
}

static unsigned char *tensor_of(const file_bytes *f, const char *name) {
  char key[80];
  snprintf(key, sizeof key, "\"%s\":{", name);
  uint64_t header = 0;
  for (int k = 7; k >= 0; k--) header = header << 8 | f->byte[k];
  const char *entry = strstr((const char *)f->byte + 8, key);
  unsigned long begin;
  assert_non_null(entry);
  assert_int_equal(sscanf(strstr(entry, "data_offsets"), "data_offsets\":[%lu", &begin), 1);
  return f->byte + 8 + header + begin;
}

/* One number of a tensor is replaced, under a right checksum: refused, or harmless to use. */
static void try_number(const file_bytes *f, const vpf_model *model, const char *tensor, size_t at, size_t size,
                       uint64_t value, bool must_be_refused) {
  file_bytes copy = {.byte = malloc(f->size), .size = f->size};
  memcpy(copy.byte, f->byte, f->size);
  unsigned char *number = tensor_of(&copy, tensor) + size * at;
  for (size_t k = 0; k < size; k++) number[k] = (unsigned char)(value >> 8 * k);
  seal(&copy);
  write_bytes(&copy);
  free(copy.byte);
  vpf_ladder *ladder = NULL;
  const vpf_status status = vpf_ladder_load(&ladder, FILE_NAME);
  if (must_be_refused) assert_int_equal(status, VPF_ERR_FORMAT);
  assert_true(status == VPF_OK || status == VPF_ERR_FORMAT);
  if (status) {
    assert_null(ladder);
    return;
  }
  assert_ok(vpf_ladder_sample(ladder, model, 3, 4, 1, NULL, NULL));
  vpf_ladder_destroy(ladder);
}

static void no_file_is_believed_that_contradicts_itself(void **state) {
  (void)state;
  const uint64_t values[] = {0, 1, 2, 3, 5, 1000, 5000, (uint64_t)1 << 31, (uint64_t)1 << 40, UINT64_MAX};
  vpf_model *model = four_modes(0.5);
  const vpf_ladder_settings settings = {.struct_size = sizeof settings, .chains = 4, .reservoir = 9, .most_rungs = 50};
  vpf_ladder *ladder = NULL;
  assert_ok(vpf_ladder_create(&ladder, model, NULL, &settings));
  assert_ok(vpf_ladder_save(ladder, FILE_NAME));
  vpf_ladder_destroy(ladder);
  const file_bytes f = read_bytes();
  for (size_t at = 0; at < 6; at++)
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) try_number(&f, model, "ladder.state", at, 8, values[v], false);
  const uint64_t nan = 0x7ff8000000000000u, half = 0x3fe0000000000000u, two = 0x4000000000000000u;
  try_number(&f, model, "ladder.acceptance", 0, 8, nan, true);
  try_number(&f, model, "ladder.acceptance", 0, 8, two, true);
  try_number(&f, model, "ladder.acceptance", 0, 8, half, false);
  for (size_t at = 0; at < 4; at++) try_number(&f, model, "ladder.1.numbers", at, 8, nan, true);
  try_number(&f, model, "ladder.1.numbers", 2, 8, two, true);
  try_number(&f, model, "ladder.1.pool", 3, 8, (uint64_t)1 << VISIBLE, true);
  try_number(&f, model, "ladder.0.weight", 0, 4, 0x7fc00000u, true);
  try_number(&f, model, "ladder.0.bias.1", 2, 4, 0x7f800000u, true);
  try_number(&f, model, "bias.0", 2, 4, 0x3f800000u, true); /* not the last rung */
  free(f.byte);
  vpf_model_destroy(model);
  unlink(FILE_NAME);
}

static void no_damaged_byte_goes_unnoticed(void **state) {
  (void)state;
  vpf_model *model = four_modes(0.5);
  vpf_ladder *ladder = ladder_of(model, 1), *read = NULL;
  assert_ok(vpf_ladder_save(ladder, FILE_NAME));
  vpf_ladder_destroy(ladder);
  const file_bytes f = read_bytes();
  for (size_t k = 0; k < f.size; k += 1 + f.size / 200) {
    f.byte[k] ^= 0x21;
    write_bytes(&f);
    const vpf_status status = vpf_ladder_load(&read, FILE_NAME);
    assert_true(status == VPF_ERR_FORMAT || status == VPF_ERR_IO || status == VPF_ERR_MEMORY);
    assert_null(read);
    f.byte[k] ^= 0x21;
  }
  free(f.byte);
  vpf_model *none = NULL;
  assert_ok(vpf_model_save(model, FILE_NAME));
  assert_status(vpf_ladder_load(&read, FILE_NAME), VPF_ERR_FORMAT);
  assert_status(vpf_ladder_load(&read, "no-such-file"), VPF_ERR_IO);
  ladder = ladder_of(model, 1);
  assert_ok(vpf_ladder_save(ladder, FILE_NAME));
  assert_status(vpf_model_load(&none, FILE_NAME), VPF_ERR_FORMAT);
  vpf_ladder_destroy(ladder);
  vpf_model_destroy(model);
  unlink(FILE_NAME);
}

/* ---- Arguments ---- */

static void settings_out_of_range_are_refused(void **state) {
  (void)state;
  vpf_model *model = four_modes(0.5);
  vpf_ladder *ladder = NULL;
  const size_t size = sizeof(vpf_ladder_settings);
  const vpf_ladder_settings wrong[] = {{.struct_size = 8},
                                       {.struct_size = size, .chains = 1},
                                       {.struct_size = size, .chains = (size_t)1 << 25},
                                       {.struct_size = size, .reservoir = 99},
                                       {.struct_size = size, .acceptance = -0.1},
                                       {.struct_size = size, .acceptance = 0.995},
                                       {.struct_size = size, .acceptance = (double)NAN},
                                       {.struct_size = size, .most_rungs = 1},
                                       {.struct_size = size, .most_rungs = 4097}};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    assert_status(vpf_ladder_create(&ladder, model, NULL, &wrong[k]), VPF_ERR_ARGUMENT);
    assert_null(ladder);
  }
  vpf_model_destroy(model);
}

static void other_machines_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {VISIBLE, HIDDEN, 3};
  const uint8_t intra[2][2] = {{1, 0}, {0, 1}};
  vpf_ladder *ladder = NULL;
  for (size_t k = 0; k < 4; k++) {
    vpf_model *model = fixture_model(sizes, k == 0 ? 1 : k == 1 ? 3 : 2, k < 2 ? NULL : intra[k - 2],
                                     VPF_COUPLING_PAIRWISE, 1);
    assert_status(vpf_ladder_create(&ladder, model, NULL, NULL), VPF_ERR_UNSUPPORTED);
    assert_message_has("two layers");
    vpf_model_destroy(model);
  }
  vpf_model *model = four_modes(0.2), *small = fixture_model(sizes + 1, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = fixture_data(5, VISIBLE + 1, 1);
  assert_status(vpf_ladder_create(&ladder, model, data, NULL), VPF_ERR_SHAPE);
  ladder = ladder_of(model, 1);
  assert_status(vpf_ladder_append(ladder, small, 1, NULL), VPF_ERR_SHAPE);
  assert_status(vpf_ladder_sample(ladder, small, 5, 5, 1, NULL, NULL), VPF_ERR_SHAPE);
  vpf_ladder_destroy(ladder);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
  vpf_model_destroy(small);
}

static void wrong_arguments_are_refused(void **state) {
  (void)state;
  vpf_model *model = four_modes(0.2), *out = NULL;
  vpf_ladder *ladder = ladder_of(model, 1), *none = NULL;
  vpf_data *states = NULL;
  vpf_ladder_report report = {.struct_size = 8};
  vpf_ladder_rung_report rung = {.struct_size = sizeof rung};
  assert_status(vpf_ladder_create(NULL, model, NULL, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_create(&none, NULL, NULL, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_append(NULL, model, 0, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_append(ladder, NULL, 0, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_rung(NULL, 0, &rung), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_rung(ladder, 1000, &rung), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_rung(ladder, 0, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_model(ladder, 1000, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_model(ladder, 0, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_sample(NULL, NULL, 5, 5, 1, &states, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_sample(ladder, NULL, 0, 5, 1, &states, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_sample(ladder, NULL, 5, 3, 1, &states, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_sample(ladder, NULL, 5, 5, 1, &states, &report), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_save(NULL, FILE_NAME), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_save(ladder, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_load(NULL, FILE_NAME), VPF_ERR_ARGUMENT);
  assert_status(vpf_ladder_load(&none, NULL), VPF_ERR_ARGUMENT);
  assert_null(states);
  assert_int_equal(vpf_ladder_rungs(NULL), 0);
  vpf_ladder_destroy(NULL);
  report.struct_size = sizeof report;
  assert_ok(vpf_ladder_sample(ladder, NULL, 1, 4, 1, NULL, &report)); /* the least there can be */
  assert_true(isinf(report.log_z_stderr));
  vpf_ladder_destroy(ladder);
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ladder_finds_modes_that_gibbs_sampling_does_not_leave),
      cmocka_unit_test(states_have_the_exact_distribution),
      cmocka_unit_test(log_z_is_right_within_its_error),
      cmocka_unit_test(rungs_are_as_far_apart_as_was_asked),
      cmocka_unit_test(the_first_rung_has_the_means_of_the_data),
      cmocka_unit_test(a_ladder_follows_a_model),
      cmocka_unit_test(a_ladder_that_fails_to_grow_is_as_before),
      cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(a_ladder_survives_its_file),
      cmocka_unit_test(no_file_is_believed_that_contradicts_itself),
      cmocka_unit_test(no_damaged_byte_goes_unnoticed),
      cmocka_unit_test(settings_out_of_range_are_refused),
      cmocka_unit_test(other_machines_are_refused),
      cmocka_unit_test(wrong_arguments_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
