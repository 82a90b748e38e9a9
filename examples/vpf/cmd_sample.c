/* SPDX-License-Identifier: MIT */
/* Draw images from a trained machine and look at them.
 *
 *   vpf sample out/model.safetensors --out images.png
 *   vpf sample out/model.safetensors --out chains.png --long-chain 2000
 *
 * cmd_sample() reads the machine and the prior of its top layer, draws, and writes one picture. The command
 * line is in sample_options.c, the picture in ../common/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vpf.h>

#include "../common/complain.h"
#include "../common/image_files.h"
#include "../common/machine.h"
#include "../common/new_file.h"
#include "../common/options.h"
#include "../common/png_tiles.h"
#include "../common/program.h"
#include "commands.h"
#include "sample_options.h"

/* What is drawn: `count` images in rows of `columns`, all of them width x height. */
typedef struct picture {
  size_t width, height, columns, count;
  float *values;    /* [count x width height] */
  double *energies; /* [count]; of long chains */
} picture;

static vpf_status allocate(picture *p, size_t count, size_t columns) {
  p->count = count;
  p->columns = columns;
  p->values = calloc(count, p->width * p->height * sizeof *p->values);
  if (p->values) return VPF_OK;
  return complain_because(VPF_ERR_MEMORY, "cannot allocate %zu images of %zu x %zu", count, p->width, p->height);
}

/* The P prior of the training images. */
static vpf_status load_prior(float **out, const vpf_model *model, const sample_options *options) {
  char *path = find_images(options->prior, "train");
  if (!path) return VPF_ERR_IO;

  vpf_data *images = NULL;
  vpf_status s = load_images(&images, path, options->limit, false, NULL);
  if (!s) s = machine_prior(out, model, images);
  if (!s) printf("prior       mean activations of %zu images, %s\n", vpf_data_rows(images), path);
  vpf_data_destroy(images);
  free(path);
  return s;
}

/* Numbers of steps that a machine takes: one for each pair of layers. */
static size_t pairs_of(const vpf_model *model) {
  return vpf_model_layers(model) > 1 ? vpf_model_layers(model) - 1 : 1;
}

/* As given, or as in the paper's runs; a single number is for all pairs. OPTIONS_COMPLETE; EXIT_USAGE (said) if
 * there are not as many as pairs. */
static int complete_steps(sample_options *options, const vpf_model *model) {
  const size_t pairs = pairs_of(model);
  if (options->step_counts > 1 && options->step_counts != pairs)
    return complain_option("--steps", NULL, "%zu numbers for a machine that takes %zu", options->step_counts, pairs);
  if (pairs > SAMPLE_PAIRS)
    return complain_option("MODEL", NULL, "more than %d layers", SAMPLE_PAIRS + 1);
  if (options->step_counts == 0) options->steps[0] = machine_steps(model);
  if (options->step_counts <= 1)
    for (size_t pair = 1; pair < pairs; pair++) options->steps[pair] = options->steps[0];
  return OPTIONS_COMPLETE;
}

/* "5 steps", or "1, 3, 10 steps" */
static void print_steps(const sample_options *options) {
  const size_t shown = options->step_counts ? options->step_counts : 1;
  for (size_t k = 0; k < shown; k++) printf("%s%zu", k ? ", " : "", options->steps[k]);
  fputs(" steps", stdout);
}

/* The last state of all units of every image: what the probabilities were drawn to. */
static vpf_status draw_states(vpf_data **out, const vpf_model *model, const sample_options *options,
                              const float *prior) {
  return complain(
      vpf_generate_states_by_pair(model, options->count, options->steps, prior, options->seed, out));
}

static vpf_status draw_images(picture *p, const vpf_model *model, const sample_options *options, const float *prior) {
  vpf_status s = allocate(p, options->count, 0);
  if (s) return s;
  if (!options->samples)
    return complain(
        vpf_generate_by_pair(model, options->count, options->steps, prior, options->seed, p->values));

  vpf_data *states = NULL, *visible = NULL;
  s = draw_states(&states, model, options, prior);
  if (!s) s = complain(vpf_data_columns(&visible, states, 0, p->width * p->height));
  if (!s) s = complain(vpf_data_to_f32(visible, p->values));
  vpf_data_destroy(visible);
  vpf_data_destroy(states);
  return s;
}

/* ---- Long chains ---- */

enum { STATES_SHOWN = 20 }; /* of every chain, beside its start */

/* Put the images of all chains into one column of the picture, and say where the chains are. */
static vpf_status show_chains(picture *p, const vpf_model *machine, const vpf_data *states, size_t column,
                              size_t sweeps) {
  const size_t pixels = p->width * p->height, chains = vpf_data_rows(states);
  vpf_data *visible = NULL;
  float *bits = calloc(chains, pixels * sizeof *bits);
  double *energy = calloc(chains, sizeof *energy), mean = 0, on = 0;
  vpf_status s = bits && energy ? complain(vpf_data_columns(&visible, states, 0, pixels))
                                : complain_because(VPF_ERR_MEMORY, "cannot allocate %zu images", chains);
  if (!s) s = complain(vpf_data_to_f32(visible, bits));
  if (!s) s = complain(vpf_model_energy(machine, states, energy));
  for (size_t c = 0; !s && c < chains; c++) {
    memcpy(p->values + (c * p->columns + column) * pixels, bits + c * pixels, pixels * sizeof *bits);
    p->energies[c * p->columns + column] = energy[c];
    mean += energy[c] / (double)chains;
    for (size_t i = 0; i < pixels; i++) on += (double)bits[c * pixels + i] / (double)(chains * pixels);
  }
  if (!s) printf("            %-10zu  %12.2f  %.4f\n", sweeps, mean, on);
  vpf_data_destroy(visible);
  free(energy);
  free(bits);
  return s;
}

