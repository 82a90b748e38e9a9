/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../common/computer.h"
#include "../../common/json_file.h"
#include "../../common/new_file.h"
#include "../../common/page.h"
#include "../../common/stopwatch.h"
#include "../machines/recipes.h"
#include "../machines/training.h"
#include "../sections.h"
#include "exhibits.h"
#include "numbers.h"

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

/* Section k of all that was found. */
static vpf_status show_section(const run *r, FILE *page, const section *of, const json_t *all, size_t k) {
  const json_t *found = json_array_get(all, k);
  size_t e;
  json_t *exhibit;
  char *pictures = path_join(r->options->out, "pictures");
  vpf_status s = pictures ? VPF_OK : VPF_ERR_MEMORY;
  fprintf(page, "<section id=\"%s\">\n<h2>", of->name);
  page_text(page, of->title);
  fputs("</h2>\n<p class=\"question\">", page);
  page_text(page, of->question);
  fputs("</p>\n", page);
  show_claims(page, all, k, k + 1);
  json_array_foreach(json_object_get(found, "exhibits"), e, exhibit) if (!s) s = show_exhibit(page, exhibit, pictures);
  show_times(r, page, of, found);
  fputs("</section>\n", page);
  free(pictures);
  return s;
}

/* ---- The whole ---- */

enum { ORIGIN_SIZE = 512 };

/* Which program, which computer, when. */
static const char *origin_text(char text[ORIGIN_SIZE]) {
  char computer[COMPUTER_SIZE], date[DATE_SIZE];
  snprintf(text, ORIGIN_SIZE, "libvpf %s (%s), %s, %s", vpf_version_string(), REPRODUCE_COMMIT, computer_text(computer),
           date_text(date));
  return text;
}

static void show_introduction(const run *r, FILE *page) {
  char text[ORIGIN_SIZE];
  if (r->options->quick)
    fputs("<section class=\"note\"><p>A quick run: a few epochs on a few images, to see that everything works. Its numbers "
          "say nothing about the paper.</p></section>\n", page);
  fputs("<section>\n<p>Z. Liu, T. Q. S. Quek and S. Lin, <i>Variational Probability Flow for Biologically Plausible Training "
        "of Deep Neural Networks</i>, AAAI 2018: every figure and table with numbers, made again from scratch, and questions "
        "that the paper leaves open. Numbers are means over seeds, which were fixed beforehand, with the smallest and the "
        "largest below. Nothing was chosen on test images.</p>\n<p class=\"time\">", page);
  page_text(page, origin_text(text));
  fprintf(page, ". Images: %s, %zu to train on, %zu for validation, %zu for tests.</p>\n</section>\n", r->digits.name,
          vpf_data_rows(r->digits.training), vpf_data_rows(r->digits.validation), vpf_data_rows(r->digits.test));
}

static vpf_status write_page(const run *r, const json_t *all) {
  new_file file;
  vpf_status s = new_file_open(&file, r->options->out, "report.html");
  if (s) return s;
  page_begin(file.stream, "Variational probability flow, reproduced");
  show_introduction(r, file.stream);
  fputs("<section>\n<h2>What was claimed, and what came out</h2>\n", file.stream);
  show_claims(file.stream, all, 0, json_array_size(all));
  fputs("</section>\n", file.stream);
  size_t k = 0;
  for (const section *of = all_sections(); !s && of->name; of++) {
    if (strcmp(json_text(json_array_get(all, k), "section"), of->name) != 0) continue;
    s = show_section(r, file.stream, of, all, k++);
  }
  page_end(file.stream);
  if (!s) s = new_file_publish(&file);
  new_file_close(&file);
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
  char origin[ORIGIN_SIZE];
  json_t *all = load_findings(r);
  vpf_status s = write_page(r, all);
  if (!s) s = write_csv(r->options->out, all);
  if (!s) s = write_json(r->options->out, all, origin_text(origin), r->options->quick, r->digits.name);
  json_decref(all);
  return s;
}
