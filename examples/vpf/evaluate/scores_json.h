/* SPDX-License-Identifier: MIT */
/* All numbers of an evaluation as JSON. The keys are for ever; new ones may come. A number that is not finite,
 * or that there is not, is null. Likelihoods are in nats an image.
 *
 *   program, library   "evaluate", the version of libvpf
 *   model              file, layers [units], intra [whether a layer has intra-layer weights], coupling
 *                      ("pairwise", "joint"), parameters
 *   images             test_file, test_rows, training_file, training_rows (those that it was trained on)
 *   seed, quick        as asked for
 *   seconds            of the whole evaluation; every part has its own
 *
 * and, for each part that was asked for:
 *
 *   machine            rows; by layer: activity, population_sparseness, lifetime_sparseness, dead, saturated;
 *                      by pair of layers: rho, w2
 *   likelihood         of ("model", "first pair"), available, reason (why not), exact
 *     chains, temperatures, reverse_sweeps, base ("training")       null if exact or not available
 *     log_z, log_z_stderr, ess, spread                              errors are null if exact
 *     reverse_log_z, reverse_stderr, reverse_ess, reverse_spread    null if exact
 *     reverse_start ("none", "exact", "chains"), disagree (true: there are doubts)
 *     log_z_bound                                                   log Z is at least this; null if exact
 *     log_z_both                                                    by both runs (Bennett); null if exact
 *     doubts ([what is wrong with log_z, some of "bound", "reverse", "ess", "spread": see vpf_doubt])
 *     bases (that annealing began at; null if exact)
 *     bound (true: log p of test, training, empty is at least the number given)
 *     test, training, empty, independent   each rows, mean (by log_z), reverse_mean (by reverse_log_z), most (by
 *                      log_z_bound: log p is at most that; null if exact or bound), mean_low (by the largest log Z
 *                      that must be reckoned with, that of the ladder too: report this), rows_stderr,
 *                      ladder_mean (by log_z of the ladder; null without one)
 *     pseudo           null where it is not defined
 *     ladder           null without --ladder; available, reason (why not), file (of --ladder-file), read (from there),
 *                      chains, sweeps, and of vpf_ladder_report rungs, added (of them, to those that were read), log_z,
 *                      log_z_stderr, log_z_bound, disagree, acceptance_mean, acceptance_least, acceptance_rung,
 *                      arrivals, round_trips, split_rhat, autocorrelation_time; build_seconds, sample_seconds
 *   parzen             rows, steps, validation_rows (on which sigma was selected; 0: it was given)
 *     r, p, training   each centres, sigma, mean, points_stderr, draws, draws_stderr
 *   filling            rows
 *     clamped, mean_field, paper, leak     each noise ("replace", "or"), held, leaks, steps, average, and the
 *                      regions top, bottom, left, right: each error, stderr, in pixels
 *     black            the regions
 *     neighbours       rows, nearest, training_rows, and the regions
 *   moments            rows, steps; samples, training: each rows, mean_pearson, mean_rms, pair_pearson, pair_rms,
 *                      connected_pearson, connected_rms
 *   mixing             of (as above), chains, draws; of the energy: mean, sd, drift, drift_stderr,
 *                      autocorrelation_time, ess, split_rhat; pixels_on_start, pixels_on_end
 *
 * and, with --scores:
 *
 *   rows               file, rows, of (as above; of flow, that of the model), missing (for each column that is
 *                      empty, why), seconds */
#ifndef EXAMPLE_SCORES_JSON_H
#define EXAMPLE_SCORES_JSON_H

#include "evaluation.h"
#include "scores.h"

/* Write them to a file, which is replaced whole. VPF_ERR_IO, VPF_ERR_MEMORY; said. */
vpf_status scores_write(const evaluation *e, const scores *s, const char *path);

#endif
