/* SPDX-License-Identifier: MIT */
#include "filling.h"

#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "work_view.h"

/* Steps: docs/math.md, section 8. After 50, the mean field of an RBM trained on MNIST as in the paper is
 * within 0.3 of the error that it has after 200. */
const protocol protocols[PROTOCOLS] = {
    {.name = "clamped", .noise = VPF_NOISE_REPLACE, .held = true, .steps = 100},
    {.name = "mean-field", .noise = VPF_NOISE_REPLACE, .held = true, .mean_field = true, .steps = 50, .average = 1},
    {.name = "paper", .noise = VPF_NOISE_OR, .steps = 2, .average = 1},
    {.name = "leak", .noise = VPF_NOISE_OR, .held = true, .steps = 20},
};

const char *const region_names[REGIONS] = {"top", "bottom", "left", "right"};

const protocol *find_protocol(const char *name) {
  for (size_t i = 0; i < PROTOCOLS; i++)
    if (!strcmp(name, protocols[i].name)) return &protocols[i];
  return NULL;
}

size_t protocol_average(const protocol *p, size_t steps) {
  return p->average ? p->average : (steps + 1) / 2;
}

bool protocol_leaks(const protocol *p) {
  return p->noise == VPF_NOISE_OR && p->held;
}

/* 12 of 28 rows or columns, as in the paper. */
static size_t part_of(size_t side) {
  const size_t part = (side * 12 + 14) / 28;
  return part ? part : 1;
}

vpf_status region_mark(region *r, const char *name, size_t width, size_t height) {
  const size_t pixels = width * height, rows = part_of(height), columns = part_of(width);
  *r = (region){.name = name, .inside = calloc(2, pixels)};
  if (!r->inside) return complain_because(VPF_ERR_MEMORY, "cannot allocate 2 x %zu bytes", pixels);
  r->outside = r->inside + pixels;
  for (size_t i = 0; i < pixels; i++) {
    const size_t y = i / width, x = i % width;
    r->inside[i] = !strcmp(name, "top")      ? y < rows
                   : !strcmp(name, "bottom") ? y >= height - rows
                   : !strcmp(name, "left")   ? x < columns
                                             : x >= width - columns;
    r->outside[i] = !r->inside[i];
  }
  return VPF_OK;
}

void region_clear(region *r) {
  free(r->inside);
  *r = (region){0};
}

filling usual_filling(const protocol *p, uint64_t seed) {
  return (filling){.protocol = p, .steps = p->steps, .average = protocol_average(p, p->steps), .seed = seed};
}

/* Some of the images. What comes out does not depend on how they are cut. */
static vpf_status fill_rows(const vpf_model *model, const vpf_data *images, size_t first, size_t count,
                            const region *r, const filling *how, float *out) {
  const uint8_t *held = how->protocol->held ? r->outside : NULL;
  vpf_data *some = NULL, *corrupted = NULL;

  vpf_status s = vpf_data_slice(&some, images, first, count);
  if (!s) s = vpf_data_corrupt(&corrupted, some, r->inside, how->protocol->noise, how->seed);
  if (!s && how->protocol->mean_field) s = vpf_reconstruct_mean_field(model, corrupted, held, how->steps, out);
  if (!s && !how->protocol->mean_field)
    s = vpf_reconstruct(model, corrupted, held, how->steps, how->average, how->seed, out);
  vpf_data_destroy(corrupted);
  vpf_data_destroy(some);
  return complain(s);
}

vpf_status fill_in(const vpf_model *model, const vpf_data *images, const region *r, const filling *how,
                   const char *label, float *out) {
  enum { SLICE = 250 }; /* images from one look at the progress to the next */
  const size_t rows = vpf_data_rows(images), pixels = vpf_data_cols(images);
  vpf_status s = VPF_OK;
  for (size_t first = 0; !s && first < rows; first += SLICE) {
    if (label) work_view_show(label, first, rows, "images");
    s = fill_rows(model, images, first, rows - first < SLICE ? rows - first : SLICE, r, how, out + first * pixels);
  }
  if (label) work_view_clear();
  return s;
}
