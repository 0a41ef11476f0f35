// Compiles one file of kernel bodies once per instruction set.
//
//   #define KK_BODY "depthwise.inc.h"     // path seen from this folder
//   #include "internal/per_isa.h"
//
// Inside the body, KK_FN(name) is the name with the instruction set's suffix (name_avx512),
// KK_LANES the float lanes of one register, KK_AVX512 / KK_AVX2 / KK_NEON are 0 or 1, and
// simd.inc.h gives the vector type `vf` with its operations. Bodies use clang's vector extensions,
// so one source serves all.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../include/isa.h"

#define KK_PASTE_(a, b) a##_##b
#define KK_PASTE(a, b) KK_PASTE_(a, b)
#define KK_FN(name) KK_PASTE(name, KK_SUFFIX)
#define KK_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define KK_SUFFIX avx2
#define KK_LANES 8
#define KK_AVX2 1
#define KK_AVX512 0
#define KK_NEON 0
#include "simd.inc.h"
#include KK_BODY
#undef KK_SUFFIX
#undef KK_LANES
#undef KK_AVX2
#undef KK_AVX512
#undef KK_NEON
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define KK_SUFFIX avx512
#define KK_LANES 16
#define KK_AVX2 0
#define KK_AVX512 1
#define KK_NEON 0
#include "simd.inc.h"
#include KK_BODY
#undef KK_SUFFIX
#undef KK_LANES
#undef KK_AVX2
#undef KK_AVX512
#undef KK_NEON
#pragma clang attribute pop

#elif defined(__aarch64__)
#define KK_SUFFIX neon
#define KK_LANES 4
#define KK_AVX2 0
#define KK_AVX512 0
#define KK_NEON 1
#include "simd.inc.h"
#include KK_BODY
#undef KK_SUFFIX
#undef KK_LANES
#undef KK_AVX2
#undef KK_AVX512
#undef KK_NEON
#endif

// Calls the body for the instruction set in use: KK_DISPATCH(kk_axpy, y, x, a, n);
#if defined(__x86_64__)
#define KK_DISPATCH(name, ...)         \
  do {                                 \
    switch (kk_isa()) {                \
      case KK_ISA_AVX512:              \
        name##_avx512(__VA_ARGS__);    \
        break;                         \
      case KK_ISA_AVX2:                \
        name##_avx2(__VA_ARGS__);      \
        break;                         \
      default:                         \
        name##_reference(__VA_ARGS__); \
        break;                         \
    }                                  \
  } while (0)
#elif defined(__aarch64__)
#define KK_DISPATCH(name, ...)         \
  do {                                 \
    switch (kk_isa()) {                \
      case KK_ISA_NEON:                \
        name##_neon(__VA_ARGS__);      \
        break;                         \
      default:                         \
        name##_reference(__VA_ARGS__); \
        break;                         \
    }                                  \
  } while (0)
#else
#define KK_DISPATCH(name, ...) name##_reference(__VA_ARGS__)
#endif