/* Sweep the chains on, a stretch of `every` sweeps at a time, each with a seed of its own. Takes the
 * states. */
static vpf_status walk_chains(picture *p, const vpf_model *machine, vpf_data *states, size_t every,
                              const sample_options *options) {
  size_t column = 0, sweeps = 0;
  vpf_status s = show_chains(p, machine, states, column, sweeps);
  while (!s && sweeps < options->long_chain) {
    const size_t left = options->long_chain - sweeps, stretch = every < left ? every : left;
    vpf_data *next = NULL;
    s = complain(vpf_gibbs(machine, states, NULL, stretch, options->seed + 1 + column, &next));
    vpf_data_destroy(states);
    states = next;
    sweeps += stretch;
    if (!s) s = show_chains(p, machine, states, ++column, sweeps);
  }
  vpf_data_destroy(states);
  return s;
}

/* Do all chains see the same machine? Judged by the energies of the states shown. */
static vpf_status print_mixing(const picture *p, size_t every) {
  enum { LEAST = 4 };
  vpf_chain_report report = {.struct_size = sizeof report};
  if (p->columns < LEAST) return VPF_OK;
  const vpf_status s = complain(vpf_chain_diagnostics(p->energies, p->count / p->columns, p->columns, &report));
  if (s) return s;
  printf("mixing      energy drift %.2f +- %.2f, autocorrelation time %.0f sweeps, split R-hat %.3f%s\n", report.drift,
         report.drift_stderr, report.autocorrelation_time * (double)every, report.split_rhat,
         report.split_rhat > 1.05 ? ": the chains have not mixed" : "");
  return VPF_OK;
}

static vpf_status draw_chains(picture *p, const vpf_model *model, const sample_options *options, const float *prior) {
  const size_t every = (options->long_chain + STATES_SHOWN - 1) / STATES_SHOWN;
  const size_t columns = 1 + (options->long_chain + every - 1) / every;
  vpf_model *machine = NULL;
  vpf_data *all = NULL, *states = NULL;

  vpf_status s = allocate(p, options->count * columns, columns);
  p->energies = calloc(options->count * columns, sizeof *p->energies);
  if (!s && !p->energies) s = complain_because(VPF_ERR_MEMORY, "cannot allocate the energies");
  if (!s) s = machine_with_energy(&machine, model);
  if (!s) s = draw_states(&all, model, options, prior);
  if (!s) s = complain(vpf_data_columns(&states, all, 0, machine_units(machine)));
  if (!s) {
    printf("chains      %zu%s, a state every %zu sweeps\n", options->count,
           machine_has_energy(model) ? "" : " of the first pair", every);
    printf("            %-10s  %12s  %s\n", "sweeps", "mean energy", "pixels on");
    s = walk_chains(p, machine, states, every, options);
    if (!s) s = print_mixing(p, every);
  }
  vpf_data_destroy(all);
  vpf_model_destroy(machine);
  return s;
}

/* ---- The whole story ---- */

static vpf_status write_picture(const picture *p, const char *path) {
  const size_t pixels = p->width * p->height;
  const tile_set tiles = {.values = p->values,
                          .count = p->count,
                          .width = p->width,
                          .height = p->height,
                          .tile_step = pixels,
                          .value_step = 1,
                          .scale = TILE_IMAGES,
                          .columns = p->columns};
  const vpf_status s = png_tiles_write(&tiles, NULL, path);
  if (!s) printf("picture     %s\n", path);
  return s;
}

static vpf_status draw(picture *p, const vpf_model *model, const sample_options *options) {
  float *prior = NULL;
  if (new_file_try(options->out)) return VPF_ERR_IO; /* before the work, not after it */

  print_machine(model);
  vpf_status s = options->prior ? load_prior(&prior, model, options) : VPF_OK;
  if (!s) {
    if (!options->prior) puts("prior       0.5 for every unit of the top layer");
    printf("images      %zu, ", options->count);
    print_steps(options);
    printf(", seed %llu, %s\n", (unsigned long long)options->seed,
           options->samples || options->long_chain ? "samples" : "probabilities");
    s = options->long_chain ? draw_chains(p, model, options, prior) : draw_images(p, model, options, prior);
  }
  free(prior);
  return s;
}

int cmd_sample(int argc, char **argv) {
  sample_options options;
  int exit_status = sample_options_parse(&options, argc, argv);
  if (exit_status != OPTIONS_COMPLETE) return exit_status;

  vpf_model *model = NULL;
  picture p = {0};
  vpf_set_threads(options.threads);
  program_outlive_reader();

  exit_status = EXIT_RUNTIME;
  if (!complain(vpf_model_load(&model, options.model))) {
    exit_status = picture_size(vpf_model_layer_size(model, 0), options.width, &p.width, &p.height);
    if (exit_status == OPTIONS_COMPLETE) exit_status = complete_steps(&options, model);
    if (exit_status == OPTIONS_COMPLETE)
      exit_status = draw(&p, model, &options) || write_picture(&p, options.out) ? EXIT_RUNTIME : EXIT_SUCCESS;
  }
  free(p.values);
  free(p.energies);
  vpf_model_destroy(model);
  return exit_status;
}
