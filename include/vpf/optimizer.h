/* SPDX-License-Identifier: MIT */
/** @file optimizer.h
 *  vpf_optimizer: everything that training remembers, except the parameters.
 *
 *  That is its options, the moments, the step count, the seed, the position in the epoch, the hidden sample of the
 *  E-step and the chains of PCD. A model and its optimizer are therefore enough to stop a run anywhere and to continue
 *  it bit for bit. */
#ifndef VPF_OPTIMIZER_H
#define VPF_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/export.h>
#include <vpf/model.h>
#include <vpf/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Everything that training remembers, except the parameters: options and progress. Since 1.0. */
typedef struct vpf_optimizer vpf_optimizer;

/** Which gradient training follows. Since 1.0.
 *
 *  CD and PCD estimate the gradient of the negative log-likelihood of each pair of layers: the mean of y_i y_j over
 *  chains minus its mean over the data (docs/math.md, Eq. (26a)). They train every machine of one or two layers, pairwise
 *  machines of any depth, and joint ones of any depth without intra-layer weights; in the last, mean field takes the place
 *  of the hidden sample of the data (Eq. (26c); Salakhutdinov and Hinton 2009), and a Gibbs step draws the even layers, then
 *  the odd ones. In each minibatch the hidden units of the data are drawn afresh, bottom-up, with one
 *  sweep of every layer that has intra-layer weights. One Gibbs step of a chain draws the lower layer given the upper
 *  one, then the upper given the lower; a layer with intra-layer weights is swept once instead. In a machine of one
 *  layer a step is a sweep.
 *
 *  Two defaults were chosen for VPF. The likelihood wants a WEIGHT_DECAY some fifty times smaller, 1e-4, and a
 *  LEARNING_RATE that falls towards the end; vpf_recipe_begin() knows settings with which PCD goes furthest. */
typedef enum vpf_method {
  VPF_METHOD_VPF = 0, /**< variational probability flow (paper, Algorithm 1) */
  VPF_METHOD_CD = 1,  /**< contrastive divergence, CD-k: chains start at the data (Hinton 2002) */
  VPF_METHOD_PCD = 2, /**< persistent contrastive divergence, PCD-k: chains continue from one minibatch to the next
                           (Tieleman 2008), and are kept in checkpoints */
  VPF_METHOD_PTT = 3  /**< parallel trajectory tempering: the chains of PCD-k, which are kept at equilibrium by exchanges
                           with copies of the machine from its own training (Béreux et al., arXiv:2607.27077). For two
                           layers without intra-layer weights; begin with biases from the data, vpf_model_init_biases()
                           (docs/math.md, section 16). The copies make a ladder, vpf_ladder_of_optimizer(). A step after
                           which exchanges would hardly be accepted is taken back, and the learning rate is halved until the
                           next copy */
} vpf_method;

/** How a gradient g changes a parameter w (docs/math.md, Eq. (25) and (26)). Since 1.0.
 *
 *  lr is the learning rate, b1 and b2 are BETA1 and BETA2, m and v the running means of g and g^2, and t counts the
 *  steps since the moments were zero. */
typedef enum vpf_rule {
  VPF_RULE_ADAM = 0, /**< w -= lr sqrt(1-b2^t)/(1-b1^t) m/(sqrt(v)+epsilon) (Kingma and Ba 2014) */
  VPF_RULE_SGD = 1   /**< u = momentum u + g; w -= lr u */
} vpf_rule;

/** The options: X(suffix, number, name, low, high, default, integer). Since 1.0.
 *
 *  One table serves validation, documentation and bindings. The numbers never change. The defaults are the paper
 *  preset: the settings of the paper's runs, except that rows are shuffled (docs/math.md, section 10). */
