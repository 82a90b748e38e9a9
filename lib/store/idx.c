/* SPDX-License-Identifier: MIT */
#include "store/idx.h"

#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/input_file.h"

enum {
  HEADER_BYTES = 16, /* magic, images, height, width: big-endian, 4 bytes each */
  MAGIC_IMAGES = 0x803,
  MAGIC_LABELS = 0x801,
  CHUNK_BYTES = 1 << 16,
  FIRST_ROOM = 1 << 20,
  MOST_OUTPUT = 1 << 30,    /* zlib's counts are unsigned int */
  MOST_EXCESS = 1 << 20,    /* excess is counted exactly up to here; more might be a bomb */
  DEFLATE_EXPANSION = 1032, /* no byte of deflate expands to more (zlib's own figure) */
  GZIP_WINDOW_BITS = 15 + 16
};

/* The bytes of a file, unpacked where it is gzipped. */
typedef struct source {
  vpfi_input_file input;
  uint64_t position; /* the next byte of the file to read */
  bool gzip;
  bool between; /* one gzip member is complete, and the next has not begun */
  z_stream stream;
  unsigned char *chunk; /* [CHUNK_BYTES] of compressed bytes */
} source;

typedef struct idx_header {
  size_t images, height, width;
  size_t bytes; /* of all images */
} idx_header;

static vpf_status refuse_end(const source *s) {
  return vpfi_fail(VPF_ERR_FORMAT, "%.*s: the compressed data is cut off after %llu bytes",
                   vpfi_text_fit_path(s->input.path), s->input.path, (unsigned long long)s->input.size);
}

static vpf_status refuse_memory(const source *s) {
  return vpfi_fail(VPF_ERR_MEMORY, "no memory to unpack %.*s", vpfi_text_fit_path(s->input.path), s->input.path);
}

static vpf_status start_inflating(source *s) {
  s->chunk = vpfi_alloc(CHUNK_BYTES, 1);
  if (!s->chunk) return VPF_ERR_MEMORY;
  s->stream = (z_stream){.zalloc = vpfi_alloc_hook, .zfree = vpfi_free_hook};
  const int result = inflateInit2(&s->stream, GZIP_WINDOW_BITS);
  if (result == Z_OK) {
    s->gzip = true; /* from here on the stream must be ended */
    return VPF_OK;
  }
  return result == Z_MEM_ERROR ? refuse_memory(s)
                               : vpfi_fail(VPF_ERR_INTERNAL, "zlib cannot be used (%d)", result);
}

static vpf_status open_source(source *s, const char *path) {
  vpf_status status = vpfi_input_file_open(&s->input, path);
  if (status || s->input.size < 2) return status;
  unsigned char start[2];
  status = vpfi_input_file_read(&s->input, 0, start, sizeof start);
  if (!status && start[0] == 0x1f && start[1] == 0x8b) status = start_inflating(s);
  return status;
}

static void close_source(source *s) {
  if (s->gzip) inflateEnd(&s->stream);
  vpfi_free(s->chunk);
  vpfi_input_file_close(&s->input);
}

static vpf_status refill(source *s) {
  const uint64_t left = s->input.size - s->position;
  const size_t now = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
  const vpf_status status = vpfi_input_file_read(&s->input, s->position, s->chunk, now);
  s->position += now;
  s->stream.next_in = s->chunk;
  s->stream.avail_in = (uInt)now;
  return status;
}

static vpf_status refuse_garbage(const source *s) {
  return vpfi_fail(VPF_ERR_FORMAT, "%.*s: garbage after the end of the compressed data",
                   vpfi_text_fit_path(s->input.path), s->input.path);
}

/* Tools that write whole blocks fill the last one with zeros, which gzip ignores too. There must be nothing else up to
 * the end of the file. */
static vpf_status skip_padding(source *s) {
  for (;;) {
    for (; s->stream.avail_in > 0; s->stream.avail_in--)
      if (*s->stream.next_in++ != 0) return refuse_garbage(s);
    if (s->position == s->input.size) return VPF_OK;
    const vpf_status status = refill(s);
    if (status) return status;
  }
}

