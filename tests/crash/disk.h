/* SPDX-License-Identifier: MIT */
/* A simulated disk with one folder, for asking what a power failure may leave of it.
 *
 * While it is in use, calls with paths in DISK_FOLDER and with descriptors it gave out come here instead of to the
 * system. Each change becomes an event. An event is durable once an fsync has come after it: of the file for what was
 * written to the file and for its permissions, of the folder for names. All other events are pending, and after a
 * crash each of them has happened or not, independently of the others; a write may also have happened by half, or have
 * left garbage. That is more than any real file system does: what survives here survives there. */
#ifndef VPF_TESTS_DISK_H
#define VPF_TESTS_DISK_H

#include "crash/subject.h"

#define DISK_FOLDER "/simulated disk/" /* must not exist */

enum { DISK_MOST_EVENTS = 128, DISK_MODE = 0640 };

typedef enum disk_outcome { DISK_DONE, DISK_DROPPED, DISK_HALF, DISK_GARBAGE } disk_outcome;

/* Empty but for one file, durable and with permissions DISK_MODE; without `old`, empty. */
void disk_begin(const char *name, const content *old);
void disk_stop(void); /* calls go to the system again; the events stay */
void disk_free(void);

/* What the same program would have asked for with a mistake in it. */
typedef enum disk_mistake {
  DISK_NO_MISTAKE,
  DISK_NO_FILE_SYNC,
  DISK_NO_FOLDER_SYNC,
  DISK_RENAME_BEFORE_SYNC,
  DISK_IN_PLACE, /* no temporary file: the old one is emptied and written */
} disk_mistake;
void disk_make_mistake(disk_mistake mistake);

size_t disk_n_events(void);

/* The events that are pending if the power fails before event `crash` (n_events: after the last). */
size_t disk_pending(size_t crash, size_t out_events[DISK_MOST_EVENTS]);

/* How many outcomes an event may have: the first ones of disk_outcome. */
size_t disk_n_outcomes(size_t event);

/* Empty a real folder and write into it what is left: outcome[] by event; durable ones have to be DISK_DONE. */
void disk_write_out(size_t crash, const disk_outcome outcome[DISK_MOST_EVENTS], const char *folder);

/* "write 65536" and the like, for messages; text of at least 128 bytes. */
const char *disk_event_text(size_t event, char *text);

#endif
