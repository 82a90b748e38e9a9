/* SPDX-License-Identifier: MIT */
/** @file stdp.h
 *  The chain in continuous time behind probability flow, and spike-timing-dependent plasticity.
 *
 *  Both come from the paper: from the text above its Eq. 1, and from its Eq. 6. docs/math.md, section 15, derives them.
 *
 *  Experimental: vpf.h does not include this header, so include it by its own name. What is in it may change or
 *  disappear in any release. Its symbols carry the version VPF_EXPERIMENTAL, so that a program which needs a symbol
 *  that is gone does not start. */
#ifndef VPF_EXPERIMENTAL_STDP_H
#define VPF_EXPERIMENTAL_STDP_H

#include <vpf/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The flip of one unit. Since 1.0, experimental. */
typedef struct vpf_flip {
  double time;  /**< since the start, above 0 */
  double rate;  /**< delta of the unit just before: flips per unit of time */
  size_t unit;  /**< its index among all units, layer after layer */
  int state;    /**< its bit just after, 0 or 1 */
} vpf_flip;

/** Simulate the continuous-time Markov chain whose stationary distribution is the machine's. Since 1.0, experimental.
 *
 *  Unit j flips at the rate delta_j = exp(alpha_j z_j), where alpha_j = 1/2 - y_j (paper, above Eq. 1; docs/math.md,
 *  Eq. (6)). Every waiting time and every flip is drawn (Gillespie 1977); time is not discretised. The sum of the
 *  rates, averaged over rows of data, is the flow that vpf_model_flow() computes. To continue, start from where the
 *  last flip left the units, with another seed: the chain has no memory.
 *  @param      model      joint, or at most two layers
 *  @param      start      [units], the state at time 0, layer after layer; non-zero is 1
 *  @param      duration   above 0, may be infinite: the time at which to end
 *  @param      max_flips  at least 1: the number of flips after which to end
 *  @param      seed       any number
 *  @param[out] out_flips  [max_flips], in order of time; elements from *out_count on are unspecified
 *  @param[out] out_count  how many flips there were, unchanged on failure; less than max_flips: nothing more happened
 *                         within the duration
 *  @retval VPF_ERR_ARGUMENT     a pointer is NULL, duration is NaN or not above 0, or max_flips is 0
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_OVERFLOW     some |z|/2 went above 80; the message names the unit and the number of flips before
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_simulate_flips(const vpf_model *model, const uint8_t *start, double duration,
                                      size_t max_flips, uint64_t seed, vpf_flip *out_flips, size_t *out_count);

/** What the asymmetric rule does to the weight of one synapse along a record of flips. Since 1.0, experimental.
 *
 *  Each flip of the post-synaptic unit j changes the weight by -y_i alpha_j delta_j, with delta_j from before the flip
 *  and alpha_j = 1/2 - y_j from after it (paper, Eq. 6; docs/math.md, Eq. (38)). That is delta_j / 2 when j switches on
 *  and its negative when j switches off, and nothing while the pre-synaptic unit i is off. The learning rate is 1.
 *  @param      flips         [count], as from vpf_simulate_flips()
 *  @param      count         number of flips
 *  @param      pre_at_start  the bit of the pre-synaptic unit before the first flip; non-zero is 1
 *  @param      pre,post      indices of two different units
 *  @param[out] out_changes   [count], the change at each flip; 0 at flips of other units. Unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  flips or out_changes is NULL, pre equals post, or a flip's state is neither 0 nor 1 */
VPF_API vpf_status vpf_stdp_changes(const vpf_flip *flips, size_t count, int pre_at_start, size_t pre,
                                    size_t post, double *out_changes);

#ifdef __cplusplus
}
#endif
#endif
