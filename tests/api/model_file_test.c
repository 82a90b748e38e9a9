/* SPDX-License-Identifier: MIT */
/* A model that is saved is the model that is loaded, bit for bit; every other file is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vpf/model.h>
#include <zlib.h>

#ifndef VPF_TESTS
#define VPF_TESTS "tests"
#endif

enum { MOST_BYTES = 16384 };

static char folder[PATH_MAX - 64], path[PATH_MAX];

/* A safetensors file in memory: the header's text and the data behind it. */
typedef struct image {
  char header[MOST_BYTES];
  unsigned char data[MOST_BYTES];
  size_t data_size;
} image;

static void put_bytes(const void *bytes, size_t count) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, count, file), count);
  assert_int_equal(fclose(file), 0);
}

static size_t get_bytes(const char *from, unsigned char *out, size_t room) {
  FILE *file = fopen(from, "rb");
  assert_non_null(file);
  const size_t got = fread(out, 1, room, file);
  fclose(file);
  return got;
}

static void get_image(const char *from, image *out) {
  static unsigned char file[MOST_BYTES];
  const size_t size = get_bytes(from, file, sizeof file);
  assert_true(size >= 8 && size < sizeof file);
  const size_t length = file[0] + 256u * file[1];
  memcpy(out->header, file + 8, length);
  out->header[length] = 0;
  out->data_size = size - 8 - length;
  memcpy(out->data, file + 8 + length, out->data_size);
}

/* With the checksum that belongs to it, so that only the content can be refused. */
static void put_image(const image *from) {
  static unsigned char file[2 * MOST_BYTES];
  const size_t length = strlen(from->header), size = 8 + length + from->data_size;
  memset(file, 0, 8);
  file[0] = (unsigned char)(length % 256);
  file[1] = (unsigned char)(length / 256);
  memcpy(file + 8, from->header, length);
  memcpy(file + 8 + length, from->data, from->data_size);
  static const char key[] = "\"vpf_crc32\":\"";
  const char *found = strstr(from->header, key);
  assert_non_null(found);
  unsigned char *digits = file + 8 + (found - from->header) + strlen(key);
  memset(digits, '0', 8);
  char text[9];
  snprintf(text, sizeof text, "%08lx", crc32(crc32(0, NULL, 0), file, (uInt)size));
  memcpy(digits, text, 8);
  put_bytes(file, size);
}

/* Replace the first `old` in the header. */
static void edit(image *file, const char *old, const char *new) {
  char *at = strstr(file->header, old);
  if (!at) fail_msg("no %s in %s", old, file->header);
  const size_t rest = strlen(at + strlen(old)) + 1;
  assert_true(strlen(file->header) + strlen(new) < MOST_BYTES);
  memmove(at + strlen(new), at + strlen(old), rest);
  memcpy(at, new, strlen(new));
}

/* Where in the data a tensor begins. */
static size_t begin_of(const image *file, const char *name) {
  char key[80];
  snprintf(key, sizeof key, "\"%s\":{", name);
  const char *at = strstr(file->header, key);
  if (!at) fail_msg("no tensor %s", name);
  static const char offsets[] = "\"data_offsets\":[";
  return (size_t)strtoul(strstr(at, offsets) + strlen(offsets), NULL, 10);
}

static void set_value(image *file, const char *name, size_t index, float value) {
  uint32_t word;
  memcpy(&word, &value, 4);
  unsigned char *to = file->data + begin_of(file, name) + 4 * index;
  for (unsigned k = 0; k < 4; k++) to[k] = (unsigned char)(word >> 8 * k);
}

static void assert_error_says(const char *part) {
  if (!strstr(vpf_error_message(), part)) fail_msg("\"%s\" does not say \"%s\"", vpf_error_message(), part);
}

static void assert_refused(vpf_status expected, const char *part) {
  char untouched;
  vpf_model *model = (vpf_model *)(void *)&untouched;
  const vpf_status status = vpf_model_load(&model, path);
  if (status != expected) fail_msg("%d instead of %d for \"%s\"", (int)status, (int)expected, part);
  assert_null(model);
  assert_error_says(part);
}

static int first_free_descriptor;

static int set_up(void **state) {
  (void)state;
  const char *parent = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/vpf-model-XXXXXX", parent && *parent ? parent : "/tmp");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/model", folder);
  first_free_descriptor = dup(0);
  return close(first_free_descriptor);
}

