/* SPDX-License-Identifier: MIT */
/* Fig. 5 and Table 2. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/complain.h"
#include "../../common/image_files.h"
#include "../../common/stop_signal.h"
#include "../machines/training.h"
#include "../report/pictures.h"
#include "../scores/components.h"
#include "../scores/parzen_score.h"
#include "../scores/trivial_scores.h"
#include "../scores/true_likelihood.h"
#include "../sections.h"

enum { WORDS = 160 };

/* A machine with a prior, as the paper names them. */
typedef struct entry {
  const char *name, *recipe;
  top_prior prior;
  double published;
  bool is_target;
} entry;

static const entry entries[] = {
    {"RBM(196), R", "rbm196", PRIOR_R, 78, false},
    {"RBM(196), P", "rbm196", PRIOR_P, 78, false},
    {"DBM1-R", "dbm1", PRIOR_R, 183, true},
    {"DBM1-P", "dbm1", PRIOR_P, 210, true},
    {"DBM1-P, prior from sampled states", "dbm1", PRIOR_P_SAMPLED, 210, false},
    {"DBM2-R", "dbm2", PRIOR_R, 222, true},
    {"DBM2-P", "dbm2", PRIOR_P, 222, true},
    {"DBM2-P, prior from sampled states", "dbm2", PRIOR_P_SAMPLED, 222, false},
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static const struct {
  const char *name;
  double score;
} published[] = {{"paper: DBM", 32},         {"paper: DBN", 138}, {"paper: Stacked-CAE", 121},
                 {"paper: Deep GSN", 214},   {"paper: GAN", 225}, {"paper: Bengio et al.", 236},
                 {"paper: MNIST training set", 239.88}};

typedef struct entry_scores {
  parzen_choice choice;
  double scores[RECIPE_SEEDS], mean, stderr_points;
  size_t seeds;
} entry_scores;

/* Entry k of all. A prior from sampled states takes the settings of the entry before it, which is the same machine
 * with prior P. */
static vpf_status score_entry(run *r, size_t k, entry_scores *all) {
  const entry *e = &entries[k];
  const recipe *how = find_recipe(e->recipe);
  const double share = 0.9 / ENTRIES;
  entry_scores *out = &all[k];
  vpf_status s = VPF_OK;
  *out = (entry_scores){.seeds = recipe_seeds(how, r->options->quick)};
  if (e->prior == PRIOR_P_SAMPLED) out->choice = all[k - 1].choice;
  else s = choose_parzen(r, &(parzen_trial){.how = how, .prior = e->prior}, share * (double)k, share * (double)(k + 1), &out->choice);
  if (!s && !stop_signal) s = test_parzen(r, how, e->prior, &out->choice, out->scores, &out->stderr_points);
  for (size_t seed = 0; seed < out->seeds; seed++) out->mean += out->scores[seed] / (double)out->seeds;
  return s;
}

static void claim_entry(findings *f, const entry *e, const entry_scores *s) {
  char claim[WORDS], target[32], measured[32], remark[WORDS];
  snprintf(claim, sizeof claim, "Table 2: %s", e->name);
  snprintf(target, sizeof target, "%.0f", e->published);
  snprintf(measured, sizeof measured, "%.1f", s->mean);
  snprintf(remark, sizeof remark, "epoch %zu and r = %zu chosen on validation images (%.1f there), mean of %zu seeds",
           s->choice.epoch, s->choice.steps.top, s->choice.validation, s->seeds);
  find_claim(f, claim, target, measured, s->mean >= e->published - 0.5, remark);
}

/* ---- Fig. 5 ---- */

typedef struct gap_table {
  json_t *table;
  component_counts test;
} gap_table;

static vpf_status samples_of(run *r, const entry *e, const parzen_choice *choice, size_t count, float **out) {
  generator g;
  *out = NULL;
  vpf_status s = generator_load(&g, r, find_recipe(e->recipe), 1, choice->epoch, e->prior);
  if (!s) *out = calloc(count, vpf_data_cols(r->digits.test) * sizeof **out);
  if (!s && !*out) s = complain_because(VPF_ERR_MEMORY, "cannot allocate samples");
  if (!s) s = complain(vpf_generate(g.model, count, choice->steps.top, g.prior, 1, *out));
  generator_clear(&g);
  return s;
}

static void gap_row(findings *f, json_t *table, const char *name, const component_counts *c) {
  json_t *row = table_row(f, table, name, NULL);
  row_value(f, row, c->mean);
  row_value(f, row, 100 * c->several);
}

static vpf_status draw_entry(run *r, findings *f, const entry *e, const entry_scores *scored, gap_table *gaps,
                             component_counts *counts) {
  enum { SHOWN = 100, COUNTED = 2000 };
  char file[64], caption[WORDS];
  float *images = NULL;
  snprintf(file, sizeof file, "samples-%s.png", e->name);
  snprintf(caption, sizeof caption, "%s: samples of seed 1, epoch %zu, r = %zu, not cherry-picked", e->name,
           scored->choice.epoch, scored->choice.steps.top);
  vpf_status s = samples_of(r, e, &scored->choice, COUNTED, &images);
  if (!s) s = write_images(r, file, images, SHOWN, 0);
  if (!s) find_picture(f, file, "generated digits", caption);
  if (!s) s = count_components(counts, images, COUNTED, r->digits.width, r->digits.height);
  if (!s) gap_row(f, gaps->table, e->name, counts);
  free(images);
  return s;
}

static vpf_status begin_gaps(run *r, findings *f, gap_table *gaps) {
  float *images = NULL;
  vpf_status s = grey_levels(&images, r->digits.test, r->effort.test);
  const size_t rows = vpf_data_rows(r->digits.test);
  gaps->table = find_table(f, "Gaps: pieces of an image (pixels above 0.5 that touch)", "", 2);
  table_column(f, gaps->table, "mean");
  table_column(f, gaps->table, "images in several pieces, %");
  if (!s)
    s = count_components(&gaps->test, images, rows < r->effort.test ? rows : r->effort.test, r->digits.width,
                         r->digits.height);
  if (!s) gap_row(f, gaps->table, "test images", &gaps->test);
  free(images);
  return s;
}

/* Pictures and gaps of the machines of Fig. 5. */
static vpf_status figure5(run *r, findings *f, const entry_scores *all) {
  gap_table gaps;
  double worst[2] = {0, 0}; /* without and with intra-layer weights */
  vpf_status s = begin_gaps(r, f, &gaps);
  for (size_t k = 0; !s && k < ENTRIES; k++) {
    component_counts counts;
    if (!entries[k].is_target) continue;
    s = draw_entry(r, f, &entries[k], &all[k], &gaps, &counts);
    const bool intra = find_recipe(entries[k].recipe)->intra;
    if (!s) worst[intra] = fmax(worst[intra], counts.mean);
  }
  char measured[WORDS];
  snprintf(measured, sizeof measured, "pieces of an image: DBM1 %.2f, DBM2 %.2f, test images %.2f", worst[0], worst[1],
           gaps.test.mean);
  if (!s)
    find_claim(f, "Fig. 5: digits have gaps without intra-layer weights and none with them", "DBM2 nearer to the data",
               measured, fabs(worst[1] - gaps.test.mean) < fabs(worst[0] - gaps.test.mean),
               "of the two priors the one with more pieces");
  return s;
}

/* ---- True likelihood ---- */

static vpf_status likelihood_rows(run *r, findings *f, const parzen_choice *choice) {
  const recipe *how = find_recipe("rbm196");
  const size_t epochs[] = {choice->epoch, recipe_epochs(how, r->options->quick)};
  json_t *table = find_table(f, "The same images by their true log-probability, where it exists", "nats", 1);
  table_column(f, table, "log p, forward");
  table_column(f, table, "log p, to report");
  double independent;
  vpf_status s = independent_likelihood(r, &independent);
  json_t *row = table_row(f, table, "independent pixels", "needs no machine");
  for (size_t column = 0; !s && column < 2; column++) row_value(f, row, independent);
  for (size_t k = 0; !s && k < 2 && (!k || epochs[1] != epochs[0]); k++) {
    double forward[RECIPE_SEEDS], low[RECIPE_SEEDS];
    char name[64];
    const size_t seeds = recipe_seeds(how, r->options->quick);
    for (size_t seed = 1; !s && seed <= seeds; seed++) {
      vpf_model *model = NULL;
      vpf_likelihood likelihood;
      s = load_machine(&model, r, how, seed, epochs[k]);
      if (!s) s = true_likelihood(r, model, &likelihood);
      if (!s) forward[seed - 1] = likelihood.mean;
      if (!s) low[seed - 1] = likelihood.mean_low;
      snprintf(name, sizeof name, "RBM(196), epoch %zu, seed %zu", epochs[k], seed);
      if (!s) find_doubts(f, name, &likelihood);
      vpf_model_destroy(model);
    }
    snprintf(name, sizeof name, "RBM(196), epoch %zu", epochs[k]);
    row = table_row(f, table, name, "binarised test images, annealed importance sampling");
    if (!s) row_cell(f, row, forward, seeds, NAN);
    if (!s) row_cell(f, row, low, seeds, NAN);
  }
  find_text(f, "Pairwise machines of three or more layers have no single energy, so DBM1 and DBM2 have no such number.");
  return s;
}

vpf_status measure_table2(run *r, findings *f) {
  entry_scores all[ENTRIES];
  json_t *table = find_table(f, "Table 2: Parzen log-likelihood", "nats", 1);
  table_column(f, table, "score");
  vpf_status s = VPF_OK;
  for (size_t k = 0; k < sizeof published / sizeof *published; k++)
    row_cell(f, table_row(f, table, published[k].name, NULL), NULL, 0, published[k].score);
  for (size_t k = 0; !s && !stop_signal && k < ENTRIES; k++) {
    s = score_entry(r, k, all);
    char about[WORDS];
    snprintf(about, sizeof about, "epoch %zu, r = %zu; +- %.1f over images", all[k].choice.epoch, all[k].choice.steps.top,
             all[k].stderr_points);
    if (!s) row_cell(f, table_row(f, table, entries[k].name, about), all[k].scores, all[k].seeds, entries[k].published);
  }
  if (!s && !stop_signal) s = trivial_scores(r, f, table);
  for (size_t k = 0; !s && !stop_signal && k < ENTRIES; k++)
    if (entries[k].is_target) claim_entry(f, &entries[k], &all[k]);
  if (!s && !stop_signal) s = figure5(r, f, all);
  if (!s && !stop_signal) s = likelihood_rows(r, f, &all[1].choice);
  return s;
}
