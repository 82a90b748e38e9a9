/* SPDX-License-Identifier: MIT */
#include "store/checkpoint_file.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/method.h"
#include "store/model_file.h"

/* The whole numbers of a learner. New ones are added at the end. */
enum {
  AT_SEED, AT_LAST_STOP, AT_BOUND, AT_EPOCHS, AT_INSIDE, AT_CURSOR, AT_EPOCH_SEED, AT_EPOCH_SHUFFLE,
  AT_DATA,                      /* 4: rows, columns, first row, checksum */
  AT_PLAN = AT_DATA + 4,        /* 6: gibbs, sweeps, order, random start, samples, period */
  AT_BATCHES = AT_PLAN + 6,
  AT_HAS_SAMPLE,
  AT_SAMPLE_EPOCH,
  AT_SAMPLE_DATA,               /* 4 */
  AT_SAMPLE_PLAN = AT_SAMPLE_DATA + 4, /* 6 */
  N_STATE_FIRST = AT_SAMPLE_PLAN + 6,  /* how many the first files had; the rest are then 0 */
  AT_METHOD = N_STATE_FIRST,
  AT_KEPT,                      /* numbers of what methods keep, method after method */
  MOST_STATE = AT_KEPT + 64
};

/* How many numbers are used. */
static size_t count_state(void) {
  size_t count = AT_KEPT;
  for (size_t k = 0; k < VPFI_N_METHODS; k++)
    if (vpfi_method_at(k)->keeper) count += vpfi_method_at(k)->keeper->n_numbers;
  assert(count <= MOST_STATE);
  return count;
}

static void pack_data_id(uint64_t *to, const vpfi_data_id *id) {
  to[0] = id->rows, to[1] = id->cols, to[2] = id->first_row, to[3] = id->checksum;
}

static vpfi_data_id unpack_data_id(const uint64_t *from) {
  return (vpfi_data_id){from[0], from[1], from[2], from[3]};
}

static void pack_plan(uint64_t *to, const vpfi_estep_plan *plan) {
  to[0] = plan->estep.gibbs, to[1] = plan->estep.sweeps, to[2] = (uint64_t)plan->estep.order;
  to[3] = plan->estep.random_start, to[4] = plan->samples, to[5] = plan->period;
}

static bool unpack_plan(const uint64_t *from, vpfi_estep_plan *plan) {
  static const int option[6] = {VPFI_AT_ESTEP,       VPFI_AT_ESTEP_SWEEPS,  VPFI_AT_ESTEP_ORDER,
                                VPFI_AT_ESTEP_START, VPFI_AT_ESTEP_SAMPLES, VPFI_AT_ESTEP_PERIOD};
  for (int k = 0; k < 6; k++)
    if ((double)from[k] < vpfi_option_table[option[k]].low || (double)from[k] > vpfi_option_table[option[k]].high)
      return false;
  *plan = (vpfi_estep_plan){.estep = {.gibbs = from[0] > 0,
                                      .sweeps = (size_t)from[1],
                                      .order = (vpfi_order)from[2],
                                      .random_start = from[3] > 0},
                            .samples = (size_t)from[4],
                            .period = from[5]};
  return true;
}

static void pack_state(uint64_t state[MOST_STATE], const vpfi_learner *learner) {
  memset(state, 0, MOST_STATE * sizeof *state);
  state[AT_SEED] = learner->seed;
  state[AT_LAST_STOP] = (uint64_t)learner->last_stop;
  state[AT_BOUND] = learner->bound;
  state[AT_EPOCHS] = learner->epochs;
  state[AT_INSIDE] = learner->inside;
  state[AT_CURSOR] = learner->cursor;
  state[AT_EPOCH_SEED] = learner->epoch_seed;
  state[AT_EPOCH_SHUFFLE] = learner->epoch_shuffle;
  pack_data_id(state + AT_DATA, &learner->data);
  pack_plan(state + AT_PLAN, &learner->plan);
  state[AT_BATCHES] = learner->sums.batches;
  state[AT_HAS_SAMPLE] = learner->has_sample;
  state[AT_SAMPLE_EPOCH] = learner->sample_epoch;
  pack_data_id(state + AT_SAMPLE_DATA, &learner->sample_data);
  pack_plan(state + AT_SAMPLE_PLAN, &learner->sample_plan);
  state[AT_METHOD] = (uint64_t)learner->method;
  uint64_t *numbers = state + AT_KEPT;
  for (size_t k = 0; k < VPFI_N_METHODS; k++) {
    const vpfi_keeper *keeper = vpfi_method_at(k)->keeper;
    if (!keeper) continue;
    if (learner->kept[k]) keeper->pack(learner->kept[k], numbers);
    numbers += keeper->n_numbers;
  }
}

