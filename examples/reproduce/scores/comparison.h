/* SPDX-License-Identifier: MIT */
/* Machines side by side: the same measures of each, a row of a table. */
#ifndef EXAMPLE_COMPARISON_H
#define EXAMPLE_COMPARISON_H

#include "../machines/recipes.h"
#include "../report/findings.h"
#include "../run.h"

/* What is measured, as bits. */
enum {
  COMPARE_FLOW = 1,         /* K of the epoch, from the log */
  COMPARE_WEIGHTS = 2,      /* rho and w^2 of the first pair */
  COMPARE_ACTIVITY = 4,     /* mean activation of each hidden layer, over training images, intra-layer weights ignored */
  COMPARE_LIKELIHOOD = 8,   /* log p of test images and of the empty image; RBMs */
  COMPARE_PARZEN = 16,      /* of validation images, R and P, each at its best number of steps of 1, 2, 3, 5 */
  COMPARE_FILLING = 32      /* error of filling in test images, clamped, mean over the four regions */
};

typedef struct comparison_subject {
  const char *name, *about;
  vpf_model *model;
  double flow;              /* for COMPARE_FLOW */
} comparison_subject;

/* A table with columns for those measures, of machines with so many hidden layers. */
json_t *comparison_table(findings *f, const char *title, unsigned measures, size_t hidden_layers);

/* Said on failure. */
vpf_status comparison_row(run *r, findings *f, json_t *table, unsigned measures, const comparison_subject *subject);

/* The same for a machine that was trained and kept at that epoch, seed 1. */
vpf_status comparison_of_kept(run *r, findings *f, json_t *table, unsigned measures, const char *name,
                              const char *recipe_name, size_t epoch);

/* A machine that was trained and kept at that epoch, as the row of a comparison. */
typedef struct competitor {
  const char *name, *recipe;
  size_t epoch;
} competitor;
#define COMPETITORS(list) (sizeof(list) / sizeof *(list))

/* A row for each of them, seed 1, with the progress of the section. Said on failure. */
vpf_status compare_all(run *r, findings *f, json_t *table, unsigned measures, const competitor *list, size_t count);

/* Error of filling in test images, clamped, mean over the four regions. */
vpf_status clamped_error(const run *r, const vpf_model *model, double *out);

/* The latest kept epoch that is no later than this one, which is the same in a complete run. */
size_t kept_epoch(const run *r, const recipe *how, size_t epoch);

#endif
