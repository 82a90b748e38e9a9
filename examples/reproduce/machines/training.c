/* SPDX-License-Identifier: MIT */
#include "training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../common/complain.h"
#include "../../common/json_file.h"
#include "../../common/log_columns.h"
#include "../../common/new_file.h"
#include "../../common/stop_signal.h"
#include "../../common/stopwatch.h"

enum { NAME_SIZE = 96, ENDING_SIZE = 48, FILE_SIZE = NAME_SIZE + ENDING_SIZE + 16 };

/* A machine on its way. */
typedef struct training {
  run *run;
  const recipe *recipe;
  uint64_t seed;
  char name[NAME_SIZE];      /* "dbm2-1" */
  size_t epochs;             /* when it is done */
  size_t epochs_done;
  vpf_data *data;
  vpf_model *model;
  vpf_optimizer *optimizer;
  json_t *log;
  double checked;            /* time of the last checkpoint */
  vpf_status status;         /* of the first failure inside the progress function */
} training;

static const char *file_of(char file[FILE_SIZE], const char *name, const char *ending) {
  snprintf(file, FILE_SIZE, "machines/%s%s", name, ending);
  return file;
}

static char *path_of(const run *r, const char *name, const char *ending) {
  char file[FILE_SIZE];
  return path_join(r->options->out, file_of(file, name, ending));
}

static void name_of(char name[NAME_SIZE], const recipe *how, uint64_t seed) {
  snprintf(name, NAME_SIZE, "%s-%llu", how->name, (unsigned long long)seed);
}

static bool is_there(const run *r, const char *name, const char *ending) {
  char file[FILE_SIZE];
  return file_exists(r->options->out, file_of(file, name, ending));
}

static vpf_status save_model(const training *t, const char *ending) {
  char *path = path_of(t->run, t->name, ending);
  const vpf_status s = path ? complain(vpf_model_save(t->model, path)) : VPF_ERR_MEMORY;
  free(path);
  return s;
}

/* ---- The log ---- */

static json_t *sizes_of(const recipe *how) {
  json_t *sizes = json_array();
  for (size_t l = 0; l < recipe_layers(how); l++) json_array_append_new(sizes, json_integer((json_int_t)how->sizes[l]));
  return sizes;
}

const vpf_data *training_images(const run *r, const recipe *how) {
  return how->fashion ? r->fashion.training : r->digits.training;
}

/* What must be the same for a machine to be used again. The epochs of all recipes of a run go by `quick`. */
static json_t *describe(const training *t) {
  const recipe *r = t->recipe;
  return json_pack("{s:o, s:b, s:i, s:i, s:f, s:f, s:b, s:f, s:f, s:f, s:b, s:f, s:I, s:I, s:I}", "sizes",
                   sizes_of(r), "intra", (int)r->intra, "coupling", (int)r->coupling, "method", (int)r->method,
                   "gibbs_steps", r->gibbs_steps, "decay", r->decay, "shuffled", (int)r->shuffled, "estep", r->estep,
                   "estep_order", r->estep_order, "estep_sweeps", r->estep_sweeps, "estep_afresh",
                   (int)r->estep_afresh, "rate_drop", r->rate_drop, "epochs", (json_int_t)t->epochs, "seed",
                   (json_int_t)t->seed, "rows", (json_int_t)vpf_data_rows(training_images(t->run, r)));
}

static json_t *epochs_of(const json_t *log) {
  return json_object_get(log, "epochs");
}

/* An empty log, or the earlier one if it is of the same recipe. */
static vpf_status begin_log(training *t) {
  json_t *made_by = describe(t);
  vpf_status s = VPF_OK;
  if (is_there(t->run, t->name, ".json")) t->log = load_log(t->run, t->recipe, t->seed);
  if (t->log && !json_equal(made_by, json_object_get(t->log, "recipe")))
    s = complain_because(VPF_ERR_STATE, "machines/%s in %s was trained otherwise; give another folder, or remove it",
                         t->name, t->run->options->out);
  if (!t->log) t->log = json_pack("{s:O, s:f, s:[]}", "recipe", made_by, "seconds", 0.0, "epochs");
  json_decref(made_by);
  return t->log ? s : complain_because(VPF_ERR_MEMORY, "cannot allocate a log");
}

