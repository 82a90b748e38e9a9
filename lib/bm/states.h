/* SPDX-License-Identifier: MIT */
/* States of a machine for many rows, apart by layer, and scratch memory for one row at a time. */
#ifndef VPFI_BM_STATES_H
#define VPFI_BM_STATES_H

#include "bm/shape.h"

/* State s of row r is bits[s] + r * words[s]; see vpfi_shape for what a state is. State 0 is the
 * visible layer; it may be borrowed from a data set whose every row stands for `samples` rows. */
typedef struct vpfi_states {
  size_t n_states;
  size_t rows;
  size_t samples;        /* rows of state 0 are r / samples */
  size_t *words;         /* [n_states] */
  uint64_t **bits;       /* [n_states] */
  bool visible_borrowed; /* bits[0] belongs to somebody else */
  uint64_t first_id;     /* row r was row first_id + r / samples of its data set */
  uint64_t *ids;         /* [rows] the same, where rows are not consecutive; or NULL */
} vpfi_states;

/* visible: rows / samples rows of bits to borrow, or NULL for memory of its own. VPF_ERR_MEMORY. */
vpf_status vpfi_states_init(vpfi_states *states, const vpfi_shape *shape, vpfi_order order, size_t rows,
                            size_t samples, const uint64_t *visible);
void vpfi_states_clear(vpfi_states *states);

uint64_t *vpfi_states_row(const vpfi_states *states, size_t state, size_t row);

/* Which row random numbers are drawn for: the index in the data set; the sample in the top bits. */
uint64_t vpfi_states_id(const vpfi_states *states, size_t row);

/* From and to rows that hold all units, layer after layer, `words` words each (swept order). */
void vpfi_states_split(vpfi_states *states, const vpfi_shape *shape, const uint64_t *rows, size_t words);
void vpfi_states_join(const vpfi_states *states, const vpfi_shape *shape, uint64_t *rows, size_t words);

/* Scratch of one thread for one row. */
typedef struct vpfi_scratch {
  float *z, *threshold;  /* [widest layer] */
  float *field;          /* [widest layer] for whoever needs a second one */
  uint32_t *random;      /* [widest layer] */
  uint64_t *drawn;       /* [words of the widest layer] */
  const uint64_t **row;  /* [n_states]: the bits that fields are made of (vpfi_scratch_see) */
  uint32_t *groups;      /* [16 x words of the widest layer] for vpfi_field() */
  uint32_t **index;      /* [n_states]: the units that are on, for each state of a row */
  size_t *count;         /* [n_states]: how many */
  uint32_t *index_block;
} vpfi_scratch;

/* An array of `threads`, or NULL with the error text set. */
vpfi_scratch *vpfi_scratch_create(const vpfi_shape *shape, size_t threads);
void vpfi_scratch_destroy(vpfi_scratch *scratch, size_t threads); /* takes NULL */

/* Let fields be made of this row, whatever its bits will be. */
void vpfi_scratch_see(vpfi_scratch *scratch, const vpfi_states *states, size_t row);

/* Refresh index and count of one state from the row's bits. */
void vpfi_scratch_list(vpfi_scratch *scratch, const vpfi_states *states, size_t state, size_t row);

/* The same of all states of the row. */
void vpfi_scratch_list_all(vpfi_scratch *scratch, const vpfi_states *states, size_t row);

#endif
