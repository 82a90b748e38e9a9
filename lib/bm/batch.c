/* SPDX-License-Identifier: MIT */
#include "bm/batch.h"

#include <string.h>

#include "base/memory.h"
#include "num/bits.h"

static size_t pieces_of(size_t n, size_t size) {
  return (n + size - 1) / size;
}

static size_t count_tiles(const vpfi_shape *shape) {
  size_t tiles = shape->n_roles;
  for (size_t i = 0; i < shape->n_layers; i++) {
    const size_t strips = pieces_of(shape->layer[i].width, VPFI_TILE_LOWER);
    tiles += (i < shape->n_joins ? strips : 0) + (shape->layer[i].intra ? strips : 0);
  }
  return tiles;
}

static void add_tiles(vpfi_batch *batch, const vpfi_shape *shape, vpfi_block_kind kind, size_t layer) {
  const size_t rows = shape->layer[layer].width;
  for (size_t first = 0; first < rows; first += VPFI_TILE_LOWER)
    batch->tiles[batch->n_tiles++] =
        (vpfi_tile){kind, layer, first, rows - first < VPFI_TILE_LOWER ? rows - first : VPFI_TILE_LOWER};
}

static void cut_tiles(vpfi_batch *batch, const vpfi_shape *shape) {
  for (size_t i = 0; i < shape->n_joins; i++) add_tiles(batch, shape, VPFI_BLOCK_WEIGHTS, i);
  for (size_t i = 0; i < shape->n_layers; i++)
    if (shape->layer[i].intra) add_tiles(batch, shape, VPFI_BLOCK_INTRA, i);
  for (size_t r = 0; r < shape->n_roles; r++) batch->tiles[batch->n_tiles++] = (vpfi_tile){VPFI_BLOCK_BIAS, r, 0, 1};
}

static size_t role_width(const vpfi_shape *shape, size_t role) {
  return shape->layer[shape->role[role].layer].width;
}

static size_t state_width(const vpfi_shape *shape, size_t state) {
  return shape->layer[shape->state_layer[state]].width;
}

/* All chores of one kind for one role or state: units 0 .. width-1 in steps. */
typedef struct series {
  vpfi_chore_kind kind;
  size_t of, width, step;
} series;

static size_t length(const series *s) {
  return pieces_of(s->width, s->step);
}

/* A part is whole words of bits, so that it can be cut out of a row of states. */
static series parts_of(const vpfi_shape *shape, size_t role) {
  const size_t width = shape->layer[shape->role[role].layer - 1].width;
  return (series){VPFI_CHORE_PART, role, width, 64 * pieces_of(vpfi_bits_words(width), VPFI_PARTS)};
}

/* Series number k of the early or the late chores. */
static series series_of(const vpfi_shape *shape, bool late, size_t k) {
  if (k >= shape->n_roles) {
    const size_t state = k - shape->n_roles;
    return (series){VPFI_CHORE_TRANSPOSE, state, late ? 0 : state_width(shape, state), 64};
  }
  const bool below = shape->role[k].below != VPFI_NONE;
  /* a strip of W^T is no wider than a tile of W, also where there is input from below */
  const size_t finished = shape->role[k].above != VPFI_NONE ? VPFI_STRIP : VPFI_STRIP_FINISHED;
  if (late) return (series){VPFI_CHORE_FINISH, k, below ? role_width(shape, k) : 0, finished};
  return below ? parts_of(shape, k) : (series){VPFI_CHORE_FIELDS, k, role_width(shape, k), VPFI_STRIP};
}

static size_t count_chores(const vpfi_shape *shape, size_t n_states) {
  size_t chores = 0;
  for (size_t k = 0; k < shape->n_roles + n_states; k++)
    for (int late = 0; late < 2; late++) {
      const series s = series_of(shape, late, k);
      chores += length(&s);
    }
  return chores;
}

/* The series are mixed so that every share of the list (base/threads.c) has the same share of each: then
 * a thread works on those units whose weights it updates. Returns false when all are listed. */
