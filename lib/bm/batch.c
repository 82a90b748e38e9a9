/* SPDX-License-Identifier: MIT */
#include "bm/batch.h"

#include <string.h>

#include "base/memory.h"
#include "num/bits.h"

static size_t pieces_of(size_t n, size_t size) {
  return (n + size - 1) / size;
}

static size_t tiles_of(const vpfi_shape *shape, vpfi_block_kind kind, size_t k) {
  switch (kind) {
    case VPFI_BLOCK_WEIGHTS: return k < shape->n_joins ? pieces_of(shape->layer[k].width, VPFI_TILE_LOWER) : 0;
    case VPFI_BLOCK_INTRA:
      return k < shape->n_layers && shape->layer[k].intra ? pieces_of(shape->layer[k].width, VPFI_TILE_LOWER) : 0;
    case VPFI_BLOCK_BIAS: break;
  }
  return k < shape->n_roles;
}

static size_t plane_width(const vpfi_shape *shape, size_t plane) {
  return shape->layer[shape->plane_layer[plane]].width;
}

/* Work of one kind, in pieces. A list of work interleaves its series so that every share of the list (base/team.c)
 * has the same share of each series; a thread then works on the units whose weights it updates. */
typedef struct series {
  size_t kind, of, length, next;
} series;

/* The series whose next piece has its middle earliest, as a fraction of the series; NULL when none is left. */
static series *next_of(series *all, size_t count) {
  series *best = NULL;
  double least = 1;
  for (size_t k = 0; k < count; k++) {
    if (all[k].next == all[k].length) continue;
    const double at = ((double)all[k].next + 0.5) / (double)all[k].length;
    if (at < least) least = at, best = &all[k];
  }
  return best;
}

/* A part is whole words of bits, so that it can be cut out of a row of its plane. */
size_t vpfi_part_units(const vpfi_shape *shape, size_t role) {
  return 64 * pieces_of(vpfi_bits_words(shape->layer[shape->role[role].layer - 1].width), VPFI_PARTS);
}

static size_t chore_step(const vpfi_shape *shape, const series *s) {
  switch ((vpfi_chore_kind)s->kind) {
    case VPFI_CHORE_FIELDS: return VPFI_STRIP;
    case VPFI_CHORE_PART: return VPFI_PART_UNITS;
    case VPFI_CHORE_TRANSPOSE: return 64;
    case VPFI_CHORE_FINISH: break;
  }
  /* a strip of W^T is no wider than a tile of W */
  return shape->role[s->of].above != VPFI_NONE ? VPFI_STRIP : VPFI_STRIP_FINISHED;
}

static size_t chore_width(const vpfi_shape *shape, const series *s) {
  return s->kind == VPFI_CHORE_TRANSPOSE ? plane_width(shape, s->of) : vpfi_role_width(shape, s->of);
}

/* The parts of a wide layer are listed one after another, each in pieces. */
static size_t chores_of(const vpfi_shape *shape, const series *s) {
  const size_t pieces = pieces_of(chore_width(shape, s), chore_step(shape, s));
  return s->kind == VPFI_CHORE_PART ? VPFI_PARTS * pieces : pieces;
}

static void add_chore(vpfi_batch *batch, const vpfi_shape *shape, series *s) {
  const size_t step = chore_step(shape, s), width = chore_width(shape, s), pieces = pieces_of(width, step);
  const size_t first = s->next % pieces * step, left = width - first;
  batch->chores[batch->n_chores++] =
      (vpfi_chore){(vpfi_chore_kind)s->kind, s->of, s->next / pieces, first, left < step ? left : step};
  s->next++;
}

/* all: room for 3 series for each role and plane. Returns how many are used. */
static size_t begin_chores(const vpfi_batch *batch, const vpfi_shape *shape, bool late, series *all) {
  size_t count = 0;
  for (size_t r = 0; r < shape->n_roles; r++) {
    const bool below = shape->role[r].below != VPFI_NONE;
    if (below || !late)
      all[count++] = (series){.kind = late ? VPFI_CHORE_FINISH : below ? VPFI_CHORE_PART : VPFI_CHORE_FIELDS, .of = r};
  }
  for (size_t s = 0; s < batch->states.n_planes && !late; s++)
    all[count++] = (series){.kind = VPFI_CHORE_TRANSPOSE, .of = s};
  for (size_t k = 0; k < count; k++) all[k].length = chores_of(shape, &all[k]);
  return count;
}

