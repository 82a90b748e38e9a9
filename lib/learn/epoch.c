/* SPDX-License-Identifier: MIT */
#include "learn/epoch.h"

#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "bm/sparsity.h"
#include "learn/contrast.h"
#include "learn/order.h"
#include "learn/update.h"
#include "num/rng.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The E-step of the epoch that is running, or of the one that comes next. */
static vpfi_estep_plan current_plan(const vpfi_learner *learner) {
  return learner->inside ? learner->plan : vpfi_learner_plan(learner);
}

static vpf_method current_method(const vpfi_learner *learner) {
  return learner->inside ? learner->method : (vpf_method)learner->option[VPFI_AT_METHOD];
}

/* Chains beside the rows of a minibatch; an epoch that has begun keeps to those it has. */
static size_t current_chains(const vpfi_learner *learner, size_t batch_rows) {
  switch (current_method(learner)) {
    case VPF_METHOD_VPF: break;
    case VPF_METHOD_CD: return batch_rows;
    case VPF_METHOD_PCD:
      return learner->inside ? learner->particles.rows : (size_t)learner->option[VPFI_AT_PARTICLES];
  }
  return 0;
}

static bool same_sample_memory(const vpfi_learner *learner, const vpfi_estep_plan *plan, uint64_t rows) {
  return learner->has_sample && learner->sample_data.rows == rows && learner->sample_plan.samples == plan->samples &&
         learner->sample_plan.estep.order == plan->estep.order;
}

static vpf_status check_plan(const vpfi_learner *learner, const vpfi_shape *shape) {
  const vpfi_estep_plan plan = current_plan(learner);
  if (plan.estep.gibbs && !vpfi_shape_has_energy(shape))
    return vpfi_fail(VPF_ERR_UNSUPPORTED,
                     "the Gibbs E-step needs one energy: joint coupling or at most 2 layers, not a pairwise model of %zu",
                     shape->n_layers);
  if (current_method(learner) != VPF_METHOD_VPF && !vpfi_shape_has_pairs(shape))
    return vpfi_fail(VPF_ERR_UNSUPPORTED,
                     "contrastive divergence samples pairs of layers: pairwise coupling or at most 2 layers, not a joint "
                     "model of %zu",
                     shape->n_layers);
  return VPF_OK;
}

static vpf_status alloc_trainer(vpfi_trainer *trainer) {
  vpfi_learner *learner = trainer->learner;
  const vpfi_shape *shape = &learner->shape;
  const vpfi_estep_plan plan = current_plan(learner);
  const size_t rows = (size_t)trainer->data.id.rows;
  const double wanted = learner->option[VPFI_AT_BATCH_SIZE];
  const size_t threads = vpfi_thread_count((size_t)learner->option[VPFI_AT_THREADS]);

  trainer->batch_rows = (double)rows < wanted ? rows : (size_t)wanted;
  const size_t chains = current_chains(learner, trainer->batch_rows);
  vpf_status status = vpfi_batch_init(&trainer->batch, shape, chains > 0 ? VPFI_ORDER_APART : plan.estep.order,
                                      trainer->batch_rows * plan.samples + chains, threads);
  if (status) return status;
  trainer->batch.one_sided = chains > 0;
  trainer->batch.keep_transposed = chains > 0 || (plan.period == 0 && plan.estep.gibbs); /* who else draws from above */
  trainer->order = vpfi_alloc(rows, sizeof *trainer->order);
  trainer->report = vpfi_alloc(2 * shape->pairs + shape->n_layers, sizeof *trainer->report);
  trainer->batch.states.ids = vpfi_alloc(trainer->batch.capacity, sizeof(uint64_t));
  if (plan.period > 0) { /* the states of an epoch are there from its beginning */
    status = vpfi_states_init(&trainer->ahead, shape, trainer->batch.order, trainer->batch.capacity);
    if (status) return status;
    trainer->ahead.ids = vpfi_alloc(trainer->batch.capacity, sizeof(uint64_t));
    if (!trainer->ahead.ids) return VPF_ERR_MEMORY;
    trainer->ahead.rows = 0;
  }
  trainer->tile_peaks = vpfi_alloc(trainer->batch.n_tiles, sizeof *trainer->tile_peaks);
  if (!trainer->order || !trainer->report || !trainer->batch.states.ids || !trainer->tile_peaks)
    return VPF_ERR_MEMORY;
  status = vpfi_sums_init(&trainer->batch_sums, shape);
  if (status) return status;
  if (plan.period > 0 && vpfi_tables_pay(shape, rows * plan.samples))
    status = vpfi_tables_init(&trainer->tables, shape, plan.estep.gibbs);
  if (!status && plan.period > 0 && !same_sample_memory(learner, &plan, rows)) {
    status = vpfi_sample_init(&trainer->new_sample, shape, &plan, rows);
    trainer->has_new_sample = !status;
  }
  if (!status && trainer->method == VPF_METHOD_PCD && !(learner->has_particles && learner->particles.rows == chains)) {
    status = vpfi_states_init(&trainer->new_particles, shape, VPFI_ORDER_APART, chains);
    trainer->has_new_particles = !status;
  }
  return status;
}

