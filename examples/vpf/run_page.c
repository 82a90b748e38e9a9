/* SPDX-License-Identifier: MIT */
#include "run_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/chart.h"
#include "../common/complain.h"
#include "../common/computer.h"
#include "../common/log_columns.h"
#include "../common/new_file.h"
#include "../common/page.h"

/* ---- Facts ---- */

static void show_fact(FILE *page, const char *name, const char *text) {
  fputs("<tr><th>", page);
  page_text(page, name);
  fputs("</th><td>", page);
  page_text(page, text);
  fputs("</td></tr>\n", page);
}

/* A line of the summary: a name, at least two blanks, a text. A line that goes on has no name. Changes the line. */
static void show_line(FILE *page, char *line) {
  line[strcspn(line, "\n")] = '\0';
  char *text = strstr(line, "  ");
  if (!text) text = line + strlen(line);
  char *after = text + strspn(text, " ");
  *text = '\0';
  show_fact(page, line, after);
}

/* The summary down to the files, which are here; then where and when. */
static vpf_status show_facts(FILE *page, const char *folder) {
  char *path = path_join(folder, "summary.txt"), *line = NULL;
  size_t room = 0;
  FILE *summary = path ? fopen(path, "r") : NULL;
  vpf_status s = summary ? VPF_OK : path ? complain_io("read", path) : VPF_ERR_MEMORY;
  if (!s) {
    char computer[COMPUTER_SIZE], date[DATE_SIZE];
    fputs("<section>\n<h2>The run</h2>\n<table class=\"facts\">\n", page);
    while (getline(&line, &room, summary) > 0 && strncmp(line, "files ", 6) != 0) show_line(page, line);
    if (ferror(summary)) s = complain_io("read", path);
    show_fact(page, "computer", computer_text(computer));
    show_fact(page, "date", date_text(date));
    fputs("</table>\n</section>\n", page);
    fclose(summary);
  }
  free(line);
  free(path);
  return s;
}

/* ---- Epochs ---- */

enum { EPOCH, FLOW, VISIBLE, HIDDEN, RHO, W2, SECONDS, LOG_P, COLUMNS };

/* Of the arrays the first number: the first pair of layers. The last one only if the likelihood was watched. */
static const struct {
  const char *key, *heading;
  int digits;
} columns[COLUMNS] = {{"epoch", "epoch", 0}, {"K", "K", 2}, {"K_lower", "visible", 2}, {"K_upper", "hidden", 2},
                      {"rho", "rho", 3}, {"w2", "w\302\262", 2}, {"seconds", "seconds", 2},
                      {"log_p", "log p", 2}};

typedef struct epochs {
  size_t count;
  double *values[COLUMNS]; /* [count] each; freed by clear_epochs() */
  double *doubtful;        /* [count] log p where it cannot be trusted, NaN elsewhere */
  bool watched, any_doubtful;
} epochs;

/* What was watched. */
static vpf_status mark_doubtful(epochs *e, const json_t *log) {
  e->doubtful = log_column(log, "log_p");
  if (!e->doubtful) return VPF_ERR_MEMORY;
  for (size_t k = 0; k < e->count; k++) {
    const bool doubtful = log_is_doubtful(log, k + 1);
    e->watched = e->watched || isfinite(e->values[LOG_P][k]);
    e->any_doubtful = e->any_doubtful || doubtful;
    if (!doubtful) e->doubtful[k] = NAN;
  }
  return VPF_OK;
}

static vpf_status read_epochs(epochs *e, const char *folder) {
  *e = (epochs){0};
  char *path = path_join(folder, "log.jsonl");
  json_t *log = path ? log_read(path) : NULL;
  vpf_status s = log ? VPF_OK : VPF_ERR_IO;
  e->count = log_epochs(log);
  for (size_t c = 0; !s && c < COLUMNS; c++) {
    e->values[c] = log_column(log, columns[c].key);
    if (!e->values[c]) s = VPF_ERR_MEMORY;
  }
  if (!s) s = mark_doubtful(e, log);
  json_decref(log);
  free(path);
  return s;
}

static void clear_epochs(epochs *e) {
  free(e->doubtful);
  for (size_t c = 0; c < COLUMNS; c++) free(e->values[c]);
}

/* low: where the axis of the values begins; NAN: where they do. */
static void draw_curves(FILE *page, const char *title, double low, const curve *curves, size_t count) {
  const chart c = {.title = title, .x_label = "epoch", .y_label = "", .width = 330, .height = 280, .low = low, .high = NAN,
                   .curves = curves, .count = count};
  fputs("<figure>\n", page);
  chart_draw(page, &c);
  fputs("</figure>\n", page);
}

/* Some columns, one after the other, over the epochs; the axis begins at 0, so that a small change is seen to be one. */
static void draw_columns(FILE *page, const epochs *e, const char *title, size_t first, size_t count,
                         const char *const *names) {
  curve curves[COLUMNS];
  for (size_t k = 0; k < count; k++)
    curves[k] = (curve){.name = names[k], .count = e->count, .x = e->values[EPOCH], .y = e->values[first + k]};
  draw_curves(page, title, 0, curves, count);
}

