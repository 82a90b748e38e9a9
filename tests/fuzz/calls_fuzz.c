/* SPDX-License-Identifier: MIT */
/* Any calls in any order: the bytes choose functions, arguments, options, and which allocation fails. There are four
 * places for handles of each kind, which may be empty. Arrays are exactly as long as their shapes, for a sanitizer to
 * see what reads beyond. After every call: a failure has its message and has changed no model (divergence keeps it
 * finite), a handle that could not be made is NULL, and after "no memory" the same call succeeds. */
#include "common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <vpf/experimental/stdp.h>

enum { PLACES = 4, MOST_CALLS = 24, MOST_LAYERS = 4, MOST_UNITS = 7, MOST_ROWS = 12, MOST_ROOMS = 16 };

typedef struct world {
  const uint8_t *bytes;
  size_t size, at;
  vpf_data *data[PLACES];
  vpf_model *model[PLACES];
  vpf_optimizer *optimizer[PLACES];
  vpf_monitor *monitor[PLACES];
  vpf_ladder *ladder[PLACES];
  uint64_t hash[PLACES];
  int absurd;  /* sizes that no memory is enough for */
  int changed; /* the place of the model that this call may change, or -1 */
  void *rooms[MOST_ROOMS];
  size_t n_rooms;
} world;

/* ---- Arguments from bytes; zeros when they are used up ---- */

static uint8_t byte(world *w) { return w->at < w->size ? w->bytes[w->at++] : 0; }
static size_t below(world *w, size_t n) { return byte(w) % n; }

static uint64_t word(world *w) {
  uint64_t value = 0;
  for (int k = 0; k < 8; k++) value = value << 8 | byte(w);
  return value;
}

