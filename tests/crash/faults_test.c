/* SPDX-License-Identifier: MIT */
/* Every call to the system that saving and loading make fails, one after the other: once with each error, done and yet
 * reported as failed, from then on, together with a second one, interrupted, or having moved fewer bytes than asked.
 * A save then leaves the old file or the new one, whole, and nothing else; a load gives all or nothing. */
#include "crash/calls.h"
#include "crash/subject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "faults"
#define AWAY "faults-moved"
#define NAME "subject.safetensors"
static const char *const PATH = FOLDER "/" NAME;

typedef enum call_kind {
  OPEN, WRITE, PREAD, FSYNC, CLOSE, FCHMOD, FCHOWN, FSTAT, STAT, LSTAT, READLINK, FACCESSAT, RENAME, UNLINK
} call_kind;

typedef enum way {
  FAILS,
  DONE_BUT_FAILS, /* as a network's disk may do: the answer was lost */
  ONE_BYTE,       /* reads and writes: fewer bytes than asked for */
  NO_BYTE,        /* the same: none, and no error */
  FOLDER_MOVES    /* before the call, which is then made */
} way;

enum { MOST_CALLS = 4096, NEVER = 0 };

/* Calls are counted from 1. */
static struct plan {
  way way;
  int error;
  size_t from, to; /* these are struck */
  size_t second;   /* and this one */
  size_t calls;    /* so far */
  call_kind kind[MOST_CALLS];
} plan;

static struct {
  size_t saves, loads, old, new, none;
} tally;

static bool is_struck(size_t call) {
  return (call >= plan.from && call <= plan.to) || call == plan.second;
}

static bool struck(call_kind kind) {
  assert_true(plan.calls < MOST_CALLS);
  plan.kind[plan.calls++] = kind;
  if (!is_struck(plan.calls)) return false;
  if (plan.way != FOLDER_MOVES) return true;
  real_calls.rename(FOLDER, AWAY);
  return false;
}

static int refuse(void) {
  errno = plan.error;
  return -1;
}

static int refuse_after(int result) {
  (void)result;
  return refuse();
}

/* For a call that gives 0 or -1. */
#define STRIKE(kind, call) (!struck(kind) ? (call) : refuse_after(plan.way == DONE_BUT_FAILS ? (call) : 0))

static int faulty_open(const char *path, int flags, mode_t mode) {
  return struck(OPEN) ? refuse() : real_calls.open(path, flags, mode);
}

static ssize_t faulty_write(int fd, const void *bytes, size_t count) {
  if (!struck(WRITE)) return real_calls.write(fd, bytes, count);
  if (plan.way == ONE_BYTE) return real_calls.write(fd, bytes, 1);
  if (plan.way == NO_BYTE) return 0;
  if (plan.way == DONE_BUT_FAILS) assert_true(real_calls.write(fd, bytes, count) == (ssize_t)count);
  return refuse();
}

static ssize_t faulty_pread(int fd, void *bytes, size_t count, off_t offset) {
  if (!struck(PREAD)) return real_calls.pread(fd, bytes, count, offset);
  if (plan.way == ONE_BYTE) return real_calls.pread(fd, bytes, 1, offset);
  if (plan.way == NO_BYTE) return 0;
  return refuse();
}

/* This process is not the one that crashes, and disks are slow. */
static int unsynced(int fd) {
  (void)fd;
  return 0;
}

static int faulty_fsync(int fd) {
  return struck(FSYNC) ? refuse() : unsynced(fd);
}

/* On Linux the descriptor is gone whatever close() answers. */
static int faulty_close(int fd) {
  const bool hit = struck(CLOSE);
  const int result = real_calls.close(fd);
  return hit ? refuse() : result;
}

static int faulty_fchmod(int fd, mode_t mode) {
  return STRIKE(FCHMOD, real_calls.fchmod(fd, mode));
}
static int faulty_fchown(int fd, uid_t owner, gid_t group) {
  return STRIKE(FCHOWN, real_calls.fchown(fd, owner, group));
}
static int faulty_fstat(int fd, struct stat *info) {
  return STRIKE(FSTAT, real_calls.fstat(fd, info));
}
static int faulty_stat(const char *path, struct stat *info) {
  return STRIKE(STAT, real_calls.stat(path, info));
}
static int faulty_lstat(const char *path, struct stat *info) {
  return STRIKE(LSTAT, real_calls.lstat(path, info));
}
static ssize_t faulty_readlink(const char *path, char *out, size_t room) {
  return struck(READLINK) ? refuse() : real_calls.readlink(path, out, room);
}
static int faulty_faccessat(int folder, const char *path, int mode, int flags) {
  return STRIKE(FACCESSAT, real_calls.faccessat(folder, path, mode, flags));
}
static int faulty_rename(const char *from, const char *to) {
  return STRIKE(RENAME, real_calls.rename(from, to));
}
static int faulty_unlink(const char *path) {
  return STRIKE(UNLINK, real_calls.unlink(path));
}

