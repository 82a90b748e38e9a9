/* SPDX-License-Identifier: MIT */
/* How well does a trained machine fill in what it does not see?
 *
 *   vpf fill out/model.safetensors --data data/mnist --out filled.png
 *
 * A part of each test image is put into noise, filled in again, and compared with the image, for each
 * region in turn; then a picture of the first images is written. The command line is in
 * fill_options.c, filling in and the picture in ../common/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vpf.h>

#include "../common/complain.h"
#include "../common/filling.h"
#include "../common/image_files.h"
#include "../common/machine.h"
#include "../common/new_file.h"
#include "../common/options.h"
#include "../common/png_tiles.h"
#include "../common/program.h"
#include "commands.h"
#include "fill_options.h"

typedef struct run {
  const fill_options *options;
  char *path; /* of the test images */
  vpf_model *model;
  vpf_data *images; /* with grey levels */
  size_t width, height, pixels;
  size_t rows, shown;
  float *answers; /* [rows x pixels], for one region at a time */
  float *picture; /* [3 regions x shown x pixels] */
  size_t lines;   /* of the picture that are done */
} run;

static bool is_wanted(const run *r, const char *name) {
  return !strcmp(r->options->region, "all") || !strcmp(r->options->region, name);
}

/* Three lines of the picture: images, what noise made of them, and the answers. */
static vpf_status show_rows(run *r, const region *part) {
  const filling *how = &r->options->how;
  const size_t line = r->shown * r->pixels;
  float *to = r->picture + r->lines * line;
  vpf_data *images = NULL, *corrupted = NULL;

  vpf_status s = vpf_data_slice(&images, r->images, 0, r->shown);
  if (!s) s = vpf_data_corrupt(&corrupted, images, part->inside, how->protocol->noise, how->seed);
  if (!s) s = vpf_data_to_f32(images, to);
  if (!s) s = vpf_data_to_f32(corrupted, to + line);
  memcpy(to + 2 * line, r->answers, line * sizeof *to);
  r->lines += 3;
  vpf_data_destroy(corrupted);
  vpf_data_destroy(images);
  return complain(s);
}

/* The error of the answers beside that of black. */
static vpf_status print_errors(run *r, const region *part) {
  double mean, error, black, black_error;
  vpf_status s = vpf_reconstruction_error(r->images, r->answers, part->inside, &mean, &error);
  memset(r->answers, 0, r->rows * r->pixels * sizeof *r->answers);
  if (!s) s = vpf_reconstruction_error(r->images, r->answers, part->inside, &black, &black_error);
  if (!s) printf("%-10s  %7.2f +- %4.2f  %7.2f +- %4.2f\n", part->name, mean, error, black, black_error);
  return complain(s);
}

static vpf_status score_region(run *r, const char *name) {
  region part;
  vpf_status s = region_mark(&part, name, r->width, r->height);
  if (!s) s = fill_in(r->model, r->images, &part, &r->options->how, name, r->answers);
  if (!s) s = show_rows(r, &part);
  if (!s) s = print_errors(r, &part);
  region_clear(&part);
  return s;
}

static vpf_status score_regions(run *r) {
  size_t lines = 0;
  for (size_t k = 0; k < REGIONS; k++) lines += is_wanted(r, region_names[k]) ? 3 : 0;
  r->rows = vpf_data_rows(r->images);
  r->shown = r->options->count < r->rows ? r->options->count : r->rows;
  r->answers = calloc(r->rows, r->pixels * sizeof *r->answers);
  r->picture = calloc(lines * r->shown, r->pixels * sizeof *r->picture);
  if (!r->answers || !r->picture)
    return complain_because(VPF_ERR_MEMORY, "cannot allocate %zu images of %zu x %zu", r->rows, r->width, r->height);

  print_machine(r->model);
  printf("images      the first %zu of %s, %zu x %zu, seed %llu\n", r->rows, r->path, r->width, r->height,
         (unsigned long long)r->options->how.seed);
  print_protocol(r->options);
  printf("%-10s  %-15s  %s\n", "region", "     error", "  all black");
  for (size_t k = 0; k < REGIONS; k++)
    if (is_wanted(r, region_names[k]) && score_region(r, region_names[k])) return VPF_ERR_IO;
  return VPF_OK;
}

static vpf_status write_picture(const run *r) {
  const tile_set tiles = {.values = r->picture,
                          .count = r->lines * r->shown,
                          .width = r->width,
                          .height = r->height,
                          .tile_step = r->pixels,
                          .value_step = 1,
                          .scale = TILE_IMAGES,
                          .columns = r->shown};
  const vpf_status s = png_tiles_write(&tiles, NULL, r->options->out);
  if (!s) printf("picture     %s: for each region images, corrupted, answers\n", r->options->out);
  return s;
}

/* The machine and the images, and whether they are for each other: OPTIONS_COMPLETE or an exit status. */
static int prepare(run *r) {
  const fill_options *options = r->options;
  if (complain(vpf_model_load(&r->model, options->model))) return EXIT_RUNTIME;
  r->path = find_images(options->data, "t10k");
  if (!r->path || load_images(&r->images, r->path, options->rows, true, NULL)) return EXIT_RUNTIME;

  const int fit = machine_fits(r->model, r->images, options->data);
  if (fit != OPTIONS_COMPLETE) return fit;
  r->pixels = vpf_data_cols(r->images);
  return picture_size(r->pixels, options->width, &r->width, &r->height);
}

int cmd_fill(int argc, char **argv) {
  fill_options options;
  int exit_status = fill_options_parse(&options, argc, argv);
  if (exit_status != OPTIONS_COMPLETE) return exit_status;

  run r = {.options = &options};
  vpf_set_threads(options.threads);
  program_outlive_reader();

  exit_status = prepare(&r);
  if (exit_status == OPTIONS_COMPLETE) /* before the work, not after it */
    exit_status = new_file_try(options.out) || score_regions(&r) || write_picture(&r) ? EXIT_RUNTIME : EXIT_SUCCESS;
  free(r.picture);
  free(r.answers);
  vpf_data_destroy(r.images);
  vpf_model_destroy(r.model);
  free(r.path);
  return exit_status;
}
