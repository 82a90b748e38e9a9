/* SPDX-License-Identifier: MIT */
#include "neighbours.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <vpf/threads.h>

#include "complain.h"
#include "work_view.h"

/* Words are counted seven at a time, so a row has a multiple of seven, the last ones of them 0. (448 of the 784
 * pixels of MNIST are known, just seven words.) */
enum { STRIDE = 7, SLICE = 500, MOST_THREADS = 64 };

/* Unpack a slice of the rows and pack its known columns. */
static vpf_status pack_slice(packed_rows *p, const vpf_data *data, const uint8_t *known, size_t first, size_t count,
                             uint8_t *bytes) {
  const size_t columns = vpf_data_cols(data);
  vpf_data *slice = NULL;
  vpf_status s = vpf_data_slice(&slice, data, first, count);
  if (!s) s = vpf_data_to_u8(slice, bytes);
  for (size_t r = 0; !s && r < count; r++) {
    uint64_t *to = p->bits + (first + r) * p->words;
    size_t at = 0;
    for (size_t c = 0; c < columns; c++) {
      if (!known[c]) continue;
      to[at / 64] |= (uint64_t)bytes[r * columns + c] << at % 64;
      at++;
    }
  }
  vpf_data_destroy(slice);
  return complain(s);
}

vpf_status packed_rows_create(packed_rows *p, const vpf_data *data, const uint8_t *known) {
  const size_t columns = vpf_data_cols(data);
  size_t count = 0;
  for (size_t c = 0; c < columns; c++) count += known[c];
  const size_t strides = count > 0 ? (count - 1) / (64 * STRIDE) + 1 : 1;
  *p = (packed_rows){.rows = vpf_data_rows(data), .words = strides * STRIDE};
  p->bits = calloc(p->rows, p->words * sizeof *p->bits);
  uint8_t *bytes = calloc(SLICE, columns);
  vpf_status s = p->bits && bytes ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate %zu rows", p->rows);
  for (size_t first = 0; !s && first < p->rows; first += SLICE)
    s = pack_slice(p, data, known, first, p->rows - first < SLICE ? p->rows - first : SLICE, bytes);
  free(bytes);
  if (s) packed_rows_clear(p);
  return s;
}

void packed_rows_clear(packed_rows *p) {
  free(p->bits);
  *p = (packed_rows){0};
}

/* ---- Distances ---- */

/* Add three words bit by bit: where one or three are on `low` is, where two or three are `high` is. */
static inline void add_words(uint64_t a, uint64_t b, uint64_t c, uint64_t *high, uint64_t *low) {
  const uint64_t either = a ^ b;
  *low = either ^ c;
  *high = (a & b) | (either & c);
}

/* Bits that are on (Warren, Hacker's Delight, section 5-1): the processor's own instruction for it is not
 * in every processor that we may run on. */
static inline unsigned count_bits(uint64_t x) {
  x -= x >> 1 & 0x5555555555555555;
  x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return (unsigned)(x * 0x0101010101010101 >> 56);
}

/* Bits in which two rows differ. Four additions leave three words of seven: ones, twos and fours. */
static unsigned distance(const uint64_t *a, const uint64_t *b, size_t words) {
  unsigned sum = 0;
  for (size_t w = 0; w < words; w += STRIDE) {
    uint64_t d[STRIDE], carry[3], low[2], ones, twos, fours;
    for (size_t k = 0; k < STRIDE; k++) d[k] = a[w + k] ^ b[w + k];
    add_words(d[0], d[1], d[2], &carry[0], &low[0]);
    add_words(d[3], d[4], d[5], &carry[1], &low[1]);
    add_words(low[0], low[1], d[6], &carry[2], &ones);
    add_words(carry[0], carry[1], carry[2], &fours, &twos);
    sum += count_bits(ones) + 2 * count_bits(twos) + 4 * count_bits(fours);
  }
  return sum;
}

