/* SPDX-License-Identifier: MIT */
/* What training has logged, as columns of numbers: an object with "epochs", an array of an object for each. */
#ifndef EXAMPLE_LOG_COLUMNS_H
#define EXAMPLE_LOG_COLUMNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <vpf/status.h>

/* The log.jsonl of a training, to be given back with json_decref(). It ends before the first line that is no JSON, such as
 * one that is still being written. NULL (said) if it cannot be read. */
json_t *log_read(const char *path);

/* A number of every epoch, to be freed: key "K", "rho", "w2", "seconds" or "epoch"; of an array, such as "K_lower", the
 * first. NULL (said) without memory. */
double *log_column(const json_t *log, const char *key);

size_t log_epochs(const json_t *log);

/* The number at one epoch, counted from 1. */
double log_value(const json_t *log, size_t epoch, const char *key);

/* Whether the likelihood was estimated at that epoch and cannot be trusted. */
bool log_is_doubtful(const json_t *log, size_t epoch);

/* How long the epochs up to this one took to train. */
double log_seconds(const json_t *log, size_t epoch);

#endif
