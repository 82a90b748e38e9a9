/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "json_file.h"

void page_text(FILE *page, const char *text) {
  for (; *text; text++) switch (*text) {
      case '&': fputs("&amp;", page); break;
      case '<': fputs("&lt;", page); break;
      case '>': fputs("&gt;", page); break;
      case '"': fputs("&quot;", page); break;
      default: fputc(*text, page);
    }
}

void page_number(FILE *page, const json_t *value, int digits) {
  if (json_is_number(value))
    fprintf(page, "%.*f", digits, json_number_value(value));
  else
    fputs("&ndash;", page);
}

static const char head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n"
    "<style>\n"
    "  body { font: 16px/1.5 system-ui, sans-serif; color: #1c2733; background: #f4f6f9; margin: 0 }\n"
    "  main { max-width: 64rem; margin: 0 auto; padding: 1rem }\n"
    "  section { background: #fff; border-radius: .6rem; padding: 1rem; margin: 1rem 0; box-shadow: 0 1px 3px #0002 }\n"
    "  h1 { font-size: 1.6rem; margin: .5rem 0 } h2 { font-size: 1.2rem; margin: 0 0 .5rem } h3 { font-size: 1rem; margin: 1rem 0 .3rem }\n"
    "  p { margin: .5rem 0; max-width: 48rem; overflow-wrap: anywhere }\n"
    "  .wide { overflow-x: auto }\n"
    "  .question { color: #44566a } .time { color: #66788a; font-size: .85rem }\n"
    "  .note { background: #fff4d6; border-left: .3rem solid #e0a100 }\n"
    "  table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem }\n"
    "  th, td { padding: .2rem .7rem .2rem 0; text-align: right; vertical-align: top; font-weight: normal }\n"
    "  th { color: #44566a; border-bottom: 1px solid #ccd4dd }\n"
    "  th:first-child, td:first-child, td.about { text-align: left } td.about { color: #66788a; min-width: 8rem }\n"
    "  .range { color: #66788a; font-size: .8rem; white-space: nowrap }\n"
    "  .claims td { text-align: left } .yes { color: #1c7c43 } .no { color: #b3261e }\n"
    "  figure { margin: 1rem 0 } figcaption { color: #44566a; font-size: .9rem; max-width: 48rem }\n"
    "  figure svg { display: block; width: 100%; height: auto; max-width: 46rem }\n"
    "  figure img { display: block; width: 100%; max-width: 38rem; height: auto; image-rendering: pixelated }\n"
    "  @media print { body { background: #fff; font-size: 11px } section { box-shadow: none; padding: 0 } .wide { overflow: visible }\n"
    "    figure, tr { break-inside: avoid } }\n"
    "</style>\n";

void page_begin(FILE *page, const char *title) {
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>", page);
  page_text(page, title);
  fprintf(page, "</title>\n%s</head>\n<body>\n<main>\n<h1>", head);
  page_text(page, title);
  fputs("</h1>\n", page);
}

void page_end(FILE *page) {
  fputs("</main>\n</body>\n</html>\n", page);
}

/* ---- Pictures ---- */

static void base64(FILE *page, const uint8_t *bytes, size_t count) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t k = 0; k < count; k += 3) {
    const size_t n = count - k < 3 ? count - k : 3;
    uint32_t word = 0;
    for (size_t b = 0; b < n; b++) word |= (uint32_t)bytes[k + b] << (16 - 8 * b);
    for (size_t c = 0; c < 4; c++) fputc(c <= n ? digits[word >> (18 - 6 * c) & 63] : '=', page);
  }
}

vpf_status page_picture(FILE *page, const char *path, const char *alt) {
  enum { CHUNK = 3 * 4096 }; /* a multiple of three, so that chunks join */
  uint8_t bytes[CHUNK];
  FILE *file = fopen(path, "rb");
  if (!file) return complain_io("open", path);
  fputs("<img alt=\"", page);
  page_text(page, alt);
  fputs("\" src=\"data:image/png;base64,", page);
  size_t n;
  while ((n = fread(bytes, 1, CHUNK, file)) > 0) base64(page, bytes, n);
  const vpf_status s = ferror(file) ? complain_io("read", path) : VPF_OK;
  fputs("\">\n", page);
  fclose(file);
  return s;
}

/* ---- Plots ---- */

static const char *const colours[] = {"#1f4e8c", "#e07b39", "#3a9d6e", "#8e44ad", "#b3261e", "#66788a"};
enum { COLOURS = sizeof colours / sizeof *colours };

/* In gnuplot's single quotes, where only they mean anything. */
static void quote(FILE *script, const char *text) {
  fputc('\'', script);
  for (; *text; text++) {
    if (*text == '\'') fputc('\'', script);
    fputc(*text, script);
  }
  fputc('\'', script);
}

static void set_text(FILE *script, const char *what, const char *text) {
  fprintf(script, "set %s ", what);
  quote(script, text);
  fputc('\n', script);
}

