/* SPDX-License-Identifier: MIT */
/* A longjmp() out of a progress function: what train.h promises. The memory of that training is lost and its optimizer cannot
 * train any more; the model, everything else of the optimizer, and all other handles are as usual. */
#include "support/fixture.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* All blocks are known, so that a test can free what a jump has lost. */
typedef union block {
  union block *neighbour[2]; /* before and behind, in a ring */
  max_align_t aligned;
  char room[64];
} block;

static block ring = {.neighbour = {&ring, &ring}};
static size_t live;

static void *allocate(size_t size, void *user) {
  (void)user;
  block *b = malloc(sizeof *b + size);
  if (!b) return NULL;
  b->neighbour[0] = &ring;
  b->neighbour[1] = ring.neighbour[1];
  ring.neighbour[1]->neighbour[0] = b;
  ring.neighbour[1] = b;
  live++;
  return b + 1;
}

static void release(void *pointer, void *user) {
  (void)user;
  block *b = (block *)pointer - 1;
  b->neighbour[0]->neighbour[1] = b->neighbour[1];
  b->neighbour[1]->neighbour[0] = b->neighbour[0];
  live--;
  free(b);
}

static void free_what_was_lost(void) {
  while (ring.neighbour[1] != &ring) release(ring.neighbour[1] + 1, NULL);
}

typedef struct escape {
  jmp_buf *to; /* NULL: stop instead */
  vpf_progress_event event;
} escape;

static int leave(const vpf_progress *p, void *user) {
  const escape *e = user;
  if (p->event != e->event || p->epoch != 2 || (p->event == VPF_PROGRESS_BATCH && p->batch != 2)) return 0;
  if (e->to) longjmp(*e->to, 1);
  return 1;
}

enum { VISIBLE = 12, HIDDEN = 7 };

static vpf_model *new_model(void) {
  const size_t sizes[] = {VISIBLE, HIDDEN};
  return fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 4);
}

static vpf_optimizer *new_optimizer(vpf_method method) {
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, method));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 10));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_THREADS, 2));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
  return optimizer;
}

/* Train into the second epoch, and leave there by a jump or by stopping. */
static void train_and_leave(vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer, vpf_progress_event event,
                            bool jumps) {
  static jmp_buf here;
  const escape e = {.to = jumps ? &here : NULL, .event = event};
  if (setjmp(here) == 0) assert_ok(vpf_train(model, data, optimizer, 5, leave, (void *)(uintptr_t)&e));
}

/* Continue a checkpoint, and see whether it reaches what a run without any break does. */
static void assert_continues(vpf_model **model, vpf_optimizer **optimizer, const vpf_data *data, const vpf_model *whole) {
  size_t epochs = 0;
  fixture_through_the_file(model, optimizer, "callback.safetensors");
  remove("callback.safetensors");
  assert_ok(vpf_optimizer_position(*optimizer, &epochs, NULL));
  assert_ok(vpf_train(*model, data, *optimizer, 4 - epochs, NULL, NULL));
  assert_true(fixture_same_params(*model, whole));
}

static void a_jump_costs_its_training_alone(vpf_method method, vpf_progress_event event) {
  vpf_data *data = fixture_data(40, VISIBLE, 3);
  vpf_model *model[3] = {new_model(), new_model(), new_model()};
  vpf_optimizer *optimizer[3] = {new_optimizer(method), new_optimizer(method), new_optimizer(method)};
  assert_ok(vpf_train(model[2], data, optimizer[2], 4, NULL, NULL));
  train_and_leave(model[0], data, optimizer[0], event, true);
  train_and_leave(model[1], data, optimizer[1], event, false);
  assert_true(fixture_same_params(model[0], model[1]));

  assert_status(vpf_train(model[0], data, optimizer[0], 1, NULL, NULL), VPF_ERR_STATE);
  assert_true(fixture_same_params(model[0], model[1]));
  assert_ok(vpf_optimizer_set(optimizer[0], VPF_OPTION_PROGRESS_BATCHES, 0));
  assert_ok(vpf_optimizer_set(optimizer[1], VPF_OPTION_PROGRESS_BATCHES, 0));
  assert_continues(&model[1], &optimizer[1], data, model[2]);
  assert_continues(&model[0], &optimizer[0], data, model[2]);
  for (int k = 0; k < 3; k++) {
    vpf_optimizer_destroy(optimizer[k]);
    vpf_model_destroy(model[k]);
  }
  vpf_data_destroy(data);
  assert_true(live > 0); /* as promised, or train.h may promise more */
  free_what_was_lost();
  assert_int_equal(live, 0);
}

static void a_jump_out_of_progress_costs_its_training_alone(void **state) {
  (void)state;
  for (int method = VPF_METHOD_VPF; method <= VPF_METHOD_PTT; method++) {
    a_jump_costs_its_training_alone((vpf_method)method, VPF_PROGRESS_BATCH);
    a_jump_costs_its_training_alone((vpf_method)method, VPF_PROGRESS_EPOCH);
  }
}

int main(void) {
  const vpf_allocator own = {.struct_size = sizeof own, .allocate = allocate, .release = release};
  if (vpf_set_allocator(&own)) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_jump_out_of_progress_costs_its_training_alone),
  };
  return cmocka_run_group_tests_name("callback", tests, NULL, NULL);
}
