/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create */
#include "common.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

_Noreturn void fuzz_broken(const char *what, const char *file, int line) {
  fprintf(stderr, "%s:%d: broken promise: %s\nlast message: %s\n", file, line, what, vpf_error_message());
  abort();
}

void fuzz_check_failure(vpf_status status) {
  PROMISE(status < 0 && vpf_status_name(status)[0]);
  const char *message = vpf_error_message();
  PROMISE(message[0]);
  for (const char *c = message; *c; c++) PROMISE((unsigned char)*c >= ' ' && *c != 0x7f);
  PROMISE(status != VPF_ERR_INTERNAL);
}

/* ---- Memory ---- */

enum { HEAD = 64 }; /* keeps what malloc aligns; the size stands in it */

static struct memory {
  atomic_size_t live, bytes, peak, json_bytes, json_peak;
  _Atomic uint64_t count, fail_at;
  atomic_int for_good;
} memory;

static void note_peak(atomic_size_t *peak, size_t bytes) {
  size_t seen = atomic_load(peak);
  while (bytes > seen && !atomic_compare_exchange_weak(peak, &seen, bytes)) {}
}

static void *allocate(size_t size, void *user) {
  (void)user;
  const uint64_t number = atomic_fetch_add(&memory.count, 1) + 1, fail_at = atomic_load(&memory.fail_at);
  if (fail_at && (number == fail_at || (number > fail_at && atomic_load(&memory.for_good)))) return NULL;
  if (size > (size_t)1 << 31) return NULL; /* a machine with that much memory would say yes */
  unsigned char *block = malloc(size + HEAD);
  if (!block) return NULL;
  memcpy(block, &size, sizeof size);
  atomic_fetch_add(&memory.live, 1);
  note_peak(&memory.peak, atomic_fetch_add(&memory.bytes, size) + size);
  return block + HEAD;
}

static void release(void *pointer, void *user) {
  (void)user;
  size_t size;
  memcpy(&size, (unsigned char *)pointer - HEAD, sizeof size);
  atomic_fetch_sub(&memory.live, 1);
  atomic_fetch_sub(&memory.bytes, size);
  free((unsigned char *)pointer - HEAD);
}

static void *json_allocate(size_t size) {
  unsigned char *block = malloc(size + HEAD);
  if (!block) return NULL;
  memcpy(block, &size, sizeof size);
  note_peak(&memory.json_peak, atomic_fetch_add(&memory.json_bytes, size) + size);
  return block + HEAD;
}

static void json_release(void *pointer) {
  if (!pointer) return;
  size_t size;
  memcpy(&size, (unsigned char *)pointer - HEAD, sizeof size);
  atomic_fetch_sub(&memory.json_bytes, size);
  free((unsigned char *)pointer - HEAD);
}

static void take_over(void) {
  static int done;
  if (done) return;
  done = 1;
  const vpf_allocator own = {.struct_size = sizeof own, .allocate = allocate, .release = release};
  if (vpf_set_allocator(&own)) abort();
  json_set_alloc_funcs(json_allocate, json_release);
}

void fuzz_memory_begin(uint64_t fail_at, int for_good) {
  take_over();
  atomic_store(&memory.peak, atomic_load(&memory.bytes));
  atomic_store(&memory.json_peak, atomic_load(&memory.json_bytes));
  atomic_store(&memory.count, 0);
  atomic_store(&memory.for_good, for_good);
  atomic_store(&memory.fail_at, fail_at);
}

void fuzz_memory_succeed(void) { atomic_store(&memory.fail_at, 0); }
size_t fuzz_memory_peak(void) { return atomic_load(&memory.peak); }
size_t fuzz_json_peak(void) { return atomic_load(&memory.json_peak); }
size_t fuzz_memory_live(void) { return atomic_load(&memory.live); }

/* ---- Files ---- */

static void write_all(int fd, const uint8_t *bytes, size_t size) {
  while (size > 0) {
    const ssize_t done = write(fd, bytes, size);
    if (done <= 0) abort();
    bytes += done;
    size -= (size_t)done;
  }
}

const char *fuzz_file(const uint8_t *bytes, size_t size) {
  static int fd = -1;
  static char path[64];
  if (fd < 0) {
    fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  }
  if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET)) abort();
  write_all(fd, bytes, size);
  return path;
}

static char folder[] = "/dev/shm/vpf-fuzz-XXXXXX"; /* in memory, since saving syncs */

static void remove_folder(void) {
  char path[64];
  for (int which = 0; which < 2; which++) {
    snprintf(path, sizeof path, "%s/%d", folder, which);
    unlink(path);
  }
  rmdir(folder);
}

const char *fuzz_path(int which) {
  static char path[2][64];
  if (!path[0][0]) {
    if (!mkdtemp(folder)) abort();
    atexit(remove_folder);
    for (int k = 0; k < 2; k++) snprintf(path[k], sizeof path[k], "%s/%d", folder, k);
  }
  return path[which];
}

