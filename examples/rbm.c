/* SPDX-License-Identifier: MIT */
/* An RBM on images, of which the best by likelihood is kept.
 *
 *   rbm IMAGES [MODEL]      IMAGES: an IDX file of 28 x 28 pixels, plain or gzipped
 *
 * The flow goes on falling while the model gets worse, so a monitor estimates the likelihood of images that are not
 * trained on, keeps the best model and says when to stop. That one is written to MODEL (rbm.safetensors).
 *
 *   cc -std=c11 rbm.c -o rbm $(pkg-config --cflags --libs vpf) && ./rbm sample/train-images-idx3-ubyte.gz */
#include <stdio.h>
#include <string.h>
#include <vpf.h>

enum { WIDTH = 28, PIXELS = WIDTH * WIDTH, HIDDEN = 128, HELD_OUT = 200, DRAWN = 4 };
enum { EPOCHS = 60, CHECK_EVERY = 2, PATIENCE = 3 }; /* patience: checks without a new best */

/* What the progress function works with; what goes wrong there is kept here. */
typedef struct watcher {
  vpf_monitor *monitor;
  const vpf_model *model;
  const vpf_data *held_out;
  vpf_status status;
} watcher;

static int watch(const vpf_progress *p, void *user) {
  watcher *const w = user;
  vpf_likelihood found = {.struct_size = sizeof found};
  int stop = 0;
  if (p->epoch % CHECK_EVERY != 0) return 0;
  w->status = vpf_monitor_check(w->monitor, w->model, w->held_out, p->epoch, &stop);
  if (!w->status) w->status = vpf_monitor_get(w->monitor, vpf_monitor_checks(w->monitor) - 1, NULL, &found);
  if (w->status) return 1;
  printf("epoch %2zu: flow %.1f, log p of held-out images %.1f nats\n", p->epoch, p->flow, found.mean_low);
  return stop;
}

/* Images side by side. A character is about twice as high as it is wide, so it shows two pixels of a column. */
static void draw(const float *images) {
  static const char shades[] = " .:-=+*#%@";
  for (size_t y = 0; y < WIDTH; y += 2) {
    for (size_t image = 0; image < DRAWN; image++)
      for (size_t x = 0; x < WIDTH; x++) {
        const float *const pixel = images + image * PIXELS + y * WIDTH + x;
        putchar(shades[(size_t)((pixel[0] + pixel[WIDTH]) / 2 * 9.99f)]);
      }
    putchar('\n');
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    return printf("rbm %s\n", vpf_version_string()) < 0 || fflush(stdout) != 0;
  if (argc < 2 || argc > 3 || argv[1][0] == '-') {
    fprintf(stderr, "usage: rbm IMAGES [MODEL]\n");
    return 2;
  }
  const char *const path = argc > 2 ? argv[2] : "rbm.safetensors";
  const size_t sizes[] = {PIXELS, HIDDEN};
  static float prior[HIDDEN], samples[DRAWN * PIXELS];
  vpf_data *images = NULL, *train = NULL, *held_out = NULL;
  vpf_model *model = NULL, *best = NULL;
  vpf_optimizer *optimizer = NULL;
  watcher w = {.status = VPF_OK};
  size_t index = 0, epoch = 0;

  vpf_status s = vpf_data_load_idx(&images, argv[1], 127);
  const size_t rows = vpf_data_rows(images);
  if (!s) s = vpf_data_slice(&train, images, 0, rows - HELD_OUT);
  if (!s) s = vpf_data_slice(&held_out, images, rows - HELD_OUT, HELD_OUT);
  if (!s) s = vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_model_init(model, 1);
  if (!s) s = vpf_optimizer_create(&optimizer);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_WEIGHT_DECAY, 0.05); /* for a few thousand images */
  if (!s) s = vpf_monitor_create(&w.monitor, NULL, PATIENCE);
  w.model = model, w.held_out = held_out;
  if (!s) s = vpf_train(model, train, optimizer, EPOCHS, watch, &w);
  if (!s) s = w.status; /* a check that failed has stopped training, which for vpf_train() is no error */
  if (!s) s = vpf_monitor_best(w.monitor, &index, &best);
  if (!s) s = vpf_monitor_get(w.monitor, index, &epoch, NULL);
  if (!s) s = vpf_model_save(best, path);
  if (!s) printf("saved %s, the model of epoch %zu; samples of it:\n", path, epoch);
  if (!s) s = vpf_mean_activations(best, train, 1, prior);
  if (!s) s = vpf_generate(best, DRAWN, 5, prior, 1, samples);
  if (!s) draw(samples);
  if (s) fprintf(stderr, "rbm: %s: %s\n", vpf_status_string(s), vpf_error_message());
  if (!s && (fflush(stdout) || ferror(stdout))) s = VPF_ERR_IO, perror("rbm: stdout"); /* a full disk */

  vpf_monitor_destroy(w.monitor);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(best);
  vpf_model_destroy(model);
  vpf_data_destroy(held_out);
  vpf_data_destroy(train);
  vpf_data_destroy(images);
  return s ? 1 : 0;
}
