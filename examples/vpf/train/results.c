/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <math.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/new_file.h"
#include "../../common/png_tiles.h"
#include "progress_view.h"

static void note_epoch(results *r, const vpf_progress *progress) {
  size_t length;
  r->epochs_done = progress->epoch;
  r->gradient = progress->gradient;
  r->gradient_noise = progress->gradient_noise;
  r->converged = progress->stop == VPF_STOP_CONVERGED;
  free(r->last_epoch);
  r->last_epoch = NULL;
  FILE *text = open_memstream(&r->last_epoch, &length);
  if (!text) return;

  fputs("flow        ", text);
  print_flow(text, progress);
  fputs(", mean of the last epoch\n", text);
  if (progress->layers > 1) fprintf(text, "weights     rho %.3f, w^2 %.1f\n", progress->rho, progress->w2);
  if (isfinite(progress->gradient)) fprintf(text, "gradient    %.3g", progress->gradient);
  if (isfinite(progress->gradient_noise)) fprintf(text, ", of noise %.3g", progress->gradient_noise);
  if (isfinite(progress->gradient)) fputc('\n', text);
  fputs("activity    ", text);
  print_activity(text, progress);
  fputc('\n', text);
  fclose(text);
}

void results_note(results *r, const vpf_progress *progress) {
  const train_options *options = r->options;
  r->images_trained = ((double)progress->epoch - 1 - (double)options->epochs_before) * (double)r->rows +
                      (double)progress->rows - (double)options->rows_before;
  r->seconds = progress->total_seconds;
  if (progress->event == VPF_PROGRESS_EPOCH) note_epoch(r, progress);
}

bool results_to_go_on_from(const results *r) {
  return r->options->checkpoint_every > 0 || (r->epochs_done < r->options->epochs && !r->converged);
}

/* What each hidden unit looks for is its column of W_0. A machine without hidden units has rows
 * of U_0 instead: what each pixel expects of the others. */
static vpf_status save_filters(results *r, const vpf_model *model) {
  const bool deep = vpf_model_layers(model) > 1, has_weights = deep || vpf_model_has_intra(model, 0);
  const size_t pixels = vpf_model_layer_size(model, 0), side = (size_t)lrint(sqrt((double)pixels));
  const size_t units = deep ? vpf_model_layer_size(model, 1) : pixels;

  if (!has_weights || side * side != pixels) {
    printf("No filters.png: %s.\n", has_weights ? "the images are not square" : "this machine has no weights");
    return VPF_OK;
  }
  float *weights = calloc(pixels * units, sizeof *weights);
  if (!weights) return complain_because(VPF_ERR_MEMORY, "cannot allocate %zu x %zu weights", pixels, units);
  vpf_status s = complain(deep ? vpf_model_get_weights(model, 0, weights) : vpf_model_get_intra(model, 0, weights));
  if (!s) {
    const tile_set filters = {.values = weights,
                              .count = units,
                              .width = side,
                              .height = side,
                              .tile_step = deep ? 1 : pixels,
                              .value_step = deep ? units : 1,
                              .scale = TILE_FILTERS};
    s = png_tiles_write(&filters, r->options->out, "filters.png");
  }
  free(weights);
  r->has_filters = !s;
  return s;
}

/* What training was told. */
static void print_settings(FILE *stream, const train_options *options) {
  const double *value = options->set.value;
  const int method = (int)value[SETTING_METHOD];
  if (options->recipe != VPF_RECIPE_PAPER) fprintf(stream, "recipe      %s\n", vpf_recipe_name(options->recipe));
  fprintf(stream, "method      %s", method_name(method));
  if (method != VPF_METHOD_VPF) fprintf(stream, "-%.0f", value[SETTING_STEPS]);
  if (method == VPF_METHOD_PCD || method == VPF_METHOD_PTT)
    fprintf(stream, ", %.0f chains", value[SETTING_PARTICLES]);
  fprintf(stream, "\nsettings    batch %.0f, learning rate %g", value[SETTING_BATCH], value[SETTING_RATE]);
  if (value[SETTING_DROP] > 0) fprintf(stream, ", a tenth from epoch %.0f on", value[SETTING_DROP]);
  fprintf(stream, ", decay %g, seed %llu\n", value[SETTING_DECAY], (unsigned long long)options->seed);
}

/* How far training went. */
static void print_training(FILE *stream, const results *r, bool averaged) {
  const train_options *options = r->options;
  fprintf(stream, "training    %zu of %zu epochs", r->epochs_done, options->epochs);
  if (options->resume) fprintf(stream, ", resumed in epoch %zu,", options->epochs_before + 1);
  fprintf(stream, " in %.1f s, %.0f images/s\n", r->seconds, r->seconds > 0 ? r->images_trained / r->seconds : 0);
  if (r->converged)
    fprintf(stream, "            converged after epoch %zu: gradient %.3g of noise %.3g\n", r->epochs_done, r->gradient,
            r->gradient_noise);
  if (averaged) fputs("average     of the parameters along the way: the machine that is saved\n", stream);
  if (r->last_epoch) fputs(r->last_epoch, stream);
}

static void print_summary(FILE *stream, const results *r, const outcome *machine, const watch *w) {
  const train_options *options = r->options;
  const char *out = options->out;

  fprintf(stream, "library     libvpf %s\n", vpf_version_string());
  fprintf(stream, "data        %zu of %zu images, %s\n", r->rows, r->rows_in_file, r->images);
  fprintf(stream, "machine     %s, intra-layer weights %s, coupling %s, %zu parameters\n", options->arch,
          options->intra_name, options->coupling_name, vpf_model_param_count(machine->model));
  print_settings(stream, options);
  print_training(stream, r, machine->average != NULL);
  watch_summary(w, stream);
  fprintf(stream, "files       %s/model.safetensors  the machine, for vpf_model_load() or NumPy\n", out);
  if (r->has_filters) fprintf(stream, "            %s/filters.png        what each unit looks for\n", out);
  fprintf(stream, "            %s/log.jsonl          the numbers of every epoch\n", out);
  if (results_to_go_on_from(r)) fprintf(stream, "            %s/checkpoint.safetensors  for --resume\n", out);
}

vpf_status results_save(results *r, const outcome *machine, const watch *w) {
  const char *out = r->options->out;
  char *path = path_join(out, "model.safetensors");
  /* the machine first: it is what must not be lost */
  vpf_status s = path ? complain(vpf_model_save(machine->model, path)) : VPF_ERR_MEMORY;
  free(path);
  if (!s) s = save_filters(r, machine->model);

  new_file summary;
  if (!s) s = new_file_open(&summary, out, "summary.txt");
  if (s) return s;
  print_summary(summary.stream, r, machine, w);
  s = new_file_publish(&summary);
  new_file_close(&summary);
  putchar('\n');
  print_summary(stdout, r, machine, w);
  return s;
}

void results_clear(results *r) {
  free(r->images);
  free(r->last_epoch);
  *r = (results){0};
}
