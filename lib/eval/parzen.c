/* SPDX-License-Identifier: MIT */
#include "eval/parzen.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "num/blas.h"
#include "num/elementary.h"
#include "num/statistics.h"
#include "sample/generate.h"

/* Points and centres of one matrix product: at most 1024 x 4096 floats, 16 MiB. BLAS and we take turns, and
 * at each turn the threads of one still spin on the processors that the other needs: with products of 1 MiB,
 * 10 000 x 10 000 x 784 took two to three times as long (two busy cores, measured side by side). */
enum { POINTS = 1024, CENTRES = 4096 };

/* A running sum of exp(exponent - peak) includes the term of its peak, so it is at least 1, and adding less
 * than half a unit in the last place of 1, 2^-53, does not change it: exp(x) < 2^-53 if x < -53 ln 2 =
 * -36.74. For images nearly all exponents are below that, and each would cost an exp. */
#define NEGLIGIBLE (-37.0)

/* Within these, sigma^2 and its reciprocal are normal numbers. */
static const double LEAST_PLAIN_SIGMA = 1e-150, MOST_PLAIN_SIGMA = 1e150;

typedef struct parzen_job {
  const vpfi_parzen_set *set;
  const double *centre_norm, *point_norm;
  const float *product; /* [points x centres], of this block */
  size_t first_point, first_centre, centres;
  const double *sigmas;
  size_t n_sigmas, n_points;
  double *peak, *sum; /* [n_sigmas x n_points]: so far, with sum of exp(exponent - peak) */
} parzen_job;

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

static double norm2(const float *x, size_t dim) {
  double sum = 0;
  for (size_t k = 0; k < dim; k++) sum += (double)x[k] * (double)x[k];
  return sum;
}

static bool is_plain(double sigma) {
  return sigma >= LEAST_PLAIN_SIGMA && sigma <= MOST_PLAIN_SIGMA;
}

/* Sums of squares below this may be of floats whose products are subnormal. */
static const double LEAST_NORM = 1e-30;

/* |x - c|^2 as a sum of squares, where products of floats overflow or underflow. */
static double slow_distance2(const vpfi_parzen_set *set, size_t point, size_t centre) {
  const float *x = set->points + point * set->dim, *c = set->centres + centre * set->dim;
  double sum = 0;
  for (size_t k = 0; k < set->dim; k++) sum += ((double)x[k] - (double)c[k]) * ((double)x[k] - (double)c[k]);
  return sum;
}

/* |x - c|^2 of a point and a centre of this block; below 0 only by rounding. */
static double distance2_of(const parzen_job *job, size_t p, size_t c) {
  const size_t point = job->first_point + p, centre = job->first_centre + c;
  const float product = job->product[p * job->centres + c];
  const double norms = job->point_norm[point] + job->centre_norm[centre];
  if (!isfinite(product) || norms < LEAST_NORM) return slow_distance2(job->set, point, centre);
  return norms - 2 * (double)product;
}

/* Add a block of centres to the running log-sum-exp of each point. */
static void add_block(void *context, size_t begin, size_t end, size_t thread) {
  (void)thread;
  const parzen_job *job = context;
  for (size_t p = begin; p < end; p++) {
    for (size_t s = 0; s < job->n_sigmas; s++) {
      const double sigma = job->sigmas[s], scale = -0.5 / (sigma * sigma);
      const bool plain = is_plain(sigma);
      double *peak = &job->peak[s * job->n_points + job->first_point + p];
      double *sum = &job->sum[s * job->n_points + job->first_point + p];
      for (size_t c = 0; c < job->centres; c++) {
        const double distance2 = distance2_of(job, p, c);
        const double exponent = !(distance2 > 0) ? 0 : plain ? scale * distance2 : -0.5 * (distance2 / sigma / sigma);
        if (exponent <= *peak) {
          if (exponent - *peak > NEGLIGIBLE) *sum += vpfi_exp(exponent - *peak);
        } else {
          *sum = *sum * vpfi_exp(*peak - exponent) + 1;
          *peak = exponent;
        }
      }
    }
  }
}

/* log(sigma sqrt(2 pi)) */
static double log_width(double sigma) {
  return is_plain(sigma) ? vpfi_log(sigma * 2.5066282746310002) : vpfi_log(sigma) + 0.91893853320467274;
}

