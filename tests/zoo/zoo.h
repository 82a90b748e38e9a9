/* SPDX-License-Identifier: MIT */
/* A zoo of machines whose log Z is known. Families of machines are built one machine at a time; each is judged, or kept
 * on disk, and destroyed before the next. */
#ifndef VPF_TESTS_ZOO_H
#define VPF_TESTS_ZOO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <vpf.h>

#include "zoo/table.h"

/* A set of data: what machines are trained on and annealed from. */
typedef struct zoo_rows {
  char name[40];
  vpf_data *train, *test; /* test: NULL if there are none */
} zoo_rows;

typedef struct zoo {
  bool quick, list;
  const char *family_only, *only; /* NULL: all; only: a name, or the beginning of several that ends with '*' */
  const char *mnist, *fashion;    /* folders of IDX files; mnist may be NULL */
  vpf_ais_settings annealing;     /* base and reverse_from are filled in for each machine */
  const char *save;               /* a folder: machines are kept there instead of being judged */
  FILE *kept;                     /* truth.csv in it */
  const char *family;             /* the one that is being built */
  zoo_table table;
} zoo;

/* Ends the program, with a message. */
_Noreturn void zoo_fail(const char *message);
void zoo_check(vpf_status status);
void *zoo_allocate(size_t count, size_t size);
double zoo_seconds(void);

/* Is this machine asked for? Before the work of building it. */
bool zoo_wants(zoo *z, const char *name);
/* Judge or keep one machine. Takes the model, leaves the rows; these may be NULL. log_z: as a formula has it; NaN: it is
 * enumerated. */
void zoo_add(zoo *z, const char *name, vpf_model *model, double log_z, const zoo_rows *rows);
/* A machine that there is not, and why. */
void zoo_skip(zoo *z, const char *name, const char *reason);

/* Anneal and report one machine, of which the line already has name and truth. */
void zoo_judge_model(zoo *z, zoo_line *line, const vpf_model *model, const zoo_rows *rows);

void zoo_add_ising(zoo *z);
void zoo_add_hopfield(zoo *z);
void zoo_add_spin_rbm(zoo *z);
void zoo_add_trained(zoo *z);
void zoo_add_ising_rbm(zoo *z);
void zoo_add_random(zoo *z);

#endif
