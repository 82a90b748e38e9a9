/* SPDX-License-Identifier: MIT */
/* Filling in: by sampling against the exact distribution of its procedure, by mean field against a loop
 * in long double and the conditions of a fixed point; and the error of the answer. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/enumerate.h"
#include "support/goodness.h"
#include "support/random_machine.h"
#include "support/walk.h"

static const family FAMILIES[] = {
    {"observed", {5}, 1, {1}, VPF_COUPLING_PAIRWISE},
    {"independent", {5}, 1, {0}, VPF_COUPLING_JOINT},
    {"RBM", {5, 3}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_0", {4, 3}, 2, {1, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_1", {4, 4}, 2, {0, 1}, VPF_COUPLING_JOINT},
    {"RBM with both U", {4, 3}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
    {"DBM", {4, 3, 2}, 3, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {"DBM with U on hidden layers", {4, 3, 2}, 3, {0, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"joint DBM", {4, 3, 2}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
    {"joint DBM with U on hidden layers", {3, 2, 3}, 3, {0, 1, 1}, VPF_COUPLING_JOINT},
    {"joint, four layers with U everywhere", {3, 2, 2, 2}, 4, {1, 1, 1, 1}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof FAMILIES / sizeof *FAMILIES, ROWS = 20000, MOST = 8 };

/* ---- Sampling: the two protocols, from the image to the answer ---- */

typedef struct protocol {
  const char *name;
  vpf_noise noise;
  bool clamped;
  size_t steps;
} protocol;

static const protocol PROTOCOLS[] = {
    {"the paper's", VPF_NOISE_OR, false, 2},
    {"clamped", VPF_NOISE_REPLACE, true, 1},
    {"clamped", VPF_NOISE_REPLACE, true, 4},
    {"leaking", VPF_NOISE_OR, true, 2},
};
enum { N_PROTOCOLS = sizeof PROTOCOLS / sizeof *PROTOCOLS };

/* One image many times, and where it is corrupted. */
typedef struct image {
  uint8_t bits[MOST], region[MOST], held[MOST];
} image;

static image draw_image(dice *d, size_t n) {
  image x = {{0}, {0}, {0}};
  for (size_t i = 0; i < n; i++) {
    x.bits[i] = (uint8_t)dice_below(d, 2);
    x.region[i] = i < 2 || dice_below(d, 2); /* two pixels at least */
    x.held[i] = !x.region[i];
  }
  return x;
}

static vpf_data *corrupt_copies(const image *x, size_t n, vpf_noise noise, uint64_t seed) {
  uint8_t *rows = malloc(ROWS * n);
  assert_non_null(rows);
  for (size_t r = 0; r < ROWS; r++) memcpy(rows + r * n, x->bits, n);
  vpf_data *clean = data_of_bits(rows, ROWS, n), *noisy = NULL;
  assert_ok(vpf_data_corrupt(&noisy, clean, x->region, noise, seed));
  vpf_data_destroy(clean);
  free(rows);
  return noisy;
}

/* The distribution of the corrupted image, hidden units 0. */
static void begin_corrupted(walk *w, const image *x, vpf_noise noise) {
  const size_t n = w->machine->size[0];
  for (uint64_t s = 0; s < (uint64_t)1 << n; s++) {
    w->p[s] = 1;
    for (size_t i = 0; i < n; i++) {
      const long double on = !x->region[i] ? x->bits[i] : noise == VPF_NOISE_OR && x->bits[i] ? 1 : 0.5L;
      w->p[s] *= s >> i & 1 ? on : 1 - on;
    }
  }
}

/* Without U_0 the answer is one of sigmoid(W h + b), and tells which h the last image was drawn from:
 * each h must come as often as enumerated. */
