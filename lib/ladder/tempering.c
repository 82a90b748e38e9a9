/* SPDX-License-Identifier: MIT */
#include "ladder/tempering.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "bm/chain.h"
#include "bm/energy.h"
#include "num/bennett.h"
#include "num/elementary.h"
#include "num/rng.h"

/* Where a state was last, of the two ends. */
enum { NOWHERE, FROM_FIRST, FROM_LAST };

/* Values of log Z kept for each pair: more would only take memory. */
enum { MOST_KEPT = 1 << 16 };

/* Chain (rung k, column c) is row k * columns + c: a thread's share is whole rungs, whose weights stay in its cache. */
typedef struct tempering {
  const vpfi_ladder *ladder;
  const vpfi_tempering *plan;
  size_t rungs, columns, sweep;
  vpfi_machine *machine;  /* [rungs] */
  vpfi_states states;     /* [rungs x columns] */
  vpfi_scratch *scratch;  /* [team.threads] */
  vpfi_team team;
  double *own, *other;    /* [rungs x columns]: free energies in the chain's machine and in that of its partner's */
  double *accepted;       /* [rungs x columns]: of exchanges with the rung above, summed */
  uint8_t *from;          /* [rungs x columns] */
  size_t kept, stride;    /* values for each chain, of which there is one every `stride` exchanges */
  double *upward, *downward; /* [rungs x columns x kept]: log p* differences of chains on rung k and on k + 1 */
  size_t *n_kept;         /* [rungs] */
  double *arrivals, *round_trips; /* [columns] */
  vpfi_tempered *out;
} tempering;

/* Pairs begin at rungs of this parity in a sweep. */
static bool is_lower(const tempering *t, size_t rung) {
  return (rung + t->sweep) % 2 == 0 && rung + 1 < t->rungs;
}

static bool is_upper(const tempering *t, size_t rung) {
  return rung > 0 && is_lower(t, rung - 1);
}

/* ---- Free energies, for all chains that have a partner ---- */

static void free_energy_range(void *context, size_t begin, size_t end, size_t thread) {
  const tempering *t = context;
  vpfi_scratch *scratch = &t->scratch[thread];
  for (size_t row = begin; row < end; row++) {
    const size_t rung = row / t->columns;
    if (!is_lower(t, rung) && !is_upper(t, rung)) continue;
    vpfi_scratch_see(scratch, &t->states, row);
    t->own[row] = vpfi_free_energy_seen(&t->machine[rung], scratch);
    t->other[row] = vpfi_free_energy_seen(&t->machine[is_lower(t, rung) ? rung + 1 : rung - 1], scratch);
  }
}

/* ---- Exchanges ---- */

static void exchange_rows(tempering *t, size_t a, size_t b) {
  const size_t words = t->states.words[0];
  uint64_t *x = vpfi_states_edit(&t->states, 0, a), *y = vpfi_states_edit(&t->states, 0, b);
  for (size_t w = 0; w < words; w++) {
    const uint64_t kept = x[w];
    x[w] = y[w];
    y[w] = kept;
  }
  const uint8_t from = t->from[a];
  t->from[a] = t->from[b];
  t->from[b] = from;
}

/* Values are kept in the second half of the sweeps. */
static bool is_kept(const tempering *t, size_t rung) {
  const size_t half = t->plan->sweeps / 2;
  return t->sweep >= half && (t->sweep - half) / 2 % t->stride == 0 && t->n_kept[rung] < t->kept;
}

/* Eq. (41) for the chains on a rung and on the one above. */
static void exchange(tempering *t, size_t rung, size_t column, uint64_t stream) {
  const size_t low = rung * t->columns + column, high = low + t->columns;
  const double up = t->own[low] - t->other[low], down = t->own[high] - t->other[high];
  if (is_kept(t, rung)) {
    t->upward[low * t->kept + t->n_kept[rung]] = up;
    t->downward[low * t->kept + t->n_kept[rung]] = down;
  }
  const double log_ratio = up + down;
  const double accepted = log_ratio < 0 ? vpfi_exp(log_ratio) : 1;
  t->accepted[low] += accepted;
  uint32_t word[4];
  vpfi_rng_block(stream, 0, low, 0, word);
  if (vpfi_rng_unit(word[0], word[1]) < accepted) exchange_rows(t, low, high);
}

/* States at the ends of a column. The first rung draws afresh, but the place that a state has taken goes on. */
static void count_trips(tempering *t, size_t column) {
  uint8_t *first = &t->from[column], *last = &t->from[(t->rungs - 1) * t->columns + column];
  if (*first == FROM_LAST) t->round_trips[column]++;
  *first = FROM_FIRST;
  if (*last == FROM_FIRST && t->rungs > 1) {
    t->arrivals[column]++;
    *last = FROM_LAST;
  }
}