/* Forget what was logged from an epoch on. */
static void cut_log(training *t, size_t epoch) {
  json_t *epochs = epochs_of(t->log);
  while (json_array_size(epochs) >= epoch) json_array_remove(epochs, json_array_size(epochs) - 1);
}

static json_t *numbers(const double *values, size_t count) {
  json_t *array = json_array();
  for (size_t k = 0; k < count; k++) json_array_append_new(array, json_real(values[k]));
  return array;
}

static void log_epoch(training *t, const vpf_progress *p) {
  cut_log(t, p->epoch);
  json_array_append_new(epochs_of(t->log),
                        json_pack("{s:I, s:f, s:o, s:o, s:o, s:f, s:f, s:f}", "epoch", (json_int_t)p->epoch, "K", p->flow,
                                  "K_lower", numbers(p->flow_lower, p->pairs), "K_upper",
                                  numbers(p->flow_upper, p->pairs), "activity", numbers(p->activity, p->layers), "rho",
                                  p->rho, "w2", p->w2, "seconds", p->seconds));
}

static vpf_status save_log(const training *t) {
  char *path = path_of(t->run, t->name, ".json");
  const vpf_status s = path ? json_file_save(t->log, path) : VPF_ERR_MEMORY;
  free(path);
  return s;
}

json_t *load_log(const run *r, const recipe *how, uint64_t seed) {
  char name[NAME_SIZE];
  name_of(name, how, seed);
  char *path = path_of(r, name, ".json");
  json_t *log = path ? json_file_load(path) : NULL;
  free(path);
  return log;
}

/* ---- Beginning, or going on ---- */

/* Machines under this one. */
static uint64_t depth(const recipe *how) {
  return how->below ? 1 + depth(find_recipe(how->below)) : 0;
}

/* The last layer's states of the machine below, for every image that it was trained on. Each machine of a stack draws
 * by a seed of its own: unit j of two layers would otherwise be drawn from the same random number. */
static vpf_status states_below(training *t) {
  const uint64_t next_depth = (uint64_t)1 << 32;
  vpf_model *below = NULL;
  vpf_data *states = NULL, *from = NULL;
  training under = {.run = t->run, .recipe = find_recipe(t->recipe->below), .seed = t->seed};
  vpf_status s = load_machine(&below, t->run, under.recipe, t->seed, recipe_epochs(under.recipe, t->run->options->quick));
  if (!s && under.recipe->below) {
    s = states_below(&under);
    from = under.data;
  }
  if (!s) s = complain(vpf_model_infer(below, from ? from : t->run->digits.training,
                                      t->seed + next_depth * depth(under.recipe), &states));
  if (!s) {
    const size_t first = vpf_model_layer_size(below, 0);
    s = complain(vpf_data_columns(&t->data, states, first, vpf_data_cols(states) - first));
  }
  vpf_data_destroy(from);
  vpf_data_destroy(states);
  vpf_model_destroy(below);
  return s;
}

static vpf_status find_data(training *t) {
  if (t->recipe->below) return states_below(t);
  return complain(vpf_data_bits_only(&t->data, training_images(t->run, t->recipe)));
}