vpf_status vpfi_trainer_init(vpfi_trainer *trainer, vpfi_learner *learner, vpfi_params *params,
                             const vpfi_training_data *data) {
  *trainer = (vpfi_trainer){.learner = learner,
                            .kernels = vpfi_kernels_best(),
                            .params = params,
                            .data = *data,
                            .method = current_method(learner)};
  if (learner->inside && !vpfi_data_id_equal(&learner->data, &data->id))
    return vpfi_fail(VPF_ERR_STATE,
                     "epoch %llu is unfinished: its %llu x %llu rows (checksum %016llx) are needed, not these %llu x "
                     "%llu (checksum %016llx)",
                     (unsigned long long)learner->epochs + 1, (unsigned long long)learner->data.rows,
                     (unsigned long long)learner->data.cols, (unsigned long long)learner->data.checksum,
                     (unsigned long long)data->id.rows, (unsigned long long)data->id.cols,
                     (unsigned long long)data->id.checksum);
  vpf_status status = check_plan(learner, &learner->shape);
  if (!status) status = alloc_trainer(trainer);
  if (status) {
    vpfi_trainer_clear(trainer);
    return status;
  }
  const float peaks[3] = {vpfi_params_peak(params, &learner->shape),
                          vpfi_params_peak(&learner->moment1, &learner->shape),
                          vpfi_params_peak(&learner->moment2, &learner->shape)};
  for (int k = 0; k < 3; k++)
    if (peaks[k] > trainer->peak) trainer->peak = peaks[k];
  return VPF_OK;
}

void vpfi_trainer_clear(vpfi_trainer *trainer) {
  if (trainer->learner) vpfi_batch_clear(&trainer->batch, &trainer->learner->shape);
  vpfi_free(trainer->order);
  vpfi_free(trainer->report);
  vpfi_free(trainer->tile_peaks);
  vpfi_sums_clear(&trainer->batch_sums);
  vpfi_states_clear(&trainer->ahead);
  vpfi_states_clear(&trainer->new_sample);
  vpfi_states_clear(&trainer->new_particles);
  if (trainer->learner) vpfi_tables_clear(&trainer->tables, &trainer->learner->shape);
  *trainer = (vpfi_trainer){0};
}

/* The E-step for all rows, on the parameters as they are (Algorithm 1, lines 4-9). */
static void draw_sample(vpfi_trainer *trainer) {
  vpfi_learner *learner = trainer->learner;
  const bool tabled = trainer->tables.below != NULL;
  if (tabled)
    vpfi_tables_fill(&trainer->tables, trainer->kernels, &learner->shape, trainer->params, &trainer->batch.team);
  const vpfi_machine machine = {trainer->kernels, &learner->shape, trainer->params,
                                tabled ? &trainer->tables : NULL};
  if (trainer->has_new_sample) {
    vpfi_states_clear(&learner->sample);
    learner->sample = trainer->new_sample;
    trainer->new_sample = (vpfi_states){0};
    trainer->has_new_sample = false;
  }
  vpfi_states *sample = &learner->sample;
  vpfi_states_lend(sample, trainer->data.bits);
  sample->first_id = trainer->data.id.first_row;
  vpfi_infer(&machine, &learner->plan.estep,
             vpfi_rng_stream(learner->epoch_seed, VPFI_PURPOSE_ESTEP, learner->epochs), sample,
             &trainer->batch.team, trainer->batch.scratch);
  vpfi_states_lend(sample, NULL);
  learner->has_sample = true;
  learner->sample_plan = learner->plan;
  learner->sample_data = trainer->data.id;
  learner->sample_epoch = learner->epochs;
}

