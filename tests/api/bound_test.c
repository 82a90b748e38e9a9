/* SPDX-License-Identifier: MIT */
/* The bound behind the method (paper, Eq. 3; docs/math.md, section 4), on machines small enough to write down the
 * chain in continuous time as a matrix. The rates come from the library, all else from the definitions. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"
#include "support/random_machine.h"

enum { VISIBLE = 2, HIDDEN = 3, UNITS = VISIBLE + HIDDEN, STATES = 1 << UNITS, IMAGES = 1 << VISIBLE, CODES = 1 << HIDDEN };

/* A distribution over states; unit k is bit k, so a state is an image plus IMAGES times a code. */
typedef struct chain {
  long double generator[STATES][STATES]; /* [to][from], columns sum to 0 */
  long double energy[STATES];
} chain;

/* Rates exp(E(y)/2 - E(x)/2) between neighbours, from the energies of the library. */
static void read_chain(chain *c, const vpf_model *model) {
  vpf_data *all = data_of_all_states(UNITS, STATES);
  double energy[STATES];
  assert_ok(vpf_model_energy(model, all, energy));
  memset(c, 0, sizeof *c);
  for (size_t y = 0; y < STATES; y++) {
    c->energy[y] = energy[y];
    for (size_t k = 0; k < UNITS; k++) {
      const size_t x = y ^ ((size_t)1 << k);
      c->generator[x][y] = expl(((long double)energy[y] - (long double)energy[x]) / 2);
      c->generator[y][y] -= c->generator[x][y];
    }
  }
  vpf_data_destroy(all);
}

/* p becomes exp(t generator) p: the Taylor series over steps so short that twenty terms are exact. */
static void run_chain(const chain *c, long double t, long double *p) {
  enum { TERMS = 20 };
  long double fastest = 0;
  for (size_t y = 0; y < STATES; y++) fastest = fmaxl(fastest, -c->generator[y][y]);
  const size_t steps = (size_t)ceill(2 * t * fastest) + 1;
  const long double dt = t / (long double)steps;
  for (size_t s = 0; s < steps; s++) {
    long double term[STATES], next[STATES];
    memcpy(term, p, sizeof term);
    for (size_t n = 1; n <= TERMS; n++) {
      for (size_t x = 0; x < STATES; x++) {
        next[x] = 0;
        for (size_t y = 0; y < STATES; y++) next[x] += c->generator[x][y] * term[y];
        next[x] *= dt / (long double)n;
      }
      memcpy(term, next, sizeof term);
      for (size_t x = 0; x < STATES; x++) p[x] += term[x];
    }
  }
}

static long double divergence(const long double *p, const long double *q, size_t count) {
  long double sum = 0;
  for (size_t k = 0; k < count; k++)
    if (p[k] > 0) sum += p[k] * logl(p[k] / q[k]);
  return sum;
}

static void images_of(const long double *p, long double *images) {
  memset(images, 0, IMAGES * sizeof *images);
  for (size_t y = 0; y < STATES; y++) images[y % IMAGES] += p[y];
}

/* E over images of p0 of the divergence between the posteriors of q and p. */
static long double posterior_divergence(const long double *q, const long double *p) {
  long double of_q[IMAGES], of_p[IMAGES], sum = 0;
  images_of(q, of_q);
  images_of(p, of_p);
  for (size_t x = 0; x < IMAGES; x++) {
    long double conditional_q[CODES], conditional_p[CODES];
    if (of_q[x] <= 0) continue;
    for (size_t h = 0; h < CODES; h++) {
      conditional_q[h] = q[x + IMAGES * h] / of_q[x];
      conditional_p[h] = p[x + IMAGES * h] / of_p[x];
    }
    sum += of_q[x] * divergence(conditional_q, conditional_p, CODES);
  }
  return sum;
}

/* Random numbers that are not negative and sum to 1. */
static void random_distribution(dice *d, long double *p, size_t count) {
  long double sum = 0;
  for (size_t k = 0; k < count; k++) sum += p[k] = (long double)(-log(1 - dice_unit(d)));
  for (size_t k = 0; k < count; k++) p[k] /= sum;
}

/* p0(x) q(h | x): data that never show the last image, and a q of one's choice. */
static void random_start(dice *d, long double *start) {
  long double images[IMAGES], posterior[CODES];
  random_distribution(d, images, IMAGES - 1);
  images[IMAGES - 1] = 0;
  for (size_t x = 0; x < IMAGES; x++) {
    random_distribution(d, posterior, CODES);
    for (size_t h = 0; h < CODES; h++) start[x + IMAGES * h] = images[x] * posterior[h];
  }
}