#define VPF_OPTION_LIST(X)                                                                         \
  X(METHOD, 100, "method", 0, 3, 0, 1)                                                             \
  X(RULE, 101, "rule", 0, 1, 0, 1)                                                                 \
  X(LEARNING_RATE, 200, "learning_rate", 1e-12, 10, 1e-3, 0)                                       \
  X(BETA1, 201, "beta1", 0, 0.999999, 0.9, 0)                                                      \
  X(BETA2, 202, "beta2", 0, 0.999999, 0.999, 0)                                                    \
  X(ADAM_EPSILON, 203, "adam_epsilon", 1e-12, 1, 1e-6, 0)                                          \
  X(MOMENTUM, 204, "momentum", 0, 0.999999, 0, 0)                                                  \
  X(WEIGHT_DECAY, 205, "weight_decay", 0, 100, 0.005, 0)                                           \
  X(CENTRED, 206, "centred", 0, 1, 0, 1)                                                           \
  X(AVERAGE, 207, "average", 0, 0.999999, 0, 0)                                                    \
  X(DROP_EPOCH, 208, "drop_epoch", 0, 1000000000, 0, 1)                                            \
  X(TOLERANCE, 209, "tolerance", 0, 1000, 0, 0)                                                    \
  X(BATCH_SIZE, 300, "batch_size", 1, 1048576, 40, 1)                                              \
  X(SHUFFLE, 301, "shuffle", 0, 1, 1, 1)                                                           \
  X(GIBBS_STEPS, 400, "gibbs_steps", 1, 1000000, 1, 1)                                             \
  X(PARTICLES, 401, "particles", 1, 1048576, 100, 1)                                               \
  X(PARTICLES_PER_BATCH, 402, "particles_per_batch", 0, 1048576, 0, 1)                             \
  X(ESTEP, 500, "estep", 0, 1, 0, 1)                                                               \
  X(ESTEP_SWEEPS, 501, "estep_sweeps", 0, 10000, 1, 1)                                             \
  X(ESTEP_ORDER, 502, "estep_order", 0, 1, 0, 1)                                                   \
  X(ESTEP_SAMPLES, 503, "estep_samples", 1, 1000, 1, 1)                                            \
  X(ESTEP_PERIOD, 504, "estep_period", 0, 1000000, 1, 1)                                           \
  X(ESTEP_START, 505, "estep_start", 0, 1, 0, 1)                                                   \
  X(PROGRESS_BATCHES, 600, "progress_batches", 0, 1000000000, 0, 1)                                \
  X(THREADS, 700, "threads", 0, 1024, 0, 1)

/** The keys of vpf_optimizer_set(); vpf_option_bounds() gives the name and bounds of each. Since 1.0. */
typedef enum vpf_option {
  VPF_OPTION_METHOD = 100,           /**< a vpf_method; changing it keeps the moments */
  VPF_OPTION_RULE = 101,             /**< a vpf_rule; changing it clears the moments */
  VPF_OPTION_LEARNING_RATE = 200,    /**< learning rate of both rules */
  VPF_OPTION_BETA1 = 201,            /**< decay of Adam's first moment */
  VPF_OPTION_BETA2 = 202,            /**< decay of Adam's second moment */
  VPF_OPTION_ADAM_EPSILON = 203,     /**< added to sqrt(v), on the scale of K as vpf_model_flow() returns it */
  VPF_OPTION_MOMENTUM = 204,         /**< momentum of VPF_RULE_SGD */
  VPF_OPTION_WEIGHT_DECAY = 205,     /**< lambda in K + lambda sum over edges of w^2; biases do not decay */
  VPF_OPTION_CENTRED = 206,          /**< 1: the centred gradient (docs/math.md, Eq. (26b); Melchior, Fischer and Wiskott
                                          2016), whose offsets follow the means of the minibatches. What is learned then
                                          does not depend on which state of a unit is called 1. For every method */
  VPF_OPTION_AVERAGE = 207,          /**< decay d of a running average of the parameters, a <- d a + (1-d) theta after each
                                          step; at step t since it began, d is at most t/(t+10). 0: none. See
                                          vpf_optimizer_average() */
  VPF_OPTION_DROP_EPOCH = 208,       /**< from this epoch on, counted from 1 over the optimizer's life, the learning rate
                                          is a tenth of LEARNING_RATE; 0: never */
  VPF_OPTION_TOLERANCE = 209,        /**< above 0: measure the gradient (see vpf_progress), and stop after an epoch whose mean
                                          gradient is at most this many times its noise: 0.1, say. What is left to gain is
                                          then small beside what other data of the same kind would change. 0: neither */
  VPF_OPTION_BATCH_SIZE = 300,       /**< data rows in a minibatch */
  VPF_OPTION_SHUFFLE = 301,          /**< 0: rows in their own order (the paper's runs); 1: a new order every epoch */
  VPF_OPTION_GIBBS_STEPS = 400,      /**< k of CD-k and PCD-k */
  VPF_OPTION_PARTICLES = 401,        /**< number of persistent chains of PCD, called particles in the literature;
                                          another number starts new chains */
  VPF_OPTION_PARTICLES_PER_BATCH = 402, /**< how many of them a minibatch advances and learns from, each in its turn; 0, or
                                          more than there are: all. Many chains of which few are advanced cost what the few
                                          cost, but their noise is new in every minibatch */
  VPF_OPTION_ESTEP = 500,            /**< how VPF draws the hidden units. 0: bottom-up (paper, Algorithm 1); 1: Gibbs
                                          sampling over all hidden layers, each given both its neighbours. Of the
                                          E-step's options CD and PCD heed ESTEP_ORDER alone */
  VPF_OPTION_ESTEP_SWEEPS = 501,     /**< bottom-up: sweeps of each layer that has intra-layer weights; Gibbs: sweeps of
                                          all hidden layers */
  VPF_OPTION_ESTEP_ORDER = 502,      /**< what the next layer is drawn from. 0: the swept bits of the layer below
                                          (Algorithm 1); 1: its bits before the sweep (the published DBM2) */
  VPF_OPTION_ESTEP_SAMPLES = 503,    /**< hidden samples for each row */
  VPF_OPTION_ESTEP_PERIOD = 504,     /**< epochs from one E-step to the next; 0: a new sample in every minibatch */
  VPF_OPTION_ESTEP_START = 505,      /**< where the Gibbs E-step starts. 0: bottom-up; 1: from fair random bits */
  VPF_OPTION_PROGRESS_BATCHES = 600, /**< also call the progress function after every so many minibatches; 0: only after
                                          epochs */
  VPF_OPTION_THREADS = 700           /**< threads of training; 0: as many as pay off (threads.h). Never changes a result */
} vpf_option;