/* Restore what methods keep, without memory for the tensors. VPF_ERR_FORMAT, VPF_ERR_MEMORY. */
static vpf_status unpack_kept(const uint64_t state[MOST_STATE], vpfi_learner *learner) {
  const uint64_t *numbers = state + AT_KEPT;
  vpf_status status = VPF_OK;
  for (size_t k = 0; !status && k < VPFI_N_METHODS; k++) {
    const vpfi_keeper *keeper = vpfi_method_at(k)->keeper;
    if (!keeper) continue;
    status = keeper->unpack(numbers, &learner->kept[k]);
    numbers += keeper->n_numbers;
  }
  return status;
}

static bool keeps_nothing(const vpfi_learner *learner) {
  for (size_t k = 0; k < VPFI_N_METHODS; k++)
    if (learner->kept[k]) return false;
  return true;
}

/* False if some number is impossible; the file is then refused. */
static bool unpack_state(const uint64_t state[MOST_STATE], vpfi_learner *learner) {
  const uint64_t most = (uint64_t)1 << 47; /* rows, epochs */
  if (state[AT_LAST_STOP] > VPF_STOP_CONVERGED || state[AT_METHOD] >= VPFI_N_METHODS) return false;
  learner->method = (vpf_method)state[AT_METHOD];
  learner->seed = state[AT_SEED];
  learner->last_stop = (vpf_stop)state[AT_LAST_STOP];
  learner->epochs = state[AT_EPOCHS];
  learner->inside = state[AT_INSIDE] > 0;
  learner->cursor = (size_t)state[AT_CURSOR];
  learner->epoch_seed = state[AT_EPOCH_SEED];
  learner->epoch_shuffle = state[AT_EPOCH_SHUFFLE] > 0;
  learner->data = unpack_data_id(state + AT_DATA);
  learner->sums.batches = state[AT_BATCHES];
  learner->has_sample = state[AT_HAS_SAMPLE] > 0;
  learner->sample_epoch = state[AT_SAMPLE_EPOCH];
  learner->sample_data = unpack_data_id(state + AT_SAMPLE_DATA);
  const int flags[] = {AT_BOUND, AT_INSIDE, AT_EPOCH_SHUFFLE, AT_HAS_SAMPLE};
  for (size_t k = 0; k < sizeof flags / sizeof *flags; k++)
    if (state[flags[k]] > 1) return false;
  const bool fresh = !state[AT_BOUND];
  if (fresh) return !learner->inside && !learner->has_sample && learner->epochs == 0 && keeps_nothing(learner);
  return learner->epochs < most && learner->data.rows < most &&
         learner->data.first_row < most && learner->cursor <= learner->data.rows &&
         learner->sums.batches <= learner->cursor && learner->sample_epoch <= learner->epochs &&
         learner->sample_data.rows < most && unpack_plan(state + AT_PLAN, &learner->plan) &&
         (!learner->has_sample || unpack_plan(state + AT_SAMPLE_PLAN, &learner->sample_plan)) &&
         (!learner->inside || learner->plan.period == 0 ||
          (learner->has_sample && vpfi_data_id_equal(&learner->data, &learner->sample_data) &&
           learner->plan.samples == learner->sample_plan.samples &&
           learner->plan.estep.order == learner->sample_plan.estep.order)) &&
         (!learner->inside || vpfi_method_at(learner->method)->can_resume(learner));
}

