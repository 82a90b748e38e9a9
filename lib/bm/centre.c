/* SPDX-License-Identifier: MIT */
#include "bm/centre.h"

#include <math.h>

#include "base/memory.h"
#include "num/bits.h"

enum { STRIP = 256 }; /* units of a role whose shift is one piece of work: whole words of bits */

float **vpfi_role_vectors_create(const vpfi_shape *shape) {
  float **vectors = vpfi_alloc(shape->n_roles, sizeof *vectors);
  for (size_t r = 0; vectors && r < shape->n_roles; r++) {
    vectors[r] = vpfi_alloc(vpfi_role_width(shape, r), sizeof **vectors);
    if (vectors[r]) continue;
    vpfi_role_vectors_destroy(vectors, shape);
    return NULL;
  }
  return vectors;
}

void vpfi_role_vectors_destroy(float **vectors, const vpfi_shape *shape) {
  for (size_t r = 0; vectors && r < shape->n_roles; r++) vpfi_free(vectors[r]);
  vpfi_free(vectors);
}

vpf_status vpfi_centre_init(vpfi_centre *centre, const vpfi_shape *shape, size_t capacity) {
  *centre = (vpfi_centre){.offset = vpfi_role_vectors_create(shape),
                          .slope = vpfi_role_vectors_create(shape),
                          .shift = vpfi_role_vectors_create(shape),
                          .on = vpfi_alloc(shape->n_roles, capacity * sizeof(float)),
                          .gain = vpfi_alloc(shape->n_roles, capacity * sizeof(float))};
  if (centre->offset && centre->slope && centre->shift && centre->on && centre->gain) return VPF_OK;
  vpfi_centre_clear(centre, shape);
  return VPF_ERR_MEMORY;
}

void vpfi_centre_clear(vpfi_centre *centre, const vpfi_shape *shape) {
  vpfi_role_vectors_destroy(centre->offset, shape);
  vpfi_role_vectors_destroy(centre->slope, shape);
  vpfi_role_vectors_destroy(centre->shift, shape);
  vpfi_free(centre->on);
  vpfi_free(centre->gain);
  *centre = (vpfi_centre){0};
}

/* How many of the first `rows` rows are set in a unit's bits. */
static size_t count_rows(const uint64_t *on, size_t rows) {
  const size_t whole = rows / 64, rest = rows % 64;
  size_t count = vpfi_bits_count(on, whole);
  if (rest > 0) count += (size_t)__builtin_popcountll(on[whole] & (((uint64_t)1 << rest) - 1));
  return count;
}

/* The mean of each unit over the first `rows` rows: of its bit or, where gains are negative bits or means, of those. */
static void find_means(const vpfi_machine *machine, const vpfi_batch *batch, size_t role, size_t rows, float *mean) {
  const vpfi_role *r = &machine->shape->role[role];
  const vpfi_layer *layer = &machine->shape->layer[r->layer];
  if (batch->gradient == VPFI_GRADIENT_CORRELATION) {
    machine->kernels->sum_rows(mean, NULL, batch->gain[role], layer->width, layer->width, batch->every_row, rows);
    for (size_t j = 0; j < layer->size; j++) mean[j] = -mean[j] / (float)rows;
    return;
  }
  const uint64_t *on = batch->on[r->plane[batch->order]];
  for (size_t j = 0; j < layer->size; j++) mean[j] = (float)count_rows(on + j * batch->words, rows) / (float)rows;
}

void vpfi_centre_follow(vpfi_batch *batch, const vpfi_machine *machine, size_t rows, float rate) {
  float *mean = batch->scratch[0].z;
  for (size_t r = 0; r < machine->shape->n_roles; r++) {
    float *offset = batch->centre->offset[r];
    find_means(machine, batch, r, rows, mean);
    for (size_t j = 0; j < machine->shape->layer[machine->shape->role[r].layer].size; j++)
      offset[j] = fminf(fmaxf(offset[j] + rate * (mean[j] - offset[j]), 0), 1);
  }
}

typedef struct centre_job {
  vpfi_batch *batch;
  const vpfi_machine *machine;
} centre_job;

static const uint64_t *bits_of(const centre_job *job, size_t role, size_t row) {
  return vpfi_states_row(&job->batch->states, job->machine->shape->role[role].plane[job->batch->order], row);
}

static void dot_rows(void *context, size_t begin, size_t end, size_t thread) {
  const centre_job *job = context;
  const vpfi_batch *batch = job->batch;
  const vpfi_kernels *kernels = job->machine->kernels;
  (void)thread;
  for (size_t r = 0; r < job->machine->shape->n_roles; r++) {
    const size_t width = vpfi_role_width(job->machine->shape, r), at = r * batch->capacity;
    const float *offset = batch->centre->offset[r];
    for (size_t row = begin; row < end; row++) {
      batch->centre->on[at + row] = kernels->dot_bits(bits_of(job, r, row), offset, width);
      batch->centre->gain[at + row] = kernels->dot(batch->gain[r] + row * width, offset, width);
    }
  }
}

/* Some units of a role. */
typedef struct strip {
  size_t role, first, width;
} strip;

static size_t strips_of(const vpfi_shape *shape, size_t role) {
  return (vpfi_role_width(shape, role) + STRIP - 1) / STRIP;
}

static strip strip_at(const vpfi_shape *shape, size_t number) {
  size_t role = 0;
  while (number >= strips_of(shape, role)) number -= strips_of(shape, role++);
  const size_t first = number * STRIP, left = vpfi_role_width(shape, role) - first;
  return (strip){role, first, left < STRIP ? left : STRIP};
}