static int tear_down(void **state) {
  (void)state;
  snprintf(path, sizeof path, "%s/model", folder);
  const int fd = dup(0);
  close(fd);
  if (fd != first_free_descriptor) return -1;
  if (unlink(path) != 0 && errno != ENOENT) return -1;
  return rmdir(folder);
}

/* ---- models ---- */

typedef struct machine {
  size_t layers, sizes[4];
  uint8_t intra[4];
  vpf_coupling coupling;
} machine;

/* Around the width of padded rows (16), every kind of bias, layers of one unit. */
static const machine machines[] = {
    {1, {1}, {0}, VPF_COUPLING_PAIRWISE},
    {1, {1}, {1}, VPF_COUPLING_JOINT},
    {1, {7}, {1}, VPF_COUPLING_PAIRWISE},
    {1, {16}, {1}, VPF_COUPLING_PAIRWISE},
    {2, {17, 1}, {0, 0}, VPF_COUPLING_PAIRWISE},
    {2, {1, 33}, {1, 1}, VPF_COUPLING_JOINT},
    {2, {15, 16}, {0, 1}, VPF_COUPLING_PAIRWISE},
    {3, {5, 4, 3}, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {3, {5, 18, 3}, {1, 1, 1}, VPF_COUPLING_PAIRWISE},
    {3, {5, 18, 3}, {1, 1, 1}, VPF_COUPLING_JOINT},
    {4, {3, 1, 2, 1}, {0, 1, 0, 1}, VPF_COUPLING_PAIRWISE},
    {4, {3, 1, 2, 1}, {0, 1, 0, 1}, VPF_COUPLING_JOINT},
};
enum { N_MACHINES = sizeof machines / sizeof *machines };

/* Finite floats of every kind: -0, denormals, the largest. */
static float value_of(size_t k) {
  static const float odd[] = {-0.0f, FLT_MAX, -FLT_MAX, FLT_MIN, 1e-45f, -1e-40f, 0.1f, 1.0f};
  return k % 3 == 0 ? odd[k / 3 % 8] : (float)((k * 2654435761u) % 2000) / 128.0f - 8.0f;
}

static vpf_model *make(const machine *m) {
  vpf_model *model;
  assert_int_equal(vpf_model_create(&model, m->sizes, m->layers, m->intra, m->coupling), VPF_OK);
  const size_t count = vpf_model_param_count(model);
  float *theta = malloc(count * sizeof *theta);
  assert_non_null(theta);
  for (size_t k = 0; k < count; k++) theta[k] = value_of(k);
  assert_int_equal(vpf_model_set_params(model, theta), VPF_OK);
  free(theta);
  return model;
}

static void assert_same_models(const vpf_model *a, const vpf_model *b) {
  assert_int_equal(vpf_model_layers(a), vpf_model_layers(b));
  assert_int_equal(vpf_model_get_coupling(a), vpf_model_get_coupling(b));
  for (size_t i = 0; i < vpf_model_layers(a); i++) {
    assert_int_equal(vpf_model_layer_size(a, i), vpf_model_layer_size(b, i));
    assert_int_equal(vpf_model_has_intra(a, i), vpf_model_has_intra(b, i));
  }
  const size_t count = vpf_model_param_count(a);
  assert_int_equal(vpf_model_param_count(b), count);
  float *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
  assert_true(x && y);
  assert_int_equal(vpf_model_get_params(a, x), VPF_OK);
  assert_int_equal(vpf_model_get_params(b, y), VPF_OK);
  assert_memory_equal(x, y, count * sizeof *x);
  free(x);
  free(y);
}

/* The 4-3-2 model of data/make_data.py. */
static void fixture_path(char out[PATH_MAX]) {
  snprintf(out, PATH_MAX, "%s/data/model-4-3-2.safetensors", VPF_TESTS);
}

static void get_fixture(image *out) {
  char fixture[PATH_MAX];
  fixture_path(fixture);
  get_image(fixture, out);
}

/* ---- saving and loading ---- */

static void loaded_model_is_the_saved_one_bit_for_bit(void **state) {
  (void)state;
  for (size_t k = 0; k < N_MACHINES; k++) {
    vpf_model *model = make(&machines[k]), *loaded;
    assert_int_equal(vpf_model_save(model, path), VPF_OK);
    if (vpf_model_load(&loaded, path)) fail_msg("machine %zu: %s", k, vpf_error_message());
    assert_same_models(model, loaded);
    vpf_model_destroy(loaded);
    vpf_model_destroy(model);
  }
}

/* Also of a copy, of the loaded model, and in a file of another name. */
static void same_model_gives_the_same_bytes(void **state) {
  (void)state;
  static unsigned char first[MOST_BYTES], second[MOST_BYTES];
  for (size_t k = 0; k < N_MACHINES; k++) {
    vpf_model *model = make(&machines[k]), *copy, *loaded;
    assert_int_equal(vpf_model_save(model, path), VPF_OK);
    const size_t size = get_bytes(path, first, sizeof first);
    assert_int_equal(vpf_model_load(&loaded, path), VPF_OK);
    assert_int_equal(vpf_model_clone(&copy, model), VPF_OK);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/other", folder);
    const vpf_model *const same[] = {copy, loaded};
    for (size_t s = 0; s < 2; s++) {
      assert_int_equal(vpf_model_save(same[s], path), VPF_OK);
      assert_int_equal(get_bytes(path, second, sizeof second), size);
      assert_memory_equal(first, second, size);
    }
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/model", folder);
    vpf_model_destroy(copy);
    vpf_model_destroy(loaded);
    vpf_model_destroy(model);
  }
}

static void model_of_another_writer_is_read_as_it_is(void **state) {
  (void)state;
  vpf_model *model;
  fixture_path(path);
  assert_int_equal(vpf_model_load(&model, path), VPF_OK);
  assert_int_equal(vpf_model_layers(model), 3);
  assert_int_equal(vpf_model_get_coupling(model), VPF_COUPLING_PAIRWISE);
  static const size_t sizes[] = {4, 3, 2};
  float found[12];
  for (size_t l = 0; l < 2; l++) {
    assert_int_equal(vpf_model_get_weights(model, l, found), VPF_OK);
    for (size_t i = 0; i < sizes[l]; i++)
      for (size_t j = 0; j < sizes[l + 1]; j++) {
        const float expected = (float)(l + 1) + (float)i / 4 - (float)j / 8;
        assert_memory_equal(&found[i * sizes[l + 1] + j], &expected, sizeof expected);
      }
  }
  assert_int_equal(vpf_model_get_intra(model, 1, found), VPF_OK);
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 3; j++) {
      const float expected = i == j ? 0 : (float)(i + j) / 2;
      assert_memory_equal(&found[i * 3 + j], &expected, sizeof expected);
    }
  static const struct {
    size_t layer;
    vpf_bias role;
    size_t start;
  } bias[] = {{0, VPF_BIAS_UP, 0},    {0, VPF_BIAS_DOWN, 0}, {1, VPF_BIAS_UP, 10},
              {1, VPF_BIAS_DOWN, 20}, {2, VPF_BIAS_UP, 30},  {2, VPF_BIAS_DOWN, 30}};
  for (size_t b = 0; b < sizeof bias / sizeof *bias; b++) {
    assert_int_equal(vpf_model_get_bias(model, bias[b].layer, bias[b].role, found), VPF_OK);
    for (size_t k = 0; k < sizes[bias[b].layer]; k++) {
      const float expected = -(float)(bias[b].start + k) / 16 + 0.0f; /* the file has +0, not -0 */
      assert_memory_equal(&found[k], &expected, sizeof expected);
    }
  }
  vpf_model_destroy(model);
}

