/* SPDX-License-Identifier: MIT */
/** @file vpf.h
 *  libvpf: Boltzmann machines by variational probability flow.
 *
 *  Trains, samples and evaluates layered binary Boltzmann machines (fully observed machines,
 *  RBMs, DBMs, with or without intra-layer weights) by the local, backpropagation-free rule of
 *  Liu, Quek and Lin, "Variational Probability Flow for Biologically Plausible Training of
 *  Deep Neural Networks", AAAI 2018. Three handles are all there is to learn:
 *
 *  - vpf_data: rows of bits (data.h)
 *  - vpf_model: the machine and its mathematics (model.h)
 *  - vpf_optimizer: everything else that training remembers (optimizer.h)
 *
 *  and the verbs: train and checkpoint (train.h), generate and fill in (sample.h), measure
 *  (evaluate.h). A vpf_monitor (monitor.h) watches the likelihood while a model trains and keeps
 *  the best one. What is in vpf/experimental/ is not included here and not promised. A complete program:
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
 *  Threads. Distinct handles may be used from distinct threads, always. One handle has one
 *  writer at a time; functions that take it as const run together freely. The library uses
 *  OpenMP inside: training as many threads as VPF_OPTION_THREADS says, other functions the
 *  caller's OpenMP setting, and one thread inside a parallel region. No result depends on the
 *  number of threads.
 *
 *  Ownership. A handle that comes through an `out` parameter is the caller's, to be destroyed
 *  once; destroy functions take NULL. Arrays given to the library are copied or only read
 *  during the call. Handles do not refer to each other.
 *
 *  Names. A parameter that is called the same means the same everywhere: `out` is where a new handle
 *  goes, or a report; `model`, `data` and `optimizer` are handles that are read, or changed where they are
 *  not const; `seed` is any number, the same one giving the same draws; `[rows x cols]` is the shape of an
 *  array, and its elements belong to the caller. A NULL where the text does not allow it is
 *  VPF_ERR_ARGUMENT.
 *
 *  Manners. The library never prints, exits, installs a signal handler or looks at a clock for
 *  randomness. Its one global is the allocator. Sizes are size_t, parameters float, statistics
 *  double, seeds uint64_t; matrices are row-major and contiguous. */
#ifndef VPF_H
#define VPF_H

#include <vpf/data.h>
#include <vpf/evaluate.h>
#include <vpf/model.h>
#include <vpf/monitor.h>
#include <vpf/optimizer.h>
#include <vpf/sample.h>
#include <vpf/status.h>
#include <vpf/train.h>
#include <vpf/version.h>

#endif