void find_neighbours(const packed_rows *among, const packed_rows *of, size_t row, size_t found[NEIGHBOURS]) {
  const uint64_t *wanted = of->bits + row * of->words;
  unsigned away[NEIGHBOURS];
  size_t count = 0;
  for (size_t r = 0; r < among->rows; r++) {
    const unsigned d = distance(among->bits + r * among->words, wanted, among->words);
    if (count == NEIGHBOURS && d >= away[NEIGHBOURS - 1]) continue;
    if (count < NEIGHBOURS) count++;
    size_t at = count - 1;
    for (; at > 0 && away[at - 1] > d; at--) {
      away[at] = away[at - 1];
      found[at] = found[at - 1];
    }
    away[at] = d;
    found[at] = r;
  }
  for (; count < NEIGHBOURS; count++) found[count] = found[count - 1];
}

/* ---- Answers ---- */

/* The middle of an even number of values is between the two in the middle. Puts them in order. */
static float median(float values[NEIGHBOURS]) {
  for (size_t k = 1; k < NEIGHBOURS; k++) {
    const float value = values[k];
    size_t at = k;
    for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
    values[at] = value;
  }
  return (values[NEIGHBOURS / 2 - 1] + values[NEIGHBOURS / 2]) / 2;
}

/* grey: room for [NEIGHBOURS x columns]. */
static vpf_status blend(const vpf_data *images, const size_t found[NEIGHBOURS], float *grey, float *out) {
  const size_t columns = vpf_data_cols(images);
  for (size_t k = 0; k < NEIGHBOURS; k++) {
    vpf_data *image = NULL;
    vpf_status s = vpf_data_slice(&image, images, found[k], 1);
    if (!s) s = vpf_data_to_f32(image, grey + k * columns);
    vpf_data_destroy(image);
    if (s) return complain(s);
  }
  for (size_t c = 0; c < columns; c++) {
    float values[NEIGHBOURS];
    for (size_t k = 0; k < NEIGHBOURS; k++) values[k] = grey[k * columns + c];
    out[c] = median(values);
  }
  return VPF_OK;
}

typedef struct search {
  const packed_rows *among, *of;
  size_t row;               /* the first of them */
  size_t begin, end, step;  /* every step-th of them from the begin-th on */
  size_t (*found)[NEIGHBOURS];
} search;

static void *search_rows(void *context) {
  const search *s = context;
  for (size_t r = s->begin; r < s->end; r += s->step) find_neighbours(s->among, s->of, s->row + r, s->found[r]);
  return NULL;
}

/* Search for all rows, with as many threads as the library would use. What no thread could be had for is done here. */
static void search_all(const search *all) {
  search part[MOST_THREADS];
  pthread_t thread[MOST_THREADS];
  bool started[MOST_THREADS] = {false};
  const size_t threads = vpf_threads() < MOST_THREADS ? vpf_threads() : MOST_THREADS;
  for (size_t t = 0; t < threads; t++) {
    part[t] = *all;
    part[t].begin = t;
    part[t].step = threads;
    started[t] = t > 0 && pthread_create(&thread[t], NULL, search_rows, &part[t]) == 0;
  }
  for (size_t t = 0; t < threads; t++)
    if (!started[t]) search_rows(&part[t]);
  for (size_t t = 0; t < threads; t++)
    if (started[t]) pthread_join(thread[t], NULL);
}

vpf_status fill_in_from_neighbours(const packed_rows *among, const packed_rows *of, const vpf_data *images,
                                   const char *label, float *out) {
  const size_t columns = vpf_data_cols(images), rows = of->rows;
  size_t(*found)[NEIGHBOURS] = calloc(SLICE, sizeof *found);
  float *grey = calloc(NEIGHBOURS, columns * sizeof *grey);
  vpf_status s = found && grey ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate %zu neighbours", rows);
  for (size_t first = 0; !s && first < rows; first += SLICE) {
    const size_t count = rows - first < SLICE ? rows - first : SLICE;
    if (label) work_view_show(label, first, rows, "images");
    const search all = {.among = among, .of = of, .row = first, .end = count, .found = found};
    search_all(&all);
    for (size_t r = 0; !s && r < count; r++) s = blend(images, found[r], grey, out + (first + r) * columns);
  }
  if (label) work_view_clear();
  free(grey);
  free(found);
  return s;
}
