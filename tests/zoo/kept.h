/* SPDX-License-Identifier: MIT */
/* Machines on disk: truth.csv, a file for each machine, and IDX files of each set of rows. */
#ifndef VPF_TESTS_ZOO_KEPT_H
#define VPF_TESTS_ZOO_KEPT_H

#include "zoo/zoo.h"

/* Into the folder z->save: open, add each machine, close. */
void kept_open(zoo *z);
void kept_add(zoo *z, const zoo_line *line, const vpf_model *model, const zoo_rows *rows);
void kept_close(zoo *z);

/* Judge those of a folder that are asked for. */
void kept_judge(zoo *z, const char *folder);

#endif
