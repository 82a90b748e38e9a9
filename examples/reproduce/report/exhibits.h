/* SPDX-License-Identifier: MIT */
/* What was found (findings.h), as parts of a page. */
#ifndef EXAMPLE_EXHIBITS_H
#define EXAMPLE_EXHIBITS_H

#include <jansson.h>
#include <stdio.h>
#include <vpf/status.h>

/* A table, plot, picture or paragraph. Claims stand together, see below, and are passed over. pictures: the folder of
 * the files. VPF_ERR_IO, VPF_ERR_MEMORY; said. */
vpf_status show_exhibit(FILE *page, const json_t *exhibit, const char *pictures);

/* The claims of sections first .. last - 1 of all that was found, as one table. Nothing if there are none. */
void show_claims(FILE *page, const json_t *all, size_t first, size_t last);

#endif
