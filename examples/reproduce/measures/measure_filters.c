/* SPDX-License-Identifier: MIT */
/* Fig. 2. */
#include <stdio.h>

#include "../machines/training.h"
#include "../report/pictures.h"
#include "../sections.h"

vpf_status measure_filters(run *r, findings *f) {
  static const char *const names[] = {"rbm100", "rbm196", "rbm400"};
  enum { FILTERS = 25, SEED = 1 };
  vpf_status s = VPF_OK;
  for (size_t k = 0; !s && k < sizeof names / sizeof *names; k++) {
    const recipe *how = find_recipe(names[k]);
    char file[64], caption[128];
    vpf_model *model = NULL;
    snprintf(file, sizeof file, "filters-%s.png", names[k]);
    snprintf(caption, sizeof caption, "RBM(%zu) after %zu epochs, %d of its units", how->sizes[1],
             recipe_epochs(how, r->options->quick), (int)FILTERS);
    s = load_machine(&model, r, how, 1, recipe_epochs(how, r->options->quick));
    if (!s) s = write_filters(r, file, model, FILTERS, SEED);
    if (!s) find_picture(f, file, "weights of hidden units as pictures: strokes", caption);
    vpf_model_destroy(model);
  }
  find_text(f, "White pixels excite a unit, black ones silence it; each unit has its own scale.");
  return s;
}