vpf_status vpfi_parzen(const vpfi_parzen_set *set, const double *sigmas, size_t n_sigmas, size_t threads, double *out) {
  const size_t n_centres = set->n_centres, n_points = set->n_points, dim = set->dim;
  const float *centres = set->centres, *points = set->points;
  double *centre_norm = vpfi_alloc(n_centres, sizeof(double)), *point_norm = vpfi_alloc(n_points, sizeof(double));
  double *sum = vpfi_alloc(n_points, n_sigmas * sizeof(double));
  float *product = vpfi_alloc(smaller(n_points, POINTS) * smaller(n_centres, CENTRES), sizeof(float));
  const bool complete = centre_norm && point_norm && sum && product;
  for (size_t c = 0; complete && c < n_centres; c++) centre_norm[c] = norm2(centres + c * dim, dim);
  for (size_t p = 0; complete && p < n_points; p++) point_norm[p] = norm2(points + p * dim, dim);
  for (size_t k = 0; complete && k < n_sigmas * n_points; k++) out[k] = -HUGE_VAL; /* for now, out holds the peaks */
  for (size_t p = 0; complete && p < n_points; p += POINTS)
    for (size_t c = 0; c < n_centres; c += CENTRES) {
      const size_t np = smaller(n_points - p, POINTS), nc = smaller(n_centres - c, CENTRES);
      vpfi_product_nt(points + p * dim, centres + c * dim, product, np, nc, dim);
      parzen_job job = {set, centre_norm, point_norm, product, p, c, nc, sigmas, n_sigmas, n_points, out, sum};
      vpfi_parallel_for(np, threads, add_block, &job);
    }
  for (size_t s = 0; complete && s < n_sigmas; s++)
    for (size_t p = 0; p < n_points; p++)
      out[s * n_points + p] += vpfi_log(sum[s * n_points + p]) - vpfi_log((double)n_centres) -
                               (double)dim * log_width(sigmas[s]);
  vpfi_free(product);
  vpfi_free(sum);
  vpfi_free(point_norm);
  vpfi_free(centre_norm);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}

vpf_status vpfi_parzen_mean(const vpfi_parzen_set *set, double sigma, size_t threads, double *out_mean,
                            double *out_stderr) {
  double *each = vpfi_alloc(set->n_points, sizeof *each);
  if (!each) return VPF_ERR_MEMORY;
  const vpf_status status = vpfi_parzen(set, &sigma, 1, threads, each);
  if (!status) *out_mean = vpfi_mean(each, set->n_points);
  if (!status) *out_stderr = vpfi_standard_error(each, set->n_points);
  vpfi_free(each);
  return status;
}

vpf_status vpfi_parzen_select(const vpfi_parzen_set *set, const double *sigmas, size_t n_sigmas, size_t threads,
                              double *out_sigma) {
  const size_t n = set->n_points;
  size_t size;
  double *each = vpfi_size_mul(n_sigmas, sizeof *each, &size) ? vpfi_alloc(n, size) : NULL;
  if (!each) return vpfi_fail(VPF_ERR_MEMORY, "no memory for %zu x %zu values", n_sigmas, n);
  vpf_status status = vpfi_parzen(set, sigmas, n_sigmas, threads, each);
  size_t best = 0;
  for (size_t s = 1; !status && s < n_sigmas; s++)
    if (vpfi_mean(each + s * n, n) > vpfi_mean(each + best * n, n)) best = s;
  if (!status && !isfinite(vpfi_mean(each + best * n, n)))
    status = vpfi_fail(VPF_ERR_OVERFLOW, "all sigmas, as %g, are too small for distances from the centres", sigmas[best]);
  if (!status) *out_sigma = sigmas[best];
  vpfi_free(each);
  return status;
}

vpf_status vpfi_parzen_generated(vpfi_workspace *work, const size_t *steps, const float *prior_field, uint64_t seed,
                                 const vpfi_parzen_set *set, double sigma, vpf_parzen_report *report) {
  const size_t draws = report->draws, n_points = set->n_points;
  float *centres = vpfi_alloc(set->n_centres, set->dim * sizeof *centres);
  double *each = vpfi_alloc(n_points, sizeof *each), *point = vpfi_alloc(n_points, sizeof *point);
  double *draw = vpfi_alloc(draws, sizeof *draw);
  vpf_status status = centres && each && point && draw ? VPF_OK : VPF_ERR_MEMORY;
  vpfi_parzen_set drawn = *set;
  drawn.centres = centres;
  for (size_t d = 0; !status && d < draws; d++) {
    vpfi_generate(work, steps, prior_field, seed + d, centres);
    status = vpfi_parzen(&drawn, &sigma, 1, work->team.threads, each);
    if (status) break;
    draw[d] = vpfi_mean(each, n_points);
    for (size_t p = 0; p < n_points; p++) point[p] += each[p] / (double)draws;
  }
  if (!status) {
    report->mean = vpfi_mean(draw, draws);
    report->stderr_points = vpfi_standard_error(point, n_points);
    report->stderr_draws = vpfi_standard_error(draw, draws);
  }
  vpfi_free(draw);
  vpfi_free(point);
  vpfi_free(each);
  vpfi_free(centres);
  return status;
}
