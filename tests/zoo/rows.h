/* SPDX-License-Identifier: MIT */
/* Sets of rows to train on and to anneal from. */
#ifndef VPF_TESTS_ZOO_ROWS_H
#define VPF_TESTS_ZOO_ROWS_H

#include "support/dice.h"
#include "zoo/zoo.h"

/* bits [rows x cols], of which the last `test` become the test rows; freed. */
zoo_rows rows_of_bits(const char *name, uint8_t *bits, size_t rows, size_t test, size_t cols);
void rows_free(zoo_rows *rows);

/* The first rows of the images in a folder of IDX files. */
zoo_rows rows_of_images(const char *name, const char *folder, size_t train, size_t test);
/* The negative; and 8 x 8 from 28 x 28 by blocks of 3 x 3 pixels. */
zoo_rows rows_inverted(const char *name, const zoo_rows *of);
zoo_rows rows_small(const char *name, const zoo_rows *of);

/* 2 % of the columns are on: groups of ten that come together, and noise. */
zoo_rows rows_sparse(const char *name, size_t cols, size_t train, size_t test);
/* Configurations of the Ising torus. */
zoo_rows rows_ising(const char *name, size_t side, double k, size_t train, size_t test);
/* All units off and all on: half of each is up on average. */
zoo_rows rows_half(const char *name, size_t cols);
/* Independent samples of the machine's own visible units, by enumeration. */
zoo_rows rows_of_model(const char *name, const vpf_model *model, size_t train, size_t test, uint64_t seed);

#endif
