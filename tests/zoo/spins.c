/* SPDX-License-Identifier: MIT */
#include "zoo/spins.h"

#include <math.h>
#include <stdlib.h>

#include "zoo/zoo.h"

vpf_model *spins_visible(size_t n, const double *j, const double *h, double *out_c) {
  float *u = zoo_allocate(n * n, sizeof *u), *b = zoo_allocate(n, sizeof *b);
  double c = 0;
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += j[i * n + k], u[i * n + k] = (float)(4 * j[i * n + k]);
    const double field = h ? h[i] : 0;
    b[i] = (float)(2 * field - 2 * sum);
    c += field - sum / 2;
  }
  const uint8_t intra = 1;
  vpf_model *model;
  zoo_check(vpf_model_create(&model, &n, 1, &intra, VPF_COUPLING_JOINT));
  zoo_check(vpf_model_set_intra(model, 0, u));
  zoo_check(vpf_model_set_bias(model, 0, VPF_BIAS_UP, b));
  free(u);
  free(b);
  *out_c = c;
  return model;
}

vpf_model *spins_rbm(size_t n, size_t m, const double *w, const double *a) {
  float *units = zoo_allocate(n * m, sizeof *units), *b = zoo_allocate(n + m, sizeof *b);
  for (size_t i = 0; i < n; i++) b[i] = (float)(a ? 2 * a[i] : 0);
  for (size_t k = 0; k < n * m; k++) {
    units[k] = (float)(4 * w[k]);
    b[k / m] -= units[k] / 2;
    b[n + k % m] -= units[k] / 2;
  }
  vpf_model *model;
  zoo_check(vpf_model_create(&model, (size_t[]){n, m}, 2, NULL, VPF_COUPLING_JOINT));
  zoo_check(vpf_model_set_weights(model, 0, units));
  zoo_check(vpf_model_set_bias(model, 0, VPF_BIAS_UP, b));
  zoo_check(vpf_model_set_bias(model, 1, VPF_BIAS_UP, b + n));
  free(units);
  free(b);
  return model;
}

/* Neighbour 0, 1 to the right and below, 2, 3 to the left and above. */
static size_t neighbour(size_t side, size_t site, size_t direction) {
  const size_t row = site / side, col = site % side, step = direction < 2 ? 1 : side - 1;
  return direction % 2 == 0 ? row * side + (col + step) % side : (row + step) % side * side + col;
}

void spins_torus(size_t side, double k, double *j) {
  const size_t n = side * side;
  for (size_t site = 0; site < n; site++)
    for (size_t direction = 0; direction < 4; direction++) j[site * n + neighbour(side, site, direction)] += k;
}

/* log(2 cosh x) and log(2 |sinh x|), for any x. */
static double log_2cosh(double x) {
  return fabs(x) + log1p(exp(-2 * fabs(x)));
}

static double log_2sinh(double x) {
  return fabs(x) + log1p(-exp(-2 * fabs(x)));
}

double spins_kaufman(size_t side, double k) {
  const double l = (double)side, s = sinh(2 * k), c = cosh(2 * k);
  const double gamma_0 = 2 * k + log(tanh(k)); /* below 0 above the critical temperature */
  double terms[4] = {0}, largest = -INFINITY, sum = 0;
  for (size_t r = 0; r < 2 * side; r++) {
    const double gamma = r == 0 ? gamma_0 : acosh(c * c / s - cos(3.14159265358979323846 * (double)r / l));
    const size_t pair = r % 2 == 1 ? 0 : 2;
    terms[pair] += log_2cosh(l * gamma / 2);
    terms[pair + 1] += log_2sinh(l * gamma / 2);
  }
  for (size_t t = 0; t < 4; t++) largest = fmax(largest, terms[t]);
  for (size_t t = 0; t < 4; t++) sum += (t == 3 && gamma_0 < 0 ? -1 : 1) * exp(terms[t] - largest);
  return l * l / 2 * log(2 * s) - log(2) + largest + log(sum);
}

