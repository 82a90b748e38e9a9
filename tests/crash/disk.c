/* SPDX-License-Identifier: MIT */
#include "crash/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash/calls.h"
#include "support/dice.h"

enum { NAME_BYTES = 96, MOST_FILES = 8, FIRST_DESCRIPTOR = 1 << 20, MOST_DESCRIPTORS = 16, THE_FOLDER = -1 };

/* ---- events ---- */

typedef enum kind { CREATE, WRITE, EMPTY, CHMOD, SYNC_FILE, RENAME, UNLINK, SYNC_FOLDER, CLOSE } kind;

typedef struct event {
  kind kind;
  int file;
  char name[NAME_BYTES], new_name[NAME_BYTES];
  mode_t mode;
  size_t offset, count;
  unsigned char *bytes;
} event;

static event events[DISK_MOST_EVENTS];
static size_t n_events;
static int n_files;
static char old_name[NAME_BYTES];
static content old_file; /* the caller's; it is file 0 */

static struct {
  bool open;
  int file;
  size_t offset;
} descriptor[MOST_DESCRIPTORS];

static event *add_event(kind what, int file, const char *name) {
  assert_true(n_events < DISK_MOST_EVENTS);
  event *e = &events[n_events++];
  *e = (event){.kind = what, .file = file};
  snprintf(e->name, sizeof e->name, "%s", name);
  return e;
}

static bool settles(const event *sync, const event *e) {
  const bool names = e->kind == CREATE || e->kind == RENAME || e->kind == UNLINK;
  const bool data = e->kind == WRITE || e->kind == EMPTY || e->kind == CHMOD;
  return (names && sync->kind == SYNC_FOLDER) || (data && sync->kind == SYNC_FILE && sync->file == e->file);
}

static bool changes_something(const event *e) {
  return e->kind != SYNC_FILE && e->kind != SYNC_FOLDER && e->kind != CLOSE;
}

size_t disk_pending(size_t crash, size_t out_events[DISK_MOST_EVENTS]) {
  size_t n = 0;
  for (size_t k = 0; k < crash; k++) {
    bool pending = changes_something(&events[k]);
    for (size_t later = k + 1; later < crash; later++) pending = pending && !settles(&events[later], &events[k]);
    if (pending) out_events[n++] = k;
  }
  return n;
}

size_t disk_n_events(void) {
  return n_events;
}

size_t disk_n_outcomes(size_t k) {
  return events[k].kind == WRITE ? DISK_GARBAGE + 1 : DISK_DROPPED + 1;
}

const char *disk_event_text(size_t k, char *text) {
  static const char *const verb[] = {"create", "write", "empty", "chmod", "sync file", "rename", "unlink", "sync folder",
                                     "close"};
  snprintf(text, 128, "%s", k < n_events ? verb[events[k].kind] : "the end");
  return text;
}

/* ---- what is on the disk after some of them ---- */

typedef struct image {
  struct {
    unsigned char *bytes;
    size_t size;
    mode_t mode;
  } file[MOST_FILES];
  struct {
    char name[NAME_BYTES];
    int file;
  } entry[MOST_FILES];
  size_t n_entries;
} image;

static int entry_find(const image *im, const char *name) {
  for (size_t k = 0; k < im->n_entries; k++)
    if (strcmp(im->entry[k].name, name) == 0) return (int)k;
  return -1;
}

static void entry_remove(image *im, const char *name) {
  const int at = entry_find(im, name);
  if (at >= 0) im->entry[at] = im->entry[--im->n_entries];
}

static void entry_set(image *im, const char *name, int file) {
  entry_remove(im, name);
  assert_true(im->n_entries < MOST_FILES);
  snprintf(im->entry[im->n_entries].name, NAME_BYTES, "%s", name);
  im->entry[im->n_entries++].file = file;
}

static void put_bytes(image *im, const event *e, disk_outcome outcome) {
  const size_t count = outcome == DISK_HALF ? e->count / 2 : e->count, end = e->offset + count;
  unsigned char **bytes = &im->file[e->file].bytes;
  size_t *size = &im->file[e->file].size;
  if (end > *size) {
    *bytes = realloc(*bytes, end);
    assert_non_null(*bytes);
    memset(*bytes + *size, 0, end - *size);
    *size = end;
  }
  if (outcome != DISK_GARBAGE) {
    memcpy(*bytes + e->offset, e->bytes, count);
    return;
  }
  dice d = {e->offset + e->count};
  for (size_t k = e->offset; k < end; k++) (*bytes)[k] = (unsigned char)dice_bits(&d);
}

