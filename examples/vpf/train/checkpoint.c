/* SPDX-License-Identifier: MIT */
#include "checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/complain.h"
#include "../../common/new_file.h"
#include "../../common/options.h"

vpf_status checkpoint_save(const train_options *options, const vpf_model *model, const vpf_optimizer *optimizer) {
  char *path = path_join(options->out, "checkpoint.safetensors");
  const vpf_status s = path ? complain(vpf_checkpoint_save(model, optimizer, path)) : VPF_ERR_MEMORY;
  free(path);
  return s;
}

/* ---- From the file to the options ---- */

/* "none", "hidden" or "all"; other programs may make machines that are none of these. */
static const char *name_intra(const uint8_t *intra, size_t layers) {
  size_t hidden = 0;
  for (size_t layer = 1; layer < layers; layer++) hidden += intra[layer];
  if (!intra[0] && hidden == 0) return "none";
  if (hidden + 1 < layers) return "some";
  return intra[0] ? "all" : "hidden";
}

static vpf_status take_machine(train_options *options, const vpf_model *model) {
  const size_t layers = vpf_model_layers(model);
  if (layers > MAX_LAYERS)
    return complain_because(VPF_ERR_UNSUPPORTED, "%s has %zu layers; at most %d are trained here", options->resume,
                            layers, MAX_LAYERS);
  size_t length;
  FILE *arch = open_memstream(&options->text[0], &length);
  if (!arch) return complain_because(VPF_ERR_MEMORY, "cannot allocate the name of a machine");
  for (size_t layer = 0; layer < layers; layer++) {
    options->sizes[layer] = vpf_model_layer_size(model, layer);
    options->intra[layer] = vpf_model_has_intra(model, layer) != 0;
    fprintf(arch, "%s%zu", layer ? "-" : "", options->sizes[layer]);
  }
  fclose(arch);
  options->layers = layers;
  options->arch = options->text[0];
  options->intra_name = name_intra(options->intra, layers);
  options->coupling_name = vpf_model_get_coupling(model) == VPF_COUPLING_JOINT ? "joint" : "pairwise";
  return VPF_OK;
}

static double read_setting(const vpf_optimizer *optimizer, vpf_option key) {
  double value = 0;
  complain(vpf_optimizer_get(optimizer, key, &value));
  return value;
}

static void take_settings(train_options *options, const vpf_optimizer *optimizer) {
  static const char *const methods[] = {"vpf", "cd", "pcd", "ptt"};
  options->seed = vpf_optimizer_get_seed(optimizer);
  options->method_name = methods[(int)read_setting(optimizer, VPF_OPTION_METHOD)];
  options->gibbs_steps = read_setting(optimizer, VPF_OPTION_GIBBS_STEPS);
  options->particles = read_setting(optimizer, VPF_OPTION_PARTICLES);
  options->batch = read_setting(optimizer, VPF_OPTION_BATCH_SIZE);
  options->in_order = read_setting(optimizer, VPF_OPTION_SHUFFLE) <= 0;
  options->threads = read_setting(optimizer, VPF_OPTION_THREADS);
  options->weight_decay = read_setting(optimizer, VPF_OPTION_WEIGHT_DECAY);
  options->decay_given = true;
  options->learning_rate = 0; /* which cannot be given, see take_rate() */
}

/* The results go where the checkpoint is, unless --out says otherwise. */
static vpf_status take_folder(train_options *options) {
  const char *slash = strrchr(options->resume, '/');
  options->text[1] = slash ? strndup(options->resume, (size_t)(slash - options->resume) + 1) : strdup(".");
  if (!options->text[1]) return complain_because(VPF_ERR_MEMORY, "cannot allocate the name of a folder");
  const size_t length = strlen(options->text[1]);
  if (length > 1) options->text[1][length - 1] = '\0';
  options->out = options->text[1];
  return VPF_OK;
}

/* --lr is the rate before the drop; a checkpoint has the rate of its moment. What was divided by ten and is multiplied
 * by ten is the same number again, to the last bit. */
static void take_rate(train_options *options, const vpf_optimizer *optimizer) {
  if (options->learning_rate > 0) return;
  const double rate = read_setting(optimizer, VPF_OPTION_LEARNING_RATE);
  options->learning_rate = train_options_dropped(options, options->epochs_before) ? 10 * rate : rate;
}

/* ---- What cannot be changed ---- */

static int contradicts(const char *option, const char *value, const char *has) {
  return complain_option(option, value, "contradicts the checkpoint, which has %s", has);
}

static int check_number(const char *option, double given, double has) {
  char value[32], text[32];
  if (given >= has && given <= has) return OPTIONS_COMPLETE;
  snprintf(value, sizeof value, "%.0f", given);
  snprintf(text, sizeof text, "%.0f", has);
  return contradicts(option, value, text);
}

/* The same words, or others for the same: --intra hidden is --intra none where there is no hidden layer. */
static int check_same(const train_options *given, const train_options *file) {
  if (given->layers != file->layers || memcmp(given->sizes, file->sizes, file->layers * sizeof *file->sizes) != 0)
    return contradicts("--arch", given->arch, file->arch);
  if (memcmp(given->intra, file->intra, file->layers) != 0)
    return contradicts("--intra", given->intra_name, file->intra_name);
  if (strcmp(given->coupling_name, file->coupling_name) != 0)
    return contradicts("--coupling", given->coupling_name, file->coupling_name);
  if (strcmp(given->method_name, file->method_name) != 0)
    return contradicts("--method", given->method_name, file->method_name);
  if (given->in_order != file->in_order) return contradicts("--in-order", NULL, "shuffled images");
  if (given->seed != file->seed) {
    char value[32], has[32];
    snprintf(value, sizeof value, "%" PRIu64, given->seed);
    snprintf(has, sizeof has, "%" PRIu64, file->seed);
    return contradicts("--seed", value, has);
  }
  int result = check_number("--steps", given->gibbs_steps, file->gibbs_steps);
  if (result == OPTIONS_COMPLETE) result = check_number("--particles", given->particles, file->particles);
  if (result == OPTIONS_COMPLETE) result = check_number("--batch", given->batch, file->batch);
  return result;
}

int checkpoint_resume(vpf_model **model, vpf_optimizer **optimizer, train_options *options, int argc, char **argv) {
  vpf_status s = complain(vpf_checkpoint_load(model, optimizer, options->resume));
  if (!s) s = complain(vpf_optimizer_position(*optimizer, &options->epochs_before, &options->rows_before));
  if (!s) s = take_folder(options);
  if (!s) s = take_machine(options, *model);
  if (s) return EXIT_RUNTIME;
  take_settings(options, *optimizer);

  const train_options file = *options;
  int result = train_options_parse_again(options, argc, argv);
  if (result == OPTIONS_COMPLETE) result = check_same(options, &file);
  take_rate(options, *optimizer);
  return result;
}