static void sum_slope(const centre_job *job, const strip *s) {
  const vpfi_batch *batch = job->batch;
  const size_t stride = vpfi_role_width(job->machine->shape, s->role);
  job->machine->kernels->sum_rows(batch->centre->slope[s->role] + s->first, NULL, batch->gain[s->role] + s->first, stride,
                                  s->width, batch->every_row, batch->rows);
}

static void sum_slopes(void *context, size_t begin, size_t end, size_t thread) {
  const centre_job *job = context;
  (void)thread;
  for (size_t k = begin; k < end; k++) {
    const strip s = strip_at(job->machine->shape, k);
    sum_slope(job, &s);
  }
}

/* sum += over rows, y_i times the other role's gains on its offsets. */
static void add_by_bits(const centre_job *job, const strip *s, size_t other, float *sum) {
  const float *weight = job->batch->centre->gain + other * job->batch->capacity;
  for (size_t row = 0; row < job->batch->rows; row++)
    job->machine->kernels->add_where_on(sum, bits_of(job, s->role, row) + s->first / 64, weight[row], s->width);
}

/* sum += over rows, gain_i times the other role's bits on its offsets. */
static void add_by_gains(const centre_job *job, const strip *s, size_t other, float *sum) {
  const size_t stride = vpfi_role_width(job->machine->shape, s->role);
  job->machine->kernels->add_weighted(sum, job->batch->gain[s->role] + s->first, stride,
                                      job->batch->centre->on + other * job->batch->capacity, job->batch->rows, s->width);
}

/* A unit has no edge to itself: take out what the sums over a layer's own offsets have counted for it. */
static void take_out_diagonal(const centre_job *job, const strip *s, bool two_sided, float *sum) {
  const vpfi_batch *batch = job->batch;
  const vpfi_centre *centre = batch->centre;
  const size_t width = vpfi_role_width(job->machine->shape, s->role);
  for (size_t i = 0; i < s->width; i++) {
    const size_t unit = s->first + i;
    float own = 0;
    for (size_t row = 0; row < batch->rows; row++)
      if (vpfi_bits_get(bits_of(job, s->role, row), unit)) own += batch->gain[s->role][row * width + unit];
    const float offset = centre->offset[s->role][unit], slope = centre->slope[s->role][unit];
    sum[i] -= ((two_sided ? 2 : 1) * own - 2 * offset * slope) * offset;
  }
}

/* sum += over the edges to another role (or its own), the centred gradient times the offset at the other end. Which half
 * of the gradient there is depends on whether this role is the lower one. */
static void add_edges(const centre_job *job, const strip *s, size_t other, bool lower, float *sum) {
  const vpfi_centre *centre = job->batch->centre;
  const bool two_sided = job->batch->gradient == VPFI_GRADIENT_FLOW;
  const size_t width = vpfi_role_width(job->machine->shape, other);
  if (lower || two_sided) add_by_bits(job, s, other, sum);
  if (!lower || two_sided) add_by_gains(job, s, other, sum);
  const float *o = centre->offset[s->role] + s->first, *g = centre->slope[s->role] + s->first;
  const float along = job->machine->kernels->dot(centre->slope[other], centre->offset[other], width);
  const float square = job->machine->kernels->dot(centre->offset[other], centre->offset[other], width);
  for (size_t i = 0; i < s->width; i++) sum[i] -= o[i] * along + g[i] * square;
  if (other == s->role) take_out_diagonal(job, s, two_sided, sum);
}

static void make_shifts(void *context, size_t begin, size_t end, size_t thread) {
  const centre_job *job = context;
  const vpfi_shape *shape = job->machine->shape;
  const vpfi_centre *centre = job->batch->centre;
  (void)thread;
  for (size_t k = begin; k < end; k++) {
    const strip s = strip_at(shape, k);
    const vpfi_role *role = &shape->role[s.role];
    _Alignas(64) float sum[STRIP] = {0};
    if (role->below != VPFI_NONE) add_edges(job, &s, shape->join[role->below].lower_role, false, sum);
    if (role->above != VPFI_NONE) add_edges(job, &s, shape->join[role->above].upper_role, true, sum);
    if (role->intra) add_edges(job, &s, s.role, true, sum);
    for (size_t i = 0; i < s.width; i++)
      centre->shift[s.role][s.first + i] = centre->slope[s.role][s.first + i] - sum[i];
  }
}

void vpfi_centre_prepare(vpfi_batch *batch, const vpfi_machine *machine) {
  centre_job job = {batch, machine};
  size_t strips = 0;
  for (size_t r = 0; r < machine->shape->n_roles; r++) strips += strips_of(machine->shape, r);
  vpfi_team_for(&batch->team, batch->rows, dot_rows, &job);
  vpfi_team_for(&batch->team, strips, sum_slopes, &job);
  vpfi_team_for(&batch->team, strips, make_shifts, &job);
}

void vpfi_centre_add(const vpfi_centre *centre, const vpfi_kernels *kernels, size_t lower, size_t i0, size_t rows,
                     size_t upper, size_t j0, size_t cols, bool add, float *out) {
  kernels->outer_products(out, VPFI_TILE_UPPER, centre->offset[lower] + i0, centre->slope[lower] + i0, rows,
                          centre->slope[upper] + j0, centre->offset[upper] + j0, cols, add);
}
