/* SPDX-License-Identifier: MIT */
/* The inverse Ising problem: a machine's couplings, learned back from samples of it.
 *
 * A spin glass on a 4 x 4 periodic lattice has bonds J = +1/2 or -1/2 between neighbours, by chance, and no others.
 * A fully observed Boltzmann machine does not know the lattice: it has a weight between any two of its 16 units.
 * Without weight decay, minimum probability flow is a consistent estimator: the error falls as 1/sqrt(samples).
 *
 *   cc -std=c11 ising.c -o ising $(pkg-config --cflags --libs vpf) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vpf.h>

enum { SIDE = 4, SPINS = SIDE * SIDE, PAIRS = SPINS * (SPINS - 1) / 2 };

/* Spins are -1 and +1, units are 0 and 1: s = 2 y - 1. Put into E(s) = - sum J_ij s_i s_j, which has no field, this is
 * E(y) = - sum w_ij y_i y_j - sum b_i y_i + constant with w_ij = 4 J_ij and b_i = -2 sum_j J_ij. */
static vpf_status set_couplings(vpf_model *model, const float *couplings) {
  float weights[SPINS * SPINS], bias[SPINS];
  for (size_t i = 0; i < SPINS; i++) {
    bias[i] = 0;
    for (size_t j = 0; j < SPINS; j++) {
      weights[i * SPINS + j] = 4 * couplings[i * SPINS + j];
      bias[i] -= 2 * couplings[i * SPINS + j];
    }
  }
  const vpf_status s = vpf_model_set_intra(model, 0, weights);
  return s ? s : vpf_model_set_bias(model, 0, VPF_BIAS_UP, bias);
}

static vpf_status get_couplings(const vpf_model *model, float *couplings) {
  const vpf_status s = vpf_model_get_intra(model, 0, couplings);
  for (size_t k = 0; !s && k < SPINS * SPINS; k++) couplings[k] /= 4;
  return s;
}

/* Each spin draws its bonds to the right and downwards, so that every bond is drawn once. */
static void draw_lattice(float *couplings) {
  srand(1);
  for (size_t k = 0; k < SPINS * SPINS; k++) couplings[k] = 0;
  for (size_t y = 0; y < SIDE; y++)
    for (size_t x = 0; x < SIDE; x++) {
      const size_t i = y * SIDE + x, right = y * SIDE + (x + 1) % SIDE, below = (y + 1) % SIDE * SIDE + x;
      couplings[i * SPINS + right] = couplings[right * SPINS + i] = rand() > RAND_MAX / 2 ? 0.5f : -0.5f;
      couplings[i * SPINS + below] = couplings[below * SPINS + i] = rand() > RAND_MAX / 2 ? 0.5f : -0.5f;
    }
}

/* Draw samples of the true machine and learn the couplings from them alone. */
static vpf_status learn(const vpf_model *truth, size_t count, float *found) {
  const size_t sizes[] = {SPINS};
  const uint8_t intra[] = {1};
  vpf_data *samples = NULL;
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  vpf_status s = vpf_exact_sample(truth, count, 1, &samples); /* independent ones: no chain has to mix */
  if (!s) s = vpf_model_create(&model, sizes, 1, intra, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_optimizer_create(&optimizer);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_WEIGHT_DECAY, 0);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, (double)count / 10);
  for (double rate = 0.1; !s && rate > 1e-4; rate /= 4) { /* the flow is convex here; small steps find its minimum */
    s = vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, rate);
    if (!s) s = vpf_train(model, samples, optimizer, 10, NULL, NULL);
  }
  if (!s) s = get_couplings(model, found);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(samples);
  return s;
}

/* How far the found couplings are from the true ones, over all pairs: of the 120, 32 are bonds, the others 0. */
static void compare(size_t count, const float *truth, const float *found) {
  double error = 0, largest = 0, t = 0, f = 0, tt = 0, tf = 0, ff = 0;
  for (size_t i = 0; i < SPINS; i++)
    for (size_t j = i + 1; j < SPINS; j++) {
      const double a = truth[i * SPINS + j], b = found[i * SPINS + j], distance = a > b ? a - b : b - a;
      error += distance / PAIRS;
      if (distance > largest) largest = distance;
      t += a, f += b, tt += a * a, tf += a * b, ff += b * b;
    }
  const double covariance = tf - t * f / PAIRS;
  const double r2 = covariance * covariance / ((tt - t * t / PAIRS) * (ff - f * f / PAIRS));
  printf("%8zu %12.4f %14.4f %18.5f\n", count, error, largest, r2);
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    return printf("ising %s\n", vpf_version_string()) < 0 || fflush(stdout) != 0;
  const size_t sizes[] = {SPINS};
  const uint8_t intra[] = {1};
  float truth[SPINS * SPINS], found[SPINS * SPINS];
  vpf_model *lattice = NULL;

  draw_lattice(truth);
  vpf_status s = vpf_model_create(&lattice, sizes, 1, intra, VPF_COUPLING_PAIRWISE);
  if (!s) s = set_couplings(lattice, truth);
  printf(" samples   mean error  largest error  squared correlation\n");
  for (size_t count = 1000; !s && count <= 256000; count *= 4) {
    s = learn(lattice, count, found);
    if (!s) compare(count, truth, found);
  }
  if (!s) printf("\nspin 0 and spin     ");
  for (size_t j = 1; !s && j < SPINS; j++) printf("%6zu", j);
  if (!s) printf("\ntrue coupling       ");
  for (size_t j = 1; !s && j < SPINS; j++) printf("%6.2f", (double)truth[j]);
  if (!s) printf("\nfound, last samples ");
  for (size_t j = 1; !s && j < SPINS; j++) printf("%6.2f", (double)found[j]);
  if (!s) putchar('\n');
  if (s) fprintf(stderr, "ising: %s: %s\n", vpf_status_string(s), vpf_error_message());
  if (!s && (fflush(stdout) || ferror(stdout))) s = VPF_ERR_IO, perror("ising: stdout"); /* a full disk */

  vpf_model_destroy(lattice);
  return s ? 1 : 0;
}