static size_t total_length(const series *all, size_t count) {
  size_t total = 0;
  for (size_t k = 0; k < count; k++) total += all[k].length;
  return total;
}

static bool list_chores(vpfi_batch *batch, const vpfi_shape *shape, series *all) {
  size_t count = begin_chores(batch, shape, true, all);
  const size_t late = total_length(all, count);
  count = begin_chores(batch, shape, false, all);
  const size_t chores = total_length(all, count) + late;
  batch->chores = vpfi_alloc(chores, sizeof *batch->chores);
  batch->chore_flow = vpfi_alloc(chores, sizeof *batch->chore_flow);
  if (!batch->chores || !batch->chore_flow) return false;
  for (series *s; (s = next_of(all, count));) add_chore(batch, shape, s);
  batch->n_early = batch->n_chores;
  count = begin_chores(batch, shape, true, all);
  for (series *s; (s = next_of(all, count));) add_chore(batch, shape, s);
  return true;
}

static bool list_tiles(vpfi_batch *batch, const vpfi_shape *shape, series *all) {
  size_t count = 0;
  for (vpfi_block_kind kind = VPFI_BLOCK_BIAS; kind <= VPFI_BLOCK_INTRA; kind++)
    for (size_t k = 0; k < shape->n_roles; k++)
      all[count++] = (series){.kind = kind, .of = k, .length = tiles_of(shape, kind, k)};
  batch->tiles = vpfi_alloc(total_length(all, count), sizeof *batch->tiles);
  if (!batch->tiles) return false;
  for (series *s; (s = next_of(all, count));) {
    const vpfi_block_kind kind = (vpfi_block_kind)s->kind;
    const size_t first = s->next++ * VPFI_TILE_LOWER;
    const size_t left = kind == VPFI_BLOCK_BIAS ? 1 : shape->layer[s->of].width - first;
    batch->tiles[batch->n_tiles++] =
        (vpfi_tile){kind, s->of, first, left < VPFI_TILE_LOWER ? left : VPFI_TILE_LOWER};
  }
  return true;
}

/* List the work of a minibatch in the order in which it is done. */
static bool list_work(vpfi_batch *batch, const vpfi_shape *shape) {
  series *all = vpfi_alloc(3 * (shape->n_roles + batch->states.n_planes), sizeof *all);
  const bool enough = all && list_chores(batch, shape, all) && list_tiles(batch, shape, all);
  vpfi_free(all);
  return enough;
}

static void mark_listed(vpfi_batch *batch, const vpfi_shape *shape) {
  for (size_t r = 0; r < shape->n_roles; r++) {
    const vpfi_role *role = &shape->role[r];
    if (role->above != VPFI_NONE)
      batch->listed[shape->role[shape->join[role->above].upper_role].plane[batch->order]] = true;
    if (role->intra) batch->listed[role->plane[batch->order]] = true;
  }
}

static bool alloc_states(vpfi_batch *batch, const vpfi_shape *shape) {
  const size_t n_planes = batch->states.n_planes;
  batch->on = vpfi_alloc(n_planes, sizeof *batch->on);
  batch->index = vpfi_alloc(n_planes, sizeof *batch->index);
  batch->dense = vpfi_alloc(n_planes, batch->words * sizeof *batch->dense);
  batch->dense_apart = vpfi_alloc(n_planes, sizeof *batch->dense_apart);
  batch->count = vpfi_alloc(n_planes, VPFI_BLOCK_ROWS * sizeof *batch->count);
  batch->listed = vpfi_alloc(n_planes, sizeof *batch->listed);
  batch->total = vpfi_alloc(n_planes, sizeof *batch->total);
  if (!batch->on || !batch->index || !batch->dense || !batch->dense_apart || !batch->count ||
      !batch->listed || !batch->total) return false;
  for (size_t s = 0; s < n_planes; s++) {
    batch->on[s] = vpfi_alloc(plane_width(shape, s), batch->words * sizeof(uint64_t));
    batch->index[s] = vpfi_alloc(batch->states.words[s], VPFI_BLOCK_ROWS * 64 * sizeof(uint32_t));
    if (!batch->on[s] || !batch->index[s]) return false;
  }
  return true;
}

