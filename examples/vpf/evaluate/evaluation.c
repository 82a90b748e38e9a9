/* SPDX-License-Identifier: MIT */
#include "evaluation.h"

#include <stdlib.h>
#include <unistd.h>

#include "../../common/complain.h"
#include "../../common/image_files.h"
#include "../../common/machine.h"
#include "../../common/options.h"

/* The training images once with grey levels, which some parts need, and once the bits of those that were
 * trained on. */
static vpf_status load_training(evaluation *e) {
  const evaluate_options *options = e->options;
  const bool with_grey_levels = options->wanted[PART_PARZEN] || options->wanted[PART_FILLING];
  vpf_data *bits = NULL;
  vpf_status s = load_images(&e->images, e->training_path, 0, with_grey_levels, NULL);
  if (!s) s = complain(vpf_data_bits_only(&bits, e->images));
  if (!s) s = first_rows(&e->training, bits, options->limit ? options->limit : SIZE_MAX);
  vpf_data_destroy(bits);
  return s;
}

/* Where there is none, --ladder-file says where to write one. */
static vpf_status load_ladder(evaluation *e) {
  const char *path = e->options->ladder_file;
  return path && !access(path, F_OK) ? complain(vpf_ladder_load(&e->ladder, path)) : VPF_OK;
}

static vpf_status load(evaluation *e) {
  const evaluate_options *options = e->options;
  vpf_status s = complain(vpf_model_load(&e->model, options->model));
  if (!s) s = machine_with_energy(&e->machine, e->model);
  if (!s) s = load_ladder(e);
  if (s) return s;
  e->test_path = find_images(options->data, "t10k");
  e->training_path = e->test_path ? find_images(options->data, "train") : NULL;
  if (!e->training_path) return VPF_ERR_IO;

  s = load_images(&e->test, e->test_path, options->rows, true, NULL);
  if (!s) s = load_training(e);
  e->rows = vpf_data_rows(e->test);
  return s;
}

static int ladder_fits(const evaluation *e) {
  vpf_model *rung = NULL;
  if (complain(vpf_ladder_model(e->ladder, 0, &rung))) return EXIT_RUNTIME;
  const size_t its[] = {vpf_model_layer_size(rung, 0), vpf_model_layer_size(rung, 1)};
  const size_t wanted[] = {vpf_model_layer_size(e->machine, 0), vpf_model_layer_size(e->machine, 1)};
  vpf_model_destroy(rung);
  if (its[0] == wanted[0] && its[1] == wanted[1]) return OPTIONS_COMPLETE;
  return complain_option("--ladder-file", e->options->ladder_file, "is a ladder for %zu-%zu, the machine is %zu-%zu",
                         its[0], its[1], wanted[0], wanted[1]);
}

static int check_ladder(const evaluation *e) {
  if (!e->options->ladder) return OPTIONS_COMPLETE;
  if (vpf_model_layers(e->machine) != 2 || machine_has_intra(e->machine))
    return complain_option("--ladder", NULL, "ladders are for machines of two layers without intra-layer weights");
  return e->ladder ? ladder_fits(e) : OPTIONS_COMPLETE;
}

static int check(evaluation *e) {
  const evaluate_options *options = e->options;
  const vpf_data *sets[] = {e->test, e->images};
  for (size_t k = 0; k < 2; k++) {
    const int fit = machine_fits(e->model, sets[k], options->data);
    if (fit != OPTIONS_COMPLETE) return fit;
  }
  if (options->wanted[PART_PARZEN] && options->sigma <= 0 && vpf_data_rows(e->training) == vpf_data_rows(e->images))
    return complain_option("--sigma", "select", "needs images that were not trained on: give a smaller --limit");
  const int climbable = check_ladder(e);
  if (climbable != OPTIONS_COMPLETE || !options->wanted[PART_FILLING]) return climbable;
  return picture_size(vpf_data_cols(e->test), options->width, &e->width, &e->height);
}

/* For the parts that draw. */
static vpf_status find_prior(evaluation *e) {
  if (!e->options->wanted[PART_PARZEN] && !e->options->wanted[PART_MOMENTS]) return VPF_OK;
  return machine_prior(&e->prior, e->model, e->training);
}

int evaluation_begin(evaluation *e, const evaluate_options *options) {
  *e = (evaluation){.options = options};
  if (load(e)) return EXIT_RUNTIME;
  const int fit = check(e);
  if (fit != OPTIONS_COMPLETE) return fit;
  e->steps = options->steps ? options->steps : machine_steps(e->model);
  return find_prior(e) ? EXIT_RUNTIME : OPTIONS_COMPLETE;
}

void evaluation_clear(evaluation *e) {
  free(e->prior);
  vpf_ladder_destroy(e->ladder);
  vpf_data_destroy(e->test);
  vpf_data_destroy(e->training);
  vpf_data_destroy(e->images);
  vpf_model_destroy(e->machine);
  vpf_model_destroy(e->model);
  free(e->training_path);
  free(e->test_path);
  *e = (evaluation){0};
}

const char *evaluation_pair(const evaluation *e) {
  return machine_has_energy(e->model) ? "" : " of the first pair";
}
