/* SPDX-License-Identifier: MIT */
#include "new_file.h"

#include <errno.h>
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

vpf_status make_folder_of(const char *path) {
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

/* ".<name>.<process>.tmp" beside a file: the process keeps two runs apart that write to one folder. */
static char *temporary_beside(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  const size_t length = strlen(path) + 32;
  char *temporary = malloc(length);
  if (temporary)
    snprintf(temporary, length, "%.*s.%.32s.%ld.tmp", (int)(name - path), path, name, (long)getpid());
  else
    complain_because(VPF_ERR_MEMORY, "cannot allocate %zu bytes", length);
  return temporary;
}

vpf_status new_file_open(new_file *file, const char *folder, const char *name) {
  *file = (new_file){.path = folder ? path_join(folder, name) : copy_text(name)};
  if (file->path) file->temporary = temporary_beside(file->path);
  if (!file->temporary) {
    new_file_close(file);
    return VPF_ERR_MEMORY;
  }
  hold_stop_signals();
  file->stream = fopen(file->temporary, "wb");
  if (file->stream) return VPF_OK;

  release_stop_signals();
  complain_io("create", file->temporary);
  new_file_close(file);
  return VPF_ERR_IO;
}

vpf_status new_file_try(const char *path) {
  struct stat info;
  new_file file = {0};
  vpf_status s = make_folder_of(path);
  if (!s) s = new_file_open(&file, NULL, path);
  new_file_close(&file);
  if (s) return s;
  /* what rename() would say, but only later */
  if (stat(path, &info)) return errno == ENOENT ? VPF_OK : complain_io("replace", path);
  if (!S_ISDIR(info.st_mode)) return VPF_OK;
  errno = EISDIR;
  return complain_io("replace", path);
}

vpf_status new_file_publish(new_file *file) {
  if (fflush(file->stream)) return complain_io("write", file->path);
  if (!file->temporary) return VPF_OK;

  /* synced before it is renamed: after a crash the old file is there, or the new one with its content */
  if (fsync(fileno(file->stream))) return complain_io("write", file->path);
  if (rename(file->temporary, file->path)) return complain_io("replace", file->path);
  free(file->temporary);
  file->temporary = NULL;
  return VPF_OK;
}

void new_file_close(new_file *file) {
  if (file->stream) {
    fclose(file->stream);
    if (file->temporary) unlink(file->temporary);
    release_stop_signals();
  }
  free(file->path);
  free(file->temporary);
  *file = (new_file){0};
}
