/* SPDX-License-Identifier: MIT */
/* How far can vpf_ais() be trusted? Machines whose log Z is known, some hundreds, of the kinds that users bring and that
 * annealing finds hard; one line for each, and a summary. The exit status is 1 unless
 *
 *  - no estimate is off by more than 0.5 nats without `disagree`, and
 *  - of the estimates that are right to 0.1 nats at most 5 % have `disagree` set.
 *
 *   zoo --quick                            some dozens of small machines
 *   zoo [--mnist DIR] [--fashion DIR]      all; DIR has the files train-images-idx3-ubyte[.gz] and t10k-...
 *   zoo --save DIR ... ; zoo --load DIR    build and enumerate once, anneal as often as you like
 *
 * --family NAME, --only NAME or --only 'BEGINNING*': some of them; --list: their names. --chains N, --temperatures N,
 * --seed N, --reverse 0|1, --adaptive 0|1: how to anneal; by default as the library does, and in reverse too.
 * --csv FILE, --markdown FILE: the table. */
#include "zoo/zoo.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zoo/kept.h"

void zoo_fail(const char *message) {
  fprintf(stderr, "zoo: %s\n", message);
  exit(2);
}

void zoo_check(vpf_status status) {
  if (status) zoo_fail(vpf_error_message());
}

void *zoo_allocate(size_t count, size_t size) {
  void *p = calloc(count, size);
  if (!p) zoo_fail("no memory");
  return p;
}

double zoo_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const struct {
  const char *name;
  void (*add)(zoo *z);
} families[] = {{"ising", zoo_add_ising},     {"hopfield", zoo_add_hopfield},   {"spin-rbm", zoo_add_spin_rbm},
                {"trained", zoo_add_trained}, {"ising-rbm", zoo_add_ising_rbm}, {"random", zoo_add_random}};

static bool matches(const char *pattern, const char *name) {
  const size_t length = strlen(pattern);
  if (length > 0 && pattern[length - 1] == '*') return strncmp(pattern, name, length - 1) == 0;
  return strcmp(pattern, name) == 0;
}

bool zoo_wants(zoo *z, const char *name) {
  if (z->family_only && strcmp(z->family_only, z->family) != 0) return false;
  if (z->only && !matches(z->only, name)) return false;
  if (z->list) printf("%s %s\n", z->family, name);
  return !z->list;
}

void zoo_skip(zoo *z, const char *name, const char *reason) {
  z->table.skipped++;
  fprintf(stderr, "zoo: %s %s is skipped: %s\n", z->family, name, reason);
}

void zoo_judge_model(zoo *z, zoo_line *line, const vpf_model *model, const zoo_rows *rows) {
  vpf_ais_settings settings = z->annealing;
  settings.base = rows ? rows->train : NULL;
  settings.reverse_from = rows && settings.reverse ? rows->test : NULL;
  line->found.struct_size = sizeof line->found;
  const double start = zoo_seconds();
  const vpf_status status = vpf_ais(model, &settings, &line->found);
  if (status) fprintf(stderr, "zoo: %s %s:\n", line->family, line->name);
  zoo_check(status);
  line->seconds = zoo_seconds() - start;
  zoo_print_line(line);
  zoo_table_add(&z->table, line);
}

void zoo_add(zoo *z, const char *name, vpf_model *model, double log_z, const zoo_rows *rows) {
  zoo_line line = {.how = "formula", .truth = log_z};
  snprintf(line.family, sizeof line.family, "%s", z->family);
  snprintf(line.name, sizeof line.name, "%s", name);
  if (isnan(log_z)) {
    line.how = "enumeration";
    zoo_check(vpf_exact_log_partition(model, &line.truth));
  }
  if (z->save)
    kept_add(z, &line, model, rows);
  else
    zoo_judge_model(z, &line, model, rows);
  vpf_model_destroy(model);
}

typedef struct outputs {
  const char *load, *csv, *markdown;
} outputs;

static uint64_t number(const char *text) {
  char *end;
  const unsigned long long value = strtoull(text, &end, 10);
  if (end == text || *end) zoo_fail("a number is expected");
  return value;
}

static bool read_annealing(int c, vpf_ais_settings *s) {
  switch (c) {
    case 'c': s->chains = (size_t)number(optarg); return true;
    case 't': s->betas = (size_t)number(optarg); return true;
    case 's': s->seed = number(optarg); return true;
    case 'r': s->reverse = number(optarg) != 0; return true;
    case 'a': s->adaptive = number(optarg) != 0; return true;
    default: return false;
  }
}

static outputs parse(int argc, char **argv, zoo *z) {
  static const struct option options[] = {
      {"quick", no_argument, 0, 'q'},        {"list", no_argument, 0, 'i'},        {"family", required_argument, 0, 'f'},
      {"only", required_argument, 0, 'o'},   {"mnist", required_argument, 0, 'm'}, {"fashion", required_argument, 0, 'F'},
      {"save", required_argument, 0, 'S'},   {"load", required_argument, 0, 'L'},  {"csv", required_argument, 0, 'C'},
      {"chains", required_argument, 0, 'c'}, {"seed", required_argument, 0, 's'},  {"markdown", required_argument, 0, 'M'},
      {"temperatures", required_argument, 0, 't'}, {"reverse", required_argument, 0, 'r'},
      {"adaptive", required_argument, 0, 'a'}, {0}};
  outputs out = {0};
  for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) switch (c) {
      case 'q': z->quick = true; break;
      case 'i': z->list = true; break;
      case 'f': z->family_only = optarg; break;
      case 'o': z->only = optarg; break;
      case 'm': z->mnist = optarg; break;
      case 'F': z->fashion = optarg; break;
      case 'S': z->save = optarg; break;
      case 'L': out.load = optarg; break;
      case 'C': out.csv = optarg; break;
      case 'M': out.markdown = optarg; break;
      default:
        if (!read_annealing(c, &z->annealing)) exit(2);
    }
  if (optind != argc) zoo_fail("there are only options; see tests/zoo/zoo.c");
  if (z->save && out.load) zoo_fail("--save and --load exclude each other");
  return out;
}

static void build(zoo *z) {
  if (z->save) kept_open(z);
  for (size_t k = 0; k < sizeof families / sizeof *families; k++) {
    z->family = families[k].name;
    if (!z->family_only || strcmp(z->family_only, z->family) == 0) families[k].add(z);
  }
  if (z->save) kept_close(z);
}

int main(int argc, char **argv) {
  zoo z = {.fashion = ZOO_SAMPLE, .annealing = {.struct_size = sizeof(vpf_ais_settings), .seed = 1, .reverse = 1}};
  const outputs out = parse(argc, argv, &z);
  const bool judged = !z.save && !z.list;
  if (judged) zoo_print_heading();
  if (out.load)
    kept_judge(&z, out.load);
  else
    build(&z);
  if (out.csv) zoo_write_csv(&z.table, out.csv);
  if (out.markdown) zoo_write_markdown(&z.table, out.markdown);
  const bool passed = !judged || zoo_print_summary(&z.table);
  free(z.table.lines);
  return passed ? 0 : 1;
}
