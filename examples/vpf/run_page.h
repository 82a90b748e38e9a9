/* SPDX-License-Identifier: MIT */
/* A page about one training, from what `vpf train` has left in a folder. */
#ifndef EXAMPLE_RUN_PAGE_H
#define EXAMPLE_RUN_PAGE_H

#include <vpf/status.h>

/* Write <folder>/report.html from summary.txt and log.jsonl, which must be there, and from filters.png and images.png,
 * where they are. note: a text that comes first; NULL: none. VPF_ERR_IO, VPF_ERR_MEMORY; said. */
vpf_status run_page_write(const char *folder, const char *note);

#endif