static vpf_status set_options(vpf_optimizer *o, const recipe *r, uint64_t seed, size_t threads) {
  enum { BATCHES_BETWEEN_CALLS = 25 };
  vpf_status s = vpf_optimizer_set_seed(o, seed);
  if (!s) s = vpf_optimizer_set(o, VPF_OPTION_METHOD, r->method);
  if (!s && r->gibbs_steps > 0) s = vpf_optimizer_set(o, VPF_OPTION_GIBBS_STEPS, r->gibbs_steps);
  if (!s && r->decay > 0) s = vpf_optimizer_set(o, VPF_OPTION_WEIGHT_DECAY, r->decay);
  if (!s) s = vpf_optimizer_set(o, VPF_OPTION_SHUFFLE, r->shuffled);
  if (!s) s = vpf_optimizer_set(o, VPF_OPTION_ESTEP, r->estep);
  if (!s) s = vpf_optimizer_set(o, VPF_OPTION_ESTEP_ORDER, r->estep_order);
  if (!s && r->estep_sweeps > 0) s = vpf_optimizer_set(o, VPF_OPTION_ESTEP_SWEEPS, r->estep_sweeps);
  if (!s && r->estep_afresh) s = vpf_optimizer_set(o, VPF_OPTION_ESTEP_PERIOD, 0);
  if (!s) s = vpf_optimizer_set(o, VPF_OPTION_PROGRESS_BATCHES, BATCHES_BETWEEN_CALLS);
  if (!s) s = vpf_optimizer_set(o, VPF_OPTION_THREADS, (double)threads);
  return s;
}

static vpf_status create(training *t) {
  const recipe *r = t->recipe;
  const size_t layers = recipe_layers(r);
  const uint8_t hidden[RECIPE_LAYERS] = {0, 1, 1, 1};
  vpf_status s = vpf_model_create(&t->model, r->sizes, layers, r->intra ? hidden : NULL, r->coupling);
  if (!s) s = vpf_model_init(t->model, t->seed);
  if (!s) s = vpf_optimizer_create(&t->optimizer);
  if (!s) s = set_options(t->optimizer, r, t->seed, t->run->options->threads);
  return complain(s);
}

static vpf_status begin(training *t) {
  vpf_status s = find_data(t);
  if (s) return s;
  if (!is_there(t->run, t->name, ".checkpoint")) return create(t);
  char *path = path_of(t->run, t->name, ".checkpoint");
  s = path ? vpf_checkpoint_load(&t->model, &t->optimizer, path) : VPF_ERR_MEMORY;
  if (!s) s = vpf_optimizer_set(t->optimizer, VPF_OPTION_THREADS, (double)t->run->options->threads);
  free(path);
  return complain(s);
}

/* ---- Training ---- */

static void schedule(const training *t) {
  const recipe *r = t->recipe;
  const double rate = 1e-3;
  const size_t full = (size_t)lrint((double)t->epochs * (1 - r->rate_drop));
  if (r->rate_drop > 0 && t->epochs_done >= full)
    complain(vpf_optimizer_set(t->optimizer, VPF_OPTION_LEARNING_RATE, rate / 10));
}

static bool is_kept(const training *t, size_t epoch) {
  size_t kept[RECIPE_KEPT + 1];
  const size_t count = recipe_kept(t->recipe, t->run->options->quick, kept);
  for (size_t k = 0; k < count; k++)
    if (kept[k] == epoch) return true;
  return false;
}

static vpf_status save_checkpoint(training *t) {
  char *path = path_of(t->run, t->name, ".checkpoint");
  vpf_status s = path ? complain(vpf_checkpoint_save(t->model, t->optimizer, path)) : VPF_ERR_MEMORY;
  if (!s) s = save_log(t);
  free(path);
  t->checked = seconds_now();
  return s;
}

static vpf_status finish_epoch(training *t, const vpf_progress *p) {
  const double seconds_between_checkpoints = 15;
  char ending[ENDING_SIZE];
  vpf_status s = VPF_OK;
  t->epochs_done = p->epoch;
  log_epoch(t, p);
  schedule(t);
  if (p->epoch >= t->epochs) return VPF_OK; /* the whole machine is kept, and a checkpoint of it would not end again */
  if (is_kept(t, p->epoch)) {
    snprintf(ending, sizeof ending, ".%zu.safetensors", p->epoch);
    s = save_model(t, ending);
  }
  if (!s && seconds_now() - t->checked > seconds_between_checkpoints) s = save_checkpoint(t);
  return s;
}

