/* SPDX-License-Identifier: MIT */
#include "progress_view.h"

#include <math.h>
#include <sys/ioctl.h>
#include <unistd.h>

progress_view progress_view_create(void) {
  return (progress_view){.has_bar = isatty(STDERR_FILENO) != 0};
}

void print_flow(FILE *stream, const vpf_progress *progress) {
  fprintf(stream, "K %.1f", progress->flow);
  if (progress->layers == 2) {
    fprintf(stream, " (%.1f visible + %.1f hidden)", progress->flow_lower[0], progress->flow_upper[0]);
  } else if (progress->layers > 2) {
    for (size_t pair = 0; pair < progress->pairs; pair++)
      fprintf(stream, "%s%.1f", pair ? " + " : " (", progress->flow_lower[pair] + progress->flow_upper[pair]);
    fputc(')', stream);
  }
}

void print_activity(FILE *stream, const vpf_progress *progress) {
  for (size_t layer = 0; layer < progress->layers; layer++)
    fprintf(stream, "%s%.2f", layer ? " " : "", progress->activity[layer]);
}

static void print_epoch(const vpf_progress *progress) {
  printf("epoch %3zu/%zu  K %.1f", progress->epoch, progress->epochs, progress->flow);
  if (progress->layers > 1) printf("  rho %.3f  w^2 %.1f", progress->rho, progress->w2);
  if (isfinite(progress->gradient)) printf("  gradient %.3g", progress->gradient);
  if (isfinite(progress->gradient_noise)) printf("  noise %.3g", progress->gradient_noise);
  fputs("  activity ", stdout);
  print_activity(stdout, progress);
  printf("  %.2f s\n", progress->seconds);
}

static int terminal_width(void) {
  struct winsize size;
  const int unknown = 80;
  return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 0 ? size.ws_col : unknown;
}

static void draw_bar(const vpf_progress *progress, double begun) {
  enum { CELLS = 24 };
  const char full[CELLS + 1] = "########################", empty[CELLS + 1] = "........................";
  char text[160];

  const double all = (double)progress->epochs;
  const double here = (double)(progress->epoch - 1) + (double)progress->batch / (double)progress->batches;
  const double done = here / all, left = progress->total_seconds * (all - here) / (here - begun);
  const int cells = (int)(done * CELLS);
  const int hours = (int)(left / 3600), minutes = (int)(left / 60) % 60, seconds = (int)left % 60;
  snprintf(text, sizeof text, "epoch %3zu/%zu [%.*s%.*s] %3.0f%%  K %.1f  %.0f images/s  ETA %d:%02d:%02d",
           progress->epoch, progress->epochs, cells, full, CELLS - cells, empty, 100 * done, progress->flow,
           progress->images_per_second, hours, minutes, seconds);
  /* a line that wraps could not be wiped again */
  fprintf(stderr, "\r\033[K%.*s", terminal_width() - 1, text);
  fflush(stderr);
}

void progress_view_clear(progress_view *view) {
  if (!view->bar_shown) return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
  view->bar_shown = false;
}

void progress_view_show(progress_view *view, const vpf_progress *progress) {
  const double interval = 0.1;

  if (progress->event == VPF_PROGRESS_EPOCH) {
    progress_view_clear(view);
    print_epoch(progress);
  } else if (view->has_bar && (!view->bar_shown || progress->total_seconds - view->drawn_at >= interval)) {
    draw_bar(progress, view->begun);
    view->bar_shown = true;
    view->drawn_at = progress->total_seconds;
  }
}