/* ---- The list of tensors, the same for writing and for reading ---- */

/* What the file has as arrays but a learner does not. */
typedef struct flat_learner {
  uint64_t keys[VPFI_N_OPTIONS];
  uint64_t state[MOST_STATE];
  double powers[2], sum_rows[1];
  double gradient_squares[1];
  uint64_t offset_steps[1], average_steps[1]; /* where there are any, tensors of their own */
} flat_learner;

static const char OFFSET_STEPS[] = "optimizer.offset_steps", AVERAGE_STEPS[] = "optimizer.average_steps",
                  GRADIENT_SQUARES[] = "optimizer.gradient_squares";

/* A tensor that is only written. */
static vpfi_tensor given(const char *name, vpfi_dtype dtype, size_t count, const void *data) {
  vpfi_tensor tensor = {.dtype = dtype, .rank = 1, .rows = 1, .cols = count, .stride = count, .data = data};
  snprintf(tensor.name, sizeof tensor.name, "%s", name);
  return tensor;
}

static vpfi_tensor vector(const char *name, vpfi_dtype dtype, size_t count, void *data) {
  vpfi_tensor tensor = given(name, dtype, count, data);
  tensor.into = data;
  return tensor;
}

static vpfi_tensor matrix(vpfi_dtype dtype, size_t rows, size_t cols, size_t stride, void *data) {
  return (vpfi_tensor){
      .dtype = dtype, .rank = 2, .rows = rows, .cols = cols, .stride = stride, .data = data, .into = data};
}

static size_t most_tensors(const vpfi_shape *shape, const vpfi_learner *learner) {
  size_t more = 0;
  for (size_t k = 0; k < VPFI_N_METHODS; k++)
    if (learner->kept[k] && vpfi_method_at(k)->keeper->more_tensors)
      more += vpfi_method_at(k)->keeper->more_tensors(learner->kept[k]);
  return 11 + 4 * (shape->n_joins + shape->n_layers + shape->n_roles) + shape->n_roles +
         shape->n_planes[VPFI_ORDER_APART] + VPFI_N_METHODS * vpfi_most_kept_tensors(shape) + more;
}

static size_t list_always(vpfi_tensor *list, const vpfi_learner *learner, const flat_learner *flat) {
  size_t n = 0;
  list[n++] = given("optimizer.option_keys", VPFI_DTYPE_U64, VPFI_N_OPTIONS, flat->keys);
  list[n++] = given("optimizer.options", VPFI_DTYPE_F64, VPFI_N_OPTIONS, learner->option);
  list[n++] = given("optimizer.state", VPFI_DTYPE_U64, count_state(), flat->state);
  return n;
}

/* A vector for each role. */
static size_t list_roles(vpfi_tensor *list, const vpfi_shape *shape, float *const *vectors, const char *what,
                         const char *of) {
  for (size_t r = 0; r < shape->n_roles; r++) {
    const vpfi_layer *layer = &shape->layer[shape->role[r].layer];
    const char *role = layer->up == layer->down ? "" : r == layer->up ? ".up" : ".down";
    char name[64];
    snprintf(name, sizeof name, "optimizer.%s%s.%zu%s", what, of, shape->role[r].layer, role);
    list[r] = vector(name, VPFI_DTYPE_F32, layer->size, vectors[r]);
  }
  return shape->n_roles;
}

/* The matrices and biases of the optimizer: of moments, or of the average. */
static size_t list_params(vpfi_tensor *list, const vpfi_shape *shape, const vpfi_params *params, const char *what) {
  size_t n = 0;
  for (size_t i = 0; i < shape->n_joins; i++, n++) {
    list[n] = matrix(VPFI_DTYPE_F32, shape->layer[i].size, shape->layer[i + 1].size, shape->layer[i + 1].width,
                     params->weights[i]);
    snprintf(list[n].name, sizeof list[n].name, "optimizer.%s.weight.%zu", what, i);
  }
  for (size_t i = 0; i < shape->n_layers; i++) {
    if (!shape->layer[i].intra) continue;
    list[n] = matrix(VPFI_DTYPE_F32, shape->layer[i].size, shape->layer[i].size, shape->layer[i].width,
                     params->intra[i]);
    snprintf(list[n].name, sizeof list[n].name, "optimizer.%s.intra.%zu", what, i);
    n++;
  }
  return n + list_roles(list + n, shape, params->bias, what, ".bias");
}

