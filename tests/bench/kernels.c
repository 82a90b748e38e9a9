/* SPDX-License-Identifier: MIT */
/* How long each kernel takes in each table that this processor runs, with the sizes that a machine of 784 visible and
 * 196 hidden units and minibatches of 40 rows give it:
 *
 *   kernels [--rounds N] [--only NAME]    nanoseconds of a call, and how many times faster than the reference that is
 *   kernels --quick                       few rounds: whether everything runs; its times mean nothing
 *
 * The tables take turns, and of all rounds the least processor time counts: what else the computer does only adds. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "num/bits.h"
#include "num/kernels.h"

enum {
  VISIBLE = 784,
  HIDDEN = 196,
  WIDTH = 208, /* of hidden units, padded */
  ROWS = 40,   /* of a minibatch */
  PART = 448,  /* visible units whose input is summed at once (vpfi_part_units()) */
  STRIP = 32,  /* visible units of a tile of W (VPFI_STRIP) */
  V_WORDS = (VISIBLE + 63) / 64,
  H_WORDS = (HIDDEN + 63) / 64,
  DRAWS = 16, /* thresholds for sweeps: with one only, states would soon no longer change */
  MOST_TABLES = 16
};

/* What kernels read and write. Units are on as in images of MNIST (visible) and their features (hidden). */
typedef struct arrays {
  float *weights;         /* [VISIBLE x WIDTH] */
  float *weights_t;       /* [WIDTH x VISIBLE] */
  float *m, *v;           /* moments, as weights */
  float *intra, *intra_v; /* [WIDTH x WIDTH], [VISIBLE x VISIBLE] */
  float *table;           /* of weights: [VISIBLE / 4 x 16 x WIDTH] */
  float *gain_v, *gain_h; /* [ROWS x VISIBLE], [ROWS x WIDTH] */
  float *sum;             /* [VISIBLE x WIDTH] */
  float *z, *base, *field, *threshold; /* [VISIBLE], thresholds DRAWS times */
  uint64_t bits_v[ROWS * V_WORDS], bits_h[ROWS * H_WORDS], on_v[VISIBLE], on_h[WIDTH], drawn[V_WORDS];
  uint32_t random[VISIBLE];
  uint32_t index_v[16 * V_WORDS], index_h[16 * H_WORDS]; /* groups of the first row, of which some are on */
  size_t groups_v, groups_h;
  _Alignas(64) double doubles[VISIBLE];
  unsigned flips;
  double result; /* nobody wants it */
} arrays;

static double uniform(void) { /* xorshift */
  static uint64_t x = 88172645463325252u;
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  return (double)(x >> 11) * 0x1p-53;
}

static float *floats(size_t count, double spread) {
  float *p = aligned_alloc(64, count * sizeof *p);
  if (!p) exit(1);
  for (size_t k = 0; k < count; k++) p[k] = (float)(spread * (uniform() + uniform() - 1));
  return p;
}

static void random_row(uint64_t *row, size_t n, double on) {
  for (size_t j = 0; j < n; j++)
    if (uniform() < on) vpfi_bits_flip(row, j);
}

static arrays *arrays_new(void) {
  arrays *a = calloc(1, sizeof *a);
  if (!a) exit(1);
  a->weights = floats(VISIBLE * WIDTH, 0.2);
  a->weights_t = floats(VISIBLE * WIDTH, 0.2);
  a->m = floats(VISIBLE * WIDTH, 0.01);
  a->v = floats(VISIBLE * WIDTH, 0.0001);
  for (size_t k = 0; k < VISIBLE * WIDTH; k++) a->v[k] *= a->v[k] < 0 ? -1.0f : 1.0f;
  a->intra = floats(WIDTH * WIDTH, 0.5);
  a->intra_v = floats(VISIBLE * VISIBLE, 0.2);
  a->table = floats(VISIBLE / 4 * 16 * WIDTH, 0.4);
  a->gain_v = floats(ROWS * VISIBLE, 1);
  a->gain_h = floats(ROWS * WIDTH, 1);
  a->sum = floats(VISIBLE * WIDTH, 1);
  a->z = floats(VISIBLE, 3);
  a->base = floats(VISIBLE, 3);
  a->field = floats(VISIBLE, 3);
  a->threshold = floats(DRAWS * VISIBLE, 4);
  for (size_t r = 0; r < ROWS; r++) {
    random_row(a->bits_v + r * V_WORDS, VISIBLE, 0.13);
    random_row(a->bits_h + r * H_WORDS, HIDDEN, 0.5);
  }
  for (size_t i = 0; i < VISIBLE; i++) random_row(a->on_v + i, ROWS, 0.13);
  for (size_t j = 0; j < HIDDEN; j++) random_row(a->on_h + j, ROWS, 0.5);
  for (size_t k = 0; k < VISIBLE; k++) a->random[k] = (uint32_t)(uniform() * 4294967296.0);
  a->groups_v = vpfi_bits_list_groups(a->bits_v, V_WORDS, a->index_v);
  a->groups_h = vpfi_bits_list_groups(a->bits_h, H_WORDS, a->index_h);
  return a;
}

