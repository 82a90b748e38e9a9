/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target once on each file of the given files and folders: a corpus as an ordinary test. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common.h"

static size_t inputs;

static void run_file(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = malloc(size ? size : 1); /* as long as it is, for a sanitizer to see what reads beyond */
  if (!file || !bytes || fread(bytes, 1, size, file) != size) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(2);
  }
  fclose(file);
  fprintf(stderr, "%s\r", path);
  LLVMFuzzerTestOneInput(bytes, size);
  free(bytes);
  inputs++;
}

static void run_path(const char *path) {
  struct stat info;
  if (stat(path, &info)) {
    fprintf(stderr, "there is no %s\n", path);
    exit(2);
  }
  if (!S_ISDIR(info.st_mode)) {
    run_file(path, (size_t)info.st_size);
    return;
  }
  struct dirent **entries = NULL;
  const int count = scandir(path, &entries, NULL, alphasort);
  for (int k = 0; k < count; k++) {
    if (entries[k]->d_name[0] != '.') {
      char inner[4096];
      snprintf(inner, sizeof inner, "%s/%s", path, entries[k]->d_name);
      run_path(inner);
    }
    free(entries[k]);
  }
  free(entries);
}

int main(int argc, char **argv) {
  for (int k = 1; k < argc; k++) run_path(argv[k]);
  printf("\n%zu inputs, every promise kept\n", inputs);
  return inputs > 0 ? 0 : 2;
}
