/* SPDX-License-Identifier: MIT */
/* The paper again, from scratch, on real data.
 *
 *   reproduce --data data/mnist --out out/reproduce
 *
 * reproduce() loads the images and goes through the sections (sections.c). For each it trains the machines that it
 * needs (recipes.c, training.c), measures (measure_*.c), keeps what was found (findings.c) as
 * <out>/findings/<section>.json, and writes the report anew (report.c), so that there always is one. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/complain.h"
#include "../common/folder_lock.h"
#include "../common/json_file.h"
#include "../common/new_file.h"
#include "../common/options.h"
#include "../common/program.h"
#include "../common/stop_signal.h"
#include "../common/stopwatch.h"
#include "machines/training.h"
#include "report/report.h"
#include "run.h"
#include "sections.h"

/* ---- What there is to do ---- */

static bool is_measured(const run *r, const section *s) {
  char *path = findings_path(r, s);
  const bool there = path && !access(path, F_OK);
  free(path);
  return there;
}

static bool is_wanted(const run *r, const section *s) {
  return section_wanted(s, r->options->only) && !(s->fashion && !r->fashion.training);
}

static double measuring_cost(const run *r, const section *s) {
  const double quick_share = 0.02;
  if (r->options->train_only || is_measured(r, s)) return 0;
  return s->cost * (r->options->quick ? quick_share : 1);
}

/* Whether an earlier section of this run trains the recipe too. */
static bool is_planned(const run *r, const section *before, const char *name) {
  for (const section *s = all_sections(); s != before; s++)
    for (size_t k = 0; is_wanted(r, s) && k < SECTION_RECIPES && s->recipes[k]; k++)
      if (find_recipe(s->recipes[k]) == find_recipe(name)) return true;
  return false;
}

static void plan(run *r) {
  for (const section *s = all_sections(); s->name; s++) {
    if (!is_wanted(r, s)) continue;
    overall_progress_plan(&r->progress, measuring_cost(r, s));
    for (size_t k = 0; k < SECTION_RECIPES && s->recipes[k]; k++) {
      const recipe *how = find_recipe(s->recipes[k]);
      for (uint64_t seed = 1; !is_planned(r, s, how->name) && seed <= recipe_seeds(how, r->options->quick); seed++)
        overall_progress_plan(&r->progress, training_cost(r, how, seed));
    }
  }
}

/* ---- Doing it ---- */

static vpf_status train_for(run *r, const section *s) {
  vpf_status status = VPF_OK;
  for (size_t k = 0; k < SECTION_RECIPES && s->recipes[k]; k++) {
    const recipe *how = find_recipe(s->recipes[k]);
    for (uint64_t seed = 1; !status && !stop_signal && seed <= recipe_seeds(how, r->options->quick); seed++)
      status = train_machine(r, how, seed);
  }
  return status;
}

static vpf_status keep_findings(const run *r, const section *s, findings *f, double seconds) {
  char *path = findings_path(r, s);
  json_object_set_new(f->root, "seconds", json_real(seconds));
  vpf_status status = found_all(f);
  if (!status) status = path ? json_file_save(f->root, path) : VPF_ERR_MEMORY;
  free(path);
  return status;
}

static vpf_status measure(run *r, const section *s) {
  findings f;
  char text[DURATION_SIZE];
  const double begin = seconds_now();
  overall_progress_step(&r->progress, s->name, measuring_cost(r, s), 0);
  overall_progress_at(&r->progress, 0, "measuring");
  vpf_status status = findings_begin(&f, s->name, s->title, s->question);
  if (!status) status = s->measure(r, &f);
  const double seconds = seconds_now() - begin;
  if (!status && !stop_signal) status = keep_findings(r, s, &f, seconds);
  findings_clear(&f);
  if (!status && !stop_signal) overall_progress_finish(&r->progress, "measured in %s", duration_text(seconds, text));
  return status;
}

static vpf_status go_through_sections(run *r) {
  vpf_status status = VPF_OK;
  for (const section *s = all_sections(); !status && !stop_signal && s->name; s++) {
    if (!is_wanted(r, s) || (!r->options->train_only && is_measured(r, s))) continue;
    status = train_for(r, s);
    if (!status && !stop_signal && !r->options->train_only) status = measure(r, s);
    if (!status && !stop_signal && !r->options->train_only) status = report_write(r);
  }
  return status;
}

/* ---- Before and after ---- */

/* The folders of the results, for this run alone. What an earlier run has left is only gone on with if that is asked
 * for. */
static int prepare_folders(const reproduce_options *o, folder_lock *lock) {
  static const char *const inner[] = {"machines", "findings", "pictures"};
  if (make_folders(o->out) || folder_lock_take(lock, o->out)) return EXIT_RUNTIME;
  if (!o->resume && file_exists(o->out, inner[0]))
    return complain_option("--out", o->out, "holds a run already; go on with it by --resume, or give another folder");
  for (size_t k = 0; k < sizeof inner / sizeof *inner; k++) {
    char *path = path_join(o->out, inner[k]);
    const vpf_status s = path ? make_folders(path) : VPF_ERR_MEMORY;
    free(path);
    if (s) return EXIT_RUNTIME;
  }
  return OPTIONS_COMPLETE;
}

static vpf_status load_sets(run *r) {
  enum { HELD_OUT = 10000, QUICK_HELD_OUT = 400 };
  const reproduce_options *o = r->options;
  const char *folder = o->data ? o->data : REPRODUCE_SAMPLE;
  const char *name = o->data ? "MNIST" : "the bundled sample of Fashion-MNIST";
  vpf_status s = image_set_load(&r->digits, name, folder, o->quick ? QUICK_HELD_OUT : HELD_OUT);
  if (!s && o->quick) return image_set_load(&r->fashion, "the bundled sample of Fashion-MNIST", REPRODUCE_SAMPLE, 0);
  if (!s && !o->fashion_given && access(o->fashion, F_OK)) {
    printf("Fashion-MNIST is not in %s (Debian's dataset-fashion-mnist): Fig. 6 is left out\n", o->fashion);
    return VPF_OK;
  }
  return s ? s : image_set_load(&r->fashion, "Fashion-MNIST", o->fashion, 0);
}

static int conclude(const run *r, vpf_status s) {
  if (s) return EXIT_RUNTIME;
  if (stop_signal) {
    printf("\nStopped by %s. Go on with: reproduce --resume and the same options\n", stop_signal_name());
    return EXIT_SIGNAL + stop_signal;
  }
  if (!r->options->train_only) printf("report      %s/report.html\n", r->options->out);
  return EXIT_SUCCESS;
}

static int reproduce(const reproduce_options *options) {
  run r = {.options = options, .effort = usual_effort(options->quick)};
  vpf_set_threads(options->threads);
  catch_stop_signals();
  program_outlive_reader();

  vpf_status s = load_sets(&r);
  if (!s) {
    plan(&r);
    s = go_through_sections(&r);
    overall_progress_clear(&r.progress);
  }
  const int exit_status = conclude(&r, s);
  image_set_clear(&r.fashion);
  image_set_clear(&r.digits);
  return exit_status;
}

int main(int argc, char **argv) {
  reproduce_options options;
  folder_lock lock = {.descriptor = -1};
  program_begin(argv[0], NULL);
  int exit_status = reproduce_options_parse(&options, argc, argv);
  if (exit_status == OPTIONS_COMPLETE) exit_status = prepare_folders(&options, &lock);
  if (exit_status == OPTIONS_COMPLETE) exit_status = reproduce(&options);
  folder_lock_release(&lock);
  return program_end(exit_status);
}
