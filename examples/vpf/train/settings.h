/* SPDX-License-Identifier: MIT */
/* The options of the library's optimizer that have a name on the command line of vpf train. */
#ifndef EXAMPLE_SETTINGS_H
#define EXAMPLE_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>
#include <vpf.h>

typedef enum setting {
  SETTING_METHOD,
  SETTING_STEPS,
  SETTING_PARTICLES,
  SETTING_BATCH,
  SETTING_SHUFFLE,
  SETTING_RATE, /* this one and those after it may change when a run is resumed */
  SETTING_DECAY,
  SETTING_DROP,
  SETTING_THREADS,
  SETTINGS
} setting;

typedef struct train_settings {
  bool given[SETTINGS];   /* on the command line; the others are the recipe's, or the checkpoint's */
  double value[SETTINGS]; /* as vpf_optimizer_set() takes them */
} train_settings;

/* "--lr" and the like. */
const char *setting_option(setting which);

/* The value of an option, read and kept. As option_number(): the library knows what is allowed. */
int settings_parse(train_settings *s, setting which, const char *value);

/* Keep a value as if it had been given. */
void settings_give(train_settings *s, setting which, double value);

/* Hand what was given, from `first` on, to an optimizer. Failures are said. */
vpf_status settings_apply(const train_settings *s, setting first, vpf_optimizer *optimizer);

/* All values, as an optimizer has them. Failures are said. */
vpf_status settings_read(train_settings *s, const vpf_optimizer *optimizer);

/* Whether one of the library's options was given. */
bool settings_has_given(const train_settings *s, vpf_option key);

/* "vpf" and the like, as the library calls them. */
const char *method_name(int method);

#endif
