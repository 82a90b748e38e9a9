/* SPDX-License-Identifier: MIT */
#include "chart.h"

#include <math.h>
#include <string.h>

#include "page.h"

/* In pixels. CHARACTER is how wide one is on average, for a browser alone knows it exactly. */
enum { FONT = 12, CHARACTER = 7, LINE = 18, EDGE = 12, BLEED = 3 };
enum { MOST_TICKS = 32 };

static const char *const colours[] = {"#1f4e8c", "#e07b39", "#3a9d6e", "#8e44ad", "#b3261e", "#66788a"};
enum { COLOURS = sizeof colours / sizeof *colours };

/* ---- Axes ---- */

typedef struct axis {
  bool log;
  double low, high;  /* values at its ends */
  double from, to;   /* where those are in the picture */
  double ticks[MOST_TICKS];
  size_t tick_count;
  int decimals;      /* of the labels of ticks; -1: as many as it takes */
} axis;

static double place(const axis *a, double value) {
  const double low = a->log ? log10(a->low) : a->low, high = a->log ? log10(a->high) : a->high;
  return a->from + (a->to - a->from) * ((a->log ? log10(value) : value) - low) / (high - low);
}

static bool is_shown(const axis *a, double value) {
  return isfinite(value) && (!a->log || value > 0);
}

/* Make room for a value. An axis without room begins with low above high. */
static void extend(axis *a, double value) {
  if (!is_shown(a, value)) return;
  a->low = fmin(a->low, value);
  a->high = fmax(a->high, value);
}

static void settle_ends(axis *a) {
  if (a->low > a->high) {
    a->low = a->log ? 1 : 0;
    a->high = a->log ? 10 : 1;
  }
  if (a->low < a->high) return;
  const double around = a->log ? 2 : a->low != 0 ? fabs(a->low) / 2 : 1;
  a->low = a->log ? a->low / around : a->low - around;
  a->high = a->log ? a->high * around : a->high + around;
}

/* 1, 2 or 5 times a power of ten, so that at most so many fit into the range. */
static double step_of(double range, size_t most) {
  const double least = range / (double)most, power = pow(10, floor(log10(least))), digit = least / power;
  const double slack = 1 + 1e-9; /* a rounding error is no reason for the next larger step */
  return power * (digit <= slack ? 1 : digit <= 2 * slack ? 2 : digit <= 5 * slack ? 5 : 10);
}

/* Ends that were not fixed move out to the next tick. */
static void tick_evenly(axis *a, size_t most, bool low_fixed, bool high_fixed) {
  const double step = step_of(a->high - a->low, most), slack = 1e-6;
  const double first = low_fixed ? ceil(a->low / step - slack) : floor(a->low / step + slack);
  const double last = high_fixed ? floor(a->high / step + slack) : ceil(a->high / step - slack);
  if (!low_fixed) a->low = first * step;
  if (!high_fixed) a->high = last * step;
  for (double k = first; k <= last && a->tick_count < MOST_TICKS; k++) a->ticks[a->tick_count++] = k * step;
  const double largest = fmax(fabs(a->low), fabs(a->high)), digits = -floor(log10(step) + slack);
  a->decimals = largest >= 1e7 || digits > 6 ? -1 : digits > 0 ? (int)digits : 0;
}

