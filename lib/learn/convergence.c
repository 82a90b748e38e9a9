/* SPDX-License-Identifier: MIT */
#include "learn/convergence.h"

#include <math.h>

static double sum_of_squares(const float *x, size_t count) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += (double)x[k] * (double)x[k];
  return sum;
}

void vpfi_gradient_norms(const vpfi_learner *learner, double *norm, double *noise) {
  const vpfi_shape *shape = &learner->shape;
  const vpfi_layer *layer = shape->layer;
  const double n = (double)learner->sums.batches;
  *norm = *noise = NAN;
  if (!vpfi_learner_sums_gradients(learner)) return;
  double square = 0;
  for (size_t i = 0; i < shape->n_joins; i++)
    square += sum_of_squares(learner->gradient.weights[i], layer[i].width * layer[i + 1].width);
  for (size_t i = 0; i < shape->n_layers; i++) /* each edge of U is there twice */
    if (layer[i].intra) square += sum_of_squares(learner->gradient.intra[i], layer[i].width * layer[i].width) / 2;
  for (size_t r = 0; r < shape->n_roles; r++)
    square += sum_of_squares(learner->gradient.bias[r], layer[shape->role[r].layer].width);
  square /= n * n;
  *norm = sqrt(square);
  if (n > 1) *noise = sqrt(fmax(learner->gradient_squares / n - square, 0) / (n - 1));
}

void vpfi_gradients_begin(vpfi_learner *learner) {
  if (vpfi_learner_sums_gradients(learner)) vpfi_params_zero(&learner->gradient, &learner->shape);
  learner->gradient_squares = 0;
}

bool vpfi_has_converged(const vpfi_learner *learner) {
  const double tolerance = learner->option[VPFI_AT_TOLERANCE];
  double norm, noise;
  vpfi_gradient_norms(learner, &norm, &noise);
  return tolerance > 0 && norm <= tolerance * noise;
}
