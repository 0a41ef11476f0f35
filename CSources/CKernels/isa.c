#include "include/isa.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"reference", "avx2", "avx512", "neon"};

static int supported(kk_isa_kind kind) {
  switch (kind) {
    case KK_ISA_REFERENCE:
      return 1;
#if defined(__x86_64__)
    case KK_ISA_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case KK_ISA_AVX512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#elif defined(__aarch64__)
    case KK_ISA_NEON:
      return 1;
#endif
    default:
      return 0;
  }
}

kk_isa_kind kk_isa_best(void) {
  if (supported(KK_ISA_AVX512)) return KK_ISA_AVX512;
  if (supported(KK_ISA_AVX2)) return KK_ISA_AVX2;
  if (supported(KK_ISA_NEON)) return KK_ISA_NEON;
  return KK_ISA_REFERENCE;
}

static kk_isa_kind current = KK_ISA_REFERENCE;

// Chosen before main, so that kk_isa is a plain load in every kernel call.
__attribute__((constructor)) static void choose(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  current = kk_isa_best();
  const char *wanted = getenv("KIRCHHOFF_ISA");
  if (!wanted) return;
  for (int kind = 0; kind < 4; kind++) {
    if (strcmp(wanted, names[kind]) == 0 && supported((kk_isa_kind)kind)) {
      current = (kk_isa_kind)kind;
    }
  }
}

kk_isa_kind kk_isa(void) { return current; }

int kk_isa_set(kk_isa_kind kind) {
  if (!supported(kind)) return -1;
  current = kind;
  return 0;
}

const char *kk_isa_name(kk_isa_kind kind) { return names[kind]; }
