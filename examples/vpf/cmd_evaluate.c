/* SPDX-License-Identifier: MIT */
/* How good is a trained machine? All that a paper says about one, as a table and as JSON.
 *
 *   vpf evaluate out/model.safetensors --data data/mnist --out scores.json
 *
 * cmd_evaluate() reads machine and images, finds out how long each part will take, scores the machine part by
 * part, and writes the numbers. Each part has a file of its own, evaluate/score_*.c, which prints what it
 * found, and so do the scores of each image (--scores); the command line and the JSON are there too. */
#include <stdio.h>
#include <stdlib.h>
#include <vpf.h>

#include "../common/complain.h"
#include "../common/machine.h"
#include "../common/new_file.h"
#include "../common/options.h"
#include "../common/program.h"
#include "../common/stopwatch.h"
#include "../common/work_view.h"
#include "commands.h"
#include "evaluate/evaluate_options.h"
#include "evaluate/evaluation.h"
#include "evaluate/scores.h"
#include "evaluate/scores_json.h"

static vpf_status estimate_part(part p, const evaluation *e, double *seconds) {
  switch (p) {
    case PART_MACHINE: return estimate_machine(e, seconds);
    case PART_LIKELIHOOD: return estimate_likelihood(e, seconds);
    case PART_PARZEN: return estimate_parzen(e, seconds);
    case PART_FILLING: return estimate_filling(e, seconds);
    case PART_MOMENTS: return estimate_moments(e, seconds);
    default: return estimate_mixing(e, seconds);
  }
}

static vpf_status score_part(part p, const evaluation *e, scores *s) {
  switch (p) {
    case PART_MACHINE: return score_machine(e, &s->machine);
    case PART_LIKELIHOOD: return score_likelihood(e, &s->likelihood);
    case PART_PARZEN: return score_parzen(e, &s->parzen);
    case PART_FILLING: return score_filling(e, &s->filling);
    case PART_MOMENTS: return score_moments(e, &s->moments);
    default: return score_mixing(e, &s->mixing);
  }
}

static void print_subject(const evaluation *e) {
  print_machine(e->model);
  printf("parameters  %zu\n", vpf_model_param_count(e->model));
  printf("test        %zu images of %s\n", e->rows, e->test_path);
  printf("training    %zu of %zu images of %s\n", vpf_data_rows(e->training), vpf_data_rows(e->images),
         e->training_path);
  printf("seed        %llu\n", (unsigned long long)e->options->seed);
}

/* How long it will take, by doing a little of each part. */
static vpf_status estimate_parts(const evaluation *e) {
  double seconds[PARTS] = {0}, rows = 0, all = 0;
  char text[DURATION_SIZE];
  vpf_status s = VPF_OK;
  for (part p = 0; !s && p < PARTS; p++) {
    if (!e->options->wanted[p]) continue;
    work_view_show("timing", p, PARTS, "parts");
    s = estimate_part(p, e, &seconds[p]);
    all += seconds[p];
  }
  if (!s && e->options->scores) s = estimate_rows(e, &rows);
  work_view_clear();
  if (s) return s;

  printf("will take   about %s:", duration_text(all + rows, text));
  const char *separator = "";
  for (part p = 0; p < PARTS; p++) {
    if (!e->options->wanted[p]) continue;
    printf("%s %s %s", separator, part_names[p], duration_text(seconds[p], text));
    separator = ",";
  }
  if (e->options->scores) printf("%s rows %s", separator, duration_text(rows, text));
  printf("\n");
  return VPF_OK;
}

static vpf_status score_parts(const evaluation *e, scores *s) {
  char text[DURATION_SIZE];
  for (part p = 0; p < PARTS; p++) {
    if (!e->options->wanted[p]) continue;
    const double begin = seconds_now();
    const vpf_status status = score_part(p, e, s);
    if (status) return status;
    s->seconds[p] = seconds_now() - begin;
    printf("            took %s\n", duration_text(s->seconds[p], text));
  }
  return VPF_OK;
}

static vpf_status evaluate(const evaluation *e, scores *s) {
  const char *out = e->options->out;
  const double begin = seconds_now();
  const char *rows = e->options->scores, *ladder = e->ladder ? NULL : e->options->ladder_file;
  if ((out && new_file_try(out)) || (rows && new_file_try(rows)) || (ladder && new_file_try(ladder)))
    return VPF_ERR_IO; /* before the work, not after it */

  print_subject(e);
  vpf_status status = estimate_parts(e);
  if (!status) status = score_parts(e, s);
  if (!status && rows) status = write_rows(e, &s->likelihood, &s->rows);
  s->all_seconds = seconds_now() - begin;
  if (!status && out) {
    status = scores_write(e, s, out);
    if (!status) printf("\nnumbers     %s\n", out);
  }
  return status;
}

int cmd_evaluate(int argc, char **argv) {
  evaluate_options options;
  int exit_status = evaluate_options_parse(&options, argc, argv);
  if (exit_status != OPTIONS_COMPLETE) return exit_status;

  evaluation e;
  scores s = {0};
  vpf_set_threads(options.threads);
  if (options.out || options.scores) program_outlive_reader();

  exit_status = evaluation_begin(&e, &options);
  if (exit_status == OPTIONS_COMPLETE) exit_status = evaluate(&e, &s) ? EXIT_RUNTIME : EXIT_SUCCESS;
  machine_scores_clear(&s.machine);
  evaluation_clear(&e);
  return exit_status;
}
