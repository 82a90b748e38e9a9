/* SPDX-License-Identifier: MIT */
/* The command line of vpf train. */
#ifndef EXAMPLE_TRAIN_OPTIONS_H
#define EXAMPLE_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vpf.h>

#include "settings.h"

enum { MAX_LAYERS = 64 };

typedef struct train_options {
  const char *data;           /* folder with the images */
  bool fashion;
  const char *arch;           /* as given, for messages */
  size_t sizes[MAX_LAYERS];   /* [layers] */
  size_t layers;
  const char *intra_name;
  uint8_t intra[MAX_LAYERS];  /* [layers], as vpf_model_create() takes it */
  const char *coupling_name;
  vpf_coupling coupling;
  size_t epochs;
  size_t limit;               /* rows to train on; 0: all */
  bool limit_given;
  uint64_t seed;              /* of the starting weights and of training */
  vpf_recipe recipe;
  bool recipe_given;
  train_settings set;          /* of the optimizer; the values are complete once there is one */
  double lr_drop;             /* of the epochs, the last ones, at a tenth of the learning rate */
  size_t watch, patience, chains, temperatures; /* likelihood of validation images; watch 0: not */
  bool both_ways;             /* anneal forward and backward */
  const char *of_watch;       /* an option that was given and needs `watch`; NULL: none */
  size_t keep;                /* keep the model every so many epochs; 0: only the last */
  size_t checkpoint_every;    /* epochs; 0: only when stopped */
  const char *resume;         /* the checkpoint to go on from, or NULL */
  size_t epochs_before, rows_before; /* done before that: epochs, and rows of an unfinished one */
  const char *out;            /* folder for the results */
  char *text[2];              /* what some of the above point to; freed by train_options_clear() */
} train_options;

/* Fill in the options. Returns OPTIONS_COMPLETE, or the status to exit with: 0 after --help,
 * EXIT_USAGE after a mistake, which was then said on stderr (options.h). */
int train_options_parse(train_options *options, int argc, char **argv);

/* The same command line once more, now that *options holds other defaults. */
int train_options_parse_again(train_options *options, int argc, char **argv);

/* Choose the starting parameters of a machine and all options of its optimizer, both new: by the recipe, and by what
 * was given on top of it. Failures are said. */
vpf_status train_options_begin(const train_options *options, vpf_model *model, const vpf_data *data,
                               vpf_optimizer *optimizer);

void train_options_clear(train_options *options);

#endif
