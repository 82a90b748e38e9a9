/* SPDX-License-Identifier: MIT */
/** @file export.h
 *  How a public symbol is marked. Everything without this mark stays inside the library. */
#ifndef VPF_EXPORT_H
#define VPF_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define VPF_API __attribute__((visibility("default")))
#else
#define VPF_API
#endif

#endif
