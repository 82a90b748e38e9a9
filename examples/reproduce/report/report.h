/* SPDX-License-Identifier: MIT */
/* The report: one self-contained page of all that was found so far, and its numbers as files. */
#ifndef EXAMPLE_REPORT_H
#define EXAMPLE_REPORT_H

#include "../run.h"

/* Write <out>/report.html, results.csv and results.json from <out>/findings. Said on failure. */
vpf_status report_write(const run *r);

#endif
