/* SPDX-License-Identifier: MIT */
/* A page about one training, from what `vpf train` has left in a folder. */
#ifndef EXAMPLE_RUN_PAGE_H
#define EXAMPLE_RUN_PAGE_H

#include <vpf/status.h>

/* What a person says about a training; NULL: nothing. */
typedef struct run_words {
  const char *note;   /* comes first */
  const char *images; /* what images.png shows, in place of what vpf sample draws by itself */
  const char *filled; /* what filled.png shows, in place of the same for vpf fill */
} run_words;

/* Write <folder>/report.html from summary.txt and log.jsonl, which must be there, and from images.png, filled.png and
 * filters.png, where they are. VPF_ERR_IO, VPF_ERR_MEMORY; said. */
vpf_status run_page_write(const char *folder, const run_words *words);

#endif
