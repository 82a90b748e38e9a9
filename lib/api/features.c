/* SPDX-License-Identifier: MIT */
/* Mean-field features, and what they say about the units. */
#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/activity.h"
#include "eval/encode.h"

static vpf_status check_layer(const char *function, const vpf_model *model, const vpf_data *data, size_t layer) {
  if (!model) return vpfi_null(function, "model");
  if (!data) return vpfi_null(function, "data");
  if (layer >= model->shape.n_layers)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: layer %zu is not in a model of %zu layers", function, layer,
                     model->shape.n_layers);
  return vpfi_check_columns(data, model->shape.layer[0].size, "visible units");
}

vpf_status vpf_encode(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  const vpf_status status = check_layer(__func__, model, data, layer);
  if (status) return status;
  if (!out) return vpfi_null(__func__, "out");
  const size_t threads = vpfi_thread_count(0);
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  if (!scratch) return VPF_ERR_MEMORY;
  const vpfi_machine machine = vpfi_machine_of(model);
  vpfi_encode(&machine, data->bits, data->words, data->rows, layer, out, threads, scratch);
  vpfi_scratch_destroy(scratch, threads);
  return VPF_OK;
}

static vpf_status mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  const size_t n = model->shape.layer[layer].size;
  double *sum = vpfi_alloc(n, sizeof *sum);
  if (!sum) return VPF_ERR_MEMORY;
  const vpfi_machine machine = vpfi_machine_of(model);
  const vpf_status status = vpfi_activity(&machine, data->bits, data->words, data->rows, layer, vpfi_thread_count(0),
                                          sum, NULL, NULL);
  for (size_t j = 0; !status && j < n; j++) out[j] = (float)(sum[j] / (double)data->rows);
  vpfi_free(sum);
  return status;
}

vpf_status vpf_mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  const vpf_status status = check_layer(__func__, model, data, layer);
  if (status) return status;
  if (!out) return vpfi_null(__func__, "out");
  return mean_activations(model, data, layer, out);
}

/* value * bins is exact: 24 bits of a float times at most 21. */
enum { MOST_BINS = 1 << 20 };

static size_t bin_of(float value, size_t bins) {
  if (!(value > 0)) return 0;
  return value < 1 ? (size_t)((double)value * (double)bins) : bins - 1;
}

vpf_status vpf_activation_histogram(const vpf_model *model, const vpf_data *data, size_t layer, size_t bins,
                                    size_t *out_counts) {
  vpf_status status = check_layer(__func__, model, data, layer);
  if (status) return status;
  if (!out_counts) return vpfi_null(__func__, "out_counts");
  if (bins == 0 || bins > MOST_BINS)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: bins %zu is outside [1, %d]", __func__, bins, MOST_BINS);
  const size_t n = model->shape.layer[layer].size;
  float *means = vpfi_alloc(n, sizeof *means);
  if (!means) return VPF_ERR_MEMORY;
  status = mean_activations(model, data, layer, means);
  for (size_t b = 0; !status && b < bins; b++) out_counts[b] = 0;
  for (size_t j = 0; !status && j < n; j++) out_counts[bin_of(means[j], bins)]++;
  vpfi_free(means);
  return status;
}

/* The means over units, from the sums over rows. */
static vpf_activity summary(const double *sum, const double *square, size_t n, size_t rows) {
  vpf_activity out = {0};
  for (size_t j = 0; j < n; j++) {
    const double mean = sum[j] / (double)rows;
    out.mean += mean;
    out.lifetime_sparseness += vpfi_sparseness(sum[j], square[j], rows);
    if (mean < 0.01) out.dead += 1;
    if (mean > 0.99) out.saturated += 1;
  }
  out.mean /= (double)n;
  out.lifetime_sparseness /= (double)n;
  out.dead /= (double)n;
  out.saturated /= (double)n;
  return out;
}

vpf_status vpf_layer_activity(const vpf_model *model, const vpf_data *data, size_t layer, vpf_activity *out) {
  vpf_status status = check_layer(__func__, model, data, layer);
  if (!status) status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_activity, saturated));
  if (status) return status;
  const size_t n = model->shape.layer[layer].size;
  double *sum = vpfi_alloc(n, sizeof *sum), *square = vpfi_alloc(n, sizeof *square), sparseness;
  status = sum && square ? VPF_OK : VPF_ERR_MEMORY;
  const vpfi_machine machine = vpfi_machine_of(model);
  if (!status)
    status = vpfi_activity(&machine, data->bits, data->words, data->rows, layer, vpfi_thread_count(0), sum, square,
                           &sparseness);
  if (!status) {
    vpf_activity report = summary(sum, square, n, data->rows);
    report.population_sparseness = sparseness / (double)data->rows;
    vpfi_return_report(out, &report, sizeof report);
  }
  vpfi_free(square);
  vpfi_free(sum);
  return status;
}
