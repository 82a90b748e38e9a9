/* SPDX-License-Identifier: MIT */
/** @file recipe.h
 *  Recipes: settings and starting parameters that are known to work together, each by one call.
 *
 *  docs/evaluation.md says what each of them reaches on which data. */
#ifndef VPF_RECIPE_H
#define VPF_RECIPE_H

#include <vpf/data.h>
#include <vpf/model.h>
#include <vpf/optimizer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The recipes: X(suffix, number, name, what it is for). Since 1.0. */
#define VPF_RECIPE_LIST(X)                                                                         \
  X(PAPER, 0, "paper", "VPF as in the paper: features, filling in, quick looks at any machine")    \
  X(LIKELIHOOD, 1, "likelihood", "the best log-likelihood and samples: PCD, centred and averaged") \
  X(FULLY_VISIBLE, 2, "fully_visible", "couplings between observed units (Ising): VPF until it has converged") \
  X(SPARSE, 3, "sparse", "rows of which a few percent are 1: the likelihood recipe with larger steps")

/** A recipe. Since 1.0. */
typedef enum vpf_recipe {
  VPF_RECIPE_PAPER = 0,         /**< all defaults: VPF, Adam with rate 1e-3, weight decay 0.005; parameters as by
                                     vpf_model_init() */
  VPF_RECIPE_LIKELIHOOD = 1,    /**< PCD with the centred gradient, SGD with rate 0.2 that drops to a tenth for the last 40 %
                                     of the epochs, 500 chains of which 100 are used in each minibatch, no weight decay, and a
                                     running average of the parameters; biases start from the data. Use the average,
                                     vpf_optimizer_average(): the parameters themselves are worse by far */
  VPF_RECIPE_FULLY_VISIBLE = 2, /**< VPF, whose objective is convex without hidden units: Adam with rate 0.01, minibatches of
                                     100, no weight decay, a running average, and a tolerance of 0.1: training ends by itself
                                     (VPF_STOP_CONVERGED) once the gradient is a tenth of its noise. Use the average */
  VPF_RECIPE_SPARSE = 3         /**< as LIKELIHOOD, with rate 0.5: units that are seldom on learn from few rows */
} vpf_recipe;

/** The name of a recipe, such as "likelihood"; NULL for any other number, so that all can be listed. A static string;
 *  cannot fail. Since 1.0. */
VPF_API const char *vpf_recipe_name(vpf_recipe recipe);

/** What a recipe is for, in a few words; NULL for any other number. A static string; cannot fail. Since 1.0. */
VPF_API const char *vpf_recipe_purpose(vpf_recipe recipe);

/** Begin a training by a recipe: choose the parameters of the model, and all options of the optimizer but THREADS and
 *  PROGRESS_BATCHES. Since 1.0.
 *
 *  Then train `epochs` epochs with vpf_train(). Weights are those of vpf_model_init() with the optimizer's seed. Options may be
 *  changed afterwards.
 *  @param recipe     which one
 *  @param model      changed in place
 *  @param data       [rows x n_0], the training data; only the bits are used
 *  @param optimizer  changed in place; not in the middle of a training
 *  @param epochs     how many epochs are planned, at least 1: schedules depend on it
 *  @retval VPF_ERR_ARGUMENT  a handle is NULL, there is no such recipe, or epochs is 0
 *  @retval VPF_ERR_SHAPE     data does not have n_0 columns
 *  @retval VPF_ERR_STATE     the optimizer has trained before
 *  @retval VPF_ERR_MEMORY    out of memory; nothing has changed */
VPF_API vpf_status vpf_recipe_begin(vpf_recipe recipe, vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer,
                                    size_t epochs);

#ifdef __cplusplus
}
#endif
#endif
