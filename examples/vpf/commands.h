/* SPDX-License-Identifier: MIT */
/* The commands of vpf, in the order in which --help lists them: the name, and what it does. A new one is a line here,
 * cmd_<name>.c, and the line of that file in CMakeLists.txt; its man page is made from its --help. */
#ifndef EXAMPLE_COMMANDS_H
#define EXAMPLE_COMMANDS_H

#define COMMANDS(COMMAND) \
  COMMAND(train, "train a Boltzmann machine on images of digits") \
  COMMAND(sample, "draw images from a trained Boltzmann machine") \
  COMMAND(fill, "fill in missing parts of images with a Boltzmann machine") \
  COMMAND(evaluate, "score a Boltzmann machine") \
  COMMAND(report, "make a page of what a training has left")

/* int cmd_train(int argc, char **argv), and so on: argv[0] is the command, what follows are its arguments. Returns the
 * status to exit with; failures are said. */
#define DECLARE_COMMAND(name, about) int cmd_##name(int argc, char **argv);
COMMANDS(DECLARE_COMMAND)
#undef DECLARE_COMMAND

#endif