static void assert_hidden_distributed(const walk *w, const float *probs, const uint8_t *held, const char *what) {
  const brute_machine *m = w->machine;
  const size_t n = m->size[0], cells = (size_t)1 << m->size[1];
  size_t counts[16] = {0};
  long double p[16] = {0};
  for (uint64_t s = 0; s < (uint64_t)1 << m->units; s++) p[s >> n & (cells - 1)] += w->before[s];
  for (size_t r = 0; r < ROWS; r++) counts[walk_hidden_of(m, probs + r * n, held)]++;
  const double chance = chi_square_fit(counts, p, cells, NULL);
  if (chance < GOODNESS_LEAST_P) fail_msg("%s: p = %g", what, chance);
}

/* The mean and the mean square of every pixel's answer. */
static void assert_moments(const walk *w, const float *probs, const uint8_t *held, const char *what) {
  const size_t n = w->machine->size[0];
  for (size_t i = 0; i < n; i++) {
    if (held && held[i]) continue;
    double sum[5] = {0};
    for (size_t r = 0; r < ROWS; r++)
      for (int power = 1; power <= 4; power++) sum[power] += pow((double)probs[r * n + i], power) / ROWS;
    const double off = sum[1] - (double)w->on[i], error = sqrt(fmax(sum[2] - sum[1] * sum[1], 1e-10) / ROWS);
    const double off2 = sum[2] - (double)w->on2[i], error2 = sqrt(fmax(sum[4] - sum[2] * sum[2], 1e-10) / ROWS);
    if (fabs(off) > 6 * error || fabs(off2) > 6 * error2)
      fail_msg("%s: pixel %zu is off by %g +- %g, its square by %g +- %g", what, i, off, error, off2, error2);
  }
}

