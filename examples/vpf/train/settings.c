/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include "../../common/complain.h"
#include "../../common/options.h"

static const struct {
  const char *option;
  vpf_option key;
} known[SETTINGS] = {
    [SETTING_METHOD] = {"--method", VPF_OPTION_METHOD},
    [SETTING_STEPS] = {"--steps", VPF_OPTION_GIBBS_STEPS},
    [SETTING_PARTICLES] = {"--particles", VPF_OPTION_PARTICLES},
    [SETTING_BATCH] = {"--batch", VPF_OPTION_BATCH_SIZE},
    [SETTING_SHUFFLE] = {"--in-order", VPF_OPTION_SHUFFLE},
    [SETTING_RATE] = {"--lr", VPF_OPTION_LEARNING_RATE},
    [SETTING_DECAY] = {"--decay", VPF_OPTION_WEIGHT_DECAY},
    [SETTING_DROP] = {"--lr-drop", VPF_OPTION_DROP_EPOCH},
    [SETTING_THREADS] = {"--threads", VPF_OPTION_THREADS},
};

const char *setting_option(setting which) {
  return known[which].option;
}

const char *method_name(int method) {
  return vpf_option_value_name(VPF_OPTION_METHOD, method);
}

static vpf_status describe(vpf_option key, vpf_option_info *out) {
  *out = (vpf_option_info){.struct_size = sizeof *out};
  vpf_status s = vpf_option_describe(0, out);
  for (size_t k = 1; !s && out->option != key; k++) s = vpf_option_describe(k, out);
  return complain(s);
}

static int parse_method(double *out, const char *value) {
  int method = 0;
  const int result = option_name(&method, known[SETTING_METHOD].option, value, method_name);
  *out = method;
  return result;
}

static int parse_value(double *out, setting which, const char *value) {
  vpf_option_info info;
  if (which == SETTING_METHOD) return parse_method(out, value);
  if (describe(known[which].key, &info)) return EXIT_RUNTIME;
  if (!info.integer) return option_number(out, known[which].option, value, info.low, info.high);
  uint64_t number = 0;
  const int result = option_integer(&number, known[which].option, value, (uint64_t)info.low, (uint64_t)info.high);
  *out = (double)number;
  return result;
}

int settings_parse(train_settings *s, setting which, const char *value) {
  double number;
  const int result = parse_value(&number, which, value);
  if (result == OPTIONS_COMPLETE) settings_give(s, which, number);
  return result;
}

void settings_give(train_settings *s, setting which, double value) {
  s->given[which] = true;
  s->value[which] = value;
}

vpf_status settings_apply(const train_settings *s, setting first, vpf_optimizer *optimizer) {
  vpf_status status = VPF_OK;
  for (setting which = first; !status && which < SETTINGS; which++)
    if (s->given[which]) status = vpf_optimizer_set(optimizer, known[which].key, s->value[which]);
  return complain(status);
}

vpf_status settings_read(train_settings *s, const vpf_optimizer *optimizer) {
  vpf_status status = VPF_OK;
  for (setting which = 0; !status && which < SETTINGS; which++)
    status = vpf_optimizer_get(optimizer, known[which].key, &s->value[which]);
  return complain(status);
}

bool settings_has_given(const train_settings *s, vpf_option key) {
  for (setting which = 0; which < SETTINGS; which++)
    if (known[which].key == key) return s->given[which];
  return false;
}