static void exchange_range(void *context, size_t begin, size_t end, size_t thread) {
  tempering *t = context;
  const uint64_t stream = vpfi_rng_stream(t->plan->seed, VPFI_PURPOSE_EXCHANGE, t->sweep);
  (void)thread;
  for (size_t column = begin; column < end; column++) {
    for (size_t rung = 0; rung < t->rungs; rung++)
      if (is_lower(t, rung)) exchange(t, rung, column, stream);
    count_trips(t, column);
  }
}

static void count_kept(tempering *t) {
  for (size_t rung = 0; rung < t->rungs; rung++)
    if (is_lower(t, rung) && is_kept(t, rung)) t->n_kept[rung]++;
}

/* ---- Gibbs sampling ---- */

static void gibbs_range(void *context, size_t begin, size_t end, size_t thread) {
  tempering *t = context;
  const vpfi_shape *shape = &t->ladder->shape;
  vpfi_scratch *scratch = &t->scratch[thread];
  vpfi_chain chain = {.states = &t->states,
                      .scratch = scratch,
                      .stream = vpfi_rng_stream(t->plan->seed, VPFI_PURPOSE_TEMPER, t->sweep)};
  for (size_t row = begin; row < end; row++) {
    const size_t rung = row / t->columns;
    chain.machine = &t->machine[rung];
    chain.row = row;
    chain.pass = 0;
    vpfi_scratch_see(scratch, &t->states, row);
    vpfi_chain_resample(&chain, shape->layer[1].up, NULL);
    vpfi_chain_resample(&chain, shape->layer[0].up, NULL);
    if (rung + 1 < t->rungs) continue;
    vpfi_scratch_list_all(scratch, &t->states, row);
    t->out->energy[row % t->columns * t->plan->sweeps + t->sweep] =
        vpfi_energy(shape, chain.machine->params, scratch->index, scratch->count);
  }
}

static void run(void *context) {
  tempering *t = context;
  const size_t rows = t->rungs * t->columns;
  for (t->sweep = 0; t->sweep < t->plan->sweeps; t->sweep++) {
    vpfi_team_for(&t->team, rows, free_energy_range, t);
    vpfi_team_for(&t->team, t->columns, exchange_range, t);
    count_kept(t);
    vpfi_team_for(&t->team, rows, gibbs_range, t);
  }
}

/* ---- Where chains begin ---- */

/* At samples of the pools, each column at other ones while there are as many; those of the machine at the top, if it is no
 * rung, at those of the last. */
static void start(tempering *t) {
  const vpfi_ladder *ladder = t->ladder;
  const size_t pool = ladder->plan.pool;
  for (size_t rung = 0; rung < t->rungs; rung++) {
    const vpfi_rung *source = &ladder->rung[rung < ladder->count ? rung : ladder->count - 1];
    const uint64_t stream = vpfi_rng_stream(t->plan->seed, VPFI_PURPOSE_PARTNER, rung);
    const size_t offset = (size_t)vpfi_rng_below(stream, 0, pool);
    for (size_t c = 0; c < t->columns; c++)
      memcpy(vpfi_states_edit(&t->states, 0, rung * t->columns + c),
             vpfi_states_row(&source->pool, 0, (offset + c) % pool), t->states.words[0] * sizeof(uint64_t));
  }
}

/* ---- What has come of it ---- */

/* Bring the kept values of a pair together: those of chain `low` begin at low * kept, but only n of them are there. */
static void gather(double *values, const tempering *t, size_t rung) {
  const size_t first = rung * t->columns, n = t->n_kept[rung];
  for (size_t c = 0; c < t->columns; c++)
    memmove(values + first * t->kept + c * n, values + (first + c) * t->kept, n * sizeof *values);
}

/* Columns are independent, so that the influences of each are added before they are squared, Eq. (43). moved: [columns];
 * room: [2 x columns x kept]. */
static double step_of(tempering *t, size_t rung, double *moved, double *room) {
  const size_t n = t->n_kept[rung], all = t->columns * n;
  double *up = t->upward + rung * t->columns * t->kept, *down = t->downward + rung * t->columns * t->kept;
  gather(t->upward, t, rung);
  gather(t->downward, t, rung);
  const double step = vpfi_bennett(up, all, down, all);
  vpfi_bennett_influence(up, all, down, all, step, room, room + all);
  for (size_t c = 0; c < t->columns; c++)
    for (size_t k = c * n; k < (c + 1) * n; k++) moved[c] += room[k] + room[all + k];
  return step;
}

static vpf_status find_log_z(tempering *t) {
  const double columns = (double)t->columns;
  double *moved = vpfi_alloc(t->columns, sizeof *moved), sum = 0;
  double *room = vpfi_alloc(2 * t->columns, t->kept * sizeof *room);
  const vpf_status status = moved && room ? VPF_OK : VPF_ERR_MEMORY;
  if (!status) {
    t->out->log_z = t->ladder->rung[0].numbers[VPFI_RUNG_LOG_Z];
    for (size_t rung = 0; rung + 1 < t->rungs; rung++) t->out->log_z += step_of(t, rung, moved, room);
    for (size_t c = 0; c < t->columns; c++) sum += moved[c] * moved[c];
    if (t->rungs > 1) t->out->log_z_stderr = t->columns > 1 ? sqrt(sum * columns / (columns - 1)) : HUGE_VAL;
  }
  vpfi_free(moved);
  vpfi_free(room);
  return status;
}

