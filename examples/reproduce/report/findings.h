/* SPDX-License-Identifier: MIT */
/* What a section has found, as an ordered list of exhibits: tables, plots, pictures, claims, remarks. They are
 * kept as JSON, shown by the report as they stand, and the numbers among them are the rows of results.csv.
 *
 * Values that are not finite are null: not measured, not published. Running out of memory on the way is noted, and
 * found_all() says so in the end. */
#ifndef EXAMPLE_FINDINGS_H
#define EXAMPLE_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <vpf/status.h>

typedef struct findings {
  json_t *root;     /* {"section", "title", "question", "seconds", "exhibits": [...]} */
  bool incomplete;
} findings;

/* VPF_ERR_MEMORY; said. */
vpf_status findings_begin(findings *f, const char *section, const char *title, const char *question);
void findings_clear(findings *f);

/* VPF_ERR_MEMORY (said) if something was lost. */
vpf_status found_all(const findings *f);

/* A paragraph. */
void find_text(findings *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- Tables ---- */

/* Columns are added by their headings; then rows, with a cell for each column. unit: of the numbers, e.g. "nats".
 * digits: after the decimal point. The table belongs to f. */
json_t *find_table(findings *f, const char *title, const char *unit, int digits);
void table_column(findings *f, json_t *table, const char *heading);

/* about: settings or a remark, in a column of its own; NULL: none. */
json_t *table_row(findings *f, json_t *table, const char *name, const char *about);

/* The next cell: what was measured with each seed, and what was published (NAN: nothing). count 0: only that. */
void row_cell(findings *f, json_t *row, const double *values, size_t count, double published);

/* The same for a single number with nothing published beside it. */
void row_value(findings *f, json_t *row, double value);

/* ---- Plots ---- */

typedef enum plot_style { PLOT_LINES, PLOT_POINTS, PLOT_BOXES } plot_style;

/* log_x: a logarithmic axis. */
json_t *find_plot(findings *f, const char *title, const char *x_label, const char *y_label, bool log_x);

/* Values that are not finite are gaps. errors: NULL, or standard errors. */
void plot_series(findings *f, json_t *plot, const char *name, plot_style style, const double *x, const double *y,
                 const double *errors, size_t count);

/* The y axis from low to high. */
void plot_range(findings *f, json_t *plot, double low, double high);

/* ---- The rest ---- */

/* A file in the folder `pictures`, with a caption and a word for those who cannot see it. */
void find_picture(findings *f, const char *file, const char *alt, const char *caption);

/* Something that was to be reached. remark: how it was measured, or why it was missed. */
void find_claim(findings *f, const char *claim, const char *target, const char *measured, bool reached,
                const char *remark);

#endif