/* A small number mostly; sometimes any pattern of bits, so NaN and infinity too. */
static double number(world *w) {
  const uint8_t kind = byte(w);
  if (kind < 240) return ((double)byte(w) - 128) / 32;
  const uint64_t bits = word(w);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void *room(world *w, size_t count, size_t size) {
  if (w->n_rooms == MOST_ROOMS) abort();
  void *made = malloc(count * size + (count * size == 0));
  if (!made) abort();
  memset(made, 0xA5, count * size);
  return w->rooms[w->n_rooms++] = made;
}

static float *floats(world *w, size_t count) {
  float *values = room(w, count, sizeof *values);
  for (size_t k = 0; k < count; k++) values[k] = (float)number(w);
  return values;
}

static float *probabilities(world *w, size_t count) {
  float *values = room(w, count, sizeof *values);
  for (size_t k = 0; k < count; k++) values[k] = (float)byte(w) / 255;
  return values;
}

static uint8_t *mask(world *w, size_t count) {
  if (byte(w) % 4 == 0) return NULL;
  uint8_t *values = room(w, count, 1);
  for (size_t k = 0; k < count; k++) values[k] = byte(w) & 1;
  return values;
}

static vpf_data *some_data(world *w) { return w->data[below(w, PLACES)]; }
static vpf_model *some_model(world *w) { return w->model[below(w, PLACES)]; }
static vpf_optimizer *some_optimizer(world *w) { return w->optimizer[below(w, PLACES)]; }
static size_t units(const vpf_model *m, size_t layer) { return vpf_model_layer_size(m, layer); }

/* ---- Handles that are made; a place that is taken is freed first ---- */

#define POISON(type) ((type *)(uintptr_t)0x51)

/* The address, since arguments are evaluated in any order. */
static vpf_status keep_data(world *w, vpf_status s, vpf_data *const *at) {
  vpf_data *made = *at;
  if (s) PROMISE(!made);
  else {
    const size_t place = below(w, PLACES);
    vpf_data_destroy(w->data[place]);
    w->data[place] = made;
  }
  return s;
}

static vpf_status keep_model(world *w, vpf_status s, vpf_model *const *at) {
  vpf_model *made = *at;
  if (s) PROMISE(!made);
  else {
    const size_t place = below(w, PLACES);
    fuzz_check_model(made);
    vpf_model_destroy(w->model[place]);
    w->model[place] = made;
    w->hash[place] = fuzz_model_hash(made);
  }
  return s;
}

/* ---- The calls ---- */

static vpf_status make_data(world *w) {
  vpf_data *out = POISON(vpf_data);
  const size_t rows = below(w, MOST_ROWS + 1), cols = below(w, 2 * MOST_UNITS);
  if (byte(w) & 1) {
    const float threshold = (float)number(w);
    const float *values = byte(w) & 1 ? floats(w, rows * cols) : probabilities(w, rows * cols);
    const vpf_status s = vpf_data_from_f32(&out, values, rows, cols, threshold);
    return keep_data(w, s, &out);
  }
  uint8_t *values = room(w, rows * cols, 1);
  for (size_t k = 0; k < rows * cols; k++) values[k] = byte(w);
  const vpf_status s = vpf_data_from_u8(&out, values, rows, cols, byte(w));
  return keep_data(w, s, &out);
}

static vpf_status copy_data(world *w) {
  vpf_data *out = POISON(vpf_data);
  const vpf_data *from = some_data(w);
  const size_t first = below(w, MOST_ROWS), count = below(w, MOST_ROWS + 1);
  vpf_status s;
  switch (byte(w) % 4) {
    case 0: s = vpf_data_slice(&out, from, first, count); break;
    case 1: s = vpf_data_columns(&out, from, first, count); break;
    case 2: s = vpf_data_bits_only(&out, from); break;
    default: {
      const uint8_t *region = mask(w, vpf_data_cols(from));
      s = vpf_data_corrupt(&out, from, region, (vpf_noise)below(w, 3), word(w));
    }
  }
  return keep_data(w, s, &out);
}

static vpf_status make_model(world *w) {
  vpf_model *out = POISON(vpf_model);
  size_t sizes[MOST_LAYERS + 1];
  uint8_t intra[MOST_LAYERS + 1];
  const size_t layers = below(w, MOST_LAYERS + 1);
  for (size_t l = 0; l <= MOST_LAYERS; l++) sizes[l] = below(w, MOST_UNITS + 1), intra[l] = byte(w) & 1;
  w->absurd = byte(w) == 255;
  if (w->absurd) sizes[0] = (size_t)word(w);
  vpf_status s = vpf_model_create(&out, sizes, layers, byte(w) & 1 ? intra : NULL, (vpf_coupling)below(w, 3));
  return keep_model(w, s, &out);
}

static vpf_status copy_model(world *w) {
  vpf_model *out = POISON(vpf_model);
  const vpf_model *from = some_model(w);
  vpf_status s;
  switch (byte(w) % 3) {
    case 0: s = vpf_model_clone(&out, from); break;
    case 1: s = vpf_model_pair(&out, from, below(w, MOST_LAYERS)); break;
    default:
      s = vpf_model_save(from, fuzz_path(0));
      if (s) return s;
      s = vpf_model_load(&out, fuzz_path(0));
      if (!s) PROMISE(fuzz_model_hash(out) == fuzz_model_hash(from));
  }
  return keep_model(w, s, &out);
}

static vpf_status set_parameters(world *w) {
  const size_t place = below(w, PLACES), layer = below(w, MOST_LAYERS);
  vpf_model *m = w->model[place];
  w->changed = (int)place;
  switch (byte(w) % 6) {
    case 0: return vpf_model_init(m, word(w));
    case 5: return vpf_model_init_biases(m, some_data(w));
    case 1: return vpf_model_set_params(m, floats(w, vpf_model_param_count(m)));
    case 2: return vpf_model_set_weights(m, layer, floats(w, units(m, layer) * units(m, layer + 1)));
    case 3: return vpf_model_set_bias(m, layer, (vpf_bias)below(w, 3), floats(w, units(m, layer)));
    default: {
      const size_t n = units(m, layer);
      float *u = floats(w, n * n);
      for (size_t i = 0; i < n && byte(w) % 8; i++) /* symmetric, mostly */
        for (size_t j = 0; j <= i; j++) u[j * n + i] = i == j ? 0 : u[i * n + j];
      return vpf_model_set_intra(m, layer, u);
    }
  }
}

static vpf_status make_optimizer(world *w) {
  vpf_optimizer *out = POISON(vpf_optimizer);
  const vpf_status s = vpf_optimizer_create(&out);
  if (s) {
    PROMISE(!out);
    return s;
  }
  const size_t place = below(w, PLACES);
  vpf_optimizer_destroy(w->optimizer[place]);
  w->optimizer[place] = out;
  return VPF_OK;
}

static vpf_status begin_recipe(world *w) {
  const size_t place = below(w, PLACES);
  w->changed = (int)place;
  return vpf_recipe_begin((vpf_recipe)below(w, 6), w->model[place], some_data(w), some_optimizer(w), below(w, 4));
}

static vpf_status take_average(world *w) {
  vpf_model *out = POISON(vpf_model);
  const vpf_status s = vpf_optimizer_average(some_optimizer(w), &out);
  return keep_model(w, s, &out);
}

/* Bounded so that a training takes milliseconds. */
static double modest(vpf_option option, double value) {
  switch (option) {
    case VPF_OPTION_ESTEP_SWEEPS:
    case VPF_OPTION_GIBBS_STEPS: return fmin(value, 3);
    case VPF_OPTION_ESTEP_SAMPLES: return fmin(value, 4);
    case VPF_OPTION_PARTICLES: return fmin(value, 20);
    case VPF_OPTION_THREADS: return fmin(value, 2);
    default: return value;
  }
}

static vpf_status set_option(world *w, vpf_optimizer *o) {
  if (byte(w) % 8 == 0) return vpf_optimizer_set_seed(o, word(w));
  vpf_option_info info = {.struct_size = sizeof info};
  const vpf_status s = vpf_option_describe(below(w, 32), &info);
  if (s) return s;
  const double share = byte(w) / 255.0;
  double value = byte(w) % 4 ? info.low + share * share * (info.high - info.low) : number(w);
  if (byte(w) % 2) value = floor(value);
  return vpf_optimizer_set(o, info.option, modest(info.option, value));
}

typedef struct visit {
  world *w;
  vpf_model *model;
  vpf_optimizer *optimizer;
  const vpf_data *data;
} visit;

static int progress(const vpf_progress *p, void *user) {
  visit *v = user;
  PROMISE(p->batch <= p->batches && p->flow >= 0 && p->layers == vpf_model_layers(v->model));
  switch (byte(v->w) % 8) {
    case 0: return 1;
    case 1: set_option(v->w, v->optimizer); break;
    case 2: PROMISE(vpf_train(v->model, v->data, v->optimizer, 1, NULL, NULL) == VPF_ERR_STATE); break;
    case 3: fuzz_check_model(v->model); break;
    default: break;
  }
  return 0;
}

static vpf_status train(world *w) {
  const size_t place = below(w, PLACES);
  visit v = {w, w->model[place], some_optimizer(w), some_data(w)};
  w->changed = (int)place;
  const vpf_status s = vpf_train(v.model, v.data, v.optimizer, below(w, 4), byte(w) & 1 ? progress : NULL, &v);
  if (s == VPF_ERR_DIVERGED) {
    PROMISE(vpf_optimizer_last_stop(v.optimizer) == VPF_STOP_DIVERGED);
    fuzz_check_model(v.model);
    w->hash[place] = fuzz_model_hash(v.model);
  }
  return s;
}

static vpf_status through_checkpoint(world *w) {
  vpf_model *model = POISON(vpf_model);
  vpf_optimizer *optimizer = POISON(vpf_optimizer);
  const vpf_model *from = some_model(w);
  vpf_status s = vpf_checkpoint_save(from, some_optimizer(w), fuzz_path(0));
  if (s) return s;
  s = vpf_checkpoint_load(&model, &optimizer, fuzz_path(0));
  if (s) {
    PROMISE(!model && !optimizer);
    return s;
  }
  PROMISE(fuzz_model_hash(model) == fuzz_model_hash(from));
  const size_t place = below(w, PLACES);
  vpf_optimizer_destroy(w->optimizer[place]);
  w->optimizer[place] = optimizer;
  return keep_model(w, VPF_OK, &model);
}

static vpf_status sample(world *w) {
  const vpf_model *m = some_model(w);
  const vpf_data *d = some_data(w);
  vpf_data *out = POISON(vpf_data);
  const size_t layers = vpf_model_layers(m), count = below(w, 9), steps = below(w, 4), layer = below(w, MOST_LAYERS + 1);
  const size_t rows = vpf_data_rows(d), top = layers ? units(m, layers - 1) : 0;
  const float *prior = byte(w) & 1 ? probabilities(w, top) : NULL;
  const uint64_t seed = word(w);
  size_t by_pair[MOST_LAYERS];
  for (size_t k = 0; k < MOST_LAYERS; k++) by_pair[k] = below(w, 4);
  float *images = room(w, count * units(m, 0), sizeof(float)), *features = room(w, rows * units(m, layer), sizeof(float));
  float *filled = room(w, rows * units(m, 0), sizeof(float));
  switch (byte(w) % 10) {
    case 0: return vpf_generate(m, count, steps, prior, seed, images);
    case 1: return vpf_generate_by_pair(m, count, by_pair, prior, seed, images);
    case 2: return keep_data(w, vpf_generate_states(m, count, steps, prior, seed, &out), &out);
    case 3: return keep_data(w, vpf_generate_states_by_pair(m, count, by_pair, prior, seed, &out), &out);
    case 4: return vpf_encode(m, d, layer, features);
    case 5: return vpf_mean_activations(m, d, layer, floats(w, units(m, layer)));
    case 6: return vpf_reconstruct(m, d, mask(w, units(m, 0)), steps, below(w, 4), seed, filled);
    case 7: return vpf_reconstruct_mean_field(m, d, mask(w, units(m, 0)), steps, filled);
    case 8: return keep_data(w, vpf_model_infer(m, d, seed, &out), &out);
    default: return keep_data(w, vpf_gibbs(m, d, mask(w, vpf_model_units(m)), steps, seed, &out), &out);
  }
}

static vpf_status mathematics(world *w) {
  const vpf_model *m = some_model(w);
  const vpf_data *d = some_data(w);
  vpf_data *out = POISON(vpf_data);
  const size_t rows = vpf_data_rows(d), draws = below(w, 4), thin = below(w, 3);
  double *numbers = room(w, rows, sizeof(double)), *trace = room(w, rows * draws, sizeof(double)), value;
  switch (byte(w) % 8) {
    case 0: return vpf_model_energy(m, d, numbers);
    case 1: return vpf_model_free_energy(m, d, numbers);
    case 2: return vpf_model_flow(m, d, &value);
    case 3: return vpf_model_flow_gradient(m, d, room(w, vpf_model_param_count(m), sizeof(float)));
    case 4: return keep_data(w, vpf_gibbs_trace(m, d, mask(w, vpf_model_units(m)), draws, thin, word(w), trace, &out), &out);
    case 5: return vpf_exact_log_partition(m, &value);
    case 6: return vpf_model_flow_rows(m, d, numbers);
    default: return keep_data(w, vpf_exact_sample(m, below(w, 9), word(w), &out), &out);
  }
}

static vpf_ais_settings settings_from(world *w) {
  vpf_ais_settings s = {.struct_size = sizeof s, .chains = below(w, 6), .betas = below(w, 9), .seed = word(w)};
  s.reverse_sweeps = 1 + below(w, 4);
  s.adaptive = byte(w) & 1;
  s.reverse = byte(w) & 1;
  if (byte(w) % 4 == 0) s.base = some_data(w);
  if (byte(w) % 4 == 0) s.reverse_from = some_data(w);
  if (byte(w) % 4 == 0) {
    double *beta = room(w, s.betas, sizeof *beta);
    for (size_t k = 0; k < s.betas; k++) beta[k] = byte(w) % 16 && s.betas > 1 ? (double)k / (double)(s.betas - 1) : number(w);
    s.temperatures = beta;
  }
  return s;
}

static vpf_status likelihoods(world *w) {
  const vpf_model *m = some_model(w);
  const vpf_data *d = some_data(w);
  const vpf_ais_settings settings = settings_from(w);
  vpf_ais_result result = {.struct_size = sizeof result};
  vpf_likelihood likelihood = {.struct_size = sizeof likelihood};
  double value, error;
  switch (byte(w) % 9) {
    case 0: return vpf_ais(m, &settings, &result);
    case 1: return vpf_ais_log_partition(m, below(w, 6), below(w, 9), word(w), &value, &error);
    case 2: return vpf_log_likelihood(m, d, number(w), &value);
    case 3: return vpf_pseudo_likelihood(m, d, &value);
    case 4: return vpf_log_likelihood_rows(m, d, number(w), room(w, vpf_data_rows(d), sizeof(double)));
    case 5: return vpf_pseudo_likelihood_rows(m, d, room(w, vpf_data_rows(d), sizeof(double)));
    case 6: return vpf_log_likelihood_bound(m, d, number(w), &value);
    case 7: return vpf_log_likelihood_bound_rows(m, d, number(w), room(w, vpf_data_rows(d), sizeof value));
    default: return vpf_estimate_likelihood(m, d, &settings, &likelihood);
  }
}

static vpf_status monitoring(world *w) {
  const size_t place = below(w, PLACES);
  vpf_monitor *monitor = w->monitor[place], *made = POISON(vpf_monitor);
  vpf_model *best = POISON(vpf_model);
  vpf_likelihood likelihood = {.struct_size = sizeof likelihood};
  size_t number_of = 0;
  int stop = 0;
  vpf_status s;
  switch (byte(w) % 4) {
    case 0: {
      const vpf_ais_settings settings = settings_from(w);
      s = vpf_monitor_create(&made, &settings, below(w, 3));
      if (s) {
        PROMISE(!made);
        return s;
      }
      vpf_monitor_destroy(monitor);
      w->monitor[place] = made;
      return s;
    }
    case 1: {
      const size_t before = vpf_monitor_checks(monitor);
      s = vpf_monitor_check(monitor, some_model(w), some_data(w), byte(w), &stop);
      PROMISE(vpf_monitor_checks(monitor) == before + (s == VPF_OK));
      return s;
    }
    case 2: return vpf_monitor_get(monitor, below(w, 4), &number_of, &likelihood);
    default: return keep_model(w, vpf_monitor_best(monitor, &number_of, &best), &best);
  }
}

static vpf_status keep_ladder(world *w, vpf_status s, vpf_ladder *const *at) {
  const size_t place = below(w, PLACES);
  vpf_ladder *made = *at;
  if (s) PROMISE(!made);
  else {
    vpf_ladder_destroy(w->ladder[place]);
    w->ladder[place] = made;
  }
  return s;
}

static vpf_status ladders(world *w) {
  vpf_ladder *ladder = w->ladder[below(w, PLACES)], *made = POISON(vpf_ladder);
  const vpf_model *m = some_model(w);
  vpf_ladder_report report = {.struct_size = sizeof report};
  vpf_ladder_rung_report rung = {.struct_size = sizeof rung};
  const size_t before = vpf_ladder_rungs(ladder);
  switch (byte(w) % 9) {
    case 8: return keep_ladder(w, vpf_ladder_of_optimizer(&made, some_optimizer(w)), &made);
    case 0:
    case 1: {
      const vpf_ladder_settings settings = {.struct_size = sizeof settings, .chains = 2 + below(w, 3), .reservoir = below(w, 9),
                                            .acceptance = number(w), .most_rungs = below(w, 6), .seed = word(w)};
      const vpf_data *base = byte(w) & 1 ? some_data(w) : NULL;
      return keep_ladder(w, vpf_ladder_create(&made, m, base, byte(w) & 1 ? &settings : NULL), &made);
    }
    case 2: {
      size_t added = 0;
      const vpf_status s = vpf_ladder_append(ladder, m, byte(w) & 1, &added);
      PROMISE(vpf_ladder_rungs(ladder) == before + added);
      return s;
    }
    case 3: return vpf_ladder_rung(ladder, below(w, 6), &rung);
    case 4: {
      vpf_model *out = POISON(vpf_model);
      return keep_model(w, vpf_ladder_model(ladder, below(w, 6), &out), &out);
    }
    case 5: {
      const vpf_status s = vpf_ladder_save(ladder, fuzz_path(0));
      return s ? s : keep_ladder(w, vpf_ladder_load(&made, fuzz_path(0)), &made);
    }
    default: {
      vpf_data *out = POISON(vpf_data);
      return keep_data(w, vpf_ladder_sample(ladder, byte(w) & 1 ? m : NULL, below(w, 5), below(w, 12), word(w), &out, &report), &out);
    }
  }
}

static vpf_status measures(world *w) {
  const vpf_model *m = some_model(w);
  const vpf_data *d = some_data(w), *e = some_data(w);
  const size_t rows = vpf_data_rows(d), cols = vpf_data_cols(d), n = below(w, 5), layer = below(w, MOST_LAYERS), bins = below(w, 9);
  const size_t visible = units(m, 0);
  vpf_parzen_report parzen = {.struct_size = sizeof parzen};
  vpf_activity activity = {.struct_size = sizeof activity};
  vpf_moment_comparison moments = {.struct_size = sizeof moments};
  vpf_chain_report chains = {.struct_size = sizeof chains};
  double value, error, sigmas[2] = {number(w), number(w)};
  switch (byte(w) % 9) {
    case 0: return vpf_parzen(floats(w, n * 3), n, floats(w, 6), 2, 3, sigmas[0], &value, &error);
    case 1: return vpf_parzen_select_sigma(floats(w, n * 3), n, floats(w, 6), 2, 3, sigmas, 2, &value);
    case 2: return vpf_parzen_generated(m, n, 2, NULL, word(w), below(w, 3), floats(w, 2 * visible), 2, sigmas[0], &parzen);
    case 3: return vpf_weight_metrics(m, layer, &value, &error);
    case 4: return vpf_activation_histogram(m, d, layer, bins, room(w, bins, sizeof(size_t)));
    case 5: return vpf_layer_activity(m, d, layer, &activity);
    case 6: return vpf_moments(d, room(w, cols, sizeof(double)), room(w, cols * cols, sizeof(double)));
    case 7: return byte(w) & 1 ? vpf_compare_moments(d, e, &moments)
                               : vpf_reconstruction_error(d, probabilities(w, rows * cols), mask(w, cols), &value, &error);
    default: {
      const size_t draws = below(w, 8);
      double *values = room(w, n * draws, sizeof *values);
      for (size_t k = 0; k < n * draws; k++) values[k] = number(w);
      return vpf_chain_diagnostics(values, n, draws, &chains);
    }
  }
}

static vpf_status flips(world *w) {
  enum { MOST = 20 };
  const vpf_model *m = some_model(w);
  vpf_flip *record = room(w, MOST, sizeof *record);
  uint8_t *start = room(w, vpf_model_units(m), 1);
  size_t count = 0;
  const double duration = number(w);
  for (size_t k = 0; k < vpf_model_units(m); k++) start[k] = byte(w) & 1;
  const vpf_status s = vpf_simulate_flips(m, start, duration, 1 + below(w, MOST), word(w), record, &count);
  if (s) return s;
  PROMISE(count <= MOST);
  return vpf_stdp_changes(record, count, byte(w) & 1, below(w, 8), below(w, 8), room(w, MOST, sizeof(double)));
}

static vpf_status destroy(world *w) {
  const size_t place = below(w, PLACES);
  switch (byte(w) % 5) {
    case 0: vpf_data_destroy(w->data[place]), w->data[place] = NULL; break;
    case 1: vpf_model_destroy(w->model[place]), w->model[place] = NULL; break;
    case 2: vpf_optimizer_destroy(w->optimizer[place]), w->optimizer[place] = NULL; break;
    case 3: vpf_ladder_destroy(w->ladder[place]), w->ladder[place] = NULL; break;
    default: vpf_monitor_destroy(w->monitor[place]), w->monitor[place] = NULL;
  }
  return VPF_OK;
}

static vpf_status call(world *w) {
  switch (byte(w) % 23) {
    case 0:
    case 1: return make_data(w);
    case 2: return copy_data(w);
    case 3:
    case 4: return make_model(w);
    case 5: return copy_model(w);
    case 6:
    case 7: return set_parameters(w);
    case 8: return make_optimizer(w);
    case 9: return set_option(w, some_optimizer(w));
    case 10:
    case 11: return train(w);
    case 12: return through_checkpoint(w);
    case 13: return sample(w);
    case 14: return mathematics(w);
    case 15: return likelihoods(w);
    case 16: return monitoring(w);
    case 17: return measures(w);
    case 18: return flips(w);
    case 19: return begin_recipe(w);
    case 20: return take_average(w);
    case 21: return ladders(w);
    default: return destroy(w);
  }
}

static void leave_rooms(world *w) {
  while (w->n_rooms > 0) free(w->rooms[--w->n_rooms]);
}

/* A model is as it was, unless the call may change it and succeeded. */
static void check_models(world *w, vpf_status s) {
  for (int k = 0; k < PLACES; k++) {
    if (!w->model[k]) continue;
    const uint64_t hash = fuzz_model_hash(w->model[k]);
    if (s == VPF_OK && w->changed == k) {
      fuzz_check_model(w->model[k]);
      w->hash[k] = hash;
    }
    PROMISE(hash == w->hash[k]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  world w = {.bytes = bytes, .size = size};
  const uint64_t fail_at = byte(&w) | (uint64_t)(byte(&w) & 3) << 8;
  fuzz_memory_begin(fail_at, byte(&w) & 1);
  for (int k = 0; k < MOST_CALLS && w.at < w.size; k++) {
    const size_t begin = w.at;
    w.changed = -1, w.absurd = 0;
    vpf_status s = call(&w);
    leave_rooms(&w);
    if (s) fuzz_check_failure(s);
    check_models(&w, s);
    if (s != VPF_ERR_MEMORY) continue;
    /* Again, with memory: the same bytes are the same call. */
    fuzz_memory_succeed();
    w.at = begin;
    w.changed = -1;
    s = call(&w);
    leave_rooms(&w);
    PROMISE(s != VPF_ERR_MEMORY || w.absurd);
    if (s) fuzz_check_failure(s);
    check_models(&w, s);
  }
  for (int k = 0; k < PLACES; k++) {
    vpf_data_destroy(w.data[k]);
    vpf_model_destroy(w.model[k]);
    vpf_optimizer_destroy(w.optimizer[k]);
    vpf_monitor_destroy(w.monitor[k]);
    vpf_ladder_destroy(w.ladder[k]);
  }
  PROMISE(fuzz_memory_live() == 0);
  return 0;
}
