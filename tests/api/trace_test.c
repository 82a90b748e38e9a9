/* SPDX-License-Identifier: MIT */
/* vpf_gibbs_trace(): the chains of vpf_gibbs(), and the energies that vpf_model_energy() would give. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/enumerate.h"
#include "support/random_machine.h"

static const family FAMILIES[] = {
    {"one layer with U", {70}, 1, {1}, VPF_COUPLING_JOINT},
    {"RBM", {70, 33}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with both U", {20, 67}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
    {"four layers with U", {20, 9, 17, 3}, 4, {1, 0, 1, 1}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof FAMILIES / sizeof *FAMILIES, ROWS = 11, DRAWS = 5 };

typedef struct chains {
  vpf_model *model;
  size_t units;
  uint8_t *clamped;
  vpf_data *start;
} chains;

static chains new_chains(dice *d, const family *f) {
  chains x = {.model = family_machine(d, f, 0.4)};
  x.units = machine_units(x.model);
  x.clamped = random_bits(d, 1, x.units, 0.3);
  uint8_t *bits = random_bits(d, ROWS, x.units, 0.5);
  x.start = data_of_bits(bits, ROWS, x.units);
  free(bits);
  return x;
}

static void free_chains(chains *x) {
  vpf_data_destroy(x->start);
  free(x->clamped);
  vpf_model_destroy(x->model);
}

static void a_trace_is_the_chain_of_gibbs_with_its_energies(void **state) {
  (void)state;
  dice d = {701};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (size_t thin = 1; thin <= 3; thin++)
      for (int hold = 0; hold < 2; hold++) {
        chains x = new_chains(&d, &FAMILIES[f]);
        const uint8_t *clamped = hold ? x.clamped : NULL;
        double energy[ROWS * DRAWS], there[ROWS], again[ROWS * DRAWS];
        vpf_data *end = NULL, *after = NULL;
        assert_ok(vpf_gibbs_trace(x.model, x.start, clamped, DRAWS, thin, 5 + thin, energy, &end));
        for (size_t k = 1; k <= DRAWS; k++) {
          assert_ok(vpf_gibbs(x.model, x.start, clamped, k * thin, 5 + thin, &after));
          assert_ok(vpf_model_energy(x.model, after, there));
          for (size_t r = 0; r < ROWS; r++) assert_memory_equal(&there[r], &energy[r * DRAWS + k - 1], sizeof *there);
          if (k == DRAWS) assert_same_rows(end, after);
          vpf_data_destroy(after);
        }
        assert_ok(vpf_gibbs_trace(x.model, x.start, clamped, DRAWS, thin, 5 + thin, again, NULL));
        assert_memory_equal(energy, again, sizeof energy);
        vpf_data_destroy(end);
        free_chains(&x);
      }
}

/* At equilibrium the mean energy is the one that enumeration gives. */
static void energies_of_long_chains_average_to_the_enumerated_mean(void **state) {
  (void)state;
  enum { CHAINS = 200, LONG = 400, BURN_IN = 100 };
  const family f = {"joint DBM with U", {3, 2, 2}, 3, {1, 0, 1}, VPF_COUPLING_JOINT};
  dice d = {702};
  vpf_model *model = family_machine(&d, &f, 0.7);
  brute_machine *machine = brute_read(model);
  long double *p = brute_distribution(machine), wanted = 0;
  for (uint64_t s = 0; s < (uint64_t)1 << machine->units; s++) {
    uint8_t y[16];
    brute_unpack(s, machine->units, y);
    wanted += p[s] * brute_energy(machine, y);
  }
  vpf_data *start = data_of_all_states(machine->units, CHAINS);
  double *energy = malloc(CHAINS * LONG * sizeof *energy), sum = 0, squares = 0;
  assert_ok(vpf_gibbs_trace(model, start, NULL, LONG, 2, 3, energy, NULL));
  for (size_t r = 0; r < CHAINS; r++) {
    double mean = 0;
    for (size_t k = BURN_IN; k < LONG; k++) mean += energy[r * LONG + k] / (LONG - BURN_IN);
    sum += mean / CHAINS;
    squares += mean * mean / CHAINS;
  }
  assert_true(fabs(sum - (double)wanted) < 5 * sqrt((squares - sum * sum) / CHAINS));
  free(energy);
  vpf_data_destroy(start);
  free(p);
  brute_free(machine);
  vpf_model_destroy(model);
}

