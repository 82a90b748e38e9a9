/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vpf/version.h>

#include "complain.h"

static char name[256] = "example";
const char *const program_name = name;

static bool outlives_reader = false;

/* Each open() takes the lowest descriptor that is free. It cannot be written to, so that what is printed into a closed
 * stdout is known to be lost; on stderr that is no error. */
static void open_standard_files(void) {
  int descriptor;
  do descriptor = open("/dev/null", O_RDONLY);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor < 0) exit(EXIT_RUNTIME);
  close(descriptor);
}

void program_begin(const char *path, const char *command) {
  open_standard_files();
  signal(SIGXFSZ, SIG_IGN);
  const char *slash = path ? strrchr(path, '/') : NULL;
  if (path) snprintf(name, sizeof name, "%s%s%s", slash ? slash + 1 : path, command ? " " : "", command ? command : "");
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

void program_outlive_reader(void) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigemptyset(&ignore.sa_mask);
  outlives_reader = !sigaction(SIGPIPE, &ignore, &before) && before.sa_handler == SIG_DFL;
}

/* Why stdout could not be written to; 0: all of it was. Of an earlier failure the reason is gone, so a line more is
 * tried: what was printed is incomplete already. Some file systems tell only when a file is closed. */
static int output_error(void) {
  const bool failed = ferror(stdout) != 0;
  errno = 0;
  if (failed && fputc('\n', stdout) == EOF) return errno ? errno : EIO;
  if (fclose(stdout)) return errno ? errno : EIO;
  return failed ? EIO : 0;
}

int program_end(int exit_status) {
  const int reason = output_error();
  if (reason == 0) return exit_status;
  if (reason == EPIPE && outlives_reader && exit_status == EXIT_SUCCESS) {
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
  }
  errno = reason;
  complain_io("write", "standard output");
  return exit_status == EXIT_SUCCESS ? EXIT_RUNTIME : exit_status;
}

int program_version(void) {
  const unsigned compiled_for = VPF_VERSION_MAJOR * 10000 + VPF_VERSION_MINOR * 100 + VPF_VERSION_PATCH;
  printf("%s %s", program_name, vpf_version_string());
  if (vpf_version_number() != compiled_for)
    printf(" (compiled for %d.%d.%d)", VPF_VERSION_MAJOR, VPF_VERSION_MINOR, VPF_VERSION_PATCH);
  putchar('\n');
  return EXIT_SUCCESS;
}
