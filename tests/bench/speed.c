/* SPDX-License-Identifier: MIT */
/* How long libvpf takes for one piece of work: prints the seconds of each repetition, one a line. What is loaded or
 * built beforehand is not counted, nor is a first repetition that touches new memory.
 *
 *   speed epoch    SIZES [options]   one epoch of training by VPF with the defaults
 *   speed estep    SIZES [options]   hidden states of all rows, bottom-up
 *   speed generate SIZES [options]   --rows images by Algorithm 2, r = 5
 *
 * SIZES: 784-196, 784-196+-64+ (a + marks intra-layer weights). --train N: of a machine after N epochs. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vpf.h>

typedef struct settings {
  const char *work, *images;
  size_t sizes[16], layers, rows, batch, threads, train, repeat, warm_up;
  uint8_t intra[16];
  double density; /* of random rows, without images */
} settings;

static _Noreturn void fail(const char *message) {
  fprintf(stderr, "speed: %s\n", message);
  exit(1);
}

static void check(vpf_status status) {
  if (status) fail(vpf_error_message());
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t number(const char *text) {
  char *end;
  const unsigned long long value = strtoull(text, &end, 10);
  if (end == text || *end) fail("a number is expected");
  return (size_t)value;
}

static void parse_sizes(settings *s, const char *text) {
  while (*text) {
    char *end;
    if (s->layers == sizeof s->sizes / sizeof *s->sizes) fail("too many layers");
    s->sizes[s->layers] = strtoul(text, &end, 10);
    if (end == text) fail("sizes are like 784-196+-64");
    if (*end == '+') s->intra[s->layers] = 1, end++;
    s->layers++;
    text = *end == '-' ? end + 1 : end;
    if (*end && *end != '-') fail("sizes are like 784-196+-64");
  }
}

static settings parse(int argc, char **argv) {
  static const struct option options[] = {
      {"images", required_argument, 0, 'i'}, {"rows", required_argument, 0, 'n'},
      {"batch", required_argument, 0, 'b'},  {"threads", required_argument, 0, 't'},
      {"repeat", required_argument, 0, 'r'}, {"density", required_argument, 0, 'd'},
      {"warm-up", required_argument, 0, 'w'}, {"train", required_argument, 0, 'e'}, {0}};
  settings s = {.batch = 40, .repeat = 1, .warm_up = 1, .density = 0.13};
  for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) switch (c) {
      case 'i': s.images = optarg; break;
      case 'n': s.rows = number(optarg); break;
      case 'b': s.batch = number(optarg); break;
      case 't': s.threads = number(optarg); break;
      case 'r': s.repeat = number(optarg); break;
      case 'w': s.warm_up = number(optarg); break;
      case 'e': s.train = number(optarg); break;
      case 'd': s.density = strtod(optarg, NULL); break;
      default: exit(2);
    }
  if (optind + 2 != argc) fail("usage: speed epoch|estep|generate SIZES [--images IDX] [--rows N] ...");
  s.work = argv[optind];
  parse_sizes(&s, argv[optind + 1]);
  return s;
}

/* Rows in which every unit is on with the same probability: a xorshift generator will do. */
static vpf_data *random_rows(const settings *s) {
  const size_t rows = s->rows ? s->rows : 10000, count = rows * s->sizes[0];
  uint8_t *bits = malloc(count);
  if (!bits) fail("no memory");
  uint64_t x = 88172645463325252u;
  for (size_t k = 0; k < count; k++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    bits[k] = (double)(x >> 11) * 0x1p-53 < s->density;
  }
  vpf_data *data;
  check(vpf_data_from_u8(&data, bits, rows, s->sizes[0], 0));
  free(bits);
  return data;
}

static vpf_data *load(const settings *s) {
  if (!s->images) return random_rows(s);
  vpf_data *all, *bits, *some;
  check(vpf_data_load_idx(&all, s->images, 127));
  check(vpf_data_bits_only(&bits, all));
  vpf_data_destroy(all);
  if (s->rows == 0 || strcmp(s->work, "generate") == 0) return bits;
  check(vpf_data_slice(&some, bits, 0, s->rows));
  vpf_data_destroy(bits);
  return some;
}

typedef struct bench {
  vpf_data *data;
  vpf_model *model;
  vpf_optimizer *optimizer;
  float *images;
  double epoch_seconds;
} bench;

static int note_seconds(const vpf_progress *progress, void *user) {
  bench *b = user;
  b->epoch_seconds = progress->seconds;
  return 0;
}

static double do_once(const settings *s, bench *b, size_t turn) {
  if (strcmp(s->work, "epoch") == 0) {
    check(vpf_train(b->model, b->data, b->optimizer, 1, note_seconds, b));
    return b->epoch_seconds;
  }
  const double start = now();
  if (strcmp(s->work, "estep") == 0) {
    vpf_data *states;
    check(vpf_model_infer(b->model, b->data, turn, &states));
    vpf_data_destroy(states);
  } else {
    check(vpf_generate(b->model, s->rows ? s->rows : 10000, 5, NULL, turn, b->images));
  }
  return now() - start;
}

int main(int argc, char **argv) {
  const settings s = parse(argc, argv);
  bench b = {0};
  const bool generates = strcmp(s.work, "generate") == 0;
  if (!generates && strcmp(s.work, "epoch") != 0 && strcmp(s.work, "estep") != 0) fail("epoch, estep or generate");
  b.data = load(&s);
  check(vpf_model_create(&b.model, s.sizes, s.layers, s.intra, VPF_COUPLING_PAIRWISE));
  check(vpf_model_init(b.model, 1));
  check(vpf_optimizer_create(&b.optimizer));
  check(vpf_optimizer_set(b.optimizer, VPF_OPTION_BATCH_SIZE, (double)s.batch));
  check(vpf_optimizer_set(b.optimizer, VPF_OPTION_THREADS, (double)s.threads));
  if (generates) {
    b.images = malloc((s.rows ? s.rows : 10000) * s.sizes[0] * sizeof *b.images);
    if (!b.images) fail("no memory");
  }
  check(vpf_train(b.model, b.data, b.optimizer, s.train, NULL, NULL));
  for (size_t k = 0; k < s.warm_up; k++) do_once(&s, &b, k);
  for (size_t k = 0; k < s.repeat; k++) {
    printf("%.6f\n", do_once(&s, &b, s.warm_up + k));
    fflush(stdout);
  }
  free(b.images);
  vpf_optimizer_destroy(b.optimizer);
  vpf_model_destroy(b.model);
  vpf_data_destroy(b.data);
  return 0;
}
