/* SPDX-License-Identifier: MIT */
#include "eval/pseudo.h"

#include "base/memory.h"
#include "base/threads.h"
#include "num/bits.h"
#include "num/elementary.h"

typedef struct pseudo_job {
  const vpfi_shape *shape;
  const vpfi_params *params;
  const uint64_t *bits;
  double *out;
  double **field, **softplus; /* [threads]: of the hidden units, [size of layer 1] */
} pseudo_job;

/* The hidden units' part of F(x with unit i flipped) - F(x), negated. W changes each field by one
 * weight. */
static double hidden_gain(const pseudo_job *job, const double *field, const double *softplus, size_t i, double sign) {
  const vpfi_layer *hidden = &job->shape->layer[1];
  const float *w = job->params->weights[0] + i * hidden->width;
  double gain = 0;
  for (size_t j = 0; j < hidden->size; j++) gain += vpfi_softplus(field[j] + sign * (double)w[j]) - softplus[j];
  return gain;
}

/* log p(x_i | rest) = -log(1 + exp(F(x) - F(x flipped))) */
static void pseudo_range(void *context, size_t begin, size_t end, size_t thread) {
  const pseudo_job *job = context;
  const vpfi_layer *visible = &job->shape->layer[0];
  const bool has_hidden = job->shape->n_layers == 2;
  const vpfi_layer *hidden = has_hidden ? &job->shape->layer[1] : NULL;
  double *field = job->field[thread], *softplus = job->softplus[thread];
  for (size_t r = begin; r < end; r++) {
    const uint64_t *row = job->bits + r * visible->words;
    for (size_t j = 0; has_hidden && j < hidden->size; j++) {
      const float *w = job->params->weights_t[0] + j * visible->width;
      field[j] = (double)job->params->bias[hidden->up][j];
      for (size_t i = 0; i < visible->size; i++)
        if (vpfi_bits_get(row, i)) field[j] += (double)w[i];
      softplus[j] = vpfi_softplus(field[j]);
    }
    double sum = 0;
    for (size_t i = 0; i < visible->size; i++) {
      const double sign = vpfi_bits_get(row, i) ? -1 : 1;
      double own = (double)job->params->bias[visible->up][i];
      for (size_t k = 0; visible->intra && k < visible->size; k++)
        if (vpfi_bits_get(row, k)) own += (double)job->params->intra[0][i * visible->width + k];
      const double gain = sign * own + (has_hidden ? hidden_gain(job, field, softplus, i, sign) : 0);
      sum -= vpfi_softplus(gain);
    }
    job->out[r] = sum;
  }
}

static bool alloc_each(double **list, size_t threads, size_t n) {
  for (size_t t = 0; t < threads; t++)
    if (!(list[t] = vpfi_alloc(n, sizeof(double)))) return false;
  return true;
}

vpf_status vpfi_pseudo_likelihood(const vpfi_shape *shape, const vpfi_params *params, const uint64_t *bits,
                                  size_t rows, size_t threads, double *out) {
  const size_t n = shape->n_layers == 2 ? shape->layer[1].size : 1;
  pseudo_job job = {shape, params, bits, out, vpfi_alloc(threads, sizeof(double *)),
                    vpfi_alloc(threads, sizeof(double *))};
  const bool complete =
      job.field && job.softplus && alloc_each(job.field, threads, n) && alloc_each(job.softplus, threads, n);
  if (complete) vpfi_parallel_for(rows, threads, pseudo_range, &job);
  for (size_t t = 0; job.field && job.softplus && t < threads; t++) {
    vpfi_free(job.field[t]);
    vpfi_free(job.softplus[t]);
  }
  vpfi_free(job.field);
  vpfi_free(job.softplus);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}