static void arrays_free(arrays *a) {
  float *all[] = {a->weights, a->weights_t, a->m, a->v,    a->intra, a->intra_v, a->table,
                  a->gain_v,  a->gain_h,    a->sum, a->z, a->base,  a->field,   a->threshold};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
  free(a);
}

static void field_from_tables(const vpfi_kernels *k, arrays *a) {
  k->sum_rows(a->sum, a->base, a->table, WIDTH, WIDTH, a->index_v, a->groups_v);
}

static void field_of_visible(const vpfi_kernels *k, arrays *a) {
  k->sum_rows(a->sum, a->base, a->table, VISIBLE, VISIBLE, a->index_h, a->groups_h);
}

static void field_of_strip(const vpfi_kernels *k, arrays *a) {
  k->sum_rows(a->sum, a->base, a->table, STRIP, STRIP, a->index_v, a->groups_v);
}

static vpfi_selection inputs_of_hidden(const arrays *a) {
  return (vpfi_selection){.out = a->sum, .out_stride = WIDTH, .bits = a->bits_v, .words = V_WORDS, .count = ROWS,
                          .matrix = a->weights, .stride = WIDTH, .rows = PART, .width = WIDTH};
}

static vpfi_selection gradient_of_strip(const arrays *a) {
  return (vpfi_selection){.out = a->sum, .out_stride = WIDTH, .start = a->sum, .start_stride = WIDTH, .bits = a->on_v,
                          .words = 1, .count = STRIP, .matrix = a->gain_h, .stride = WIDTH, .rows = ROWS,
                          .width = WIDTH};
}

static void selected_inputs(const vpfi_kernels *k, arrays *a) {
  const vpfi_selection s = inputs_of_hidden(a);
  k->sum_selected(&s);
}

static void selected_gradient(const vpfi_kernels *k, arrays *a) {
  vpfi_selection s = gradient_of_strip(a);
  s.start = NULL; /* or the sums would grow with each call */
  k->sum_selected(&s);
}

static void grouped_inputs(const vpfi_kernels *k, arrays *a) {
  const vpfi_selection s = {.out = a->sum, .out_stride = VISIBLE, .bits = a->bits_h, .words = H_WORDS, .count = ROWS,
                            .matrix = a->weights_t, .stride = STRIP, .rows = HIDDEN, .width = STRIP};
  k->sum_grouped(&s);
}

static void grouped_gradient(const vpfi_kernels *k, arrays *a) {
  const vpfi_selection s = {.out = a->sum, .out_stride = STRIP, .bits = a->on_h, .words = 1, .count = WIDTH,
                            .matrix = a->gain_v, .stride = VISIBLE, .rows = ROWS, .width = STRIP};
  k->sum_grouped(&s);
}

static void grouped_row(const vpfi_kernels *k, arrays *a) {
  vpfi_selection s = inputs_of_hidden(a);
  s.count = 1;
  s.rows = VISIBLE;
  k->sum_grouped(&s);
}

static void grouped_row_of_visible(const vpfi_kernels *k, arrays *a) {
  const vpfi_selection s = {.out = a->sum, .out_stride = VISIBLE, .bits = a->bits_h, .words = H_WORDS, .count = 1,
                            .matrix = a->weights_t, .stride = VISIBLE, .rows = HIDDEN, .width = VISIBLE};
  k->sum_grouped(&s);
}

static void tabulate(const vpfi_kernels *k, arrays *a) {
  k->tabulate(a->table, a->weights, WIDTH, VISIBLE, WIDTH);
}

static void add_row(const vpfi_kernels *k, arrays *a) {
  k->add_row(a->z, a->intra_v, true, VISIBLE);
  k->add_row(a->z, a->intra_v, false, VISIBLE);
}