static bool sample_is_due(const vpfi_trainer *trainer) {
  const vpfi_learner *learner = trainer->learner;
  if (learner->plan.period == 0) return false;
  return trainer->has_new_sample || !learner->has_sample ||
         !vpfi_data_id_equal(&learner->sample_data, &trainer->data.id) ||
         learner->epochs - learner->sample_epoch >= learner->plan.period;
}

/* Start new chains at random. */
static void start_particles(vpfi_trainer *trainer) {
  vpfi_learner *learner = trainer->learner;
  const vpfi_machine machine = {trainer->kernels, &learner->shape, trainer->params, NULL};
  vpfi_states_clear(&learner->particles);
  learner->particles = trainer->new_particles;
  trainer->new_particles = (vpfi_states){0};
  trainer->has_new_particles = false;
  learner->has_particles = true;
  vpfi_contrast_start(&learner->particles, &machine,
                      vpfi_rng_stream(learner->epoch_seed, VPFI_PURPOSE_PARTICLES, learner->particle_time++),
                      trainer->batch.scratch);
}

static void begin_epoch(vpfi_trainer *trainer, const vpfi_estep_plan *plan) {
  vpfi_learner *learner = trainer->learner;
  learner->inside = true;
  learner->cursor = 0;
  learner->epoch_seed = learner->seed;
  learner->epoch_shuffle = learner->option[VPFI_AT_SHUFFLE] > 0;
  learner->method = trainer->method;
  learner->plan = *plan;
  learner->data = trainer->data.id;
  trainer->ahead.rows = 0;
  vpfi_sums_zero(&learner->sums, &learner->shape);
  if (sample_is_due(trainer)) draw_sample(trainer);
  if (trainer->has_new_particles) start_particles(trainer);
}

/* Few words at a time: less than a call of memcpy. */
static void copy_words(uint64_t *to, const uint64_t *from, size_t words) {
  for (size_t w = 0; w < words; w++) to[w] = from[w];
}

/* Ask for the states of a row: it lies anywhere, and memory is slow. */
static void prefetch_row(const vpfi_trainer *trainer, size_t at) {
  enum { LINE = 64 };
  const vpfi_learner *learner = trainer->learner;
  const size_t *words = trainer->batch.states.words;
  const size_t row = trainer->order[at];
  const char *data = (const char *)(trainer->data.bits + row * words[0]);
  for (size_t byte = 0; byte < words[0] * sizeof(uint64_t); byte += LINE) __builtin_prefetch(data + byte);
  for (size_t s = 1; learner->plan.period > 0 && s < trainer->batch.states.n_planes; s++)
    __builtin_prefetch(learner->sample.bits[s] + row * learner->plan.samples * words[s]);
}

/* Copy the states of a minibatch together, its rows in the order of the epoch. */
static void copy_rows(const vpfi_trainer *trainer, vpfi_states *states, size_t cursor, size_t data_rows) {
  enum { AHEAD = 12 }; /* rows: as many as can be on their way at once */
  const vpfi_learner *learner = trainer->learner;
  const size_t samples = learner->plan.samples;
  states->rows = data_rows * samples;
  for (size_t k = 0; k < states->rows; k++) {
    const size_t at = cursor + k / samples, row = trainer->order[at], sample = k % samples;
    if (sample == 0 && at + AHEAD < trainer->data.id.rows) prefetch_row(trainer, at + AHEAD);
    states->ids[k] = (trainer->data.id.first_row + row) | (uint64_t)sample << 48;
    copy_words(states->bits[0] + k * states->words[0], trainer->data.bits + row * states->words[0], states->words[0]);
    for (size_t s = 1; learner->plan.period > 0 && s < states->n_planes; s++)
      copy_words(states->bits[s] + k * states->words[s],
                 learner->sample.bits[s] + (row * samples + sample) * states->words[s], states->words[s]);
  }
}

