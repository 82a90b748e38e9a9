/* SPDX-License-Identifier: MIT */
/* `vpf train` as a program by itself.
 *
 *   train_mnist --data data/mnist --arch 784-196 --epochs 20 --out out
 *
 * The whole story, images, machine, optimizer, training and results, is cmd_train() in vpf/cmd_train.c. */
#include <stddef.h>

#include "common/program.h"
#include "vpf/commands.h"

int main(int argc, char **argv) {
  program_begin(argv[0], NULL);
  return program_end(cmd_train(argc, argv));
}
