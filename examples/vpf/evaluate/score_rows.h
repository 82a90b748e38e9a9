/* SPDX-License-Identifier: MIT */
/* Each test image by itself, as a line of a CSV file: anomaly scores. */
#ifndef EXAMPLE_SCORE_ROWS_H
#define EXAMPLE_SCORE_ROWS_H

#include "evaluation.h"
#include "score_likelihood.h"

enum { ROW_LOG_P, ROW_FREE_ENERGY, ROW_PSEUDO, ROW_FLOW, ROW_COLUMNS };
extern const char *const row_column_names[ROW_COLUMNS];

typedef struct row_report {
  char missing[ROW_COLUMNS][256]; /* why a column is empty; "" if it is not */
  double seconds;
} row_report;

/* Add to *seconds how long it will take. Failures are said. */
vpf_status estimate_rows(const evaluation *e, double *seconds);

/* Write the file of --scores, which is replaced whole: "row", numbered from 0, and the columns. log_p is that by
 * the log Z of the part likelihood, so it is empty where there is none. Said, and so are failures. */
vpf_status write_rows(const evaluation *e, const likelihood_scores *likelihood, row_report *report);

#endif
