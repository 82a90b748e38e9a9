/* SPDX-License-Identifier: MIT */
/* The figures and tables of the paper, and questions that it leaves open: what each needs, and how it is measured. */
#ifndef EXAMPLE_SECTIONS_H
#define EXAMPLE_SECTIONS_H

#include "machines/recipes.h"
#include "report/findings.h"
#include "run.h"

enum { SECTION_RECIPES = 11 };

typedef struct section {
  const char *name;                       /* of --only and of its file */
  const char *title;
  const char *question;                   /* what it is about, for the report */
  const char *recipes[SECTION_RECIPES];   /* machines that it needs; ends with NULL */
  double cost;                            /* about seconds on two processors */
  bool fashion;                           /* needs Fashion-MNIST */
  vpf_status (*measure)(run *r, findings *f); /* failures are said */
} section;

/* Every section in the order of the report, ended by one without a name. */
const section *all_sections(void);

/* Whether `names`, joined by commas, are all names of sections. */
bool sections_named(const char *names);

/* "<out>/findings/<section>.json", to be freed; NULL (said) without memory. */
char *findings_path(const run *r, const section *s);

/* Whether a section is to be measured: it is among the names, or they are NULL. */
bool section_wanted(const section *s, const char *names);

vpf_status measure_stdp(run *r, findings *f);
vpf_status measure_filters(run *r, findings *f);
vpf_status measure_curves(run *r, findings *f);
vpf_status measure_table1(run *r, findings *f);
vpf_status measure_table2(run *r, findings *f);
vpf_status measure_deeper(run *r, findings *f);
vpf_status measure_fashion(run *r, findings *f);
vpf_status measure_likelihood(run *r, findings *f);
vpf_status measure_coupling(run *r, findings *f);
vpf_status measure_estep(run *r, findings *f);
vpf_status measure_decay(run *r, findings *f);
vpf_status measure_steps(run *r, findings *f);
vpf_status measure_order(run *r, findings *f);
vpf_status measure_greedy(run *r, findings *f);

#endif
