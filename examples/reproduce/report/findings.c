/* SPDX-License-Identifier: MIT */
#include "findings.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "../../common/complain.h"

/* Takes the value. */
static void put(findings *f, json_t *object, const char *key, json_t *value) {
  if (json_object_set_new(object, key, value)) f->incomplete = true;
}

static void append(findings *f, json_t *array, json_t *value) {
  if (json_array_append_new(array, value)) f->incomplete = true;
}

static json_t *number(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static void put_numbers(findings *f, json_t *object, const char *key, const double *values, size_t count) {
  json_t *array = json_array();
  for (size_t k = 0; k < count; k++) append(f, array, number(values[k]));
  put(f, object, key, array);
}

static void put_text(findings *f, json_t *object, const char *key, const char *text) {
  put(f, object, key, text ? json_string(text) : json_null());
}

vpf_status findings_begin(findings *f, const char *section, const char *title, const char *question) {
  *f = (findings){.root = json_pack("{s:s, s:s, s:s, s:[]}", "section", section, "title", title, "question", question,
                                    "exhibits")};
  return f->root ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate what is found");
}

void findings_clear(findings *f) {
  json_decref(f->root);
  *f = (findings){0};
}

vpf_status found_all(const findings *f) {
  return f->incomplete ? complain_because(VPF_ERR_MEMORY, "cannot allocate all that was found") : VPF_OK;
}

static json_t *exhibit(findings *f, const char *kind) {
  json_t *object = json_pack("{s:s}", "kind", kind);
  append(f, json_object_get(f->root, "exhibits"), object);
  return object;
}

void find_text(findings *f, const char *format, ...) {
  char text[2048];
  va_list rest;
  va_start(rest, format);
  vsnprintf(text, sizeof text, format, rest);
  va_end(rest);
  put_text(f, exhibit(f, "text"), "text", text);
}

json_t *find_table(findings *f, const char *title, const char *unit, int digits) {
  json_t *table = exhibit(f, "table");
  put_text(f, table, "title", title);
  put_text(f, table, "unit", unit);
  put(f, table, "digits", json_integer(digits));
  put(f, table, "columns", json_array());
  put(f, table, "rows", json_array());
  return table;
}

void table_column(findings *f, json_t *table, const char *heading) {
  append(f, json_object_get(table, "columns"), json_string(heading));
}

json_t *table_row(findings *f, json_t *table, const char *name, const char *about) {
  json_t *row = json_object();
  put_text(f, row, "name", name);
  put_text(f, row, "about", about);
  put(f, row, "cells", json_array());
  append(f, json_object_get(table, "rows"), row);
  return row;
}

void row_cell(findings *f, json_t *row, const double *values, size_t count, double published) {
  json_t *cell = json_object();
  put_numbers(f, cell, "values", values, count);
  put(f, cell, "published", number(published));
  append(f, json_object_get(row, "cells"), cell);
}

void row_value(findings *f, json_t *row, double value) {
  row_cell(f, row, &value, 1, NAN);
}

json_t *find_plot(findings *f, const char *title, const char *x_label, const char *y_label, bool log_x) {
  json_t *plot = exhibit(f, "plot");
  put_text(f, plot, "title", title);
  put_text(f, plot, "x_label", x_label);
  put_text(f, plot, "y_label", y_label);
  put(f, plot, "log_x", json_boolean(log_x));
  put(f, plot, "series", json_array());
  return plot;
}

void plot_series(findings *f, json_t *plot, const char *name, plot_style style, const double *x, const double *y,
                 const double *errors, size_t count) {
  static const char *const styles[] = {"lines", "points", "boxes"};
  json_t *series = json_object();
  put_text(f, series, "name", name);
  put_text(f, series, "style", styles[style]);
  put_numbers(f, series, "x", x, count);
  put_numbers(f, series, "y", y, count);
  if (errors) put_numbers(f, series, "errors", errors, count);
  append(f, json_object_get(plot, "series"), series);
}

void plot_range(findings *f, json_t *plot, double low, double high) {
  const double range[] = {low, high};
  put_numbers(f, plot, "y_range", range, 2);
}

void find_picture(findings *f, const char *file, const char *alt, const char *caption) {
  json_t *picture = exhibit(f, "picture");
  put_text(f, picture, "file", file);
  put_text(f, picture, "alt", alt);
  put_text(f, picture, "caption", caption);
}

void find_claim(findings *f, const char *claim, const char *target, const char *measured, bool reached,
                const char *remark) {
  json_t *object = exhibit(f, "claim");
  put_text(f, object, "claim", claim);
  put_text(f, object, "target", target);
  put_text(f, object, "measured", measured);
  put(f, object, "reached", json_boolean(reached));
  put_text(f, object, "remark", remark);
}
