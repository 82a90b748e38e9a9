/* SPDX-License-Identifier: MIT */
#include "store/model_file.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#define FORMAT_VERSION "1"

enum {
  N_METADATA = VPFI_SAFETENSORS_KEYS - 1, /* without the checksum, which the container adds */
  SIZE_TEXT = 21  /* bytes for the longest size_t in decimal, with a comma or a NUL */
};

static bool is_model_key(const char *key) {
  for (size_t k = 0; k < VPFI_SAFETENSORS_KEYS; k++)
    if (strcmp(key, vpfi_safetensors_keys[k]) == 0) return true;
  return false;
}

static const char *coupling_name(vpf_coupling coupling) {
  return coupling == VPF_COUPLING_JOINT ? "joint" : "pairwise";
}

/* One tensor of a machine of a given shape. Writing and reading walk over the same list. */
typedef struct slot {
  vpfi_block_kind kind;
  size_t index; /* role of a bias, lower layer of weights, layer of intra-layer weights */
  char name[64];
  size_t rank, rows, cols;
  size_t stride; /* of the matrix in vpfi_params */
} slot;

typedef struct slots {
  slot *list;
  size_t count;
} slots;

static void add_slot(slots *to, slot s, const char *what, size_t number, const char *suffix) {
  slot *added = &to->list[to->count++];
  *added = s;
  snprintf(added->name, sizeof added->name, "%s.%zu%s", what, number, suffix);
}

static void add_bias_slots(slots *to, const vpfi_shape *shape, size_t layer) {
  const vpfi_layer *l = &shape->layer[layer];
  slot bias = {VPFI_BLOCK_BIAS, l->up, .rank = 1, .rows = 1, .cols = l->size, .stride = l->width};
  if (l->up == l->down) {
    add_slot(to, bias, "bias", layer, "");
  } else {
    add_slot(to, bias, "bias", layer, ".up");
    bias.index = l->down;
    add_slot(to, bias, "bias", layer, ".down");
  }
}

static vpf_status list_slots(slots *out, const vpfi_shape *shape) {
  *out = (slots){vpfi_alloc(shape->n_joins + 3 * shape->n_layers, sizeof(slot)), 0};
  if (!out->list) return VPF_ERR_MEMORY;
  for (size_t i = 0; i < shape->n_joins; i++) {
    const vpfi_layer *lower = &shape->layer[i], *upper = &shape->layer[i + 1];
    const slot weights = {
        VPFI_BLOCK_WEIGHTS, i, .rank = 2, .rows = lower->size, .cols = upper->size, .stride = upper->width};
    add_slot(out, weights, "weight", i, "");
  }
  for (size_t i = 0; i < shape->n_layers; i++) {
    const vpfi_layer *l = &shape->layer[i];
    const slot intra = {VPFI_BLOCK_INTRA, i, .rank = 2, .rows = l->size, .cols = l->size, .stride = l->width};
    if (l->intra) add_slot(out, intra, "intra", i, "");
  }
  for (size_t i = 0; i < shape->n_layers; i++) add_bias_slots(out, shape, i);
  return VPF_OK;
}

static const float *slot_data(const slot *s, const vpfi_params *params) {
  switch (s->kind) {
    case VPFI_BLOCK_WEIGHTS: return params->weights[s->index];
    case VPFI_BLOCK_INTRA: return params->intra[s->index];
    case VPFI_BLOCK_BIAS: break;
  }
  return params->bias[s->index];
}

/* ---- writing ---- */

static vpf_status fill_tensors(vpfi_model_parts *parts, const vpfi_shape *shape, const vpfi_params *params,
                               size_t room_for_more) {
  slots all;
  if (list_slots(&all, shape)) return VPF_ERR_MEMORY;
  parts->tensors = vpfi_alloc(all.count + room_for_more, sizeof *parts->tensors);
  for (size_t k = 0; parts->tensors && k < all.count; k++) {
    const slot *s = &all.list[k];
    vpfi_tensor *tensor = &parts->tensors[k];
    *tensor = (vpfi_tensor){.dtype = VPFI_DTYPE_F32, .rank = s->rank, .rows = s->rows, .cols = s->cols,
                            .stride = s->stride, .data = slot_data(s, params)};
    memcpy(tensor->name, s->name, sizeof tensor->name);
  }
  parts->n_tensors = all.count;
  vpfi_free(all.list);
  return parts->tensors ? VPF_OK : VPF_ERR_MEMORY;
}

