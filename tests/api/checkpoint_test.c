/* SPDX-License-Identifier: MIT */
/* Checkpoint files: old ones are read, all options survive, and a file from a stranger is not believed. That going on
 * from one gives the bits of a run that was never stopped is for resume_matrix_test.c. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static const char *const FILE_NAME = "checkpoint_test.safetensors";

/* Written by the first version, in the middle of its third epoch: files stay readable, and the
 * run goes on with the bits that version would have gone on with. */
static void a_checkpoint_of_the_first_version_goes_on(void **state) {
  (void)state;
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  vpf_data *data = NULL;
  uint8_t bits[60];
  for (int k = 0; k < 60; k++) bits[k] = (k * 7 + k / 6) % 3 == 0;
  assert_ok(vpf_data_from_u8(&data, bits, 10, 6, 0));
  assert_ok(vpf_checkpoint_load(&model, &optimizer, VPF_TESTS "/data/checkpoint-first.safetensors"));
  assert_ok(vpf_train(model, data, optimizer, 2, NULL, NULL));
  float theta[100];
  uint64_t hash = 1469598103934665603u;
  assert_ok(vpf_model_get_params(model, theta));
  for (size_t k = 0; k < vpf_model_param_count(model); k++) {
    uint32_t word;
    memcpy(&word, &theta[k], sizeof word);
    hash = (hash ^ word) * 1099511628211u;
  }
  assert_true(hash == 0xa60ac039d185563bu);
  vpf_model_destroy(model);
  vpf_optimizer_destroy(optimizer);
  vpf_data_destroy(data);
}

static int stop_at_once(const vpf_progress *p, void *user) {
  (void)p;
  (void)user;
  return 1;
}

static void options_seed_and_reason_survive(void **state) {
  (void)state;
  const size_t sizes[] = {4, 2};
  vpf_data *data = fixture_data(5, 4, 1);
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set_seed(optimizer, UINT64_MAX - 5));
  const vpf_option options[] = {VPF_OPTION_LEARNING_RATE, VPF_OPTION_GIBBS_STEPS, VPF_OPTION_PARTICLES,
                                VPF_OPTION_THREADS};
  const double values[] = {0.1 / 3, 17, 99, 5};
  for (int k = 0; k < 4; k++) assert_ok(vpf_optimizer_set(optimizer, options[k], values[k]));
  fixture_through_the_file(&model, &optimizer, FILE_NAME);
  for (int k = 0; k < 4; k++) {
    double value;
    assert_ok(vpf_optimizer_get(optimizer, options[k], &value));
    assert_close(value, values[k], 0);
  }
  assert_true(vpf_optimizer_get_seed(optimizer) == UINT64_MAX - 5);
  assert_int_equal(vpf_optimizer_last_stop(optimizer), VPF_STOP_NONE);
  assert_ok(vpf_train(model, data, optimizer, 3, stop_at_once, NULL));
  fixture_through_the_file(&model, &optimizer, FILE_NAME);
  assert_int_equal(vpf_optimizer_last_stop(optimizer), VPF_STOP_CALLBACK);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
  vpf_optimizer_destroy(optimizer);
  unlink(FILE_NAME);
}

static void a_model_and_an_optimizer_that_do_not_belong_together_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {4, 2}, other_sizes[] = {4, 3};
  vpf_data *data = fixture_data(5, 4, 1);
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_model *other = fixture_model(other_sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
  assert_status(vpf_checkpoint_save(other, optimizer, FILE_NAME), VPF_ERR_SHAPE);
  assert_int_not_equal(access(FILE_NAME, F_OK), 0);
  assert_status(vpf_checkpoint_save(NULL, optimizer, FILE_NAME), VPF_ERR_ARGUMENT);
  assert_status(vpf_checkpoint_save(model, NULL, FILE_NAME), VPF_ERR_ARGUMENT);
  assert_status(vpf_checkpoint_save(model, optimizer, NULL), VPF_ERR_ARGUMENT);
  vpf_model_destroy(model);
  vpf_model_destroy(other);
  vpf_optimizer_destroy(optimizer);
  vpf_data_destroy(data);
}

