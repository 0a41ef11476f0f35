// One row of softmax and log-sum-exp, for the bodies of softmax.h, losses.h and attention.h.
#include "activations.inc.h"
#include "elementwise_lanes.inc.h"

#define v_first KK_FN(kk_v_first)
#define row_max KK_FN(kk_row_max)
#define row_exp_sum KK_FN(kk_row_exp_sum)
#define row_log_sum_exp KK_FN(kk_row_log_sum_exp)
#define softmax_row KK_FN(kk_softmax_row)
#define softmax_backward_row KK_FN(kk_softmax_backward_row)

// The first `lanes` lanes of v, `other` in the rest.
KK_INLINE vf v_first(vf v, size_t lanes, float other) {
  if (lanes == KK_LANES) return v;
  vi index;
  for (int i = 0; i < KK_LANES; i++) index[i] = i;
  return v_select(index < (vi){0} + (int32_t)lanes, v, v_splat(other));
}

KK_INLINE float row_max(const float *x, size_t n) {
  vf m = v_splat(-__builtin_inff());
  KK_FOR_LANES(i, n, m = v_larger(m, v_first(v_get(x + i, lanes), lanes, -__builtin_inff())));
  return v_top(m);
}

// y = exp(scale·x - top); returns the sum. y == NULL: only the sum.
KK_INLINE float row_exp_sum(float *y, const float *x, size_t n, float scale, float top) {
  vf sum = {0};
  KK_FOR_LANES(i, n, {
    vf e = v_exp(v_fma(v_get(x + i, lanes), v_splat(scale), v_splat(-top)));
    if (y) v_put(y + i, e, lanes);
    sum += v_first(e, lanes, 0);
  });
  return v_total(sum);
}

// log Σ exp x.
KK_INLINE float row_log_sum_exp(const float *x, size_t n) {
  float top = row_max(x, n);
  return top + v_log(v_splat(row_exp_sum(NULL, x, n, 1.0f, top)))[0];
}

KK_INLINE void softmax_row(float *y, const float *x, size_t n, float scale) {
  if (n <= 4 * KK_LANES) {  // the row stays in registers
    vf v[4];
    vf m = v_splat(-__builtin_inff()), sum = {0};
    for (int k = 0; k < 4; k++) {
      size_t i = (size_t)k * KK_LANES;
      if (i >= n) break;
      size_t lanes = n - i < KK_LANES ? n - i : KK_LANES;
      v[k] = v_first(v_get(x + i, lanes) * scale, lanes, -__builtin_inff());
      m = v_larger(m, v[k]);
    }
    m = v_splat(v_top(m));
    for (int k = 0; k < 4; k++) {
      if ((size_t)k * KK_LANES >= n) break;
      v[k] = v_exp(v[k] - m);
      sum += v[k];
    }
    float factor = 1.0f / v_total(sum);
    for (int k = 0; k < 4; k++) {
      size_t i = (size_t)k * KK_LANES;
      if (i >= n) break;
      v_put(y + i, v[k] * factor, n - i < KK_LANES ? n - i : KK_LANES);
    }
    return;
  }
  vf m = v_splat(-__builtin_inff());
  KK_FOR_LANES(i, n,
               m = v_larger(m, v_first(v_get(x + i, lanes) * scale, lanes, -__builtin_inff())));
  float factor = 1.0f / row_exp_sum(y, x, n, scale, v_top(m));
  KK_FOR_LANES(i, n, v_put(y + i, v_get(y + i, lanes) * factor, lanes));
}

KK_INLINE void softmax_backward_row(float *dx, const float *dy, const float *y, size_t n,
                                    float scale) {
  vf sum = {0};
  KK_FOR_LANES(i, n, sum = v_fma(v_get(dy + i, lanes), v_get(y + i, lanes), sum));
  float product = v_total(sum);
  KK_FOR_LANES(i, n, {
    vf v = (v_get(dy + i, lanes) - product) * (v_get(y + i, lanes) * scale);
    v_put(dx + i, v, lanes);
  });
}
