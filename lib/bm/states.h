/* SPDX-License-Identifier: MIT */
/* The states of a machine for many rows, plane by plane, and scratch memory for one row at a time. */
#ifndef VPFI_BM_STATES_H
#define VPFI_BM_STATES_H

#include "bm/shape.h"

/* The bits of plane p (bm/shape.h says what a plane is) in row r are at bits[p] + r * words[p]. The visible plane, 0,
 * may be lent by a data set, each of whose rows then serves `samples` rows here. */
typedef struct vpfi_states {
  size_t n_planes;
  size_t rows;
  size_t samples;       /* row r uses row r / samples of a lent plane 0 */
  size_t *words;        /* [n_planes] */
  uint64_t **bits;      /* [n_planes]; bits[0] is NULL where plane 0 is lent */
  const uint64_t *lent; /* plane 0 where it is not ours; never written */
  uint64_t first_id;    /* row r was row first_id + r / samples of its data set */
  uint64_t *ids;        /* [rows]: the id of each, where rows are not consecutive; or NULL */
} vpfi_states;

/* All planes, with all bits 0. VPF_ERR_MEMORY. */
vpf_status vpfi_states_init(vpfi_states *states, const vpfi_shape *shape, vpfi_order order, size_t rows);

/* All planes but the visible one, for `samples` states for each of `data_rows` rows to be lent. VPF_ERR_MEMORY. */
vpf_status vpfi_states_init_hidden(vpfi_states *states, const vpfi_shape *shape, vpfi_order order, size_t data_rows,
                                   size_t samples);
void vpfi_states_clear(vpfi_states *states);

/* Use these bits, [rows / samples] rows, as plane 0 of states without one; NULL gives them back. */
void vpfi_states_lend(vpfi_states *states, const uint64_t *visible);

/* The bits of a plane in a row: to read and, where the plane is ours, to write. */
const uint64_t *vpfi_states_row(const vpfi_states *states, size_t plane, size_t row);
uint64_t *vpfi_states_edit(vpfi_states *states, size_t plane, size_t row);

/* Copy `count` rows of all planes that `to` has. Both must own their planes. */
void vpfi_states_copy(vpfi_states *to, size_t to_row, const vpfi_states *from, size_t from_row, size_t count);

/* Whether no plane that is ours has a bit set beyond the last unit, which would select a row of weights that does not
 * exist. */
bool vpfi_states_are_clean(const vpfi_states *states, const vpfi_shape *shape);

/* The row for which random numbers are drawn: its index in the data set, with the sample in the top 16 bits. */
uint64_t vpfi_states_id(const vpfi_states *states, size_t row);

/* From and to rows that hold all units, layer after layer, in `words` words each (swept order). */
void vpfi_states_split(vpfi_states *states, const vpfi_shape *shape, const uint64_t *rows, size_t words);
void vpfi_states_join(const vpfi_states *states, const vpfi_shape *shape, uint64_t *rows, size_t words);

/* One row whose bits say which units of the first `layers` layers are clamped: those whose byte is not 0. clamped: a
 * byte for each unit, layer after layer; if NULL, *mask is all zero, and mask->bits, NULL, clamps nothing.
 * VPF_ERR_MEMORY. */
vpf_status vpfi_states_init_mask(vpfi_states *mask, const vpfi_shape *shape, const uint8_t *clamped, size_t layers);

/* Scratch memory of one thread for one row. */
typedef struct vpfi_scratch {
  float *z, *threshold;  /* [widest layer] */
  float *field;          /* [widest layer] for whoever needs a second field */
  uint32_t *random;      /* [widest layer] */
  uint64_t *drawn;       /* [words of the widest layer] */
  const uint64_t **row;  /* [n_planes]: the bits that fields are made from (vpfi_scratch_see) */
  uint32_t *groups;      /* [16 x words of the widest layer] for vpfi_field() */
  uint32_t **index;      /* [n_planes]: the units that are on in each plane of a row */
  size_t *count;         /* [n_planes]: how many */
  uint32_t *index_block;
} vpfi_scratch;

/* An array of `threads` of them, or NULL with the error text set. */
vpfi_scratch *vpfi_scratch_create(const vpfi_shape *shape, size_t threads);
void vpfi_scratch_destroy(vpfi_scratch *scratch, size_t threads); /* accepts NULL */

/* Make fields from this row from now on, whatever its bits are then. */
void vpfi_scratch_see(vpfi_scratch *scratch, const vpfi_states *states, size_t row);

/* Refresh index and count of one plane from the row's bits. */
void vpfi_scratch_list(vpfi_scratch *scratch, const vpfi_states *states, size_t plane, size_t row);

/* The same for all planes of the row. */
void vpfi_scratch_list_all(vpfi_scratch *scratch, const vpfi_states *states, size_t row);

/* Set index and count of the first `layers` layers from a row that holds all units, layer after layer. */
void vpfi_scratch_list_units(vpfi_scratch *scratch, const vpfi_shape *shape, const uint64_t *units, size_t layers);

#endif