static void begin(way how, int error, size_t from, size_t to, size_t second) {
  plan = (struct plan){.way = how, .error = error, .from = from, .to = to, .second = second};
  current_calls = (calls){.open = faulty_open, .write = faulty_write, .pread = faulty_pread, .fsync = faulty_fsync,
                          .close = faulty_close, .fchmod = faulty_fchmod, .fchown = faulty_fchown,
                          .fstat = faulty_fstat, .stat = faulty_stat, .lstat = faulty_lstat,
                          .readlink = faulty_readlink, .faccessat = faulty_faccessat, .rename = faulty_rename,
                          .unlink = faulty_unlink};
}

static void end(void) {
  current_calls = real_calls;
}

/* Saving without faults, and fast. */
static vpf_status save_plainly(const subject *s, int which) {
  current_calls.fsync = unsynced;
  const vpf_status status = subject_save(s, which, PATH);
  current_calls = real_calls;
  return status;
}

static const int errors[] = {EIO, ENOSPC, EDQUOT, EACCES, EROFS, ENOENT, EMFILE, EINVAL, ENOTSUP, EINTR, ESTALE};
enum { N_ERRORS = sizeof errors / sizeof *errors };

static subject subjects[2];

/* What is saved, and whether there is a file already. */
typedef struct save {
  const subject *subject;
  bool replaced;
} save;

static const save saves[] = {{&subjects[0], false}, {&subjects[0], true}, {&subjects[1], false}, {&subjects[1], true}};
enum { N_SAVES = sizeof saves / sizeof *saves };

static char last_message[1024]; /* of the last save that failed */

static bool was_made(call_kind kind) {
  for (size_t call = 1; call <= plan.calls; call++)
    if (plan.kind[call - 1] == kind) return true;
  return false;
}

static bool was_struck(call_kind kind) {
  for (size_t call = 1; call <= plan.calls; call++)
    if (plan.kind[call - 1] == kind && is_struck(call)) return true;
  return false;
}

static bool any_was_struck(void) {
  for (size_t call = 1; call <= plan.calls; call++)
    if (is_struck(call)) return true;
  return false;
}

/* One save with these faults, and one without; `plan` then has the calls of the first. */
static vpf_status try_save(const save *of, way how, int error, size_t from, size_t to, size_t second) {
  const subject *const s = of->subject;
  const bool replaced = of->replaced;
  if (replaced)
    assert_ok(save_plainly(s, OLD));
  else
    remove(PATH);
  const size_t descriptors = count_descriptors();
  begin(how, error, from, to, second);
  const vpf_status status = subject_save(s, NEW, PATH);
  end();
  if (status) snprintf(last_message, sizeof last_message, "%s", vpf_error_message());
  if (how == FOLDER_MOVES) {
    const bool moved = real_calls.rename(AWAY, FOLDER) == 0;
    assert_true(moved == any_was_struck());
  }
  assert_int_equal(count_descriptors(), descriptors);
  assert_true(status == VPF_OK || status == VPF_ERR_IO);
  tally.saves++;

  content found = content_read(PATH);
  const bool is_old = replaced && content_equal(&found, &s->file[OLD]), is_new = content_equal(&found, &s->file[NEW]);
  const bool none = !found.bytes;
  content_free(&found);
  tally.old += is_old;
  tally.new += is_new;
  tally.none += none;
  const char *const message = status ? last_message : "no error";
  if (status == VPF_OK ? !is_new : !(is_new || (replaced ? is_old : none)))
    fail_msg("%s, way %d, error %d, calls %zu..%zu and %zu: %s, and the file is %s", s->name, (int)how, error, from, to, second,
             message, is_old ? "old" : is_new ? "new" : none ? "gone" : "broken");
  if (status) {
    assert_non_null(strstr(message, NAME));
    assert_true(!is_new || was_made(RENAME));
  }
  const size_t left = count_files(FOLDER, "") - !none;
  if (left > 0 && !(was_struck(UNLINK) || how == FOLDER_MOVES))
    fail_msg("%s, way %d, error %d, calls %zu..%zu and %zu: a temporary file is left", s->name, (int)how, error, from, to, second);

  /* The same call succeeds next. */
  assert_ok(save_plainly(s, NEW));
  assert_holds(s, NEW, PATH);
  remove_files(FOLDER, ".vpf-"); /* what a failed unlink() has left */
  assert_int_equal(count_files(FOLDER, ""), 1);
  return status;
}

static size_t calls_of_a_save(const save *of) {
  assert_ok(try_save(of, FAILS, 0, NEVER, NEVER, NEVER));
  return plan.calls;
}

