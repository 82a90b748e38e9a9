/* SPDX-License-Identifier: MIT */
#include "bm/flow.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "bm/centre.h"
#include "num/bits.h"

/* Work on the rows of a span. */
typedef struct span_job {
  vpfi_batch *batch;
  const vpfi_machine *machine;
  vpfi_span span;
  const bool *roles; /* [n_roles]: of which only the fields are wanted; NULL: all, with their rates and all bits
                      * transposed, and the span is a block */
} span_job;

static const vpfi_layer *layer_of(const span_job *job, size_t role) {
  return &job->machine->shape->layer[job->machine->shape->role[role].layer];
}

static float *chore_gain(const span_job *job, const vpfi_chore *chore) {
  return job->batch->gain[chore->of] + job->span.row * layer_of(job, chore->of)->width + chore->first;
}

/* z = start plus the matrix rows of the units that are on in a listed plane, for all rows of the block. */
static void add_inputs(const span_job *job, float *z, const float *start, size_t z_stride, size_t start_stride,
                       size_t plane, const float *matrix, size_t stride, size_t width) {
  const vpfi_batch *batch = job->batch;
  const vpfi_kernels *kernels = job->machine->kernels;
  const size_t words = batch->states.words[plane];
  if (vpfi_span_is_dense(&job->span, plane)) {
    const vpfi_selection selection = {
        .out = z, .out_stride = z_stride, .start = start, .start_stride = start_stride,
        .bits = vpfi_states_row(&batch->states, plane, job->span.row), .words = words, .count = job->span.rows,
        .matrix = matrix, .stride = stride, .width = width,
        .rows = job->machine->shape->layer[job->machine->shape->plane_layer[plane]].size};
    kernels->sum_grouped(&selection);
    return;
  }
  for (size_t r = 0; r < job->span.rows; r++)
    kernels->sum_rows(z + r * z_stride, start + r * start_stride, matrix, stride, width,
                      batch->index[plane] + r * words * 64, batch->count[plane * VPFI_BLOCK_ROWS + r]);
}

/* What one part of the layer below contributes to units of a role. */
static void sum_part(const span_job *job, const vpfi_chore *chore) {
  const vpfi_batch *batch = job->batch;
  const vpfi_shape *shape = job->machine->shape;
  const vpfi_kernels *kernels = job->machine->kernels;
  const size_t below = shape->role[chore->of].below, width = layer_of(job, chore->of)->width;
  const size_t plane = shape->role[shape->join[below].lower_role].plane[batch->order];
  const size_t step = vpfi_part_units(shape, chore->of), first = chore->number * step;
  const size_t units = shape->layer[shape->role[chore->of].layer - 1].width;
  if (first >= units) return; /* a layer of few words has fewer parts; the others stay 0 */
  const vpfi_selection selection = {
      .out = batch->part[chore->of] + chore->number * VPFI_BLOCK_ROWS * width + chore->first, .out_stride = width,
      .bits = vpfi_states_row(&batch->states, plane, job->span.row) + first / 64,
      .words = batch->states.words[plane], .count = job->span.rows,
      .matrix = job->machine->params->weights[below] + first * width + chore->first, .stride = width,
      .rows = units - first < step ? units - first : step, .width = chore->width};
  (vpfi_span_is_dense(&job->span, plane) ? kernels->sum_grouped : kernels->sum_selected)(&selection);
}

/* z = start plus all parts. */
static void add_parts(const span_job *job, const vpfi_chore *chore, float *z, const float *start, size_t width) {
  for (uint32_t r = 0; r < job->span.rows; r++) {
    uint32_t part[VPFI_PARTS];
    for (uint32_t p = 0; p < VPFI_PARTS; p++) part[p] = p * VPFI_BLOCK_ROWS + r;
    job->machine->kernels->sum_rows(z + r * width, start, job->batch->part[chore->of] + chore->first, width,
                                    chore->width, part, VPFI_PARTS);
  }
}

/* The columns of W^T that a chore needs: [units above x VPFI_STRIP]. Made from W, which the thread that updates it
 * has in its cache; W^T itself is out of date while a machine is being trained. */