static bool alloc_roles(vpfi_batch *batch, const vpfi_shape *shape) {
  batch->gain = vpfi_alloc(shape->n_roles, sizeof *batch->gain);
  batch->part = vpfi_alloc(shape->n_roles, sizeof *batch->part);
  batch->flow = vpfi_alloc(shape->n_roles, sizeof *batch->flow);
  batch->row_flow = vpfi_alloc(shape->n_roles, batch->capacity * sizeof *batch->row_flow);
  if (!batch->gain || !batch->part || !batch->flow || !batch->row_flow) return false;
  for (size_t r = 0; r < shape->n_roles; r++) {
    const size_t width = vpfi_role_width(shape, r);
    batch->gain[r] = vpfi_alloc(batch->capacity, width * sizeof(float));
    if (!batch->gain[r]) return false;
    if (shape->role[r].below == VPFI_NONE) continue;
    batch->part[r] = vpfi_alloc(width, VPFI_PARTS * VPFI_BLOCK_ROWS * sizeof(float));
    if (!batch->part[r]) return false;
  }
  return true;
}

static bool alloc_work(vpfi_batch *batch, const vpfi_shape *shape) {
  batch->every_row = vpfi_alloc(batch->capacity, sizeof *batch->every_row);
  batch->scratch = vpfi_scratch_create(shape, batch->team.threads);
  batch->work = vpfi_alloc(batch->team.threads, sizeof *batch->work);
  if (!batch->every_row || !batch->scratch || !batch->work) return false;
  for (size_t t = 0; t < batch->team.threads; t++) {
    const size_t gradient = 2 * VPFI_TILE_UPPER, strip = shape->widest;
    batch->work[t] = vpfi_alloc(gradient > strip ? gradient : strip, VPFI_STRIP * sizeof(float));
    if (!batch->work[t]) return false;
  }
  return true;
}

vpf_status vpfi_batch_init(vpfi_batch *batch, const vpfi_shape *shape, vpfi_order order, size_t capacity,
                           vpfi_team team) {
  *batch = (vpfi_batch){
      .order = order, .capacity = capacity, .words = vpfi_bits_words(capacity), .team = team};
  vpf_status status = vpfi_states_init(&batch->states, shape, order, capacity);
  if (!status && !(alloc_states(batch, shape) && alloc_roles(batch, shape) && alloc_work(batch, shape) &&
                   list_work(batch, shape)))
    status = VPF_ERR_MEMORY;
  if (status) {
    vpfi_batch_clear(batch, shape);
    return status;
  }
  for (size_t r = 0; r < capacity; r++) batch->every_row[r] = (uint32_t)r;
  mark_listed(batch, shape);
  return VPF_OK;
}

void vpfi_batch_clear(vpfi_batch *batch, const vpfi_shape *shape) {
  for (size_t s = 0; batch->on && s < batch->states.n_planes; s++) vpfi_free(batch->on[s]);
  for (size_t s = 0; batch->index && s < batch->states.n_planes; s++) vpfi_free(batch->index[s]);
  for (size_t r = 0; batch->gain && r < shape->n_roles; r++) vpfi_free(batch->gain[r]);
  for (size_t r = 0; batch->part && r < shape->n_roles; r++) vpfi_free(batch->part[r]);
  for (size_t t = 0; batch->work && t < batch->team.threads; t++) vpfi_free(batch->work[t]);
  vpfi_free(batch->on);
  vpfi_free(batch->index);
  vpfi_free(batch->dense);
  vpfi_free(batch->dense_apart);
  vpfi_free(batch->count);
  vpfi_free(batch->listed);
  vpfi_free(batch->total);
  vpfi_free(batch->gain);
  vpfi_free(batch->flow);
  vpfi_free(batch->row_flow);
  vpfi_free(batch->part);
  vpfi_free(batch->chores);
  vpfi_free(batch->chore_flow);
  vpfi_free(batch->every_row);
  vpfi_free(batch->tiles);
  vpfi_free(batch->work);
  vpfi_scratch_destroy(batch->scratch, batch->team.threads);
  vpfi_states_clear(&batch->states);
  *batch = (vpfi_batch){0};
}

size_t vpfi_batch_blocks(const vpfi_batch *batch) {
  return pieces_of(batch->rows, VPFI_BLOCK_ROWS);
}

