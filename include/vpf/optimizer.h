/* SPDX-License-Identifier: MIT */
/** @file optimizer.h
 *  vpf_optimizer: all the state of training except the parameters.
 *
 *  Options, moments, step, seed, position in the epoch, the hidden sample of the E-step: with
 *  a model and its optimizer a run can be stopped anywhere and gone on with, bit for bit. */
#ifndef VPF_OPTIMIZER_H
#define VPF_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/export.h>
#include <vpf/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Everything that training remembers, except the parameters. Since 1.0. */
typedef struct vpf_optimizer vpf_optimizer;

/** What the gradient is. Since 1.0.
 *
 *  CD and PCD estimate the gradient of the negative log-likelihood of each pair of layers,
 *  mean over chains of y_i y_j - mean over data of y_i y_j, for pairwise models of any depth and all models of one or
 *  two layers. Hidden states of the data are drawn afresh in every minibatch, bottom-up with one
 *  sweep where there are intra-layer weights; a step of a chain is one half step down and one up,
 *  each a sweep where there are intra-layer weights. Two defaults were chosen for VPF: likelihoods
 *  want a WEIGHT_DECAY some fifty times smaller, 1e-4, and a LEARNING_RATE that falls towards the
 *  end. */
typedef enum vpf_method {
  VPF_METHOD_VPF = 0, /**< variational probability flow (paper, Algorithm 1) */
  VPF_METHOD_CD = 1,  /**< contrastive divergence, CD-k: chains start at the data (Hinton 2002) */
  VPF_METHOD_PCD = 2  /**< persistent contrastive divergence, PCD-k: chains go on from minibatch to
                           minibatch (Tieleman 2008); they are kept in checkpoints */
} vpf_method;

/** What is done with the gradient. Since 1.0. */
typedef enum vpf_rule {
  VPF_RULE_ADAM = 0, /**< w -= lr sqrt(1-b2^t)/(1-b1^t) m/(sqrt(v)+epsilon) (Kingma and Ba 2014) */
  VPF_RULE_SGD = 1   /**< u = momentum u + g; w -= lr u */
} vpf_rule;

/** The options: X(suffix, number, name, low, high, default, integer).
 *  One table for validation, documentation and bindings; numbers never move. The defaults are
 *  the paper preset. Since 1.0. */
#define VPF_OPTION_LIST(X)                                                                         \
  X(METHOD, 100, "method", 0, 2, 0, 1)                                                             \
  X(RULE, 101, "rule", 0, 1, 0, 1)                                                                 \
  X(LEARNING_RATE, 200, "learning_rate", 1e-12, 10, 1e-3, 0)                                       \
  X(BETA1, 201, "beta1", 0, 0.999999, 0.9, 0)                                                      \
  X(BETA2, 202, "beta2", 0, 0.999999, 0.999, 0)                                                    \
  X(ADAM_EPSILON, 203, "adam_epsilon", 1e-12, 1, 1e-6, 0)                                          \
  X(MOMENTUM, 204, "momentum", 0, 0.999999, 0, 0)                                                  \
  X(WEIGHT_DECAY, 205, "weight_decay", 0, 100, 0.005, 0)                                           \
  X(BATCH_SIZE, 300, "batch_size", 1, 1048576, 40, 1)                                              \
  X(SHUFFLE, 301, "shuffle", 0, 1, 1, 1)                                                           \
  X(GIBBS_STEPS, 400, "gibbs_steps", 1, 1000000, 1, 1)                                             \
  X(PARTICLES, 401, "particles", 1, 1048576, 100, 1)                                               \
  X(ESTEP, 500, "estep", 0, 1, 0, 1)                                                               \
  X(ESTEP_SWEEPS, 501, "estep_sweeps", 0, 10000, 1, 1)                                             \
  X(ESTEP_ORDER, 502, "estep_order", 0, 1, 0, 1)                                                   \
  X(ESTEP_SAMPLES, 503, "estep_samples", 1, 1000, 1, 1)                                            \
  X(ESTEP_PERIOD, 504, "estep_period", 0, 1000000, 1, 1)                                           \
  X(ESTEP_START, 505, "estep_start", 0, 1, 0, 1)                                                   \
  X(PROGRESS_BATCHES, 600, "progress_batches", 0, 1000000000, 0, 1)                                \
  X(THREADS, 700, "threads", 0, 1024, 0, 1)

