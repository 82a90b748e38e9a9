/* SPDX-License-Identifier: MIT */
/* How many processors a process may use: by control groups of both versions, by affinity and by the environment. */
#define _GNU_SOURCE /* sched_setaffinity() */
#include "base/processors.h"
#include "support/fixture.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file below the working directory, with the folders above it. */
static void write_text(const char *path, const char *text) {
  char folder[256];
  for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    mkdir(folder, 0777);
  }
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

static void quotas_of_control_groups_count_in_whole_processors(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t processors;
  } cases[] = {{"max 100000\n", SIZE_MAX}, {"200000 100000\n", 2}, {"150000 100000\n", 2}, {"100000 100000\n", 1},
               {"1000 100000\n", 1},       {"1 1000000\n", 1},     {"garbage", SIZE_MAX},  {"100000 0\n", SIZE_MAX},
               {"", SIZE_MAX}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    write_text("two/job/cpu.max", cases[k].text);
    assert_int_equal(vpfi_quota("two", "0::/job\n"), cases[k].processors);
  }
}

static void the_least_of_a_group_and_those_above_counts(void **state) {
  (void)state;
  write_text("deep/cpu.max", "800000 100000\n");
  write_text("deep/a/cpu.max", "300000 100000\n");
  write_text("deep/a/b/cpu.max", "max 100000\n");
  write_text("deep/c/cpu.max", "max 100000\n");
  assert_int_equal(vpfi_quota("deep", "0::/a/b\n"), 3);
  assert_int_equal(vpfi_quota("deep", "0::/a/b"), 3);
  assert_int_equal(vpfi_quota("deep", "0::/c\n"), 8);
  assert_int_equal(vpfi_quota("deep", "0::/\n"), 8);
  assert_int_equal(vpfi_quota("deep", "0::/a/nothing/here\n"), 3);
}

static void the_first_version_of_control_groups_is_known(void **state) {
  (void)state;
  write_text("one/cpu/docker/x/cpu.cfs_quota_us", "250000\n");
  write_text("one/cpu/docker/x/cpu.cfs_period_us", "100000\n");
  write_text("one/cpu/free/cpu.cfs_quota_us", "-1\n");
  write_text("one/cpu/free/cpu.cfs_period_us", "100000\n");
  assert_int_equal(vpfi_quota("one", "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/\n"), 3);
  assert_int_equal(vpfi_quota("one", "4:cpuacct,cpu:/docker/x\n"), 3);
  assert_int_equal(vpfi_quota("one", "4:cpu,cpuacct:/free\n"), SIZE_MAX);
  assert_int_equal(vpfi_quota("one", "5:cpuset:/docker/x\n6:cpuacct:/docker/x\n4:cpu,cpuacct:/free\n"), SIZE_MAX);
}

static void what_is_no_list_of_groups_limits_nothing(void **state) {
  (void)state;
  static const char *const texts[] = {"", "\n\n", "0:", "0::", "::::", "no colons", "0::/../../../..", "3:cpuset:/docker/x"};
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) assert_int_equal(vpfi_quota("nowhere", texts[k]), SIZE_MAX);
  char path[6000] = "0::/";
  memset(path + 4, 'x', sizeof path - 5);
  assert_int_equal(vpfi_quota("deep", path), SIZE_MAX);
}

/* What a process of its own finds. */
static int processors_of_child(const char *environment, bool one_processor) {
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    unsetenv("VPF_PROCESSORS");
    if (environment) setenv("VPF_PROCESSORS", environment, 1);
    cpu_set_t all, one;
    if (one_processor) {
      if (sched_getaffinity(0, sizeof all, &all) != 0) _exit(99);
      size_t last = 0;
      for (size_t c = 0; c < CPU_SETSIZE; c++)
        if (CPU_ISSET(c, &all)) last = c;
      CPU_ZERO(&one);
      CPU_SET(last, &one);
      if (sched_setaffinity(0, sizeof one, &one) != 0) _exit(99);
    }
    const size_t found = vpfi_processors();
    _exit(found < 90 ? (int)found : 90);
  }
  int status = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void affinity_and_environment_count(void **state) {
  (void)state;
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  const int found = processors_of_child(NULL, false);
  assert_true(found >= 1 && found <= online);
  assert_int_equal(processors_of_child(NULL, true), 1);
  assert_int_equal(processors_of_child("13", false), 13);
  assert_int_equal(processors_of_child("13", true), 13);
  assert_int_equal(processors_of_child("0", false), found);
  assert_int_equal(processors_of_child("-3", false), found);
  assert_int_equal(processors_of_child("many", false), found);
  assert_int_equal(setenv("VPF_PROCESSORS", "576460752303423488", 1), 0); /* from here on in this process */
  assert_int_equal(vpfi_thread_count(100), 100);
  assert_int_equal(vpfi_thread_count(20000), VPFI_MOST_THREADS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(affinity_and_environment_count), /* before this process has asked */
      cmocka_unit_test(quotas_of_control_groups_count_in_whole_processors),
      cmocka_unit_test(the_least_of_a_group_and_those_above_counts),
      cmocka_unit_test(the_first_version_of_control_groups_is_known),
      cmocka_unit_test(what_is_no_list_of_groups_limits_nothing),
  };
  return cmocka_run_group_tests_name("processors", tests, NULL, NULL);
}
