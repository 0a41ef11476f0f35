// The weight gradient of a depthwise convolution for one vector of channels, in registers: rows as
// in depthwise_rows.inc.h.

// Columns of one step of the weight gradient.
KK_INLINE size_t KK_FN(step_width)(size_t width) {
#if KK_AVX2
  (void)width;
  return 4;
#else
  return width % 8 == 0 ? 8 : width % 7 == 0 || width > 8 ? 7 : width > 4 ? 8 : 4;
#endif
}

// dw[t] += Σ_i Σ_x a[i][x·S + t]·d[i][x] over `count` pairs of rows. The K sums are split over M
// columns, so that enough independent additions are under way to hide their latency.
KK_INLINE void KK_FN(weight_row)(float *dw, const float *const *a, const float *const *d,
                                 size_t count, size_t width, size_t stride, const int K,
                                 const int S, const int R) {
  const int M = K == 1 ? 4 : K == 3 ? 3 : K == 5 ? 2 : KK_AVX2 ? 1 : 2;
  vf sum[4][KK_DEPTHWISE_TAPS];
  KK_FULL_UNROLL for (int m = 0; m < M; m++) {
    KK_FULL_UNROLL for (int t = 0; t < K; t++) sum[m][t] = v_splat(0.0f);
  }
  for (size_t i = 0; i < count; i++) {
    const float *in = a[i], *grad = d[i];
    for (size_t x = 0; x < width; x += R, in += R * stride * KK_LANES, grad += R * KK_LANES) {
      vf dv[8];
      KK_FULL_UNROLL for (int r = 0; r < R; r++) dv[r] = v_load(grad + r * KK_LANES);
      if (S == 0) {
        KK_FULL_UNROLL for (int r = 0; r < R; r++) {
          KK_FULL_UNROLL for (int t = 0; t < K; t++) {
            sum[r % M][t] = v_fma(v_load(in + (r * stride + t) * KK_LANES), dv[r], sum[r % M][t]);
          }
        }
        continue;
      }
      KK_FULL_UNROLL for (int j = 0; j < (R - 1) * S + K; j++) {
        vf av = v_load(in + j * KK_LANES);
        KK_FULL_UNROLL for (int t = 0; t < K; t++) {
          if (j >= t && S && (j - t) % S == 0 && (j - t) / S < R) {
            int r = (j - t) / S;
            sum[r % M][t] = v_fma(av, dv[r], sum[r % M][t]);
          }
        }
      }
    }
  }
  KK_FULL_UNROLL for (int t = 0; t < K; t++) {
    vf total = v_load(dw + t * KK_LANES);
    KK_FULL_UNROLL for (int m = 0; m < M; m++) total += sum[m][t];
    v_store(dw + t * KK_LANES, total);
  }
}

#define KK_WEIGHT_CASE_(K, S, R)                                        \
  case R:                                                               \
    KK_FN(weight_row)(dw, a, d, count, width, S ? S : stride, K, S, R); \
    break
#if KK_AVX2
#define KK_WEIGHT_WIDE_(K, S)
#else
#define KK_WEIGHT_WIDE_(K, S) \
  KK_WEIGHT_CASE_(K, S, 7);   \
  KK_WEIGHT_CASE_(K, S, 8)
#endif
#define KK_WEIGHT_(K, S)                                                                   \
  static __attribute__((noinline)) void KK_FN(weight_##K##_##S)(                           \
      float *dw, const float *const *a, const float *const *d, size_t count, size_t width, \
      size_t stride) {                                                                     \
    switch (KK_FN(step_width)(width)) {                                                    \
      KK_WEIGHT_CASE_(K, S, 4);                                                            \
      KK_WEIGHT_WIDE_(K, S);                                                               \
    }                                                                                      \
  }
KK_WEIGHT_(1, 1)
KK_WEIGHT_(3, 1)
KK_WEIGHT_(5, 1)
KK_WEIGHT_(7, 1)
KK_WEIGHT_(3, 2)
KK_WEIGHT_(5, 2)
KK_WEIGHT_(7, 2)
KK_WEIGHT_(1, 0)
KK_WEIGHT_(3, 0)
KK_WEIGHT_(5, 0)
KK_WEIGHT_(7, 0)
#undef KK_WEIGHT_CASE_
#undef KK_WEIGHT_WIDE_
#undef KK_WEIGHT_

typedef void (*KK_FN(weight_kernel))(float *, const float *const *, const float *const *, size_t,
                                     size_t, size_t);

static KK_FN(weight_kernel) KK_FN(choose_weight)(size_t taps, size_t stride) {
  switch (taps) {
    case 3:
      return stride == 1 ? KK_FN(weight_3_1) : stride == 2 ? KK_FN(weight_3_2) : KK_FN(weight_3_0);
    case 5:
      return stride == 1 ? KK_FN(weight_5_1) : stride == 2 ? KK_FN(weight_5_2) : KK_FN(weight_5_0);
    case 7:
      return stride == 1 ? KK_FN(weight_7_1) : stride == 2 ? KK_FN(weight_7_2) : KK_FN(weight_7_0);
    default:
      return stride == 1 ? KK_FN(weight_1_1) : KK_FN(weight_1_0);
  }
}
