/* SPDX-License-Identifier: MIT */
/* A file that claims to be a checkpoint: as model_fuzz.c, and what is accepted can be trained on. */
#include "common.h"

#include <stdlib.h>

enum { MOST_BYTES = 1 << 20, MOST_UNITS = 64, ROWS = 10 };

static double option(const vpf_optimizer *optimizer, vpf_option key) {
  double value = -1, low, high;
  PROMISE(vpf_optimizer_get(optimizer, key, &value) == VPF_OK);
  PROMISE(vpf_option_bounds(key, &low, &high, NULL) == VPF_OK);
  PROMISE(value >= low && value <= high);
  return value;
}

/* Not for hours, nor with gigabytes of samples and particles. */
static int is_cheap(const vpf_model *model, const vpf_optimizer *optimizer) {
  return vpf_model_units(model) <= MOST_UNITS && option(optimizer, VPF_OPTION_ESTEP_SWEEPS) <= 20 &&
         option(optimizer, VPF_OPTION_ESTEP_SAMPLES) <= 20 && option(optimizer, VPF_OPTION_PARTICLES) <= 1000 &&
         option(optimizer, VPF_OPTION_GIBBS_STEPS) <= 20;
}

/* Other data than those of an epoch that was stopped inside are refused; anything else is trained, or diverges. */
static void train_on(vpf_model *model, vpf_optimizer *optimizer) {
  const size_t visible = vpf_model_layer_size(model, 0);
  uint8_t bits[ROWS * MOST_UNITS];
  for (size_t k = 0; k < ROWS * visible; k++) bits[k] = k * k % 7 < 3;
  vpf_data *data = NULL;
  PROMISE(vpf_data_from_u8(&data, bits, ROWS, visible, 0) == VPF_OK);
  PROMISE(vpf_optimizer_set(optimizer, VPF_OPTION_THREADS, 1) == VPF_OK);
  const vpf_status status = vpf_train(model, data, optimizer, 2, NULL, NULL);
  if (status) fuzz_check_failure(status);
  fuzz_check_model(model);
  vpf_data_destroy(data);
}

static void check_accepted(vpf_model *model, vpf_optimizer *optimizer) {
  fuzz_check_model(model);
  vpf_model *again = NULL;
  vpf_optimizer *its = NULL;
  PROMISE(vpf_checkpoint_save(model, optimizer, fuzz_path(0)) == VPF_OK);
  PROMISE(vpf_checkpoint_load(&again, &its, fuzz_path(0)) == VPF_OK);
  PROMISE(vpf_checkpoint_save(again, its, fuzz_path(1)) == VPF_OK);
  PROMISE(fuzz_same_files(fuzz_path(0), fuzz_path(1)));
  size_t epochs[2], rows[2];
  PROMISE(vpf_optimizer_position(optimizer, &epochs[0], &rows[0]) == VPF_OK);
  PROMISE(vpf_optimizer_position(its, &epochs[1], &rows[1]) == VPF_OK);
  PROMISE(epochs[0] == epochs[1] && rows[0] == rows[1]);
  PROMISE(vpf_optimizer_get_seed(its) == vpf_optimizer_get_seed(optimizer));
  if (is_cheap(model, optimizer)) { /* and both in the same way */
    train_on(model, optimizer);
    train_on(again, its);
    PROMISE(fuzz_model_hash(model) == fuzz_model_hash(again));
  }
  vpf_optimizer_destroy(its);
  vpf_model_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > MOST_BYTES) return 0;
  size_t bytes;
  const uint8_t *file = fuzz_repair(data, size, &bytes);
  vpf_model *model = (vpf_model *)(void *)&bytes;
  vpf_optimizer *optimizer = (vpf_optimizer *)(void *)&bytes;
  fuzz_memory_begin(0, 0);
  const vpf_status status = vpf_checkpoint_load(&model, &optimizer, fuzz_file(file, bytes));
  PROMISE(fuzz_memory_peak() <= 128 * bytes + (1 << 19));
  PROMISE(fuzz_json_peak() <= 128 * bytes + (1 << 16));
  if (status) {
    PROMISE(!model && !optimizer);
    fuzz_check_failure(status);
  } else {
    check_accepted(model, optimizer);
  }
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  PROMISE(fuzz_memory_live() == 0);
  return 0;
}
