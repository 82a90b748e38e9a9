/* SPDX-License-Identifier: MIT */
/* make_seeds FOLDER: what fuzzing starts from, into FOLDER/model, checkpoint, idx and calls: small valid files of every
 * kind of machine, method and place in an epoch, with the byte before them that the targets read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include <vpf.h>

static const char *folder;
static int number;

static void check(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "%s: %s\n", what, vpf_error_message());
  exit(1);
}

static void write_seed(const char *kind, uint8_t first, const void *bytes, size_t size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, kind);
  mkdir(path, 0777);
  snprintf(path, sizeof path, "%s/%s/seed-%03d", folder, kind, number++);
  FILE *out = fopen(path, "wb");
  check(out && fputc(first, out) != EOF && fwrite(bytes, 1, size, out) == size && fclose(out) == 0, path);
}

static void copy_seed(const char *kind, const char *path) {
  static uint8_t bytes[1 << 16];
  FILE *in = fopen(path, "rb");
  check(in != NULL, path);
  const size_t size = fread(bytes, 1, sizeof bytes, in);
  fclose(in);
  write_seed(kind, 3, bytes, size); /* 3: length and checksum are put right after a mutation */
}

static vpf_data *make_data(size_t rows, size_t cols) {
  uint8_t bits[64 * 16];
  vpf_data *data = NULL;
  for (size_t k = 0; k < rows * cols; k++) bits[k] = k * k % 7 < 3;
  check(!vpf_data_from_u8(&data, bits, rows, cols, 0), "data");
  return data;
}

static int stop_at(const vpf_progress *p, void *user) {
  return p->epoch == 2 && p->batch >= *(size_t *)user;
}

typedef struct kind {
  size_t layers, sizes[4];
  uint8_t intra[4];
  vpf_coupling coupling;
} kind;

static const kind kinds[] = {
    {1, {5}, {1}, VPF_COUPLING_PAIRWISE},          {2, {5, 3}, {0, 0}, VPF_COUPLING_PAIRWISE},
    {2, {5, 3}, {1, 1}, VPF_COUPLING_PAIRWISE},    {3, {5, 3, 2}, {0, 1, 1}, VPF_COUPLING_PAIRWISE},
    {3, {5, 3, 2}, {0, 1, 0}, VPF_COUPLING_JOINT}, {4, {5, 2, 1, 3}, {0, 0, 1, 0}, VPF_COUPLING_PAIRWISE},
};

static void seeds_of(const kind *k, vpf_method method, vpf_rule rule, size_t stop, double order) {
  char path[4096];
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  vpf_data *data = make_data(9, k->sizes[0]);
  snprintf(path, sizeof path, "%s/scratch", folder);
  check(!vpf_model_create(&model, k->sizes, k->layers, k->intra, k->coupling) && !vpf_model_init(model, 1), "model");
  check(!vpf_optimizer_create(&optimizer), "optimizer");
  check(!vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, method) && !vpf_optimizer_set(optimizer, VPF_OPTION_RULE, rule) &&
            !vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 4) && !vpf_optimizer_set(optimizer, VPF_OPTION_PARTICLES, 3) &&
            !vpf_optimizer_set(optimizer, VPF_OPTION_ESTEP_ORDER, order) &&
            !vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES, 1), "options");
  const vpf_status trained = stop == SIZE_MAX ? VPF_OK : vpf_train(model, data, optimizer, 3, stop_at, &stop);
  if (!trained) {
    check(!vpf_model_save(model, path), path);
    if (method == VPF_METHOD_VPF) copy_seed("model", path);
    check(!vpf_checkpoint_save(model, optimizer, path), path);
    copy_seed("checkpoint", path);
    remove(path);
  } else {
    check(trained == VPF_ERR_UNSUPPORTED, "training"); /* contrastive divergence of a joint machine */
  }
  vpf_data_destroy(data);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
}

static void images(void) {
  uint8_t file[16 + 24] = {0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 3}, packed[256];
  for (size_t k = 0; k < 24; k++) file[16 + k] = (uint8_t)(k * 37);
  write_seed("idx", 127, file, sizeof file);
  z_stream stream = {0};
  for (int level = 0; level <= 9; level += 3) {
    check(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
    stream.next_in = file, stream.avail_in = sizeof file, stream.next_out = packed, stream.avail_out = sizeof packed;
    check(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib");
    write_seed("idx", 127, packed, sizeof packed - stream.avail_out);
    deflateEnd(&stream);
  }
  file[3] = 1;
  write_seed("idx", 0, file, sizeof file);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  mkdir(folder, 0777);
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    seeds_of(&kinds[k], VPF_METHOD_VPF, VPF_RULE_ADAM, SIZE_MAX, 0); /* never trained */
    seeds_of(&kinds[k], VPF_METHOD_VPF, VPF_RULE_ADAM, 1, 1);        /* inside an epoch */
    seeds_of(&kinds[k], VPF_METHOD_VPF, VPF_RULE_SGD, 99, 0);        /* at the end of one */
    seeds_of(&kinds[k], VPF_METHOD_CD, VPF_RULE_SGD, 2, 0);
    seeds_of(&kinds[k], VPF_METHOD_PCD, VPF_RULE_ADAM, 2, 0);
  }
  images();
  srand(1);
  for (int k = 0; k < 64; k++) { /* calls: any bytes are some */
    uint8_t bytes[400];
    for (size_t b = 0; b < sizeof bytes; b++) bytes[b] = (uint8_t)(rand() >> 8);
    if (k % 2) bytes[0] = bytes[1] = 0; /* without a failing allocation */
    write_seed("calls", bytes[0], bytes + 1, sizeof bytes - 1);
  }
  printf("%d seeds in %s\n", number, folder);
  return 0;
}
