/* SPDX-License-Identifier: MIT */
/* Train a Boltzmann machine on MNIST, look at it while it learns, and keep the result.
 *
 *   vpf train --data data/mnist --arch 784-196 --epochs 20 --out out
 *
 * cmd_train() is the whole story: images, machine, optimizer, training, results. The command line, the
 * progress bar, the log and the picture are in train/. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <vpf.h>

#include "../common/complain.h"
#include "../common/image_files.h"
#include "../common/new_file.h"
#include "../common/options.h"
#include "../common/program.h"
#include "../common/stop_signal.h"
#include "commands.h"
#include "train/checkpoint.h"
#include "train/progress_view.h"
#include "train/results.h"
#include "train/run_log.h"
#include "train/train_options.h"
#include "train/watch.h"

/* What the progress function works with. */
typedef struct run {
  results results;
  progress_view view;
  new_file log;
  vpf_status log_status, checkpoint_status;
  watch watch;
  const vpf_model *model;
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

/* What may also change when a run is resumed. */
static vpf_status set_changeable(vpf_optimizer *optimizer, const train_options *options) {
  /* often enough for a smooth bar and a quick answer to Ctrl-C, too seldom to cost time: the
   * threads part for each call */
  const double images_between_calls = 1000;
  const double batches_between_calls = ceil(images_between_calls / options->batch);

  vpf_status s = vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, options->learning_rate);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_WEIGHT_DECAY, options->weight_decay);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_THREADS, options->threads);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES, batches_between_calls);
  return complain(s);
}

static vpf_status create_optimizer(vpf_optimizer **out, const train_options *options) {
  vpf_status s = vpf_optimizer_create(out);
  if (!s) s = vpf_optimizer_set_seed(*out, options->seed);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_METHOD, options->method);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_GIBBS_STEPS, options->gibbs_steps);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_PARTICLES, options->particles);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_BATCH_SIZE, options->batch);
  if (!s) s = vpf_optimizer_set(*out, VPF_OPTION_SHUFFLE, !options->in_order);
  return complain(s) ? s : set_changeable(*out, options);
}

/* The last part of the epochs is trained at a tenth of the rate. */
static void schedule(const run *r, size_t epochs_done) {
  const train_options *options = r->results.options;
  if (train_options_dropped(options, epochs_done))
    complain(vpf_optimizer_set(r->optimizer, VPF_OPTION_LEARNING_RATE, options->learning_rate / 10));
}

/* After every epoch. The order is for a run that is killed in between: what a checkpoint says is done, log and kept
 * models have. So the last checkpoint waits for the results. */
static void keep_epoch(run *r, const vpf_progress *progress) {
  const train_options *options = r->results.options;
  watch_epoch(&r->watch, progress);
  r->log_status = run_log_epoch(&r->log, progress, r->watch.fresh ? &r->watch.last : NULL);
  if (r->log_status || r->watch.status || options->checkpoint_every == 0) return;
  if (progress->epoch % options->checkpoint_every || progress->epoch == options->epochs) return;
  r->checkpoint_status = watch_save(&r->watch);
  if (!r->checkpoint_status) r->checkpoint_status = checkpoint_save(options, r->model, r->optimizer);
}

static bool has_failed(const run *r) {
  return r->log_status || r->watch.status || r->checkpoint_status;
}

/* Called by vpf_train(); what it returns decides whether training goes on. */
static int on_progress(const vpf_progress *progress, void *user) {
  run *r = user;

  progress_view_show(&r->view, progress);
  results_note(&r->results, progress);
  if (progress->event == VPF_PROGRESS_EPOCH) {
    schedule(r, progress->epoch);
    keep_epoch(r, progress);
  }
  return stop_signal != 0 || has_failed(r) || r->watch.stop;
}

/* What the end of training means to who started it, and as an exit status. */
static int conclude(const run *r, vpf_status trained) {
  const train_options *options = r->results.options;
  const size_t epochs_done = r->results.epochs_done;

  if (trained == VPF_ERR_DIVERGED) {
    fprintf(stderr,
            "Saved is the machine as it was before that minibatch. Try a smaller --lr than %g; after many\n"
            "epochs, or with few images, rather a larger --decay than %g; with --resume %s/checkpoint.safetensors\n"
            "from there on. If that fails again at once, the weights were too large already.\n",
            options->learning_rate, options->weight_decay, options->out);
    return EXIT_RUNTIME;
  }
  if (has_failed(r)) return EXIT_RUNTIME;
  if (stop_signal && epochs_done < options->epochs) {
    printf("\nStopped by %s in epoch %zu. What was learned until then is saved; to go on, run\n"
           "%s again with --resume %s/checkpoint.safetensors\n",
           stop_signal_name(), epochs_done + 1, program_name, options->out);
    return EXIT_SIGNAL + stop_signal;
  }
  printf("next        watch the likelihood of held-out images (--watch 5): it may be over its best while K\n"
         "            still falls; deeper (--arch 784-196-196-64), with intra-layer weights (--intra\n"
         "            hidden); %s --help has it all\n", program_name);
  return EXIT_SUCCESS;
}

