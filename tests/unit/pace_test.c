/* SPDX-License-Identifier: MIT */
/* Does a team find how many of its threads pay off? On computers that are made up: a lap takes as long as the computer says
 * for the number of threads that work, and so do trials of bad choices, which are not to cost much either. */
#include "base/pace.h"
#include "support/fixture.h"

/* Seconds of a lap that begins at `now`. */
typedef double (*computer)(size_t threads, double now);

/* Seconds for `seconds` worth of laps of one thread. */
static double run(computer lap, size_t most, double seconds, size_t *end) {
  vpfi_pace pace;
  double now = 1;
  vpfi_pace_begin(&pace, most);
  vpfi_pace_lap(&pace, 0, now);
  for (double left = seconds; left > 0; left -= lap(1, -1)) {
    now += lap(vpfi_pace_threads(&pace), now);
    vpfi_pace_lap(&pace, 1, now);
  }
  *end = pace.threads[pace.home];
  return now - 1;
}

static double idle(size_t threads, double now) {
  (void)now;
  return 2e-4 / (double)threads + 1e-5 * (double)(threads - 1);
}

/* Too short for a second thread to be tried at all: the first trial would be the end of the day. A team works alone at
 * first, whatever its number of threads. */
static double shortest(size_t threads, double now) {
  return threads == 1 || now < 1.0001 ? 5e-6 : 1e9;
}

static double tiny(size_t threads, double now) {
  (void)now;
  return threads == 1 ? 2e-5 : 2e-5 + 2e-5 * (double)threads;
}

/* 1e-3 of work that four threads do best. */
static double middling(size_t threads, double now) {
  (void)now;
  return 1e-3 / (double)threads + 4e-5 * (double)threads;
}

static double huge(size_t threads, double now) {
  (void)now;
  return 0.3 / (double)threads;
}

/* Every other 4 ms, some other process has the second processor. A lap of two threads that begins just then, or runs into
 * it, waits until it is over. */
static double busy(size_t threads, double now) {
  if (threads == 1) return 2e-4;
  const double lap = 2e-4 / 1.6, phase = now - 0.008 * (double)(long)(now / 0.008);
  return phase + lap < 0.004 ? lap : 0.008 - phase + lap;
}

/* Idle for a second, then busy. */
static double soon_busy(size_t threads, double now) {
  return now < 2 ? idle(threads, now) : busy(threads, now);
}

/* Twice as slow with two threads for a second, and then idle. */
static double soon_idle(size_t threads, double now) {
  return threads > 1 && now < 2 ? 4e-4 : idle(threads, now);
}

static void expect(computer lap, size_t most, double seconds, size_t wanted, double at_most) {
  size_t end = 0;
  const double took = run(lap, most, seconds, &end);
  if (took > at_most || (wanted > 0 && end != wanted))
    fail_msg("%g seconds of work took %g, at most %g were allowed; %zu threads at the end, should be %zu", seconds, took, at_most,
             end, wanted);
}

static void all_threads_work_where_they_pay_off(void **state) {
  (void)state;
  expect(idle, 2, 1, 2, 1.05 * idle(2, 0) / idle(1, 0) + 0.01);
  expect(idle, 4, 20, 4, 20 * 1.05 * idle(4, 0) / idle(1, 0));
  expect(idle, 3, 20, 3, 20 * 1.05 * idle(3, 0) / idle(1, 0));
  expect(huge, 2, 30, 2, 15 * 1.05);
  expect(idle, 1, 1, 1, 1.001);
}

static void one_thread_works_where_others_only_cost_time(void **state) {
  (void)state;
  expect(shortest, 2, 10, 1, 10.01);
  expect(tiny, 2, 1, 1, 1.1);
  expect(tiny, 16, 10, 1, 10 * 1.05);
  expect(busy, 2, 1, 0, 1.15);
  expect(busy, 2, 20, 0, 20 * 1.1);
}

static void the_best_of_many_numbers_is_found(void **state) {
  (void)state;
  expect(middling, 64, 20, 4, 20 * 1.05 * middling(4, 0) / middling(1, 0));
}

static void what_changes_is_noticed(void **state) {
  (void)state;
  size_t end = 0;
  expect(soon_busy, 2, 12, 0, 13);
  const double took = run(soon_idle, 2, 20, &end);
  assert_int_equal(end, 2);
  assert_true(took < 20 * 0.65);
}

/* Laps that each have a pause before and after them are learned from as well, and few long ones are not begun alone. */
static void training_with_breaks_finds_its_threads(void **state) {
  (void)state;
  vpfi_pace pace;
  double now = 0;
  vpfi_pace_begin(&pace, 8);
  for (int lap = 0; lap < 400; lap++) {
    vpfi_pace_lap(&pace, 0, now);
    if (lap == 0) assert_int_equal(vpfi_pace_threads(&pace), 8);
    now += 10 * middling(vpfi_pace_threads(&pace), now);
    vpfi_pace_lap(&pace, 10, now);
    vpfi_pace_pause(&pace);
    now += 0.3;
  }
  assert_int_equal(pace.threads[pace.home], 4);
}

/* Time that passes in a pause belongs to no lap. */
static void a_pause_counts_for_nothing(void **state) {
  (void)state;
  vpfi_pace pace;
  double now = 0;
  vpfi_pace_begin(&pace, 2);
  vpfi_pace_lap(&pace, 0, now);
  for (int round = 0; round < 1000; round++) {
    for (int lap = 0; lap < 50; lap++) vpfi_pace_lap(&pace, 1, now += idle(vpfi_pace_threads(&pace), now));
    vpfi_pace_pause(&pace);
    now += 1;
    vpfi_pace_lap(&pace, 0, now);
  }
  assert_int_equal(pace.threads[pace.home], 2);
  assert_true(pace.cost[1] < 1.01 * idle(2, 0) && pace.cost[0] < 1.01 * idle(1, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_threads_work_where_they_pay_off),
      cmocka_unit_test(one_thread_works_where_others_only_cost_time),
      cmocka_unit_test(the_best_of_many_numbers_is_found),
      cmocka_unit_test(what_changes_is_noticed),
      cmocka_unit_test(training_with_breaks_finds_its_threads),
      cmocka_unit_test(a_pause_counts_for_nothing),
  };
  return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
