/* SPDX-License-Identifier: MIT */
/* Random machines and rows, for tests that try many. Failures end the CMocka test. */
#ifndef VPF_TESTS_RANDOM_MACHINE_H
#define VPF_TESTS_RANDOM_MACHINE_H

#include "support/dice.h"
#include "support/fixture.h"

/* A machine of this shape; every parameter normal with the given spread, through
 * vpf_model_set_params(). */
vpf_model *random_machine(dice *d, const size_t *sizes, size_t layers, const uint8_t *intra, vpf_coupling coupling,
                          double spread);

/* 1 .. most_layers layers of 1 .. most_units units, any of them with intra-layer weights, either
 * coupling. */
vpf_model *random_shape_machine(dice *d, size_t most_layers, size_t most_units, double spread);

/* A shape to go through, with a name for messages. */
typedef struct family {
  const char *name;
  size_t sizes[4], layers;
  uint8_t intra[4];
  vpf_coupling coupling;
} family;

vpf_model *family_machine(dice *d, const family *f, double spread);

/* All units of a model: columns of a row of states. */
size_t machine_units(const vpf_model *model);

/* "5-3+-2 joint" for messages; text of at least 64 bytes. */
const char *machine_text(const vpf_model *model, char *text);

/* [rows x cols] bytes, 1 with probability on; to be freed. */
uint8_t *random_bits(dice *d, size_t rows, size_t cols, double on);

/* vpf_data_from_u8() of zeros and ones, and back (to be freed). */
vpf_data *data_of_bits(const uint8_t *bits, size_t rows, size_t cols);
uint8_t *bits_of_data(const vpf_data *data);

/* Row r is the state r mod 2^units, unit k its bit k. */
vpf_data *data_of_all_states(size_t units, size_t rows);

/* Same shape, same bits. */
void assert_same_rows(const vpf_data *a, const vpf_data *b);

#endif
