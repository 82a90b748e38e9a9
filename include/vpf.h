/* SPDX-License-Identifier: MIT */
/** @file vpf.h
 *  libvpf: Boltzmann machines by variational probability flow.
 *
 *  libvpf trains, samples and evaluates layered binary Boltzmann machines: fully observed ones, restricted ones (RBMs)
 *  and deep ones (DBMs), with or without intra-layer weights. It trains them by the local, backpropagation-free rule of
 *  Liu, Quek and Lin, "Variational Probability Flow for Biologically Plausible Training of Deep Neural Networks", AAAI
 *  2018 (from here on: the paper), and for comparison by contrastive divergence. There are three handles to learn:
 *
 *  - vpf_data: rows of bits (data.h)
 *  - vpf_model: a machine and its mathematics (model.h)
 *  - vpf_optimizer: everything else that training remembers (optimizer.h)
 *
 *  They are used to train and to save checkpoints (train.h), to generate and to fill in (sample.h), and to measure
 *  (evaluate.h, likelihood.h). A vpf_monitor (monitor.h) watches the likelihood during training and keeps the best model.
 *  A vpf_ladder (ladder.h) samples RBMs that Gibbs sampling does not mix.
 *  The headers in vpf/experimental/ are not included here and come without any promise. A complete program:
 *
 *  @code
 *  #include <stdio.h>
 *  #include <vpf.h>
 *
 *  static int show(const vpf_progress *p, void *user) {
 *    (void)user;
 *    printf("epoch %zu of %zu: flow %.1f, %.0f images/s\n", p->epoch, p->epochs, p->flow, p->images_per_second);
 *    return 0;
 *  }
 *
 *  int main(void) {
 *    const size_t sizes[] = {784, 196};
 *    vpf_data *data = NULL;
 *    vpf_model *model = NULL;
 *    vpf_optimizer *optimizer = NULL;
 *    vpf_status s = vpf_data_load_idx(&data, "train-images-idx3-ubyte", 127);
 *    if (!s) s = vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
 *    if (!s) s = vpf_model_init(model, 1);
 *    if (!s) s = vpf_optimizer_create(&optimizer);
 *    if (!s) s = vpf_train(model, data, optimizer, 10, show, NULL);
 *    if (!s) s = vpf_model_save(model, "rbm.safetensors");
 *    if (s) fprintf(stderr, "%s: %s\n", vpf_status_string(s), vpf_error_message());
 *    vpf_optimizer_destroy(optimizer);
 *    vpf_model_destroy(model);
 *    vpf_data_destroy(data);
 *    return s ? 1 : 0;
 *  }
 *  @endcode
 *
 *  Words. A machine is a probability distribution over the bits of its units; a model is the vpf_model that holds one,
 *  its shape and its parameters. The state of a machine is the bits of all its units: a row with one column for each
 *  unit, layer after layer. Layer 0 is visible, all others are hidden. A chain is a sequence of states that Gibbs
 *  sampling draws one from another; a sweep draws every unit of a layer, or of the machine, once. An equation cited as
 *  Eq. (8), in parentheses, is one of docs/math.md; paper, Eq. 5 is one of the paper.
 *
 *  Names. A parameter of the same name means the same everywhere. `out` receives a new handle or a report. `model`,
 *  `data` and `optimizer` are handles, which are changed only where they are not const. `seed` is any number, and the
 *  same one gives the same draws. `[rows x cols]` is the shape of an array that belongs to the caller; arrays are
 *  row-major and contiguous. n_i is the number of units of layer i, n_top that of the last layer, and `units` that of
 *  all layers. Sizes are size_t, parameters float, statistics double, seeds uint64_t.
 *
 *  Errors. A function returns VPF_OK, which is 0, or one of the negative codes that it lists, and vpf_error_message()
 *  gives the reason in one line. A call that fails changes nothing; status.h has the rules. A NULL that is not
 *  explicitly allowed is VPF_ERR_ARGUMENT.
 *
 *  Ownership. A handle received through an `out` parameter belongs to the caller, who destroys it once; destroy
 *  functions accept NULL. Arrays passed to the library are copied, or only read during the call. Handles do not refer
 *  to each other, so they may be destroyed in any order.
 *
 *  Threads. Distinct handles may always be used from distinct threads. While a function that takes a handle without
 *  const is running, no other thread may use that handle; functions that take it as const may run together. Inside, the
 *  library starts as many threads as pay off (threads.h); when a function returns, they are gone. No result depends on
 *  their number, except for Parzen windows, which BLAS computes (docs/determinism.md).
 *
 *  Manners. The library never prints, exits, installs a signal handler or takes randomness from a clock. Apart from the
 *  handles, threads share the allocator and the number of vpf_set_threads(). Every constant that is a macro, which
 *  bindings cannot read, is also available from a function: see vpf_version_number(), vpf_status_name() and
 *  vpf_option_describe(). */
#ifndef VPF_H
#define VPF_H

/* In the order in which to read them, each header after those that it builds on. */
#include <vpf/status.h>
#include <vpf/threads.h>
#include <vpf/version.h>

#include <vpf/data.h>
#include <vpf/model.h>

#include <vpf/optimizer.h>
#include <vpf/recipe.h>
#include <vpf/train.h>

#include <vpf/sample.h>

#include <vpf/evaluate.h>
#include <vpf/likelihood.h>
#include <vpf/monitor.h>
#include <vpf/ladder.h>

#endif