double spins_enumerate(size_t side, double k) {
  const size_t n = side * side;
  long double sum = 0;
  for (uint32_t state = 0; state < (uint32_t)1 << n; state++) {
    int aligned = 0; /* bonds that are, minus bonds that are not */
    for (size_t site = 0; site < n; site++)
      for (size_t direction = 0; direction < 2; direction++)
        aligned += ((state >> site ^ state >> neighbour(side, site, direction)) & 1) ? -1 : 1;
    sum += expl((long double)k * aligned);
  }
  return (double)logl(sum);
}

/* A spin's class: bit k is set if patterns 0 and k + 1 differ there. In the gauge of pattern 0, M_mu, the overlap with
 * pattern mu, is the sum over classes of +-m, where m is the magnetisation of the class. */
enum { most_classes = 4 };

static double log_choose(size_t n, size_t k) {
  return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

static void count_classes(size_t n, size_t p, const double *pattern, size_t *size) {
  for (size_t i = 0; i < n; i++) {
    size_t class = 0;
    for (size_t mu = 1; mu < p; mu++) class |= (size_t)(pattern[i] != pattern[mu * n + i]) << (mu - 1);
    size[class]++;
  }
}

/* log of the weight of all states with up[c] spins of each class c up: -E = w / 2 sum over mu of (M_mu^2 - n). */
static double log_weight(size_t n, size_t p, const size_t *size, const size_t *up, double w) {
  double log_w = 0;
  for (size_t mu = 0; mu < p; mu++) {
    double overlap = 0;
    for (size_t c = 0; c < most_classes; c++) {
      const double m = 2 * (double)up[c] - (double)size[c];
      overlap += mu > 0 && (c >> (mu - 1) & 1) ? -m : m;
    }
    log_w += w / 2 * (overlap * overlap - (double)n);
  }
  for (size_t c = 0; c < most_classes; c++) log_w += log_choose(size[c], up[c]);
  return log_w;
}

double spins_patterns(size_t n, size_t p, const double *pattern, double w) {
  size_t size[most_classes] = {0}, up[most_classes] = {0}, c = 0;
  if (p > 3) zoo_fail("three patterns at most");
  count_classes(n, p, pattern, size);
  double log_z = -INFINITY;
  while (c < most_classes) {
    const double log_w = log_weight(n, p, size, up, w), high = fmax(log_z, log_w);
    log_z = high + log1p(exp(-fabs(log_z - log_w)));
    for (c = 0; c < most_classes && up[c] == size[c]; c++) up[c] = 0; /* counting up, with digits 0 .. size[c] */
    if (c < most_classes) up[c]++;
  }
  return log_z;
}

static void flip_cluster(dice *d, size_t side, double p, uint8_t *y, size_t *stack) {
  size_t high = 0;
  stack[high++] = dice_below(d, side * side);
  const uint8_t old = y[stack[0]];
  y[stack[0]] = !old;
  while (high > 0) {
    const size_t site = stack[--high];
    for (size_t direction = 0; direction < 4; direction++) {
      const size_t next = neighbour(side, site, direction);
      if (y[next] != old || dice_unit(d) >= p) continue;
      y[next] = !old;
      stack[high++] = next;
    }
  }
}

uint8_t *spins_wolff(dice *d, size_t side, double k, size_t count) {
  const size_t n = side * side, warm_up = 1000, thin = 10; /* clusters */
  const double p = 1 - exp(-2 * k);
  uint8_t *rows = zoo_allocate(count, n), *y = zoo_allocate(n, 1);
  size_t *stack = zoo_allocate(n, sizeof *stack);
  for (size_t c = 0; c < warm_up; c++) flip_cluster(d, side, p, y, stack);
  for (size_t row = 0; row < count; row++) {
    for (size_t c = 0; c < thin; c++) flip_cluster(d, side, p, y, stack);
    for (size_t i = 0; i < n; i++) rows[row * n + i] = y[i];
  }
  free(y);
  free(stack);
  return rows;
}