static size_t next_rows(const vpfi_trainer *trainer, size_t cursor) {
  const size_t left = (size_t)trainer->data.id.rows - cursor;
  return left < trainer->batch_rows ? left : trainer->batch_rows;
}

/* While the last minibatch is learned from, fetch the next. */
static void copy_ahead(void *context) {
  vpfi_trainer *trainer = context;
  trainer->ahead_cursor = trainer->learner->cursor + next_rows(trainer, trainer->learner->cursor);
  copy_rows(trainer, &trainer->ahead, trainer->ahead_cursor, next_rows(trainer, trainer->ahead_cursor));
}

/* The states of the next minibatch. */
static void gather(vpfi_trainer *trainer, size_t data_rows) {
  vpfi_batch *batch = &trainer->batch;
  if (trainer->ahead.rows > 0 && trainer->ahead_cursor == trainer->learner->cursor) {
    const vpfi_states here = batch->states;
    batch->states = trainer->ahead;
    trainer->ahead = here;
  } else {
    copy_rows(trainer, &batch->states, trainer->learner->cursor, data_rows);
  }
  trainer->ahead.rows = 0;
  batch->rows = batch->states.rows;
}

static vpf_status diverged(const vpfi_learner *learner, const char *what, size_t layer, size_t unit, double value) {
  return vpfi_fail(VPF_ERR_DIVERGED,
                   "epoch %llu, minibatch %llu, layer %zu, unit %zu: %s (%g); model and optimizer are as before this "
                   "minibatch",
                   (unsigned long long)learner->epochs + 1, (unsigned long long)learner->sums.batches + 1, layer, unit,
                   what, value);
}

static void sum_batch(vpfi_trainer *trainer) {
  const vpfi_shape *shape = &trainer->learner->shape;
  const vpfi_batch *batch = &trainer->batch;
  vpfi_sums *sums = &trainer->batch_sums;
  memcpy(sums->flow, batch->flow, shape->n_roles * sizeof *sums->flow);
  memcpy(sums->on, batch->total, shape->n_layers * sizeof *sums->on); /* the first states are the layers' own */
  sums->rows = (double)batch->rows;
  sums->batches = 1;
}

/* From the states and rates of a minibatch to the gains of contrastive divergence. Persistent
 * chains are moved on in scratch memory; keep_particles() makes it so. */
static void contrast(vpfi_trainer *trainer, const vpfi_machine *machine) {
  const vpfi_learner *learner = trainer->learner;
  vpfi_batch *batch = &trainer->batch;
  const size_t rows = batch->rows, steps = (size_t)learner->option[VPFI_AT_GIBBS_STEPS];
  vpfi_contrast_data(batch, machine);
  if (learner->method == VPF_METHOD_CD) {
    vpfi_states_copy(&batch->states, rows, &batch->states, 0, rows);
    for (size_t r = 0; r < rows; r++) batch->states.ids[rows + r] = batch->states.ids[r];
    vpfi_contrast_chains(batch, machine, rows, steps,
                         vpfi_rng_stream(learner->epoch_seed, VPFI_PURPOSE_NEGATIVE, learner->epochs), 1);
    batch->rows += rows;
    return;
  }
  const size_t chains = learner->particles.rows;
  vpfi_states_copy(&batch->states, rows, &learner->particles, 0, chains);
  for (size_t c = 0; c < chains; c++) batch->states.ids[rows + c] = c;
  vpfi_contrast_chains(batch, machine, chains, steps,
                       vpfi_rng_stream(learner->epoch_seed, VPFI_PURPOSE_PARTICLES, learner->particle_time),
                       (float)rows / (float)chains);
  batch->rows += chains;
}

