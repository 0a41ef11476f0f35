// The row-wise steps of attention, on rows padded to a multiple of 16 whose padding is zero.
// Included after softmax_rows.inc.h.

#define v_larger KK_FN(kk_v_larger)
#define v_exp2_nonpositive KK_FN(kk_v_exp2_nonpositive)
#define logits_to_probabilities KK_FN(kk_logits_to_probabilities)
#define probability_gradients KK_FN(kk_probability_gradients)

// The larger one (b where either is NaN): one instruction.
KK_INLINE vf v_larger(vf a, vf b) {
#if KK_AVX512
  return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif KK_AVX2
  return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return v_select(a > b, a, b);
#endif
}

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

// In place, row by row: x = softmax(x·ln 2 + bias); x holds logits / ln 2, bias may be NULL.
KK_INLINE void logits_to_probabilities(float *x, const float *bias, size_t rows, size_t n,
                                       size_t padded) {
  const float log2_e = 1.44269504f;
  for (size_t r = 0; r < rows; r++, x += padded) {
    vf m = v_broadcast(-__builtin_inff()), sum = {0};
    KK_FOR_LANES(i, n, {
      vf v = v_load(x + i);
      if (bias) v = v_fma(v_get(bias + i, lanes), v_broadcast(log2_e), v);
      if (lanes < KK_LANES) v = v_first(v, lanes, -__builtin_inff());
      v_store(x + i, v);
      m = v_larger(v, m);
    });
    const vf top = v_broadcast(v_hmax(m));
    KK_FOR_LANES(i, n, {
      vf e = v_exp2_nonpositive(v_load(x + i) - top);
      if (lanes < KK_LANES) e = v_first(e, lanes, 0);
      v_store(x + i, e);
      sum += e;
    });
    const vf factor = v_broadcast(1.0f / v_sum(sum));
    size_t i = 0;
    for (; i < n; i += KK_LANES) v_store(x + i, v_load(x + i) * factor);
    for (; i < padded; i += KK_LANES) v_store(x + i, (vf){0});
    if (bias) bias += n;
  }
}

// In place, row by row: g = p·(g - Σ g·p), and dbias += the result (unless NULL). Padding of p is
// zero, so that of g may hold anything finite and becomes zero.
KK_INLINE void probability_gradients(float *g, float *dbias, const float *p, size_t rows, size_t n,
                                     size_t padded) {
  for (size_t r = 0; r < rows; r++, g += padded, p += padded) {
    vf dot = {0};
    for (size_t i = 0; i < padded; i += KK_LANES) dot = v_fma(v_load(g + i), v_load(p + i), dot);
    const vf sum = v_broadcast(v_sum(dot));
    for (size_t i = 0; i < padded; i += KK_LANES) {
      v_store(g + i, v_load(p + i) * (v_load(g + i) - sum));
    }
    if (dbias) {
      KK_FOR_LANES(i, n, v_put(dbias + i, v_get(dbias + i, lanes) + v_load(g + i), lanes));
      dbias += n;
    }
  }
}