/* Whether the file is not safe if this call fails: one that moves its bytes, or the rename, or the folder's sync. */
static bool is_essential(const struct plan *p, size_t call) {
  const call_kind kind = p->kind[call - 1];
  if (kind != CLOSE) return kind == WRITE || kind == FSYNC || kind == RENAME;
  for (size_t later = call + 1; later <= p->calls; later++)
    if (p->kind[later - 1] == RENAME) return true;
  return false;
}

static void no_failure_is_hidden(void **state) {
  (void)state;
  static const int grave[] = {EIO, ENOSPC, EDQUOT};
  for (const save *s = saves; s < saves + N_SAVES; s++) {
    const size_t n = calls_of_a_save(s);
    const struct plan usual = plan;
    for (size_t call = 1; call <= n; call++)
      for (int e = 0; e < 3 && is_essential(&usual, call); e++) {
        assert_int_equal(try_save(s, FAILS, grave[e], call, call, NEVER), VPF_ERR_IO);
        if (!strstr(last_message, strerror(grave[e]))) fail_msg("\"%s\" does not say why", last_message);
      }
  }
}

static void each_call_of_a_save_fails_once_and_from_then_on(void **state) {
  (void)state;
  for (const save *s = saves; s < saves + N_SAVES; s++) {
    const size_t n = calls_of_a_save(s);
    for (int e = 0; e < N_ERRORS; e++)
      for (size_t call = 1; call <= n + 3; call++) { /* clearing up after a failure makes calls of its own */
        try_save(s, FAILS, errors[e], call, call, NEVER);
        if (errors[e] == EINTR) continue; /* means that nothing was done, and to try again, for ever */
        try_save(s, DONE_BUT_FAILS, errors[e], call, call, NEVER);
        try_save(s, FAILS, errors[e], call, MOST_CALLS, NEVER);
      }
  }
}

static void any_two_calls_of_a_save_fail(void **state) {
  (void)state;
  for (const save *s = saves; s < saves + N_SAVES; s++) {
    const size_t n = calls_of_a_save(s);
    for (size_t first = 1; first <= n; first++)
      for (size_t second = first + 1; second <= n + 6; second++) try_save(s, FAILS, EIO, first, first, second);
  }
}

static bool is_repeated(call_kind kind) {
  return kind == OPEN || kind == WRITE || kind == PREAD || kind == FSYNC || kind == CLOSE;
}

static void an_interrupted_save_goes_on(void **state) {
  (void)state;
  for (const save *s = saves; s < saves + N_SAVES; s++) {
    const size_t n = calls_of_a_save(s);
    for (size_t call = 1; call <= n; call++)
      for (size_t times = 1; times <= 3; times++) {
        const vpf_status status = try_save(s, FAILS, EINTR, call, call + times - 1, NEVER);
        bool all_repeated = true;
        for (size_t j = call; j < call + times && j <= plan.calls; j++)
          all_repeated = all_repeated && is_repeated(plan.kind[j - 1]);
        if (all_repeated) assert_ok(status);
      }
  }
}

static void a_save_whose_writes_are_short_is_whole(void **state) {
  (void)state;
  for (const save *s = saves; s < saves + N_SAVES; s++) {
    const size_t n = calls_of_a_save(s);
    const struct plan usual = plan;
    for (size_t call = 1; call <= n; call++) {
      if (usual.kind[call - 1] != WRITE) continue;
      assert_ok(try_save(s, ONE_BYTE, 0, call, call, NEVER));
      assert_ok(try_save(s, ONE_BYTE, 0, call, call + 999, NEVER));
      assert_int_equal(try_save(s, NO_BYTE, 0, call, call, NEVER), VPF_ERR_IO);
    }
  }
}

static void the_folder_moves_before_any_call(void **state) {
  (void)state;
  for (const save *s = saves; s < saves + N_SAVES; s++) {
    const size_t n = calls_of_a_save(s);
    size_t failed = 0;
    for (size_t call = 1; call <= n; call++)
      failed += try_save(s, FOLDER_MOVES, 0, call, call, NEVER) != VPF_OK;
    assert_true(failed > 0 && failed < n);
  }
}

/* ---- loading ---- */

typedef struct loaded {
  vpf_model *model;
  vpf_optimizer *optimizer;
  vpf_data *data;
} loaded;

typedef vpf_status (*load_fn)(loaded *out);

static vpf_status load_model(loaded *out) {
  return vpf_model_load(&out->model, "faults-model.safetensors");
}
static vpf_status load_checkpoint(loaded *out) {
  return vpf_checkpoint_load(&out->model, &out->optimizer, "faults-checkpoint.safetensors");
}
static vpf_status load_idx(loaded *out) {
  return vpf_data_load_idx(&out->data, VPF_TESTS "/data/images.idx", 127);
}
static vpf_status load_idx_gz(loaded *out) {
  return vpf_data_load_idx(&out->data, VPF_TESTS "/data/images.idx.gz", 127);
}