/* A file may hold several gzip members, one after another. */
static vpf_status begin_member(source *s) {
  if (s->stream.next_in[0] != 0x1f) return refuse_garbage(s);
  s->between = false;
  inflateReset(&s->stream); /* fails only for a broken stream */
  return VPF_OK;
}

/* Unpack what the input at hand yields, but at most `room` bytes. */
static vpf_status inflate_some(source *s, uint8_t *out, size_t room, size_t *got) {
  z_stream *stream = &s->stream;
  stream->next_out = out;
  stream->avail_out = room < MOST_OUTPUT ? (uInt)room : MOST_OUTPUT;
  const uInt before = stream->avail_out;
  const int result = inflate(stream, Z_NO_FLUSH);
  *got = before - stream->avail_out;
  if (result == Z_OK || result == Z_BUF_ERROR) return VPF_OK; /* Z_BUF_ERROR: it needs more input */
  if (result == Z_STREAM_END) {
    s->between = true;
    return VPF_OK;
  }
  if (result == Z_MEM_ERROR) return refuse_memory(s);
  return vpfi_fail(VPF_ERR_FORMAT, "%.*s: the compressed data is damaged: %s", vpfi_text_fit_path(s->input.path),
                   s->input.path, stream->msg ? stream->msg : "not a stream of gzip");
}

static vpf_status read_gzip(source *s, uint8_t *out, size_t wanted, size_t *got) {
  *got = 0;
  while (*got < wanted) {
    vpf_status status = VPF_OK;
    if (s->stream.avail_in == 0) {
      if (s->position == s->input.size) return s->between ? VPF_OK : refuse_end(s);
      status = refill(s);
    }
    if (!status && s->between && s->stream.next_in[0] == 0) return skip_padding(s);
    if (!status && s->between) status = begin_member(s);
    size_t more = 0;
    if (!status) status = inflate_some(s, out + *got, wanted - *got, &more);
    if (status) return status;
    *got += more;
  }
  return VPF_OK;
}

/* Read `wanted` bytes; fewer only at the end of the data, which are then known to be complete. */
static vpf_status read_source(source *s, uint8_t *out, size_t wanted, size_t *got) {
  if (s->gzip) return read_gzip(s, out, wanted, got);
  const uint64_t left = s->input.size - s->position;
  *got = left < wanted ? (size_t)left : wanted;
  const vpf_status status = vpfi_input_file_read(&s->input, s->position, out, *got);
  s->position += *got;
  return status;
}

