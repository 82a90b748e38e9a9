/* SPDX-License-Identifier: MIT */
/* A program may have called setlocale() or uselocale(): where 1.5 is "1,5", the library writes the same bytes, reads
 * them again, and says the same. The locale is made here, by localedef, so that it is there wherever glibc is. */
#define _DEFAULT_SOURCE
#include "support/fixture.h"

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMA "comma"

static locale_t comma;

/* No more of a locale than this is needed; localedef warns of what is missing, and -c makes it in spite of that. */
static const char source[] = "LC_NUMERIC\ndecimal_point \"<U002C>\"\nthousands_sep \"<U002E>\"\ngrouping 3;3\nEND LC_NUMERIC\n";

static bool has_comma(void) {
  char text[16];
  snprintf(text, sizeof text, "%g", 1.5);
  return !strcmp(text, "1,5");
}

static int make_locale(void **state) {
  (void)state;
  FILE *file = fopen("comma.source", "w");
  if (!file || fputs(source, file) == EOF || fclose(file)) return -1;
  mkdir("locales", 0777);
  if (system("localedef -c -i ./comma.source ./locales/" COMMA " >localedef.log 2>&1") == -1) return -1;
  setenv("LOCPATH", "locales", 1);
  comma = newlocale(LC_ALL_MASK, COMMA, (locale_t)0);
  if (!comma) print_message("SKIPPED: no locale with a decimal comma could be made; see localedef.log\n");
  return 0;
}

static int free_locale(void **state) {
  (void)state;
  if (comma) freelocale(comma);
  return 0;
}

#ifdef VPF_SANITIZED /* glibc forgets a piece of LOCPATH */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
  return "leak:__argz_add_sep\n";
}
#endif

enum { ROWS = 60, BYTES = 1 << 16 };

typedef struct bytes {
  unsigned char at[BYTES];
  size_t count;
} bytes;

static void read_all(bytes *b, const char *path) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  b->count = fread(b->at, 1, sizeof b->at, file);
  assert_true(b->count > 0 && b->count < sizeof b->at);
  fclose(file);
}

/* Train a little and save; then go on from the file, and save again. */
static void train_and_save(bytes *model_file, bytes *checkpoint) {
  const size_t sizes[] = {7, 5};
  vpf_data *data = fixture_data(ROWS, 7, 1);
  vpf_model *model = NULL, *loaded = NULL;
  vpf_optimizer *optimizer = NULL, *its_optimizer = NULL;
  assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  assert_ok(vpf_model_init(model, 1));
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, 0.0123));
  assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
  assert_ok(vpf_checkpoint_save(model, optimizer, "checkpoint"));
  assert_ok(vpf_checkpoint_load(&loaded, &its_optimizer, "checkpoint"));
  assert_ok(vpf_train(loaded, data, its_optimizer, 1, NULL, NULL));
  assert_ok(vpf_model_save(loaded, "model"));
  assert_ok(vpf_checkpoint_save(loaded, its_optimizer, "checkpoint"));
  read_all(model_file, "model");
  read_all(checkpoint, "checkpoint");
  vpf_optimizer_destroy(its_optimizer);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(loaded);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

/* Messages with numbers: of an option, of a machine, and of a file that somebody has changed. */
static void collect_messages(char *all, size_t size) {
  vpf_optimizer *optimizer = NULL, *its_optimizer = NULL;
  vpf_model *model = NULL, *loaded = NULL;
  const size_t one = 1;
  const float huge = 1e30f, none = 0;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_status(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, -0.125), VPF_ERR_ARGUMENT);
  size_t used = (size_t)snprintf(all, size, "%s\n", vpf_error_message());
  assert_ok(vpf_model_create(&model, &one, 1, NULL, VPF_COUPLING_PAIRWISE));
  assert_ok(vpf_model_set_params(model, &huge));
  double flow;
  vpf_data *data = fixture_data(8, 1, 1);
  assert_status(vpf_model_flow(model, data, &flow), VPF_ERR_OVERFLOW);
  used += (size_t)snprintf(all + used, size - used, "%s\n", vpf_error_message());

  assert_ok(vpf_model_set_params(model, &none));
  assert_ok(vpf_checkpoint_save(model, optimizer, "changed"));
  FILE *file = fopen("changed", "r+b");
  assert_non_null(file);
  fseek(file, 9, SEEK_SET);
  fputc('?', file);
  fclose(file);
  assert_status(vpf_checkpoint_load(&loaded, &its_optimizer, "changed"), VPF_ERR_FORMAT);
  snprintf(all + used, size - used, "%s\n", vpf_error_message());
  vpf_data_destroy(data);
  vpf_model_destroy(model);
  vpf_optimizer_destroy(optimizer);
}

static void compare(const bytes *model, const bytes *checkpoint, const char *messages) {
  static bytes model_here, checkpoint_here;
  char messages_here[2048];
  assert_true(has_comma()); /* otherwise this proves nothing */
  train_and_save(&model_here, &checkpoint_here);
  collect_messages(messages_here, sizeof messages_here);
  assert_true(has_comma()); /* the program's locale is still its own */
  assert_int_equal(model_here.count, model->count);
  assert_memory_equal(model_here.at, model->at, model->count);
  assert_int_equal(checkpoint_here.count, checkpoint->count);
  assert_memory_equal(checkpoint_here.at, checkpoint->at, checkpoint->count);
  assert_string_equal(messages_here, messages);
}

static void a_decimal_comma_changes_nothing(void **state) {
  (void)state;
  static bytes model, checkpoint;
  char messages[2048];
  assert_false(has_comma());
  train_and_save(&model, &checkpoint);
  collect_messages(messages, sizeof messages);
  assert_non_null(strstr(messages, "-0.125 is outside"));
  if (!comma) skip();

  assert_non_null(setlocale(LC_ALL, COMMA));
  compare(&model, &checkpoint, messages);
  assert_non_null(setlocale(LC_ALL, "C"));

  uselocale(comma); /* of this thread alone */
  compare(&model, &checkpoint, messages);
  assert_true(uselocale((locale_t)0) == comma);
  uselocale(LC_GLOBAL_LOCALE);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_decimal_comma_changes_nothing)};
  return cmocka_run_group_tests(tests, make_locale, free_locale);
}
