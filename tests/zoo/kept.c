/* SPDX-License-Identifier: MIT */
#include "zoo/kept.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { path_size = 4096 };

void kept_open(zoo *z) {
  char path[path_size];
  mkdir(z->save, 0777); /* if that fails, fopen() does */
  snprintf(path, sizeof path, "%s/truth.csv", z->save);
  z->kept = fopen(path, "w");
  if (!z->kept) zoo_fail("truth.csv cannot be written");
}

void kept_close(zoo *z) {
  if (fclose(z->kept)) zoo_fail("truth.csv cannot be written");
}

static void write_idx(const char *path, const vpf_data *data) {
  const size_t rows = vpf_data_rows(data), cols = vpf_data_cols(data);
  uint8_t *bits = zoo_allocate(rows, cols);
  zoo_check(vpf_data_to_u8(data, bits));
  const size_t sizes[3] = {rows, 1, cols};
  uint8_t header[16] = {0, 0, 8, 3};
  for (size_t k = 0; k < 12; k++) header[4 + k] = (uint8_t)(sizes[k / 4] >> (24 - 8 * (k % 4)));
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(header, sizeof header, 1, file) != 1 || fwrite(bits, cols, rows, file) != rows || fclose(file))
    zoo_fail("rows cannot be written");
  free(bits);
}

static void write_rows(const zoo *z, const zoo_rows *rows) {
  const struct {
    const char *name;
    const vpf_data *data;
  } parts[] = {{"train", rows->train}, {"test", rows->test}};
  for (size_t k = 0; k < 2; k++) {
    char path[path_size];
    struct stat there;
    snprintf(path, sizeof path, "%s/rows-%s-%s.idx", z->save, rows->name, parts[k].name);
    if (parts[k].data && stat(path, &there) != 0) write_idx(path, parts[k].data);
  }
}

void kept_add(zoo *z, const zoo_line *line, const vpf_model *model, const zoo_rows *rows) {
  char path[path_size];
  snprintf(path, sizeof path, "%s/%s.safetensors", z->save, line->name);
  zoo_check(vpf_model_save(model, path));
  if (rows) write_rows(z, rows);
  fprintf(z->kept, "%s,%s,%.17g,%s,%s\n", line->family, line->name, line->truth, line->how, rows ? rows->name : "-");
  if (fflush(z->kept)) zoo_fail("truth.csv cannot be written");
}

/* NULL if there are no such rows. */
static vpf_data *read_rows(const char *folder, const char *name, const char *part) {
  char path[path_size];
  struct stat there;
  snprintf(path, sizeof path, "%s/rows-%s-%s.idx", folder, name, part);
  vpf_data *data = NULL;
  if (stat(path, &there) == 0) zoo_check(vpf_data_load_idx(&data, path, 0));
  return data;
}

static void read_set(const char *folder, const char *name, zoo_rows *rows) {
  if (strcmp(rows->name, name) == 0) return;
  vpf_data_destroy(rows->train);
  vpf_data_destroy(rows->test);
  *rows = (zoo_rows){.train = read_rows(folder, name, "train"), .test = read_rows(folder, name, "test")};
  snprintf(rows->name, sizeof rows->name, "%.39s", name);
}

void kept_judge(zoo *z, const char *folder) {
  char path[path_size], family[16], name[64], how[16], set[40];
  snprintf(path, sizeof path, "%s/truth.csv", folder);
  FILE *file = fopen(path, "r");
  if (!file) zoo_fail("there is no truth.csv to load");
  zoo_rows rows = {0};
  zoo_line line = {0};
  while (fscanf(file, " %15[^,],%63[^,],%lf,%15[^,],%39s", family, name, &line.truth, how, set) == 5) {
    z->family = family;
    if (!zoo_wants(z, name)) continue;
    memcpy(line.family, family, sizeof family);
    memcpy(line.name, name, sizeof name);
    line.how = strcmp(how, "formula") == 0 ? "formula" : "enumeration";
    read_set(folder, set, &rows);
    vpf_model *model;
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    zoo_check(vpf_model_load(&model, path));
    zoo_judge_model(z, &line, model, rows.train ? &rows : NULL);
    vpf_model_destroy(model);
  }
  if (!feof(file)) zoo_fail("truth.csv is damaged");
  fclose(file);
  read_set(folder, "", &rows);
}
