// Loops over ranges of floats, for kernel bodies: whole vectors, then one part of a vector.
//
//   KK_FOR_LANES(i, n, v_put(y + i, v_get(x + i, lanes) * a, lanes));
//
// `lanes` is the constant KK_LANES in the loop, and what is left (less than that) in the last step.
#define v_get KK_FN(kk_v_get)
#define v_put KK_FN(kk_v_put)
#define v_total KK_FN(kk_v_total)
#define v_larger KK_FN(kk_v_larger)
#define v_top KK_FN(kk_v_top)

#ifndef KK_FOR_LANES
#define KK_FOR_LANES(i, n, ...)                  \
  {                                              \
    size_t i = 0;                                \
    for (; i + KK_LANES <= (n); i += KK_LANES) { \
      const size_t lanes = KK_LANES;             \
      __VA_ARGS__;                               \
    }                                            \
    if (i < (n)) {                               \
      const size_t lanes = (n) - i;              \
      __VA_ARGS__;                               \
    }                                            \
  }
#endif

KK_INLINE vf v_get(const float *p, size_t lanes) {
  return lanes == KK_LANES ? v_load(p) : v_load_part(p, lanes);
}
KK_INLINE void v_put(float *p, vf v, size_t lanes) {
  if (lanes == KK_LANES) {
    v_store(p, v);
  } else {
    v_store_part(p, v, lanes);
  }
}

// v_sum, same tree and bits, in half the instructions.
KK_INLINE float v_total(vf v) {
#if KK_AVX512 || KK_AVX2
#if KK_AVX512
  __m256 half =
      _mm256_add_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1));
#else
  __m256 half = (__m256)v;
#endif
  __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
#else
  return v_sum(v);
#endif
}

// The larger one (b where either is NaN): one instruction, where v_max is three.
KK_INLINE vf v_larger(vf a, vf b) {
#if KK_AVX512
  return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif KK_AVX2
  return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return v_max(a, b);
#endif
}

// The largest lane.
KK_INLINE float v_top(vf v) {
#if KK_AVX512 || KK_AVX2
#if KK_AVX512
  __m256 half =
      _mm256_max_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1));
#else
  __m256 half = (__m256)v;
#endif
  __m128 quarter = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  quarter = _mm_max_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_max_ss(quarter, _mm_movehdup_ps(quarter)));
#else
  return v_hmax(v);
#endif
}
