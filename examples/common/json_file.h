/* SPDX-License-Identifier: MIT */
/* Numbers that are kept between runs, as JSON. */
#ifndef EXAMPLE_JSON_FILE_H
#define EXAMPLE_JSON_FILE_H

#include <jansson.h>
#include <vpf/status.h>

/* Replaces the file whole. VPF_ERR_IO, VPF_ERR_MEMORY; said. */
vpf_status json_file_save(const json_t *value, const char *path);

/* The text of a key, "" if there is none. */
const char *json_text(const json_t *object, const char *key);

/* An object, to be given back with json_decref(); NULL (said) if there is none. */
json_t *json_file_load(const char *path);

#endif
