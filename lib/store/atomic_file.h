/* SPDX-License-Identifier: MIT */
/* Replacing a file as a whole: whoever opens the path sees the old content or the new, never a part of
 * it, whatever fails and whenever the power is lost.
 *
 * The bytes go to a temporary file ".vpf-<process>-<number>.tmp" in the same folder, which is
 * synced and renamed over the target. A replaced file keeps its permissions, and its owner and group where the system
 * lets them be given away; a symbolic link stays, and the file it leads to is replaced. What is no regular file is
 * written to directly: devices (/dev/full), pipes that somebody reads, and this process's own descriptors
 * (/dev/stdout, /dev/fd/3). Folders and sockets are refused, and so is a file that may not be
 * written to, even if its folder would allow replacing it. */
#ifndef VPFI_STORE_ATOMIC_FILE_H
#define VPFI_STORE_ATOMIC_FILE_H

#include <stddef.h>
#include <vpf/status.h>

typedef struct vpfi_atomic_file vpfi_atomic_file;

/* Begin. path must outlive *out. VPF_ERR_IO, VPF_ERR_MEMORY; *out is then NULL. */
vpf_status vpfi_atomic_file_open(vpfi_atomic_file **out, const char *path);

/* Append. After VPF_ERR_IO the only thing left to do is vpfi_atomic_file_abandon(). */
vpf_status vpfi_atomic_file_write(vpfi_atomic_file *file, const void *bytes, size_t count);

/* Put the new file into place; *file is gone afterwards, whatever the result. After VPF_ERR_IO the old
 * file is intact, unless the text says that only the folder could not be synced: then the new file is in
 * place but might not survive a power failure. */
vpf_status vpfi_atomic_file_commit(vpfi_atomic_file *file);

/* End without touching the target; the error text is kept. Accepts NULL. */
void vpfi_atomic_file_abandon(vpfi_atomic_file *file);

#endif
