/* SPDX-License-Identifier: MIT */
/* What a user does first: train a tiny machine, save it, load it. Argument: the file to write. */
#include <stdio.h>
#include <string.h>
#include <vpf.h>

enum { ROWS = 8, VISIBLE = 6, HIDDEN = 4, PARAMS = VISIBLE + HIDDEN + VISIBLE * HIDDEN };

int main(int argc, char **argv) {
  static const uint8_t rows[ROWS * VISIBLE] = {
      1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1,
      1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1,
  };
  static const size_t sizes[] = {VISIBLE, HIDDEN};
  float before[PARAMS], trained[PARAMS], loaded[PARAMS];
  vpf_data *data = NULL;
  vpf_model *model = NULL, *copy = NULL;
  vpf_optimizer *optimizer = NULL;

  if (argc != 2) return 2;
  if (vpf_version_number() != VPF_VERSION_MAJOR * 10000 + VPF_VERSION_MINOR * 100 + VPF_VERSION_PATCH) {
    fprintf(stderr, "headers and library differ: library %s\n", vpf_version_string());
    return 1;
  }

  vpf_status s = vpf_data_from_u8(&data, rows, ROWS, VISIBLE, 0);
  if (!s) s = vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  if (!s && vpf_model_param_count(model) != PARAMS) s = VPF_ERR_INTERNAL;
  if (!s) s = vpf_model_init(model, 1);
  if (!s) s = vpf_model_get_params(model, before);
  if (!s) s = vpf_optimizer_create(&optimizer);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 4);
  if (!s) s = vpf_train(model, data, optimizer, 1, NULL, NULL);
  if (!s) s = vpf_model_get_params(model, trained);
  if (!s) s = vpf_model_save(model, argv[1]);
  if (!s) s = vpf_model_load(&copy, argv[1]);
  if (!s) s = vpf_model_get_params(copy, loaded);
  if (s) fprintf(stderr, "%s: %s\n", vpf_status_string(s), vpf_error_message());

  int wrong = s != VPF_OK;
  if (!wrong && memcmp(before, trained, sizeof before) == 0) {
    fprintf(stderr, "training changed nothing\n");
    wrong = 1;
  }
  if (!wrong && memcmp(trained, loaded, sizeof trained) != 0) {
    fprintf(stderr, "the loaded model is not the saved one\n");
    wrong = 1;
  }
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(copy);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
  return wrong;
}
