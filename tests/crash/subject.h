/* SPDX-License-Identifier: MIT */
/* What the crash tests save and load: a model or a checkpoint, in two contents of different size. */
#ifndef VPF_TESTS_SUBJECT_H
#define VPF_TESTS_SUBJECT_H

#include "support/fixture.h"

#include <stdbool.h>

typedef struct content {
  unsigned char *bytes; /* NULL: there is no such file */
  size_t size;
} content;

content content_read(const char *path);
void content_free(content *c);
bool content_equal(const content *a, const content *b);

enum { OLD, NEW };

typedef struct subject {
  const char *name;
  vpf_model *model[2];
  vpf_optimizer *optimizer[2]; /* NULL: only the model is saved */
  content file[2];             /* the bytes that saving makes */
} subject;

/* visible x hidden is the size of NEW; OLD has about two thirds of it. Saves into the current folder to learn the bytes. */
subject subject_model(size_t visible, size_t hidden);
subject subject_checkpoint(size_t visible, size_t hidden); /* after an epoch, inside the second */
void subject_free(subject *s);

vpf_status subject_save(const subject *s, int which, const char *path);

/* Load and destroy again; after a failure every handle has to be NULL. */
vpf_status subject_load(const subject *s, const char *path);

/* The file at `path` loads and is this content, byte for byte. */
#define assert_holds(s, which, path) subject_assert_holds((s), (which), (path), __FILE__, __LINE__)
void subject_assert_holds(const subject *s, int which, const char *path, const char *file, int line);

/* How many files are in a folder; `prefix` "" counts all. */
size_t count_files(const char *folder, const char *prefix);

/* Remove them. */
void remove_files(const char *folder, const char *prefix);

/* Descriptors that this process has open. */
size_t count_descriptors(void);

#endif
