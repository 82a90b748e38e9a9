/* SPDX-License-Identifier: MIT */
/* A run that dies and is gone on with gives the same bits as one that was never interrupted.
 *
 *   resume [CHECKPOINT]
 *
 * Ten epochs in one go; then four, which leave a CHECKPOINT (resume.safetensors), and six more from that file alone.
 * The file holds the machine and everything that training remembers: moments, hidden states, seed, options.
 *
 *   cc -std=c11 resume.c -o resume $(pkg-config --cflags --libs vpf) */
#include <stdio.h>
#include <string.h>
#include <vpf.h>

enum { ROWS = 1000, VISIBLE = 20, HIDDEN = 10, PARAMETERS = VISIBLE + HIDDEN + VISIBLE * HIDDEN };

/* Each row is on from one place to the end: something to learn, and no file is needed. */
static vpf_status make_rows(vpf_data **out) {
  static uint8_t rows[ROWS][VISIBLE];
  for (size_t r = 0; r < ROWS; r++)
    for (size_t i = 0; i < VISIBLE; i++) rows[r][i] = i >= r * 7 % VISIBLE;
  return vpf_data_from_u8(out, &rows[0][0], ROWS, VISIBLE, 0);
}

static vpf_status begin(vpf_model **model, vpf_optimizer **optimizer) {
  const size_t sizes[] = {VISIBLE, HIDDEN};
  vpf_status s = vpf_model_create(model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_model_init(*model, 1);
  if (!s) s = vpf_optimizer_create(optimizer);
  return s;
}

static vpf_status uninterrupted(const vpf_data *data, float *parameters) {
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  vpf_status s = begin(&model, &optimizer);
  if (!s) s = vpf_train(model, data, optimizer, 10, NULL, NULL);
  if (!s) s = vpf_model_get_params(model, parameters);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  return s;
}

/* Saving replaces the file as a whole, so a run may save as often as it likes and die at any moment, in the middle of
 * an epoch too. Nothing of this life is left but the file. */
static vpf_status first_life(const vpf_data *data, const char *path) {
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  vpf_status s = begin(&model, &optimizer);
  if (!s) s = vpf_train(model, data, optimizer, 4, NULL, NULL);
  if (!s) s = vpf_checkpoint_save(model, optimizer, path);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  return s;
}

static vpf_status second_life(const vpf_data *data, const char *path, float *parameters) {
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  vpf_status s = vpf_checkpoint_load(&model, &optimizer, path);
  if (!s) s = vpf_train(model, data, optimizer, 6, NULL, NULL);
  if (!s) s = vpf_model_get_params(model, parameters);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  return s;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    return printf("resume %s\n", vpf_version_string()) < 0 || fflush(stdout) != 0;
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
    fprintf(stderr, "usage: resume [CHECKPOINT]\n");
    return 2;
  }
  const char *const path = argc > 1 ? argv[1] : "resume.safetensors";
  float whole[PARAMETERS], resumed[PARAMETERS];
  vpf_data *data = NULL;

  vpf_status s = make_rows(&data);
  if (!s) s = uninterrupted(data, whole);
  if (!s) s = first_life(data, path);
  if (!s) s = second_life(data, path, resumed);
  const int same = !s && memcmp(whole, resumed, sizeof whole) == 0;
  if (!s) printf("10 epochs, and 4 and 6: the %d parameters are %s\n", PARAMETERS, same ? "identical" : "different");
  if (s) fprintf(stderr, "resume: %s: %s\n", vpf_status_string(s), vpf_error_message());
  if (!s && (fflush(stdout) || ferror(stdout))) s = VPF_ERR_IO, perror("resume: stdout"); /* a full disk */

  vpf_data_destroy(data);
  return s || !same ? 1 : 0;
}
