/* SPDX-License-Identifier: MIT */
/* One result for all compilers, standards, build types, instruction sets and byte orders: what is computed on small
 * machines of every kind, as numbers that stand here. Every build of this test compares with them. They change only with
 * a decision to change results (docs/determinism.md); training has its number in train_test.c. */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 25, MOST_UNITS = 120, COUNT = 20 };

/* FNV-1a over 32-bit words, as numbers and not as bytes, whose order is the processor's. */
static uint64_t hash_u32(uint64_t hash, uint32_t word) { return (hash ^ word) * 0x100000001b3u; }

static uint64_t hash_floats(uint64_t hash, const float *values, size_t count) {
  for (size_t k = 0; k < count; k++) {
    uint32_t word;
    memcpy(&word, &values[k], sizeof word);
    hash = hash_u32(hash, word);
  }
  return hash;
}

static uint64_t hash_doubles(uint64_t hash, const double *values, size_t count) {
  for (size_t k = 0; k < count; k++) {
    uint64_t word;
    memcpy(&word, &values[k], sizeof word);
    hash = hash_u32(hash_u32(hash, (uint32_t)word), (uint32_t)(word >> 32));
  }
  return hash;
}

static uint64_t hash_data(uint64_t hash, const vpf_data *data) {
  const size_t count = vpf_data_rows(data) * vpf_data_cols(data);
  uint8_t *bits = malloc(count);
  assert_non_null(bits);
  assert_ok(vpf_data_to_u8(data, bits));
  for (size_t k = 0; k < count; k++) hash = hash_u32(hash, bits[k]);
  free(bits);
  return hash;
}

static const struct machine {
  const char *name;
  size_t layers, sizes[3];
  uint8_t intra[3];
  vpf_coupling coupling;
  uint64_t inference, mathematics, samples, filling, annealing; /* the numbers */
} machines[] = {
    {"observed", 1, {12}, {1}, VPF_COUPLING_PAIRWISE,
     0xbe48f098876bf412u, 0x3ce823e2b96fce77u, 0xd0531933414a3c1du, 0xcb8e500f828aa7cdu, 0x91ecbd49dbd02d99u},
    {"RBM", 2, {70, 20}, {0, 0}, VPF_COUPLING_PAIRWISE,
     0x6ae9e16987fadcd5u, 0x76314a2bcbc1ae32u, 0x42c9d1bf676d537eu, 0xef3cfd7699f4bb98u, 0xfc21921233866b4bu},
    {"RBM with intra-layer weights", 2, {70, 10}, {1, 1}, VPF_COUPLING_PAIRWISE,
     0x313aea41cf5c7adfu, 0x829e42a99cc5270fu, 0x30be762d6f3c00aau, 0x8f8580fedd79740bu, 0x0ce3ca9e8f2aee5fu},
    {"DBM, pairwise", 3, {70, 30, 17}, {0, 1, 1}, VPF_COUPLING_PAIRWISE,
     0x04eff90e5c88ea7fu, 0x9d56303a398c472du, 0xfe12847054f64a04u, 0x6c8bd347319157c5u, 0},
    {"DBM, joint", 3, {12, 30, 7}, {0, 0, 1}, VPF_COUPLING_JOINT,
     0xa2d7e5091580f775u, 0xf94d9e8168cfef32u, 0xb0d77e7f38db57beu, 0xe6ca79edd1e3601au, 0x26cb7b3a41fe8f36u},
};

static int wrong;

static void compare(const char *machine, const char *what, uint64_t got, uint64_t wanted) {
  if (got == wanted) return;
  print_error("%s, %s: 0x%016llxu, not 0x%016llxu\n", machine, what, (unsigned long long)got, (unsigned long long)wanted);
  wrong++;
}

static void check_machine(const struct machine *m) {
  static const uint64_t basis = 0xcbf29ce484222325u;
  static float floats[ROWS * MOST_UNITS], gradient[8192];
  static double doubles[ROWS * 3];
  const int has_energy = m->layers <= 2 || m->coupling == VPF_COUPLING_JOINT;
  const size_t visible = m->sizes[0];
  vpf_data *rows = fixture_data(ROWS, visible, 8), *states = NULL, *chains = NULL;
  vpf_model *model = fixture_model(m->sizes, m->layers, m->intra, m->coupling, 9);
  uint8_t known[MOST_UNITS];
  for (size_t k = 0; k < visible; k++) known[k] = k % 3 != 0;

  assert_ok(vpf_model_infer(model, rows, 10, &states));
  uint64_t hash = hash_data(basis, states);
  assert_ok(vpf_encode(model, rows, m->layers - 1, floats));
  hash = hash_floats(hash, floats, ROWS * m->sizes[m->layers - 1]);
  compare(m->name, "inference", hash, m->inference);

  double flow;
  assert_ok(vpf_model_flow(model, states, &flow));
  assert_true(vpf_model_param_count(model) <= 8192);
  assert_ok(vpf_model_flow_gradient(model, states, gradient));
  hash = hash_floats(hash_doubles(basis, &flow, 1), gradient, vpf_model_param_count(model));
  if (has_energy) {
    assert_ok(vpf_model_energy(model, states, doubles));
    hash = hash_doubles(hash, doubles, ROWS);
  }
  compare(m->name, "mathematics", hash, m->mathematics);

  assert_ok(vpf_generate(model, COUNT, 3, NULL, 11, floats));
  hash = hash_floats(basis, floats, COUNT * visible);
  if (has_energy) {
    assert_ok(vpf_gibbs_trace(model, states, NULL, 3, 2, 12, doubles, &chains));
    hash = hash_doubles(hash_data(hash, chains), doubles, ROWS * 3);
  }
  compare(m->name, "samples", hash, m->samples);

  assert_ok(vpf_reconstruct(model, rows, known, 4, 2, 13, floats));
  hash = hash_floats(basis, floats, ROWS * visible);
  assert_ok(vpf_reconstruct_mean_field(model, rows, known, 4, floats));
  hash = hash_floats(hash, floats, ROWS * visible);
  compare(m->name, "filling in", hash, m->filling);

  if (has_energy) {
    vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 10, .betas = 30, .seed = 14, .base = rows, .reverse = 1};
    vpf_ais_result found = {.struct_size = sizeof found};
    assert_ok(vpf_ais(model, &settings, &found));
    const double results[] = {found.log_z, found.log_z_stderr, found.ess, found.reverse_log_z};
    hash = hash_doubles(basis, results, 4);
    compare(m->name, "annealing", hash, m->annealing);
  }
  vpf_data_destroy(chains);
  vpf_data_destroy(states);
  vpf_data_destroy(rows);
  vpf_model_destroy(model);
}

static void everything_has_the_same_bits_wherever_this_is_compiled(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof machines / sizeof *machines; k++) check_machine(&machines[k]);
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(everything_has_the_same_bits_wherever_this_is_compiled)};
  return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