static const float *transposed_strip(const span_job *job, const vpfi_chore *chore, float *work) {
  const vpfi_role *role = &job->machine->shape->role[chore->of];
  const size_t above = job->machine->shape->layer[role->layer + 1].width;
  job->machine->kernels->transpose(work, VPFI_STRIP, job->machine->params->weights[role->above] + chore->first * above,
                                   above, chore->width, above);
  return work;
}

/* Make fields where the gains will be: bias, below, above, own layer, added in this order. */
static void make_fields(const span_job *job, const vpfi_chore *chore, float *work) {
  const vpfi_batch *batch = job->batch;
  const vpfi_shape *shape = job->machine->shape;
  const vpfi_params *params = job->machine->params;
  const vpfi_role *role = &shape->role[chore->of];
  const size_t width = layer_of(job, chore->of)->width;
  float *z = chore_gain(job, chore);
  const float *start = params->bias[chore->of] + chore->first; /* the same for all rows, until there is a sum */
  size_t start_stride = 0;
  if (role->below != VPFI_NONE) {
    add_parts(job, chore, z, start, width);
    start = z, start_stride = width;
  }
  if (role->above != VPFI_NONE) {
    add_inputs(job, z, start, width, start_stride,
               shape->role[shape->join[role->above].upper_role].plane[batch->order],
               transposed_strip(job, chore, work), VPFI_STRIP, chore->width);
    start = z, start_stride = width;
  }
  if (role->intra) {
    add_inputs(job, z, start, width, start_stride, role->plane[batch->order],
               params->intra[role->layer] + chore->first, width, chore->width);
    start = z;
  }
  for (size_t r = 0; start != z && r < job->span.rows; r++) memcpy(z + r * width, start, chore->width * sizeof *z);
}

static double make_rates(const span_job *job, const vpfi_chore *chore) {
  const vpfi_batch *batch = job->batch;
  const vpfi_layer *layer = layer_of(job, chore->of);
  const size_t plane = job->machine->shape->role[chore->of].plane[batch->order];
  const size_t left = layer->size > chore->first ? layer->size - chore->first : 0;
  double flow;
  const bool within = job->machine->kernels->rates(
      chore_gain(job, chore), layer->width, vpfi_states_row(&batch->states, plane, job->span.row),
      batch->states.words[plane], chore->first, left < chore->width ? left : chore->width, chore->width,
      job->span.rows, &flow);
  return within ? flow : -1;
}

static void do_chore(const span_job *job, size_t k, float *work) {
  vpfi_batch *batch = job->batch;
  const vpfi_chore *chore = &batch->chores[k];
  batch->chore_flow[k] = 0;
  if (job->roles && (chore->kind == VPFI_CHORE_TRANSPOSE || !job->roles[chore->of])) return;
  switch (chore->kind) {
    case VPFI_CHORE_PART: sum_part(job, chore); break;
    case VPFI_CHORE_TRANSPOSE:
      vpfi_batch_transpose_units(batch, job->machine->shape, job->span.row / VPFI_BLOCK_ROWS, chore->of, chore->first);
      break;
    case VPFI_CHORE_FIELDS:
    case VPFI_CHORE_FINISH:
      make_fields(job, chore, work);
      if (!job->roles) batch->chore_flow[k] = make_rates(job, chore);
  }
}

static void do_early(void *context, size_t begin, size_t end, size_t thread) {
  const span_job *job = context;
  for (size_t k = begin; k < end; k++) do_chore(job, k, job->batch->work[thread]);
}

static void do_late(void *context, size_t begin, size_t end, size_t thread) {
  const span_job *job = context;
  do_early(context, job->batch->n_early + begin, job->batch->n_early + end, thread);
}

static void do_chores(span_job *job, double *total) {
  vpfi_batch *batch = job->batch;
  vpfi_batch_count(batch, job->machine->shape, &job->span, total);
  vpfi_batch_list(batch, &job->span);
  vpfi_team_for(&batch->team, batch->n_early, do_early, job);
  vpfi_team_for(&batch->team, batch->n_chores - batch->n_early, do_late, job);
}

