/* SPDX-License-Identifier: MIT */
/** @file version.h
 *  The version of the headers a program was compiled with (macros), and of the library it runs with (functions). */
#ifndef VPF_VERSION_H
#define VPF_VERSION_H

#include <vpf/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of these headers. For that of the running library see vpf_version_number(). Since 1.0. */
#define VPF_VERSION_MAJOR 1
/** See VPF_VERSION_MAJOR. Since 1.0. */
#define VPF_VERSION_MINOR 0
/** See VPF_VERSION_MAJOR. Since 1.0. */
#define VPF_VERSION_PATCH 0

/** The version of the running library as "major.minor.patch", a static string. Cannot fail. Since 1.0. */
VPF_API const char *vpf_version_string(void);

/** The version of the running library as major * 10000 + minor * 100 + patch. Cannot fail. Since 1.0. */
VPF_API unsigned vpf_version_number(void);

#ifdef __cplusplus
}
#endif
#endif