/* The bits of the hidden sample and of what methods keep; only names and sizes where there is no memory yet. */
static size_t list_bits(vpfi_tensor *list, const vpfi_learner *learner) {
  const vpfi_shape *shape = &learner->shape;
  size_t n = 0;
  if (learner->has_sample) /* without the visible plane */
    n += vpfi_list_planes(list, "sample", &learner->sample, shape, learner->sample_plan.estep.order, 1);
  for (size_t k = 0; k < VPFI_N_METHODS; k++)
    if (learner->kept[k]) n += vpfi_method_at(k)->keeper->list(learner->kept[k], shape, list + n);
  return n;
}

/* The tensors that exist once the learner is bound. */
static size_t list_bound(vpfi_tensor *list, const vpfi_learner *learner, flat_learner *flat) {
  const vpfi_shape *shape = &learner->shape;
  size_t n = 0;
  list[n++] = vector("optimizer.powers", VPFI_DTYPE_F64, 2, flat->powers);
  list[n++] = vector("optimizer.sum_rows", VPFI_DTYPE_F64, 1, flat->sum_rows);
  list[n++] = vector("optimizer.sum_flow", VPFI_DTYPE_F64, shape->n_roles, learner->sums.flow);
  list[n++] = vector("optimizer.sum_on", VPFI_DTYPE_F64, shape->n_layers, learner->sums.on);
  n += list_params(list + n, shape, &learner->moment1, "moment1");
  n += list_params(list + n, shape, &learner->moment2, "moment2");
  if (flat->offset_steps[0] > 0) {
    list[n++] = vector(OFFSET_STEPS, VPFI_DTYPE_U64, 1, flat->offset_steps);
    n += list_roles(list + n, shape, learner->offset, "offset", "");
  }
  if (flat->average_steps[0] > 0) {
    list[n++] = vector(AVERAGE_STEPS, VPFI_DTYPE_U64, 1, flat->average_steps);
    n += list_params(list + n, shape, &learner->average, "average");
  }
  if (vpfi_learner_sums_gradients(learner)) {
    list[n++] = vector(GRADIENT_SQUARES, VPFI_DTYPE_F64, 1, flat->gradient_squares);
    n += list_params(list + n, shape, &learner->gradient, "gradient");
  }
  return n + list_bits(list + n, learner);
}

vpf_status vpfi_checkpoint_write(const char *path, const vpfi_shape *shape, const vpfi_params *params,
                                 const vpfi_learner *learner) {
  flat_learner flat = {.powers = {learner->beta1_power, learner->beta2_power},
                       .sum_rows = {learner->sums.rows},
                       .gradient_squares = {learner->gradient_squares},
                       .offset_steps = {learner->offset_steps},
                       .average_steps = {learner->average_steps}};
  for (int k = 0; k < VPFI_N_OPTIONS; k++) flat.keys[k] = (uint64_t)vpfi_option_table[k].key;
  pack_state(flat.state, learner);
  vpfi_model_parts parts;
  vpf_status status = vpfi_model_parts_init(&parts, shape, params, "checkpoint", most_tensors(shape, learner));
  if (status) return status;
  parts.n_tensors += list_always(parts.tensors + parts.n_tensors, learner, &flat);
  if (learner->bound) parts.n_tensors += list_bound(parts.tensors + parts.n_tensors, learner, &flat);
  status = vpfi_safetensors_write(path, parts.metadata, parts.n_metadata, parts.tensors, parts.n_tensors);
  vpfi_model_parts_clear(&parts);
  return status;
}

/* ---- Reading ---- */

