/* SPDX-License-Identifier: MIT */
/* A self-contained HTML page: whatever it shows is in it. What it is made of beside this: chart.h. */
#ifndef EXAMPLE_PAGE_H
#define EXAMPLE_PAGE_H

#include <stdio.h>
#include <vpf/status.h>

/* Everything before and after the sections, which the caller writes: <section> ... </section>. Classes that it may use:
 * "note" for a section; "facts" for a table of names and texts; "wide" for a <div> around what may be wider than a
 * telephone; "charts" for a <div> around figures that stand side by side where there is room; "large" for a <figure>
 * that takes all the room there is. */
void page_begin(FILE *page, const char *title);
void page_end(FILE *page);

/* Text with the characters that HTML means otherwise escaped. */
void page_text(FILE *page, const char *text);

/* A PNG file as an image of the page. VPF_ERR_IO; said. */
vpf_status page_picture(FILE *page, const char *path, const char *alt);

#endif
