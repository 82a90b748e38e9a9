/* SPDX-License-Identifier: MIT */
#include "score_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/new_file.h"
#include "../../common/stopwatch.h"
#include "../../common/work_view.h"
#include "refusal.h"

const char *const row_column_names[ROW_COLUMNS] = {"log_p", "free_energy", "pseudo_likelihood", "flow"};

/* [rows] for each column, in one piece, to be freed. */
typedef struct table {
  size_t rows;
  double *column[ROW_COLUMNS];
} table;

static vpf_status table_begin(table *t, size_t rows) {
  double *all = calloc(rows, ROW_COLUMNS * sizeof *all);
  t->rows = rows;
  for (size_t c = 0; c < ROW_COLUMNS; c++) t->column[c] = all ? all + c * rows : NULL;
  return all ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate the scores of %zu images", rows);
}

static void table_clear(table *t) {
  free(t->column[0]);
}

/* Of the whole machine, which need not have one energy; the hidden units are drawn. */
static vpf_status find_flow(const evaluation *e, const vpf_data *rows, double *out, row_report *report) {
  vpf_data *states = NULL;
  vpf_status s = complain(vpf_model_infer(e->model, rows, e->options->seed, &states));
  if (!s)
    s = unless_refused(vpf_model_flow_rows(e->model, states, out), report->missing[ROW_FLOW],
                       sizeof report->missing[ROW_FLOW]);
  vpf_data_destroy(states);
  return s;
}

/* All columns but log p. */
static vpf_status find_columns(const evaluation *e, const vpf_data *rows, table *t, row_report *report) {
  vpf_status s = unless_refused(vpf_model_free_energy(e->machine, rows, t->column[ROW_FREE_ENERGY]),
                                report->missing[ROW_FREE_ENERGY], sizeof report->missing[ROW_FREE_ENERGY]);
  if (!s)
    s = unless_refused(vpf_pseudo_likelihood_rows(e->machine, rows, t->column[ROW_PSEUDO]),
                       report->missing[ROW_PSEUDO], sizeof report->missing[ROW_PSEUDO]);
  return s ? s : find_flow(e, rows, t->column[ROW_FLOW], report);
}

/* log p(x) = -F(x) - log Z, so that hidden units are not enumerated a second time. */
static void find_log_p(const evaluation *e, const likelihood_scores *likelihood, table *t, row_report *report) {
  const char *reason = report->missing[ROW_FREE_ENERGY];
  if (!*reason && !e->options->wanted[PART_LIKELIHOOD]) reason = "log Z is found by the part likelihood";
  if (!*reason && !likelihood->available) reason = likelihood->reason;
  snprintf(report->missing[ROW_LOG_P], sizeof report->missing[ROW_LOG_P], "%s", reason);
  for (size_t r = 0; !*reason && r < t->rows; r++)
    t->column[ROW_LOG_P][r] = -t->column[ROW_FREE_ENERGY][r] - likelihood->ais.log_z;
}

/* With 17 digits, so that every number is read back as it was. */
static vpf_status write_table(const table *t, const row_report *report, const char *path) {
  new_file file;
  vpf_status s = new_file_open(&file, NULL, path);
  if (s) return s;
  fputs("row", file.stream);
  for (size_t c = 0; c < ROW_COLUMNS; c++) fprintf(file.stream, ",%s", row_column_names[c]);
  fputc('\n', file.stream);
  for (size_t r = 0; r < t->rows; r++) {
    fprintf(file.stream, "%zu", r);
    for (size_t c = 0; c < ROW_COLUMNS; c++) {
      fputc(',', file.stream);
      if (!*report->missing[c]) fprintf(file.stream, "%.17g", t->column[c][r]);
    }
    fputc('\n', file.stream);
  }
  s = ferror(file.stream) ? complain_io("write", path) : new_file_publish(&file);
  new_file_close(&file);
  return s;
}

static vpf_status find_some(const void *work, size_t n) {
  const evaluation *e = work;
  row_report report = {0};
  table t = {0};
  vpf_data *rows = NULL;
  vpf_status s = first_rows(&rows, e->test, n);
  if (!s) s = table_begin(&t, vpf_data_rows(rows));
  if (!s) s = find_columns(e, rows, &t, &report);
  table_clear(&t);
  vpf_data_destroy(rows);
  return s;
}

vpf_status estimate_rows(const evaluation *e, double *seconds) {
  return estimate_seconds(seconds, e->rows, find_some, e);
}

static void print(const evaluation *e, const row_report *report) {
  char text[DURATION_SIZE];
  printf("\nrows        the scores of each of %zu test images%s (flow: of all layers): %s\n", e->rows,
         evaluation_pair(e), e->options->scores);
  for (size_t c = 0; c < ROW_COLUMNS; c++)
    if (*report->missing[c]) printf("            %s is empty: %s\n", row_column_names[c], report->missing[c]);
  printf("            took %s\n", duration_text(report->seconds, text));
}

vpf_status write_rows(const evaluation *e, const likelihood_scores *likelihood, row_report *report) {
  const double begin = seconds_now();
  table t = {0};
  *report = (row_report){0};
  work_view_show("rows", 0, 2, "steps");
  vpf_status s = table_begin(&t, e->rows);
  if (!s) s = find_columns(e, e->test, &t, report);
  if (!s) find_log_p(e, likelihood, &t, report);
  work_view_show("rows: writing", 1, 2, "steps");
  if (!s) s = write_table(&t, report, e->options->scores);
  work_view_clear();
  table_clear(&t);
  report->seconds = seconds_now() - begin;
  if (!s) print(e, report);
  return s;
}