/** Why the last vpf_train() ended. Since 1.0. */
typedef enum vpf_stop {
  VPF_STOP_NONE = 0,     /**< nothing has been trained yet */
  VPF_STOP_EPOCHS = 1,   /**< all epochs were done */
  VPF_STOP_CALLBACK = 2, /**< the progress function asked for it */
  VPF_STOP_DIVERGED = 3, /**< training diverged; see VPF_ERR_DIVERGED at vpf_train() */
  VPF_STOP_CONVERGED = 4 /**< an epoch's gradient was within VPF_OPTION_TOLERANCE of nothing */
} vpf_stop;

/** Create an optimizer with the paper preset and seed 1. Since 1.0.
 *
 *  Its first vpf_train() binds it to the shape of the model that it trains.
 *  @param[out] out  the new handle; destroy it with vpf_optimizer_destroy()
 *  @retval VPF_ERR_ARGUMENT  out is NULL
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_optimizer_create(vpf_optimizer **out);

/** Free a handle; NULL is allowed. Never call it from the optimizer's own progress function. Since 1.0. */
VPF_API void vpf_optimizer_destroy(vpf_optimizer *optimizer);

/** Choose the seed of all random numbers of training. Since 1.0.
 *
 *  In the middle of an epoch it takes effect with the next one.
 *  @param optimizer  what to change
 *  @param seed       any number
 *  @retval VPF_ERR_ARGUMENT  optimizer is NULL */
VPF_API vpf_status vpf_optimizer_set_seed(vpf_optimizer *optimizer, uint64_t seed);
/** The seed; 0 for NULL. Cannot fail. Since 1.0. */
VPF_API uint64_t vpf_optimizer_get_seed(const vpf_optimizer *optimizer);

/** Set an option. Since 1.0.
 *
 *  Allowed at any time, from a progress function too (for a learning-rate schedule, say). A new value takes effect
 *
 *  - with the next minibatch: RULE, LEARNING_RATE, BETA1, BETA2, ADAM_EPSILON, MOMENTUM, WEIGHT_DECAY, DROP_EPOCH,
 *    GIBBS_STEPS
 *  - with the next epoch: SHUFFLE; and PROGRESS_BATCHES, or with the next vpf_train() if that comes first
 *  - with the next vpf_train(): BATCH_SIZE, THREADS, CENTRED, whether there is an AVERAGE (its decay, if it is not 0, with the
 *    next minibatch), and whether there is a TOLERANCE
 *  - with the next vpf_train() that does not have to finish an epoch first: METHOD, PARTICLES, PARTICLES_PER_BATCH and the
 *    options of the E-step, which determine how much memory is needed
 *
 *  @param optimizer  what to change
 *  @param option     which option
 *  @param value      within vpf_option_bounds(); integer options take whole numbers only
 *  @retval VPF_ERR_ARGUMENT  optimizer is NULL, there is no such option, or the value is NaN, out of bounds or a
 *                            fraction where a whole number is needed; the message gives the bounds */
