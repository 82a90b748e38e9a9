/* SPDX-License-Identifier: MIT */
/* A minibatch of fully specified rows, in the two forms that fields and gradients need.
 *
 *   states   which units are on in a row:    [rows x words of units]
 *   on       in which rows a unit is on:     [units x words of rows]
 *
 * Rows are worked on in blocks of 64, one word of `on`. Where a plane is dense in a block, its sums are
 * made in groups (vpfi_kernels.sum_grouped), otherwise unit by unit; only the bits decide which. */
#ifndef VPFI_BM_BATCH_H
#define VPFI_BM_BATCH_H

#include "base/team.h"
#include "bm/field.h"

enum {
  VPFI_BLOCK_ROWS = 64,
  /* A tile of a gradient: a block of lower units by a block of upper units. 32 x 256 floats are 32 KiB;
   * with the transposed half, that fills a quarter of a second-level cache of 256 KiB. */
  VPFI_TILE_LOWER = 32,
  VPFI_TILE_UPPER = 256,
  /* Units whose fields are made together: those of a tile of W, which the tile's thread has in its cache;
   * where fields are finished, 7 vectors of 16 floats, or 14 of 8, which stay in registers. */
  VPFI_STRIP = VPFI_TILE_LOWER,
  VPFI_STRIP_FINISHED = 112,
  /* Input from below is summed over this many parts of the lower layer, each sum starting at 0, so that a thread
   * reads the weights that it updates and others see only the sums; of a wide layer, this many units at a time. */
  VPFI_PARTS = 2,
  VPFI_PART_UNITS = 512
};

/* A piece of the parameters that one thread owns: rows first .. first+count-1 (a multiple of
 * VPFI_KERNEL_LANES) of W_index or U_index, or the whole bias of role `index`. */
typedef struct vpfi_tile {
  vpfi_block_kind kind;
  size_t index;
  size_t first, count;
} vpfi_tile;

typedef enum vpfi_chore_kind {
  VPFI_CHORE_FIELDS,    /* fields and rates of units first .. first+width-1 of role `of`; no input from below */
  VPFI_CHORE_PART,      /* input of units first .. first+width-1 of role `of` from part `number` of the layer below */
  VPFI_CHORE_TRANSPOSE, /* bits of units first .. first+width-1 of plane `of` */
  VPFI_CHORE_FINISH     /* like FIELDS, adding the parts */
} vpfi_chore_kind;

/* Work on a block of rows, done by one thread. */
typedef struct vpfi_chore {
  vpfi_chore_kind kind;
  size_t of, number, first, width;
} vpfi_chore;

/* Consecutive rows of a batch, at most VPFI_BLOCK_ROWS, whose fields are made together. */
typedef struct vpfi_span {
  size_t row, rows;
  bool *dense;   /* of plane p: dense[p * stride] */
  size_t stride;
} vpfi_span;

static inline bool vpfi_span_is_dense(const vpfi_span *span, size_t plane) {
  return span->dense[plane * span->stride];
}

/* The form of the gradient of a weight w_ij, with i in the lower and j in the upper layer. */
typedef enum vpfi_gradient_form {
  VPFI_GRADIENT_FLOW,       /* sum over rows of y_i gain_j + y_j gain_i: Eq. (10) */
  VPFI_GRADIENT_CORRELATION /* sum over rows of y_i gain_j only: gains are weighted bits */
} vpfi_gradient_form;

/* A piece of work; none if run is NULL. */
typedef struct vpfi_task {
  void (*run)(void *context);
  void *context;
} vpfi_task;

typedef struct vpfi_batch {
  vpfi_order order;
  vpfi_gradient_form gradient;
  bool keep_transposed; /* update W^T together with W in every step */
  size_t capacity;     /* rows it has room for */
  size_t words;        /* in a row of `on` */
  size_t rows;         /* rows in it now */
  vpfi_states states;  /* the rows, with room for `capacity` */
  uint64_t **on;       /* [n_planes]: [width x words] */
  bool *dense;         /* [n_planes x words]: by block of rows */
  bool *listed;        /* [n_planes]: whether some role sums it as the layer above or as its own layer */
  bool *dense_apart;   /* [n_planes]: of a span that is not a block */
  uint32_t **index;    /* [n_planes]: [VPFI_BLOCK_ROWS x 64 words of units]: for one span, the units that are on
                        * in a plane that is listed and not dense */
  size_t *count;       /* [n_planes x VPFI_BLOCK_ROWS]: lengths of those lists */
  double *total;       /* [n_planes]: units that were on, over all rows of the last vpfi_batch_rates() */
  float **gain;        /* [n_roles]: [capacity x width]: alpha_j delta_j */
  double *flow;        /* [n_roles]: sum over rows and units of delta */
  double *row_flow;    /* [n_roles x capacity]: of each row, for methods that ask for it */
  struct vpfi_centre *centre; /* where the gradient is centred (bm/centre.h); NULL: it is not */
  uint32_t *every_row; /* [capacity]: 0, 1, 2, ... */
  float **part;        /* [n_roles]: [VPFI_PARTS x VPFI_BLOCK_ROWS x width], or NULL without input from below */
  size_t n_early, n_chores;
  vpfi_chore *chores;  /* [n_chores] in the order in which they are done: n_early early ones, then those that finish */
  double *chore_flow;  /* [n_chores] for one block; -1: a field was out of range */
  size_t n_tiles;
  vpfi_tile *tiles;
  vpfi_task side_task; /* for one of the threads while the others update tiles */
  vpfi_team team;
  vpfi_scratch *scratch; /* [team.threads] */
  float **work;          /* [team.threads]: [2 x VPFI_TILE_LOWER x VPFI_TILE_UPPER]: a gradient and its half; also
                          * [widest x VPFI_STRIP]: some columns of W^T */
} vpfi_batch;

vpf_status vpfi_batch_init(vpfi_batch *batch, const vpfi_shape *shape, vpfi_order order, size_t capacity,
                           vpfi_team team);
void vpfi_batch_clear(vpfi_batch *batch, const vpfi_shape *shape);

/* How many units of the layer below make up one part of a role's input. */
size_t vpfi_part_units(const vpfi_shape *shape, size_t role);

size_t vpfi_batch_blocks(const vpfi_batch *batch);
size_t vpfi_batch_block_rows(const vpfi_batch *batch, size_t block);

static inline bool vpfi_batch_is_dense(const vpfi_batch *batch, size_t plane, size_t block) {
  return batch->dense[plane * batch->words + block];
}

/* A block as a span, and other rows from `row` on, at most `most` of them. */
vpfi_span vpfi_batch_block(vpfi_batch *batch, size_t block);
vpfi_span vpfi_batch_span(vpfi_batch *batch, size_t row, size_t most);

/* Set which planes are dense, and add the numbers of units that are on to total [n_planes], unless NULL. */
void vpfi_batch_count(vpfi_batch *batch, const vpfi_shape *shape, const vpfi_span *span, double *total);

/* Turn the rows of a span into lists of units that are on, in planes that are listed and not dense. */
void vpfi_batch_list(vpfi_batch *batch, const vpfi_span *span);

/* Transpose 64 units of a plane, from `first` on. */
void vpfi_batch_transpose_units(vpfi_batch *batch, const vpfi_shape *shape, size_t block, size_t plane, size_t first);

/* Count and transpose all blocks. */
void vpfi_batch_transpose(vpfi_batch *batch, const vpfi_shape *shape);

#endif
