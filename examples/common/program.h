/* SPDX-License-Identifier: MIT */
/* How every program of these begins and ends. */
#ifndef EXAMPLE_PROGRAM_H
#define EXAMPLE_PROGRAM_H

/* What usage and messages call the program: "train_mnist", or with its command "vpf train". */
extern const char *const program_name;

/* Take the name from argv[0], without its folders; command: what follows it, or NULL. From here on stdout is written
 * line by line, into a pipe or a file too, so that a long run can be followed; and descriptors 0 to 2 are open, so that
 * no file gets one of them and with it what is printed. Where stdout was closed, printing fails. A file that becomes
 * larger than the shell's limit is an error like a full disk, not the end of the program. */
void program_begin(const char *path, const char *command);

/* From here on the program goes on when nobody reads what it prints (a pipe whose reader has ended), because its
 * results are files; program_end() then ends it as the pipe would have. */
void program_outlive_reader(void);

/* The status to exit with: exit_status, or EXIT_RUNTIME (said) if that is a success but what was printed could not be
 * written. The last thing to call: stdout is closed. */
int program_end(int exit_status);

/* Print "<program> <version of the library>" on stdout, and for which version it was compiled if that is another one;
 * returns EXIT_SUCCESS. */
int program_version(void);

#endif
