/* SPDX-License-Identifier: MIT */
/* The numbers of the report as files, for other programs. */
#ifndef EXAMPLE_NUMBERS_H
#define EXAMPLE_NUMBERS_H

#include <jansson.h>
#include <stdbool.h>
#include <vpf/status.h>

/* <folder>/results.csv: a row for each cell of every table that was found. all: an array of what findings.h describes.
 * VPF_ERR_IO, VPF_ERR_MEMORY; said. */
vpf_status write_csv(const char *folder, const json_t *all);

/* <folder>/results.json: all that was found. made_by: program, computer and date; images: which ones. Fails likewise. */
vpf_status write_json(const char *folder, json_t *all, const char *made_by, bool quick, const char *images);

#endif