static void filling_in_follows_the_exact_distribution_of_its_procedure(void **state) {
  (void)state;
  dice d = {601};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (size_t k = 0; k < N_PROTOCOLS; k++) {
      const protocol *how = &PROTOCOLS[k];
      char what[128];
      snprintf(what, sizeof what, "%s, %s protocol, %zu steps", FAMILIES[f].name, how->name, how->steps);
      vpf_model *model = family_machine(&d, &FAMILIES[f], 1);
      brute_machine *machine = brute_read(model);
      const size_t n = machine->size[0];
      const image x = draw_image(&d, n);
      const uint8_t *held = how->clamped ? x.held : NULL;

      vpf_data *noisy = corrupt_copies(&x, n, how->noise, 31 + f);
      float *probs = malloc(ROWS * n * sizeof *probs);
      assert_ok(vpf_reconstruct(model, noisy, held, how->steps, 1, 31 + f, probs));

      walk w = walk_new(machine);
      begin_corrupted(&w, &x, how->noise);
      walk_reconstruct_begin(&w);
      for (size_t s = 0; s < how->steps; s++) walk_reconstruct_step(&w, held);
      for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; held && i < n; i++)
          if (held[i]) assert_close((double)probs[r * n + i], x.bits[i], 0);
      if (machine->layers > 1 && !machine->u[0]) assert_hidden_distributed(&w, probs, held, what);
      assert_moments(&w, probs, held, what);

      walk_free(&w);
      free(probs);
      vpf_data_destroy(noisy);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

/* ---- Mean field ---- */

/* The means of all units of one row, by the definition. */
typedef struct means {
  const brute_machine *m;
  size_t layers; /* that take part */
  long double of[128];
} means;

static long double *layer_means(means *x, size_t layer) {
  return x->of + x->m->first[layer];
}

/* In a pair, the upper layer has its up bias and the lower its down bias; joint machines have one. */
static long double field_of_means(means *x, size_t layer, size_t j, bool below, bool above, bool own) {
  const brute_machine *m = x->m;
  long double z = layer == 0 ? m->down[0][j] : m->up[layer][j];
  for (size_t i = 0; below && layer > 0 && i < m->size[layer - 1]; i++)
    z += m->w[layer - 1][i * m->size[layer] + j] * layer_means(x, layer - 1)[i];
  for (size_t k = 0; above && layer + 1 < x->layers && k < m->size[layer + 1]; k++)
    z += m->w[layer][j * m->size[layer + 1] + k] * layer_means(x, layer + 1)[k];
  for (size_t k = 0; own && m->u[layer] && k < m->size[layer]; k++)
    z += m->u[layer][j * m->size[layer] + k] * layer_means(x, layer)[k];
  return z;
}

static means begin_means(const brute_machine *m, const uint8_t *row) {
  means x = {.m = m, .layers = m->pairwise && m->layers > 2 ? 2 : m->layers};
  for (size_t i = 0; i < m->size[0]; i++) x.of[i] = row[i];
  for (size_t l = 1; l < x.layers; l++)
    for (size_t j = 0; j < m->size[l]; j++)
      layer_means(&x, l)[j] = brute_sigmoid(field_of_means(&x, l, j, true, false, false));
  return x;
}

/* Unit after unit; without U that is the same as all at once. */
static void update_means(means *x, size_t layer, const uint8_t *known) {
  for (size_t j = 0; j < x->m->size[layer]; j++)
    if (layer > 0 || !known || !known[j])
      layer_means(x, layer)[j] = brute_sigmoid(field_of_means(x, layer, j, true, true, true));
}

/* E - entropy of the product distribution with these means: minus the bound on log sum exp(-E). */
static long double variational_free_energy(means *x) {
  const brute_machine *m = x->m;
  long double sum = 0;
  for (size_t l = 0; l < x->layers; l++)
    for (size_t j = 0; j < m->size[l]; j++) {
      const long double mean = layer_means(x, l)[j], own = field_of_means(x, l, j, false, false, true),
                        bias = field_of_means(x, l, j, false, false, false);
      sum -= mean * (field_of_means(x, l, j, true, false, false) + (own - bias) / 2);
      if (mean > 0) sum += mean * logl(mean);
      if (mean < 1) sum += (1 - mean) * logl(1 - mean);
    }
  return sum;
}

static const family MEAN_FIELDS[] = {
    {"observed", {70}, 1, {1}, VPF_COUPLING_PAIRWISE},
    {"independent", {5}, 1, {0}, VPF_COUPLING_JOINT},
    {"RBM", {70, 33}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with both U", {19, 17}, 2, {1, 1}, VPF_COUPLING_JOINT},
    {"DBM with U everywhere", {20, 18, 9}, 3, {1, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"DBM", {20, 18, 9}, 3, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {"joint DBM", {20, 18, 9}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
    {"joint, four layers with U", {12, 10, 9, 8}, 4, {1, 0, 1, 1}, VPF_COUPLING_JOINT},
};
enum { N_MEAN_FIELDS = sizeof MEAN_FIELDS / sizeof *MEAN_FIELDS, IMAGES = 20 };

/* Random images with about half of the pixels known. */
typedef struct puzzle {
  vpf_model *model;
  brute_machine *machine;
  size_t n;
  uint8_t *rows, known[128];
  vpf_data *data;
} puzzle;

static puzzle new_puzzle(dice *d, const family *f, double spread) {
  puzzle x = {.model = family_machine(d, f, spread), .n = f->sizes[0]};
  x.machine = brute_read(x.model);
  x.rows = random_bits(d, IMAGES, x.n, 0.4);
  x.data = data_of_bits(x.rows, IMAGES, x.n);
  for (size_t i = 0; i < x.n; i++) x.known[i] = dice_below(d, 2) ? (uint8_t)(1 + dice_below(d, 255)) : 0;
  return x;
}

static void free_puzzle(puzzle *x) {
  vpf_data_destroy(x->data);
  free(x->rows);
  brute_free(x->machine);
  vpf_model_destroy(x->model);
}

/* Also that the bound on log p rises with every layer that is updated. */
static void mean_field_is_coordinate_ascent_on_the_bound(void **state) {
  (void)state;
  enum { STEPS = 8 };
  dice d = {602};
  for (size_t f = 0; f < N_MEAN_FIELDS; f++)
    for (int all_free = 0; all_free < 2; all_free++) {
      puzzle x = new_puzzle(&d, &MEAN_FIELDS[f], 0.4);
      const uint8_t *known = all_free ? NULL : x.known;
      float *probs = malloc(STEPS * IMAGES * x.n * sizeof *probs);
      assert_non_null(probs);
      for (size_t s = 0; s < STEPS; s++)
        assert_ok(vpf_reconstruct_mean_field(x.model, x.data, known, s + 1, probs + s * IMAGES * x.n));
      for (size_t r = 0; r < IMAGES; r++) {
        means m = begin_means(x.machine, x.rows + r * x.n);
        long double energy = variational_free_energy(&m);
        for (size_t s = 0; s < STEPS; s++)
          for (size_t l = 0; l < m.layers; l++) {
            update_means(&m, l, known);
            const long double now = variational_free_energy(&m);
            assert_true(now <= energy + 1e-12L);
            energy = now;
            for (size_t i = 0; l == 0 && i < x.n; i++)
              assert_close((double)probs[(s * IMAGES + r) * x.n + i], (double)m.of[i], 2e-5);
          }
      }
      free(probs);
      free_puzzle(&x);
    }
}

/* Small machines: the bound is one, log sum over what is not known of exp(-E). */
static void the_bound_stays_below_what_enumeration_gives(void **state) {
  (void)state;
  const family families[] = {{"RBM with U", {5, 4}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
                             {"joint DBM", {4, 3, 2}, 3, {0, 1, 0}, VPF_COUPLING_JOINT}};
  dice d = {603};
  for (size_t f = 0; f < 2; f++) {
    puzzle x = new_puzzle(&d, &families[f], 0.5);
    for (size_t r = 0; r < IMAGES; r++) {
      long double sum = 0;
      uint8_t y[16];
      for (uint64_t s = 0; s < (uint64_t)1 << x.machine->units; s++) {
        brute_unpack(s, x.machine->units, y);
        bool agrees = true;
        for (size_t i = 0; i < x.n; i++) agrees = agrees && (!x.known[i] || y[i] == x.rows[r * x.n + i]);
        if (agrees) sum += expl(-brute_energy(x.machine, y));
      }
      means m = begin_means(x.machine, x.rows + r * x.n);
      for (size_t s = 0; s < 300; s++)
        for (size_t l = 0; l < m.layers; l++) update_means(&m, l, x.known);
      assert_true(-variational_free_energy(&m) <= logl(sum));
      assert_true(-variational_free_energy(&m) > logl(sum) - 2); /* and not far below it */
    }
    free_puzzle(&x);
  }
}

/* m = sigmoid(z(m)) for every unknown pixel; the hidden means follow from the visible ones. */
static void mean_field_converges_to_a_fixed_point(void **state) {
  (void)state;
  dice d = {604};
  for (size_t f = 0; f < N_MEAN_FIELDS; f++) {
    puzzle x = new_puzzle(&d, &MEAN_FIELDS[f], 0.4);
    float *probs = malloc(IMAGES * x.n * sizeof *probs), *next = malloc(IMAGES * x.n * sizeof *next);
    assert_ok(vpf_reconstruct_mean_field(x.model, x.data, x.known, 2000, probs));
    assert_ok(vpf_reconstruct_mean_field(x.model, x.data, x.known, 2001, next));
    for (size_t k = 0; k < IMAGES * x.n; k++) assert_close((double)next[k], (double)probs[k], 1e-6);
    const bool one_hidden = x.machine->layers == 2 || (x.machine->layers > 2 && x.machine->pairwise);
    const bool determined = x.machine->layers == 1 || (one_hidden && !x.machine->u[1]);
    for (size_t r = 0; determined && r < IMAGES; r++) {
      means m = begin_means(x.machine, x.rows + r * x.n);
      for (size_t i = 0; i < x.n; i++) m.of[i] = (long double)probs[r * x.n + i];
      for (size_t l = 1; l < m.layers; l++) update_means(&m, l, NULL);
      for (size_t i = 0; i < x.n; i++) {
        const long double wanted = x.known[i] ? x.rows[r * x.n + i]
                                              : brute_sigmoid(field_of_means(&m, 0, i, false, true, true));
        assert_close((double)probs[r * x.n + i], (double)wanted, 5e-6);
      }
    }
    free(next);
    free(probs);
    free_puzzle(&x);
  }
}

static void known_pixels_come_back_as_their_bit_and_nothing_else_matters(void **state) {
  (void)state;
  dice d = {605};
  for (size_t f = 0; f < N_MEAN_FIELDS; f++) {
    puzzle x = new_puzzle(&d, &MEAN_FIELDS[f], 1);
    float *probs = malloc(IMAGES * x.n * sizeof *probs), *part = malloc(IMAGES * x.n * sizeof *part);
    vpf_data *slice = NULL;
    assert_ok(vpf_reconstruct_mean_field(x.model, x.data, x.known, 5, probs));
    for (size_t k = 0; k < IMAGES * x.n; k++)
      if (x.known[k % x.n]) assert_close((double)probs[k], x.rows[k], 0);
    assert_ok(vpf_data_slice(&slice, x.data, 7, 6));
    assert_ok(vpf_reconstruct_mean_field(x.model, slice, x.known, 5, part));
    assert_memory_equal(part, probs + 7 * x.n, 6 * x.n * sizeof *part);
    memset(x.known, 1, x.n);
    assert_ok(vpf_reconstruct_mean_field(x.model, x.data, x.known, 3, probs));
    for (size_t k = 0; k < IMAGES * x.n; k++) assert_close((double)probs[k], x.rows[k], 0);
    vpf_data_destroy(slice);
    free(part);
    free(probs);
    free_puzzle(&x);
  }
}

/* One visible and one hidden unit, and two visible units without a hidden one. */
static void two_units_worked_out_by_hand(void **state) {
  (void)state;
  const size_t pair[] = {1, 1}, alone[] = {2};
  const uint8_t intra[] = {1}, one[] = {1}, both[] = {1, 0}, second_known[] = {0, 1};
  const float w = 2, down = -1, up = -0.5f, ln3 = 1.0986123f, u[4] = {0, 2 * ln3, 2 * ln3, 0};
  vpf_model *rbm = NULL, *observed = NULL;
  assert_ok(vpf_model_create(&rbm, pair, 2, NULL, VPF_COUPLING_PAIRWISE));
  assert_ok(vpf_model_set_weights(rbm, 0, &w));
  assert_ok(vpf_model_set_bias(rbm, 0, VPF_BIAS_DOWN, &down));
  assert_ok(vpf_model_set_bias(rbm, 1, VPF_BIAS_UP, &up));
  vpf_data *x = data_of_bits(one, 1, 1), *y = data_of_bits(both, 1, 2);
  float p[2];
  /* h = sigmoid(2 - 0.5) = 0.817574, v = sigmoid(2 h - 1) = 0.653656 */
  assert_ok(vpf_reconstruct_mean_field(rbm, x, NULL, 1, p));
  assert_close((double)p[0], 0.653656, 1e-6);
  /* h = sigmoid(2 v - 0.5) = 0.691536, v = sigmoid(2 h - 1) = 0.594614 */
  assert_ok(vpf_reconstruct_mean_field(rbm, x, NULL, 2, p));
  assert_close((double)p[0], 0.594614, 1e-6);

  assert_ok(vpf_model_create(&observed, alone, 1, intra, VPF_COUPLING_JOINT));
  assert_ok(vpf_model_set_intra(observed, 0, u));
  /* from (1, 0): first sigmoid(0) = 1/2, then sigmoid(2 ln 3 * 1/2) = 3/4; at once it would be 9/10 */
  assert_ok(vpf_reconstruct_mean_field(observed, y, NULL, 1, p));
  assert_close((double)p[0], 0.5, 1e-6);
  assert_close((double)p[1], 0.75, 1e-6);
  /* sigmoid(2 ln 3 * 3/4) = 3^1.5 / (1 + 3^1.5) = 0.838610; sigmoid(2 ln 3 * 0.838610) = 0.863258 */
  assert_ok(vpf_reconstruct_mean_field(observed, y, NULL, 2, p));
  assert_close((double)p[0], 0.838610, 1e-6);
  assert_close((double)p[1], 0.863258, 1e-6);
  assert_ok(vpf_reconstruct_mean_field(observed, y, second_known, 9, p));
  assert_close((double)p[0], 0.5, 1e-6);
  assert_close((double)p[1], 0, 0);
  vpf_data_destroy(x);
  vpf_data_destroy(y);
  vpf_model_destroy(observed);
  vpf_model_destroy(rbm);
}

/* ---- The error ---- */

static void the_error_equals_a_double_loop(void **state) {
  (void)state;
  enum { N = 37, COLS = 75 };
  dice d = {606};
  for (int grey = 0; grey < 2; grey++)
    for (int everywhere = 0; everywhere < 2; everywhere++) {
      uint8_t values[N * COLS], region[COLS];
      float probs[N * COLS], truth[N * COLS];
      for (size_t k = 0; k < N * COLS; k++) {
        values[k] = (uint8_t)dice_below(&d, grey ? 256 : 2);
        probs[k] = (float)dice_unit(&d);
      }
      for (size_t c = 0; c < COLS; c++) region[c] = (uint8_t)(everywhere ? 1 : dice_below(&d, 2) * 200);
      vpf_data *data = NULL;
      assert_ok(vpf_data_from_u8(&data, values, N, COLS, grey ? 127 : 0));
      assert_ok(vpf_data_to_f32(data, truth));
      double each[N], sum = 0, squares = 0, mean, error;
      for (size_t r = 0; r < N; r++) {
        each[r] = 0;
        for (size_t c = 0; c < COLS; c++)
          if (region[c]) each[r] += fabs((double)probs[r * COLS + c] - (double)truth[r * COLS + c]);
        sum += each[r];
      }
      for (size_t r = 0; r < N; r++) squares += pow(each[r] - sum / N, 2);
      assert_ok(vpf_reconstruction_error(data, probs, everywhere ? NULL : region, &mean, &error));
      assert_close(mean, sum / N, 1e-5);
      assert_close(error, sqrt(squares / (N - 1) / N), 1e-6);
      assert_ok(vpf_reconstruction_error(data, probs, region, &mean, NULL));
      assert_close(mean, sum / N, 1e-5);
      vpf_data_destroy(data);
    }
}

/* Rows (0, 51, 255) and (255, 0, 102) of 255, that is (0, 0.2, 1) and (1, 0, 0.4). */
static void the_error_of_two_rows_worked_out_by_hand(void **state) {
  (void)state;
  const uint8_t grey[6] = {0, 51, 255, 255, 0, 102}, region[3] = {0, 1, 1};
  const float black[6] = {0}, probs[6] = {0, 0.5f, 0.5f, 1, 0, 0.5f};
  vpf_data *data = NULL, *one = NULL;
  double mean, error;
  assert_ok(vpf_data_from_u8(&data, grey, 2, 3, 127));
  assert_ok(vpf_reconstruction_error(data, black, NULL, &mean, &error)); /* 1.2 and 1.4 */
  assert_close(mean, 1.3, 1e-12);
  assert_close(error, 0.1, 1e-12);
  assert_ok(vpf_reconstruction_error(data, probs, region, &mean, &error)); /* 0.3 + 0.5 and 0 + 0.1 */
  assert_close(mean, 0.45, 1e-12);
  assert_close(error, 0.35, 1e-12);
  assert_ok(vpf_data_slice(&one, data, 1, 1));
  assert_ok(vpf_reconstruction_error(one, black, region, &mean, &error));
  assert_close(mean, 0.4, 1e-12);
  assert_close(error, 0, 0);
  vpf_data_destroy(one);
  vpf_data_destroy(data);
}

/* ---- Both ---- */

static void threads_do_not_change_the_answers(void **state) {
  (void)state;
  static const size_t threads[] = {1, 2, 7};
  dice d = {607};
  for (size_t f = 0; f < N_MEAN_FIELDS; f++) {
    puzzle x = new_puzzle(&d, &MEAN_FIELDS[f], 0.7);
    const size_t count = IMAGES * x.n;
    float *first = malloc(2 * count * sizeof *first), *other = malloc(2 * count * sizeof *other);
    for (int k = 0; k < 3; k++) {
      float *out = k == 0 ? first : other;
      vpf_set_threads(threads[k]);
      assert_ok(vpf_reconstruct_mean_field(x.model, x.data, x.known, 5, out));
      assert_ok(vpf_reconstruct(x.model, x.data, x.known, 5, 3, 2, out + count));
      if (k > 0) assert_memory_equal(first, other, 2 * count * sizeof *first);
    }
    free(other);
    free(first);
    free_puzzle(&x);
  }
  vpf_set_threads(0);
}

static void bad_input_is_refused(void **state) {
  (void)state;
  const size_t sizes[] = {4, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = fixture_data(2, 4, 1), *narrow = fixture_data(2, 3, 1);
  float probs[8] = {0};
  double mean = 7;
  assert_status(vpf_reconstruct_mean_field(model, narrow, NULL, 1, probs), VPF_ERR_SHAPE);
  assert_status(vpf_reconstruct_mean_field(model, data, NULL, 0, probs), VPF_ERR_ARGUMENT);
  assert_message_has("steps 0 is outside [1, ");
  assert_status(vpf_reconstruct_mean_field(model, data, NULL, SIZE_MAX, probs), VPF_ERR_ARGUMENT);
  assert_status(vpf_reconstruct_mean_field(NULL, data, NULL, 1, probs), VPF_ERR_ARGUMENT);
  assert_status(vpf_reconstruct_mean_field(model, NULL, NULL, 1, probs), VPF_ERR_ARGUMENT);
  assert_status(vpf_reconstruct_mean_field(model, data, NULL, 1, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_reconstruction_error(NULL, probs, NULL, &mean, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_reconstruction_error(data, NULL, NULL, &mean, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_reconstruction_error(data, probs, NULL, NULL, NULL), VPF_ERR_ARGUMENT);
  probs[5] = 1.5f;
  assert_status(vpf_reconstruction_error(data, probs, NULL, &mean, NULL), VPF_ERR_ARGUMENT);
  assert_message_has("probs[1][1] is 1.5, outside [0, 1]");
  probs[5] = NAN;
  assert_status(vpf_reconstruction_error(data, probs, NULL, &mean, NULL), VPF_ERR_ARGUMENT);
  assert_close(mean, 7, 0);
  vpf_data_destroy(narrow);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(filling_in_follows_the_exact_distribution_of_its_procedure),
      cmocka_unit_test(mean_field_is_coordinate_ascent_on_the_bound),
      cmocka_unit_test(the_bound_stays_below_what_enumeration_gives),
      cmocka_unit_test(mean_field_converges_to_a_fixed_point),
      cmocka_unit_test(known_pixels_come_back_as_their_bit_and_nothing_else_matters),
      cmocka_unit_test(two_units_worked_out_by_hand),
      cmocka_unit_test(the_error_equals_a_double_loop),
      cmocka_unit_test(the_error_of_two_rows_worked_out_by_hand),
      cmocka_unit_test(threads_do_not_change_the_answers),
      cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests_name("reconstruction", tests, NULL, NULL);
}
