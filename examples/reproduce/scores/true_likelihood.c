/* SPDX-License-Identifier: MIT */
#include "true_likelihood.h"

#include <math.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/image_files.h"

vpf_status true_likelihood(const run *r, const vpf_model *model, vpf_likelihood *out) {
  vpf_data *test = NULL;
  vpf_status s = first_rows(&test, r->digits.test, r->effort.test);
  const vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = r->effort.chains,
                                     .betas = r->effort.temperatures, .seed = 1,
                                     .base = r->digits.training, .reverse = 1, .reverse_from = test};
  *out = (vpf_likelihood){.struct_size = sizeof *out};
  if (!s) s = complain(vpf_estimate_likelihood(model, test, &settings, out));
  out->empty += out->mean_low - out->mean;
  vpf_data_destroy(test);
  return s;
}

const char *doubt_mark(const vpf_likelihood *likelihood) {
  return likelihood->disagree ? " (?)" : "";
}

void find_doubts(findings *f, const char *name, const vpf_likelihood *likelihood) {
  for (unsigned doubt = 1; doubt <= likelihood->doubts; doubt *= 2)
    if (likelihood->doubts & doubt)
      find_text(f, "(?) log p of %s is in doubt: %s.", name, vpf_doubt_text((vpf_doubt)doubt));
}

vpf_status independent_likelihood(const run *r, double *out) {
  const size_t pixels = vpf_data_cols(r->digits.test);
  const double rows = (double)vpf_data_rows(r->digits.training);
  double *on = calloc(2 * pixels, sizeof *on), *seen = on ? on + pixels : NULL;
  vpf_data *test = NULL;
  vpf_status s = on ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate %zu pixels", pixels);
  if (!s) s = first_rows(&test, r->digits.test, r->effort.test);
  if (!s) s = complain(vpf_moments(r->digits.training, on, NULL));
  if (!s) s = complain(vpf_moments(test, seen, NULL));
  *out = 0;
  for (size_t p = 0; !s && p < pixels; p++) {
    const double chance = (on[p] * rows + 1) / (rows + 2); /* Laplace: a pixel never seen on may be on */
    *out += seen[p] * log(chance) + (1 - seen[p]) * log(1 - chance);
  }
  vpf_data_destroy(test);
  free(on);
  return s;
}
