/* SPDX-License-Identifier: MIT */
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "stop_signal.h"

char *path_join(const char *folder, const char *name) {
  const size_t folder_length = strlen(folder), length = folder_length + strlen(name) + 2;
  const char *separator = folder_length && folder[folder_length - 1] == '/' ? "" : "/";
  char *path = malloc(length);
  if (path)
    snprintf(path, length, "%s%s%s", folder, separator, name);
  else
    complain_because(VPF_ERR_MEMORY, "cannot allocate %zu bytes", length);
  return path;
}

static char *copy_text(const char *text) {
  char *copy = strdup(text);
  if (!copy) complain_because(VPF_ERR_MEMORY, "cannot allocate %zu bytes", strlen(text) + 1);
  return copy;
}

/* mkdir() that is content with a folder that exists, also where it could not be made. */
static int make_folder(const char *path) {
  struct stat info;
  if (!mkdir(path, 0777)) return 0;
  const int reason = errno;
  if (!stat(path, &info) && S_ISDIR(info.st_mode)) return 0;
  errno = reason == EEXIST ? ENOTDIR : reason;
  return -1;
}

bool file_exists(const char *folder, const char *name) {
  char *path = path_join(folder, name);
  const bool there = path && !access(path, F_OK);
  free(path);
  return there;
}

vpf_status make_folders(const char *path) {
  char *part = path_join(path, "");
  if (!part) return VPF_ERR_MEMORY;

  int failed = 0;
  for (char *slash = strchr(part + 1, '/'); slash && !failed; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    failed = make_folder(part);
    *slash = '/';
  }
  free(part);
  return failed ? complain_io("make the folder", path) : VPF_OK;
}

/* The folder in which a file is to be. */
static vpf_status make_folder_of(const char *path) {
  char *folder = copy_text(path);
  if (!folder) return VPF_ERR_MEMORY;
  char *slash = strrchr(folder, '/');
  vpf_status s = VPF_OK;
  if (slash && slash != folder) {
    *slash = '\0';
    s = make_folders(folder);
  }
  free(folder);
  return s;
}

/* ".<name>.<process>-<number>.tmp" beside the file. The process keeps two runs apart that write to one folder; a crashed
 * one may have left such files. */
static vpf_status open_temporary(new_file *file) {
  enum { MOST_NAMES = 1000 };
  const char *target = file->to.target, *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
  const size_t length = strlen(target) + 64;
  file->temporary = malloc(length);
  if (!file->temporary) return complain_because(VPF_ERR_MEMORY, "cannot allocate %zu bytes", length);

  hold_stop_signals(); /* or one might leave the temporary file behind */
  file->holds = true;
  int fd = -1;
  errno = EEXIST;
  for (int number = 0; fd < 0 && errno == EEXIST && number < MOST_NAMES; number++) {
    snprintf(file->temporary, length, "%.*s.%.32s.%ld-%d.tmp", (int)(name - target), target, name, (long)getpid(), number);
    fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file->to.exists ? 0600 : 0666);
  }
  if (fd < 0) return complain_io("create", file->temporary);
  if (file->to.exists) destination_keep_access(&file->to, fd);
  file->stream = fdopen(fd, "wb");
  if (file->stream) return VPF_OK;
  complain_io("create", file->temporary);
  close(fd);
  unlink(file->temporary);
  return VPF_ERR_IO;
}

static vpf_status open_directly(new_file *file) {
  const int fd = destination_open(&file->to, file->path);
  if (fd < 0) return VPF_ERR_IO;
  file->stream = fdopen(fd, "wb");
  if (file->stream) return VPF_OK;
  complain_io("write", file->path);
  close(fd);
  return VPF_ERR_IO;
}

vpf_status new_file_open(new_file *file, const char *folder, const char *name) {
  *file = (new_file){.path = folder ? path_join(folder, name) : copy_text(name), .to.descriptor = -1};
  vpf_status s = file->path ? destination_find(&file->to, file->path) : VPF_ERR_MEMORY;
  if (!s) s = file->to.target ? open_temporary(file) : open_directly(file);
  if (s) new_file_close(file);
  return s;
}

vpf_status new_file_try(const char *path) {
  new_file file = {.to.descriptor = -1};
  vpf_status s = make_folder_of(path);
  if (!s) s = destination_find(&file.to, path);
  if (!s && !file.to.target) return destination_hold(&file.to, path);
  destination_clear(&file.to);
  if (!s) s = new_file_open(&file, NULL, path);
  new_file_close(&file);
  return s;
}

vpf_status new_file_publish(new_file *file) {
  if (fflush(file->stream)) return complain_io("write", file->path);
  if (!file->temporary) return VPF_OK;

  /* synced before it is renamed: after a crash the old file is there, or the new one with its content */
  if (fsync(fileno(file->stream))) return complain_io("write", file->path);
  if (rename(file->temporary, file->to.target)) return complain_io("replace", file->path);
  free(file->temporary);
  file->temporary = NULL;
  return VPF_OK;
}

void new_file_close(new_file *file) {
  if (file->stream) {
    fclose(file->stream);
    if (file->temporary) unlink(file->temporary);
  }
  if (file->holds) release_stop_signals();
  free(file->path);
  free(file->temporary);
  destination_clear(&file->to);
  *file = (new_file){.to.descriptor = -1};
}
