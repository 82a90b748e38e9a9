/* SPDX-License-Identifier: MIT */
/* Filling in: how a part of an image is put into noise and filled in again by a machine. */
#ifndef EXAMPLE_FILLING_H
#define EXAMPLE_FILLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vpf.h>

/* How an image is corrupted and filled in again. */
typedef struct protocol {
  const char *name;
  vpf_noise noise;
  bool held;       /* what is outside the region stays as it is */
  bool mean_field; /* means in place of drawn states */
  size_t steps;    /* unless given */
  size_t average;  /* the same; 0: half of the steps */
} protocol;

enum { PROTOCOLS = 4, REGIONS = 4 };
extern const protocol protocols[PROTOCOLS];
extern const char *const region_names[REGIONS]; /* top, bottom, left, right */

/* The protocol of that name, NULL if there is none. */
const protocol *find_protocol(const char *name);

/* How many of so many steps, the last ones, make the answer unless something else is asked for. */
size_t protocol_average(const protocol *p, size_t steps);

/* Pixels that survive the noise give part of the answer away. */
bool protocol_leaks(const protocol *p);

/* A part of an image, and the rest of it. */
typedef struct region {
  const char *name;
  uint8_t *inside;  /* [pixels] 0 or 1; freed by region_clear() */
  uint8_t *outside; /* [pixels], in the same memory */
} region;

/* The region of that name: 12 of 28 rows or columns, as in the paper, of images of other sizes as large a
 * part. VPF_ERR_MEMORY; said. */
vpf_status region_mark(region *r, const char *name, size_t width, size_t height);
void region_clear(region *r);

/* One way of filling in, with all its settings. */
typedef struct filling {
  const protocol *protocol;
  size_t steps, average;
  uint64_t seed; /* of noise and draws */
} filling;

/* With the steps of the protocol. */
filling usual_filling(const protocol *p, uint64_t seed);

/* Corrupt a region of each image and fill it in. label: what progress is shown as; NULL: it is not.
 * out: [rows x pixels]. Failures are said. */
vpf_status fill_in(const vpf_model *model, const vpf_data *images, const region *r, const filling *how,
                   const char *label, float *out);

#endif