static void saved_bytes_are_those_of_another_writer(void **state) {
  (void)state;
  static unsigned char written[MOST_BYTES], expected[MOST_BYTES];
  char fixture[PATH_MAX];
  vpf_model *model;
  fixture_path(fixture);
  assert_int_equal(vpf_model_load(&model, fixture), VPF_OK);
  assert_int_equal(vpf_model_save(model, path), VPF_OK);
  vpf_model_destroy(model);
  const size_t size = get_bytes(fixture, expected, sizeof expected);
  assert_int_equal(get_bytes(path, written, sizeof written), size);
  assert_memory_equal(written, expected, size);
}

static void largest_number_of_layers_can_be_saved(void **state) {
  (void)state;
  enum { LAYERS = 4096 };
  size_t *sizes = malloc(LAYERS * sizeof *sizes);
  uint8_t *intra = malloc(LAYERS);
  assert_true(sizes && intra);
  for (size_t k = 0; k < LAYERS; k++) sizes[k] = intra[k] = 1;
  vpf_model *model, *loaded;
  assert_int_equal(vpf_model_create(&model, sizes, LAYERS, intra, VPF_COUPLING_PAIRWISE), VPF_OK);
  assert_int_equal(vpf_model_init(model, 7), VPF_OK);
  assert_int_equal(vpf_model_save(model, path), VPF_OK);
  assert_int_equal(vpf_model_load(&loaded, path), VPF_OK);
  assert_same_models(model, loaded);
  vpf_model_destroy(loaded);
  vpf_model_destroy(model);
  free(intra);
  free(sizes);
}

