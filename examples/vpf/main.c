/* SPDX-License-Identifier: MIT */
/* vpf COMMAND: one program for all that is done with Boltzmann machines on the command line. Each command is a file,
 * cmd_<name>.c; commands.h is the list of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/complain.h"
#include "../common/options.h"
#include "../common/program.h"
#include "commands.h"

typedef struct command {
  const char *name, *about;
  int (*run)(int argc, char **argv);
} command;

#define COMMAND_ROW(name, about) {#name, about, cmd_##name},
static const command commands[] = {COMMANDS(COMMAND_ROW)};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static int help(void) {
  options_help("COMMAND [arguments]\n"
               "\n"
               "Trains Boltzmann machines by variational probability flow, draws from them, and evaluates them.\n"
               "\n"
               "Commands:\n");
  for (size_t k = 0; k < COMMAND_COUNT; k++) printf("  %-10s  %s\n", commands[k].name, commands[k].about);
  puts("\n"
       "Options:\n"
       "  --help      this text; vpf COMMAND --help: all about a command\n"
       "  --version   the version of libvpf\n"
       "\n"
       "Exit status: 0 done, 1 an error, 2 a mistake in the arguments.");
  return EXIT_SUCCESS;
}

static int unknown(const char *word) {
  char list[256] = "";
  for (size_t k = 0; k < COMMAND_COUNT; k++) {
    const size_t used = strlen(list);
    snprintf(list + used, sizeof list - used, "%s%s", k ? ", " : "", commands[k].name);
  }
  return complain_option(word, NULL, "is not a command; there are %s", list);
}

static int run(int argc, char **argv) {
  const char *word = argc > 1 ? argv[1] : "--help";
  for (size_t k = 0; k < COMMAND_COUNT; k++)
    if (!strcmp(word, commands[k].name)) {
      program_begin(argv[0], word);
      return commands[k].run(argc - 1, argv + 1);
    }

  program_begin(argv[0], NULL);
  if (!strcmp(word, "--help") || !strcmp(word, "-h")) return help();
  return strcmp(word, "--version") ? unknown(word) : program_version();
}

int main(int argc, char **argv) {
  return program_end(run(argc, argv));
}
