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

/* ---- What cannot be changed ---- */

static bool differ(double a, double b) {
  return a < b || a > b;
}

static int contradicts(const char *option, const char *value, const char *has) {
  return complain_option(option, value, "contradicts the checkpoint, which has %s", has);
}

static int check_number(setting which, const train_options *given, const train_options *file) {
  char value[32], has[32];
  if (!differ(given->set.value[which], file->set.value[which])) return OPTIONS_COMPLETE;
  snprintf(value, sizeof value, "%.0f", given->set.value[which]);
  snprintf(has, sizeof has, "%.0f", file->set.value[which]);
  return contradicts(setting_option(which), value, has);
}

static int check_method(const train_options *given, const train_options *file) {
  const int wanted = (int)given->set.value[SETTING_METHOD], has = (int)file->set.value[SETTING_METHOD];
  return wanted == has ? OPTIONS_COMPLETE : contradicts("--method", method_name(wanted), method_name(has));
}

/* Options that a recipe has nothing to do with, or that depend on how many epochs were planned. */
static bool is_free(const train_options *given, vpf_option key) {
  return key == VPF_OPTION_THREADS || key == VPF_OPTION_PROGRESS_BATCHES || key == VPF_OPTION_DROP_EPOCH ||
         settings_has_given(&given->set, key);
}

/* Whether `optimizer` has the options of `wanted`; those that were given have been looked at. */
static int compare_options(const train_options *given, const vpf_optimizer *wanted, const vpf_optimizer *optimizer) {
  for (size_t k = 0; k < vpf_option_count(); k++) {
    vpf_option_info info = {.struct_size = sizeof info};
    double wants = 0, has = 0;
    vpf_status s = vpf_option_describe(k, &info);
    if (!s) s = vpf_optimizer_get(wanted, info.option, &wants);
    if (!s) s = vpf_optimizer_get(optimizer, info.option, &has);
    if (complain(s)) return EXIT_RUNTIME;
    if (is_free(given, info.option) || !differ(wants, has)) continue;
    char text[64];
    snprintf(text, sizeof text, "%s %g", info.name, has);
    return contradicts("--recipe", vpf_recipe_name(given->recipe), text);
  }
  return OPTIONS_COMPLETE;
}

/* A checkpoint has no name of a recipe, but all that one chooses: a new optimizer, begun as the command line says, has
 * the same. The machine and the image for it are the smallest there are. */
static int check_recipe(const train_options *given, const vpf_optimizer *optimizer) {
  const uint8_t pixel = 0;
  const size_t size = 1;
  vpf_model *model = NULL;
  vpf_data *data = NULL;
  vpf_optimizer *wanted = NULL;
  int result = EXIT_RUNTIME;
  if (!given->recipe_given) return OPTIONS_COMPLETE;
  vpf_status s = vpf_model_create(&model, &size, 1, NULL, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_data_from_u8(&data, &pixel, 1, 1, 0);
  if (!s) s = vpf_optimizer_create(&wanted);
  if (!complain(s) && !train_options_begin(given, model, data, wanted))
    result = compare_options(given, wanted, optimizer);
  vpf_optimizer_destroy(wanted);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
  return result;
}

/* The same words, or others for the same: --intra hidden is --intra none where there is no hidden layer. */
static int check_same(const train_options *given, const train_options *file) {
  if (given->layers != file->layers || memcmp(given->sizes, file->sizes, file->layers * sizeof *file->sizes) != 0)
    return contradicts("--arch", given->arch, file->arch);
  if (memcmp(given->intra, file->intra, file->layers) != 0)
    return contradicts("--intra", given->intra_name, file->intra_name);
  if (strcmp(given->coupling_name, file->coupling_name) != 0)
    return contradicts("--coupling", given->coupling_name, file->coupling_name);
  if (differ(given->set.value[SETTING_SHUFFLE], file->set.value[SETTING_SHUFFLE]))
    return contradicts("--in-order", NULL, "shuffled images");
  if (given->seed != file->seed) {
    char value[32], has[32];
    snprintf(value, sizeof value, "%" PRIu64, given->seed);
    snprintf(has, sizeof has, "%" PRIu64, file->seed);
    return contradicts("--seed", value, has);
  }
  int result = check_method(given, file);
  if (result == OPTIONS_COMPLETE) result = check_number(SETTING_STEPS, given, file);
  if (result == OPTIONS_COMPLETE) result = check_number(SETTING_PARTICLES, given, file);
  if (result == OPTIONS_COMPLETE) result = check_number(SETTING_BATCH, given, file);
  return result;
}

int checkpoint_resume(vpf_model **model, vpf_optimizer **optimizer, train_options *options, int argc, char **argv) {
  vpf_status s = complain(vpf_checkpoint_load(model, optimizer, options->resume));
  if (!s) s = complain(vpf_optimizer_position(*optimizer, &options->epochs_before, &options->rows_before));
  if (!s) s = take_folder(options);
  if (!s) s = take_machine(options, *model);
  if (!s) s = settings_read(&options->set, *optimizer);
  if (s) return EXIT_RUNTIME;
  options->seed = vpf_optimizer_get_seed(*optimizer);

  const train_options file = *options;
  int result = train_options_parse_again(options, argc, argv);
  if (result == OPTIONS_COMPLETE) result = check_same(options, &file);
  if (result == OPTIONS_COMPLETE) result = check_recipe(options, *optimizer);
  return result;
}