static void keep_particles(vpfi_trainer *trainer, size_t first_row) {
  vpfi_learner *learner = trainer->learner;
  vpfi_states_copy(&learner->particles, 0, &trainer->batch.states, first_row, learner->particles.rows);
  learner->particle_time++;
}

/* One minibatch (Algorithm 1, lines 11-13). On failure only scratch memory has changed. */
static vpf_status train_batch(vpfi_trainer *trainer, size_t data_rows) {
  vpfi_learner *learner = trainer->learner;
  const vpfi_machine machine = {trainer->kernels, &learner->shape, trainer->params, NULL};
  vpfi_batch *batch = &trainer->batch;

  gather(trainer, data_rows);
  if (learner->plan.period == 0)
    vpfi_infer(&machine, &learner->plan.estep,
               vpfi_rng_stream(learner->epoch_seed, VPFI_PURPOSE_ESTEP, learner->epochs), &batch->states,
               &batch->team, batch->scratch);
  if (batch->one_sided) vpfi_contrast_spread(batch, &learner->shape, learner->plan.estep.order);

  vpfi_overflow where;
  if (!vpfi_batch_rates(batch, &machine, &where))
    return diverged(learner, "the local field is beyond 160", where.layer, where.unit, (double)where.field);
  sum_batch(trainer);
  double bound = 0; /* |dK/dw_ij| <= mean of (delta_i + delta_j)/2 <= mean flow */
  for (size_t r = 0; r < learner->shape.n_roles; r++) bound += trainer->batch_sums.flow[r] / trainer->batch_sums.rows;
  const size_t rows = batch->rows;
  if (batch->one_sided) {
    contrast(trainer, &machine);
    bound = 1; /* a difference of two probabilities */
  }
  vpfi_blowup blowup;
  if (!vpfi_update_step(learner, trainer->kernels, trainer->params, batch, rows, bound, trainer->tile_peaks,
                        &trainer->peak, &blowup))
    return diverged(learner,
                    blowup.kind == VPFI_BLOCK_BIAS ? "a bias would not be finite" : "a weight would not be finite",
                    blowup.layer, blowup.unit, learner->option[VPFI_AT_LEARNING_RATE]);
  if (learner->method == VPF_METHOD_PCD) keep_particles(trainer, rows);
  vpfi_sums_add(&learner->sums, &learner->shape, &trainer->batch_sums);
  learner->cursor += data_rows;
  return VPF_OK;
}

/* When a run and its current epoch started, and from which row. */
typedef struct run_clock {
  double run, epoch;
  size_t first_row;
} run_clock;

static vpf_progress report(vpfi_trainer *trainer, vpf_progress_event event, const run_clock *clock, uint64_t target) {
  const vpfi_learner *learner = trainer->learner;
  const vpfi_shape *shape = &learner->shape;
  const vpfi_sums *sums = event == VPF_PROGRESS_EPOCH ? &learner->sums : &trainer->batch_sums;
  const size_t rows = (size_t)trainer->data.id.rows;
  double *lower = trainer->report, *upper = lower + shape->pairs, *activity = upper + shape->pairs;

  vpf_progress p = {.struct_size = sizeof p,
                    .event = event,
                    .epoch = (size_t)learner->epochs + (event == VPF_PROGRESS_BATCH),
                    .epochs = (size_t)target,
                    .batch = (size_t)learner->sums.batches,
                    .rows = learner->cursor,
                    .pairs = shape->pairs,
                    .flow_lower = lower,
                    .flow_upper = upper,
                    .layers = shape->n_layers,
                    .activity = activity};
  p.batches = p.batch + (rows - learner->cursor + trainer->batch_rows - 1) / trainer->batch_rows;
  memset(trainer->report, 0, 2 * shape->pairs * sizeof(double));
  for (size_t r = 0; r < shape->n_roles; r++) {
    double *part = shape->role[r].lower ? lower : upper;
    part[shape->role[r].pair] += sums->flow[r] / sums->rows;
    p.flow += sums->flow[r] / sums->rows;
  }
  for (size_t l = 0; l < shape->n_layers; l++)
    activity[l] = sums->on[l] / (sums->rows * (double)shape->layer[l].size);
  if (event == VPF_PROGRESS_EPOCH && shape->n_joins > 0)
    vpfi_sparsity(shape, trainer->params, 0, &p.rho, &p.w2);
  const double time = now();
  p.seconds = time - clock->epoch;
  p.total_seconds = time - clock->run;
  p.images_per_second = p.seconds > 0 ? (double)(learner->cursor - clock->first_row) / p.seconds : 0;
  return p;
}