/* ---- damage ---- */

static void every_changed_bit_is_refused(void **state) {
  (void)state;
  static unsigned char file[MOST_BYTES];
  char fixture[PATH_MAX];
  fixture_path(fixture);
  const size_t size = get_bytes(fixture, file, sizeof file);
  for (size_t bit = 0; bit < 8 * size; bit++) {
    file[bit / 8] ^= (unsigned char)(1u << bit % 8);
    put_bytes(file, size);
    file[bit / 8] ^= (unsigned char)(1u << bit % 8);
    assert_refused(VPF_ERR_FORMAT, path);
  }
}

static void file_cut_anywhere_is_refused(void **state) {
  (void)state;
  static unsigned char file[MOST_BYTES];
  char fixture[PATH_MAX];
  fixture_path(fixture);
  const size_t full = get_bytes(fixture, file, sizeof file);
  for (size_t size = 0; size < full; size++) {
    put_bytes(file, size);
    assert_refused(VPF_ERR_FORMAT, path);
  }
}

/* ---- what a file with a right checksum may say ---- */

typedef struct change {
  const char *old, *new;
  const char *says; /* NULL: accepted */
} change;

static void check_changes(const change *changes, size_t count) {
  static image file;
  for (size_t k = 0; k < count; k++) {
    get_fixture(&file);
    edit(&file, changes[k].old, changes[k].new);
    put_image(&file);
    if (changes[k].says) {
      assert_refused(VPF_ERR_FORMAT, changes[k].says);
      assert_error_says(path);
    } else {
      vpf_model *model;
      if (vpf_model_load(&model, path)) fail_msg("%s: %s", changes[k].new, vpf_error_message());
      vpf_model_destroy(model);
    }
  }
}

#define SIZES "\"vpf_sizes\":\"4,3,2\""
#define INTRA "\"vpf_intra\":\"0,1,0\""

static void metadata_of_other_kinds_of_file_are_refused(void **state) {
  (void)state;
  static const change changes[] = {
      {"\"vpf_format\":\"1\"", "\"vpf_format\":\"2\"", "format \"2\" is not \"1\"; a newer libvpf may be needed"},
      {"\"vpf_format\":\"1\"", "\"vpf_format\":\"\"", "is not \"1\""},
      {"\"vpf_format\":\"1\"", "\"vpf_format\":\"01\"", "is not \"1\""},
      {"\"vpf_format\":\"1\"", "\"format\":\"1\"", "there is no metadata \"vpf_format\""},
      {"\"vpf_kind\":\"model\"", "\"vpf_kind\":\"checkpoint\"", "holds a \"checkpoint\", not a \"model\""},
      {"\"vpf_kind\":\"model\"", "\"kind\":\"model\"", "there is no metadata \"vpf_kind\""},
      {"\"vpf_sizes\"", "\"sizes\"", "there is no metadata \"vpf_sizes\""},
      {"\"vpf_intra\"", "\"intra\"", "there is no metadata \"vpf_intra\""},
      {"\"vpf_coupling\"", "\"coupling\"", "there is no metadata \"vpf_coupling\""},
      {"\"pairwise\"", "\"Pairwise\"", "coupling \"Pairwise\" is neither pairwise nor joint"},
      {"\"pairwise\"", "\"\"", "neither pairwise nor joint"},
      {"\"pairwise\"", "\"joint\"", "there is no tensor \"bias.1\""},
      {"\"vpf_kind\"", "\"vpf_more\":\"1\",\"vpf_kind\"", "unknown metadata \"vpf_more\"; a newer libvpf"},
      {"\"vpf_kind\"", "\"vpf_\":\"1\",\"vpf_kind\"", "unknown metadata \"vpf_\""},
      {"\"vpf_kind\"", "\"author\":\"\\u00e9\\n\",\"vpf_kind\"", NULL},
      {"\"vpf_kind\"", "\"vpfx\":\"\",\"vpf_kind\"", NULL},
      {"\"vpf_kind\"", "\"\":\"\\u0000\\u0001\\ud83d\\ude00\\\\\\\"{}[]\",\"vpf_kind\"", NULL},
      {"\"vpf_kind\":\"model\"", "\"vpf_kind\":\"model\\u0000\"", "metadata \"vpf_kind\" has a NUL in it"},
  };
  check_changes(changes, sizeof changes / sizeof *changes);
}

