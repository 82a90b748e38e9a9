/* SPDX-License-Identifier: MIT */
/* What makes an estimate of log Z doubtful, one sign at a time. */
#include "support/fixture.h"

#include <math.h>

#include "eval/doubts.h"

enum { CHAINS = 50 };

/* Nothing is wrong with this one. */
static vpf_ais_result good(void) {
  return (vpf_ais_result){.log_z = 100, .log_z_stderr = 0.1, .ess = 30, .spread = 0.5, .reverse_log_z = 100.4,
                          .reverse_stderr = 0.1, .log_z_bound = 99, .log_z_both = 100.1};
}

static void a_good_estimate_is_not_doubted(void **state) {
  (void)state;
  vpf_ais_result r = good();
  assert_int_equal(vpfi_doubts(&r, CHAINS), 0);
  r.reverse_log_z = r.reverse_stderr = r.log_z_both = (double)NAN; /* forward only */
  assert_int_equal(vpfi_doubts(&r, CHAINS), 0);
  r.log_z_bound = -HUGE_VAL; /* no fixed point was of use */
  assert_int_equal(vpfi_doubts(&r, CHAINS), 0);
}

static void each_sign_makes_its_doubt(void **state) {
  (void)state;
  vpf_ais_result r = good();
  r.log_z_bound = 100.19;
  assert_int_equal(vpfi_doubts(&r, CHAINS), 0);
  r.log_z_bound = 100.21;
  assert_int_equal(vpfi_doubts(&r, CHAINS), VPF_DOUBT_BOUND);
  for (int side = -1; side <= 1; side += 2) {
    r = good();
    r.log_z_both = 100 + side * 0.29;
    assert_int_equal(vpfi_doubts(&r, CHAINS), 0);
    r.log_z_both = 100 + side * 0.31;
    assert_int_equal(vpfi_doubts(&r, CHAINS), VPF_DOUBT_REVERSE);
  }
  r = good();
  r.ess = 4.9;
  assert_int_equal(vpfi_doubts(&r, CHAINS), VPF_DOUBT_ESS);
  r.log_z_stderr = 0.17;
  assert_int_equal(vpfi_doubts(&r, CHAINS), VPF_DOUBT_ESS | VPF_DOUBT_SPREAD);
}

static void every_doubt_has_words(void **state) {
  (void)state;
  const vpf_doubt all[] = {VPF_DOUBT_BOUND, VPF_DOUBT_REVERSE, VPF_DOUBT_ESS, VPF_DOUBT_SPREAD};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    assert_string_not_equal(vpf_doubt_text(all[k]), "unknown doubt");
    for (size_t l = 0; l < k; l++) assert_string_not_equal(vpf_doubt_text(all[k]), vpf_doubt_text(all[l]));
  }
  assert_string_equal(vpf_doubt_text((vpf_doubt)0), "unknown doubt");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_good_estimate_is_not_doubted),
      cmocka_unit_test(each_sign_makes_its_doubt),
      cmocka_unit_test(every_doubt_has_words),
  };
  return cmocka_run_group_tests_name("doubts", tests, NULL, NULL);
}
