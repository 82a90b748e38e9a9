/* SPDX-License-Identifier: MIT */
/** @file status.h
 *  Status codes, the message of the last failure, and the allocator.
 *
 *  Every function that can fail returns a vpf_status: VPF_OK, which is 0, or one of the negative codes that its
 *  description lists. The same rules hold for all of them (docs/errors.md has more):
 *
 *  - A call that fails changes nothing. Every handle is exactly as it was before the call and remains usable. The one
 *    exception is training that diverges; see vpf_train().
 *  - A handle that the call was to create is NULL.
 *  - Other outputs hold nothing meaningful, unless the function says that a failure leaves them unchanged.
 *  - VPF_ERR_INTERNAL is a bug in the library. It should never happen, and functions do not list it. */
#ifndef VPF_STATUS_H
#define VPF_STATUS_H

#include <stddef.h>
#include <vpf/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** All status codes: X(name, number, text). The numbers never change; a later release may add codes. Since 1.0. */
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

/** 0 is success, a negative number is failure. Since 1.0. */
typedef enum vpf_status {
#define VPF_STATUS_ENUM(name, number, text) name = number,
  VPF_STATUS_LIST(VPF_STATUS_ENUM)
#undef VPF_STATUS_ENUM
} vpf_status;

/** The fixed text of a status code; "unknown status" for any other number. Never NULL. Since 1.0. */
VPF_API const char *vpf_status_string(vpf_status status);

/** The name of a status code, such as "VPF_ERR_MEMORY" for -3; "" for any other number. Never NULL. Since 1.0.
 *
 *  Meant for bindings, which cannot read VPF_STATUS_LIST: the codes run from 0 downwards without gaps, so counting
 *  down to the first "" finds them all. */
VPF_API const char *vpf_status_name(vpf_status status);

/** What went wrong in this thread's last failed call: one line, with the offending value and the limit. Since 1.0.
 *
 *  Never NULL, and "" before the first failure. A success does not clear it, so look at the status first. The text
 *  remains valid until this thread's next failure. A failure inside one of the library's worker threads is reported to
 *  the thread that made the call. The wording may change in any release: decide by the status. Never allocates. */
VPF_API const char *vpf_error_message(void);

/** A replacement for malloc() and free(). Both functions must return: no longjmp(), no C++ exception. Since 1.0. */
typedef struct vpf_allocator {
  size_t struct_size;                              /**< sizeof(vpf_allocator), set by the caller */
  void *(*allocate)(size_t size, void *user);      /**< like malloc(): NULL if there is no memory; size is above 0 */
  void (*release)(void *pointer, void *user);      /**< like free(); never called with NULL */
  void *user;                                      /**< passed to both functions */
} vpf_allocator;

/** Replace the allocator of the whole library, once, before the first handle is created. Since 1.0.
 *
 *  From then on the library's every allocation goes through it, from any thread that uses the library. (The short-lived
 *  memory of the JSON parser and the stacks of threads are not of it.)
 *  @param a  copied; both functions are required
 *  @retval VPF_ERR_ARGUMENT  a or one of its functions is NULL, or struct_size is too small
 *  @retval VPF_ERR_STATE     an allocator was set before, or the library has already allocated memory */
VPF_API vpf_status vpf_set_allocator(const vpf_allocator *a);

#ifdef __cplusplus
}
#endif
#endif