static void add_metadata(vpfi_model_parts *parts, const char *key, const char *value) {
  vpfi_metadata *added = &parts->metadata[parts->n_metadata++];
  snprintf(added->key, sizeof added->key, "%s", key);
  added->value = value;
}

/* Write "784,196" and "0,1" into texts of SIZE_TEXT and 2 bytes for each layer. */
static void write_lists(const vpfi_shape *shape, char *sizes, char *intra) {
  for (size_t i = 0; i < shape->n_layers; i++) {
    const vpfi_layer *l = &shape->layer[i];
    const char *separator = i + 1 < shape->n_layers ? "," : "";
    sizes += snprintf(sizes, SIZE_TEXT + 1, "%zu%s", l->size, separator);
    *intra++ = l->intra ? '1' : '0';
    *intra++ = *separator;
  }
}

static vpf_status fill_metadata(vpfi_model_parts *parts, const vpfi_shape *shape, const char *kind) {
  const size_t layers = shape->n_layers;
  parts->metadata = vpfi_alloc(N_METADATA, sizeof *parts->metadata);
  parts->text = vpfi_alloc(layers + 1, SIZE_TEXT + 2);
  if (!parts->metadata || !parts->text) return VPF_ERR_MEMORY;
  char *intra = parts->text, *sizes = intra + 2 * layers;
  write_lists(shape, sizes, intra);
  add_metadata(parts, "vpf_format", FORMAT_VERSION);
  add_metadata(parts, "vpf_kind", kind);
  add_metadata(parts, "vpf_sizes", sizes);
  add_metadata(parts, "vpf_intra", intra);
  add_metadata(parts, "vpf_coupling", coupling_name(shape->coupling));
  return VPF_OK;
}

vpf_status vpfi_model_parts_init(vpfi_model_parts *parts, const vpfi_shape *shape, const vpfi_params *params,
                                 const char *kind, size_t room_for_more) {
  *parts = (vpfi_model_parts){0};
  vpf_status status = fill_tensors(parts, shape, params, room_for_more);
  if (!status) status = fill_metadata(parts, shape, kind);
  if (status) vpfi_model_parts_clear(parts);
  return status;
}

void vpfi_model_parts_clear(vpfi_model_parts *parts) {
  vpfi_free(parts->tensors);
  vpfi_free(parts->metadata);
  vpfi_free(parts->text);
  *parts = (vpfi_model_parts){0};
}

/* ---- reading ---- */

/* Report a failure whose text was set by another part of the library, as the fault of this file. */
static vpf_status refuse_with_text(const vpfi_safetensors *file) {
  char text[256];
  snprintf(text, sizeof text, "%s", vpfi_error_text());
  return vpfi_safetensors_refuse(file, "%s", text);
}

static vpf_status get_value(const vpfi_safetensors *file, const char *key, const char **out) {
  *out = vpfi_safetensors_metadata(file, key);
  if (*out) return VPF_OK;
  return vpfi_safetensors_refuse(file, "not a file of libvpf: there is no metadata \"%s\"", key);
}

static vpf_status check_kind(const vpfi_safetensors *file, const char *kind) {
  const char *version, *found;
  vpf_status status = get_value(file, "vpf_format", &version);
  if (status) return status;
  if (strcmp(version, FORMAT_VERSION) != 0)
    return vpfi_safetensors_refuse(file, "format \"%.20s\" is not \"%s\"; a newer libvpf may be needed",
                                   version, FORMAT_VERSION);
  status = get_value(file, "vpf_kind", &found);
  if (!status && strcmp(found, kind) != 0)
    status = vpfi_safetensors_refuse(file, "holds a \"%.20s\", not a \"%s\"", found, kind);
  return status;
}

