/* SPDX-License-Identifier: MIT */
/* A training loop of your own, from the functions that vpf_train() is made for.
 *
 *   own_loop IMAGES         IMAGES: an IDX file of 28 x 28 pixels, plain or gzipped
 *
 * Every epoch infers the hidden states of all rows (E-step) and passes over them in minibatches (M-step): gradient of
 * the flow, weight decay, SGD with momentum. Change any of it and you have a method of your own. vpf_train() does the
 * same beside it: after the first epoch, which draws the same hidden states, the parameters agree to rounding.
 *
 *   cc -std=c11 own_loop.c -o own_loop $(pkg-config --cflags --libs vpf)
 *   ./own_loop sample/train-images-idx3-ubyte.gz */
#include <stdio.h>
#include <string.h>
#include <vpf.h>

enum { PIXELS = 28 * 28, HIDDEN = 64, BIASES = PIXELS + HIDDEN, PARAMETERS = BIASES + PIXELS * HIDDEN };
enum { BATCH = 40, EPOCHS = 10, SEED = 1 };
static const float rate = 1e-3f, momentum = 0.9f, decay = 0.05f;

/* The parameters as one vector, for an RBM: visible biases, hidden biases, weights. */
typedef struct learner {
  float theta[PARAMETERS], velocity[PARAMETERS], gradient[PARAMETERS];
} learner;

static vpf_status step(vpf_model *model, const vpf_data *batch, learner *l) {
  const vpf_status s = vpf_model_flow_gradient(model, batch, l->gradient);
  if (s) return s;
  for (size_t k = 0; k < PARAMETERS; k++) {
    const float g = k < BIASES ? l->gradient[k] : l->gradient[k] + 2 * decay * l->theta[k]; /* biases do not decay */
    l->velocity[k] = momentum * l->velocity[k] + g;
    l->theta[k] -= rate * l->velocity[k];
  }
  return vpf_model_set_params(model, l->theta);
}

static vpf_status train_epoch(vpf_model *model, const vpf_data *images, uint64_t seed, learner *l) {
  vpf_data *states = NULL;
  vpf_status s = vpf_model_infer(model, images, seed, &states);
  const size_t rows = vpf_data_rows(states);
  for (size_t first = 0; !s && first < rows; first += BATCH) {
    vpf_data *batch = NULL;
    s = vpf_data_slice(&batch, states, first, rows - first < BATCH ? rows - first : BATCH);
    if (!s) s = step(model, batch, l);
    vpf_data_destroy(batch);
  }
  vpf_data_destroy(states);
  return s;
}

/* Flow of both machines on the same rows, and how far apart their parameters are. */
static vpf_status compare(size_t epoch, const vpf_model *own, const vpf_model *other, const vpf_data *images) {
  static float a[PARAMETERS], b[PARAMETERS];
  const vpf_model *const models[2] = {own, other};
  double flow[2] = {0}, largest = 0;
  vpf_status s = vpf_model_get_params(own, a);
  if (!s) s = vpf_model_get_params(other, b);
  for (int m = 0; !s && m < 2; m++) {
    vpf_data *states = NULL;
    s = vpf_model_infer(models[m], images, SEED, &states);
    if (!s) s = vpf_model_flow(models[m], states, &flow[m]);
    vpf_data_destroy(states);
  }
  for (size_t k = 0; !s && k < PARAMETERS; k++) {
    const double difference = a[k] > b[k] ? a[k] - b[k] : b[k] - a[k];
    if (difference > largest) largest = difference;
  }
  if (!s) printf("%5zu %10.2f %10.2f %22.1e\n", epoch, flow[0], flow[1], largest);
  return s;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    return printf("own_loop %s\n", vpf_version_string()) < 0 || fflush(stdout) != 0;
  if (argc != 2 || argv[1][0] == '-') {
    fprintf(stderr, "usage: own_loop IMAGES\n");
    return 2;
  }
  static learner l; /* large, and zero at the start */
  const size_t sizes[] = {PIXELS, HIDDEN};
  vpf_data *images = NULL;
  vpf_model *own = NULL, *other = NULL;
  vpf_optimizer *optimizer = NULL;

  vpf_status s = vpf_data_load_idx(&images, argv[1], 127);
  if (!s) s = vpf_model_create(&own, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_model_init(own, SEED);
  if (!s) s = vpf_model_clone(&other, own);
  if (!s) s = vpf_model_get_params(own, l.theta);
  if (!s) s = vpf_optimizer_create(&optimizer);
  if (!s) s = vpf_optimizer_set_seed(optimizer, SEED);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_RULE, VPF_RULE_SGD);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, (double)rate);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_MOMENTUM, (double)momentum);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_WEIGHT_DECAY, (double)decay);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, BATCH);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_SHUFFLE, 0); /* as the loop here does it */

  if (!s) printf("epoch   own flow  vpf_train   largest difference\n");
  for (size_t epoch = 1; !s && epoch <= EPOCHS; epoch++) {
    s = train_epoch(own, images, SEED + epoch - 1, &l);
    if (!s) s = vpf_train(other, images, optimizer, 1, NULL, NULL);
    if (!s) s = compare(epoch, own, other, images);
  }
  if (s) fprintf(stderr, "own_loop: %s: %s\n", vpf_status_string(s), vpf_error_message());
  if (!s && (fflush(stdout) || ferror(stdout))) s = VPF_ERR_IO, perror("own_loop: stdout"); /* a full disk */

  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(other);
  vpf_model_destroy(own);
  vpf_data_destroy(images);
  return s ? 1 : 0;
}
