/* SPDX-License-Identifier: MIT */
/* An allocator of your own: how much memory training takes, and what happens when there is not enough.
 *
 *   own_allocator
 *
 * All memory of the library comes from here, so the peak can be measured and a limit set. Training under a limit that
 * is too low fails with VPF_ERR_MEMORY, and machine and optimizer are as they were: give more memory and call again.
 *
 *   cc -std=c11 own_allocator.c -o own_allocator $(pkg-config --cflags --libs vpf) */
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vpf.h>

enum { ROWS = 2000, VISIBLE = 64, HIDDEN = 32, PARAMETERS = VISIBLE + HIDDEN + VISIBLE * HIDDEN, EPOCHS = 5 };

/* Atomic, because any thread that uses the library may allocate. */
typedef struct account {
  atomic_size_t used, peak, limit;
} account;

/* The size of a block is kept in front of it, in as much room as any type has to be aligned to. */
static void *allocate(size_t size, void *user) {
  account *const a = user;
  const size_t front = alignof(max_align_t);
  if (size > SIZE_MAX / 2) return NULL;
  const size_t used = atomic_fetch_add(&a->used, size) + size;
  unsigned char *const block = used <= atomic_load(&a->limit) ? malloc(front + size) : NULL;
  if (!block) {
    atomic_fetch_sub(&a->used, size);
    return NULL;
  }
  memcpy(block, &size, sizeof size);
  size_t peak = atomic_load(&a->peak);
  while (used > peak && !atomic_compare_exchange_weak(&a->peak, &peak, used)) {} /* a failure has loaded the new peak */
  return block + front;
}

static void release(void *pointer, void *user) {
  account *const a = user;
  unsigned char *const block = (unsigned char *)pointer - alignof(max_align_t);
  size_t size;
  memcpy(&size, block, sizeof size);
  atomic_fetch_sub(&a->used, size);
  free(block);
}

/* Each row is on from one place to the end: something to learn, and no file is needed. */
static vpf_status make_rows(vpf_data **out) {
  static uint8_t rows[ROWS][VISIBLE];
  for (size_t r = 0; r < ROWS; r++)
    for (size_t i = 0; i < VISIBLE; i++) rows[r][i] = i >= r * 7 % VISIBLE;
  return vpf_data_from_u8(out, &rows[0][0], ROWS, VISIBLE, 0);
}

/* Where both begin: once to measure, once to fail. */
static vpf_status begin(vpf_model **model, vpf_optimizer **optimizer) {
  const size_t sizes[] = {VISIBLE, HIDDEN};
  vpf_status s = vpf_model_create(model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_model_init(*model, 1);
  if (!s) s = vpf_optimizer_create(optimizer);
  return s;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    return printf("own_allocator %s\n", vpf_version_string()) < 0 || fflush(stdout) != 0;
  static account memory = {.limit = SIZE_MAX};
  const vpf_allocator allocator = {sizeof allocator, allocate, release, &memory};
  static float before[PARAMETERS], after[PARAMETERS], reference[PARAMETERS];
  vpf_data *data = NULL;
  vpf_model *measured = NULL, *model = NULL;
  vpf_optimizer *its_optimizer = NULL, *optimizer = NULL;
  int as_promised = 0;

  vpf_status s = vpf_set_allocator(&allocator); /* before anything else of the library */
  if (!s) s = make_rows(&data);
  if (!s) s = begin(&measured, &its_optimizer);
  if (!s) s = begin(&model, &optimizer);
  const size_t at_rest = atomic_load(&memory.used);
  if (!s) s = vpf_train(measured, data, its_optimizer, EPOCHS, NULL, NULL);
  if (!s) s = vpf_model_get_params(measured, reference);
  const size_t peak = atomic_load(&memory.peak);
  vpf_optimizer_destroy(its_optimizer);
  vpf_model_destroy(measured);
  if (!s) printf("training: %zu bytes at rest, %zu at the peak\n", at_rest, peak);

  if (!s) s = vpf_model_get_params(model, before);
  if (!s) {
    atomic_store(&memory.limit, atomic_load(&memory.used) + (peak - at_rest) / 2); /* half of what training took */
    const vpf_status failed = vpf_train(model, data, optimizer, EPOCHS, NULL, NULL);
    printf("with half of the difference: %s: %s\n", vpf_status_string(failed), vpf_error_message());
    as_promised = failed == VPF_ERR_MEMORY;
    atomic_store(&memory.limit, SIZE_MAX);
  }
  if (!s) s = vpf_model_get_params(model, after);
  as_promised = as_promised && memcmp(before, after, sizeof before) == 0;
  if (!s) printf("the machine is %s\n", as_promised ? "unchanged" : "changed");
  if (!s) s = vpf_train(model, data, optimizer, EPOCHS, NULL, NULL);
  if (!s) s = vpf_model_get_params(model, after);
  as_promised = as_promised && memcmp(reference, after, sizeof after) == 0;
  if (!s) printf("without a limit: trained, %s\n", as_promised ? "as if nothing had happened" : "but differently");
  if (s) fprintf(stderr, "own_allocator: %s: %s\n", vpf_status_string(s), vpf_error_message());

  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
  if (!s) printf("%zu bytes are left\n", atomic_load(&memory.used));
  if (!s && (fflush(stdout) || ferror(stdout))) s = VPF_ERR_IO, perror("own_allocator: stdout"); /* a full disk */
  return s || !as_promised ? 1 : 0;
}