/* Train, and keep whatever came of it. */
static int train_and_save(run *r, vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer) {
  const train_options *options = r->results.options;
  const size_t before = options->epochs_before;
  r->model = r->watch.model = model;
  r->optimizer = optimizer;
  r->results.epochs_done = before;
  r->view.begun = (double)before + (double)options->rows_before / (double)r->results.rows;
  schedule(r, before);
  if (make_folders(options->out) || run_log_begin(&r->log, options->out, before)) return EXIT_RUNTIME;

  printf("Training %s on %zu images of %s, results to %s\n", options->arch, r->results.rows, r->results.images,
         options->out);
  if (options->resume) printf("Resuming in epoch %zu of %zu\n", before + 1, options->epochs);
  const vpf_status trained = vpf_train(model, data, optimizer, options->epochs - before, on_progress, r);
  progress_view_clear(&r->view);
  complain(trained);

  int exit_status = EXIT_RUNTIME;
  if (!trained || trained == VPF_ERR_DIVERGED) {
    /* a run without a whole epoch publishes its empty log: an older one would not be its own */
    vpf_status saved = results_save(&r->results, model, &r->watch);
    if (!saved) saved = watch_save(&r->watch);
    if (!saved) saved = new_file_publish(&r->log);
    if (!saved && results_to_go_on_from(&r->results)) saved = checkpoint_save(options, model, optimizer);
    if (!saved) exit_status = conclude(r, trained);
  }
  new_file_close(&r->log);
  return exit_status;
}

/* The machine and its optimizer: new ones, or those of the checkpoint. Returns OPTIONS_COMPLETE if there is something
 * to train, else the status to exit with. */
static int begin(vpf_model **model, vpf_optimizer **optimizer, train_options *options, int argc, char **argv) {
  if (!options->resume)
    return create_machine(model, options) || create_optimizer(optimizer, options) ? EXIT_RUNTIME : OPTIONS_COMPLETE;

  const int result = checkpoint_resume(model, optimizer, options, argc, argv);
  if (result != OPTIONS_COMPLETE) return result;
  if (options->epochs_before >= options->epochs) {
    printf("Complete already: %zu epochs are done, and --epochs %zu asks for no more.\n", options->epochs_before,
           options->epochs);
    return EXIT_SUCCESS;
  }
  return set_changeable(*optimizer, options) ? EXIT_RUNTIME : OPTIONS_COMPLETE;
}

static int check_size(const run *r, const vpf_data *data) {
  const train_options *options = r->results.options;
  const size_t pixels = vpf_data_cols(data);
  if (options->sizes[0] == pixels) return OPTIONS_COMPLETE;
  if (options->resume)
    return complain_option("--resume", options->resume, "the machine is %s, but an image in %s has %zu pixels",
                           options->arch, r->results.images, pixels);
  return complain_option("--arch", options->arch, "the first size must be %zu, the pixels of an image in %s", pixels,
                         r->results.images);
}

int cmd_train(int argc, char **argv) {
  train_options options;
  int exit_status = train_options_parse(&options, argc, argv);
  if (exit_status != OPTIONS_COMPLETE) return exit_status;

  run r = {.results = {.options = &options}, .view = progress_view_create()};
  vpf_data *data = NULL;
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  catch_stop_signals();

  exit_status = begin(&model, &optimizer, &options, argc, argv);
  if (exit_status == OPTIONS_COMPLETE) {
    exit_status = EXIT_RUNTIME;
    if (load_training_images(&data, &r.results) == VPF_OK) exit_status = check_size(&r, data);
  }
  if (exit_status == OPTIONS_COMPLETE) {
    exit_status = EXIT_RUNTIME;
    if (!watch_begin(&r.watch, &options, r.results.images, r.results.rows))
      exit_status = train_and_save(&r, model, data, optimizer);
  }

  watch_clear(&r.watch);
  results_clear(&r.results);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
  train_options_clear(&options);
  return exit_status;
}