void vpfi_batch_fields(vpfi_batch *batch, const vpfi_machine *machine, const bool *roles, size_t row, size_t count) {
  for (const size_t end = row + count; row < end; row += VPFI_BLOCK_ROWS) {
    span_job job = {.batch = batch, .machine = machine, .span = vpfi_batch_span(batch, row, end - row), .roles = roles};
    do_chores(&job, NULL);
  }
}

/* Compute the fields of the block again and find the unit. */
static void locate(const span_job *job, vpfi_overflow *overflow) {
  const vpfi_batch *batch = job->batch;
  const vpfi_shape *shape = job->machine->shape;
  for (size_t k = 0; k < batch->n_chores; k++)
    if (batch->chores[k].kind == VPFI_CHORE_FIELDS || batch->chores[k].kind == VPFI_CHORE_FINISH)
      make_fields(job, &batch->chores[k], batch->work[0]); /* from the same parts */
  for (size_t row = job->span.row; row < job->span.row + job->span.rows; row++)
    for (size_t r = 0; r < shape->n_roles; r++) {
      const float *z = batch->gain[r] + row * layer_of(job, r)->width;
      const uint64_t *bits = vpfi_states_row(&batch->states, shape->role[r].plane[batch->order], row);
      for (size_t j = 0; j < layer_of(job, r)->size; j++) {
        const bool on = vpfi_bits_get(bits, j);
        if ((on ? -0.5f : 0.5f) * z[j] <= VPFI_RATE_LIMIT) continue;
        *overflow = (vpfi_overflow){.row = row, .layer = shape->role[r].layer, .unit = j, .on = on, .field = z[j]};
        return;
      }
    }
  *overflow = (vpfi_overflow){.row = job->span.row, .field = NAN}; /* a hardware fault that did not recur */
}

bool vpfi_batch_rates(vpfi_batch *batch, const vpfi_machine *machine, vpfi_overflow *overflow) {
  const vpfi_shape *shape = machine->shape;
  memset(batch->flow, 0, shape->n_roles * sizeof *batch->flow);
  memset(batch->total, 0, batch->states.n_planes * sizeof *batch->total);
  for (size_t b = 0; b < vpfi_batch_blocks(batch); b++) {
    span_job job = {.batch = batch, .machine = machine, .span = vpfi_batch_block(batch, b)};
    do_chores(&job, batch->total);
    for (size_t k = 0; k < batch->n_chores; k++) {
      if (batch->chore_flow[k] < 0) {
        locate(&job, overflow);
        return false;
      }
      const vpfi_chore_kind kind = batch->chores[k].kind;
      if (kind == VPFI_CHORE_FIELDS || kind == VPFI_CHORE_FINISH)
        batch->flow[batch->chores[k].of] += batch->chore_flow[k];
    }
  }
  return true;
}

/* Half of Eq. (10): sums over rows of y_u gain, for `count` units from `first` on in the plane of role `on` and
 * `cols` gains from j0 on of role `gain`; each sum over ascending rows. */
typedef struct half {
  size_t on, first, count;
  size_t gain, j0, cols;
} half;

/* What one block of rows contributes to it. */
static vpfi_selection select_gains(const vpfi_batch *batch, const vpfi_machine *machine, const half *h, size_t block,
                                   bool add, float *out, size_t out_stride) {
  const vpfi_shape *shape = machine->shape;
  const size_t plane = shape->role[h->on].plane[batch->order], width = shape->layer[shape->role[h->gain].layer].width;
  return (vpfi_selection){.out = out, .out_stride = out_stride,
                          .start = add ? out : NULL, .start_stride = out_stride,
                          .bits = batch->on[plane] + h->first * batch->words + block, .words = batch->words,
                          .count = h->count,
                          .matrix = batch->gain[h->gain] + block * VPFI_BLOCK_ROWS * width + h->j0, .stride = width,
                          .rows = vpfi_batch_block_rows(batch, block), .width = h->cols};
}

/* out: [count x out_stride]; if `add`, the sums are added to what is there. If `rest` is wanted and the last block is
 * summed unit by unit, that block is left out: *rest then says what is left to do, and the result is true. */
