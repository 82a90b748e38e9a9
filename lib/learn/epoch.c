/* SPDX-License-Identifier: MIT */
#include "learn/epoch.h"

#include "base/clock.h"
#include "learn/convergence.h"
#include "learn/estep.h"
#include "learn/minibatch.h"
#include "learn/order.h"
#include "learn/progress.h"

static void begin_epoch(vpfi_trainer *trainer) {
  vpfi_learner *learner = trainer->learner;
  learner->inside = true;
  learner->cursor = 0;
  learner->epoch_seed = learner->seed;
  learner->epoch_shuffle = learner->option[VPFI_AT_SHUFFLE] > 0;
  learner->method = trainer->number;
  learner->plan = trainer->needs.plan;
  learner->data = trainer->data.id;
  trainer->ahead.rows = 0;
  vpfi_sums_zero(&learner->sums, &learner->shape);
  vpfi_gradients_begin(learner);
  vpfi_estep_of_epoch(trainer);
  if (!trainer->fresh) return;
  trainer->method->keeper->start(trainer, trainer->fresh, learner->kept[trainer->number]);
  vpfi_learner_keep(learner, trainer->number, trainer->fresh);
  trainer->fresh = NULL;
}

/* Minibatches trained without a break: this many, but not beyond the end of the epoch. */
typedef struct stretch {
  vpfi_trainer *trainer;
  uint64_t batches;
  vpf_status status;
} stretch;

static void train_stretch(void *context) {
  stretch *s = context;
  vpfi_trainer *trainer = s->trainer;
  const vpfi_learner *learner = trainer->learner;
  vpfi_team *team = &trainer->batch.team;
  vpfi_team_lap(team, 0);
  for (uint64_t b = 0; b < s->batches && learner->cursor < trainer->data.id.rows && !s->status; b++) {
    const uint64_t before = learner->cursor;
    s->status = vpfi_minibatch_train(trainer);
    vpfi_team_lap(team, (double)(learner->cursor - before));
  }
  if (!trainer->batch.keep_transposed) vpfi_update_transposed(&trainer->machine, trainer->params, &trainer->batch);
  vpfi_team_pause(team);
}

/* Train the rest of the epoch, unless progress stops it (*stopped). The progress function is called
 * outside the team: whatever it does has all processors to itself, and it may fork() or even leave by longjmp(). */
static vpf_status finish_rows(vpfi_trainer *trainer, const vpfi_run_clock *clock, uint64_t target,
                              vpf_progress_fn progress, void *user, bool *stopped) {
  vpfi_learner *learner = trainer->learner;
  const uint64_t every = progress ? (uint64_t)learner->option[VPFI_AT_PROGRESS_BATCHES] : 0;
  while (learner->cursor < trainer->data.id.rows) {
    stretch s = {trainer, every ? every - learner->sums.batches % every : UINT64_MAX, VPF_OK};
    vpfi_team_assemble(&trainer->batch.team, train_stretch, &s);
    if (s.status) return s.status;
    if (every == 0 || learner->sums.batches % every != 0) continue;
    const vpf_progress p = vpfi_progress_of(trainer, VPF_PROGRESS_BATCH, clock, target);
    *stopped = progress(&p, user) != 0;
    if (*stopped) break;
  }
  return VPF_OK;
}

vpf_status vpfi_run_epochs(vpfi_trainer *trainer, size_t epochs, vpf_progress_fn progress, void *user) {
  vpfi_learner *learner = trainer->learner;
  const uint64_t target = epochs < UINT64_MAX - learner->epochs ? learner->epochs + epochs : UINT64_MAX;
  vpfi_run_clock clock = {.run = vpfi_now()};
  vpfi_minibatch_fetch_ahead(trainer);
  while (learner->epochs < target) {
    clock.epoch = vpfi_now();
    if (!learner->inside) begin_epoch(trainer);
    clock.first_row = learner->cursor;
    vpfi_order_fill(trainer->order, (size_t)trainer->data.id.rows, learner->epoch_shuffle, learner->epoch_seed,
                    learner->epochs);
    bool stopped = false;
    const vpf_status status = finish_rows(trainer, &clock, target, progress, user, &stopped);
    if (status) {
      if (status == VPF_ERR_DIVERGED) learner->last_stop = VPF_STOP_DIVERGED;
      return status;
    }
    bool converged = false;
    if (!stopped) {
      learner->inside = false;
      learner->epochs++;
      double gradient, noise;
      vpfi_gradient_norms(trainer, &gradient, &noise);
      converged = vpfi_has_converged(learner, gradient, noise);
      if (progress) {
        vpf_progress p = vpfi_progress_of(trainer, VPF_PROGRESS_EPOCH, &clock, target);
        p.gradient = gradient;
        p.gradient_noise = noise;
        p.stop = converged ? VPF_STOP_CONVERGED : learner->epochs == target ? VPF_STOP_EPOCHS : VPF_STOP_NONE;
        stopped = progress(&p, user) != 0;
      }
    }
    if (stopped || converged) {
      learner->last_stop = converged ? VPF_STOP_CONVERGED : VPF_STOP_CALLBACK;
      return VPF_OK;
    }
  }
  learner->last_stop = VPF_STOP_EPOCHS;
  return VPF_OK;
}