static void summarize(tempering *t) {
  vpfi_tempered *out = t->out;
  const size_t sweeps = t->plan->sweeps;
  out->acceptance_mean = out->acceptance_least = 1;
  double total = 0;
  for (size_t rung = 0; rung + 1 < t->rungs; rung++) {
    const double turns = (double)(rung % 2 == 0 ? (sweeps + 1) / 2 : sweeps / 2);
    double sum = 0;
    for (size_t c = 0; c < t->columns; c++) sum += t->accepted[rung * t->columns + c];
    const double mean = sum / (turns * (double)t->columns);
    total += mean;
    if (mean < out->acceptance_least) out->acceptance_least = mean, out->narrow = rung;
  }
  if (t->rungs > 1) out->acceptance_mean = total / (double)(t->rungs - 1);
  for (size_t c = 0; c < t->columns; c++) out->arrivals += t->arrivals[c], out->round_trips += t->round_trips[c];
  vpfi_states_copy(&out->states, 0, &t->states, (t->rungs - 1) * t->columns, t->columns);
}

/* ---- Memory ---- */

static vpf_status begin_arrays(tempering *t) {
  const size_t rows = t->rungs * t->columns, turns = t->plan->sweeps / 4 + 1;
  t->kept = t->columns < MOST_KEPT ? MOST_KEPT / t->columns : 1;
  if (t->kept > turns) t->kept = turns;
  t->stride = turns / t->kept;
  t->own = vpfi_alloc(rows, sizeof *t->own);
  t->other = vpfi_alloc(rows, sizeof *t->other);
  t->accepted = vpfi_alloc(rows, sizeof *t->accepted);
  t->from = vpfi_alloc(rows, sizeof *t->from);
  t->upward = vpfi_alloc(rows, t->kept * sizeof *t->upward);
  t->downward = vpfi_alloc(rows, t->kept * sizeof *t->downward);
  t->n_kept = vpfi_alloc(t->rungs, sizeof *t->n_kept);
  t->arrivals = vpfi_alloc(t->columns, sizeof *t->arrivals);
  t->round_trips = vpfi_alloc(t->columns, sizeof *t->round_trips);
  t->out->energy = vpfi_alloc(t->columns, t->plan->sweeps * sizeof *t->out->energy);
  const bool complete = t->own && t->other && t->accepted && t->from && t->upward && t->downward && t->n_kept &&
                        t->arrivals && t->round_trips && t->out->energy;
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}

static vpf_status begin(tempering *t) {
  const vpfi_ladder *ladder = t->ladder;
  t->rungs = ladder->count + (t->plan->top != NULL);
  t->columns = t->plan->columns;
  t->scratch = vpfi_scratch_create(&ladder->shape, t->team.threads);
  t->machine = vpfi_alloc(t->rungs, sizeof *t->machine);
  if (!t->scratch || !t->machine) return VPF_ERR_MEMORY;
  for (size_t k = 0; k < ladder->count; k++) t->machine[k] = vpfi_rung_machine(ladder, k);
  if (t->plan->top) {
    vpfi_machine *top = &t->machine[ladder->count];
    *top = t->machine[0];
    top->params = t->plan->top;
    top->careful = vpfi_fields_are_large(top);
  }
  vpf_status status = begin_arrays(t);
  if (!status) status = vpfi_states_init(&t->states, &ladder->shape, VPFI_ORDER_SWEPT, t->rungs * t->columns);
  if (!status) status = vpfi_states_init(&t->out->states, &ladder->shape, VPFI_ORDER_SWEPT, t->columns);
  return status;
}

static void end(tempering *t) {
  vpfi_scratch_destroy(t->scratch, t->team.threads);
  vpfi_states_clear(&t->states);
  vpfi_free(t->machine);
  vpfi_free(t->own);
  vpfi_free(t->other);
  vpfi_free(t->accepted);
  vpfi_free(t->from);
  vpfi_free(t->upward);
  vpfi_free(t->downward);
  vpfi_free(t->n_kept);
  vpfi_free(t->arrivals);
  vpfi_free(t->round_trips);
}

vpf_status vpfi_temper(const vpfi_ladder *ladder, const vpfi_tempering *plan, vpfi_tempered *out) {
  tempering t = {.ladder = ladder, .plan = plan, .team = vpfi_team_of(0), .out = out};
  *out = (vpfi_tempered){0};
  vpf_status status = begin(&t);
  if (!status) {
    start(&t);
    vpfi_team_assemble(&t.team, run, &t);
    summarize(&t);
    status = find_log_z(&t);
  }
  end(&t);
  if (status) vpfi_tempered_clear(out);
  return status;
}

void vpfi_tempered_clear(vpfi_tempered *tempered) {
  vpfi_states_clear(&tempered->states);
  vpfi_free(tempered->energy);
  *tempered = (vpfi_tempered){0};
}
