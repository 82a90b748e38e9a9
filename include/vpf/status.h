/* SPDX-License-Identifier: MIT */
/** @file status.h
 *  Status codes, the text of the last failure, and the allocator.
 *
 *  Every function that can fail returns a vpf_status. On failure the output handle, if there
 *  is one, is NULL, and every other handle is exactly as it was before the call. (Training
 *  that diverges is the one exception; see vpf_train().) */
#ifndef VPF_STATUS_H
#define VPF_STATUS_H

#include <stddef.h>
#include <vpf/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** All status codes: X(name, number, text). The numbers never move. Since 1.0. */
#define VPF_STATUS_LIST(X)                                                                         \
  X(VPF_OK, 0, "no error")                                                                         \
  X(VPF_ERR_ARGUMENT, -1, "invalid argument")                                                      \
  X(VPF_ERR_SHAPE, -2, "shapes do not match")                                                      \
  X(VPF_ERR_MEMORY, -3, "out of memory")                                                           \
  X(VPF_ERR_IO, -4, "input or output failed")                                                      \
  X(VPF_ERR_FORMAT, -5, "malformed file")                                                          \
  X(VPF_ERR_STATE, -6, "not possible in this state")                                               \
  X(VPF_ERR_DIVERGED, -7, "training diverged")                                                     \
  X(VPF_ERR_OVERFLOW, -8, "numerical overflow")                                                    \
  X(VPF_ERR_UNSUPPORTED, -9, "not supported for this model or method")                               \
  X(VPF_ERR_LIMIT, -10, "too large")                                                               \
  X(VPF_ERR_INTERNAL, -11, "internal error")

/** 0 is success, negative is failure. Since 1.0. */
typedef enum vpf_status {
#define VPF_STATUS_ENUM(name, number, text) name = number,
  VPF_STATUS_LIST(VPF_STATUS_ENUM)
#undef VPF_STATUS_ENUM
} vpf_status;

/** The fixed text of a status code, "unknown status" for any other number. Never NULL. Since 1.0. */
VPF_API const char *vpf_status_string(vpf_status status);

/** The name of a status code, "VPF_ERR_MEMORY" for -3 and so on, for bindings, which cannot read
 *  VPF_STATUS_LIST; "" for any other number: codes run from 0 down without gaps. Never NULL. Since 1.0. */
VPF_API const char *vpf_status_name(vpf_status status);

/** What went wrong in this thread's last failed call: one line, with the value and the limit.
 *
 *  Never NULL; "" before the first failure; not cleared by a success, so ask only after a
 *  failure. The text stays until this thread's next failure. Failures inside the library's
 *  worker threads are reported to the thread that made the call. Never allocates. Since 1.0. */
VPF_API const char *vpf_error_message(void);

/** A replacement for malloc and free. Both must return: no longjmp(), no C++ exception. Since 1.0. */
typedef struct vpf_allocator {
  size_t struct_size;                              /**< sizeof(vpf_allocator), set by the caller */
  void *(*allocate)(size_t size, void *user);      /**< like malloc: NULL means no memory; size > 0 */
  void (*release)(void *pointer, void *user);      /**< like free; never called with NULL */
  void *user;                                      /**< handed to both */
} vpf_allocator;

/** Replace the allocator of the whole library, once, before the first handle is created.
 *
 *  Every allocation of libvpf then goes through it, from any thread that uses the library.
 *  (The JSON parser's and OpenMP's own short-lived memory is theirs.)
 *  @param a  copied; both functions must be given
 *  @return VPF_ERR_ARGUMENT if something is missing; VPF_ERR_STATE if an allocator was set
 *          before or the library has already allocated. Since 1.0. */
VPF_API vpf_status vpf_set_allocator(const vpf_allocator *a);

#ifdef __cplusplus
}
#endif
#endif
