/* SPDX-License-Identifier: MIT */
/* Train a Boltzmann machine on MNIST, look at it while it learns, and keep the result.
 *
 *   train_mnist --data data/mnist --arch 784-196 --epochs 20 --out out
 *
 * main() is the whole story: images, machine, optimizer, training, results. The command line, the
 * progress bar, the log and the picture are in support/train/. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vpf.h>

#include "support/complain.h"
#include "support/image_files.h"
#include "support/new_file.h"
#include "support/options.h"
#include "support/stop_signal.h"
#include "support/train/progress_view.h"
#include "support/train/results.h"
#include "support/train/run_log.h"
#include "support/train/train_options.h"
#include "support/train/watch.h"

/* What the progress function works with. */
typedef struct run {
  results results;
  progress_view view;
  new_file log;
  vpf_status log_status;
  watch watch;
  vpf_optimizer *optimizer;
} run;

/* The bits of the images to train on. */
static vpf_status load_training_images(vpf_data **out, results *r) {
  r->images = find_images(r->options->data, "train");
  if (!r->images) return VPF_ERR_IO;
  const vpf_status s = load_images(out, r->images, r->options->limit, false, &r->rows_in_file);
  r->rows = vpf_data_rows(*out);
  return s;
}

static vpf_status create_machine(vpf_model **out, const train_options *options) {
  vpf_status s = vpf_model_create(out, options->sizes, options->layers, options->intra, options->coupling);
  if (!s) s = vpf_model_init(*out, options->seed);
  return complain(s);
}

static vpf_status create_optimizer(vpf_optimizer **out, const train_options *options) {
  /* often enough for a smooth bar and a quick answer to Ctrl-C, too seldom to cost time: the
   * threads part for each call */
  const double images_between_calls = 1000;
  const double batches_between_calls = ceil(images_between_calls / options->batch);

  vpf_status s = vpf_optimizer_create(out);
  if (!s) s = vpf_optimizer_set_seed(*out, options->seed);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_METHOD, options->method);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_GIBBS_STEPS, options->gibbs_steps);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_PARTICLES, options->particles);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_BATCH_SIZE, options->batch);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_SHUFFLE, !options->in_order);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_LEARNING_RATE, options->learning_rate);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_WEIGHT_DECAY, options->weight_decay);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_THREADS, options->threads);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_PROGRESS_BATCHES, batches_between_calls);
  return complain(s);
}

/* The last part of the epochs is trained at a tenth of the rate. */
static void schedule(const run *r, size_t epochs_done) {
  const train_options *options = r->results.options;
  const size_t full = (size_t)lrint((double)options->epochs * (1 - options->lr_drop));
  if (epochs_done >= full && options->lr_drop > 0)
    complain(vpf_optimizer_set(r->optimizer, VPF_OPTION_LEARNING_RATE, options->learning_rate / 10));
}

/* Called by vpf_train(); what it returns decides whether training goes on. */
static int on_progress(const vpf_progress *progress, void *user) {
  run *r = user;

  progress_view_show(&r->view, progress);
  results_note(&r->results, progress);
  if (progress->event == VPF_PROGRESS_EPOCH) {
    schedule(r, progress->epoch);
    watch_epoch(&r->watch, progress);
    r->log_status = run_log_epoch(&r->log, progress, r->watch.fresh ? &r->watch.last : NULL);
  }
  return stop_signal != 0 || r->log_status != VPF_OK || r->watch.status != VPF_OK || r->watch.stop;
}

/* What the end of training means to who started it, and as an exit status. */
static int conclude(const run *r, vpf_status trained) {
  const train_options *options = r->results.options;
  const size_t epochs_done = r->results.epochs_done;

  if (trained == VPF_ERR_DIVERGED) {
    fprintf(stderr,
            "Saved is the machine as it was before that minibatch. Try a smaller --lr than %g; after many\n"
            "epochs, or with few images, rather a larger --decay than %g.\n",
            options->learning_rate, options->weight_decay);
    return EXIT_RUNTIME;
  }
  if (r->log_status || r->watch.status) return EXIT_RUNTIME;
  if (stop_signal && epochs_done < options->epochs) {
    printf("\nStopped by %s in epoch %zu. What was learned until then is saved.\n", stop_signal_name(),
           epochs_done + 1);
    return EXIT_SIGNAL + stop_signal;
  }
  printf("next        train longer (--epochs 200), deeper (--arch 784-196-196-64) or with\n"
         "            intra-layer weights (--intra hidden); train_mnist --help has it all\n");
  return EXIT_SUCCESS;
}

/* Train, and keep whatever came of it. */
static int train_and_save(run *r, vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer) {
  const train_options *options = r->results.options;
  r->watch.model = model;
  r->optimizer = optimizer;
  schedule(r, 0);
  if (make_folders(options->out) || new_file_open(&r->log, options->out, "log.jsonl")) return EXIT_RUNTIME;

  printf("Training %s on %zu images of %s, results to %s\n", options->arch, r->results.rows, r->results.images,
         options->out);
  const vpf_status trained = vpf_train(model, data, optimizer, options->epochs, on_progress, r);
  progress_view_clear(&r->view);
  complain(trained);

  int exit_status = EXIT_RUNTIME;
  if (!trained || trained == VPF_ERR_DIVERGED) {
    /* a run without a whole epoch publishes its empty log: an older one would not be its own */
    vpf_status saved = results_save(&r->results, model, &r->watch);
    if (!saved) saved = watch_save(&r->watch);
    if (!saved && !new_file_publish(&r->log)) exit_status = conclude(r, trained);
  }
  new_file_close(&r->log);
  return exit_status;
}

int main(int argc, char **argv) {
  train_options options;
  int exit_status = train_options_parse(&options, argc, argv);
  if (exit_status != OPTIONS_COMPLETE) return exit_status;

  run r = {.results = {.options = &options}, .view = progress_view_create()};
  vpf_data *data = NULL;
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* lines come at once, into a pipe or a file too */
  catch_stop_signals();

  exit_status = EXIT_RUNTIME;
  if (load_training_images(&data, &r.results) == VPF_OK) {
    if (options.sizes[0] != vpf_data_cols(data))
      exit_status = complain_option("--arch", options.arch, "the first size must be %zu, the pixels of an image in %s",
                                    vpf_data_cols(data), r.results.images);
    else if (!watch_begin(&r.watch, &options, r.results.images, r.results.rows) && !create_machine(&model, &options) &&
             !create_optimizer(&optimizer, &options))
      exit_status = train_and_save(&r, model, data, optimizer);
  }

  watch_clear(&r.watch);
  results_clear(&r.results);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
  return exit_status;
}
