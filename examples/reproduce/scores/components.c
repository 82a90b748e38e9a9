/* SPDX-License-Identifier: MIT */
#include "components.h"

#include <stdbool.h>
#include <stdlib.h>

#include "../../common/complain.h"

typedef struct flood {
  size_t width, height;
  bool *on;       /* [pixels] not yet counted */
  size_t *stack;  /* [pixels] */
} flood;

/* Take out the piece that a pixel is in. */
static void remove_piece(flood *f, size_t pixel) {
  size_t depth = 0;
  f->stack[depth++] = pixel;
  f->on[pixel] = false;
  while (depth) {
    const size_t at = f->stack[--depth], x = at % f->width, y = at / f->width;
    for (size_t v = y ? y - 1 : 0; v <= y + 1 && v < f->height; v++)
      for (size_t u = x ? x - 1 : 0; u <= x + 1 && u < f->width; u++)
        if (f->on[v * f->width + u]) {
          f->on[v * f->width + u] = false;
          f->stack[depth++] = v * f->width + u;
        }
  }
}

vpf_status count_components(component_counts *out, const float *images, size_t count, size_t width, size_t height) {
  const size_t pixels = width * height;
  flood f = {width, height, calloc(pixels, sizeof *f.on), calloc(pixels, sizeof *f.stack)};
  size_t all = 0, several = 0;
  for (size_t k = 0; f.on && f.stack && k < count; k++) {
    size_t pieces = 0;
    for (size_t p = 0; p < pixels; p++) f.on[p] = images[k * pixels + p] > 0.5f;
    for (size_t p = 0; p < pixels; p++)
      if (f.on[p]) {
        pieces++;
        remove_piece(&f, p);
      }
    all += pieces;
    several += pieces > 1;
  }
  const bool done = f.on && f.stack;
  free(f.stack);
  free(f.on);
  *out = (component_counts){(double)all / (double)count, (double)several / (double)count};
  return done ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate %zu pixels", pixels);
}
