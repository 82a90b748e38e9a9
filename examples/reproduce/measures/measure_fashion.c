/* SPDX-License-Identifier: MIT */
/* Fig. 6. */
#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/machine.h"
#include "../machines/generator.h"
#include "../report/pictures.h"
#include "../sections.h"

enum { SHOWN = 100 };

static vpf_status draw_samples(run *r, findings *f, const char *name, const recipe *how) {
  const size_t pixels = vpf_data_cols(r->fashion.training), epochs = recipe_epochs(how, r->options->quick);
  char file[64], caption[128];
  generator g = {0};
  float *images = calloc(SHOWN, pixels * sizeof *images);
  vpf_status s = images ? generator_load(&g, r, how, 1, epochs, PRIOR_P)
                        : complain_because(VPF_ERR_MEMORY, "cannot allocate samples");
  const size_t steps = g.model ? machine_steps(g.model) : 1;
  snprintf(file, sizeof file, "fashion-%s.png", name);
  snprintf(caption, sizeof caption, "%s: samples after %zu epochs, r = %zu, not cherry-picked", name, epochs, steps);
  if (!s) s = complain(vpf_generate(g.model, SHOWN, steps, g.prior, 1, images));
  if (!s) s = write_images(r, file, images, SHOWN, 0);
  if (!s) find_picture(f, file, "generated images of clothes", caption);
  free(images);
  generator_clear(&g);
  return s;
}

/* What the machines have seen. */
static vpf_status draw_training(run *r, findings *f) {
  vpf_data *some = NULL;
  float *images = calloc(SHOWN, vpf_data_cols(r->fashion.training) * sizeof *images);
  vpf_status s = images ? complain(vpf_data_slice(&some, r->fashion.training, 0, SHOWN))
                        : complain_because(VPF_ERR_MEMORY, "cannot allocate images");
  if (!s) s = complain(vpf_data_to_f32(some, images));
  if (!s) s = write_images(r, "fashion-training.png", images, SHOWN, 0);
  if (!s) find_picture(f, "fashion-training.png", "images of clothes in black and white", "Training images, grey level above 0.5");
  free(images);
  vpf_data_destroy(some);
  return s;
}

vpf_status measure_fashion(run *r, findings *f) {
  vpf_status s = draw_samples(r, f, "DBM1-P", find_recipe("fashion1"));
  if (!s) s = draw_samples(r, f, "DBM2-P", find_recipe("fashion2"));
  if (!s) s = draw_training(r, f);
  find_text(f, "As in the paper, samples show shirts, coats and boots, but thresholding has taken most of what tells clothes "
               "apart. No score is published.");
  return s;
}
