/* SPDX-License-Identifier: MIT */
/* The least that trains a machine and saves it.
 *
 *   minimal [MODEL]
 *
 * An RBM learns bars and stripes, the 4 x 4 images in which every row, or every column, is of one colour, and is
 * written to MODEL (minimal.safetensors). No data are needed.
 *
 *   cc -std=c11 minimal.c -o minimal $(pkg-config --cflags --libs vpf) */
#include <stdio.h>
#include <string.h>
#include <vpf.h>

enum { SIDE = 4, PIXELS = SIDE * SIDE, PATTERNS = 1 << SIDE, IMAGES = 2 * PATTERNS, HIDDEN = 12, EPOCHS = 10000 };

/* Bit i of a pattern is the colour of bar i: of row i in one image, of column i in another. */
static vpf_status bars_and_stripes(vpf_data **out) {
  uint8_t images[IMAGES][SIDE][SIDE];
  for (int pattern = 0; pattern < PATTERNS; pattern++)
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++) {
        images[pattern][y][x] = pattern >> y & 1;
        images[pattern + PATTERNS][y][x] = pattern >> x & 1;
      }
  return vpf_data_from_u8(out, &images[0][0][0], IMAGES, PIXELS, 0);
}

/* The flow is defined for states of all units, so the hidden ones are drawn first. */
static vpf_status print_flow(const char *when, const vpf_model *model, const vpf_data *images) {
  vpf_data *states = NULL;
  double flow = 0;
  vpf_status s = vpf_model_infer(model, images, 1, &states);
  if (!s) s = vpf_model_flow(model, states, &flow);
  if (!s) printf("flow %s training: %.2f\n", when, flow);
  vpf_data_destroy(states);
  return s;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    return printf("minimal %s\n", vpf_version_string()) < 0 || fflush(stdout) != 0;
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
    fprintf(stderr, "usage: minimal [MODEL]\n");
    return 2;
  }
  const char *const path = argc > 1 ? argv[1] : "minimal.safetensors";
  const size_t sizes[] = {PIXELS, HIDDEN};
  vpf_data *images = NULL;
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;

  vpf_status s = bars_and_stripes(&images);
  if (!s) s = vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_model_init(model, 1);
  if (!s) s = vpf_optimizer_create(&optimizer);
  if (!s) s = print_flow("before", model, images);
  if (!s) s = vpf_train(model, images, optimizer, EPOCHS, NULL, NULL);
  if (!s) s = print_flow("after", model, images);
  if (!s) s = vpf_model_save(model, path);
  if (!s) printf("saved %s\n", path);
  if (s) fprintf(stderr, "minimal: %s: %s\n", vpf_status_string(s), vpf_error_message());
  if (!s && (fflush(stdout) || ferror(stdout))) s = VPF_ERR_IO, perror("minimal: stdout"); /* a full disk */

  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(images);
  return s ? 1 : 0;
}
