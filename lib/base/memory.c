/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* madvise() */
#include "base/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "base/error.h"

enum { ALIGNMENT = 64 };

/* Rows of large data are read in any order. With pages of 4 KiB, translating a row's address takes longer than
 * reading the row, so large blocks ask for huge pages (measured: 3 to 4 % of training on MNIST). */
enum { HUGE_PAGE = 2 << 20 };

static void *system_allocate(size_t size, void *user) {
  (void)user;
#ifdef MADV_HUGEPAGE
  if (size >= 2 * HUGE_PAGE && size <= PTRDIFF_MAX - HUGE_PAGE) {
    void *block = aligned_alloc(HUGE_PAGE, (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
    if (block) madvise(block, size, MADV_HUGEPAGE); /* only a hint: a refusal does no harm */
    return block;
  }
#endif
  return malloc(size);
}

static void system_release(void *pointer, void *user) {
  (void)user;
  free(pointer);
}

/* The only global of the library. It is written at most once, before the first allocation; the state
 * says which of the two came first. */
static vpf_allocator the_allocator = {sizeof(vpf_allocator), system_allocate, system_release, NULL};
enum { UNTOUCHED, BEING_SET, IN_USE };
static atomic_int allocator_state = UNTOUCHED;

vpf_status vpfi_set_allocator(const vpf_allocator *allocator) {
  int expected = UNTOUCHED;
  if (!atomic_compare_exchange_strong(&allocator_state, &expected, BEING_SET))
    return vpfi_fail(VPF_ERR_STATE, "the allocator can be set once, and only before the first allocation");
  the_allocator = *allocator;
  atomic_store(&allocator_state, IN_USE);
  return VPF_OK;
}

bool vpfi_size_mul(size_t a, size_t b, size_t *out) {
  return !__builtin_mul_overflow(a, b, out);
}

bool vpfi_size_add(size_t a, size_t b, size_t *out) {
  return !__builtin_add_overflow(a, b, out);
}

/* | slack | pointer from the allocator | aligned block ...
 *         ^ just below the block, so that vpfi_free() finds it */
void *vpfi_alloc(size_t count, size_t size) {
  int expected = UNTOUCHED;
  atomic_compare_exchange_strong(&allocator_state, &expected, IN_USE);

  size_t bytes;
  const size_t extra = ALIGNMENT - 1 + sizeof(void *);
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - extra) {
    vpfi_fail(VPF_ERR_MEMORY, "%zu x %zu bytes are more than this computer can address", count, size);
    return NULL;
  }
  char *start = the_allocator.allocate(bytes + extra, the_allocator.user);
  if (!start) {
    vpfi_fail(VPF_ERR_MEMORY, "cannot allocate %zu bytes", bytes);
    return NULL;
  }
  char *block = start + sizeof(void *);
  block += (ALIGNMENT - (uintptr_t)block % ALIGNMENT) % ALIGNMENT;
  memcpy(block - sizeof(void *), &start, sizeof(void *));
  memset(block, 0, bytes);
  return block;
}

void vpfi_free(void *pointer) {
  if (!pointer) return;
  void *start;
  memcpy(&start, (char *)pointer - sizeof(void *), sizeof(void *));
  the_allocator.release(start, the_allocator.user);
}

void *vpfi_alloc_hook(void *opaque, unsigned count, unsigned size) {
  (void)opaque;
  return vpfi_alloc(count, size);
}

void vpfi_free_hook(void *opaque, void *pointer) {
  (void)opaque;
  vpfi_free(pointer);
}
