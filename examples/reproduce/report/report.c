/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../../common/complain.h"
#include "../../common/json_file.h"
#include "../../common/new_file.h"
#include "../../common/page.h"
#include "../../common/stopwatch.h"
#include "../machines/recipes.h"
#include "../machines/training.h"
#include "../sections.h"

/* Of the numbers of a cell. */
typedef struct summary {
  size_t count;
  double mean, low, high;
} summary;

static summary summarise(const json_t *values) {
  summary s = {.low = INFINITY, .high = -INFINITY};
  size_t k;
  json_t *value;
  double sum = 0;
  json_array_foreach(values, k, value) {
    if (!json_is_number(value)) continue;
    const double number = json_number_value(value);
    sum += number;
    s.low = fmin(s.low, number);
    s.high = fmax(s.high, number);
    s.count++;
  }
  s.mean = s.count ? sum / (double)s.count : NAN;
  return s;
}

/* ---- Tables ---- */

static bool has_published(const json_t *table) {
  size_t r, c;
  json_t *row, *cell;
  json_array_foreach(json_object_get(table, "rows"), r, row)
    json_array_foreach(json_object_get(row, "cells"), c, cell)
      if (json_is_number(json_object_get(cell, "published"))) return true;
  return false;
}

static void show_measured(FILE *page, const summary *s, int digits) {
  if (!s->count) {
    fputs("<td>&ndash;", page);
    return;
  }
  fprintf(page, "<td>%.*f", digits, s->mean);
  if (s->count > 1) fprintf(page, "<br><span class=\"range\">%.*f .. %.*f</span>", digits, s->low, digits, s->high);
}

static void show_cell(FILE *page, const json_t *cell, int digits, bool published) {
  const summary s = summarise(json_object_get(cell, "values"));
  show_measured(page, &s, digits);
  fputs("</td>", page);
  if (!published) return;
  const json_t *other = json_object_get(cell, "published");
  fputs("<td>", page);
  page_number(page, other, digits);
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

static void claims_begin(FILE *page) {
  fputs("<div class=\"wide\"><table class=\"claims\">\n<tr><th></th><th>claim</th><th>target</th><th>measured</th>"
        "<th>how</th></tr>\n", page);
}

static void show_claims(FILE *page, const json_t *exhibits) {
  size_t k, count = 0;
  json_t *exhibit;
  json_array_foreach(exhibits, k, exhibit) {
    if (strcmp(json_text(exhibit, "kind"), "claim")) continue;
    if (!count++) claims_begin(page);
    claim_row(page, exhibit);
  }
  if (count) fputs("</table></div>\n", page);
}

/* ---- Sections ---- */

static vpf_status show_picture(const run *r, FILE *page, const json_t *picture) {
  char file[256];
  snprintf(file, sizeof file, "pictures/%s", json_text(picture, "file"));
  char *path = path_join(r->options->out, file);
  fputs("<figure>", page);
  const vpf_status s = path ? page_picture(page, path, json_text(picture, "alt")) : VPF_ERR_MEMORY;
  fputs("<figcaption>", page);
  page_text(page, json_text(picture, "caption"));
  fputs("</figcaption></figure>\n", page);
  free(path);
  return s;
}

/* number: of the exhibit on the page. */
static vpf_status show_exhibit(const run *r, FILE *page, const json_t *exhibit, size_t number) {
  const char *kind = json_text(exhibit, "kind");
  if (!strcmp(kind, "table")) show_table(page, exhibit);
  if (!strcmp(kind, "plot")) return page_plot(page, exhibit, number);
  if (!strcmp(kind, "picture")) return show_picture(r, page, exhibit);
  if (!strcmp(kind, "text")) {
    fputs("<p>", page);
    page_text(page, json_text(exhibit, "text"));
    fputs("</p>\n", page);
  }
  return VPF_OK;
}

/* "Trained: rbm196 (784-196), seeds 1 to 3, 200 epochs, 2 min 4 s; ... Measured in 5 s." */
static void show_times(const run *r, FILE *page, const section *of, const json_t *found) {
  char text[DURATION_SIZE], shape[RECIPE_TEXT];
  fputs("<p class=\"time\">", page);
  for (size_t k = 0; k < SECTION_RECIPES && of->recipes[k]; k++) {
    const recipe *how = find_recipe(of->recipes[k]);
    const size_t seeds = recipe_seeds(how, r->options->quick);
    double seconds = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
      json_t *log = load_log(r, how, seed);
      seconds += json_number_value(json_object_get(log, "seconds"));
      json_decref(log);
    }
    fprintf(page, "%s%s (%s), seed%s 1%s, %zu epochs, %s", k ? "; " : "Trained: ", how->name, recipe_shape(how, shape),
            seeds > 1 ? "s" : "", seeds == 3 ? " to 3" : "", recipe_epochs(how, r->options->quick),
            duration_text(seconds, text));
  }
  fprintf(page, "%sMeasured in %s.</p>\n", *of->recipes ? ". " : "",
          duration_text(json_number_value(json_object_get(found, "seconds")), text));
}