static bool list_next(vpfi_batch *batch, const vpfi_shape *shape, bool late, size_t *next) {
  series best = {0};
  double least = 1; /* the middle of the next chore of a series, as a fraction of it */
  size_t which = 0;
  for (size_t k = 0; k < shape->n_roles + batch->states.n_states; k++) {
    const series s = series_of(shape, late, k);
    if (next[k] == length(&s)) continue;
    const double at = ((double)next[k] + 0.5) / (double)length(&s);
    if (at < least) least = at, best = s, which = k;
  }
  if (least == 1) return false;
  const size_t number = next[which]++, first = number * best.step, left = best.width - first;
  batch->chores[batch->n_chores++] =
      (vpfi_chore){best.kind, best.of, number, first, left < best.step ? left : best.step};
  return true;
}

static vpf_status list_chores(vpfi_batch *batch, const vpfi_shape *shape) {
  const size_t all_series = shape->n_roles + batch->states.n_states;
  size_t *next = vpfi_alloc(all_series, sizeof *next);
  if (!next) return VPF_ERR_MEMORY;
  while (list_next(batch, shape, false, next)) {}
  batch->n_early = batch->n_chores;
  memset(next, 0, all_series * sizeof *next);
  while (list_next(batch, shape, true, next)) {}
  vpfi_free(next);
  return VPF_OK;
}

static void mark_listed(vpfi_batch *batch, const vpfi_shape *shape) {
  for (size_t r = 0; r < shape->n_roles; r++) {
    const vpfi_role *role = &shape->role[r];
    if (role->above != VPFI_NONE)
      batch->listed[shape->role[shape->join[role->above].upper_role].state[batch->order]] = true;
    if (role->intra) batch->listed[role->state[batch->order]] = true;
  }
}

static bool alloc_states(vpfi_batch *batch, const vpfi_shape *shape) {
  const size_t n_states = batch->states.n_states;
  batch->on = vpfi_alloc(n_states, sizeof *batch->on);
  batch->index = vpfi_alloc(n_states, sizeof *batch->index);
  batch->dense = vpfi_alloc(n_states, batch->words * sizeof *batch->dense);
  batch->count = vpfi_alloc(n_states, VPFI_BLOCK_ROWS * sizeof *batch->count);
  batch->listed = vpfi_alloc(n_states, sizeof *batch->listed);
  batch->total = vpfi_alloc(n_states, sizeof *batch->total);
  if (!batch->on || !batch->index || !batch->dense || !batch->count || !batch->listed || !batch->total) return false;
  for (size_t s = 0; s < n_states; s++) {
    batch->on[s] = vpfi_alloc(state_width(shape, s), batch->words * sizeof(uint64_t));
    batch->index[s] = vpfi_alloc(batch->states.words[s], VPFI_BLOCK_ROWS * 64 * sizeof(uint32_t));
    if (!batch->on[s] || !batch->index[s]) return false;
  }
  return true;
}

