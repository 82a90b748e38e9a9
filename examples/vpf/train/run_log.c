/* SPDX-License-Identifier: MIT */
#include "run_log.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/complain.h"
#include "../../common/doubts.h"

/* The shortest of the forms that read back as the same double. No example calls setlocale(), so
 * the decimal point is a point wherever it runs. */
static void put_number(FILE *stream, double value) {
  char text[32];
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  fputs(text, stream);
}

static void put_member(FILE *stream, const char *key, double value) {
  fprintf(stream, ", \"%s\": ", key);
  put_number(stream, value);
}

static void put_array(FILE *stream, const char *key, const double *values, size_t count) {
  fprintf(stream, ", \"%s\": [", key);
  for (size_t i = 0; i < count; i++) {
    if (i) fputs(", ", stream);
    put_number(stream, values[i]);
  }
  fputc(']', stream);
}

static void put_doubts(FILE *stream, unsigned doubts) {
  const char *separator = "";
  fputs(", \"doubts\": [", stream);
  for (vpf_doubt doubt = take_doubt(&doubts); doubt; doubt = take_doubt(&doubts)) {
    fprintf(stream, "%s\"%s\"", separator, doubt_name(doubt));
    separator = ", ";
  }
  fputc(']', stream);
}

static void put_likelihood(FILE *stream, const vpf_likelihood *l) {
  put_member(stream, "log_p", l->mean_low);
  put_member(stream, "log_p_empty", l->empty);
  put_member(stream, "log_z", l->log_z);
  put_member(stream, "log_z_stderr", l->log_z_stderr);
  put_member(stream, "ess", l->ess);
  if (!isnan(l->reverse_log_z)) put_member(stream, "log_z_reverse", l->reverse_log_z);
  put_member(stream, "log_p_stderr", hypot(l->rows_stderr, l->log_z_stderr));
  put_member(stream, "log_p_forward", l->mean);
  put_member(stream, "log_z_bound", l->log_z_bound);
  fprintf(stream, ", \"bound\": %s", l->bound ? "true" : "false");
  put_doubts(stream, l->doubts);
}

/* Epochs count up, so the first that is too late, or no line of a log, ends what is copied: a line cut short too. */
static void copy_lines(FILE *to, FILE *from, size_t epochs_done) {
  char *line = NULL;
  size_t room = 0, epoch = 0, last = 0;
  while (getline(&line, &room, from) > 0 && strchr(line, '\n') && sscanf(line, "{\"epoch\": %zu,", &epoch) == 1 &&
         epoch > last && epoch <= epochs_done) {
    fputs(line, to);
    last = epoch;
  }
  free(line);
}

vpf_status run_log_begin(new_file *log, const char *folder, size_t epochs_done) {
  vpf_status s = new_file_open(log, folder, "log.jsonl");
  if (s || epochs_done == 0 || !log->temporary) return s; /* nothing can be read back from a pipe */
  FILE *earlier = fopen(log->path, "r");
  if (!earlier) return errno == ENOENT ? VPF_OK : complain_io("read", log->path);
  copy_lines(log->stream, earlier, epochs_done);
  if (ferror(earlier)) s = complain_io("read", log->path);
  fclose(earlier);
  return s;
}

vpf_status run_log_epoch(new_file *log, const vpf_progress *progress, const vpf_likelihood *likelihood) {
  FILE *stream = log->stream;
  fprintf(stream, "{\"epoch\": %zu", progress->epoch);
  put_member(stream, "K", progress->flow);
  put_array(stream, "K_lower", progress->flow_lower, progress->pairs);
  put_array(stream, "K_upper", progress->flow_upper, progress->pairs);
  put_array(stream, "activity", progress->activity, progress->layers);
  put_member(stream, "rho", progress->rho);
  put_member(stream, "w2", progress->w2);
  fprintf(stream, ", \"seconds\": %.6f", progress->seconds);
  if (isfinite(progress->gradient)) put_member(stream, "gradient", progress->gradient);
  if (isfinite(progress->gradient_noise)) put_member(stream, "gradient_noise", progress->gradient_noise);
  if (likelihood) put_likelihood(stream, likelihood);
  fputs("}\n", stream);
  return new_file_publish(log);
}
