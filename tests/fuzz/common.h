/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. Each target is a function that takes bytes and ends the program where the library breaks
 * a promise; libFuzzer, AFL++ and replay.c call it. */
#ifndef VPF_TESTS_FUZZ_COMMON_H
#define VPF_TESTS_FUZZ_COMMON_H

#include <stddef.h>
#include <stdint.h>

#include <vpf.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise: ends the program with the text and the library's message unless it holds. */
#define PROMISE(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *what, const char *file, int line);

/* A failed call says why: the status is one of the list, the message one line of printable ASCII or UTF-8. */
void fuzz_check_failure(vpf_status status);

/* ---- Memory: the library's and jansson's are counted ---- */

/* Forget the peak. The fail_at-th allocation from here fails (0: none), and all later ones with `for_good`. */
void fuzz_memory_begin(uint64_t fail_at, int for_good);
void fuzz_memory_succeed(void);     /* no more failures */
size_t fuzz_memory_peak(void);      /* bytes of the library's since then */
size_t fuzz_json_peak(void);        /* bytes of jansson's */
size_t fuzz_memory_live(void);      /* blocks of the library's now */

/* ---- Files ---- */

/* A file in memory with these bytes; valid until the next call. */
const char *fuzz_file(const uint8_t *bytes, size_t size);

/* Where a target may save: `which` 0 or 1, in a folder of this process that goes with it. */
const char *fuzz_path(int which);

/* Whether two files have the same bytes. */
int fuzz_same_files(const char *a, const char *b);

/* A safetensors file from an input: the first byte says what is put right in the others, so that mutations reach what
 * lies behind the checks. 1: the length of the header, 2: the checksum. Owned by the function. */
const uint8_t *fuzz_repair(const uint8_t *data, size_t size, size_t *out_size);

/* ---- Models ---- */

/* Finite parameters, symmetric intra-layer weights without a diagonal, accessors that agree. */
void fuzz_check_model(const vpf_model *model);

/* A number that changes if anything in a model does. */
uint64_t fuzz_model_hash(const vpf_model *model);

#endif
