/* SPDX-License-Identifier: MIT */
/* Train a Boltzmann machine on MNIST, look at it while it learns, and keep the result.
 *
 *   vpf train --data data/mnist --arch 784-196 --epochs 20 --out out
 *   vpf train --data data/mnist --arch 784-196 --epochs 20 --recipe likelihood --out out/digits
 *
 * cmd_train() is the whole story: images, machine, optimizer, training, results. The command line, the
 * progress bar, the log and the picture are in train/. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <vpf.h>

#include "../common/complain.h"
#include "../common/folder_lock.h"
#include "../common/image_files.h"
#include "../common/new_file.h"
#include "../common/options.h"
#include "../common/program.h"
#include "../common/stop_signal.h"
#include "commands.h"
#include "train/checkpoint.h"
#include "train/outcome.h"
#include "train/progress_view.h"
#include "train/results.h"
#include "train/run_log.h"
#include "train/train_options.h"
#include "train/watch.h"

/* What the progress function works with. */
typedef struct run {
  results results;
  progress_view view;
  folder_lock lock;
  new_file log;
  vpf_status log_status, checkpoint_status;
  watch watch;
  const vpf_model *model;
  const vpf_optimizer *optimizer;
} run;

/* The bits of the images to train on. */
static vpf_status load_training_images(vpf_data **out, results *r) {
  r->images = find_images(r->options->data, "train");
  if (!r->images) return VPF_ERR_IO;
  const vpf_status s = load_images(out, r->images, r->options->limit, false, &r->rows_in_file);
  r->rows = vpf_data_rows(*out);
  return s;
}

/* Called often enough for a smooth bar and a quick answer to Ctrl-C, too seldom to cost time: the threads part for each
 * call. */
static vpf_status set_calls(vpf_optimizer *optimizer, const train_options *options) {
  const double images_between_calls = 1000;
  return complain(vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES,
                                    ceil(images_between_calls / options->set.value[SETTING_BATCH])));
}

/* A new machine and its optimizer, as the recipe begins. */
static vpf_status create(vpf_model **model, vpf_optimizer **optimizer, train_options *options, const vpf_data *data) {
  vpf_status s = vpf_model_create(model, options->sizes, options->layers, options->intra, options->coupling);
  if (!s) s = vpf_optimizer_create(optimizer);
  if (complain(s)) return s;
  s = train_options_begin(options, *model, data, *optimizer);
  return s ? s : settings_read(&options->set, *optimizer);
}

/* After every epoch. The order is for a run that is killed in between: what a checkpoint says is done, log and kept
 * models have. So the last checkpoint waits for the results. */
static void keep_epoch(run *r, const vpf_progress *progress) {
  const train_options *options = r->results.options;
  watch_epoch(&r->watch, progress);
  r->log_status = run_log_epoch(&r->log, progress, r->watch.fresh ? &r->watch.last : NULL);
  if (r->log_status || r->watch.status || options->checkpoint_every == 0) return;
  if (progress->epoch % options->checkpoint_every || progress->stop != VPF_STOP_NONE) return;
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
  if (progress->event == VPF_PROGRESS_EPOCH) keep_epoch(r, progress);
  return stop_signal != 0 || has_failed(r) || r->watch.stop;
}