static vpf_status read_tensors(const vpfi_safetensors *file, const vpfi_tensor *list, size_t count) {
  vpf_status status = VPF_OK;
  for (size_t k = 0; !status && k < count; k++)
    status = vpfi_safetensors_read(file, list[k].name, list[k].dtype, list[k].rank, list[k].rows, list[k].cols,
                                   list[k].stride, list[k].into);
  return status;
}

enum { MOST_OPTIONS = 256 };

/* Options by key: one that this library does not know is refused, and one that the file does not
 * have keeps its default. */
static vpf_status read_options(const vpfi_safetensors *file, vpfi_learner *learner) {
  size_t rows, count, values;
  vpf_status status = vpfi_safetensors_shape(file, "optimizer.option_keys", VPFI_DTYPE_U64, 1, &rows, &count);
  if (!status) status = vpfi_safetensors_shape(file, "optimizer.options", VPFI_DTYPE_F64, 1, &rows, &values);
  if (status) return status;
  if (count != values || count > MOST_OPTIONS)
    return vpfi_safetensors_refuse(file, "%zu option keys with %zu values", count, values);
  uint64_t keys[MOST_OPTIONS];
  double value[MOST_OPTIONS];
  status = vpfi_safetensors_read(file, "optimizer.option_keys", VPFI_DTYPE_U64, 1, 1, count, count, keys);
  if (!status) status = vpfi_safetensors_read(file, "optimizer.options", VPFI_DTYPE_F64, 1, 1, count, count, value);
  for (size_t k = 0; !status && k < count; k++) {
    const int position = keys[k] <= INT32_MAX ? vpfi_option_find((vpf_option)keys[k]) : -1;
    if (position < 0)
      return vpfi_safetensors_refuse(file, "unknown option %llu; a newer libvpf may be needed",
                                     (unsigned long long)keys[k]);
    if (vpfi_option_check(position, value[k]))
      return vpfi_safetensors_refuse(file, "option %s has the value %s", vpfi_option_table[position].name,
                                     vpfi_number_of(value[k]).text);
    learner->option[position] = value[k];
  }
  return status;
}

static bool finite_sums(const vpfi_learner *learner) {
  bool fine = isfinite(learner->sums.rows) && learner->sums.rows >= 0;
  for (size_t r = 0; r < learner->shape.n_roles; r++) fine = fine && isfinite(learner->sums.flow[r]);
  for (size_t l = 0; l < learner->shape.n_layers; l++) fine = fine && isfinite(learner->sums.on[l]);
  return fine;
}

static bool moments_are_sound(const vpfi_learner *learner) {
  const vpfi_shape *shape = &learner->shape;
  if (!isfinite(vpfi_params_peak(&learner->moment1, shape)) || !isfinite(vpfi_params_peak(&learner->moment2, shape)) ||
      vpfi_params_least(&learner->moment2, shape) < 0)
    return false;
  for (size_t l = 0; l < shape->n_layers; l++) /* or U would lose its symmetry at the next step */
    if (shape->layer[l].intra && (!vpfi_params_intra_is_symmetric(&learner->moment1, shape, l) ||
                                  !vpfi_params_intra_is_symmetric(&learner->moment2, shape, l)))
      return false;
  return true;
}

/* Allocate the bits once the file is known to hold as many, so that its own size bounds what is allocated. */
static vpf_status alloc_bits(const vpfi_safetensors *file, vpfi_learner *learner, vpfi_tensor *list) {
  const vpfi_data_id *data = &learner->sample_data;
  const vpfi_estep_plan *plan = &learner->sample_plan;
  learner->sample.rows = 0;
  if (learner->has_sample && !vpfi_size_mul((size_t)data->rows, plan->samples, &learner->sample.rows))
    return vpfi_safetensors_refuse(file, "%zu hidden samples of each of %llu rows are too many", plan->samples,
                                   (unsigned long long)data->rows);
  const size_t count = list_bits(list, learner);
  vpf_status status = VPF_OK;
  for (size_t k = 0; !status && k < count; k++) {
    size_t rows, cols;
    status = vpfi_safetensors_shape(file, list[k].name, list[k].dtype, list[k].rank, &rows, &cols);
    if (!status && (rows != list[k].rows || cols != list[k].cols))
      return vpfi_safetensors_refuse(file, "tensor \"%s\" is %zu x %zu, where %zu x %zu is expected", list[k].name, rows,
                                     cols, list[k].rows, list[k].cols);
  }
  if (!status && learner->has_sample)
    status = vpfi_sample_init(&learner->sample, &learner->shape, plan, (size_t)data->rows);
  for (size_t k = 0; !status && k < VPFI_N_METHODS; k++)
    if (learner->kept[k]) status = vpfi_method_at(k)->keeper->allocate(learner->kept[k], &learner->shape);
  return status;
}

