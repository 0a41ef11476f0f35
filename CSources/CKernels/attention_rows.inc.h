// The row-wise steps of attention, on rows padded to a multiple of 16 whose padding is zero.
// Included after softmax_rows.inc.h.

#define v_exp2_nonpositive KK_FN(kk_v_exp2_nonpositive)
#define reduce_four KK_FN(kk_reduce_four)
#define probability_rows KK_FN(kk_probability_rows)
#define logits_to_probabilities KK_FN(kk_logits_to_probabilities)
#define probability_gradients KK_FN(kk_probability_gradients)

// 2^x for x ≤ 0, at least 2^-126: relative error < 2.5e-7 (degree 5 minimax on ±½).
KK_INLINE vf v_exp2_nonpositive(vf x) {
  const vf big = v_broadcast(12582912.0f);  // 1.5·2^23: adding it rounds to the nearest integer
  x = v_larger(v_broadcast(-126.0f), x);
  vf shifted = x + big;
  vf f = x - (shifted - big);
  vf p = v_fma(v_broadcast(0.001327646663f), f, v_broadcast(0.009675540961f));
  p = v_fma(p, f, v_broadcast(0.05550713465f));
  p = v_fma(p, f, v_broadcast(0.2402212024f));
  p = v_fma(p, f, v_broadcast(0.693146944f));
  p = v_fma(p, f, v_broadcast(1.000000119f));
  return (vf)((vi)p + ((vi)shifted << 23));
}

// Sums (or, with `largest`, maxima) of four vectors at once: fewer shuffles than one by one.
KK_INLINE void reduce_four(float *out, const vf *v, const int largest) {
#if KK_AVX512
#define KK_OF(a, b) (largest ? _mm512_max_ps(a, b) : _mm512_add_ps(a, b))
  __m512 a = (__m512)v[0], b = (__m512)v[1], c = (__m512)v[2], d = (__m512)v[3];
  __m512 ab = KK_OF(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  __m512 cd = KK_OF(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  __m512 all = KK_OF(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xEE));
  all = KK_OF(all, _mm512_shuffle_f32x4(all, all, 0x4E));
  all = KK_OF(all, _mm512_shuffle_f32x4(all, all, 0xB1));
  _mm_storeu_ps(out, _mm512_castps512_ps128(all));
#undef KK_OF
#elif KK_AVX2
#define KK_OF(a, b) (largest ? _mm256_max_ps(a, b) : _mm256_add_ps(a, b))
  __m256 a = (__m256)v[0], b = (__m256)v[1], c = (__m256)v[2], d = (__m256)v[3];
  __m256 ab = KK_OF(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
  __m256 cd = KK_OF(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
  __m256 all = KK_OF(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xEE));
  all = KK_OF(all, _mm256_permute2f128_ps(all, all, 1));
  _mm_storeu_ps(out, _mm256_castps256_ps128(all));
#undef KK_OF
#else
  for (int i = 0; i < 4; i++) out[i] = largest ? v_top(v[i]) : v_total(v[i]);
#endif
}

// `height` rows (4, or 1 with the other three idle) of logits_to_probabilities.
KK_INLINE void probability_rows(float *x, const float *bias, size_t n, size_t padded,
                                const int height) {
  const vf log2_e = v_broadcast(1.44269504f);
  vf acc[4];
  float row[4];
  for (int r = 0; r < 4; r++) acc[r] = v_broadcast(-__builtin_inff());
  KK_FOR_LANES(i, n, {
    for (int r = 0; r < height; r++) {
      float *p = x + (size_t)r * padded + i;
      vf v = v_load(p);
      if (bias) v = v_fma(v_get(bias + (size_t)r * n + i, lanes), log2_e, v);
      if (lanes < KK_LANES) v = v_first(v, lanes, -__builtin_inff());
      if (bias || lanes < KK_LANES) v_store(p, v);
      acc[r] = v_larger(v, acc[r]);
    }
  });
  reduce_four(row, acc, 1);
  for (int r = 0; r < 4; r++) acc[r] = (vf){0};
  KK_FOR_LANES(i, n, {
    for (int r = 0; r < height; r++) {
      float *p = x + (size_t)r * padded + i;
      vf e = v_exp2_nonpositive(v_load(p) - row[r]);
      if (lanes < KK_LANES) e = v_first(e, lanes, 0);
      v_store(p, e);
      acc[r] += e;
    }
  });
  reduce_four(row, acc, 0);
  for (int r = 0; r < height; r++) {
    const vf factor = v_broadcast(1.0f / row[r]);
    float *p = x + (size_t)r * padded;
    size_t i = 0;
    for (; i < n; i += KK_LANES) v_store(p + i, v_load(p + i) * factor);
    for (; i < padded; i += KK_LANES) v_store(p + i, (vf){0});
  }
}

// In place, row by row: x = softmax(x·ln 2 + bias); x holds logits / ln 2, bias may be NULL.
KK_INLINE void logits_to_probabilities(float *x, const float *bias, size_t rows, size_t n,
                                       size_t padded) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    probability_rows(x + r * padded, bias ? bias + r * n : NULL, n, padded, 4);
  }
  for (; r < rows; r++) {
    probability_rows(x + r * padded, bias ? bias + r * n : NULL, n, padded, 1);
  }
}

// In place, row by row: g = p·(g - Σ g·p), and dbias += the result (unless NULL). Padding of p is
// zero, so that of g may hold anything finite and becomes zero.
KK_INLINE void probability_gradients(float *g, float *dbias, const float *p, size_t rows, size_t n,
                                     size_t padded) {
  for (size_t r = 0; r < rows; r++, g += padded, p += padded) {
    vf dot = {0};
    for (size_t i = 0; i < padded; i += KK_LANES) dot = v_fma(v_load(g + i), v_load(p + i), dot);
    const vf sum = v_broadcast(v_total(dot));
    for (size_t i = 0; i < padded; i += KK_LANES) {
      v_store(g + i, v_load(p + i) * (v_load(g + i) - sum));
    }
    if (dbias) {
      KK_FOR_LANES(i, n, v_put(dbias + i, v_get(dbias + i, lanes) + v_load(g + i), lanes));
      dbias += n;
    }
  }
}
