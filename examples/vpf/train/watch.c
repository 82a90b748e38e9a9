/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/doubts.h"
#include "../../common/image_files.h"
#include "../../common/new_file.h"
#include "../../common/stopwatch.h"
#include "outcome.h"

enum { MOST_VALIDATION = 10000 };

/* The best machine from before a run was resumed, if there is one, counts as a check of epoch 0. */
static vpf_status remember_best(watch *w) {
  const char *out = w->options->out;
  if (!w->options->resume || !file_exists(out, "best.safetensors")) return VPF_OK;
  vpf_model *best = NULL;
  char *path = path_join(out, "best.safetensors");
  vpf_status s = path ? complain(vpf_model_load(&best, path)) : VPF_ERR_MEMORY;
  if (!s) s = complain(vpf_monitor_check(w->monitor, best, w->validation, 0, NULL));
  vpf_model_destroy(best);
  free(path);
  return s;
}

vpf_status watch_begin(watch *w, const train_options *options, const char *images, size_t trained_rows) {
  *w = (watch){.options = options, .last = {.struct_size = sizeof w->last}};
  if (!options->watch) return VPF_OK;
  vpf_data *all = NULL;
  vpf_status s = load_images(&all, images, 0, false, NULL);
  if (s) return s;
  const size_t left = vpf_data_rows(all) - trained_rows;
  if (left == 0) {
    vpf_data_destroy(all);
    return complain_because(VPF_ERR_ARGUMENT, "--watch needs images that are not trained on: give a smaller --limit");
  }
  s = vpf_data_slice(&w->validation, all, trained_rows, left < MOST_VALIDATION ? left : MOST_VALIDATION);
  vpf_data_destroy(all);
  const vpf_ais_settings settings = {.struct_size = sizeof settings,
                                     .chains = options->chains,
                                     .betas = options->temperatures,
                                     .reverse = options->both_ways,
                                     .reverse_sweeps = 100};
  if (!s) s = vpf_monitor_create(&w->monitor, &settings, options->patience);
  return complain(s) ? s : remember_best(w);
}

/* model-<epoch>.safetensors */
static vpf_status keep_model(const watch *w, const vpf_model *model, size_t epoch) {
  char name[64];
  snprintf(name, sizeof name, "model-%zu.safetensors", epoch);
  char *path = path_join(w->options->out, name);
  const vpf_status s = path ? complain(vpf_model_save(model, path)) : VPF_ERR_MEMORY;
  free(path);
  return s;
}

/* "log p(validation) -135.10 +- 0.92": the error is that over the images together with that of log Z. */
static void print_log_p(FILE *stream, const vpf_likelihood *l) {
  fprintf(stream, "log p(validation) %s%.2f +- %.2f", l->bound ? "at least " : "", l->mean_low,
          hypot(l->rows_stderr, l->log_z_stderr));
}

/* "  DOUBTFUL (bound, ess)" */
static void print_doubts(FILE *stream, unsigned doubts) {
  const char *before = "  DOUBTFUL (", *after = doubts ? ")" : "";
  for (vpf_doubt doubt = take_doubt(&doubts); doubt; doubt = take_doubt(&doubts)) {
    fprintf(stream, "%s%s", before, doubt_name(doubt));
    before = ", ";
  }
  fputs(after, stream);
}

/* In words, each kind once in a run. */
static void explain(watch *w, unsigned doubts) {
  unsigned news = doubts & ~w->explained;
  w->explained |= doubts;
  for (vpf_doubt doubt = take_doubt(&news); doubt; doubt = take_doubt(&news))
    printf("              %s: %s\n", doubt_name(doubt), vpf_doubt_text(doubt));
}