static void unload(loaded *l) {
  vpf_model_destroy(l->model);
  vpf_optimizer_destroy(l->optimizer);
  vpf_data_destroy(l->data);
}

/* What was loaded, as bytes. */
static content bytes_of(const loaded *l) {
  content c;
  if (l->data) {
    c.size = vpf_data_rows(l->data) * vpf_data_cols(l->data);
    c.bytes = malloc(c.size);
    assert_non_null(c.bytes);
    assert_ok(vpf_data_to_u8(l->data, c.bytes));
    return c;
  }
  assert_ok(l->optimizer ? vpf_checkpoint_save(l->model, l->optimizer, "faults-again.safetensors")
                         : vpf_model_save(l->model, "faults-again.safetensors"));
  c = content_read("faults-again.safetensors");
  remove("faults-again.safetensors");
  return c;
}

static vpf_status try_load(load_fn load, const content *wanted, way how, int error, size_t from, size_t to) {
  loaded l = {0};
  const size_t descriptors = count_descriptors();
  begin(how, error, from, to, NEVER);
  const vpf_status status = load(&l);
  end();
  tally.loads++;
  assert_int_equal(count_descriptors(), descriptors);
  if (status) {
    assert_true(status == VPF_ERR_IO || status == VPF_ERR_FORMAT);
    assert_true(!l.model && !l.optimizer && !l.data);
    assert_true(strlen(vpf_error_message()) > 0);
  } else {
    content found = bytes_of(&l);
    assert_true(content_equal(&found, wanted));
    content_free(&found);
  }
  unload(&l);
  return status;
}

static void load_with_faults(load_fn load) {
  loaded l = {0};
  assert_ok(load(&l));
  content wanted = bytes_of(&l);
  unload(&l);

  assert_ok(try_load(load, &wanted, FAILS, 0, NEVER, NEVER));
  const size_t n = plan.calls;
  const struct plan usual = plan;
  for (size_t call = 1; call <= n; call++) {
    const call_kind kind = usual.kind[call - 1];
    for (int e = 0; e < N_ERRORS; e++) {
      const vpf_status status = try_load(load, &wanted, FAILS, errors[e], call, call);
      /* A file that cannot be closed has been read all the same. */
      const bool harmless = kind == CLOSE || (errors[e] == EINTR && is_repeated(kind));
      assert_int_equal(status, harmless ? VPF_OK : VPF_ERR_IO);
      if (errors[e] != EINTR) try_load(load, &wanted, FAILS, errors[e], call, MOST_CALLS);
    }
    if (kind != PREAD) continue;
    assert_ok(try_load(load, &wanted, FAILS, EINTR, call, call + 2));
    assert_ok(try_load(load, &wanted, ONE_BYTE, 0, call, call));
    assert_ok(try_load(load, &wanted, ONE_BYTE, 0, call, call + 99));
    assert_int_equal(try_load(load, &wanted, NO_BYTE, 0, call, call), VPF_ERR_IO); /* somebody has cut the file */
  }
  content_free(&wanted);
}

static void each_call_of_a_load_fails_or_reads_less(void **state) {
  (void)state;
  assert_ok(subject_save(&subjects[0], NEW, "faults-model.safetensors"));
  assert_ok(subject_save(&subjects[1], NEW, "faults-checkpoint.safetensors"));
  load_with_faults(load_model);
  load_with_faults(load_checkpoint);
  load_with_faults(load_idx);
  load_with_faults(load_idx_gz);
  remove("faults-model.safetensors");
  remove("faults-checkpoint.safetensors");
}

static int set_up(void **state) {
  (void)state;
  mkdir(FOLDER, 0755);
  subjects[0] = subject_model(30, 40);
  subjects[1] = subject_checkpoint(20, 25);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  print_message("%zu saves with faults: %zu times the old file, %zu times the new one, %zu times none as before; %zu loads\n",
                tally.saves, tally.old, tally.new, tally.none, tally.loads);
  for (int k = 0; k < 2; k++) subject_free(&subjects[k]);
  remove(PATH);
  return remove(FOLDER);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_failure_is_hidden),
      cmocka_unit_test(each_call_of_a_save_fails_once_and_from_then_on),
      cmocka_unit_test(any_two_calls_of_a_save_fail),
      cmocka_unit_test(an_interrupted_save_goes_on),
      cmocka_unit_test(a_save_whose_writes_are_short_is_whole),
      cmocka_unit_test(the_folder_moves_before_any_call),
      cmocka_unit_test(each_call_of_a_load_fails_or_reads_less),
  };
  return cmocka_run_group_tests_name("faults", tests, set_up, tear_down);
}