static vpf_status check_bits(const vpfi_safetensors *file, const vpfi_learner *learner) {
  const vpfi_shape *shape = &learner->shape;
  if (learner->has_sample && !vpfi_states_are_clean(&learner->sample, shape))
    return vpfi_safetensors_refuse(file, "the hidden sample has units beyond the end of a layer");
  for (size_t k = 0; k < VPFI_N_METHODS; k++)
    if (learner->kept[k] && !vpfi_method_at(k)->keeper->is_clean(learner->kept[k], shape))
      return vpfi_safetensors_refuse(file, "the %s have units beyond the end of a layer",
                                     vpfi_method_at(k)->keeper->name);
  return VPF_OK;
}

/* How often something was done that a file without the tensor knows nothing of. */
static vpf_status read_steps(const vpfi_safetensors *file, const char *name, uint64_t *steps) {
  *steps = 0;
  if (!vpfi_safetensors_has(file, name)) return VPF_OK;
  const vpf_status status = vpfi_safetensors_read(file, name, VPFI_DTYPE_U64, 1, 1, 1, 1, steps);
  if (!status && *steps == 0) return vpfi_safetensors_refuse(file, "%s is 0", name);
  return status;
}

static vpf_status read_extras(const vpfi_safetensors *file, vpfi_learner *learner, flat_learner *flat) {
  vpf_status status = read_steps(file, OFFSET_STEPS, flat->offset_steps);
  if (!status) status = read_steps(file, AVERAGE_STEPS, flat->average_steps);
  if (!status && flat->average_steps[0] > 0) status = vpfi_params_init_moments(&learner->average, &learner->shape);
  if (!status && vpfi_safetensors_has(file, GRADIENT_SQUARES))
    status = vpfi_params_init_moments(&learner->gradient, &learner->shape);
  learner->offset_steps = flat->offset_steps[0];
  learner->average_steps = flat->average_steps[0];
  return status;
}

static bool offsets_are_means(const vpfi_learner *learner) {
  for (size_t r = 0; r < learner->shape.n_roles; r++)
    for (size_t j = 0; j < learner->shape.layer[learner->shape.role[r].layer].size; j++)
      if (!(learner->offset[r][j] >= 0 && learner->offset[r][j] <= 1)) return false;
  return true;
}

static bool gradients_are_sound(const vpfi_learner *learner) {
  return !vpfi_learner_sums_gradients(learner) ||
         (isfinite(vpfi_params_peak(&learner->gradient, &learner->shape)) && isfinite(learner->gradient_squares) &&
          learner->gradient_squares >= 0);
}

static bool average_is_sound(const vpfi_learner *learner) {
  const vpfi_shape *shape = &learner->shape;
  if (!vpfi_learner_averages(learner)) return true;
  for (size_t l = 0; l < shape->n_layers; l++)
    if (shape->layer[l].intra && !vpfi_params_intra_is_symmetric(&learner->average, shape, l)) return false;
  return isfinite(vpfi_params_peak(&learner->average, shape));
}