/* Estimates that cannot be trusted have a colour of their own. */
static void draw_likelihood(FILE *page, const epochs *e) {
  const curve curves[] = {
      {.name = "estimate", .style = CURVE_POINTS, .count = e->count, .x = e->values[EPOCH], .y = e->values[LOG_P]},
      {.name = "doubtful", .style = CURVE_POINTS, .count = e->count, .x = e->values[EPOCH], .y = e->doubtful}};
  draw_curves(page, "log p of held-out images", NAN, curves, e->any_doubtful ? 2 : 1);
}

static void show_curves(FILE *page, const epochs *e) {
  static const char *const parts[] = {"K", "visible part", "hidden part"}, *const one[] = {""};
  fputs("<section>\n<h2>Learning curves</h2>\n<div class=\"charts\">\n", page);
  draw_columns(page, e, "Probability flow K", FLOW, 3, parts);
  draw_columns(page, e, "Share of weights that matter, rho", RHO, 1, one);
  draw_columns(page, e, "Squared weight of a unit, w\302\262", W2, 1, one);
  if (e->watched) draw_likelihood(page, e);
  fputs("</div>\n</section>\n", page);
}

static void show_cell(FILE *page, const epochs *e, size_t column, size_t k) {
  if (!isfinite(e->values[column][k]))
    fputs("<td>&ndash;</td>", page);
  else
    fprintf(page, "<td>%.*f%s</td>", columns[column].digits, e->values[column][k],
            column == LOG_P && isfinite(e->doubtful[k]) ? " doubtful" : "");
}

static void show_table(FILE *page, const epochs *e) {
  const size_t shown = e->watched ? COLUMNS : LOG_P;
  fputs("<section>\n<h2>Epoch by epoch</h2>\n"
        "<p>K: probability flow, mean over the images, and its parts from the visible and the hidden units. It falls while "
        "a machine learns, which does not mean that the likelihood rises. rho: share of the weights that matter. "
        "w\302\262: mean squared weight norm of a hidden unit.", page);
  if (e->watched)
    fputs(" log p: mean over held-out images, nats, by the largest log Z that must be reckoned with; doubtful where "
          "annealing cannot be trusted.", page);
  fputs("</p>\n<div class=\"wide\"><table>\n<tr>", page);
  for (size_t c = 0; c < shown; c++) fprintf(page, "<th>%s</th>", columns[c].heading);
  fputs("</tr>\n", page);
  for (size_t k = 0; k < e->count; k++) {
    fputs("<tr>", page);
    for (size_t c = 0; c < shown; c++) show_cell(page, e, c, k);
    fputs("</tr>\n", page);
  }
  fputs("</table></div>\n</section>\n", page);
}

/* ---- Pictures ---- */

/* A section about a file, if it is there. */
static vpf_status show_picture(FILE *page, const char *folder, const char *file, const char *title, const char *text,
                               const char *alt) {
  if (!file_exists(folder, file)) return VPF_OK;
  char *path = path_join(folder, file);
  if (!path) return VPF_ERR_MEMORY;
  fprintf(page, "<section>\n<h2>%s</h2>\n<p>", title);
  page_text(page, text);
  fputs("</p>\n<figure class=\"large\">", page);
  const vpf_status s = page_picture(page, path, alt);
  fputs("</figure>\n</section>\n", page);
  free(path);
  return s;
}

/* ---- The whole ---- */

static vpf_status show_pictures(FILE *page, const char *folder, const run_words *words) {
  const char *images = words->images ? words->images : "Drawn from the top down, as probabilities.";
  const char *filled = words->filled ? words->filled
                                     : "For each region three rows: test images, the same with noise in place of a "
                                       "part, and what the machine fills in.";
  vpf_status s = show_picture(page, folder, "images.png", "What the machine imagines", images, "generated images");
  if (!s) s = show_picture(page, folder, "filled.png", "What the machine fills in", filled, "images with parts filled in");
  if (!s)
    s = show_picture(page, folder, "filters.png", "What the hidden units look for",
                     "Each tile is the weights of one unit, white for pixels that excite it, black for pixels that "
                     "silence it.",
                     "weights of the hidden units as pictures");
  return s;
}

static vpf_status write_page(FILE *page, const char *folder, const run_words *words, const epochs *e) {
  const char *note = words->note;
  page_begin(page, "A Boltzmann machine, trained by libvpf");
  if (note && *note) {
    fputs("<section class=\"note\"><p>", page);
    page_text(page, note);
    fputs("</p></section>\n", page);
  }
  vpf_status s = show_pictures(page, folder, words);
  if (!s) s = show_facts(page, folder);
  if (e->count) show_curves(page, e);
  if (e->count) show_table(page, e);
  page_end(page);
  return s;
}

vpf_status run_page_write(const char *folder, const run_words *words) {
  epochs e;
  new_file file = {0};
  vpf_status s = read_epochs(&e, folder);
  if (!s) s = new_file_open(&file, folder, "report.html");
  if (!s) s = write_page(file.stream, folder, words, &e);
  if (!s) s = new_file_publish(&file);
  new_file_close(&file);
  clear_epochs(&e);
  return s;
}