static void models_and_checkpoints_are_not_mistaken_for_each_other(void **state) {
  (void)state;
  const size_t sizes[] = {4, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1), *out = NULL;
  vpf_optimizer *optimizer = NULL, *out_optimizer = (vpf_optimizer *)(uintptr_t)sizes;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_model_save(model, FILE_NAME));
  assert_status(vpf_checkpoint_load(&out, &out_optimizer, FILE_NAME), VPF_ERR_FORMAT);
  assert_null(out);
  assert_null(out_optimizer);
  assert_ok(vpf_checkpoint_save(model, optimizer, FILE_NAME));
  assert_status(vpf_model_load(&out, FILE_NAME), VPF_ERR_FORMAT);
  assert_null(out);
  assert_status(vpf_checkpoint_load(&out, &out_optimizer, "no-such-file"), VPF_ERR_IO);
  assert_message_has("no-such-file");
  vpf_model_destroy(model);
  vpf_optimizer_destroy(optimizer);
  unlink(FILE_NAME);
}

/* Flip every byte of a file in turn: nothing may be accepted (the checksum sees to it), nothing
 * may crash. */
static void no_damaged_byte_goes_unnoticed(void **state) {
  (void)state;
  const size_t sizes[] = {5, 3};
  const uint8_t intra[] = {0, 1};
  vpf_data *data = fixture_data(5, 5, 1);
  vpf_model *model = fixture_model(sizes, 2, intra, VPF_COUPLING_PAIRWISE, 1), *out = NULL;
  vpf_optimizer *optimizer = NULL, *out_optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
  assert_ok(vpf_checkpoint_save(model, optimizer, FILE_NAME));
  FILE *file = fopen(FILE_NAME, "r+b");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  const long size = ftell(file);
  for (long k = 0; k < size; k += 1 + size / 1500) {
    fseek(file, k, SEEK_SET);
    const int c = getc(file);
    fseek(file, k, SEEK_SET);
    putc(c ^ 0x21, file);
    fflush(file);
    const vpf_status status = vpf_checkpoint_load(&out, &out_optimizer, FILE_NAME);
    assert_true(status == VPF_ERR_FORMAT || status == VPF_ERR_IO || status == VPF_ERR_MEMORY);
    assert_null(out);
    assert_null(out_optimizer);
    fseek(file, k, SEEK_SET);
    putc(c, file);
    fflush(file);
  }
  fclose(file);
  assert_ok(vpf_checkpoint_load(&out, &out_optimizer, FILE_NAME));
  vpf_model_destroy(out);
  vpf_optimizer_destroy(out_optimizer);
  vpf_model_destroy(model);
  vpf_optimizer_destroy(optimizer);
  vpf_data_destroy(data);
  unlink(FILE_NAME);
}

/* ---- Whole numbers that contradict each other, under a right checksum ---- */

enum { MOST_BYTES = 1 << 16 };

typedef struct file_bytes {
  unsigned char byte[MOST_BYTES];
  size_t size, state, numbers; /* where optimizer.state begins, and how many it has */
} file_bytes;

/* Files are little-endian, whatever the processor is. */
static uint64_t get_u64(const unsigned char bytes[8]) {
  uint64_t value = 0;
  for (int k = 7; k >= 0; k--) value = value << 8 | bytes[k];
  return value;
}

static void put_u64(unsigned char bytes[8], uint64_t value) {
  for (int k = 0; k < 8; k++) bytes[k] = (unsigned char)(value >> 8 * k);
}

/* Where a tensor begins and ends in the file, and the text about it in the header. */
typedef struct tensor_place {
  size_t begin, end;
  char *entry;
} tensor_place;

static tensor_place place_of(file_bytes *f, const char *name) {
  char key[80];
  snprintf(key, sizeof key, "\"%s\":{", name);
  const uint64_t header = get_u64(f->byte);
  tensor_place place = {.entry = strstr((char *)f->byte + 8, key)}; /* which is before the first byte 0 */
  assert_non_null(place.entry);
  unsigned long begin, end;
  assert_int_equal(sscanf(strstr(place.entry, "data_offsets"), "data_offsets\":[%lu,%lu]", &begin, &end), 2);
  place.begin = 8 + header + begin;
  place.end = 8 + header + end;
  return place;
}

static void read_bytes(file_bytes *f) {
  FILE *file = fopen(FILE_NAME, "rb");
  assert_non_null(file);
  f->size = fread(f->byte, 1, MOST_BYTES, file);
  fclose(file);
  assert_true(f->size < MOST_BYTES);
  const tensor_place state = place_of(f, "optimizer.state");
  f->state = state.begin;
  f->numbers = (state.end - state.begin) / 8;
}