static void lists_that_are_not_exact_are_refused(void **state) {
  (void)state;
  static const change changes[] = {
      {SIZES, "\"vpf_sizes\":\"\"", "is no list"},
      {SIZES, "\"vpf_sizes\":\",\"", "is no list"},
      {SIZES, "\"vpf_sizes\":\"4,3,\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"4,,2\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\",3,2\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"+4,3,2\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"-4,3,2\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\" 4,3,2\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"4,3 ,2\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"4,3,2 \"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"04,3,2\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"4.0,3,2\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"0x4,3,2\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"4,3,18446744073709551618\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"4,3,99999999999999999999999999\"", "is no list of layer sizes"},
      {SIZES, "\"vpf_sizes\":\"4,0,2\"", "layer 1 has 0 units"},
      {INTRA, "\"vpf_intra\":\"0,1\"", "is no list of 0 or 1 for 3 layers"},
      {INTRA, "\"vpf_intra\":\"0,1,0,0\"", "is no list of 0 or 1 for 3 layers"},
      {INTRA, "\"vpf_intra\":\"0,2,0\"", "is no list of 0 or 1"},
      {INTRA, "\"vpf_intra\":\"0,01,0\"", "is no list of 0 or 1"},
      {INTRA, "\"vpf_intra\":\"\"", "is no list of 0 or 1"},
      {INTRA, "\"vpf_intra\":\"010\"", "is no list of 0 or 1"},
  };
  check_changes(changes, sizeof changes / sizeof *changes);
}

static void sizes_must_agree_with_the_tensors(void **state) {
  (void)state;
  static const change changes[] = {
      {SIZES, "\"vpf_sizes\":\"3,3,2\"", "tensor \"weight.0\" is 4 x 3, the layer sizes ask for 3 x 3"},
      {SIZES, "\"vpf_sizes\":\"4,3,3\"", "tensor \"weight.1\" is 3 x 2, the layer sizes ask for 3 x 3"},
      {SIZES, "\"vpf_sizes\":\"3,4,2\"", "tensor \"weight.0\""},
      {SIZES, "\"vpf_sizes\":\"2000000,2000000,2\"", "the layer sizes ask for 2000000 x 2000000"},
      {SIZES, "\"vpf_sizes\":\"18446744073709551615,3,2\"", path},
      {SIZES, "\"vpf_sizes\":\"4294967296,4294967296,2\"", path},
      {SIZES "," INTRA, "\"vpf_sizes\":\"4,3\",\"vpf_intra\":\"0,1\"", "there is no tensor \"bias.1\""},
      {SIZES "," INTRA, "\"vpf_sizes\":\"4,3,2,1\",\"vpf_intra\":\"0,1,0,0\"", "no tensor \"weight.2\""},
      {INTRA, "\"vpf_intra\":\"0,1,1\"", "there is no tensor \"intra.2\""},
      {INTRA, "\"vpf_intra\":\"0,0,0\"", "has 7 tensors, a model of these layers has 6"},
      {"\"bias.0\":", "\"bias.0.up\":", "there is no tensor \"bias.0\""},
      {"\"weight.1\":", "\"weight.01\":", "there is no tensor \"weight.1\""},
      {"\"shape\":[4,3]", "\"shape\":[3,4]", "tensor \"weight.0\" is 3 x 4"},
      {"\"shape\":[4,3]", "\"shape\":[12]", "is F32 of rank 1, not F32 of rank 2"},
      {"\"shape\":[4]", "\"shape\":[4,1]", "is F32 of rank 2, not F32 of rank 1"},
      {"\"dtype\":\"F32\",\"shape\":[4]", "\"dtype\":\"U8\",\"shape\":[16]", "is U8 of rank 1, not F32 of rank 1"},
      {"\"dtype\":\"F32\",\"shape\":[4]", "\"dtype\":\"F64\",\"shape\":[2]", "is F64 of rank 1, not F32 of rank 1"},
  };
  check_changes(changes, sizeof changes / sizeof *changes);
}