static int on_progress(const vpf_progress *p, void *user) {
  training *t = user;
  if (p->event == VPF_PROGRESS_EPOCH) t->status = finish_epoch(t, p);
  const double epoch = (double)(p->epoch - 1) + (double)p->batch / (double)p->batches;
  overall_progress_at(&t->run->progress, fmin(epoch / (double)t->epochs, 1), "epoch %zu of %zu, K %.1f", p->epoch,
                      t->epochs, p->flow);
  return t->status != VPF_OK || stop_signal != 0;
}

/* To its end, or until a signal. The first epoch on its own tells where a checkpoint was. */
static vpf_status train(training *t) {
  vpf_status s = VPF_OK;
  t->checked = seconds_now();
  while (!s && !t->status && !stop_signal && t->epochs_done < t->epochs)
    s = complain(vpf_train(t->model, t->data, t->optimizer, t->epochs_done ? t->epochs - t->epochs_done : 1, on_progress,
                           t));
  if (!s) s = t->status;
  return s;
}

static vpf_status keep(training *t) {
  json_object_set_new(t->log, "seconds", json_real(log_seconds(t->log, t->epochs)));
  vpf_status s = save_log(t);
  if (!s) s = save_model(t, ".safetensors");
  char *checkpoint = path_of(t->run, t->name, ".checkpoint");
  if (!s && checkpoint) unlink(checkpoint);
  free(checkpoint);
  return s;
}

static double whole_cost(const run *r, const recipe *how) {
  const double rows_of_epoch_cost = 50000;
  return recipe_epoch_cost(how) * (double)recipe_epochs(how, r->options->quick) *
         (double)vpf_data_rows(training_images(r, how)) / rows_of_epoch_cost;
}

double training_cost(const run *r, const recipe *how, uint64_t seed) {
  char name[NAME_SIZE];
  name_of(name, how, seed);
  return is_there(r, name, ".safetensors") ? 0 : whole_cost(r, how);
}

/* What is not there yet. */
static vpf_status train_rest(training *t) {
  overall_progress *progress = &t->run->progress;
  char text[DURATION_SIZE];
  vpf_status s = begin(t);
  if (s) return s;
  overall_progress_step(progress, t->name, whole_cost(t->run, t->recipe), (double)log_epochs(t->log) / (double)t->epochs);
  s = train(t);
  if (!s && t->epochs_done == t->epochs) {
    s = keep(t);
    if (!s)
      overall_progress_finish(progress, "trained, %zu epochs in %s", t->epochs,
                              duration_text(log_seconds(t->log, t->epochs), text));
  } else if (!t->status) {
    const vpf_status saved = save_checkpoint(t); /* also what a diverged machine was before that */
    if (!s) s = saved;
  }
  return s;
}

vpf_status train_machine(run *r, const recipe *how, uint64_t seed) {
  training t = {.run = r, .recipe = how, .seed = seed, .epochs = recipe_epochs(how, r->options->quick)};
  name_of(t.name, how, seed);
  vpf_status s = begin_log(&t);
  if (!s && !is_there(r, t.name, ".safetensors")) s = train_rest(&t);
  json_decref(t.log);
  vpf_optimizer_destroy(t.optimizer);
  vpf_model_destroy(t.model);
  vpf_data_destroy(t.data);
  return s;
}

vpf_status load_machine(vpf_model **out, const run *r, const recipe *how, uint64_t seed, size_t epoch) {
  char name[NAME_SIZE], ending[ENDING_SIZE] = ".safetensors";
  name_of(name, how, seed);
  if (epoch < recipe_epochs(how, r->options->quick)) snprintf(ending, sizeof ending, ".%zu.safetensors", epoch);
  char *path = path_of(r, name, ending);
  const vpf_status s = path ? complain(vpf_model_load(out, path)) : VPF_ERR_MEMORY;
  free(path);
  return s;
}