static size_t big_endian(const uint8_t bytes[4]) {
  return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

static vpf_status refuse_magic(const char *path, size_t magic) {
  if (magic == MAGIC_LABELS)
    return vpfi_fail(VPF_ERR_FORMAT, "%.*s holds labels, not images", vpfi_text_fit_path(path), path);
  return vpfi_fail(VPF_ERR_FORMAT, "%.*s is not an IDX file of images: it begins with 0x%08zx, not 0x%08x",
                   vpfi_text_fit_path(path), path, magic, (unsigned)MAGIC_IMAGES);
}

static vpf_status parse_header(const char *path, const uint8_t bytes[HEADER_BYTES], idx_header *header) {
  const size_t magic = big_endian(bytes);
  if (magic != MAGIC_IMAGES) return refuse_magic(path, magic);
  header->images = big_endian(bytes + 4);
  header->height = big_endian(bytes + 8);
  header->width = big_endian(bytes + 12);
  if (header->images == 0 || header->height == 0 || header->width == 0)
    return vpfi_fail(VPF_ERR_FORMAT,
                     "%.*s: header promises %zu images of %zu x %zu; each must be at least 1",
                     vpfi_text_fit_path(path), path, header->images, header->height, header->width);
  if (!vpfi_size_mul(header->height, header->width, &header->bytes) ||
      !vpfi_size_mul(header->bytes, header->images, &header->bytes))
    return vpfi_fail(VPF_ERR_FORMAT,
                     "%.*s: header promises %zu images of %zu x %zu, more than can be addressed",
                     vpfi_text_fit_path(path), path, header->images, header->height, header->width);
  return VPF_OK;
}

/* "<path>: header promises 60000 images of 28 x 28 (47040000 bytes), <then what there is instead>" */
static vpf_status refuse_promise(const char *path, const idx_header *header, const char *has, uint64_t bytes,
                                 const char *unit) {
  return vpfi_fail(VPF_ERR_FORMAT, "%.*s: header promises %zu images of %zu x %zu (%zu bytes), %s %llu %s",
                   vpfi_text_fit_path(path), path, header->images, header->height, header->width, header->bytes, has,
                   (unsigned long long)bytes, unit);
}

/* Nothing may be allocated for the images before the file is known to be large enough for them. */
static vpf_status check_promise(const source *s, const idx_header *header) {
  const uint64_t size = s->input.size;
  if (s->gzip) {
    if (header->bytes / DEFLATE_EXPANSION > size)
      return refuse_promise(s->input.path, header, "which cannot come from", size, "compressed ones");
    return VPF_OK;
  }
  const uint64_t body = size - HEADER_BYTES;
  if (body < header->bytes)
    return refuse_promise(s->input.path, header, "the file has", body, "after the header");
  if (body > header->bytes)
    return refuse_promise(s->input.path, header, "the file has", body - header->bytes, "more");
  return VPF_OK;
}

static vpf_status read_header(source *s, idx_header *header) {
  uint8_t bytes[HEADER_BYTES];
  size_t got;
  vpf_status status = read_source(s, bytes, sizeof bytes, &got);
  if (status) return status;
  if (got < HEADER_BYTES)
    return vpfi_fail(VPF_ERR_FORMAT,
                     "%.*s is not an IDX file: it ends after %zu bytes, inside the header of %d",
                     vpfi_text_fit_path(s->input.path), s->input.path, got, HEADER_BYTES);
  status = parse_header(s->input.path, bytes, header);
  return status ? status : check_promise(s, header);
}

static vpf_status check_end(source *s, const idx_header *header) {
  uint8_t scratch[4096];
  size_t excess = 0, got;
  do {
    const vpf_status status = read_source(s, scratch, sizeof scratch, &got);
    if (status) return status;
    excess += got;
  } while (got == sizeof scratch && excess < MOST_EXCESS);
  if (excess == 0) return VPF_OK;
  return refuse_promise(s->input.path, header,
                        got == sizeof scratch ? "the file has at least" : "the file has", excess, "more");
}

/* Double the room, but never beyond what was promised. */
static vpf_status grow(uint8_t **values, size_t *room, size_t promised) {
  const size_t larger = promised - *room > *room ? 2 * *room : promised;
  uint8_t *moved = vpfi_alloc(larger, 1);
  if (!moved) return VPF_ERR_MEMORY;
  memcpy(moved, *values, *room);
  vpfi_free(*values);
  *values = moved;
  *room = larger;
  return VPF_OK;
}

/* For gzip, the room grows only as bytes actually arrive. The caller frees *values, on failure too. */
static vpf_status read_images(source *s, const idx_header *header, uint8_t **values) {
  const size_t promised = header->bytes;
  size_t room = s->gzip && promised > FIRST_ROOM ? FIRST_ROOM : promised, filled = 0;
  *values = vpfi_alloc(room, 1);
  if (!*values) return VPF_ERR_MEMORY;
  for (;;) {
    size_t got;
    vpf_status status = read_source(s, *values + filled, room - filled, &got);
    if (status) return status;
    filled += got;
    if (filled < room)
      return refuse_promise(s->input.path, header, "the file has", filled, "after the header");
    if (room == promised) return check_end(s, header);
    status = grow(values, &room, promised);
    if (status) return status;
  }
}

vpf_status vpfi_idx_read(const char *path, uint8_t **out_values, size_t *out_rows, size_t *out_cols) {
  source s = {.input.fd = -1};
  idx_header header;
  uint8_t *values = NULL;
  vpf_status status = open_source(&s, path);
  if (!status) status = read_header(&s, &header);
  if (!status) status = read_images(&s, &header, &values);
  close_source(&s);
  if (status) {
    vpfi_free(values);
    return status;
  }
  *out_values = values;
  *out_rows = header.images;
  *out_cols = header.height * header.width;
  return VPF_OK;
}