/* What the end of training means to who started it, and as an exit status. */
static int conclude(const run *r, vpf_status trained, bool averaged) {
  const train_options *options = r->results.options;
  const size_t epochs_done = r->results.epochs_done;

  if (trained == VPF_ERR_DIVERGED) {
    fprintf(stderr,
            "Saved is the machine as it was before that minibatch. Try a smaller --lr than %g; after many\n"
            "epochs, or with few images, rather a larger --decay than %g; with --resume %s/checkpoint.safetensors\n"
            "from there on. If that fails again at once, the weights were too large already.\n",
            options->set.value[SETTING_RATE], options->set.value[SETTING_DECAY], options->out);
    return EXIT_RUNTIME;
  }
  if (has_failed(r)) return EXIT_RUNTIME;
  if (stop_signal && epochs_done < options->epochs && !r->results.converged) {
    printf("\nStopped by %s in epoch %zu. What was learned until then is saved; to go on, run\n"
           "%s again with --resume %s/checkpoint.safetensors\n",
           stop_signal_name(), epochs_done + 1, program_name, options->out);
    return EXIT_SIGNAL + stop_signal;
  }
  if (averaged) {
    printf("next        vpf evaluate %s/model.safetensors --data %s --quick\n"
           "            vpf sample %s/model.safetensors --steps 1000 --out %s/images.png\n",
           options->out, options->data, options->out, options->out);
    return EXIT_SUCCESS;
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
  r->optimizer = r->watch.optimizer = optimizer;
  r->results.epochs_done = before;
  r->view.begun = (double)before + (double)options->rows_before / (double)r->results.rows;
  if (set_calls(optimizer, options)) return EXIT_RUNTIME;
  if (make_folders(options->out) || folder_lock_take(&r->lock, options->out) ||
      run_log_begin(&r->log, options->out, before))
    return EXIT_RUNTIME;

  printf("Training %s on %zu images of %s, results to %s\n", options->arch, r->results.rows, r->results.images,
         options->out);
  if (options->resume) printf("Resuming in epoch %zu of %zu\n", before + 1, options->epochs);
  const vpf_status trained = vpf_train(model, data, optimizer, options->epochs - before, on_progress, r);
  progress_view_clear(&r->view);
  complain(trained);

  int exit_status = EXIT_RUNTIME;
  if (!trained || trained == VPF_ERR_DIVERGED) {
    /* a run without a whole epoch publishes its empty log: an older one would not be its own */
    outcome machine;
    vpf_status saved = outcome_take(&machine, model, optimizer);
    if (!saved) saved = results_save(&r->results, &machine, &r->watch);
    if (!saved) saved = watch_save(&r->watch);
    if (!saved) saved = new_file_publish(&r->log);
    if (!saved && results_to_go_on_from(&r->results)) saved = checkpoint_save(options, model, optimizer);
    if (!saved) exit_status = conclude(r, trained, machine.average != NULL);
    outcome_clear(&machine);
  }
  new_file_close(&r->log);
  return exit_status;
}

/* The machine and the optimizer of the checkpoint. Returns OPTIONS_COMPLETE if there is something to train, else the
 * status to exit with. */
static int resume(vpf_model **model, vpf_optimizer **optimizer, train_options *options, int argc, char **argv) {
  const int result = checkpoint_resume(model, optimizer, options, argc, argv);
  if (result != OPTIONS_COMPLETE) return result;
  if (vpf_optimizer_last_stop(*optimizer) == VPF_STOP_CONVERGED) {
    printf("Complete already: training converged after epoch %zu.\n", options->epochs_before);
    return EXIT_SUCCESS;
  }
  if (options->epochs_before >= options->epochs) {
    printf("Complete already: %zu epochs are done, and --epochs %zu asks for no more.\n", options->epochs_before,
           options->epochs);
    return EXIT_SUCCESS;
  }
  return settings_apply(&options->set, SETTING_RATE, *optimizer) ? EXIT_RUNTIME : OPTIONS_COMPLETE;
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
  program_outlive_reader();

  if (options.resume) exit_status = resume(&model, &optimizer, &options, argc, argv);
  if (exit_status == OPTIONS_COMPLETE)
    exit_status = load_training_images(&data, &r.results) ? EXIT_RUNTIME : check_size(&r, data);
  if (exit_status == OPTIONS_COMPLETE && !options.resume && create(&model, &optimizer, &options, data))
    exit_status = EXIT_RUNTIME;
  if (exit_status == OPTIONS_COMPLETE) {
    exit_status = EXIT_RUNTIME;
    if (!watch_begin(&r.watch, &options, r.results.images, r.results.rows))
      exit_status = train_and_save(&r, model, data, optimizer);
  }

  folder_lock_release(&r.lock);
  watch_clear(&r.watch);
  results_clear(&r.results);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
  train_options_clear(&options);
  return exit_status;
}
