/* SPDX-License-Identifier: MIT */
#include "log_columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "complain.h"

json_t *log_read(const char *path) {
  FILE *stream = fopen(path, "rb");
  if (!stream) {
    complain_io("read", path);
    return NULL;
  }
  json_t *epochs = json_array(), *line;
  while ((line = json_loadf(stream, JSON_DISABLE_EOF_CHECK, NULL))) json_array_append_new(epochs, line);
  const bool failed = ferror(stream) != 0;
  if (failed) complain_io("read", path);
  fclose(stream);
  json_t *log = json_pack("{s:o}", "epochs", epochs);
  if (!log) complain_because(VPF_ERR_MEMORY, "cannot allocate a log");
  if (!failed) return log;
  json_decref(log);
  return NULL;
}

size_t log_epochs(const json_t *log) {
  return json_array_size(json_object_get(log, "epochs"));
}

static json_t *get(const json_t *log, size_t epoch, const char *key) {
  return json_object_get(json_array_get(json_object_get(log, "epochs"), epoch - 1), key);
}

double log_value(const json_t *log, size_t epoch, const char *key) {
  json_t *value = get(log, epoch, key);
  if (json_is_array(value)) value = json_array_get(value, 0);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

bool log_is_doubtful(const json_t *log, size_t epoch) {
  return json_array_size(get(log, epoch, "doubts")) > 0;
}

double log_seconds(const json_t *log, size_t epoch) {
  double seconds = 0;
  for (size_t k = 1; k <= epoch; k++) seconds += log_value(log, k, "seconds");
  return seconds;
}

double *log_column(const json_t *log, const char *key) {
  const size_t epochs = log_epochs(log);
  double *column = calloc(epochs ? epochs : 1, sizeof *column);
  if (!column) complain_because(VPF_ERR_MEMORY, "cannot allocate %zu numbers", epochs);
  for (size_t k = 0; column && k < epochs; k++) column[k] = log_value(log, k + 1, key);
  return column;
}