/* *number counts the exhibits of the page. */
static vpf_status show_section(const run *r, FILE *page, const section *of, const json_t *found, size_t *number) {
  const json_t *exhibits = json_object_get(found, "exhibits");
  size_t k;
  json_t *exhibit;
  fprintf(page, "<section id=\"%s\">\n<h2>", of->name);
  page_text(page, of->title);
  fputs("</h2>\n<p class=\"question\">", page);
  page_text(page, of->question);
  fputs("</p>\n", page);
  show_claims(page, exhibits);
  vpf_status s = VPF_OK;
  json_array_foreach(exhibits, k, exhibit) if (!s) s = show_exhibit(r, page, exhibit, ++*number);
  show_times(r, page, of, found);
  fputs("</section>\n", page);
  return s;
}

/* ---- The whole ---- */

static const char *machine_text(char *text, size_t size) {
  struct utsname system;
  time_t now = time(NULL);
  char date[32] = "";
  struct tm utc;
  if (gmtime_r(&now, &utc)) strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &utc);
  uname(&system);
  snprintf(text, size, "libvpf %s (%s), %s %s, %ld processors, %s", vpf_version_string(), REPRODUCE_COMMIT, system.sysname,
           system.machine, sysconf(_SC_NPROCESSORS_ONLN), date);
  return text;
}

static void show_introduction(const run *r, FILE *page) {
  char text[256];
  if (r->options->quick)
    fputs("<section class=\"note\"><p>A quick run: a few epochs on a few images, to see that everything works. Its numbers "
          "say nothing about the paper.</p></section>\n", page);
  fputs("<section>\n<p>Z. Liu, T. Q. S. Quek and S. Lin, <i>Variational Probability Flow for Biologically Plausible Training "
        "of Deep Neural Networks</i>, AAAI 2018: every figure and table with numbers, made again from scratch, and questions "
        "that the paper leaves open. Numbers are means over seeds, which were fixed beforehand, with the smallest and the "
        "largest below. Nothing was chosen on test images.</p>\n<p class=\"time\">", page);
  page_text(page, machine_text(text, sizeof text));
  fprintf(page, ". Images: %s, %zu to train on, %zu for validation, %zu for tests.</p>\n</section>\n", r->digits.name,
          vpf_data_rows(r->digits.training), vpf_data_rows(r->digits.validation), vpf_data_rows(r->digits.test));
}

static void show_verdicts(FILE *page, const json_t *all) {
  size_t k, c;
  json_t *found, *exhibit;
  fputs("<section>\n<h2>What was claimed, and what came out</h2>\n", page);
  claims_begin(page);
  json_array_foreach(all, k, found)
    json_array_foreach(json_object_get(found, "exhibits"), c, exhibit)
      if (!strcmp(json_text(exhibit, "kind"), "claim")) claim_row(page, exhibit);
  fputs("</table></div>\n</section>\n", page);
}

