/* SPDX-License-Identifier: MIT */
/* A deep machine whose hidden layers have connections inside: what it imagines, and what it fills in.
 *
 *   dbm_intra IMAGES        IMAGES: an IDX file of 28 x 28 pixels, plain or gzipped
 *
 * All layers are trained at the same time. Then images are generated from the top down, and the right half of images
 * that it has not seen is filled in; an answer is worth something only if it beats the all-black one.
 *
 *   cc -std=c11 dbm_intra.c -o dbm_intra $(pkg-config --cflags --libs vpf)
 *   ./dbm_intra sample/train-images-idx3-ubyte.gz */
#include <stdio.h>
#include <string.h>
#include <vpf.h>

enum { WIDTH = 28, PIXELS = WIDTH * WIDTH, TOP = 32, LAYERS = 4, HELD_OUT = 200, DRAWN = 4, EPOCHS = 15 };

/* Images side by side. A character is about twice as high as it is wide, so it shows two pixels of a column. */
static void draw(const char *title, const float *images) {
  static const char shades[] = " .:-=+*#%@";
  puts(title);
  for (size_t y = 0; y < WIDTH; y += 2) {
    for (size_t image = 0; image < DRAWN; image++)
      for (size_t x = 0; x < WIDTH; x++) {
        const float *const pixel = images + image * PIXELS + y * WIDTH + x;
        putchar(shades[(size_t)((pixel[0] + pixel[WIDTH]) / 2 * 9.99f)]);
      }
    putchar('\n');
  }
}

static int show(const vpf_progress *p, void *user) {
  (void)user;
  if (p->epoch % 5 != 0) return 0;
  printf("epoch %2zu: flow", p->epoch);
  for (size_t pair = 0; pair < p->pairs; pair++) printf(" %6.1f", p->flow_lower[pair] + p->flow_upper[pair]);
  printf("  activity");
  for (size_t layer = 0; layer < p->layers; layer++) printf(" %.2f", p->activity[layer]);
  putchar('\n');
  return 0;
}

/* The P prior of the paper: the top layer begins as active as the training images make it on average. */
static vpf_status imagine(const vpf_model *model, const vpf_data *train) {
  static float prior[TOP], images[DRAWN * PIXELS];
  vpf_status s = vpf_mean_activations(model, train, LAYERS - 1, prior);
  if (!s) s = vpf_generate(model, DRAWN, 3, prior, 1, images);
  if (!s) draw("generated:", images);
  return s;
}

static vpf_status fill_in(const vpf_model *model, const vpf_data *truth) {
  static float levels[HELD_OUT * PIXELS], answer[HELD_OUT * PIXELS];
  static const float black[HELD_OUT * PIXELS];
  uint8_t missing[PIXELS], known[PIXELS];
  for (size_t i = 0; i < PIXELS; i++) missing[i] = i % WIDTH >= WIDTH / 2, known[i] = !missing[i];

  vpf_data *noisy = NULL;
  double error = 0, of_black = 0;
  vpf_status s = vpf_data_corrupt(&noisy, truth, missing, VPF_NOISE_REPLACE, 1);
  if (!s) s = vpf_reconstruct(model, noisy, known, 50, 25, 1, answer);
  if (!s) s = vpf_reconstruction_error(truth, answer, missing, &error, NULL);
  if (!s) s = vpf_reconstruction_error(truth, black, missing, &of_black, NULL);
  if (!s) s = vpf_data_to_f32(noisy, levels);
  if (!s) draw("corrupted:", levels);
  if (!s) draw("filled in:", answer);
  if (!s) s = vpf_data_to_f32(truth, levels);
  if (!s) draw("the truth:", levels);
  if (!s) printf("error in pixels of the %d: %.1f; of an all-black answer: %.1f\n", PIXELS / 2, error, of_black);
  vpf_data_destroy(noisy);
  return s;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    return printf("dbm_intra %s\n", vpf_version_string()) < 0 || fflush(stdout) != 0;
  if (argc != 2 || argv[1][0] == '-') {
    fprintf(stderr, "usage: dbm_intra IMAGES\n");
    return 2;
  }
  const size_t sizes[LAYERS] = {PIXELS, 128, 64, TOP};
  const uint8_t intra[LAYERS] = {0, 1, 1, 1};
  vpf_data *images = NULL, *train = NULL, *held_out = NULL;
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;

  vpf_status s = vpf_data_load_idx(&images, argv[1], 127);
  const size_t rows = vpf_data_rows(images);
  if (!s) s = vpf_data_slice(&train, images, 0, rows - HELD_OUT);
  if (!s) s = vpf_data_slice(&held_out, images, rows - HELD_OUT, HELD_OUT);
  if (!s) s = vpf_model_create(&model, sizes, LAYERS, intra, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_model_init(model, 1);
  if (!s) s = vpf_optimizer_create(&optimizer);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_WEIGHT_DECAY, 0.05); /* for a few thousand images */
  if (!s) s = vpf_train(model, train, optimizer, EPOCHS, show, NULL);
  if (!s) s = imagine(model, train);
  if (!s) s = fill_in(model, held_out);
  if (s) fprintf(stderr, "dbm_intra: %s: %s\n", vpf_status_string(s), vpf_error_message());
  if (!s && (fflush(stdout) || ferror(stdout))) s = VPF_ERR_IO, perror("dbm_intra: stdout"); /* a full disk */

  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(held_out);
  vpf_data_destroy(train);
  vpf_data_destroy(images);
  return s ? 1 : 0;
}
