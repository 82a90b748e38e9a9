/* SPDX-License-Identifier: MIT */
/* A file that claims to be a model. What is accepted is sound and comes back from a file of its own unchanged; what is
 * refused leaves nothing behind but a message; and neither takes more memory than the file could justify. */
#include "common.h"

enum { MOST_BYTES = 1 << 20 };

static void check_accepted(const vpf_model *model) {
  fuzz_check_model(model);
  vpf_model *again = NULL;
  PROMISE(vpf_model_save(model, fuzz_path(0)) == VPF_OK);
  PROMISE(vpf_model_load(&again, fuzz_path(0)) == VPF_OK);
  PROMISE(fuzz_model_hash(again) == fuzz_model_hash(model));
  PROMISE(vpf_model_get_coupling(again) == vpf_model_get_coupling(model));
  PROMISE(vpf_model_save(again, fuzz_path(1)) == VPF_OK);
  PROMISE(fuzz_same_files(fuzz_path(0), fuzz_path(1)));
  vpf_model_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > MOST_BYTES) return 0;
  size_t bytes;
  const uint8_t *file = fuzz_repair(data, size, &bytes);
  vpf_model *model = (vpf_model *)(void *)&bytes; /* a failure has to put NULL there */
  fuzz_memory_begin(0, 0);
  const vpf_status status = vpf_model_load(&model, fuzz_file(file, bytes));
  /* Parameters, their transpose and one tensor; rows are padded to 16 floats. Shapes take 1 KiB a layer, and a layer
   * some 40 bytes of header. */
  PROMISE(fuzz_memory_peak() <= 64 * bytes + (1 << 19));
  PROMISE(fuzz_json_peak() <= 128 * bytes + (1 << 16));
  if (status) {
    PROMISE(!model);
    fuzz_check_failure(status);
  } else {
    check_accepted(model);
  }
  vpf_model_destroy(model);
  PROMISE(fuzz_memory_live() == 0);
  return 0;
}