static vpf_status write_page(const run *r, const json_t *all) {
  new_file file;
  vpf_status s = new_file_open(&file, r->options->out, "report.html");
  if (s) return s;
  page_begin(file.stream, "Variational probability flow, reproduced");
  show_introduction(r, file.stream);
  show_verdicts(file.stream, all);
  size_t k = 0, number = 0;
  for (const section *of = all_sections(); !s && of->name; of++) {
    const json_t *found = json_array_get(all, k);
    if (strcmp(json_text(found, "section"), of->name)) continue;
    s = show_section(r, file.stream, of, found, &number);
    k++;
  }
  page_end(file.stream);
  if (!s) s = new_file_publish(&file);
  new_file_close(&file);
  return s;
}

/* ---- Numbers as files ---- */

/* In double quotes, doubled inside, as RFC 4180 has it. */
static void csv_text(FILE *csv, const char *text) {
  fputc('"', csv);
  for (; *text; text++) {
    if (*text == '"') fputc('"', csv);
    fputc(*text, csv);
  }
  fputs("\",", csv);
}

static void csv_number(FILE *csv, double value, const char *end) {
  if (isfinite(value)) fprintf(csv, "%.9g", value);
  fputs(end, csv);
}

static void csv_cell(FILE *csv, const char *name, const json_t *table, const json_t *row, size_t column) {
  const json_t *cell = json_array_get(json_object_get(row, "cells"), column);
  const json_t *published = json_object_get(cell, "published");
  const summary s = summarise(json_object_get(cell, "values"));
  const double other = json_is_number(published) ? json_number_value(published) : NAN;
  csv_text(csv, name);
  csv_text(csv, json_text(table, "title"));
  csv_text(csv, json_text(row, "name"));
  csv_text(csv, json_string_value(json_array_get(json_object_get(table, "columns"), column)));
  csv_text(csv, json_text(table, "unit"));
  csv_number(csv, s.mean, ",");
  csv_number(csv, s.count ? s.low : NAN, ",");
  csv_number(csv, s.count ? s.high : NAN, ",");
  fprintf(csv, "%zu,", s.count);
  csv_number(csv, other, ",");
  csv_number(csv, s.mean - other, ",");
  csv_text(csv, json_text(row, "about"));
  fputs("\n", csv);
}

static vpf_status write_csv(const run *r, const json_t *all) {
  new_file file;
  vpf_status s = new_file_open(&file, r->options->out, "results.csv");
  if (s) return s;
  size_t k, e, n;
  json_t *found, *exhibit, *row;
  fputs("section,table,row,column,unit,measured,lowest,highest,seeds,published,difference,about,\n", file.stream);
  json_array_foreach(all, k, found)
    json_array_foreach(json_object_get(found, "exhibits"), e, exhibit) {
      if (strcmp(json_text(exhibit, "kind"), "table")) continue;
      json_array_foreach(json_object_get(exhibit, "rows"), n, row)
        for (size_t c = 0; c < json_array_size(json_object_get(row, "cells")); c++)
          csv_cell(file.stream, json_text(found, "section"), exhibit, row, c);
    }
  s = new_file_publish(&file);
  new_file_close(&file);
  return s;
}

static vpf_status write_json(const run *r, json_t *all) {
  char text[256];
  char *path = path_join(r->options->out, "results.json");
  json_t *root = json_pack("{s:s, s:b, s:s, s:O}", "made_by", machine_text(text, sizeof text), "quick",
                           (int)r->options->quick, "images", r->digits.name, "sections", all);
  vpf_status s = path && root ? json_file_save(root, path) : complain_because(VPF_ERR_MEMORY, "cannot allocate results");
  json_decref(root);
  free(path);
  return s;
}

/* All findings so far, in the order of the sections. */
static json_t *load_findings(const run *r) {
  json_t *all = json_array();
  for (const section *of = all_sections(); of->name; of++) {
    char *path = findings_path(r, of);
    json_t *found = path && !access(path, F_OK) ? json_file_load(path) : NULL;
    if (found) json_array_append_new(all, found);
    free(path);
  }
  return all;
}

vpf_status report_write(const run *r) {
  json_t *all = load_findings(r);
  vpf_status s = write_page(r, all);
  if (!s) s = write_csv(r, all);
  if (!s) s = write_json(r, all);
  json_decref(all);
  return s;
}
