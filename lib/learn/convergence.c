/* SPDX-License-Identifier: MIT */
#include "learn/convergence.h"

#include <math.h>

#include "learn/minibatch.h"

static double sum_of_squares(const float *x, size_t count) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += (double)x[k] * (double)x[k];
  return sum;
}

/* Of the sums of gradients; each edge of U is there twice. */
static double square_of_sums(const vpfi_learner *learner) {
  const vpfi_shape *shape = &learner->shape;
  const vpfi_layer *layer = shape->layer;
  double square = 0;
  for (size_t i = 0; i < shape->n_joins; i++)
    square += sum_of_squares(learner->gradient.weights[i], layer[i].width * layer[i + 1].width);
  for (size_t i = 0; i < shape->n_layers; i++)
    if (layer[i].intra) square += sum_of_squares(learner->gradient.intra[i], layer[i].width * layer[i].width) / 2;
  for (size_t r = 0; r < shape->n_roles; r++)
    square += sum_of_squares(learner->gradient.bias[r], layer[shape->role[r].layer].width);
  return square;
}

void vpfi_gradients_begin(vpfi_learner *learner) {
  if (vpfi_learner_sums_gradients(learner)) vpfi_params_zero(&learner->gradient, &learner->shape);
  learner->gradient_squares = 0;
}

void vpfi_gradient_norms(vpfi_trainer *trainer, double *norm, double *noise) {
  vpfi_learner *learner = trainer->learner;
  const double n = (double)learner->sums.batches, rows = (double)learner->data.rows;
  *norm = *noise = (double)NAN;
  if (!vpfi_learner_sums_gradients(learner)) return;
  const double square = square_of_sums(learner) / (n * n);
  *norm = sqrt(square);
  if (n > 1) *noise = sqrt(fmax(learner->gradient_squares / n - square, 0) / (n - 1));
  if (!trainer->method->gradient_is_exact || !trainer->method->gradient_is_exact(learner)) return;
  if (vpfi_minibatch_sum_at_average(trainer)) *norm = sqrt(square_of_sums(learner)) / rows;
}

bool vpfi_has_converged(const vpfi_learner *learner, double norm, double noise) {
  const double tolerance = learner->option[VPFI_AT_TOLERANCE];
  return tolerance > 0 && norm <= tolerance * noise;
}