/* Seal the file anew and write it. */
static void write_sealed(file_bytes *f) {
  static const char key[] = "\"vpf_crc32\":\"";
  unsigned char *digits = f->byte;
  while (memcmp(digits, key, sizeof key - 1) != 0) digits++;
  digits += sizeof key - 1;
  memset(digits, '0', 8);
  char text[9];
  snprintf(text, sizeof text, "%08lx", crc32(crc32(0, NULL, 0), f->byte, (uInt)f->size));
  memcpy(digits, text, 8);
  FILE *file = fopen(FILE_NAME, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(f->byte, 1, f->size, file), f->size);
  fclose(file);
}

/* Put a number into optimizer.state. */
static void write_with(file_bytes f, size_t at, uint64_t value) {
  put_u64(f.byte + f.state + 8 * at, value);
  write_sealed(&f);
}

static int stop_at_second_batch(const vpf_progress *p, void *user) {
  (void)user;
  return p->event == VPF_PROGRESS_BATCH && p->batch == 2;
}

/* Each whole number of the state is replaced by others. The file is refused, or what it holds can be
 * trained on without harm (which is for the sanitizers to see). */
static void no_state_is_believed_that_contradicts_itself(void **state) {
  (void)state;
  const size_t sizes[] = {20, 7, 5};
  const uint64_t values[] = {0, 1, 2, 3, 9, 1000, 100000, (uint64_t)1 << 40, UINT64_MAX};
  size_t refused = 0, accepted = 0;
  for (int method = VPF_METHOD_VPF; method <= VPF_METHOD_PCD; method++)
    for (int inside = 0; inside < 2; inside++) {
      static file_bytes file;
      vpf_data *data = fixture_data(12, 20, 1);
      vpf_model *model = fixture_model(sizes, 3, NULL, VPF_COUPLING_PAIRWISE, 1);
      vpf_optimizer *optimizer = NULL;
      assert_ok(vpf_optimizer_create(&optimizer));
      assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, method));
      assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PARTICLES, 9));
      assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 4));
      assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
      assert_ok(vpf_train(model, data, optimizer, 2, NULL, NULL));
      if (inside) assert_ok(vpf_train(model, data, optimizer, 1, stop_at_second_batch, NULL));
      assert_ok(vpf_checkpoint_save(model, optimizer, FILE_NAME));
      read_bytes(&file);
      for (size_t at = 0; at < file.numbers; at++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
          vpf_model *out = NULL;
          vpf_optimizer *out_optimizer = NULL;
          write_with(file, at, values[v]);
          const vpf_status status = vpf_checkpoint_load(&out, &out_optimizer, FILE_NAME);
          if (status) {
            assert_int_equal(status, VPF_ERR_FORMAT);
            assert_null(out);
            assert_null(out_optimizer);
            refused++;
            continue;
          }
          vpf_train(out, data, out_optimizer, 2, stop_at_second_batch, NULL);
          vpf_train(out, data, out_optimizer, 2, NULL, NULL);
          vpf_model_destroy(out);
          vpf_optimizer_destroy(out_optimizer);
          accepted++;
        }
      vpf_model_destroy(model);
      vpf_optimizer_destroy(optimizer);
      vpf_data_destroy(data);
    }
  print_message("%zu refused, %zu accepted\n", refused, accepted);
  assert_true(refused > 300 && accepted > 100);
  unlink(FILE_NAME);
}

static void assert_refused(file_bytes *f, const char *message) {
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  write_sealed(f);
  assert_status(vpf_checkpoint_load(&model, &optimizer, FILE_NAME), VPF_ERR_FORMAT);
  assert_message_has(message);
  assert_null(model);
  assert_null(optimizer);
}

static void assert_refused_with(file_bytes f, const char *tensor, const void *value, size_t size, size_t at,
                                const char *message) {
  unsigned char bytes[8];
  uint64_t word = 0;
  uint32_t half = 0;
  if (size == 8) memcpy(&word, value, 8);
  else memcpy(&half, value, 4), word = half;
  put_u64(bytes, word);
  memcpy(f.byte + place_of(&f, tensor).begin + at * size, bytes, size);
  assert_refused(&f, message);
}