/* A string of other metadata may be as long as the header allows: 4 MiB in all. */
static void long_metadata_are_ignored_up_to_the_limit_of_the_header(void **state) {
  (void)state;
  enum { LIMIT = 4 << 20 };
  static image file;
  get_fixture(&file);
  const size_t old = strlen(file.header);
  for (int too_long = 0; too_long < 2; too_long++) {
    static const char before[] = ",\"note\":\"", after[] = "\"";
    const char *end = strchr(strstr(file.header, "__metadata__"), '}');
    const size_t head = (size_t)(end - file.header), length = LIMIT + (size_t)too_long;
    const size_t note = length - old - strlen(before) - strlen(after), size = 8 + length + file.data_size;
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    for (unsigned k = 0; k < 8; k++) bytes[k] = (unsigned char)(length >> 8 * k);
    char *to = (char *)bytes + 8;
    memcpy(to, file.header, head);
    memcpy(to + head, before, strlen(before));
    memset(to + head + strlen(before), 'x', note);
    memcpy(to + head + strlen(before) + note, after, strlen(after));
    memcpy(to + head + strlen(before) + note + strlen(after), end, old - head);
    memcpy(to + length, file.data, file.data_size);
    char *digits = strstr(to, "vpf_crc32\":\"") + strlen("vpf_crc32\":\""), text[9];
    memset(digits, '0', 8);
    snprintf(text, sizeof text, "%08lx", crc32(crc32(0, NULL, 0), bytes, (uInt)size));
    memcpy(digits, text, 8);
    put_bytes(bytes, size);
    free(bytes);
    if (too_long) {
      assert_refused(VPF_ERR_FORMAT, "is above the limit");
    } else {
      vpf_model *model;
      assert_int_equal(vpf_model_load(&model, path), VPF_OK);
      vpf_model_destroy(model);
    }
  }
}

/* The tensors of a model as the package "safetensors" writes them: by name, the checksum taken over or dropped. */
static void file_saved_again_by_another_program_is_called_that(void **state) {
  (void)state;
  static image file, again;
  get_fixture(&file);
  get_fixture(&again);
  snprintf(again.header, MOST_BYTES,
           "{\"__metadata__\":{\"vpf_intra\":\"0,1,0\",\"vpf_format\":\"1\",\"vpf_coupling\":\"pairwise\",\"vpf_crc32\":"
           "\"%.8s\",\"vpf_kind\":\"model\",\"vpf_sizes\":\"4,3,2\"%s",
           strstr(file.header, "vpf_crc32") + strlen("vpf_crc32\":\""), strchr(file.header, '}'));
  static unsigned char bytes[2 * MOST_BYTES];
  const size_t length = strlen(again.header);
  bytes[0] = (unsigned char)(length % 256);
  bytes[1] = (unsigned char)(length / 256);
  memcpy(bytes + 8, again.header, length);
  memcpy(bytes + 8 + length, again.data, again.data_size);
  put_bytes(bytes, 8 + length + again.data_size);
  assert_refused(VPF_ERR_FORMAT, "another program seems to have saved it again");
  assert_error_says("vpf_model_set_weights");

  put_image(&again); /* the same with the right checksum is accepted: any order may be read */
  vpf_model *model;
  assert_int_equal(vpf_model_load(&model, path), VPF_OK);
  vpf_model_destroy(model);
}

static void too_many_layers_are_refused(void **state) {
  (void)state;
  static image file;
  get_fixture(&file);
  char list[9000] = "\"vpf_sizes\":\"1";
  for (size_t k = 0; k < 4096; k++) strcat(list, ",1");
  strcat(list, "\"");
  edit(&file, SIZES, list);
  put_image(&file);
  assert_refused(VPF_ERR_FORMAT, "4097 layers are more than the limit of 4096");
}

static void additional_tensors_are_refused(void **state) {
  (void)state;
  static image file;
  get_fixture(&file);
  char entry[128];
  snprintf(entry, sizeof entry, "\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%zu,%zu]},\"weight.0\":",
           file.data_size, file.data_size + 1);
  edit(&file, "\"weight.0\":", entry);
  file.data_size++;
  put_image(&file);
  assert_refused(VPF_ERR_FORMAT, "has 8 tensors, a model of these layers has 7");
}