static vpf_status read_bound(const vpfi_safetensors *file, vpfi_learner *learner, flat_learner *flat,
                             vpfi_tensor *list, size_t *tensors) {
  vpf_status status = read_extras(file, learner, flat);
  if (!status) status = alloc_bits(file, learner, list);
  if (status) return status;
  const size_t count = list_bound(list, learner, flat);
  *tensors += count;
  status = read_tensors(file, list, count);
  if (status) return status;
  learner->beta1_power = flat->powers[0];
  learner->beta2_power = flat->powers[1];
  learner->sums.rows = flat->sum_rows[0];
  if (vpfi_learner_sums_gradients(learner)) learner->gradient_squares = flat->gradient_squares[0];
  for (int k = 0; k < 2; k++)
    if (!(flat->powers[k] >= 0 && flat->powers[k] <= 1))
      return vpfi_safetensors_refuse(file, "optimizer.powers[%d] is %s, outside [0, 1]", k,
                                     vpfi_number_of(flat->powers[k]).text);
  if (!finite_sums(learner)) return vpfi_safetensors_refuse(file, "the sums of the epoch are not finite");
  if (!moments_are_sound(learner))
    return vpfi_safetensors_refuse(file, "the moments are not finite, not symmetric or negative");
  if (!offsets_are_means(learner)) return vpfi_safetensors_refuse(file, "an offset is outside [0, 1]");
  if (!gradients_are_sound(learner)) return vpfi_safetensors_refuse(file, "the sums of gradients are not finite");
  if (!average_is_sound(learner)) return vpfi_safetensors_refuse(file, "the average is not finite or not symmetric");
  return check_bits(file, learner);
}

/* Numbers that the file does not have yet are 0. */
static vpf_status read_state(const vpfi_safetensors *file, uint64_t state[MOST_STATE]) {
  size_t rows, count;
  const size_t most = count_state();
  memset(state, 0, MOST_STATE * sizeof *state);
  const vpf_status status = vpfi_safetensors_shape(file, "optimizer.state", VPFI_DTYPE_U64, 1, &rows, &count);
  if (status) return status;
  if (count < N_STATE_FIRST || count > most)
    return vpfi_safetensors_refuse(file, "optimizer.state has %zu numbers; %d to %zu are known", count, N_STATE_FIRST,
                                   most);
  return vpfi_safetensors_read(file, "optimizer.state", VPFI_DTYPE_U64, 1, 1, count, count, state);
}

static vpf_status read_learner(const vpfi_safetensors *file, const vpfi_shape *shape, size_t model_tensors,
                               vpfi_learner *learner) {
  flat_learner flat;
  vpf_status status = read_options(file, learner);
  if (!status) status = read_state(file, flat.state);
  if (status) return status;
  if (flat.state[AT_BOUND]) status = vpfi_learner_bind(learner, shape);
  if (status) return status;
  status = unpack_kept(flat.state, learner);
  if (status == VPF_ERR_MEMORY) return status;
  if (status || !unpack_state(flat.state, learner))
    return vpfi_safetensors_refuse(file, "optimizer.state contradicts itself");
  size_t tensors = model_tensors + 3;
  if (learner->bound) {
    vpfi_tensor *list = vpfi_alloc(most_tensors(shape, learner), sizeof *list);
    status = list ? read_bound(file, learner, &flat, list, &tensors) : VPF_ERR_MEMORY;
    vpfi_free(list);
  }
  if (!status && tensors != vpfi_safetensors_count(file))
    return vpfi_safetensors_refuse(file, "%zu tensors, where %zu are expected", vpfi_safetensors_count(file), tensors);
  return status;
}

vpf_status vpfi_checkpoint_read(const char *path, vpfi_shape *shape, vpfi_params *params, vpfi_learner *learner) {
  *shape = (vpfi_shape){0};
  *params = (vpfi_params){0};
  vpfi_learner_init(learner);
  vpfi_safetensors *file = NULL;
  vpf_status status = vpfi_safetensors_open(&file, path);
  size_t tensors = 0;
  if (!status) status = vpfi_model_parts_read(file, "checkpoint", shape, params, &tensors);
  if (!status) status = read_learner(file, shape, tensors, learner);
  vpfi_safetensors_close(file);
  if (!status) return VPF_OK;
  vpfi_learner_clear(learner);
  vpfi_params_clear(params, shape);
  vpfi_shape_clear(shape);
  return status;
}
