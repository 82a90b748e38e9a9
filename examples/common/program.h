/* SPDX-License-Identifier: MIT */
/* How every program of these begins. */
#ifndef EXAMPLE_PROGRAM_H
#define EXAMPLE_PROGRAM_H

/* What usage and messages call the program: "train_mnist", or with its command "vpf train". */
extern const char *const program_name;

/* Take the name from argv[0], without its folders; command: what follows it, or NULL. From here on stdout is written
 * line by line, into a pipe or a file too, so that a long run can be followed. */
void program_begin(const char *path, const char *command);

#endif
