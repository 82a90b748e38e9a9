/* SPDX-License-Identifier: MIT */
/** @file version.h
 *  The version of the headers (macros) and of the library that is running (functions). */
#ifndef VPF_VERSION_H
#define VPF_VERSION_H

#include <vpf/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of these headers; of the running library: vpf_version_number(). Since 1.0. */
#define VPF_VERSION_MAJOR 1
/** See VPF_VERSION_MAJOR. Since 1.0. */
#define VPF_VERSION_MINOR 0
/** See VPF_VERSION_MAJOR. Since 1.0. */
#define VPF_VERSION_PATCH 0

/** "major.minor.patch" of the running library; a static string. Since 1.0. */
VPF_API const char *vpf_version_string(void);

/** major * 10000 + minor * 100 + patch of the running library. Since 1.0. */
VPF_API unsigned vpf_version_number(void);

#ifdef __cplusplus
}
#endif
#endif