static bool sum_gains(const vpfi_batch *batch, const vpfi_machine *machine, const half *h, bool add, float *out,
                      size_t out_stride, vpfi_selection *rest) {
  const size_t blocks = vpfi_batch_blocks(batch), plane = machine->shape->role[h->on].plane[batch->order];
  for (size_t b = 0; b < blocks; b++) {
    const vpfi_selection selection = select_gains(batch, machine, h, b, add || b > 0, out, out_stride);
    const bool dense = vpfi_batch_is_dense(batch, plane, b);
    if (rest && b + 1 == blocks && !dense) return *rest = selection, true;
    (dense ? machine->kernels->sum_grouped : machine->kernels->sum_selected)(&selection);
  }
  return false;
}

/* U joins a layer to itself, in the role that sums it: as the upper layer of its pair. */
static size_t intra_role(const vpfi_shape *shape, size_t layer) {
  return shape->layer[layer].up;
}

float *vpfi_batch_gradient(const vpfi_batch *batch, const vpfi_machine *machine, const vpfi_tile *tile, size_t j0,
                           size_t cols, size_t thread, vpfi_selection *rest) {
  const vpfi_shape *shape = machine->shape;
  assert(tile->kind != VPFI_BLOCK_BIAS && cols <= VPFI_TILE_UPPER);
  const bool is_intra = tile->kind == VPFI_BLOCK_INTRA, two_sided = batch->gradient == VPFI_GRADIENT_FLOW;
  const size_t lower = is_intra ? intra_role(shape, tile->index) : shape->join[tile->index].lower_role;
  const size_t upper = is_intra ? lower : shape->join[tile->index].upper_role;
  const half of_lower = {lower, tile->first, tile->count, upper, j0, cols};
  const half of_upper = {upper, j0, cols, lower, tile->first, tile->count};
  float *out = batch->work[thread], *turned = out + VPFI_TILE_LOWER * VPFI_TILE_UPPER;

  const bool centred = batch->centre && !is_intra, turned_first = two_sided && !is_intra;

  if (two_sided) sum_gains(batch, machine, &of_upper, false, turned, VPFI_TILE_LOWER, NULL);
  if (centred)
    vpfi_centre_add(batch->centre, machine->kernels, lower, tile->first, tile->count, upper, j0, cols, false, out);
  if (turned_first)
    (centred ? machine->kernels->add_transposed : machine->kernels->transpose)(out, VPFI_TILE_UPPER, turned,
                                                                               VPFI_TILE_LOWER, cols, tile->count);
  const bool has_rest = sum_gains(batch, machine, &of_lower, turned_first || centred, out, VPFI_TILE_UPPER,
                                  is_intra ? NULL : rest);
  if (rest && !has_rest) rest->count = 0;
  /* The gradient of U is exactly symmetric because each half is a separate sum; a unit has no edge to itself. */
  if (two_sided && is_intra)
    machine->kernels->add_transposed(out, VPFI_TILE_UPPER, turned, VPFI_TILE_LOWER, cols, tile->count);
  if (batch->centre && is_intra)
    vpfi_centre_add(batch->centre, machine->kernels, lower, tile->first, tile->count, upper, j0, cols, true, out);
  for (size_t i = 0; is_intra && i < tile->count; i++)
    if (tile->first + i >= j0 && tile->first + i < j0 + cols) out[i * VPFI_TILE_UPPER + tile->first + i - j0] = 0;
  return out;
}

void vpfi_batch_bias_gradient(const vpfi_batch *batch, const vpfi_machine *machine, size_t role, float *out) {
  const size_t width = machine->shape->layer[machine->shape->role[role].layer].width;
  if (batch->centre) {
    memcpy(out, batch->centre->shift[role], width * sizeof *out);
    return;
  }
  machine->kernels->sum_rows(out, NULL, batch->gain[role], width, width, batch->every_row, batch->rows);
}

size_t vpfi_tile_width(const vpfi_shape *shape, const vpfi_tile *tile) {
  switch (tile->kind) {
    case VPFI_BLOCK_WEIGHTS: return shape->layer[tile->index + 1].width;
    case VPFI_BLOCK_INTRA: return shape->layer[tile->index].width;
    case VPFI_BLOCK_BIAS: return shape->layer[shape->role[tile->index].layer].width;
  }
  return 0;
}
