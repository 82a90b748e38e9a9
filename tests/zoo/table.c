/* SPDX-License-Identifier: MIT */
#include "zoo/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "zoo/zoo.h"

/* The two criteria. Half a nat is what separates methods of learning in the literature; where the estimate is good to a
 * tenth, a warning is noise, and one that is heard too often is not believed when it matters. */
static const double off = 0.5, right = 0.1, most_false_alarms = 0.05;

static const char *const verdicts[ZOO_VERDICTS] = {"right", "near", "false alarm", "doubted", "caught", "WRONG"};

double zoo_error(const zoo_line *line) {
  return line->found.log_z - line->truth;
}

zoo_verdict zoo_judge(const zoo_line *line) {
  const double error = fabs(zoo_error(line));
  const bool flagged = line->found.disagree;
  if (!(error <= off)) return flagged ? ZOO_CAUGHT : ZOO_WRONG;
  if (error > right) return flagged ? ZOO_DOUBTED : ZOO_NEAR;
  return flagged ? ZOO_FALSE_ALARM : ZOO_RIGHT;
}

void zoo_table_add(zoo_table *table, const zoo_line *line) {
  if (table->count == table->capacity) {
    table->capacity = table->capacity ? 2 * table->capacity : 64;
    table->lines = realloc(table->lines, table->capacity * sizeof *table->lines);
    if (!table->lines) zoo_fail("no memory");
  }
  table->lines[table->count++] = *line;
}

void zoo_print_heading(void) {
  printf("%-10s %-34s %11s %-11s %11s %7s %6s %11s %11s %4s %9s %-11s %6s\n", "family", "machine", "truth", "known by",
         "log_z", "stderr", "ess", "reverse", "bound", "flag", "error", "verdict", "s");
}

void zoo_print_line(const zoo_line *line) {
  const vpf_ais_result *r = &line->found;
  printf("%-10s %-34s %11.3f %-11s %11.3f %7.3f %6.1f %11.3f %11.3f %4d %9.3f %-11s %6.2f\n", line->family, line->name,
         line->truth, line->how, r->log_z, r->log_z_stderr, r->ess, r->reverse_log_z, r->log_z_bound, r->disagree,
         zoo_error(line), verdicts[zoo_judge(line)], line->seconds);
  fflush(stdout);
}

typedef struct tally {
  size_t machines, of[ZOO_VERDICTS];
  double worst, seconds; /* worst: the largest error that was not flagged */
} tally;

static void count(tally *t, const zoo_line *line) {
  t->machines++;
  t->of[zoo_judge(line)]++;
  t->seconds += line->seconds;
  if (!line->found.disagree) t->worst = fmax(t->worst, fabs(zoo_error(line)));
}

static void print_tally(const char *name, const tally *t) {
  printf("%-12s %9zu %7zu %6zu %12zu %8zu %7zu %6zu %15.3f %9.1f\n", name, t->machines, t->of[ZOO_RIGHT],
         t->of[ZOO_NEAR], t->of[ZOO_FALSE_ALARM], t->of[ZOO_DOUBTED], t->of[ZOO_CAUGHT], t->of[ZOO_WRONG], t->worst,
         t->seconds);
}

/* Prints a line for each family, in the order in which they first occur. */
static tally tally_all(const zoo_table *table, bool print) {
  tally total = {0};
  for (size_t k = 0; k < table->count; k++) {
    const char *family = table->lines[k].family;
    size_t first = 0;
    while (strcmp(table->lines[first].family, family) != 0) first++;
    count(&total, &table->lines[k]);
    if (first != k || !print) continue;
    tally t = {0};
    for (size_t l = k; l < table->count; l++)
      if (strcmp(table->lines[l].family, family) == 0) count(&t, &table->lines[l]);
    print_tally(family, &t);
  }
  return total;
}

bool zoo_print_summary(const zoo_table *table) {
  printf("\n%-12s %9s %7s %6s %12s %8s %7s %6s %15s %9s\n", "family", "machines", verdicts[0], verdicts[1], verdicts[2],
         verdicts[3], verdicts[4], verdicts[5], "worst unflagged", "seconds");
  const tally t = tally_all(table, true);
  print_tally("all", &t);
  const size_t good = t.of[ZOO_RIGHT] + t.of[ZOO_FALSE_ALARM];
  const double share = good ? (double)t.of[ZOO_FALSE_ALARM] / (double)good : 0;
  const bool honest = t.of[ZOO_WRONG] == 0, quiet = share <= most_false_alarms;
  printf("\n%zu machines, %zu skipped\n", t.machines, table->skipped);
  printf("off by more than %.1f nats and not flagged: %zu (none is allowed): %s\n", off, t.of[ZOO_WRONG],
         honest ? "ok" : "FAILED");
  printf("right to %.1f nats: %zu, of these flagged: %zu = %.1f %% (%.0f %% are allowed): %s\n", right, good,
         t.of[ZOO_FALSE_ALARM], 100 * share, 100 * most_false_alarms, quiet ? "ok" : "FAILED");
  return honest && quiet;
}

static FILE *open_to_write(const char *path) {
  FILE *file = fopen(path, "w");
  if (!file) zoo_fail("the table cannot be written");
  return file;
}

static void close_written(FILE *file) {
  if (fclose(file)) zoo_fail("the table cannot be written");
}

void zoo_write_csv(const zoo_table *table, const char *path) {
  FILE *file = open_to_write(path);
  fprintf(file, "family,machine,truth,known_by,log_z,stderr,ess,spread,reverse_log_z,reverse_stderr,reverse_ess,"
                "reverse_spread,reverse_start,log_z_bound,disagree,error,verdict,seconds\n");
  for (size_t k = 0; k < table->count; k++) {
    const zoo_line *l = &table->lines[k];
    const vpf_ais_result *r = &l->found;
    fprintf(file, "%s,%s,%.6f,%s,%.6f,%.6f,%.3f,%.4f,%.6f,%.6f,%.3f,%.4f,%d,%.6f,%d,%.6f,%s,%.3f\n", l->family,
            l->name, l->truth, l->how, r->log_z, r->log_z_stderr, r->ess, r->spread, r->reverse_log_z,
            r->reverse_stderr, r->reverse_ess, r->reverse_spread, (int)r->reverse_start, r->log_z_bound, r->disagree,
            zoo_error(l), verdicts[zoo_judge(l)], l->seconds);
  }
  close_written(file);
}

void zoo_write_markdown(const zoo_table *table, const char *path) {
  FILE *file = open_to_write(path);
  fprintf(file, "| family | machine | log Z | known by | estimate | its standard error | ess | reverse | bound | "
                "`disagree` | error | verdict |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (size_t k = 0; k < table->count; k++) {
    const zoo_line *l = &table->lines[k];
    const vpf_ais_result *r = &l->found;
    fprintf(file, "| %s | %s | %.2f | %s | %.2f | %.2f | %.0f | %.2f | %.2f | %s | %+.2f | %s |\n", l->family, l->name,
            l->truth, l->how, r->log_z, r->log_z_stderr, r->ess, r->reverse_log_z, r->log_z_bound,
            r->disagree ? "yes" : "no", zoo_error(l), verdicts[zoo_judge(l)]);
  }
  close_written(file);
}