static vpf_status check(watch *w, const vpf_model *model, size_t epoch) {
  int stop = 0;
  const double begin = seconds_now();
  vpf_status s = vpf_monitor_check(w->monitor, model, w->validation, epoch, &stop);
  if (!s) s = vpf_monitor_get(w->monitor, vpf_monitor_checks(w->monitor) - 1, NULL, &w->last);
  w->seconds += seconds_now() - begin;
  if (s) return complain(s);
  w->fresh = true;
  w->stop = stop != 0;
  fputs("              ", stdout);
  print_log_p(stdout, &w->last);
  printf("  log p(empty image) %s%.1f", w->last.bound ? "at least " : "", w->last.empty);
  print_doubts(stdout, w->last.doubts);
  puts(stop ? "  no longer getting better: stopping" : "");
  explain(w, w->last.doubts);
  return VPF_OK;
}

void watch_epoch(watch *w, const vpf_progress *progress) {
  const train_options *options = w->options;
  w->fresh = false;
  w->training_seconds = progress->total_seconds - w->seconds; /* the library's clock runs on while this here works */
  const bool keeps = options->keep && progress->epoch % options->keep == 0;
  const bool checks = w->monitor && progress->epoch % options->watch == 0;
  if (!keeps && !checks) return;
  outcome machine;
  w->status = outcome_take(&machine, w->model, w->optimizer);
  if (!w->status && keeps) w->status = keep_model(w, machine.model, progress->epoch);
  if (!w->status && checks) w->status = check(w, machine.model, progress->epoch);
  outcome_clear(&machine);
}

vpf_status watch_save(const watch *w) {
  if (vpf_monitor_checks(w->monitor) == 0) return VPF_OK;
  vpf_model *best = NULL;
  char *path = path_join(w->options->out, "best.safetensors");
  vpf_status s = path ? VPF_OK : VPF_ERR_MEMORY;
  if (!s) s = complain(vpf_monitor_best(w->monitor, NULL, &best));
  if (!s) s = complain(vpf_model_save(best, path));
  vpf_model_destroy(best);
  free(path);
  return s;
}

static unsigned count_doubtful(const watch *w) {
  unsigned doubtful = 0;
  for (size_t k = 0; k < vpf_monitor_checks(w->monitor); k++) {
    vpf_likelihood found = {.struct_size = sizeof found};
    if (!vpf_monitor_get(w->monitor, k, NULL, &found) && found.doubts) doubtful++;
  }
  return doubtful;
}

static void print_cost(const watch *w, FILE *stream) {
  const double percent = w->training_seconds > 0 ? 100 * w->seconds / w->training_seconds : 0;
  const unsigned doubtful = count_doubtful(w);
  fprintf(stream, "watching    took %.1f s, %.0f %% of the %.1f s of training", w->seconds, percent, w->training_seconds);
  if (doubtful) fprintf(stream, "; %u of %zu looks are doubtful", doubtful, vpf_monitor_checks(w->monitor));
  fputc('\n', stream);
}

void watch_summary(const watch *w, FILE *stream) {
  size_t index, epoch;
  vpf_likelihood best = {.struct_size = sizeof best};
  if (vpf_monitor_checks(w->monitor) == 0 || vpf_monitor_best(w->monitor, &index, NULL) ||
      vpf_monitor_get(w->monitor, index, &epoch, &best))
    return;
  fputs("likelihood  best ", stream);
  print_log_p(stream, &best);
  fputs(" nats, ", stream);
  if (epoch > 0)
    fprintf(stream, "epoch %zu", epoch);
  else
    fputs("before the run was resumed", stream);
  print_doubts(stream, best.doubts);
  fputc('\n', stream);
  for (vpf_doubt doubt = take_doubt(&best.doubts); doubt; doubt = take_doubt(&best.doubts))
    fprintf(stream, "            %s: %s\n", doubt_name(doubt), vpf_doubt_text(doubt));
  fprintf(stream, "            %s/best.safetensors   the machine of that epoch\n", w->options->out);
  print_cost(w, stream);
}

void watch_clear(watch *w) {
  vpf_monitor_destroy(w->monitor);
  vpf_data_destroy(w->validation);
  *w = (watch){0};
}
