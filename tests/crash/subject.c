/* SPDX-License-Identifier: MIT */
#include "crash/subject.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

content content_read(const char *path) {
  content c = {NULL, 0};
  FILE *file = fopen(path, "rb");
  if (!file) return c;
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  const long size = ftell(file);
  assert_true(size >= 0);
  rewind(file);
  c.size = (size_t)size;
  c.bytes = malloc(c.size + 1);
  assert_non_null(c.bytes);
  assert_int_equal(fread(c.bytes, 1, c.size, file), c.size);
  fclose(file);
  return c;
}

void content_free(content *c) {
  free(c->bytes);
  *c = (content){NULL, 0};
}

bool content_equal(const content *a, const content *b) {
  return a->bytes && b->bytes && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static int stop_in_second_epoch(const vpf_progress *p, void *user) {
  (void)user;
  return p->event == VPF_PROGRESS_BATCH && p->epoch == 2 && p->batch == 2;
}

static void train_into_second_epoch(vpf_model *model, vpf_optimizer *optimizer) {
  vpf_data *data = fixture_data(40, vpf_model_layer_size(model, 0), 3);
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 10));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_THREADS, 1));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
  assert_ok(vpf_train(model, data, optimizer, 3, stop_in_second_epoch, NULL));
  vpf_data_destroy(data);
}

static void learn_bytes(subject *s) {
  const char *const path = "subject.safetensors";
  for (int which = OLD; which <= NEW; which++) {
    assert_ok(subject_save(s, which, path));
    s->file[which] = content_read(path);
    assert_non_null(s->file[which].bytes);
  }
  remove(path);
}

static subject make(const char *name, size_t visible, size_t hidden, bool trained) {
  subject s = {.name = name};
  for (int which = OLD; which <= NEW; which++) {
    const size_t sizes[] = {visible, which == OLD ? hidden * 2 / 3 : hidden};
    const uint8_t intra[] = {0, 1};
    s.model[which] = fixture_model(sizes, 2, intra, VPF_COUPLING_PAIRWISE, 10 + (uint64_t)which);
    if (!trained) continue;
    assert_ok(vpf_optimizer_create(&s.optimizer[which]));
    train_into_second_epoch(s.model[which], s.optimizer[which]);
  }
  learn_bytes(&s);
  return s;
}

subject subject_model(size_t visible, size_t hidden) {
  return make("model", visible, hidden, false);
}

subject subject_checkpoint(size_t visible, size_t hidden) {
  return make("checkpoint", visible, hidden, true);
}

void subject_free(subject *s) {
  for (int which = OLD; which <= NEW; which++) {
    vpf_model_destroy(s->model[which]);
    vpf_optimizer_destroy(s->optimizer[which]);
    content_free(&s->file[which]);
  }
}

vpf_status subject_save(const subject *s, int which, const char *path) {
  return s->optimizer[which] ? vpf_checkpoint_save(s->model[which], s->optimizer[which], path)
                             : vpf_model_save(s->model[which], path);
}

vpf_status subject_load(const subject *s, const char *path) {
  vpf_model *model = s->model[OLD]; /* anything but NULL */
  vpf_optimizer *optimizer = s->optimizer[OLD];
  const vpf_status status =
      optimizer ? vpf_checkpoint_load(&model, &optimizer, path) : vpf_model_load(&model, path);
  if (status) {
    assert_null(model);
    assert_null(optimizer);
  }
  vpf_model_destroy(model);
  vpf_optimizer_destroy(optimizer);
  return status;
}

void subject_assert_holds(const subject *s, int which, const char *path, const char *file, int line) {
  content found = content_read(path);
  const bool same = content_equal(&found, &s->file[which]);
  content_free(&found);
  if (!same) {
    print_error("%s is not the %s %s\n", path, which == OLD ? "old" : "new", s->name);
    _fail(file, line);
  }
  fixture_assert_status(subject_load(s, path), VPF_OK, "load", file, line);
}

/* The next file of a folder, but for "." and ".."; NULL when there are no more. */
static const char *next_file(DIR *dir, const char *prefix) {
  for (struct dirent *entry; (entry = readdir(dir));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
        strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
      return entry->d_name;
  return NULL;
}

size_t count_files(const char *folder, const char *prefix) {
  DIR *dir = opendir(folder);
  assert_non_null(dir);
  size_t count = 0;
  while (next_file(dir, prefix)) count++;
  closedir(dir);
  return count;
}

void remove_files(const char *folder, const char *prefix) {
  char path[PATH_MAX];
  DIR *dir = opendir(folder);
  assert_non_null(dir);
  for (const char *name; (name = next_file(dir, prefix));) {
    assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < PATH_MAX);
    assert_int_equal(remove(path), 0);
  }
  closedir(dir);
}

size_t count_descriptors(void) {
  return count_files("/proc/self/fd", "");
}
