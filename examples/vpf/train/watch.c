/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/image_files.h"
#include "../../common/new_file.h"
#include "../../common/stopwatch.h"

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
static vpf_status keep_model(const watch *w, size_t epoch) {
  char name[64];
  snprintf(name, sizeof name, "model-%zu.safetensors", epoch);
  char *path = path_join(w->options->out, name);
  const vpf_status s = path ? complain(vpf_model_save(w->model, path)) : VPF_ERR_MEMORY;
  free(path);
  return s;
}

static const char *doubt_mark(const vpf_likelihood *l) {
  return l->disagree ? "  (in doubt: perhaps less)" : "";
}

static vpf_status check(watch *w, size_t epoch) {
  int stop = 0;
  const double begin = seconds_now();
  vpf_status s = vpf_monitor_check(w->monitor, w->model, w->validation, epoch, &stop);
  if (!s) s = vpf_monitor_get(w->monitor, vpf_monitor_checks(w->monitor) - 1, NULL, &w->last);
  w->seconds += seconds_now() - begin;
  if (s) return complain(s);
  w->fresh = true;
  w->stop = stop != 0;
  const char *least = w->last.bound ? "at least " : "";
  printf("              log p(validation) %s%.2f +- %.2f  log p(empty image) %s%.1f%s%s\n", least, w->last.mean_low,
         w->last.log_z_stderr, least, w->last.empty, doubt_mark(&w->last),
         stop ? "  no longer getting better: stopping" : "");
  return VPF_OK;
}

void watch_epoch(watch *w, const vpf_progress *progress) {
  const train_options *options = w->options;
  w->fresh = false;
  if (options->keep && progress->epoch % options->keep == 0) w->status = keep_model(w, progress->epoch);
  if (!w->status && w->monitor && progress->epoch % options->watch == 0) w->status = check(w, progress->epoch);
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

void watch_summary(const watch *w, FILE *stream) {
  size_t index, epoch;
  vpf_likelihood best = {.struct_size = sizeof best};
  if (vpf_monitor_checks(w->monitor) == 0 || vpf_monitor_best(w->monitor, &index, NULL) ||
      vpf_monitor_get(w->monitor, index, &epoch, &best))
    return;
  fprintf(stream, "likelihood  best log p(validation) %s%.2f +- %.2f nats, ", best.bound ? "at least " : "",
          best.mean_low, best.log_z_stderr);
  if (epoch > 0)
    fprintf(stream, "epoch %zu", epoch);
  else
    fputs("before the run was resumed", stream);
  fprintf(stream, "; watching took %.1f s\n", w->seconds);
  for (unsigned doubt = 1; doubt <= best.doubts; doubt *= 2)
    if (best.doubts & doubt) fprintf(stream, "            in doubt: %s\n", vpf_doubt_text((vpf_doubt)doubt));
  fprintf(stream, "            %s/best.safetensors   the machine of that epoch\n", w->options->out);
}

void watch_clear(watch *w) {
  vpf_monitor_destroy(w->monitor);
  vpf_data_destroy(w->validation);
  *w = (watch){0};
}
