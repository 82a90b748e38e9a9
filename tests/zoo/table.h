/* SPDX-License-Identifier: MIT */
/* What became of each machine: a line each, subtotals, and whether the estimator passes. */
#ifndef VPF_TESTS_ZOO_TABLE_H
#define VPF_TESTS_ZOO_TABLE_H

#include <stdbool.h>
#include <stdio.h>
#include <vpf.h>

typedef struct zoo_line {
  char family[16], name[64];
  const char *how; /* how the truth is known */
  double truth, seconds;
  vpf_ais_result found;
} zoo_line;

/* How one estimate went. */
typedef enum zoo_verdict {
  ZOO_RIGHT,       /* to 0.1 nats, and nothing said against it */
  ZOO_NEAR,        /* to 0.5 nats, and nothing said against it */
  ZOO_FALSE_ALARM, /* right to 0.1 nats, and flagged */
  ZOO_DOUBTED,     /* near, and flagged */
  ZOO_CAUGHT,      /* off by more than 0.5 nats, and flagged */
  ZOO_WRONG,       /* off by more than 0.5 nats, and it looks fine */
  ZOO_VERDICTS
} zoo_verdict;

typedef struct zoo_table {
  zoo_line *lines;
  size_t count, capacity, skipped;
} zoo_table;

double zoo_error(const zoo_line *line);
zoo_verdict zoo_judge(const zoo_line *line);

void zoo_table_add(zoo_table *table, const zoo_line *line);
void zoo_print_heading(void);
void zoo_print_line(const zoo_line *line);
/* Subtotals, totals and the two criteria; false if one of them fails. */
bool zoo_print_summary(const zoo_table *table);
void zoo_write_csv(const zoo_table *table, const char *path);
void zoo_write_markdown(const zoo_table *table, const char *path);

#endif
