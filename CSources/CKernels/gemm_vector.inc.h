// Vector helpers that the GEMM family adds to simd.inc.h; included once per body.
#define v_broadcast KK_FN(kk_v_broadcast)
#define v_load_first KK_FN(kk_v_load_first)
#define v_load_last KK_FN(kk_v_load_last)
#define v_store_first KK_FN(kk_v_store_first)
#define v_zip_low KK_FN(kk_v_zip_low)
#define v_zip_high KK_FN(kk_v_zip_high)
#define v_transpose KK_FN(kk_v_transpose)

#ifndef KK_UNROLL
#define KK_UNROLL _Pragma("clang loop unroll(full)")
#define KK_NO_UNROLL _Pragma("clang loop unroll(disable)")
#endif

// One float in all lanes, straight from memory (subtracting zero folds away, adding it does not).
KK_INLINE vf v_broadcast(const float *p) { return *p - (vf){0}; }

// The first n (1…KK_LANES) floats, other lanes zero and not touched; cheap on every instruction
// set.
KK_INLINE vf v_load_first(const float *p, size_t n) {
#if KK_AVX2
  static const int32_t mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return (vf)_mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *)(mask + 8 - n)));
#elif KK_AVX512
  return v_load_part(p, n);
#else
  return n == KK_LANES ? v_load(p) : v_load_part(p, n);
#endif
}
// The same where whole vectors are the rule and n does not change inside the loop.
KK_INLINE vf v_load_last(const float *p, size_t n) {
#if KK_AVX512
  return v_load_part(p, n);
#else
  return n == KK_LANES ? v_load(p) : v_load_first(p, n);
#endif
}
KK_INLINE void v_store_first(float *p, vf v, size_t n) {
#if KK_AVX512
  v_store_part(p, v, n);
#else
  if (n == KK_LANES) {  // a masked store of AVX2 takes 40 micro-operations on Zen
    v_store(p, v);
    return;
  }
#if KK_AVX2
  static const int32_t mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  _mm256_maskstore_ps(p, _mm256_loadu_si256((const __m256i *)(mask + 8 - n)), (__m256)v);
#else
  v_store_part(p, v, n);
#endif
#endif
}

#if KK_LANES == 16
#define KK_ZIP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define KK_ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif KK_LANES == 8
#define KK_ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define KK_ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define KK_ZIP_LOW 0, 4, 1, 5
#define KK_ZIP_HIGH 2, 6, 3, 7
#endif
KK_INLINE vf v_zip_low(vf a, vf b) { return __builtin_shufflevector(a, b, KK_ZIP_LOW); }
KK_INLINE vf v_zip_high(vf a, vf b) { return __builtin_shufflevector(a, b, KK_ZIP_HIGH); }
#undef KK_ZIP_LOW
#undef KK_ZIP_HIGH

// Transposes a square of KK_LANES vectors by log2(KK_LANES) perfect shuffles.
KK_INLINE void v_transpose(vf *rows) {
  vf next[KK_LANES];
  KK_UNROLL for (int step = 1; step < KK_LANES; step *= 2) {
    KK_UNROLL for (int i = 0; i < KK_LANES / 2; i++) {
      next[2 * i] = v_zip_low(rows[i], rows[i + KK_LANES / 2]);
      next[2 * i + 1] = v_zip_high(rows[i], rows[i + KK_LANES / 2]);
    }
    KK_UNROLL for (int i = 0; i < KK_LANES; i++) rows[i] = next[i];
  }
}
