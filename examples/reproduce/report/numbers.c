/* SPDX-License-Identifier: MIT */
#include "numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/complain.h"
#include "../../common/json_file.h"
#include "../../common/new_file.h"
#include "cell.h"

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
  const cell_summary s = summarise(json_object_get(cell, "values"));
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

vpf_status write_csv(const char *folder, const json_t *all) {
  new_file file;
  vpf_status s = new_file_open(&file, folder, "results.csv");
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

vpf_status write_json(const char *folder, json_t *all, const char *made_by, bool quick, const char *images) {
  char *path = path_join(folder, "results.json");
  json_t *root = json_pack("{s:s, s:b, s:s, s:O}", "made_by", made_by, "quick", (int)quick, "images", images, "sections",
                           all);
  const vpf_status s = path && root ? json_file_save(root, path)
                                    : complain_because(VPF_ERR_MEMORY, "cannot allocate results");
  json_decref(root);
  free(path);
  return s;
}