/* Powers of ten, and the more between them the fewer they are. */
static void tick_by_decades(axis *a) {
  static const double few[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, some[] = {1, 2, 5};
  const double decades = log10(a->high / a->low), slack = 1e-9;
  const double *digits = decades < 1 ? few : some;
  const size_t count = decades < 1 ? 9 : decades < 3 ? 3 : 1;
  a->decimals = -1;
  for (double decade = floor(log10(a->low)); decade <= ceil(log10(a->high)); decade++)
    for (size_t k = 0; k < count; k++) {
      const double value = digits[k] * pow(10, decade);
      const bool inside = value >= a->low * (1 - slack) && value <= a->high * (1 + slack);
      if (inside && a->tick_count < MOST_TICKS) a->ticks[a->tick_count++] = value;
    }
}

static size_t label_of(const axis *a, size_t tick, char text[32]) {
  if (a->decimals < 0)
    return (size_t)snprintf(text, 32, "%.3g", a->ticks[tick]);
  return (size_t)snprintf(text, 32, "%.*f", a->decimals, a->ticks[tick] + 0.0); /* of a -0, 0 */
}

/* Half of a box: as wide as the two nearest values of x are apart. */
static double half_box(const curve *c) {
  double width = INFINITY;
  for (size_t k = 1; k < c->count; k++) width = fmin(width, fabs(c->x[k] - c->x[k - 1]));
  return isfinite(width) ? width / 2 : 0.5;
}

static void measure(const chart *c, axis *x, axis *y) {
  for (size_t k = 0; k < c->count; k++) {
    const curve *of = &c->curves[k];
    const double half = of->style == CURVE_BOXES ? half_box(of) : 0;
    for (size_t i = 0; i < of->count; i++) {
      if (!is_shown(x, of->x[i]) || !is_shown(y, of->y[i])) continue;
      const double error = of->errors && isfinite(of->errors[i]) ? of->errors[i] : 0;
      extend(x, of->x[i] - half);
      extend(x, of->x[i] + half);
      extend(y, of->y[i] - error);
      extend(y, of->y[i] + error);
      if (of->style == CURVE_BOXES) extend(y, 0);
    }
  }
  if (isfinite(c->low)) y->low = c->low;
  if (isfinite(c->high)) y->high = c->high;
}

/* ---- Text ---- */

static void draw_text(FILE *page, double x, double y, const char *settings, const char *text) {
  fprintf(page, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, settings);
  page_text(page, text);
  fputs("</text>\n", page);
}

static size_t first_of_name(const chart *c, size_t index) {
  size_t k = 0;
  while (strcmp(c->curves[k].name, c->curves[index].name) != 0) k++;
  return k;
}

static const char *colour_of(const chart *c, size_t index) {
  return colours[first_of_name(c, index) % COLOURS];
}

/* The names of the curves between two places, in as many lines as it takes; returns how many. page NULL: only that. */
static size_t draw_key(FILE *page, const chart *c, double from, double to, double y) {
  enum { SAMPLE = 22, GAP = 6 };
  double x = from;
  size_t lines = c->count > 1 ? 1 : 0;
  for (size_t k = 0; lines && k < c->count; k++) {
    if (first_of_name(c, k) != k) continue;
    const double width = SAMPLE + 3 * GAP + CHARACTER * (double)strlen(c->curves[k].name);
    if (x > from && x + width > to) {
      x = from;
      lines++;
    }
    if (page) {
      const double line = y + LINE * (double)(lines - 1);
      fprintf(page, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"3\" fill=\"%s\"/>\n", x, line - 5, SAMPLE,
              colour_of(c, k));
      draw_text(page, x + SAMPLE + GAP, line, "", c->curves[k].name);
    }
    x += width;
  }
  return lines;
}

/* ---- Curves ---- */

static bool is_point(const axis *x, const axis *y, const curve *c, size_t k) {
  return is_shown(x, c->x[k]) && is_shown(y, c->y[k]);
}

/* A dot is a line of no length with round ends: all of them are one path. */
static void draw_dots(FILE *page, const axis *x, const axis *y, const curve *c, double size, const char *colour) {
  fprintf(page, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" stroke-linecap=\"round\" d=\"", colour, size);
  for (size_t k = 0; k < c->count; k++)
    if (is_point(x, y, c, k)) fprintf(page, "M%.1f %.1fh0", place(x, c->x[k]), place(y, c->y[k]));
  fputs("\"/>\n", page);
}

/* A point between two gaps is a dot. */
static void draw_lines(FILE *page, const axis *x, const axis *y, const curve *c, const char *colour) {
  enum { MOST_DOTS = 40 }; /* more of them would be a thick line */
  bool on = false;
  fprintf(page, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-linejoin=\"round\" ", colour);
  fputs("stroke-linecap=\"round\" d=\"", page);
  for (size_t k = 0; k < c->count; k++) {
    const bool was_on = on;
    on = is_point(x, y, c, k);
    if (!on) continue;
    fprintf(page, "%c%.1f %.1f%s", was_on ? 'L' : 'M', place(x, c->x[k]), place(y, c->y[k]), was_on ? "" : "h0");
  }
  fputs("\"/>\n", page);
  if (c->count <= MOST_DOTS) draw_dots(page, x, y, c, 4, colour);
}

static void draw_points(FILE *page, const axis *x, const axis *y, const curve *c, const char *colour) {
  fprintf(page, "<path fill=\"none\" stroke=\"%s\" d=\"", colour);
  for (size_t k = 0; c->errors && k < c->count; k++)
    if (is_point(x, y, c, k) && isfinite(c->errors[k]))
      fprintf(page, "M%.1f %.1fV%.1f", place(x, c->x[k]), place(y, c->y[k] - c->errors[k]),
              place(y, c->y[k] + c->errors[k]));
  fputs("\"/>\n", page);
  draw_dots(page, x, y, c, 5, colour);
}

static void draw_boxes(FILE *page, const axis *x, const axis *y, const curve *c, const char *colour) {
  const double half = half_box(c);
  fprintf(page, "<path fill=\"%s\" fill-opacity=\"0.8\" stroke=\"#fff\" d=\"", colour);
  for (size_t k = 0; k < c->count; k++)
    if (is_point(x, y, c, k))
      fprintf(page, "M%.1f %.1fV%.1fH%.1fV%.1fZ", place(x, c->x[k] - half), place(y, 0), place(y, c->y[k]),
              place(x, c->x[k] + half), place(y, 0));
  fputs("\"/>\n", page);
}

/* An inner <svg> cuts off what an axis with fixed ends leaves outside. */
static void draw_curves(FILE *page, const chart *c, const axis *x, const axis *y) {
  const double left = x->from - BLEED, top = y->to - BLEED;
  const double width = x->to - x->from + 2 * BLEED, height = y->from - y->to + 2 * BLEED;
  fprintf(page, "<svg x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" ", left, top, width, height);
  fprintf(page, "viewBox=\"%.1f %.1f %.1f %.1f\">\n", left, top, width, height);
  for (size_t k = 0; k < c->count; k++) switch (c->curves[k].style) {
      case CURVE_LINES: draw_lines(page, x, y, &c->curves[k], colour_of(c, k)); break;
      case CURVE_POINTS: draw_points(page, x, y, &c->curves[k], colour_of(c, k)); break;
      default: draw_boxes(page, x, y, &c->curves[k], colour_of(c, k));
    }
  fputs("</svg>\n", page);
}

/* ---- The whole ---- */

static void draw_axes(FILE *page, const axis *x, const axis *y) {
  char text[32];
  fputs("<path stroke=\"#e4e8ee\" d=\"", page);
  for (size_t k = 0; k < y->tick_count; k++)
    fprintf(page, "M%.1f %.1fH%.1f", x->from, place(y, y->ticks[k]), x->to);
  fputs("\"/>\n<path fill=\"none\" stroke=\"#667788\" d=\"", page);
  fprintf(page, "M%.1f %.1fV%.1fH%.1f", x->from, y->to, y->from, x->to);
  for (size_t k = 0; k < x->tick_count; k++) fprintf(page, "M%.1f %.1fv4", place(x, x->ticks[k]), y->from);
  fputs("\"/>\n<g fill=\"#44566a\" text-anchor=\"middle\">\n", page);
  for (size_t k = 0; k < x->tick_count; k++) {
    label_of(x, k, text);
    draw_text(page, place(x, x->ticks[k]), y->from + LINE, "", text);
  }
  fputs("</g>\n<g fill=\"#44566a\" text-anchor=\"end\">\n", page);
  for (size_t k = 0; k < y->tick_count; k++) {
    label_of(y, k, text);
    draw_text(page, x->from - 6, place(y, y->ticks[k]) + 4, "", text);
  }
  fputs("</g>\n", page);
}

/* How much room the labels of the y axis need. */
static double label_width(const axis *y) {
  size_t longest = 0;
  char text[32];
  for (size_t k = 0; k < y->tick_count; k++) {
    const size_t length = label_of(y, k, text);
    if (length > longest) longest = length;
  }
  return CHARACTER * (double)longest + 10;
}

void chart_draw(FILE *page, const chart *c) {
  const double width = (double)c->width, height = (double)c->height;
  axis x = {.log = c->log_x, .low = INFINITY, .high = -INFINITY}, y = {.low = INFINITY, .high = -INFINITY};
  measure(c, &x, &y);
  settle_ends(&x);
  settle_ends(&y);
  tick_evenly(&y, c->height / 45, isfinite(c->low), isfinite(c->high));
  x.from = (*c->y_label ? LINE : 0) + label_width(&y);
  x.to = width - EDGE;
  if (x.log)
    tick_by_decades(&x);
  else
    tick_evenly(&x, c->width / 70, false, false);

  const size_t key_lines = draw_key(NULL, c, x.from, x.to, 0);
  y.to = 2 * LINE;
  y.from = height - LINE * (double)(2 + key_lines) - 8;
  fprintf(page, "<svg role=\"img\" viewBox=\"0 0 %zu %zu\" font-size=\"%d\" fill=\"#1c2733\" aria-label=\"", c->width,
          c->height, (int)FONT);
  page_text(page, c->title);
  fputs("\">\n", page);
  draw_text(page, (x.from + x.to) / 2, LINE, "text-anchor=\"middle\" font-size=\"13\"", c->title);
  draw_axes(page, &x, &y);
  draw_text(page, (x.from + x.to) / 2, y.from + 2 * LINE, "text-anchor=\"middle\"", c->x_label);
  if (*c->y_label) {
    char settings[96];
    snprintf(settings, sizeof settings, "text-anchor=\"middle\" transform=\"rotate(-90 %d %.1f)\"", (int)EDGE,
             (y.from + y.to) / 2);
    draw_text(page, EDGE, (y.from + y.to) / 2, settings, c->y_label);
  }
  draw_curves(page, c, &x, &y);
  draw_key(page, c, x.from, x.to, y.from + 3 * LINE + 2);
  fputs("</svg>\n", page);
}
