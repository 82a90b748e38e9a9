/* SPDX-License-Identifier: MIT */
/* Curves, points or boxes over two axes: SVG that stands inside a page and needs nothing beside it. */
#ifndef EXAMPLE_CHART_H
#define EXAMPLE_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum curve_style { CURVE_LINES, CURVE_POINTS, CURVE_BOXES } curve_style;

typedef struct curve {
  const char *name;     /* curves of one name, such as two halves, have one colour and one place in the key */
  curve_style style;
  size_t count;
  const double *x, *y;  /* [count]; a value that is not finite is a gap */
  const double *errors; /* [count] standard errors of points; NULL: none */
} curve;

typedef struct chart {
  const char *title, *x_label, *y_label;
  size_t width, height; /* in pixels, where the page does not scale it */
  bool log_x;           /* values that are not positive are gaps */
  double low, high;     /* ends of the y axis; NAN: from the curves */
  const curve *curves;
  size_t count;         /* with more than one there is a key */
} chart;

void chart_draw(FILE *page, const chart *c);

#endif