static vpf_model *some_machine(dice *d) {
  const family f = {"with intra-layer weights", {VISIBLE, HIDDEN}, 2, {0, 1}, VPF_COUPLING_PAIRWISE};
  return family_machine(d, &f, 1.0);
}

/* The paper's Eq. 3: for any q and any time, joint divergence = expected posterior divergence + marginal divergence. */
static void joint_divergence_is_posterior_plus_marginal_and_so_a_bound(void **state) {
  (void)state;
  dice d = {601};
  const double times[] = {1e-3, 0.1, 1, 10};
  for (size_t trial = 0; trial < 12; trial++) {
    vpf_model *model = some_machine(&d);
    static chain c;
    read_chain(&c, model);
    long double q[STATES], p[STATES], of_q[IMAGES], of_p[IMAGES];
    random_start(&d, q);
    memcpy(p, q, sizeof p);
    run_chain(&c, times[trial % 4], p);
    images_of(q, of_q);
    images_of(p, of_p);
    const long double joint = divergence(q, p, STATES), marginal = divergence(of_q, of_p, IMAGES);
    const long double posterior = posterior_divergence(q, p);
    assert_close((double)(joint - posterior - marginal), 0, 1e-15);
    assert_true(posterior > 0 && marginal > 0 && joint > marginal);
    vpf_model_destroy(model);
  }
}

/* At t = 0 the posterior of the chain is q itself, so the bound is tight there; and with a q that is the posterior
 * of p at time t the first term vanishes. */
static void the_bound_is_tight_for_the_posterior_of_the_chain(void **state) {
  (void)state;
  dice d = {602};
  vpf_model *model = some_machine(&d);
  static chain c;
  read_chain(&c, model);
  long double q[STATES], p[STATES], best[STATES], of_q[IMAGES], of_p[IMAGES];
  random_start(&d, q);
  memcpy(p, q, sizeof p);
  run_chain(&c, 0.5L, p);
  images_of(q, of_q);
  images_of(p, of_p);
  for (size_t y = 0; y < STATES; y++) best[y] = of_q[y % IMAGES] * p[y] / of_p[y % IMAGES];
  assert_close((double)posterior_divergence(best, p), 0, 1e-17);
  assert_close((double)(divergence(best, p, STATES) - divergence(of_q, of_p, IMAGES)), 0, 1e-16);
  assert_true(divergence(q, p, STATES) > divergence(best, p, STATES));
  vpf_model_destroy(model);
}

/* Long after, p is the machine's distribution: the matrix above is the machine's chain. */
static void the_chain_forgets_its_start(void **state) {
  (void)state;
  dice d = {603};
  vpf_model *model = some_machine(&d);
  static chain c;
  read_chain(&c, model);
  long double p[STATES], z = 0;
  random_start(&d, p);
  run_chain(&c, 200, p);
  for (size_t y = 0; y < STATES; y++) z += expl(-c.energy[y]);
  for (size_t y = 0; y < STATES; y++) assert_close((double)p[y], (double)(expl(-c.energy[y]) / z), 1e-12);
  vpf_model_destroy(model);
}

/* What the library minimises is this divergence at a short time: K t for rows no two of which are neighbours
 * (docs/math.md, Eq. (7) and (8)). */
static void flow_is_the_slope_of_the_joint_divergence(void **state) {
  (void)state;
  dice d = {604};
  const uint8_t rows[][UNITS] = {{0, 0, 0, 0, 0}, {1, 1, 0, 1, 0}, {0, 1, 1, 0, 1}};
  const double t = 1e-6;
  for (size_t trial = 0; trial < 5; trial++) {
    vpf_model *model = some_machine(&d);
    static chain c;
    read_chain(&c, model);
    vpf_data *data = data_of_bits(&rows[0][0], 3, UNITS);
    double flow;
    assert_ok(vpf_model_flow(model, data, &flow));
    long double q[STATES] = {0}, p[STATES];
    for (size_t r = 0; r < 3; r++) {
      size_t y = 0;
      for (size_t k = 0; k < UNITS; k++) y |= (size_t)rows[r][k] << k;
      q[y] = 1.0L / 3;
    }
    memcpy(p, q, sizeof p);
    run_chain(&c, t, p);
    assert_close((double)divergence(q, p, STATES) / t, flow, 1e-4 * flow);
    vpf_data_destroy(data);
    vpf_model_destroy(model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(joint_divergence_is_posterior_plus_marginal_and_so_a_bound),
      cmocka_unit_test(the_bound_is_tight_for_the_posterior_of_the_chain),
      cmocka_unit_test(the_chain_forgets_its_start),
      cmocka_unit_test(flow_is_the_slope_of_the_joint_divergence),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