/* Minibatches without a break: at most so many, at most to the end of the epoch. */
typedef struct stretch {
  vpfi_trainer *trainer;
  uint64_t batches;
  vpf_status status;
} stretch;

static void train_stretch(void *context) {
  stretch *s = context;
  const vpfi_learner *learner = s->trainer->learner;
  const size_t rows = (size_t)s->trainer->data.id.rows;
  for (uint64_t b = 0; b < s->batches && learner->cursor < rows && !s->status; b++)
    s->status = train_batch(s->trainer, next_rows(s->trainer, learner->cursor));
  const vpfi_machine machine = {s->trainer->kernels, &learner->shape, s->trainer->params, NULL};
  if (!s->trainer->batch.keep_transposed)
    vpfi_update_transposed(&machine, s->trainer->params, &s->trainer->batch);
}

/* The rest of the epoch, unless progress stops it (*stopped). The progress function is called
 * outside the team: whatever it does has all threads to itself. */
static vpf_status finish_rows(vpfi_trainer *trainer, const run_clock *clock, uint64_t target,
                              vpf_progress_fn progress, void *user, bool *stopped) {
  vpfi_learner *learner = trainer->learner;
  const uint64_t every = progress ? (uint64_t)learner->option[VPFI_AT_PROGRESS_BATCHES] : 0;
  while (learner->cursor < trainer->data.id.rows) {
    stretch s = {trainer, every ? every - learner->sums.batches % every : UINT64_MAX, VPF_OK};
    vpfi_team_assemble(&trainer->batch.team, train_stretch, &s);
    if (s.status) return s.status;
    if (every == 0 || learner->sums.batches % every != 0) continue;
    const vpf_progress p = report(trainer, VPF_PROGRESS_BATCH, clock, target);
    *stopped = progress(&p, user) != 0;
    if (*stopped) break;
  }
  return VPF_OK;
}

vpf_status vpfi_trainer_run(vpfi_trainer *trainer, size_t epochs, vpf_progress_fn progress, void *user) {
  vpfi_learner *learner = trainer->learner;
  const vpfi_estep_plan plan = current_plan(learner);
  const uint64_t target = epochs < UINT64_MAX - learner->epochs ? learner->epochs + epochs : UINT64_MAX;
  run_clock clock = {.run = now()};
  if (trainer->ahead.ids) trainer->batch.meanwhile = copy_ahead, trainer->batch.meanwhile_context = trainer;
  while (learner->epochs < target) {
    clock.epoch = now();
    if (!learner->inside) begin_epoch(trainer, &plan);
    clock.first_row = learner->cursor;
    vpfi_order_fill(trainer->order, (size_t)trainer->data.id.rows, learner->epoch_shuffle, learner->epoch_seed,
                    learner->epochs);
    bool stopped = false;
    const vpf_status status = finish_rows(trainer, &clock, target, progress, user, &stopped);
    if (status) {
      learner->last_stop = VPF_STOP_DIVERGED;
      return status;
    }
    if (!stopped) {
      learner->inside = false;
      learner->epochs++;
      if (progress) {
        vpf_progress p = report(trainer, VPF_PROGRESS_EPOCH, &clock, target);
        p.stop = learner->epochs == target ? VPF_STOP_EPOCHS : VPF_STOP_NONE;
        stopped = progress(&p, user) != 0;
      }
    }
    if (stopped) {
      learner->last_stop = VPF_STOP_CALLBACK;
      return VPF_OK;
    }
  }
  learner->last_stop = VPF_STOP_EPOCHS;
  return VPF_OK;
}
