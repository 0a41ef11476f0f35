// The instruction set that the kernels run on.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  KK_ISA_REFERENCE =
      0,            // plain loops in C: the oracle of every test, and the body on unknown machines
  KK_ISA_AVX2 = 1,  // AVX2 + FMA, 8 lanes
  KK_ISA_AVX512 = 2,  // AVX-512 F/BW/DQ/VL, 16 lanes
  KK_ISA_NEON = 3     // AArch64, 4 lanes
} kk_isa_kind;

// The instruction set in use: the best that this processor has, unless the environment variable
// KIRCHHOFF_ISA (reference | avx2 | avx512 | neon) or kk_isa_set chose another.
kk_isa_kind kk_isa(void);

// Forces an instruction set; returns 0, or -1 (and changes nothing) where this processor lacks it.
// Not to be called while kernels run.
int kk_isa_set(kk_isa_kind kind);

// The best instruction set of this processor, whatever is in use.
kk_isa_kind kk_isa_best(void);

// "reference", "avx2", "avx512" or "neon".
const char *kk_isa_name(kk_isa_kind kind);

#ifdef __cplusplus
}
#endif
