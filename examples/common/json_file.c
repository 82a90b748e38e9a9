/* SPDX-License-Identifier: MIT */
#include "json_file.h"

#include <stdio.h>

#include "complain.h"
#include "new_file.h"

vpf_status json_file_save(const json_t *value, const char *path) {
  new_file file;
  vpf_status s = new_file_open(&file, NULL, path);
  if (s) return s;
  if (json_dumpf(value, file.stream, JSON_INDENT(1) | JSON_PRESERVE_ORDER) || fputc('\n', file.stream) == EOF)
    s = complain_io("write", path);
  if (!s) s = new_file_publish(&file);
  new_file_close(&file);
  return s;
}

const char *json_text(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

json_t *json_file_load(const char *path) {
  json_error_t error;
  json_t *value = json_load_file(path, 0, &error);
  if (json_is_object(value)) return value;
  complain_because(VPF_ERR_FORMAT, "%s: line %d: %s", path, error.line, value ? "is not an object" : error.text);
  json_decref(value);
  return NULL;
}
