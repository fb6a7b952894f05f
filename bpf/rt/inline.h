// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stages are inlined into the programs; the same header compiles for the host's unit tests.
#pragma once
#define INLINE __attribute__((always_inline)) static inline