/** The keys of vpf_optimizer_set(). Bounds and names: vpf_option_bounds(). Since 1.0. */
typedef enum vpf_option {
  VPF_OPTION_METHOD = 100,           /**< a vpf_method; a change keeps the moments */
  VPF_OPTION_RULE = 101,             /**< a vpf_rule; a change clears the moments */
  VPF_OPTION_LEARNING_RATE = 200,    /**< lr of both rules */
  VPF_OPTION_BETA1 = 201,            /**< decay of Adam's first moment */
  VPF_OPTION_BETA2 = 202,            /**< decay of Adam's second moment */
  VPF_OPTION_ADAM_EPSILON = 203,     /**< beside sqrt(v), for the flow K as vpf_model_flow() defines it */
  VPF_OPTION_MOMENTUM = 204,         /**< of VPF_RULE_SGD */
  VPF_OPTION_WEIGHT_DECAY = 205,     /**< lambda in K + lambda sum over edges w^2; not on biases */
  VPF_OPTION_BATCH_SIZE = 300,       /**< data rows in a minibatch */
  VPF_OPTION_SHUFFLE = 301,          /**< 0: rows in their order (the paper's runs); 1: a new order each epoch */
  VPF_OPTION_GIBBS_STEPS = 400,      /**< k of CD-k and PCD-k */
  VPF_OPTION_PARTICLES = 401,        /**< chains of PCD; another number starts new ones */
  VPF_OPTION_ESTEP = 500,            /**< of VPF (of CD and PCD only ESTEP_ORDER counts); 0: bottom-up (paper);
                                          1: Gibbs over all hidden layers, both neighbours */
  VPF_OPTION_ESTEP_SWEEPS = 501,     /**< bottom-up: sweeps of each layer with intra-layer weights; Gibbs: of all */
  VPF_OPTION_ESTEP_ORDER = 502,      /**< 0: swept states feed the next layer (Algorithm 1); 1: unswept (the
                                          published DBM2) */
  VPF_OPTION_ESTEP_SAMPLES = 503,    /**< hidden samples of each row */
  VPF_OPTION_ESTEP_PERIOD = 504,     /**< epochs between E-steps; 0: afresh in every minibatch */
  VPF_OPTION_ESTEP_START = 505,      /**< where the Gibbs E-step starts; 0: bottom-up; 1: at random */
  VPF_OPTION_PROGRESS_BATCHES = 600, /**< call the progress function every so many minibatches too; 0: epochs only */
  VPF_OPTION_THREADS = 700           /**< 0: the caller's OpenMP setting; never changes a result */
} vpf_option;

/** Why the last vpf_train() ended. Since 1.0. */
typedef enum vpf_stop {
  VPF_STOP_NONE = 0,     /**< nothing has been trained yet */
  VPF_STOP_EPOCHS = 1,   /**< all epochs were done */
  VPF_STOP_CALLBACK = 2, /**< the progress function asked for it */
  VPF_STOP_DIVERGED = 3  /**< see VPF_ERR_DIVERGED at vpf_train() */
} vpf_stop;

/** Create an optimizer with the paper preset and seed 1. Its first vpf_train() binds it to the
 *  shape of that model. @param[out] out  destroy it with vpf_optimizer_destroy(). Since 1.0. */
VPF_API vpf_status vpf_optimizer_create(vpf_optimizer **out);

/** Free a handle; NULL is allowed. Not from within its own progress function. Since 1.0. */
VPF_API void vpf_optimizer_destroy(vpf_optimizer *optimizer);

/** Choose the seed of every random number of training. In the middle of an epoch it takes
 *  effect with the next epoch. Since 1.0. */
VPF_API vpf_status vpf_optimizer_set_seed(vpf_optimizer *optimizer, uint64_t seed);
/** The seed; 0 for NULL. Since 1.0. */
VPF_API uint64_t vpf_optimizer_get_seed(const vpf_optimizer *optimizer);

/** Set an option.
 *
 *  Allowed at any time, in a progress function too (a learning-rate schedule). They take effect:
 *  rule, rates, decay and GIBBS_STEPS with the next minibatch; SHUFFLE with the next epoch;
 *  PROGRESS_BATCHES with that too, or the next vpf_train(); BATCH_SIZE and THREADS with the next
 *  vpf_train(); METHOD, PARTICLES and the E-step's, which decide about memory, with the next
 *  vpf_train() that does not have to finish an epoch.
 *  @return VPF_ERR_ARGUMENT for an unknown option, NaN, a value outside the bounds or a
 *          fraction for an integer option; the message has the bounds. Since 1.0. */
VPF_API vpf_status vpf_optimizer_set(vpf_optimizer *optimizer, vpf_option option, double value);
/** Read an option. @return VPF_ERR_ARGUMENT for an unknown one. Since 1.0. */
VPF_API vpf_status vpf_optimizer_get(const vpf_optimizer *optimizer, vpf_option option, double *out_value);

/** The closed interval of allowed values and the name of an option; any output may be NULL.
 *  @return VPF_ERR_ARGUMENT for an unknown option. Since 1.0. */
VPF_API vpf_status vpf_option_bounds(vpf_option option, double *out_low, double *out_high,
                                     const char **out_name);

/** What an option is: a row of VPF_OPTION_LIST, for bindings, which cannot read it. Since 1.0. */
typedef struct vpf_option_info {
  size_t struct_size;    /**< sizeof(vpf_option_info), set by the caller */
  vpf_option option;     /**< its key */
  int integer;           /**< 1: whole numbers only */
  const char *name;      /**< "learning_rate"; a static string */
  double low;            /**< the smallest allowed value */
  double high;           /**< the largest allowed value */
  double initial;        /**< of a new optimizer: the paper preset */
} vpf_option_info;

/** Number of options. Since 1.0. */
VPF_API size_t vpf_option_count(void);

/** One option after the other, in the order of their numbers.
 *  @param      index  0 .. vpf_option_count()-1
 *  @param[out] out    unchanged on failure
 *  @return VPF_ERR_ARGUMENT (index, struct_size). Since 1.0. */
VPF_API vpf_status vpf_option_describe(size_t index, vpf_option_info *out);

/** How far training has come, over the optimizer's life: after vpf_checkpoint_load(), where to go on.
 *  @param[out] out_epochs  epochs ended; may be NULL
 *  @param[out] out_rows    data rows done of an epoch that was stopped inside, 0 at the end of one; may be NULL
 *  @return VPF_ERR_ARGUMENT. Since 1.0. */
VPF_API vpf_status vpf_optimizer_position(const vpf_optimizer *optimizer, size_t *out_epochs, size_t *out_rows);

/** Why the last vpf_train() with this optimizer ended; VPF_STOP_NONE for NULL. Since 1.0. */
VPF_API vpf_stop vpf_optimizer_last_stop(const vpf_optimizer *optimizer);

#ifdef __cplusplus
}
#endif
#endif
