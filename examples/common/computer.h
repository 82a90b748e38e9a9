/* SPDX-License-Identifier: MIT */
/* Where and when a report was made. */
#ifndef EXAMPLE_COMPUTER_H
#define EXAMPLE_COMPUTER_H

enum { COMPUTER_SIZE = 192, DATE_SIZE = 32 };

/* "Linux x86_64, 2 processors" into text; returns it. */
const char *computer_text(char text[COMPUTER_SIZE]);

/* "2026-03-01 12:00 UTC" into text; returns it. */
const char *date_text(char text[DATE_SIZE]);

#endif
