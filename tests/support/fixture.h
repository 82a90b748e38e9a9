/* SPDX-License-Identifier: MIT */
/* Small things that many tests of the public API need. */
#ifndef VPF_TESTS_FIXTURE_H
#define VPF_TESTS_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <vpf.h>

/* Fails the test with the library's message. */
#define assert_ok(call) fixture_assert_status((call), VPF_OK, #call, __FILE__, __LINE__)
#define assert_status(call, status) fixture_assert_status((call), (status), #call, __FILE__, __LINE__)
void fixture_assert_status(vpf_status got, vpf_status wanted, const char *call, const char *file, int line);

/* The message of the last failure must contain this text. */
#define assert_message_has(part) fixture_assert_message((part), __FILE__, __LINE__)
void fixture_assert_message(const char *part, const char *file, int line);

/* |a - b| <= tolerance; NaN is close to nothing. */
#define assert_close(a, b, tolerance) fixture_assert_close((a), (b), (tolerance), #a, __FILE__, __LINE__)
void fixture_assert_close(double a, double b, double tolerance, const char *what, const char *file, int line);

/* Rows of independent bits with density 0.3 (dice.h). */
vpf_data *fixture_data(size_t rows, size_t cols, uint64_t seed);

/* A machine initialised with a seed; intra as in vpf_model_create(). */
vpf_model *fixture_model(const size_t *sizes, size_t layers, const uint8_t *intra, vpf_coupling coupling,
                         uint64_t seed);

/* Whether two models have the same parameters, bit for bit. */
int fixture_same_params(const vpf_model *a, const vpf_model *b);

/* FNV-1a of the bytes, on from `hash`. */
uint64_t fixture_hash(uint64_t hash, const void *bytes, size_t size);

/* Two files have the same bytes, or the test fails. */
void fixture_assert_same_files(const char *a, const char *b);

/* Save model and optimizer, and replace both by what the file makes of them. */
void fixture_through_the_file(vpf_model **model, vpf_optimizer **optimizer, const char *path);

#endif