/* The same length of text, or what follows would move. */
static void replace_text(char *in, const char *old, const char *new) {
  char *found = strstr(in, old);
  assert_non_null(found);
  assert_int_equal(strlen(old), strlen(new));
  memcpy(found, new, strlen(new));
}

/* A tensor of 8-byte numbers takes one from that behind it. */
static void assert_refused_with_one_more(file_bytes f, const char *first, const char *second, const char *message) {
  const uint64_t header = get_u64(f.byte);
  const tensor_place a = place_of(&f, first), b = place_of(&f, second);
  assert_int_equal(a.end, b.begin);
  const size_t counts[2] = {(a.end - a.begin) / 8, (b.end - b.begin) / 8};
  char old[40], new[40];
  for (size_t k = 0; k < 2; k++) {
    snprintf(old, sizeof old, "\"shape\":[%zu]", counts[k]);
    snprintf(new, sizeof new, "\"shape\":[%zu]", k == 0 ? counts[0] + 1 : counts[1] - 1);
    replace_text(k == 0 ? a.entry : b.entry, old, new);
    snprintf(old, sizeof old, k == 0 ? ",%zu]" : "[%zu,", a.end - 8 - header);
    snprintf(new, sizeof new, k == 0 ? ",%zu]" : "[%zu,", a.end - header);
    replace_text(strstr(k == 0 ? a.entry : b.entry, "data_offsets"), old, new);
  }
  assert_refused(&f, message);
}

static void numbers_that_cannot_be_are_refused_by_name(void **state) {
  (void)state;
  const size_t sizes[] = {20, 7};
  const uint8_t intra[] = {0, 1};
  static file_bytes file;
  vpf_data *data = fixture_data(12, 20, 1);
  for (int method = VPF_METHOD_VPF; method <= VPF_METHOD_PCD; method += VPF_METHOD_PCD - VPF_METHOD_VPF) {
    vpf_model *model = fixture_model(sizes, 2, intra, VPF_COUPLING_PAIRWISE, 1);
    vpf_optimizer *optimizer = NULL;
    assert_ok(vpf_optimizer_create(&optimizer));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, method));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PARTICLES, 9));
    if (method == VPF_METHOD_VPF) assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_ESTEP_PERIOD, 1));
    assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
    assert_ok(vpf_checkpoint_save(model, optimizer, FILE_NAME));
    read_bytes(&file);
    const uint64_t key = 999999, last_bit = (uint64_t)1 << 63;
    const double huge = 1e300, two = 2;
    const float negative = -1, infinite = INFINITY, other = 5;
    assert_refused_with(file, "optimizer.option_keys", &key, 8, 0, "unknown option 999999");
    assert_refused_with(file, "optimizer.options", &huge, 8, 0, "has the value 1e+300");
    assert_refused_with(file, "optimizer.powers", &two, 8, 1, "optimizer.powers[1] is 2, outside [0, 1]");
    assert_refused_with(file, "optimizer.moment1.bias.0", &infinite, 4, 3, "the moments are not finite");
    assert_refused_with(file, "optimizer.moment2.weight.0", &negative, 4, 5, "the moments are not finite");
    assert_refused_with(file, "optimizer.moment1.intra.1", &other, 4, 1, "the moments are not finite");
    if (method == VPF_METHOD_VPF)
      assert_refused_with(file, "optimizer.sample.1", &last_bit, 8, 2, "the hidden sample has units beyond");
    else
      assert_refused_with(file, "optimizer.particles.0", &last_bit, 8, 2, "the particles have units beyond");
    assert_refused_with_one_more(file, "optimizer.option_keys", "optimizer.options", " option keys with ");
    assert_refused_with_one_more(file, "optimizer.state", "optimizer.powers", "optimizer.state has ");
    vpf_model_destroy(model);
    vpf_optimizer_destroy(optimizer);
  }
  vpf_data_destroy(data);
  unlink(FILE_NAME);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_checkpoint_of_the_first_version_goes_on),
      cmocka_unit_test(options_seed_and_reason_survive),
      cmocka_unit_test(a_model_and_an_optimizer_that_do_not_belong_together_are_refused),
      cmocka_unit_test(models_and_checkpoints_are_not_mistaken_for_each_other),
      cmocka_unit_test(no_damaged_byte_goes_unnoticed),
      cmocka_unit_test(no_state_is_believed_that_contradicts_itself),
      cmocka_unit_test(numbers_that_cannot_be_are_refused_by_name),
  };
  return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
