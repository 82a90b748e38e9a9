/* SPDX-License-Identifier: MIT */
#include "exhibits.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/chart.h"
#include "../../common/complain.h"
#include "../../common/json_file.h"
#include "../../common/new_file.h"
#include "../../common/page.h"
#include "cell.h"

/* ---- Tables ---- */

static bool has_published(const json_t *table) {
  size_t r, c;
  json_t *row, *cell;
  json_array_foreach(json_object_get(table, "rows"), r, row)
    json_array_foreach(json_object_get(row, "cells"), c, cell)
      if (json_is_number(json_object_get(cell, "published"))) return true;
  return false;
}

static void show_measured(FILE *page, const cell_summary *s, int digits) {
  if (!s->count) {
    fputs("<td>&ndash;", page);
    return;
  }
  fprintf(page, "<td>%.*f", digits, s->mean);
  if (s->count > 1) fprintf(page, "<br><span class=\"range\">%.*f .. %.*f</span>", digits, s->low, digits, s->high);
}

static void show_cell(FILE *page, const json_t *cell, int digits, bool published) {
  const cell_summary s = summarise(json_object_get(cell, "values"));
  show_measured(page, &s, digits);
  fputs("</td>", page);
  if (!published) return;
  const json_t *other = json_object_get(cell, "published");
  fputs("<td>", page);
  if (json_is_number(other))
    fprintf(page, "%.*f", digits, json_number_value(other));
  else
    fputs("&ndash;", page);
  if (s.count && json_is_number(other))
    fprintf(page, "</td><td>%+.*f</td>", digits, s.mean - json_number_value(other));
  else
    fputs("</td><td></td>", page);
}

static void show_table(FILE *page, const json_t *table) {
  const int digits = (int)json_integer_value(json_object_get(table, "digits"));
  const bool published = has_published(table);
  size_t k, c;
  json_t *row, *cell, *heading;
  fputs("<h3>", page);
  page_text(page, json_text(table, "title"));
  if (*json_text(table, "unit")) {
    fputs(", ", page);
    page_text(page, json_text(table, "unit"));
  }
  fputs("</h3>\n<div class=\"wide\"><table>\n<tr><th></th>", page);
  json_array_foreach(json_object_get(table, "columns"), k, heading) {
    fputs("<th>", page);
    page_text(page, json_string_value(heading));
    fputs(published ? "</th><th>published</th><th>difference</th>" : "</th>", page);
  }
  fputs("<th></th></tr>\n", page);
  json_array_foreach(json_object_get(table, "rows"), k, row) {
    fputs("<tr><td>", page);
    page_text(page, json_text(row, "name"));
    fputs("</td>", page);
    json_array_foreach(json_object_get(row, "cells"), c, cell) show_cell(page, cell, digits, published);
    fputs("<td class=\"about\">", page);
    page_text(page, json_text(row, "about"));
    fputs("</td></tr>\n", page);
  }
  fputs("</table></div>\n", page);
}

/* ---- Claims ---- */

static void claim_row(FILE *page, const json_t *claim) {
  static const char *const keys[] = {"claim", "target", "measured", "remark"};
  const bool reached = json_is_true(json_object_get(claim, "reached"));
  fprintf(page, "<tr><td class=\"%s\">%s</td>", reached ? "yes" : "no", reached ? "reached" : "not reached");
  for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
    fputs("<td>", page);
    page_text(page, json_text(claim, keys[k]));
    fputs("</td>", page);
  }
  fputs("</tr>\n", page);
}

void show_claims(FILE *page, const json_t *all, size_t first, size_t last) {
  size_t shown = 0, e;
  json_t *exhibit;
  for (size_t k = first; k < last; k++)
    json_array_foreach(json_object_get(json_array_get(all, k), "exhibits"), e, exhibit) {
      if (strcmp(json_text(exhibit, "kind"), "claim") != 0) continue;
      if (!shown++)
        fputs("<div class=\"wide\"><table class=\"claims\">\n"
              "<tr><th></th><th>claim</th><th>target</th><th>measured</th><th>how</th></tr>\n", page);
      claim_row(page, exhibit);
    }
  if (shown) fputs("</table></div>\n", page);
}

/* ---- Plots ---- */

/* Numbers, NAN for what is null, behind each other; *end moves behind them. Returns where they begin. */
static const double *take_numbers(const json_t *array, size_t count, double **end) {
  double *numbers = *end;
  for (size_t k = 0; k < count; k++) {
    const json_t *value = json_array_get(array, k);
    numbers[k] = json_is_number(value) ? json_number_value(value) : NAN;
  }
  *end += count;
  return numbers;
}

static curve take_curve(const json_t *series, double **end) {
  const char *style = json_text(series, "style");
  const json_t *x = json_object_get(series, "x"), *errors = json_object_get(series, "errors");
  const size_t count = json_array_size(x);
  curve c = {.name = json_text(series, "name"), .count = count};
  c.style = !strcmp(style, "boxes") ? CURVE_BOXES : !strcmp(style, "points") ? CURVE_POINTS : CURVE_LINES;
  c.x = take_numbers(x, count, end);
  c.y = take_numbers(json_object_get(series, "y"), count, end);
  if (errors) c.errors = take_numbers(errors, count, end);
  return c;
}

static double end_of_range(const json_t *plot, size_t which) {
  const json_t *value = json_array_get(json_object_get(plot, "y_range"), which);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static vpf_status show_plot(FILE *page, const json_t *plot) {
  const json_t *all = json_object_get(plot, "series");
  size_t k, numbers = 0;
  json_t *series;
  json_array_foreach(all, k, series) numbers += 3 * json_array_size(json_object_get(series, "x"));
  curve *curves = calloc(json_array_size(all) + 1, sizeof *curves);
  double *values = calloc(numbers + 1, sizeof *values), *end = values;
  const vpf_status s = curves && values ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate a plot");
  if (!s) {
    json_array_foreach(all, k, series) curves[k] = take_curve(series, &end);
    const chart c = {.title = json_text(plot, "title"), .x_label = json_text(plot, "x_label"),
                     .y_label = json_text(plot, "y_label"), .width = 736, .height = 368,
                     .log_x = json_is_true(json_object_get(plot, "log_x")), .low = end_of_range(plot, 0),
                     .high = end_of_range(plot, 1), .curves = curves, .count = json_array_size(all)};
    fputs("<figure>\n", page);
    chart_draw(page, &c);
    fputs("</figure>\n", page);
  }
  free(values);
  free(curves);
  return s;
}

/* ---- Pictures, and which is which ---- */

static vpf_status show_picture(FILE *page, const json_t *picture, const char *pictures) {
  char *path = path_join(pictures, json_text(picture, "file"));
  fputs("<figure>", page);
  const vpf_status s = path ? page_picture(page, path, json_text(picture, "alt")) : VPF_ERR_MEMORY;
  fputs("<figcaption>", page);
  page_text(page, json_text(picture, "caption"));
  fputs("</figcaption></figure>\n", page);
  free(path);
  return s;
}

vpf_status show_exhibit(FILE *page, const json_t *exhibit, const char *pictures) {
  const char *kind = json_text(exhibit, "kind");
  if (!strcmp(kind, "table")) show_table(page, exhibit);
  if (!strcmp(kind, "plot")) return show_plot(page, exhibit);
  if (!strcmp(kind, "picture")) return show_picture(page, exhibit, pictures);
  if (!strcmp(kind, "text")) {
    fputs("<p>", page);
    page_text(page, json_text(exhibit, "text"));
    fputs("</p>\n", page);
  }
  return VPF_OK;
}
