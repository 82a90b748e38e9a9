/* SPDX-License-Identifier: MIT */
#include "sections.h"

#include <stdio.h>
#include <string.h>

#include "../common/new_file.h"

/* In the order in which they are shown, trained for and measured: what takes longest is last. */
static const section sections[] = {
    {.name = "stdp", .title = "Fig. 1b: spike-timing-dependent plasticity",
     .question = "Does the asymmetric half of the learning rule (Eq. 6 of the paper) give the curve that is measured in "
                 "neurons? Two units of the chain in continuous time are simulated flip by flip. Points are means over "
                 "simulated pairs of spikes, lines the exact expectation and the paper's two curves.",
     .cost = 3, .measure = measure_stdp},
    {.name = "filters", .title = "Fig. 2: filters of three RBMs",
     .question = "What do the hidden units look for? 25 units drawn at random of each machine, as in the paper.",
     .recipes = {"rbm100", "rbm196", "rbm400"}, .cost = 1, .measure = measure_filters},
    {.name = "curves", .title = "Fig. 3: the objective, activations and weights along training",
     .question = "Does the objective settle within 50 epochs, is the code distributed and moderately sparse, and do most "
                 "weights become small?",
     .recipes = {"rbm100", "rbm196", "rbm400"}, .cost = 1, .measure = measure_curves},
    {.name = "table1", .title = "Fig. 4 and Table 1: filling in corrupted digits",
     .question = "How far are filled-in pixels from the truth, by VPF and by contrastive divergence? First by the paper's "
                 "protocol (noise OR image in the region, nothing held, two steps), then by one that is fair to all "
                 "methods: the region replaced by noise, everything else held, 100 steps, mean of the last 50.",
     .recipes = {"rbm196", "rbm196-light", "dbm1", "dbm2", "cd1", "cd10", "pcd1", "pcd10"}, .cost = 160,
     .measure = measure_table1},
    {.name = "table2", .title = "Fig. 5 and Table 2: samples of deep machines, and their Parzen scores",
     .question = "How good are samples that are drawn from the top down (Algorithm 2)? Scores are log-likelihoods of grey "
                 "test images under Gaussian windows (sigma 0.2) around 10 000 samples, in nats. Epoch and number of steps "
                 "r are chosen on validation images, for each prior of the top layer: R is 0.5 for every unit, P the mean "
                 "activation over the training images. This score rewards smoothness as much as quality: see the rows "
                 "that need no machine at all.",
     .recipes = {"rbm196", "dbm1", "dbm2"}, .cost = 500, .measure = measure_table2},
    {.name = "deeper", .title = "Beyond the paper: deeper machines, pair by pair",
     .question = "Which machine of this family gets the score of the best published row of Table 2? Layers are added one "
                 "after the other, each pair trained to its end on states of the layer below, with less weight decay above the "
                 "first pair, and samples take a number of steps for each pair. All of it is chosen on validation images.",
     .recipes = {"rbm196", "dbm1", "greedy2", "greedy3", "deep2", "deep3", "deep4", "deep5", "deep6", "deep7"}, .cost = 240,
     .measure = measure_deeper},
    {.name = "likelihood", .title = "Beyond the paper: the true likelihood along training",
     .question = "Does a falling objective make the images more probable? The log-probability of test images by annealed "
                 "importance sampling, that of the empty image, the flow K, the Parzen score and the error of filling in, "
                 "on one axis of time, for VPF and for PCD-1.",
     .recipes = {"rbm196", "pcd1"}, .cost = 150, .measure = measure_likelihood},
    {.name = "coupling", .title = "Beyond the paper: pairwise or joint",
     .question = "The text has one energy for all layers (joint); the published numbers come from machines in which every "
                 "pair of layers is one of its own (pairwise). What does the choice do, and does an E-step by Gibbs "
                 "sampling, in which a layer sees both neighbours, rescue the joint machine?",
     .recipes = {"dbm1", "dbm1-joint", "dbm1-gibbs"}, .cost = 45, .measure = measure_coupling},
    {.name = "estep", .title = "Beyond the paper: hidden states once an epoch or in every minibatch",
     .question = "The hidden states of all images are drawn once an epoch and then held. Is that a shortcut, or does it "
                 "matter?",
     .recipes = {"rbm196", "rbm196-afresh"}, .cost = 20, .measure = measure_estep},
    {.name = "decay", .title = "Beyond the paper: how much weight decay",
     .question = "The text says lambda = 0.0001; the gradient of the published runs amounts to 0.005.",
     .recipes = {"rbm196", "rbm196-light", "rbm196-text"}, .cost = 30, .measure = measure_decay},
    {.name = "steps", .title = "Beyond the paper: how many steps r",
     .question = "Are more steps of Algorithm 2 better?",
     .recipes = {"rbm196", "dbm1", "dbm2"}, .cost = 20, .measure = measure_steps},
    {.name = "greedy", .title = "Beyond the paper: all pairs at once, or one after the other",
     .question = "The paper trains all pairs of layers at the same time. Would a stack of RBMs, each trained to its end "
                 "before the next one begins, be better?",
     .recipes = {"rbm196", "dbm1", "greedy2", "greedy3"}, .cost = 10, .measure = measure_greedy},
    {.name = "order", .title = "Beyond the paper: order of the E-step, number of sweeps, order of the images",
     .question = "With intra-layer weights, Algorithm 1 feeds the swept states of a layer to the next one; the published "
                 "runs fed those before the sweep, swept once, and took the images in their order. What does each do?",
     .recipes = {"dbm2", "dbm2-swept", "dbm2-sweeps", "dbm2-shuffled"}, .cost = 60, .measure = measure_order},
    {.name = "fashion", .title = "Fig. 6: Fashion-MNIST",
     .question = "The same two deep machines on images of clothes, samples with the P prior.",
     .recipes = {"fashion1", "fashion2"}, .cost = 1, .fashion = true, .measure = measure_fashion},
    {0}};

const section *all_sections(void) {
  return sections;
}

/* Whether a name of `length` characters is that of the section. */
static bool is_name(const section *s, const char *name, size_t length) {
  return strlen(s->name) == length && !strncmp(s->name, name, length);
}

bool sections_named(const char *names) {
  for (;;) {
    const size_t length = strcspn(names, ",");
    const section *s = sections;
    while (s->name && !is_name(s, names, length)) s++;
    if (!s->name) return false;
    if (!names[length]) return true;
    names += length + 1;
  }
}

bool section_wanted(const section *s, const char *names) {
  if (!names) return true;
  for (;;) {
    const size_t length = strcspn(names, ",");
    if (is_name(s, names, length)) return true;
    if (!names[length]) return false;
    names += length + 1;
  }
}

char *findings_path(const run *r, const section *s) {
  char name[64];
  snprintf(name, sizeof name, "findings/%s.json", s->name);
  return path_join(r->options->out, name);
}