static void sweeps(const vpfi_kernels *k, const arrays *a, const float *u, size_t n, size_t width, float *told) {
  uint64_t bits[V_WORDS];
  _Alignas(64) float z[VISIBLE];
  memcpy(bits, n == HIDDEN ? a->bits_h : a->bits_v, vpfi_bits_words(n) * sizeof *bits);
  memcpy(z, a->base, width * sizeof *z);
  for (size_t d = 0; d < DRAWS; d++) k->sweep(bits, z, a->threshold + d * VISIBLE, u, n, width, NULL, told, true);
}

static void sweep_hidden(const vpfi_kernels *k, arrays *a) {
  sweeps(k, a, a->intra, HIDDEN, WIDTH, NULL);
}

static void sweep_hidden_and_tell(const vpfi_kernels *k, arrays *a) {
  sweeps(k, a, a->intra, HIDDEN, WIDTH, a->sum);
}

static void sweep_visible(const vpfi_kernels *k, arrays *a) {
  sweeps(k, a, a->intra_v, VISIBLE, VISIBLE, NULL);
}

static void rates_of_hidden(const vpfi_kernels *k, arrays *a) {
  k->rates(a->gain_h, WIDTH, a->bits_h, H_WORDS, 0, HIDDEN, WIDTH, ROWS, &a->result);
}

static void rates_of_strip(const vpfi_kernels *k, arrays *a) {
  k->rates(a->gain_v, VISIBLE, a->bits_v, V_WORDS, STRIP, STRIP, STRIP, ROWS, &a->result);
}

static void random_words(const vpfi_kernels *k, arrays *a) {
  k->random(a->random, 12345, 0, 678, 0, VISIBLE / 4);
}

static void thresholds(const vpfi_kernels *k, arrays *a) {
  k->thresholds(a->z, a->random, VISIBLE);
}

static void sigmoid(const vpfi_kernels *k, arrays *a) {
  k->sigmoid(a->z, a->field, 0.5f, HIDDEN, WIDTH);
}

static void temper(const vpfi_kernels *k, arrays *a) {
  k->temper(a->z, a->base, a->field, 0.3f, VISIBLE);
}

static void softplus_of_hidden(const vpfi_kernels *k, arrays *a) {
  a->result = k->softplus_change(a->base, a->field, 0.3f, 0.301f, HIDDEN);
}

static void softplus_of_visible(const vpfi_kernels *k, arrays *a) {
  a->result = k->softplus_change(a->base, a->field, 0.3f, 0.301f, VISIBLE);
}

static void add_weighted(const vpfi_kernels *k, arrays *a) {
  k->add_weighted(a->gain_h, a->weights, WIDTH, a->field, VISIBLE, WIDTH);
}

static void softplus_in_double(const vpfi_kernels *k, arrays *a) {
  a->result = k->softplus_sum(a->doubles, VISIBLE);
}

static void row_to_doubles(const vpfi_kernels *k, arrays *a) {
  k->add_row_to_doubles(a->doubles, a->weights_t, (a->flips++ & 1) == 0, VISIBLE);
}

static void draw(const vpfi_kernels *k, arrays *a) {
  k->draw(a->drawn, a->field, a->threshold, VISIBLE);
}

static const vpfi_update UPDATE = {.scale = 0.025f, .decay = 0.001f, .rate = 0.0001f, .beta1 = 0.9f, .beta2 = 0.999f,
                                   .keep1 = 0.1f, .keep2 = 0.001f, .epsilon = 1e-6f, .momentum = 0.8f};

/* Those of a tile of W, which fit into a cache. */
static vpfi_parameters parameters(const arrays *a) {
  return (vpfi_parameters){a->weights, a->m, a->v, STRIP, WIDTH, WIDTH};
}

static void adam(const vpfi_kernels *k, arrays *a) {
  const vpfi_parameters p = parameters(a);
  a->result = (double)k->adam(&p, a->sum, WIDTH, &UPDATE);
}

static void adam_selected(const vpfi_kernels *k, arrays *a) {
  const vpfi_parameters p = parameters(a);
  vpfi_selection s = gradient_of_strip(a);
  s.start = a->intra_v;
  a->result = (double)k->adam_selected(&p, &s, &UPDATE);
}

static void sgd(const vpfi_kernels *k, arrays *a) {
  const vpfi_parameters p = parameters(a);
  a->result = (double)k->sgd(&p, a->sum, WIDTH, &UPDATE);
}

static void transpose(const vpfi_kernels *k, arrays *a) {
  k->transpose(a->sum, STRIP, a->weights, WIDTH, STRIP, WIDTH);
}

static void transpose_half(const vpfi_kernels *k, arrays *a) { /* of a two-sided gradient */
  k->transpose(a->sum, 256, a->weights_t, STRIP, WIDTH, STRIP);
}