/* ---- values ---- */

static void values_that_are_not_finite_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *tensor;
    size_t index;
    const char *says;
  } places[] = {{"weight.0", 0, "weight.0[0][0] is "}, {"weight.0", 11, "weight.0[3][2] is "},
                {"weight.1", 3, "weight.1[1][1] is "}, {"intra.1", 5, "intra.1[1][2] is "},
                {"intra.1", 0, "intra.1[0][0] is "},   {"bias.0", 3, "bias.0[3] is "},
                {"bias.1.up", 1, "bias.1.up[1] is "},  {"bias.1.down", 2, "bias.1.down[2] is "},
                {"bias.2", 0, "bias.2[0] is "}};
  static const float values[] = {NAN, INFINITY, -INFINITY};
  static image file;
  for (size_t p = 0; p < sizeof places / sizeof *places; p++)
    for (size_t v = 0; v < 3; v++) {
      get_fixture(&file);
      set_value(&file, places[p].tensor, places[p].index, values[v]);
      put_image(&file);
      assert_refused(VPF_ERR_FORMAT, places[p].says);
      assert_error_says("not a finite number");
      assert_error_says(path);
    }
}

static void intra_layer_weights_must_be_symmetric_with_zero_diagonal(void **state) {
  (void)state;
  static image file;
  for (size_t k = 0; k < 9; k++) {
    get_fixture(&file);
    set_value(&file, "intra.1", k, 7.0f);
    put_image(&file);
    assert_refused(VPF_ERR_FORMAT, k % 4 == 0 ? "the diagonal must be 0" : "is not symmetric");
    assert_error_says(path);
  }
}

/* ---- files that cannot be read or written ---- */

static void what_is_no_file_is_an_input_error(void **state) {
  (void)state;
  assert_refused(VPF_ERR_IO, "No such file or directory");
  assert_int_equal(mkfifo(path, 0600), 0);
  alarm(20);
  assert_refused(VPF_ERR_IO, "not a regular file");
  alarm(0);
  snprintf(path, sizeof path, "%s", folder);
  assert_refused(VPF_ERR_IO, "Is a directory");
}

static void failed_save_says_why_and_leaves_the_old_file(void **state) {
  (void)state;
  vpf_model *model = make(&machines[8]);
  assert_int_equal(vpf_model_save(model, "/dev/full"), VPF_ERR_IO);
  assert_error_says("/dev/full: No space left on device");
  assert_int_equal(vpf_model_save(model, folder), VPF_ERR_IO);
  assert_error_says("Is a directory");
  snprintf(path, sizeof path, "%s/missing/model", folder);
  assert_int_equal(vpf_model_save(model, path), VPF_ERR_IO);
  assert_error_says("No such file or directory");
  vpf_model_destroy(model);
}

static void save_replaces_what_was_there(void **state) {
  (void)state;
  vpf_model *model = make(&machines[8]), *loaded;
  static char old[MOST_BYTES]; /* longer than the model */
  put_bytes(old, sizeof old);
  assert_int_equal(vpf_model_save(model, path), VPF_OK);
  assert_int_equal(vpf_model_load(&loaded, path), VPF_OK);
  assert_same_models(model, loaded);
  vpf_model_destroy(loaded);
  vpf_model_destroy(model);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(loaded_model_is_the_saved_one_bit_for_bit),
      TEST(same_model_gives_the_same_bytes),
      TEST(model_of_another_writer_is_read_as_it_is),
      TEST(saved_bytes_are_those_of_another_writer),
      TEST(largest_number_of_layers_can_be_saved),
      TEST(every_changed_bit_is_refused),
      TEST(file_cut_anywhere_is_refused),
      TEST(metadata_of_other_kinds_of_file_are_refused),
      TEST(lists_that_are_not_exact_are_refused),
      TEST(sizes_must_agree_with_the_tensors),
      TEST(long_metadata_are_ignored_up_to_the_limit_of_the_header),
      TEST(file_saved_again_by_another_program_is_called_that),
      TEST(too_many_layers_are_refused),
      TEST(additional_tensors_are_refused),
      TEST(values_that_are_not_finite_are_refused),
      TEST(intra_layer_weights_must_be_symmetric_with_zero_diagonal),
      TEST(what_is_no_file_is_an_input_error),
      TEST(failed_save_says_why_and_leaves_the_old_file),
      TEST(save_replaces_what_was_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