static void apply(image *im, const event *e, disk_outcome outcome) {
  if (outcome == DISK_DROPPED) return;
  switch (e->kind) {
  case CREATE:
    im->file[e->file].mode = e->mode;
    entry_set(im, e->name, e->file);
    break;
  case WRITE: put_bytes(im, e, outcome); break;
  case EMPTY: im->file[e->file].size = 0; break;
  case CHMOD: im->file[e->file].mode = e->mode; break;
  case RENAME:
    entry_remove(im, e->name);
    entry_set(im, e->new_name, e->file);
    break;
  case UNLINK: entry_remove(im, e->name); break;
  case SYNC_FILE:
  case SYNC_FOLDER:
  case CLOSE: break;
  }
}

/* outcome NULL: everything is done, which is what the running program sees. */
static void image_make(image *im, size_t crash, const disk_outcome *outcome) {
  memset(im, 0, sizeof *im);
  if (old_file.bytes) {
    const event create = {.kind = CREATE, .mode = DISK_MODE};
    const event write = {.kind = WRITE, .bytes = old_file.bytes, .count = old_file.size};
    apply(im, &create, DISK_DONE);
    apply(im, &write, DISK_DONE);
    snprintf(im->entry[0].name, NAME_BYTES, "%s", old_name);
  }
  for (size_t k = 0; k < crash; k++) apply(im, &events[k], outcome ? outcome[k] : DISK_DONE);
}

static void image_free(image *im) {
  for (int f = 0; f < MOST_FILES; f++) free(im->file[f].bytes);
}

void disk_write_out(size_t crash, const disk_outcome outcome[DISK_MOST_EVENTS], const char *folder) {
  image im;
  char path[PATH_MAX];
  remove_files(folder, "");
  image_make(&im, crash, outcome);
  for (size_t k = 0; k < im.n_entries; k++) {
    const int f = im.entry[k].file;
    assert_true(snprintf(path, sizeof path, "%s/%s", folder, im.entry[k].name) < PATH_MAX);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    if (im.file[f].size > 0) assert_int_equal(fwrite(im.file[f].bytes, 1, im.file[f].size, file), im.file[f].size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, im.file[f].mode), 0);
  }
  image_free(&im);
}

/* ---- the calls ---- */

static bool is_simulated(const char *path) {
  return strncmp(path, DISK_FOLDER, strlen(DISK_FOLDER)) == 0;
}

static const char *base_name(const char *path) {
  return path + strlen(DISK_FOLDER);
}

static int file_named(const char *name, mode_t *mode) {
  image im;
  image_make(&im, n_events, NULL);
  const int at = entry_find(&im, name), file = at < 0 ? -1 : im.entry[at].file;
  if (file >= 0) *mode = im.file[file].mode;
  image_free(&im);
  return file;
}

static int refuse(int error) {
  errno = error;
  return -1;
}

static int give_descriptor(int file) {
  for (int k = 0; k < MOST_DESCRIPTORS; k++) {
    if (descriptor[k].open) continue;
    descriptor[k].open = true;
    descriptor[k].file = file;
    descriptor[k].offset = 0;
    return FIRST_DESCRIPTOR + k;
  }
  return refuse(EMFILE);
}

/* Its number in the table; -1 for a real one. A simulated one has to be open. */
static int slot_of(int fd) {
  if (fd < FIRST_DESCRIPTOR) return -1;
  assert_true(fd < FIRST_DESCRIPTOR + MOST_DESCRIPTORS && descriptor[fd - FIRST_DESCRIPTOR].open);
  return fd - FIRST_DESCRIPTOR;
}

/* The folder, or a new file: nothing else is opened by a layer that replaces files and never changes one. */
static int disk_open(const char *path, int flags, mode_t mode) {
  mode_t ignored;
  if (!is_simulated(path)) return real_calls.open(path, flags, mode);
  if (flags & O_DIRECTORY) return *base_name(path) ? refuse(ENOTDIR) : give_descriptor(THE_FOLDER);
  if (!(flags & O_CREAT) || !(flags & O_EXCL)) return refuse(ENOTSUP);
  if (file_named(base_name(path), &ignored) >= 0) return refuse(EEXIST);
  assert_true(n_files < MOST_FILES);
  add_event(CREATE, n_files, base_name(path))->mode = mode & 0755;
  return give_descriptor(n_files++);
}

static ssize_t disk_write(int fd, const void *bytes, size_t count) {
  const int slot = slot_of(fd);
  if (slot < 0) return real_calls.write(fd, bytes, count);
  event *e = add_event(WRITE, descriptor[slot].file, "");
  e->bytes = malloc(count + 1);
  assert_non_null(e->bytes);
  memcpy(e->bytes, bytes, count);
  e->count = count;
  e->offset = descriptor[slot].offset;
  descriptor[slot].offset += count;
  return (ssize_t)count;
}

