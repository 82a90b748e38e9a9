/* SPDX-License-Identifier: MIT */
/* Parts of a self-contained HTML page: text, plots as inline SVG by gnuplot, pictures as data. */
#ifndef EXAMPLE_PAGE_H
#define EXAMPLE_PAGE_H

#include <jansson.h>
#include <stdio.h>
#include <vpf/status.h>

/* Text with the characters that HTML means otherwise escaped. */
void page_text(FILE *page, const char *text);

/* "12.3", with so many digits, or a dash for a number that there is not. */
void page_number(FILE *page, const json_t *value, int digits);

/* Everything before and after the sections. */
void page_begin(FILE *page, const char *title);
void page_end(FILE *page);

/* A PNG file as an image of the page. VPF_ERR_IO; said. */
vpf_status page_picture(FILE *page, const char *path, const char *alt);

/* A plot as findings keep it (findings.h); number: another for each plot of the page. Without gnuplot a remark stands
 * in its place. VPF_ERR_IO; said. */
vpf_status page_plot(FILE *page, const json_t *plot, size_t number);

#endif