VPF_API vpf_status vpf_optimizer_set(vpf_optimizer *optimizer, vpf_option option, double value);
/** Read an option. Since 1.0.
 *  @param      optimizer  what to read
 *  @param      option     which option
 *  @param[out] out_value  the value that was set last; unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  optimizer or out_value is NULL, or there is no such option */
VPF_API vpf_status vpf_optimizer_get(const vpf_optimizer *optimizer, vpf_option option, double *out_value);

/** The allowed values and the name of an option. Since 1.0.
 *  @param      option    which option
 *  @param[out] out_low   the smallest allowed value; may be NULL
 *  @param[out] out_high  the largest allowed value; may be NULL
 *  @param[out] out_name  "learning_rate" and the like, a static string; may be NULL
 *  @retval VPF_ERR_ARGUMENT  there is no such option */
VPF_API vpf_status vpf_option_bounds(vpf_option option, double *out_low, double *out_high,
                                     const char **out_name);

/** The name of a value of an option whose values have names: METHOD ("vpf", "cd", "pcd", ...) and RULE ("adam", "sgd").
 *  Since 1.0.
 *
 *  Programs that read settings compare what they are given with value 0, 1, ... until NULL.
 *  @param option  which option
 *  @param value   0, 1, ...
 *  @return a static string; NULL beyond the last value, and for an option whose values are plain numbers. Cannot fail */
VPF_API const char *vpf_option_value_name(vpf_option option, int value);

/** One row of VPF_OPTION_LIST, for bindings, which cannot read the list itself. Since 1.0. */
typedef struct vpf_option_info {
  size_t struct_size;    /**< sizeof(vpf_option_info), set by the caller */
  vpf_option option;     /**< its key */
  int integer;           /**< 1: whole numbers only */
  const char *name;      /**< "learning_rate" and the like, a static string */
  double low;            /**< the smallest allowed value */
  double high;           /**< the largest allowed value */
  double initial;        /**< its value in a new optimizer: the paper preset */
} vpf_option_info;

/** Number of options. Cannot fail. Since 1.0. */
VPF_API size_t vpf_option_count(void);

/** Describe one option; indices are in the order of the options' numbers. Since 1.0.
 *  @param      index  0 .. vpf_option_count()-1
 *  @param[out] out    unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  out is NULL, its struct_size is too small, or index is out of range */
VPF_API vpf_status vpf_option_describe(size_t index, vpf_option_info *out);

/** How far training has come over the optimizer's life: after vpf_checkpoint_load(), where to continue. Since 1.0.
 *  @param      optimizer   what to read
 *  @param[out] out_epochs  epochs completed; may be NULL
 *  @param[out] out_rows    data rows done of an unfinished epoch, 0 if there is none (or if its first minibatch
 *                          diverged); may be NULL
 *  @retval VPF_ERR_ARGUMENT  optimizer is NULL */
VPF_API vpf_status vpf_optimizer_position(const vpf_optimizer *optimizer, size_t *out_epochs, size_t *out_rows);

/** Why the last vpf_train() with this optimizer ended; VPF_STOP_NONE for NULL. Cannot fail. Since 1.0.
 *
 *  A call that failed before its first minibatch, or had 0 epochs to do, does not count. */
VPF_API vpf_stop vpf_optimizer_last_stop(const vpf_optimizer *optimizer);

/** The running average of the parameters, as a model: what to evaluate and keep where there is one. Since 1.0.
 *
 *  At a constant learning rate, parameters wander about; their average is far better than they are (Polyak and Juditsky
 *  1992). Allowed in a progress function too.
 *  @param      optimizer  has trained with VPF_OPTION_AVERAGE above 0, last of all
 *  @param[out] out        a new handle; destroy it with vpf_model_destroy()
 *  @retval VPF_ERR_ARGUMENT  optimizer or out is NULL
 *  @retval VPF_ERR_STATE     there is no average: the last vpf_train() made no step with one
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_optimizer_average(const vpf_optimizer *optimizer, vpf_model **out);

#ifdef __cplusplus
}
#endif
#endif