static vpf_status get_coupling(const vpfi_safetensors *file, vpf_coupling *out) {
  const char *name;
  const vpf_status status = get_value(file, "vpf_coupling", &name);
  if (status) return status;
  for (*out = VPF_COUPLING_PAIRWISE; *out <= VPF_COUPLING_JOINT; (*out)++)
    if (strcmp(name, coupling_name(*out)) == 0) return VPF_OK;
  return vpfi_safetensors_refuse(file, "coupling \"%.20s\" is neither pairwise nor joint", name);
}

/* A decimal number without sign, space or leading zero; *text moves past it. */
static bool parse_number(const char **text, size_t *out) {
  const char *start = *text;
  size_t value = 0;
  for (; **text >= '0' && **text <= '9'; (*text)++)
    if (!vpfi_size_mul(value, 10, &value) || !vpfi_size_add(value, (size_t)(**text - '0'), &value))
      return false;
  *out = value;
  return *text > start && (*start != '0' || *text == start + 1);
}

/* Exactly `count` numbers, separated by commas. */
static bool parse_list(const char *text, size_t *out, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!parse_number(&text, &out[i])) return false;
    if (*text++ != (i + 1 < count ? ',' : 0)) return false;
  }
  return true;
}

static vpf_status count_layers(const vpfi_safetensors *file, const char *sizes, size_t *out) {
  size_t layers = 1;
  for (const char *c = sizes; *c; c++) layers += *c == ',';
  *out = layers;
  if (layers > VPFI_MAX_LAYERS)
    return vpfi_safetensors_refuse(file, "%zu layers are more than the limit of %d", layers, VPFI_MAX_LAYERS);
  return VPF_OK;
}

/* Both lists are parsed into `numbers`, intra first, so that it holds the sizes in the end. */
static vpf_status parse_lists(const vpfi_safetensors *file, const char *sizes_text, const char *intra_text,
                              size_t *numbers, uint8_t *intra, size_t layers) {
  bool valid = parse_list(intra_text, numbers, layers);
  for (size_t i = 0; valid && i < layers; i++) {
    valid = numbers[i] <= 1;
    intra[i] = numbers[i] == 1;
  }
  if (!valid)
    return vpfi_safetensors_refuse(file, "vpf_intra \"%.60s\" is no list of 0 or 1 for %zu layers",
                                   intra_text, layers);
  if (!parse_list(sizes_text, numbers, layers))
    return vpfi_safetensors_refuse(file, "vpf_sizes \"%.60s\" is no list of layer sizes", sizes_text);
  return VPF_OK;
}

/* The memory that a shape takes depends on the number of layers, not on their sizes, which may still be lies. */
static vpf_status read_shape(const vpfi_safetensors *file, vpfi_shape *shape) {
  const char *sizes_text, *intra_text;
  vpf_coupling coupling;
  size_t layers;
  vpf_status status = get_value(file, "vpf_sizes", &sizes_text);
  if (!status) status = get_value(file, "vpf_intra", &intra_text);
  if (!status) status = get_coupling(file, &coupling);
  if (!status) status = count_layers(file, sizes_text, &layers);
  if (status) return status;

  size_t *sizes = vpfi_alloc(layers, sizeof *sizes);
  uint8_t *intra = vpfi_alloc(layers, sizeof *intra);
  status = sizes && intra ? parse_lists(file, sizes_text, intra_text, sizes, intra, layers) : VPF_ERR_MEMORY;
  if (!status) {
    status = vpfi_shape_init(shape, sizes, layers, intra, coupling);
    if (status && status != VPF_ERR_MEMORY) status = refuse_with_text(file);
  }
  vpfi_free(intra);
  vpfi_free(sizes);
  return status;
}

/* Each tensor of the machine must be there, in the right size. The sizes are then bounded by the size of
 * the file, and memory can be allocated for them. */
