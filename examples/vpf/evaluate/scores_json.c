/* SPDX-License-Identifier: MIT */
#include "scores_json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/complain.h"
#include "../../common/doubts.h"
#include "../../common/machine.h"
#include "../../common/neighbours.h"
#include "../../common/new_file.h"

/* ---- Values ---- */

/* What is being written. */
typedef struct sheet {
  const evaluation *e;
  const scores *scores;
  bool incomplete; /* memory ran out */
} sheet;

/* Takes the value. */
static void put(sheet *w, json_t *object, const char *key, json_t *value) {
  if (json_object_set_new(object, key, value)) w->incomplete = true;
}

/* An object in an object. */
static json_t *put_object(sheet *w, json_t *object, const char *key) {
  json_t *inner = json_object();
  put(w, object, key, inner);
  return inner;
}

static json_t *number(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static void put_number(sheet *w, json_t *object, const char *key, double value) {
  put(w, object, key, number(value));
}

static void put_count(sheet *w, json_t *object, const char *key, uint64_t count) {
  put(w, object, key, json_integer((json_int_t)count));
}

static void put_flag(sheet *w, json_t *object, const char *key, bool flag) {
  put(w, object, key, json_boolean(flag));
}

/* null for NULL. The names of files need not be UTF-8, as JSON has to be. */
static void put_text(sheet *w, json_t *object, const char *key, const char *text) {
  json_t *value = text ? json_string(text) : json_null();
  char *plain = value ? NULL : strdup(text);
  for (char *c = plain; c && *c; c++)
    if ((unsigned char)*c > 127) *c = '?';
  if (plain) value = json_string(plain);
  free(plain);
  put(w, object, key, value);
}

static void append(sheet *w, json_t *array, json_t *value) {
  if (json_array_append_new(array, value)) w->incomplete = true;
}

static void put_numbers(sheet *w, json_t *object, const char *key, const double *values, size_t count) {
  json_t *array = json_array();
  put(w, object, key, array);
  for (size_t k = 0; k < count; k++) append(w, array, number(values[k]));
}

/* ---- Machine and images ---- */

static void put_model(sheet *w, json_t *root) {
  const vpf_model *model = w->e->model;
  json_t *object = put_object(w, root, "model"), *layers = json_array(), *intra = json_array();
  put_text(w, object, "file", w->e->options->model);
  put(w, object, "layers", layers);
  put(w, object, "intra", intra);
  for (size_t l = 0; l < vpf_model_layers(model); l++) {
    append(w, layers, json_integer((json_int_t)vpf_model_layer_size(model, l)));
    append(w, intra, json_boolean(vpf_model_has_intra(model, l)));
  }
  put_text(w, object, "coupling", vpf_model_get_coupling(model) == VPF_COUPLING_JOINT ? "joint" : "pairwise");
  put_count(w, object, "parameters", vpf_model_param_count(model));
}

static void put_images(sheet *w, json_t *root) {
  json_t *object = put_object(w, root, "images");
  put_text(w, object, "test_file", w->e->test_path);
  put_count(w, object, "test_rows", w->e->rows);
  put_text(w, object, "training_file", w->e->training_path);
  put_count(w, object, "training_rows", vpf_data_rows(w->e->training));
}

static void put_of(sheet *w, json_t *object) {
  put_text(w, object, "of", machine_has_energy(w->e->model) ? "model" : "first pair");
}

static void put_machine(sheet *w, json_t *object) {
  const machine_scores *m = &w->scores->machine;
  json_t *activity = json_array(), *population = json_array(), *lifetime = json_array(), *dead = json_array(),
         *saturated = json_array();
  put_count(w, object, "rows", m->rows);
  put(w, object, "activity", activity);
  put(w, object, "population_sparseness", population);
  put(w, object, "lifetime_sparseness", lifetime);
  put(w, object, "dead", dead);
  put(w, object, "saturated", saturated);
  for (size_t l = 0; l < m->layers; l++) {
    append(w, activity, number(m->activity[l].mean));
    append(w, population, number(m->activity[l].population_sparseness));
    append(w, lifetime, number(m->activity[l].lifetime_sparseness));
    append(w, dead, number(m->activity[l].dead));
    append(w, saturated, number(m->activity[l].saturated));
  }
  put_numbers(w, object, "rho", m->rho + 1, m->layers - 1);
  put_numbers(w, object, "w2", m->w2 + 1, m->layers - 1);
}

/* ---- Likelihood ---- */

static void put_rows(sheet *w, json_t *parent, const char *key, const row_scores *r, bool is_there) {
  json_t *object = put_object(w, parent, key);
  put_count(w, object, "rows", r->rows);
  put_number(w, object, "mean", is_there ? r->mean : NAN);
  put_number(w, object, "reverse_mean", is_there ? r->reverse_mean : NAN);
  put_number(w, object, "most", is_there ? r->most : NAN);
  put_number(w, object, "mean_low", is_there ? r->safe_mean : NAN);
  put_number(w, object, "rows_stderr", is_there && r->rows > 1 ? r->rows_stderr : NAN);
  put_number(w, object, "ladder_mean", is_there ? r->ladder_mean : NAN);
}

static void put_doubts(sheet *w, json_t *object, unsigned doubts) {
  json_t *names = json_array();
  put(w, object, "doubts", names);
  for (vpf_doubt doubt = take_doubt(&doubts); doubt; doubt = take_doubt(&doubts))
    append(w, names, json_string(doubt_name(doubt)));
}

static void put_annealing(sheet *w, json_t *object) {
  static const char *const starts[] = {"none", "exact", "chains"};
  const likelihood_scores *l = &w->scores->likelihood;
  const evaluate_options *o = w->e->options;
  const vpf_ais_result *a = &l->ais;
  const bool annealed = l->available && !l->exact;
  put(w, object, "chains", annealed ? json_integer((json_int_t)o->chains) : json_null());
  put(w, object, "temperatures", annealed ? json_integer((json_int_t)o->temperatures) : json_null());
  put(w, object, "reverse_sweeps", annealed ? json_integer((json_int_t)o->reverse_sweeps) : json_null());
  put(w, object, "base", annealed ? json_string("training") : json_null());
  put_number(w, object, "log_z", l->available ? a->log_z : NAN);
  put_number(w, object, "log_z_stderr", annealed ? a->log_z_stderr : NAN);
  put_number(w, object, "ess", annealed ? a->ess : NAN);
  put_number(w, object, "spread", annealed ? a->spread : NAN);
  put_number(w, object, "reverse_log_z", annealed ? a->reverse_log_z : NAN);
  put_number(w, object, "reverse_stderr", annealed ? a->reverse_stderr : NAN);
  put_number(w, object, "reverse_ess", annealed ? a->reverse_ess : NAN);
  put_number(w, object, "reverse_spread", annealed ? a->reverse_spread : NAN);
  put_text(w, object, "reverse_start", starts[a->reverse_start]);
  put_flag(w, object, "disagree", a->disagree != 0);
  put_number(w, object, "log_z_bound", annealed ? a->log_z_bound : NAN);
  put_number(w, object, "log_z_both", annealed ? a->log_z_both : NAN);
  put_doubts(w, object, a->doubts);
  put(w, object, "bases", annealed ? json_integer(a->bases) : json_null());
}

static void put_ladder(sheet *w, json_t *parent) {
  const likelihood_scores *likelihood = &w->scores->likelihood;
  const ladder_scores *l = &likelihood->ladder;
  const evaluate_options *o = w->e->options;
  const vpf_ladder_report *r = &l->report;
  if (!o->ladder) {
    put(w, parent, "ladder", json_null());
    return;
  }
  json_t *object = put_object(w, parent, "ladder");
  put_flag(w, object, "available", l->available);
  put_text(w, object, "reason", l->available ? NULL : likelihood->available ? l->reason : likelihood->reason);
  put_text(w, object, "file", o->ladder_file);
  put_flag(w, object, "read", l->read);
  put_count(w, object, "chains", o->ladder_chains);
  put_count(w, object, "sweeps", o->ladder_sweeps);
  put_count(w, object, "rungs", r->rungs);
  put_count(w, object, "added", l->added);
  put_number(w, object, "log_z", r->log_z);
  put_number(w, object, "log_z_stderr", r->log_z_stderr);
  put_number(w, object, "log_z_bound", r->log_z_bound);
  put_flag(w, object, "disagree", r->disagree != 0);
  put_number(w, object, "acceptance_mean", r->acceptance_mean);
  put_number(w, object, "acceptance_least", r->acceptance_least);
  put_count(w, object, "acceptance_rung", r->acceptance_rung);
  put_number(w, object, "arrivals", r->arrivals);
  put_number(w, object, "round_trips", r->round_trips);
  put_number(w, object, "split_rhat", r->split_rhat);
  put_number(w, object, "autocorrelation_time", r->autocorrelation_time);
  put_number(w, object, "build_seconds", l->build_seconds);
  put_number(w, object, "sample_seconds", l->sample_seconds);
}

static void put_likelihood(sheet *w, json_t *object) {
  const likelihood_scores *l = &w->scores->likelihood;
  put_of(w, object);
  put_flag(w, object, "available", l->available);
  put_text(w, object, "reason", l->available ? NULL : l->reason);
  put_flag(w, object, "exact", l->exact);
  put_annealing(w, object);
  put_flag(w, object, "bound", l->bound);
  put_rows(w, object, "test", &l->test, l->available);
  put_rows(w, object, "training", &l->training, l->available);
  put_rows(w, object, "empty", &l->empty, l->available);
  put_rows(w, object, "independent", &l->independent, true);
  put_number(w, object, "pseudo", l->has_pseudo ? l->pseudo : NAN);
  put_ladder(w, object);
}

/* ---- Samples ---- */

static void put_windows(sheet *w, json_t *parent, const char *key, const parzen_score *score) {
  const vpf_parzen_report *r = &score->report;
  json_t *object = put_object(w, parent, key);
  put_count(w, object, "centres", score->centres);
  put_number(w, object, "sigma", score->sigma);
  put_number(w, object, "mean", r->mean);
  put_number(w, object, "points_stderr", w->e->rows > 1 ? r->stderr_points : NAN);
  put_count(w, object, "draws", r->draws);
  put_number(w, object, "draws_stderr", r->draws > 1 ? r->stderr_draws : NAN);
}

static void put_parzen(sheet *w, json_t *object) {
  const parzen_scores *p = &w->scores->parzen;
  put_count(w, object, "rows", w->e->rows);
  put_count(w, object, "steps", w->e->steps);
  put_count(w, object, "validation_rows", p->validation);
  put_windows(w, object, "r", &p->r);
  put_windows(w, object, "p", &p->p);
  put_windows(w, object, "training", &p->training);
}

static void put_regions(sheet *w, json_t *object, const filling_error errors[REGIONS], size_t rows) {
  for (size_t k = 0; k < REGIONS; k++) {
    json_t *one = put_object(w, object, region_names[k]);
    put_number(w, one, "error", errors[k].mean);
    put_number(w, one, "stderr", rows > 1 ? errors[k].error : NAN);
  }
}

static void put_protocol(sheet *w, json_t *parent, size_t p) {
  const filling_scores *f = &w->scores->filling;
  const protocol *how = f->how[p].protocol;
  json_t *object = put_object(w, parent, how->mean_field ? "mean_field" : how->name);
  put_text(w, object, "noise", how->noise == VPF_NOISE_OR ? "or" : "replace");
  put_flag(w, object, "held", how->held);
  put_flag(w, object, "leaks", protocol_leaks(how));
  put_count(w, object, "steps", f->how[p].steps);
  put_count(w, object, "average", f->how[p].average);
  put_regions(w, object, f->machine[p], w->e->rows);
}

static void put_filling(sheet *w, json_t *object) {
  const filling_scores *f = &w->scores->filling;
  put_count(w, object, "rows", w->e->rows);
  for (size_t p = 0; p < PROTOCOLS; p++) put_protocol(w, object, p);
  put_regions(w, put_object(w, object, "black"), f->black, w->e->rows);
  if (f->nearest_rows == 0) return;
  json_t *neighbours = put_object(w, object, "neighbours");
  put_count(w, neighbours, "rows", f->nearest_rows);
  put_count(w, neighbours, "nearest", NEIGHBOURS);
  put_count(w, neighbours, "training_rows", vpf_data_rows(w->e->training));
  put_regions(w, neighbours, f->nearest, f->nearest_rows);
}

static void put_comparison(sheet *w, json_t *parent, const char *key, size_t rows, const vpf_moment_comparison *m) {
  json_t *object = put_object(w, parent, key);
  put_count(w, object, "rows", rows);
  put_number(w, object, "mean_pearson", m->mean_pearson);
  put_number(w, object, "mean_rms", m->mean_rms);
  put_number(w, object, "pair_pearson", m->pair_pearson);
  put_number(w, object, "pair_rms", m->pair_rms);
  put_number(w, object, "connected_pearson", m->connected_pearson);
  put_number(w, object, "connected_rms", m->connected_rms);
}

static void put_moments(sheet *w, json_t *object) {
  const moments_scores *m = &w->scores->moments;
  put_count(w, object, "rows", w->e->rows);
  put_count(w, object, "steps", w->e->steps);
  put_comparison(w, object, "samples", m->samples, &m->machine);
  put_comparison(w, object, "training", m->training_rows, &m->training);
}

static void put_mixing(sheet *w, json_t *object) {
  const mixing_scores *m = &w->scores->mixing;
  put_of(w, object);
  put_count(w, object, "chains", m->chains);
  put_count(w, object, "draws", m->draws);
  put_number(w, object, "mean", m->energy.mean);
  put_number(w, object, "sd", m->energy.sd);
  put_number(w, object, "drift", m->energy.drift);
  put_number(w, object, "drift_stderr", m->chains > 1 ? m->energy.drift_stderr : NAN);
  put_number(w, object, "autocorrelation_time", m->energy.autocorrelation_time);
  put_number(w, object, "ess", m->energy.ess);
  put_number(w, object, "split_rhat", m->energy.split_rhat);
  put_number(w, object, "pixels_on_start", m->on_at_start);
  put_number(w, object, "pixels_on_end", m->on_at_end);
}

static void put_row_file(sheet *w, json_t *object) {
  const row_report *r = &w->scores->rows;
  put_text(w, object, "file", w->e->options->scores);
  put_count(w, object, "rows", w->e->rows);
  put_of(w, object);
  json_t *missing = put_object(w, object, "missing");
  for (size_t c = 0; c < ROW_COLUMNS; c++)
    if (*r->missing[c]) put_text(w, missing, row_column_names[c], r->missing[c]);
  put_number(w, object, "seconds", r->seconds);
}

/* ---- The file ---- */

static json_t *make_sheet(sheet *w) {
  static void (*const put_part[PARTS])(sheet *, json_t *) = {put_machine, put_likelihood, put_parzen,
                                                             put_filling, put_moments,    put_mixing};
  const evaluate_options *o = w->e->options;
  json_t *root = json_object();
  put_text(w, root, "program", "evaluate");
  put_text(w, root, "library", vpf_version_string());
  put_model(w, root);
  put_images(w, root);
  put_count(w, root, "seed", o->seed);
  put_flag(w, root, "quick", o->quick);
  for (size_t p = 0; p < PARTS; p++) {
    if (!o->wanted[p]) continue;
    json_t *object = put_object(w, root, part_names[p]);
    put_part[p](w, object);
    put_number(w, object, "seconds", w->scores->seconds[p]);
  }
  if (o->scores) put_row_file(w, put_object(w, root, "rows"));
  put_number(w, root, "seconds", w->scores->all_seconds);
  return root;
}

vpf_status scores_write(const evaluation *e, const scores *s, const char *path) {
  sheet w = {.e = e, .scores = s};
  new_file file = {0};
  json_t *root = make_sheet(&w);
  vpf_status status = w.incomplete ? complain_because(VPF_ERR_MEMORY, "cannot allocate the numbers as JSON") : VPF_OK;
  if (!status) status = new_file_open(&file, NULL, path);
  /* 15 digits are what a double has for sure; with all 17 of them 0.2 would be 0.20000000000000001 */
  if (!status && json_dumpf(root, file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(15)))
    status = complain_io("write", path);
  if (!status && fputc('\n', file.stream) == EOF) status = complain_io("write", path);
  if (!status) status = new_file_publish(&file);
  new_file_close(&file);
  json_decref(root);
  return status;
}