static void the_trace_of_a_slice_is_the_slice_of_the_trace(void **state) {
  (void)state;
  dice d = {703};
  chains x = new_chains(&d, &FAMILIES[3]);
  double all[ROWS * DRAWS], part[4 * DRAWS];
  vpf_data *slice = NULL;
  assert_ok(vpf_gibbs_trace(x.model, x.start, NULL, DRAWS, 2, 9, all, NULL));
  assert_ok(vpf_data_slice(&slice, x.start, 6, 4));
  assert_ok(vpf_gibbs_trace(x.model, slice, NULL, DRAWS, 2, 9, part, NULL));
  assert_memory_equal(part, all + 6 * DRAWS, sizeof part);
  vpf_data_destroy(slice);
  free_chains(&x);
}

static void the_number_of_threads_changes_nothing(void **state) {
  (void)state;
  static const size_t threads[] = {1, 2, 7};
  dice d = {704};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    chains x = new_chains(&d, &FAMILIES[f]);
    double first[ROWS * DRAWS], other[ROWS * DRAWS];
    vpf_data *one = NULL, *end = NULL;
    for (int k = 0; k < 3; k++) {
      vpf_set_threads(threads[k]);
      assert_ok(vpf_gibbs_trace(x.model, x.start, NULL, DRAWS, 3, 9, k ? other : first, k ? &end : &one));
      if (k == 0) continue;
      assert_memory_equal(first, other, sizeof first);
      assert_same_rows(one, end);
      vpf_data_destroy(end);
    }
    vpf_data_destroy(one);
    free_chains(&x);
  }
  vpf_set_threads(0);
}

static void bad_input_is_refused(void **state) {
  (void)state;
  const size_t sizes[] = {4, 2, 2};
  vpf_model *rbm = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_model *deep = fixture_model(sizes, 3, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *states = fixture_data(2, 6, 1), *units = fixture_data(2, 8, 1), *out = states;
  double energy[2];
  assert_status(vpf_gibbs_trace(rbm, states, NULL, 0, 1, 1, energy, &out), VPF_ERR_ARGUMENT);
  assert_message_has("0 draws, every 1 sweeps");
  assert_null(out);
  assert_status(vpf_gibbs_trace(rbm, states, NULL, 1, 0, 1, energy, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_gibbs_trace(rbm, states, NULL, SIZE_MAX / 2, 3, 1, energy, NULL), VPF_ERR_LIMIT);
  assert_status(vpf_gibbs_trace(rbm, units, NULL, 1, 1, 1, energy, NULL), VPF_ERR_SHAPE);
  out = states;
  assert_status(vpf_gibbs_trace(deep, units, NULL, 1, 1, 1, energy, &out), VPF_ERR_UNSUPPORTED);
  assert_null(out);
  assert_status(vpf_gibbs_trace(rbm, states, NULL, 1, 1, 1, NULL, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_gibbs_trace(rbm, NULL, NULL, 1, 1, 1, energy, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_gibbs_trace(NULL, states, NULL, 1, 1, 1, energy, &out), VPF_ERR_ARGUMENT);
  vpf_data_destroy(units);
  vpf_data_destroy(states);
  vpf_model_destroy(deep);
  vpf_model_destroy(rbm);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_trace_is_the_chain_of_gibbs_with_its_energies),
      cmocka_unit_test(energies_of_long_chains_average_to_the_enumerated_mean),
      cmocka_unit_test(the_trace_of_a_slice_is_the_slice_of_the_trace),
      cmocka_unit_test(the_number_of_threads_changes_nothing),
      cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