static vpf_status check_slots(const vpfi_safetensors *file, const slots *all) {
  for (size_t k = 0; k < all->count; k++) {
    const slot *s = &all->list[k];
    size_t rows, cols;
    const vpf_status status = vpfi_safetensors_shape(file, s->name, VPFI_DTYPE_F32, s->rank, &rows, &cols);
    if (status) return status;
    if (rows != s->rows || cols != s->cols)
      return vpfi_safetensors_refuse(file, "tensor \"%s\" is %zu x %zu, the layer sizes ask for %zu x %zu",
                                     s->name, rows, cols, s->rows, s->cols);
  }
  return VPF_OK;
}

/* A key with our prefix that we do not know would change the meaning of the rest. */
static vpf_status check_keys(const vpfi_safetensors *file) {
  const char *key = NULL;
  while ((key = vpfi_safetensors_next_key(file, key)))
    if (strncmp(key, "vpf_", 4) == 0 && !is_model_key(key))
      return vpfi_safetensors_refuse(file, "unknown metadata \"%.60s\"; a newer libvpf may be needed", key);
  return VPF_OK;
}

static vpf_status check_count(const vpfi_safetensors *file, const char *kind, size_t n_tensors) {
  const size_t count = vpfi_safetensors_count(file);
  if (strcmp(kind, "model") != 0 || count == n_tensors) return VPF_OK;
  return vpfi_safetensors_refuse(file, "has %zu tensors, a model of these layers has %zu", count, n_tensors);
}

static vpf_status read_slot(const vpfi_safetensors *file, const slot *s, const vpfi_shape *shape,
                            vpfi_params *params, float *scratch) {
  vpf_status status =
      vpfi_safetensors_read(file, s->name, VPFI_DTYPE_F32, s->rank, s->rows, s->cols, s->cols, scratch);
  if (status) return status;
  status = s->kind == VPFI_BLOCK_INTRA ? vpfi_check_intra(scratch, s->rows, s->name)
                                       : vpfi_check_finite(scratch, s->rows, s->cols, s->name);
  if (status) return refuse_with_text(file);
  switch (s->kind) {
    case VPFI_BLOCK_WEIGHTS: vpfi_params_set_weights(params, shape, s->index, scratch); break;
    case VPFI_BLOCK_INTRA: vpfi_params_set_intra(params, shape, s->index, scratch); break;
    case VPFI_BLOCK_BIAS: vpfi_params_set_bias(params, shape, s->index, scratch); break;
  }
  return VPF_OK;
}

static vpf_status read_params(const vpfi_safetensors *file, const slots *all, const vpfi_shape *shape,
                              vpfi_params *params) {
  size_t largest = 0;
  for (size_t k = 0; k < all->count; k++) {
    const size_t count = all->list[k].rows * all->list[k].cols;
    if (count > largest) largest = count;
  }
  float *scratch = vpfi_alloc(largest, sizeof *scratch);
  vpf_status status = scratch ? vpfi_params_init(params, shape) : VPF_ERR_MEMORY;
  for (size_t k = 0; !status && k < all->count; k++)
    status = read_slot(file, &all->list[k], shape, params, scratch);
  vpfi_free(scratch);
  return status;
}

vpf_status vpfi_model_parts_read(const vpfi_safetensors *file, const char *kind, vpfi_shape *shape,
                                 vpfi_params *params, size_t *out_tensors) {
  *shape = (vpfi_shape){0};
  *params = (vpfi_params){0};
  slots all = {0};
  vpf_status status = check_kind(file, kind);
  if (!status) status = check_keys(file);
  if (!status) status = read_shape(file, shape);
  if (!status) status = list_slots(&all, shape);
  if (!status) status = check_slots(file, &all);
  if (!status) status = check_count(file, kind, all.count);
  if (!status) status = read_params(file, &all, shape, params);
  if (!status) *out_tensors = all.count;
  vpfi_free(all.list);
  if (status) {
    vpfi_params_clear(params, shape);
    vpfi_shape_clear(shape);
  }
  return status;
}