static bool alloc_roles(vpfi_batch *batch, const vpfi_shape *shape) {
  batch->gain = vpfi_alloc(shape->n_roles, sizeof *batch->gain);
  batch->part = vpfi_alloc(shape->n_roles, sizeof *batch->part);
  batch->flow = vpfi_alloc(shape->n_roles, sizeof *batch->flow);
  const size_t chores = count_chores(shape, batch->states.n_states);
  batch->chores = vpfi_alloc(chores, sizeof *batch->chores);
  batch->chore_flow = vpfi_alloc(chores, sizeof *batch->chore_flow);
  if (!batch->gain || !batch->part || !batch->flow || !batch->chores || !batch->chore_flow) return false;
  for (size_t r = 0; r < shape->n_roles; r++) {
    const size_t width = role_width(shape, r);
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
  batch->tiles = vpfi_alloc(count_tiles(shape), sizeof *batch->tiles);
  batch->scratch = vpfi_scratch_create(shape, batch->team.threads);
  batch->work = vpfi_alloc(batch->team.threads, sizeof *batch->work);
  if (!batch->every_row || !batch->tiles || !batch->scratch || !batch->work) return false;
  for (size_t t = 0; t < batch->team.threads; t++) {
    const size_t gradient = 2 * VPFI_TILE_UPPER, strip = shape->widest;
    batch->work[t] = vpfi_alloc(gradient > strip ? gradient : strip, VPFI_STRIP * sizeof(float));
    if (!batch->work[t]) return false;
  }
  return true;
}

vpf_status vpfi_batch_init(vpfi_batch *batch, const vpfi_shape *shape, vpfi_order order, size_t capacity,
                           size_t threads) {
  *batch = (vpfi_batch){
      .order = order, .capacity = capacity, .words = vpfi_bits_words(capacity), .team = {.threads = threads}};
  vpf_status status = vpfi_states_init(&batch->states, shape, order, capacity, 1, NULL);
  if (!status && !(alloc_states(batch, shape) && alloc_roles(batch, shape) && alloc_work(batch, shape)))
    status = VPF_ERR_MEMORY;
  if (!status) status = list_chores(batch, shape);
  if (status) {
    vpfi_batch_clear(batch, shape);
    return status;
  }
  for (size_t r = 0; r < capacity; r++) batch->every_row[r] = (uint32_t)r;
  cut_tiles(batch, shape);
  mark_listed(batch, shape);
  return VPF_OK;
}

void vpfi_batch_clear(vpfi_batch *batch, const vpfi_shape *shape) {
  for (size_t s = 0; batch->on && s < batch->states.n_states; s++) vpfi_free(batch->on[s]);
  for (size_t s = 0; batch->index && s < batch->states.n_states; s++) vpfi_free(batch->index[s]);
  for (size_t r = 0; batch->gain && r < shape->n_roles; r++) vpfi_free(batch->gain[r]);
  for (size_t r = 0; batch->part && r < shape->n_roles; r++) vpfi_free(batch->part[r]);
  for (size_t t = 0; batch->work && t < batch->team.threads; t++) vpfi_free(batch->work[t]);
  vpfi_free(batch->on);
  vpfi_free(batch->index);
  vpfi_free(batch->dense);
  vpfi_free(batch->count);
  vpfi_free(batch->listed);
  vpfi_free(batch->total);
  vpfi_free(batch->gain);
  vpfi_free(batch->flow);
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

/* Sums in groups of four cost four additions where sums unit by unit cost one for each unit that is on,
 * and a table; measured, they meet between 30 and 40 % on. */
static bool is_dense(size_t on, size_t of) {
  return 8 * on >= 3 * of;
}

void vpfi_batch_count(vpfi_batch *batch, const vpfi_shape *shape, size_t block, double *total) {
  const size_t rows = vpfi_batch_block_rows(batch, block);
  for (size_t s = 0; s < batch->states.n_states; s++) {
    const size_t on =
        vpfi_bits_count(vpfi_states_row(&batch->states, s, block * VPFI_BLOCK_ROWS), rows * batch->states.words[s]);
    batch->dense[s * batch->words + block] = is_dense(on, rows * shape->layer[shape->state_layer[s]].size);
    if (total) total[s] += (double)on;
  }
}

typedef struct list_job {
  vpfi_batch *batch;
  size_t block;
} list_job;

static void list_rows(void *context, size_t begin, size_t end, size_t thread) {
  const list_job *job = context;
  const vpfi_batch *batch = job->batch;
  (void)thread;
  for (size_t s = 0; s < batch->states.n_states; s++) {
    const size_t words = batch->states.words[s];
    if (!batch->listed[s] || batch->dense[s * batch->words + job->block]) continue;
    for (size_t r = begin; r < end; r++)
      batch->count[s * VPFI_BLOCK_ROWS + r] =
          vpfi_bits_list(vpfi_states_row(&batch->states, s, job->block * VPFI_BLOCK_ROWS + r), words,
                         batch->index[s] + r * words * 64);
  }
}

void vpfi_batch_list(vpfi_batch *batch, size_t block) {
  bool wanted = false;
  for (size_t s = 0; s < batch->states.n_states; s++)
    wanted = wanted || (batch->listed[s] && !batch->dense[s * batch->words + block]);
  if (!wanted) return;
  list_job job = {batch, block};
  vpfi_team_for(&batch->team, vpfi_batch_block_rows(batch, block), list_rows, &job);
}

void vpfi_batch_transpose_units(vpfi_batch *batch, const vpfi_shape *shape, size_t block, size_t state, size_t first) {
  const size_t left = state_width(shape, state) - first;
  vpfi_bits_transpose_square(batch->on[state] + first * batch->words + block, batch->words, left < 64 ? left : 64,
                             vpfi_states_row(&batch->states, state, block * VPFI_BLOCK_ROWS) + first / 64,
                             batch->states.words[state], vpfi_batch_block_rows(batch, block));
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
  for (size_t b = 0; b < vpfi_batch_blocks(batch); b++) vpfi_batch_count(batch, shape, b, NULL);
  transpose_job job = {batch, shape};
  vpfi_team_for(&batch->team, batch->n_early, transpose_units, &job);
}
