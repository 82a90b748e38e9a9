/* SPDX-License-Identifier: MIT */
/** @file stdp.h
 *  The chain in continuous time behind probability flow, and spike-timing-dependent plasticity.
 *
 *  Both are of the paper: the text above Eq. 1, and Eq. 6.
 *
 *  Experimental: include it by its name, vpf.h does not. What is here may change or go in any
 *  release; its symbols have the version VPF_EXPERIMENTAL, so a program that needs them does not
 *  start with a library that has others. */
#ifndef VPF_EXPERIMENTAL_STDP_H
#define VPF_EXPERIMENTAL_STDP_H

#include <vpf/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A unit changes its state. Since 1.0, experimental. */
typedef struct vpf_flip {
  double time;  /**< since the start, above 0 */
  double rate;  /**< delta of the unit just before: flips per unit of time */
  size_t unit;  /**< among all units, layer after layer */
  int state;    /**< 0 or 1, just after */
} vpf_flip;

/** Simulate the Markov chain in continuous time whose stationary distribution is the machine's: unit j
 *  flips with the rate delta_j = exp(alpha_j z_j), alpha_j = 1/2 - y_j (paper, above Eq. 1). Every
 *  waiting time and every flip is drawn (Gillespie 1977), nothing is discretised.
 *
 *  The mean of the rates over the rows of data is the flow that vpf_model_flow() computes. To go on,
 *  start where the last flip has left the units, with another seed: the chain has no memory.
 *  @param      model      joint, or at most 2 layers
 *  @param      start      [units] states of all units, layer after layer; non-zero is 1
 *  @param      duration   above 0, may be infinite: when to end
 *  @param      max_flips  at least 1: after how many flips to end
 *  @param[out] out_flips  [max_flips], in ascending order of time; those beyond *out_count are unspecified
 *  @param[out] out_count  how many there were; less than max_flips: nothing else happened in the duration
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_MEMORY, VPF_ERR_OVERFLOW (some |z|/2 above 80,
 *          naming unit and flip). Since 1.0, experimental. */
VPF_API vpf_status vpf_simulate_flips(const vpf_model *model, const uint8_t *start, double duration,
                                      size_t max_flips, uint64_t seed, vpf_flip *out_flips, size_t *out_count);

/** What the asymmetric rule does to the weight of one synapse along a record of flips (paper, Eq. 6):
 *  at every flip of the post-synaptic unit j, -y_i alpha_j delta_j, with delta_j before and
 *  alpha_j = 1/2 - y_j after the flip: + delta_j / 2 when it is excited, - delta_j / 2 when it comes to
 *  rest, nothing if the pre-synaptic unit i is at rest. Learning rate 1.
 *  @param      flips         [count], as vpf_simulate_flips() gives them
 *  @param      pre_at_start  state of the pre-synaptic unit before the first flip; non-zero is 1
 *  @param      pre,post      units, different
 *  @param[out] out_changes   [count]; 0 at flips of other units
 *  @return VPF_ERR_ARGUMENT. Since 1.0, experimental. */
VPF_API vpf_status vpf_stdp_changes(const vpf_flip *flips, size_t count, int pre_at_start, size_t pre,
                                    size_t post, double *out_changes);

#ifdef __cplusplus
}
#endif
#endif
