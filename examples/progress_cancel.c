/* SPDX-License-Identifier: MIT */
/* A long run with manners: it says how long it will take, stops in good order, and can be gone on with.
 *
 *   progress_cancel IMAGES CHECKPOINT [SECONDS]
 *
 * Trains 100 more epochs: from the beginning, or from CHECKPOINT if there is such a file. Ctrl-C, or the end of the
 * SECONDS, stops after a few minibatches; CHECKPOINT is written, and the same command goes on from there.
 *
 *   cc -std=c11 progress_cancel.c -o progress_cancel $(pkg-config --cflags --libs vpf)
 *   ./progress_cancel sample/train-images-idx3-ubyte.gz run.safetensors */
#define _POSIX_C_SOURCE 200809L /* sigaction; everything else is standard C */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vpf.h>

enum { PIXELS = 28 * 28, HIDDEN = 196, EPOCHS = 100, BATCHES_BETWEEN_CALLS = 5 };

static volatile sig_atomic_t interrupted; /* all that a signal handler may touch */

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

/* The library leaves signals alone: they are the program's. A second Ctrl-C ends it at once. */
static void catch_signals(void) {
  struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* What the progress function works with. */
typedef struct run {
  vpf_optimizer *optimizer;
  double limit;      /* seconds; 0: none */
  double begin;      /* how far the run was at the first call, in epochs */
  double begin_time;
  vpf_status status; /* of what is done in the progress function */
} run;

static int on_progress(const vpf_progress *p, void *user) {
  run *const r = user;
  const double done = (double)(p->epoch - 1) + (double)p->batch / (double)p->batches;
  if (r->begin_time <= 0) r->begin = done, r->begin_time = p->total_seconds;

  if (p->event == VPF_PROGRESS_BATCH && done > r->begin) {
    const double pace = (p->total_seconds - r->begin_time) / (done - r->begin); /* seconds for an epoch */
    printf("\repoch %zu of %zu, minibatch %zu of %zu: flow %.1f, %.1f s left  ", p->epoch, p->epochs, p->batch,
           p->batches, p->flow, ((double)p->epochs - done) * pace);
    fflush(stdout);
  }
  if (p->event == VPF_PROGRESS_EPOCH) {
    printf("\repoch %zu of %zu: flow %.1f, %.0f images/s%30s\n", p->epoch, p->epochs, p->flow, p->images_per_second,
           "");
    /* a schedule: it looks at nothing but the epoch, so that a run in pieces has the same one */
    const double rate = 1e-3 / (1 + (double)p->epoch / 50);
    r->status = vpf_optimizer_set(r->optimizer, VPF_OPTION_LEARNING_RATE, rate);
  }
  return interrupted || r->status || (r->limit > 0 && p->total_seconds > r->limit);
}

static int exists(const char *path) {
  FILE *const file = fopen(path, "rb");
  return file && !fclose(file);
}

static vpf_status begin(vpf_model **model, vpf_optimizer **optimizer) {
  const size_t sizes[] = {PIXELS, HIDDEN};
  vpf_status s = vpf_model_create(model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_model_init(*model, 1);
  if (!s) s = vpf_optimizer_create(optimizer);
  if (!s) s = vpf_optimizer_set(*optimizer, VPF_OPTION_WEIGHT_DECAY, 0.05); /* for a few thousand images */
  if (!s) s = vpf_optimizer_set(*optimizer, VPF_OPTION_PROGRESS_BATCHES, BATCHES_BETWEEN_CALLS);
  return s;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    return printf("progress_cancel %s\n", vpf_version_string()) < 0 || fflush(stdout) != 0;
  char *end = NULL;
  const double limit = argc == 4 ? strtod(argv[3], &end) : 0;
  if (argc < 3 || argc > 4 || argv[1][0] == '-' || (argc == 4 && (end == argv[3] || *end || !(limit > 0)))) {
    fprintf(stderr, "usage: progress_cancel IMAGES CHECKPOINT [SECONDS]\n");
    return 2;
  }
  const char *const checkpoint = argv[2];
  vpf_data *images = NULL;
  vpf_model *model = NULL;
  run r = {.limit = limit};
  size_t done = 0; /* epochs, in earlier calls of this program */

  catch_signals();
  vpf_status s = vpf_data_load_idx(&images, argv[1], 127);
  if (!s) s = exists(checkpoint) ? vpf_checkpoint_load(&model, &r.optimizer, checkpoint) : begin(&model, &r.optimizer);
  if (!s) s = vpf_optimizer_position(r.optimizer, &done, NULL);
  if (!s) s = vpf_train(model, images, r.optimizer, done < EPOCHS ? EPOCHS - done : 0, on_progress, &r);
  if (!s) s = r.status;
  if (!s) s = vpf_checkpoint_save(model, r.optimizer, checkpoint);
  if (!s && vpf_optimizer_last_stop(r.optimizer) == VPF_STOP_CALLBACK) printf("\nstopped; the same command goes on\n");
  if (!s) printf("saved %s\n", checkpoint);
  if (s) fprintf(stderr, "progress_cancel: %s: %s\n", vpf_status_string(s), vpf_error_message());
  if (!s && (fflush(stdout) || ferror(stdout))) s = VPF_ERR_IO, perror("progress_cancel: stdout"); /* a full disk */

  vpf_optimizer_destroy(r.optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(images);
  return s ? 1 : 0;
}