static uint8_t *read_file(const char *path, size_t *size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (fd < 0 || fstat(fd, &info)) abort();
  *size = (size_t)info.st_size;
  uint8_t *bytes = malloc(*size + 1);
  if (!bytes || read(fd, bytes, *size) != (ssize_t)*size) abort();
  close(fd);
  return bytes;
}

int fuzz_same_files(const char *a, const char *b) {
  size_t n, m;
  uint8_t *x = read_file(a, &n), *y = read_file(b, &m);
  const int same = n == m && memcmp(x, y, n) == 0;
  free(x);
  free(y);
  return same;
}

enum { FLAG_LENGTH = 1, FLAG_CHECKSUM = 2, LENGTH_BYTES = 8 };

/* The header goes from the first '{' to the '}' that closes it; strings are respected. */
static void repair_length(uint8_t *file, size_t size) {
  size_t depth = 0, end = LENGTH_BYTES;
  int quoted = 0;
  for (; end < size; end++) {
    const uint8_t c = file[end];
    if (quoted && c == '\\') end++;
    else if (c == '"') quoted = !quoted;
    else if (!quoted && (c == '{' || c == '[')) depth++;
    else if (!quoted && (c == '}' || c == ']') && depth > 0 && --depth == 0) break;
  }
  if (end >= size) return;
  uint64_t length = end + 1 - LENGTH_BYTES;
  while (length % 8 && LENGTH_BYTES + length < size && file[LENGTH_BYTES + length] == ' ') length++;
  for (int k = 0; k < LENGTH_BYTES; k++) file[k] = (uint8_t)(length >> 8 * k);
}

static void repair_checksum(uint8_t *file, size_t size) {
  static const char key[] = "\"vpf_crc32\":\"";
  const size_t length = sizeof key - 1;
  for (size_t at = LENGTH_BYTES; at + length + 8 <= size; at++) {
    if (memcmp(file + at, key, length) != 0) continue;
    char digits[9];
    memset(file + at + length, '0', 8);
    snprintf(digits, sizeof digits, "%08lx", crc32_z(crc32_z(0, NULL, 0), file, size) & 0xffffffffUL);
    memcpy(file + at + length, digits, 8);
    return;
  }
}

const uint8_t *fuzz_repair(const uint8_t *data, size_t size, size_t *out_size) {
  static uint8_t *file;
  free(file);
  *out_size = size > 0 ? size - 1 : 0;
  file = malloc(*out_size + 1); /* as long as it is, so that a sanitizer sees what reads beyond it */
  if (!file) abort();
  if (*out_size > 0) memcpy(file, data + 1, *out_size);
  if (*out_size > LENGTH_BYTES && data[0] & FLAG_LENGTH) repair_length(file, *out_size);
  if (*out_size > LENGTH_BYTES && data[0] & FLAG_CHECKSUM) repair_checksum(file, *out_size);
  return file;
}

/* ---- Models ---- */

static float *get_params(const vpf_model *model) {
  float *theta = malloc((vpf_model_param_count(model) + 1) * sizeof *theta);
  if (!theta) abort();
  PROMISE(vpf_model_get_params(model, theta) == VPF_OK);
  return theta;
}

void fuzz_check_model(const vpf_model *model) {
  const size_t layers = vpf_model_layers(model), count = vpf_model_param_count(model);
  PROMISE(layers >= 1 && vpf_model_layer_size(model, layers) == 0);
  float *theta = get_params(model);
  for (size_t k = 0; k < count; k++) PROMISE(isfinite(theta[k]));
  free(theta);

  size_t units = 0;
  for (size_t l = 0; l < layers; l++) {
    const size_t n = vpf_model_layer_size(model, l);
    PROMISE(n >= 1);
    units += n;
    if (!vpf_model_has_intra(model, l)) continue;
    float *u = malloc(n * n * sizeof *u);
    if (!u) abort();
    PROMISE(vpf_model_get_intra(model, l, u) == VPF_OK);
    for (size_t i = 0; i < n; i++) {
      PROMISE(!(u[i * n + i] < 0) && !(u[i * n + i] > 0));
      for (size_t j = 0; j < i; j++) PROMISE(isfinite(u[i * n + j]) && memcmp(&u[i * n + j], &u[j * n + i], sizeof *u) == 0);
    }
    free(u);
  }
  PROMISE(units == vpf_model_units(model));
}

uint64_t fuzz_model_hash(const vpf_model *model) {
  uint64_t hash = 0xcbf29ce484222325u;
  float *theta = get_params(model);
  const unsigned char *bytes = (const unsigned char *)theta;
  for (size_t k = 0; k < vpf_model_param_count(model) * sizeof *theta; k++) hash = (hash ^ bytes[k]) * 0x100000001b3u;
  free(theta);
  return hash;
}