static void add_transposed(const vpfi_kernels *k, arrays *a) {
  k->add_transposed(a->gain_v, 256, a->m, STRIP, WIDTH, STRIP);
}

static const struct work {
  const char *kernel, *what;
  void (*run)(const vpfi_kernels *kernels, arrays *a);
} all_work[] = {
    {"sum_rows", "hidden, from a table", field_from_tables},
    {"sum_rows", "visible, from a table", field_of_visible},
    {"sum_rows", "32 units", field_of_strip},
    {"sum_selected", "inputs of hidden", selected_inputs},
    {"sum_selected", "gradient", selected_gradient},
    {"sum_grouped", "inputs of 32 visible", grouped_inputs},
    {"sum_grouped", "gradient", grouped_gradient},
    {"sum_grouped", "one row, hidden", grouped_row},
    {"sum_grouped", "one row, visible", grouped_row_of_visible},
    {"tabulate", "784 x 208", tabulate},
    {"add_row", "twice 784", add_row},
    {"sweep", "16 of 196 units", sweep_hidden},
    {"sweep", "and tell the fields", sweep_hidden_and_tell},
    {"sweep", "16 of 784 units", sweep_visible},
    {"rates", "40 x 196", rates_of_hidden},
    {"rates", "40 x 32", rates_of_strip},
    {"random", "784", random_words},
    {"thresholds", "784", thresholds},
    {"sigmoid", "196", sigmoid},
    {"temper", "784", temper},
    {"softplus_change", "196", softplus_of_hidden},
    {"softplus_change", "784", softplus_of_visible},
    {"add_weighted", "784 of 196", add_weighted},
    {"softplus_sum", "784", softplus_in_double},
    {"add_row, double", "784", row_to_doubles},
    {"draw", "784", draw},
    {"adam", "32 x 208", adam},
    {"adam_selected", "32 x 208", adam_selected},
    {"sgd", "32 x 208", sgd},
    {"transpose", "32 x 208", transpose},
    {"transpose", "208 x 32", transpose_half},
    {"add_transposed", "208 x 32", add_transposed},
};

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double time_calls(const struct work *w, const vpfi_kernels *kernels, arrays *a, size_t calls) {
  const double start = cpu_seconds();
  for (size_t k = 0; k < calls; k++) w->run(kernels, a);
  return (cpu_seconds() - start) / (double)calls;
}

/* The least seconds of a call, for each table. */
static void measure(const struct work *w, size_t rounds, double *least) {
  const double sample = 40e-6; /* seconds between looks at the clock, which take one microsecond */
  arrays *a = arrays_new();
  for (size_t r = 0; r < rounds; r++)
    for (size_t k = 0; k < MOST_TABLES && vpfi_kernels_available(k); k++) {
      const vpfi_kernels *kernels = vpfi_kernels_available(k);
      const double once = r == 0 ? time_calls(w, kernels, a, 1) : least[k];
      const double calls = sample / (once + 1e-9);
      const double seconds = time_calls(w, kernels, a, calls < 1 ? 1 : (size_t)calls);
      if (r == 0 || seconds < least[k]) least[k] = seconds;
    }
  arrays_free(a);
}

static _Noreturn void usage(void) {
  fputs("usage: kernels [--quick] [--rounds N] [--only NAME]\n", stderr);
  exit(2);
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"quick", no_argument, 0, 'q'}, {"rounds", required_argument, 0, 'r'},
                                          {"only", required_argument, 0, 'o'}, {0}};
  size_t rounds = 2000;
  const char *only = NULL;
  for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) switch (c) {
      case 'q': rounds = 2; break;
      case 'r': rounds = strtoul(optarg, NULL, 10); break;
      case 'o': only = optarg; break;
      default: usage();
    }
  if (optind != argc || rounds == 0) usage();
  printf("%-16s%-22s", "kernel", "");
  for (size_t k = 0; k < MOST_TABLES && vpfi_kernels_available(k); k++) printf("%18s", vpfi_kernels_available(k)->name);
  putchar('\n');
  for (size_t w = 0; w < sizeof all_work / sizeof *all_work; w++) {
    double least[MOST_TABLES];
    if (only && strcmp(only, all_work[w].kernel) != 0) continue;
    measure(&all_work[w], rounds, least);
    printf("%-16s%-22s", all_work[w].kernel, all_work[w].what);
    for (size_t k = 0; k < MOST_TABLES && vpfi_kernels_available(k); k++)
      printf("%10.0f ns %5.1f", 1e9 * least[k], least[0] / least[k]);
    putchar('\n');
    fflush(stdout);
  }
  return 0;
}
