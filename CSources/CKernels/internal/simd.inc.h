// The vector type of one instruction set and its operations; included by per_isa.h only.
// `vf` holds KK_LANES floats, `vi` as many 32-bit integers. Arithmetic operators work on both
// (clang vector extensions); what they lack is here.
typedef float KK_FN(kk_vf) __attribute__((vector_size(4 * KK_LANES)));
typedef int32_t KK_FN(kk_vi) __attribute__((vector_size(4 * KK_LANES)));
#define vf KK_FN(kk_vf)
#define vi KK_FN(kk_vi)
#define v_load KK_FN(kk_v_load)
#define v_store KK_FN(kk_v_store)
#define v_load_part KK_FN(kk_v_load_part)
#define v_store_part KK_FN(kk_v_store_part)
#define v_splat KK_FN(kk_v_splat)
#define v_fma KK_FN(kk_v_fma)
#define v_min KK_FN(kk_v_min)
#define v_max KK_FN(kk_v_max)
#define v_sum KK_FN(kk_v_sum)
#define v_hmax KK_FN(kk_v_hmax)

// Unaligned load and store of KK_LANES floats.
KK_INLINE vf v_load(const float *p) {
  vf v;
  memcpy(&v, p, sizeof v);
  return v;
}
KK_INLINE void v_store(float *p, vf v) { memcpy(p, &v, sizeof v); }

// The first n (0…KK_LANES) floats; the other lanes are zero, and their memory is never touched.
KK_INLINE vf v_load_part(const float *p, size_t n) {
#if KK_AVX512
  return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), p);
#else
  vf v = {0};
  for (size_t i = 0; i < n; i++) v[i] = p[i];
  return v;
#endif
}
KK_INLINE void v_store_part(float *p, vf v, size_t n) {
#if KK_AVX512
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), (__m512)v);
#else
  for (size_t i = 0; i < n; i++) p[i] = v[i];
#endif
}

// Keeps products and loads of a tile in the order written. A tile that fills the 16 registers of
// AVX2 leaves one for the element of A: clang would load several ahead and keep accumulators in
// memory, at half the speed.
#undef v_in_order
#if KK_AVX2
#define v_in_order(accumulator) __asm__ volatile("" : "+x"(accumulator) : : "memory")
#else
#define v_in_order(accumulator) (void)0
#endif

KK_INLINE vf v_splat(float x) { return (vf){0} + x; }
KK_INLINE vf v_fma(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
KK_INLINE vf v_min(vf a, vf b) { return __builtin_elementwise_min(a, b); }
KK_INLINE vf v_max(vf a, vf b) { return __builtin_elementwise_max(a, b); }

// Sum and maximum of all lanes, by a fixed tree.
KK_INLINE float v_sum(vf v) {
  float t[KK_LANES];
  memcpy(t, &v, sizeof v);
  for (int half = KK_LANES / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) t[i] += t[i + half];
  }
  return t[0];
}
KK_INLINE float v_hmax(vf v) {
  float t[KK_LANES];
  memcpy(t, &v, sizeof v);
  for (int half = KK_LANES / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) t[i] = t[i] > t[i + half] ? t[i] : t[i + half];
  }
  return t[0];
}