size_t vpfi_batch_block_rows(const vpfi_batch *batch, size_t block) {
  const size_t left = batch->rows - block * VPFI_BLOCK_ROWS;
  return left < VPFI_BLOCK_ROWS ? left : VPFI_BLOCK_ROWS;
}

/* A group of four units costs one addition and its share of a table, where unit by unit it costs one addition for
 * each unit that is on; measured, the two break even with 30 to 40 % on. */
static bool is_dense(size_t on, size_t of) {
  return 8 * on >= 3 * of;
}

vpfi_span vpfi_batch_block(vpfi_batch *batch, size_t block) {
  return (vpfi_span){.row = block * VPFI_BLOCK_ROWS,
                     .rows = vpfi_batch_block_rows(batch, block),
                     .dense = batch->dense + block,
                     .stride = batch->words};
}

vpfi_span vpfi_batch_span(vpfi_batch *batch, size_t row, size_t most) {
  return (vpfi_span){
      .row = row, .rows = most < VPFI_BLOCK_ROWS ? most : VPFI_BLOCK_ROWS, .dense = batch->dense_apart, .stride = 1};
}

void vpfi_batch_count(vpfi_batch *batch, const vpfi_shape *shape, const vpfi_span *span, double *total) {
  for (size_t s = 0; s < batch->states.n_planes; s++) {
    const size_t on = vpfi_bits_count(vpfi_states_row(&batch->states, s, span->row), span->rows * batch->states.words[s]);
    span->dense[s * span->stride] = is_dense(on, span->rows * shape->layer[shape->plane_layer[s]].size);
    if (total) total[s] += (double)on;
  }
}

typedef struct list_job {
  vpfi_batch *batch;
  const vpfi_span *span;
} list_job;

static void list_rows(void *context, size_t begin, size_t end, size_t thread) {
  const list_job *job = context;
  const vpfi_batch *batch = job->batch;
  (void)thread;
  for (size_t s = 0; s < batch->states.n_planes; s++) {
    const size_t words = batch->states.words[s];
    if (!batch->listed[s] || vpfi_span_is_dense(job->span, s)) continue;
    for (size_t r = begin; r < end; r++)
      batch->count[s * VPFI_BLOCK_ROWS + r] = vpfi_bits_list(vpfi_states_row(&batch->states, s, job->span->row + r), words,
                                                             batch->index[s] + r * words * 64);
  }
}

void vpfi_batch_list(vpfi_batch *batch, const vpfi_span *span) {
  bool wanted = false;
  for (size_t s = 0; s < batch->states.n_planes; s++)
    wanted = wanted || (batch->listed[s] && !vpfi_span_is_dense(span, s));
  if (!wanted) return;
  list_job job = {batch, span};
  vpfi_team_for(&batch->team, span->rows, list_rows, &job);
}

void vpfi_batch_transpose_units(vpfi_batch *batch, const vpfi_shape *shape, size_t block, size_t plane, size_t first) {
  const size_t left = plane_width(shape, plane) - first;
  vpfi_bits_transpose_square(batch->on[plane] + first * batch->words + block, batch->words, left < 64 ? left : 64,
                             vpfi_states_row(&batch->states, plane, block * VPFI_BLOCK_ROWS) + first / 64,
                             batch->states.words[plane], vpfi_batch_block_rows(batch, block));
}

typedef struct transpose_job {
  vpfi_batch *batch;
  const vpfi_shape *shape;
} transpose_job;

static void transpose_units(void *context, size_t begin, size_t end, size_t thread) {
  const transpose_job *job = context;
  (void)thread;
  for (size_t k = begin; k < end; k++) {
    const vpfi_chore *chore = &job->batch->chores[k];
    for (size_t b = 0; chore->kind == VPFI_CHORE_TRANSPOSE && b < vpfi_batch_blocks(job->batch); b++)
      vpfi_batch_transpose_units(job->batch, job->shape, b, chore->of, chore->first);
  }
}

void vpfi_batch_transpose(vpfi_batch *batch, const vpfi_shape *shape) {
  for (size_t b = 0; b < vpfi_batch_blocks(batch); b++) {
    const vpfi_span span = vpfi_batch_block(batch, b);
    vpfi_batch_count(batch, shape, &span, NULL);
  }
  transpose_job job = {batch, shape};
  vpfi_team_for(&batch->team, batch->n_early, transpose_units, &job);
}
