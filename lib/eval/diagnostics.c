/* SPDX-License-Identifier: MIT */
#include "eval/diagnostics.h"

#include <math.h>

#include "base/memory.h"
#include "num/elementary.h"

/* Sums differences from the first value: if all values are equal these are exactly 0, and so is the
 * variance. */
static double mean_of(const double *x, size_t count) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += x[k] - x[0];
  return x[0] + sum / (double)count;
}

/* 0 for one value. */
static double variance_of(const double *x, size_t count) {
  const double mean = mean_of(x, count);
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += (x[k] - mean) * (x[k] - mean);
  return count > 1 ? sum / (double)(count - 1) : 0;
}

/* The variance of the draws in two ways: W, the mean of the chains' own variances, and V, Eq. (33), which
 * includes the spread of their means (Gelman et al. 2013). If the chains mix, V is close to W. */
typedef struct spread {
  double within, pooled;
} spread;

static spread spread_of(const double *mean, const double *variance, size_t chains, size_t draws) {
  const double within = mean_of(variance, chains);
  return (spread){within, within * (double)(draws - 1) / (double)draws + variance_of(mean, chains)};
}

/* The mean over chains of 1/draws sum_n (x_n - mean) (x_{n+lag} - mean). Four sums side by side, so that
 * no addition has to wait for the one before. */
static double autocovariance(const double *values, const double *mean, size_t chains, size_t draws, size_t lag) {
  double total = 0;
  for (size_t c = 0; c < chains; c++) {
    const double *x = values + c * draws, *y = x + lag;
    double sum[4] = {0};
    size_t n = 0;
    for (; n + 4 <= draws - lag; n += 4)
      for (size_t k = 0; k < 4; k++) sum[k] += (x[n + k] - mean[c]) * (y[n + k] - mean[c]);
    for (; n < draws - lag; n++) sum[0] += (x[n] - mean[c]) * (y[n] - mean[c]);
    total += (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
  return total / ((double)chains * (double)draws);
}

/* tau = 1 + 2 sum_t rho_t, rho_t = 1 - (W - autocovariance(t)) / V: Eq. (34), (35) (Vehtari et al. 2021).
 * The sum goes over pairs rho_2k + rho_2k+1, which are positive and decreasing for a reversible chain: it
 * ends before the first pair that is not positive, and no pair counts more than the one before (Geyer
 * 1992). What is left out is noise. As in Stan, rho_2k of the pair where the sum ends counts once if it is
 * positive (rho may alternate), and N draws count as at most N log10 N effective ones. */
static double autocorrelation_time(const double *values, const double *mean, size_t chains, size_t draws, spread s) {
  double tau = -1, least = HUGE_VAL;
  for (size_t lag = 0; lag + 1 < draws; lag += 2) {
    const double even =
        lag > 0 ? 1 - (s.within - autocovariance(values, mean, chains, draws, lag)) / s.pooled : 1;
    const double odd = 1 - (s.within - autocovariance(values, mean, chains, draws, lag + 1)) / s.pooled;
    if (!(even + odd > 0)) {
      tau += fmax(even, 0);
      break;
    }
    least = fmin(least, even + odd);
    tau += 2 * least;
  }
  return fmax(tau, 2.302585092994046 / vpfi_log((double)chains * (double)draws)); /* 1 / log10 N */
}

static void diagnose(const double *values, size_t chains, size_t draws, double *work, vpf_chain_report *out) {
  const size_t half = draws / 2; /* the middle one of an odd number is in neither half */
  double *mean = work, *variance = mean + chains, *drift = variance + chains;
  double *half_mean = drift + chains, *half_variance = half_mean + 2 * chains;
  for (size_t c = 0; c < chains; c++) {
    const double *x = values + c * draws;
    mean[c] = mean_of(x, draws);
    variance[c] = variance_of(x, draws);
    for (size_t h = 0; h < 2; h++) {
      half_mean[2 * c + h] = mean_of(x + h * (draws - half), half);
      half_variance[2 * c + h] = variance_of(x + h * (draws - half), half);
    }
    drift[c] = half_mean[2 * c + 1] - half_mean[2 * c];
  }
  out->mean = mean_of(values, chains * draws);
  out->sd = sqrt(variance_of(values, chains * draws));
  out->drift = mean_of(drift, chains);
  out->drift_stderr = sqrt(variance_of(drift, chains) / (double)chains);

  const spread whole = spread_of(mean, variance, chains, draws);
  const spread halves = spread_of(half_mean, half_variance, 2 * chains, half);
  out->autocorrelation_time =
      whole.pooled > 0 ? autocorrelation_time(values, mean, chains, draws, whole) : 1; /* nothing varies */
  out->ess = (double)chains * (double)draws / out->autocorrelation_time;
  if (halves.within > 0)
    out->split_rhat = sqrt(halves.pooled / halves.within);
  else
    out->split_rhat = halves.pooled > 0 ? HUGE_VAL : 1;
}

vpf_status vpfi_diagnose(const double *values, size_t chains, size_t draws, vpf_chain_report *out) {
  double *work = vpfi_alloc(chains, 7 * sizeof *work);
  if (!work) return VPF_ERR_MEMORY;
  diagnose(values, chains, draws, work, out);
  vpfi_free(work);
  return VPF_OK;
}