static void set_range(FILE *script, const json_t *range) {
  fputs("set yrange [", script);
  for (size_t k = 0; k < 2; k++) {
    const json_t *limit = json_array_get(range, k);
    if (json_is_number(limit))
      fprintf(script, "%.9g", json_number_value(limit));
    else
      fputc('*', script);
    if (!k) fputc(':', script);
  }
  fputs("]\n", script);
}

static void write_values(FILE *script, const json_t *series) {
  size_t k;
  json_t *x;
  const json_t *y = json_object_get(series, "y"), *errors = json_object_get(series, "errors");
  json_array_foreach(json_object_get(series, "x"), k, x) {
    const json_t *value = json_array_get(y, k), *error = json_array_get(errors, k);
    if (!json_is_number(x) || !json_is_number(value))
      fputc('\n', script); /* a gap */
    else
      fprintf(script, "%.9g %.9g %.9g\n", json_number_value(x), json_number_value(value),
              json_is_number(error) ? json_number_value(error) : 0.0);
  }
  fputs("e\n", script);
}

/* Series of one name, such as the two halves of a curve, have one colour, and one line in the key. */
static size_t first_of_name(const json_t *all, size_t index) {
  const char *name = json_text(json_array_get(all, index), "name");
  size_t k = 0;
  while (strcmp(json_text(json_array_get(all, k), "name"), name)) k++;
  return k;
}

static void write_series(FILE *script, const json_t *all) {
  size_t k;
  json_t *series;
  json_array_foreach(all, k, series) {
    const char *style = json_text(series, "style");
    const size_t first = first_of_name(all, k);
    fputs(k ? ", '-' " : "plot '-' ", script);
    fputs(!strcmp(style, "boxes")    ? "using 1:2 with boxes fillstyle solid 0.8"
          : !strcmp(style, "points") ? "using 1:2:3 with yerrorbars pointtype 7 pointsize 0.5"
                                     : "using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 0.15",
          script);
    fprintf(script, " linecolor rgb '%s' ", colours[first % COLOURS]);
    if (first == k && json_array_size(all) > 1) {
      fputs("title ", script);
      quote(script, json_text(series, "name"));
    } else {
      fputs("notitle", script);
    }
  }
  fputc('\n', script);
  json_array_foreach(all, k, series) write_values(script, series);
}

static void write_script(FILE *script, const json_t *plot) {
  fputs("set terminal svg size 736,368 dynamic noenhanced font 'sans-serif,13'\n"
        "set border 3 linecolor rgb '#667788'\nset tics nomirror\nset grid ytics linecolor rgb '#e4e8ee' linetype 1\n"
        "set key outside bottom center horizontal samplen 1.5\n",
        script);
  set_text(script, "title", json_text(plot, "title"));
  set_text(script, "xlabel", json_text(plot, "x_label"));
  set_text(script, "ylabel", json_text(plot, "y_label"));
  if (json_is_true(json_object_get(plot, "log_x"))) fputs("set logscale x\n", script);
  if (json_object_get(plot, "y_range")) set_range(script, json_object_get(plot, "y_range"));
  write_series(script, json_object_get(plot, "series"));
}

/* How many characters from here on stand before a name that is defined or referred to; 0 for none. */
static size_t before_name(const char *at) {
  static const char *const beginnings[] = {"id=\"", "id='", "url(#", "href=\"#", "href='#"};
  for (size_t k = 0; k < sizeof beginnings / sizeof *beginnings; k++)
    if (!strncmp(at, beginnings[k], strlen(beginnings[k]))) return strlen(beginnings[k]);
  return 0;
}

/* Without the first line, which is for files; names get a prefix, since gnuplot's are the same in every plot. */
static void copy_svg(FILE *page, FILE *svg, size_t number) {
  char line[4096];
  while (fgets(line, sizeof line, svg)) {
    if (!strncmp(line, "<?xml", 5)) continue;
    for (const char *at = line; *at;) {
      const size_t length = before_name(at);
      fwrite(at, 1, length ? length : 1, page);
      if (length) fprintf(page, "p%zu-", number);
      at += length ? length : 1;
    }
  }
}

/* gnuplot reads the script from a file and writes to a pipe, so that neither waits for the other. */
static vpf_status run_gnuplot(FILE *page, const char *script_path, size_t number) {
  char command[128];
  snprintf(command, sizeof command, "gnuplot '%s' 2>/dev/null", script_path);
  FILE *svg = popen(command, "r");
  if (!svg) return complain_io("start", "gnuplot");
  fputs("<figure>\n", page);
  copy_svg(page, svg, number);
  const int status = pclose(svg);
  if (status) fputs("<p class=\"time\">This plot needs gnuplot (Debian's gnuplot-nox).</p>\n", page);
  fputs("</figure>\n", page);
  return VPF_OK;
}

vpf_status page_plot(FILE *page, const json_t *plot, size_t number) {
  char path[] = "/tmp/reproduce-plot-XXXXXX";
  const int descriptor = mkstemp(path);
  FILE *script = descriptor < 0 ? NULL : fdopen(descriptor, "w");
  if (!script) return complain_io("write", path);
  write_script(script, plot);
  vpf_status s = fclose(script) ? complain_io("write", path) : VPF_OK;
  if (!s) s = run_gnuplot(page, path, number);
  remove(path);
  return s;
}
