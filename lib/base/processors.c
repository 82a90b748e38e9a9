/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* sched_getaffinity() */
#include "base/processors.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The caller's OpenMP, if the process has one; the library itself does without. */
extern int omp_in_parallel(void) __attribute__((weak));
extern int omp_get_max_threads(void) __attribute__((weak));

static atomic_size_t threads_set;
static atomic_size_t allowed; /* the environment's, or the quota; 0: not asked for yet */

void vpfi_set_threads(size_t threads) {
  atomic_store(&threads_set, threads);
}

size_t vpfi_threads_set(void) {
  return atomic_load(&threads_set);
}

/* A whole number above 0 at the beginning of a text ("4,2" is what OpenMP calls a list); 0: none. text: may be NULL. */
static size_t number_in(const char *text) {
  const long value = text ? strtol(text, NULL, 10) : 0;
  return value > 0 ? (size_t)value : 0;
}

/* ---- Control groups ---- */

/* A path in two parts; false if it is too long. */
static bool join(char path[PATH_MAX], const char *folder, const char *name, size_t length) {
  const size_t before = strlen(folder);
  if (before + length >= PATH_MAX) return false;
  memcpy(path, folder, before);
  memcpy(path + before, name, length);
  path[before + length] = 0;
  return true;
}

/* The beginning of a file as text; "" if there is none. */
static void read_text(char *text, size_t size, const char *folder, const char *name) {
  char path[PATH_MAX];
  const int fd = join(path, folder, name, strlen(name)) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  const ssize_t got = fd >= 0 ? read(fd, text, size - 1) : 0;
  text[got > 0 ? got : 0] = 0;
  if (fd >= 0) close(fd);
}

static size_t whole_processors(double quota, double period) {
  if (!(quota > 0 && period > 0)) return SIZE_MAX;
  const double processors = quota / period;
  if (processors > INT_MAX) return SIZE_MAX;
  const size_t whole = (size_t)processors;
  return (double)whole < processors || whole == 0 ? whole + 1 : whole;
}

/* Of one group of the second version ("max 100000", "150000 100000"), or of the first ("150000" or "-1", and "100000"). */
static size_t quota_of_folder(const char *folder) {
  char text[64], *end;
  read_text(text, sizeof text, folder, "/cpu.max");
  if (text[0]) {
    const long quota = strtol(text, &end, 10);
    return whole_processors((double)quota, (double)strtol(end, NULL, 10));
  }
  read_text(text, sizeof text, folder, "/cpu.cfs_quota_us");
  const long quota = strtol(text, NULL, 10);
  read_text(text, sizeof text, folder, "/cpu.cfs_period_us");
  return whole_processors((double)quota, (double)strtol(text, NULL, 10));
}

/* Of a group and of all above it. group: "/a/b" */
static size_t quota_of_group(const char *mount, const char *group, size_t length) {
  char folder[PATH_MAX];
  size_t least = SIZE_MAX;
  if (!join(folder, mount, group, length)) return SIZE_MAX;
  for (char *slash; (slash = strrchr(folder + strlen(mount), '/')); *slash = 0) {
    const size_t quota = quota_of_folder(folder);
    if (quota < least) least = quota;
  }
  const size_t quota = quota_of_folder(mount);
  return quota < least ? quota : least;
}

/* Whether a list like "cpu,cpuacct" has "cpu". */
static bool has_cpu(const char *list, size_t length) {
  for (size_t at = 0; at < length; at += strcspn(list + at, ",:") + 1)
    if (length - at >= 3 && memcmp(list + at, "cpu", 3) == 0 && (at + 3 == length || list[at + 3] == ',')) return true;
  return false;
}

/* Lines are "0::/group" in the second version, "4:cpu,cpuacct:/group" in the first. */
size_t vpfi_quota(const char *root, const char *groups) {
  size_t least = SIZE_MAX;
  for (const char *line = groups; *line;) {
    const size_t length = strcspn(line, "\n");
    const char *controllers = memchr(line, ':', length), *end = line + length;
    const char *group = controllers ? memchr(controllers + 1, ':', (size_t)(end - controllers - 1)) : NULL;
    if (group) {
      char mount[PATH_MAX];
      const size_t named = (size_t)(group - controllers - 1);
      const bool second = named == 0, first = has_cpu(controllers + 1, named);
      const bool known = (first || second) && join(mount, root, "/cpu", second ? 0 : 4);
      const size_t quota = known ? quota_of_group(mount, group + 1, (size_t)(end - group - 1)) : SIZE_MAX;
      if (quota < least) least = quota;
    }
    line = end + (*end == '\n');
  }
  return least;
}

/* ---- Processors ---- */

/* As many as the calling thread may run on; machines may have more than a cpu_set_t holds. */
static size_t processors_to_run_on(void) {
#ifdef __linux__
  for (size_t most = CPU_SETSIZE; most <= (size_t)1 << 20; most *= 4) {
    cpu_set_t *set = CPU_ALLOC(most);
    if (!set) break;
    const size_t size = CPU_ALLOC_SIZE(most);
    const int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) return (size_t)count;
  }
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (size_t)online : 1;
}

size_t vpfi_processors(void) {
  static const size_t from_environment = (SIZE_MAX >> 1) + 1; /* a mark; nobody has as many */
  size_t known = atomic_load(&allowed);
  if (known == 0) {
    known = number_in(getenv("VPF_PROCESSORS"));
    if (known > 0) {
      known |= from_environment;
    } else {
      char groups[4096];
      read_text(groups, sizeof groups, "/proc/self", "/cgroup");
      const size_t quota = vpfi_quota("/sys/fs/cgroup", groups);
      known = quota < from_environment ? quota : from_environment - 1;
    }
    atomic_store(&allowed, known);
  }
  if (known & from_environment) return known & ~from_environment;
  const size_t here = processors_to_run_on();
  return here < known ? here : known;
}

size_t vpfi_thread_count(size_t wanted) {
  if (omp_in_parallel && omp_in_parallel()) return 1;
  const size_t processors = vpfi_processors(), most = processors < VPFI_MOST_THREADS ? processors : VPFI_MOST_THREADS;
  if (wanted == 0) wanted = vpfi_threads_set();
  if (wanted == 0) {
    const int setting = omp_get_max_threads ? omp_get_max_threads() : 0;
    wanted = setting > 0 ? (size_t)setting : number_in(getenv("OMP_NUM_THREADS"));
  }
  return wanted == 0 || wanted > most ? most : wanted;
}