static int disk_fsync(int fd) {
  const int slot = slot_of(fd);
  if (slot < 0) return real_calls.fsync(fd);
  add_event(descriptor[slot].file == THE_FOLDER ? SYNC_FOLDER : SYNC_FILE, descriptor[slot].file, "");
  return 0;
}

static int disk_close(int fd) {
  const int slot = slot_of(fd);
  if (slot < 0) return real_calls.close(fd);
  add_event(CLOSE, descriptor[slot].file, "");
  descriptor[slot].open = false;
  return 0;
}

static int disk_fchmod(int fd, mode_t mode) {
  const int slot = slot_of(fd);
  if (slot < 0) return real_calls.fchmod(fd, mode);
  add_event(CHMOD, descriptor[slot].file, "")->mode = mode;
  return 0;
}

/* Everything on it belongs to one user. */
static int disk_fchown(int fd, uid_t owner, gid_t group) {
  return slot_of(fd) < 0 ? real_calls.fchown(fd, owner, group) : 0;
}

static int disk_stat(const char *path, struct stat *info) {
  if (!is_simulated(path)) return real_calls.stat(path, info);
  mode_t mode;
  if (file_named(base_name(path), &mode) < 0) return refuse(ENOENT);
  memset(info, 0, sizeof *info);
  info->st_mode = S_IFREG | mode;
  return 0;
}

static int disk_lstat(const char *path, struct stat *info) {
  return is_simulated(path) ? disk_stat(path, info) : real_calls.lstat(path, info);
}

static int disk_faccessat(int folder, const char *path, int mode, int flags) {
  return is_simulated(path) ? 0 : real_calls.faccessat(folder, path, mode, flags);
}

static int disk_rename(const char *from, const char *to) {
  mode_t ignored;
  if (!is_simulated(from)) return real_calls.rename(from, to);
  assert_true(is_simulated(to));
  const int file = file_named(base_name(from), &ignored);
  if (file < 0) return refuse(ENOENT);
  event *e = add_event(RENAME, file, base_name(from));
  snprintf(e->new_name, sizeof e->new_name, "%s", base_name(to));
  return 0;
}

static int disk_unlink(const char *path) {
  mode_t ignored;
  if (!is_simulated(path)) return real_calls.unlink(path);
  const int file = file_named(base_name(path), &ignored);
  if (file < 0) return refuse(ENOENT);
  add_event(UNLINK, file, base_name(path));
  return 0;
}

void disk_begin(const char *name, const content *old) {
  disk_free();
  n_files = 1;
  old_file = old ? *old : (content){NULL, 0};
  snprintf(old_name, sizeof old_name, "%s", name);
  current_calls.open = disk_open;
  current_calls.write = disk_write;
  current_calls.fsync = disk_fsync;
  current_calls.close = disk_close;
  current_calls.fchmod = disk_fchmod;
  current_calls.fchown = disk_fchown;
  current_calls.stat = disk_stat;
  current_calls.lstat = disk_lstat;
  current_calls.faccessat = disk_faccessat;
  current_calls.rename = disk_rename;
  current_calls.unlink = disk_unlink;
}

void disk_stop(void) {
  current_calls = real_calls;
  for (int k = 0; k < MOST_DESCRIPTORS; k++) assert_false(descriptor[k].open);
}

void disk_free(void) {
  for (size_t k = 0; k < n_events; k++) free(events[k].bytes);
  n_events = 0;
}

/* ---- mistakes ---- */

static size_t find_event(kind what) {
  for (size_t k = 0; k < n_events; k++)
    if (events[k].kind == what) return k;
  fail_msg("no such event");
  return 0;
}

static event take_event(kind what) {
  const size_t at = find_event(what);
  const event e = events[at];
  memmove(&events[at], &events[at + 1], (n_events - at - 1) * sizeof *events);
  n_events--;
  return e;
}

static void rename_before_sync(void) {
  const event rename = take_event(RENAME);
  const size_t at = find_event(SYNC_FILE);
  memmove(&events[at + 1], &events[at], (n_events - at) * sizeof *events);
  events[at] = rename;
  n_events++;
}

static void write_in_place(void) {
  const int file = take_event(RENAME).file;
  events[find_event(CREATE)].kind = EMPTY;
  for (size_t k = 0; k < n_events; k++)
    if (events[k].file == file) events[k].file = 0;
}

void disk_make_mistake(disk_mistake mistake) {
  switch (mistake) {
  case DISK_NO_MISTAKE: break;
  case DISK_NO_FILE_SYNC: take_event(SYNC_FILE); break;
  case DISK_NO_FOLDER_SYNC: take_event(SYNC_FOLDER); break;
  case DISK_RENAME_BEFORE_SYNC: rename_before_sync(); break;
  case DISK_IN_PLACE: write_in_place(); break;
  }
}
