// Vector bodies of losses.h.
#include "softmax_rows.inc.h"

#define alpha_value KK_FN(kk_alpha_value)
#define alpha_gradient KK_FN(kk_alpha_gradient)

void KK_FN(kk_cross_entropy)(float *loss, float *dlogits, const float *logits,
                             const int32_t *labels, size_t rows, size_t classes,
                             ptrdiff_t dlogits_stride, ptrdiff_t logits_stride, float smoothing,
                             float weight) {
  const float uniform = smoothing / (float)classes;
  for (size_t r = 0; r < rows; r++, logits += logits_stride) {
    const float total = row_log_sum_exp(logits, classes);
    float value = (1.0f - smoothing) * (total - logits[labels[r]]);
    if (smoothing != 0) {
      vf sum = {0};
      KK_FOR_LANES(i, classes, sum += v_first(total - v_get(logits + i, lanes), lanes, 0));
      value += uniform * v_total(sum);
    }
    loss[r] = value;
    if (!dlogits) continue;
    KK_FOR_LANES(i, classes, {
      vf q = v_exp(v_get(logits + i, lanes) - total);
      v_put(dlogits + i, (q - uniform) * weight, lanes);
    });
    dlogits[labels[r]] -= (1.0f - smoothing) * weight;
    dlogits += dlogits_stride;
  }
}

void KK_FN(kk_soft_cross_entropy)(float *loss, float *dlogits, const float *logits,
                                  const float *target, size_t rows, size_t classes,
                                  ptrdiff_t dlogits_stride, ptrdiff_t logits_stride,
                                  ptrdiff_t target_stride, float weight) {
  for (size_t r = 0; r < rows; r++, logits += logits_stride, target += target_stride) {
    const float total = row_log_sum_exp(logits, classes);
    vf value = {0}, mass = {0};
    KK_FOR_LANES(i, classes, {
      vf t = v_get(target + i, lanes);
      mass += t;
      value = v_fma(t, total - v_get(logits + i, lanes), value);
    });
    loss[r] = v_total(value);
    if (!dlogits) continue;
    const float sum = v_total(mass);
    KK_FOR_LANES(i, classes, {
      vf q = v_exp(v_get(logits + i, lanes) - total);
      v_put(dlogits + i, v_fma(q, v_splat(sum), -v_get(target + i, lanes)) * weight, lanes);
    });
    dlogits += dlogits_stride;
  }
}

void KK_FN(kk_kl_divergence)(float *loss, float *dlogits, const float *logits, const float *teacher,
                             size_t rows, size_t classes, ptrdiff_t dlogits_stride,
                             ptrdiff_t logits_stride, ptrdiff_t teacher_stride, float weight) {
  for (size_t r = 0; r < rows; r++, logits += logits_stride, teacher += teacher_stride) {
    const float total_q = row_log_sum_exp(logits, classes);
    const float total_p = row_log_sum_exp(teacher, classes);
    vf value = {0};
    KK_FOR_LANES(i, classes, {
      vf log_q = v_get(logits + i, lanes) - total_q, log_p = v_get(teacher + i, lanes) - total_p;
      vf p = v_exp(log_p);
      value += v_first(p * (log_p - log_q), lanes, 0);
      if (dlogits) v_put(dlogits + i, (v_exp(log_q) - p) * weight, lanes);
    });
    loss[r] = v_total(value);
    if (dlogits) dlogits += dlogits_stride;
  }
}

// D_α of one row.
KK_INLINE float alpha_value(const float *logits, const float *teacher, size_t classes,
                            float total_q, float total_p, float alpha, float ratio_clip) {
  vf value = {0};
  KK_FOR_LANES(i, classes, {
    vf log_q = v_get(logits + i, lanes) - total_q, log_p = v_get(teacher + i, lanes) - total_p;
    vf term;
    if (alpha == 1) {
      term = v_exp(log_p) * (log_p - log_q);
    } else if (alpha == 0) {
      term = v_exp(log_q) * (log_q - log_p);
    } else {
      vf w = v_at_most(v_exp((log_p - log_q) * alpha), ratio_clip);
      term = v_exp(log_q) * (w - 1.0f);
    }
    value += v_first(term, lanes, 0);
  });
  return v_total(value) * (alpha == 1 || alpha == 0 ? 1.0f : 1.0f / (alpha * (alpha - 1)));
}

// Logit gradient of one row: q·Σ q·ρ - q·ρ, where a constant in ρ cancels. The second pass computes
// q·ρ again rather than keeping it, so that dlogits may be the logits.
KK_INLINE void alpha_gradient(float *dlogits, const float *logits, const float *teacher,
                              size_t classes, float total_q, float total_p, float alpha,
                              const kk_alpha_divergence_options *o) {
  vf mass = {0};
  for (int pass = 0; pass < 2; pass++) {
    const vf sum = v_splat(pass ? v_total(mass) : 0);
    KK_FOR_LANES(i, classes, {
      vf log_q = v_get(logits + i, lanes) - total_q, log_p = v_get(teacher + i, lanes) - total_p;
      vf q = v_exp(log_q), weighted;
      if (alpha == 1) {
        weighted = v_exp(log_p);
      } else if (alpha == 0) {
        weighted = q * (log_p - log_q);
      } else {
        weighted = q * v_at_most(v_exp((log_p - log_q) * alpha), o->ratio_clip) / alpha;
      }
      if (pass == 0) {
        mass += v_first(weighted, lanes, 0);
      } else {
        vf g = v_fma(q, sum, -weighted);
        if (o->clip > 0) g = v_at_most(v_at_least(g, -o->clip), o->clip);
        v_put(dlogits + i, g * o->weight, lanes);
      }
    });
  }
}

void KK_FN(kk_alpha_divergence)(float *loss, float *dlogits, const float *logits,
                                const float *teacher, size_t rows, size_t classes,
                                ptrdiff_t dlogits_stride, ptrdiff_t logits_stride,
                                ptrdiff_t teacher_stride,
                                const kk_alpha_divergence_options *options) {
  for (size_t r = 0; r < rows; r++, logits += logits_stride, teacher += teacher_stride) {
    const float total_q = row_log_sum_exp(logits, classes);
    const float total_p = row_log_sum_exp(teacher, classes);
    float low = alpha_value(logits, teacher, classes, total_q, total_p, options->alpha_min,
                            options->ratio_clip);
    float high = alpha_value(logits, teacher, classes, total_q, total_p, options->alpha_max,
                             options->ratio_clip);
    loss[r] = low > high ? low : high;
    if (!dlogits) continue;
    alpha_gradient(dlogits, logits, teacher, classes, total_q, total_p,
                   low > high ? options->alpha_min : options->alpha_max, options);
    dlogits += dlogits_stride;
  }
}

void KK_FN(kk_label_rank)(int32_t *rank, const float *logits, const int32_t *labels, size_t rows,
                          size_t classes, ptrdiff_t logits_stride) {
  for (size_t r = 0; r < rows; r++, logits += logits_stride) {
    const vf mine = v_splat(logits[labels[r]]);
    vi above = {0};
    KK_FOR_LANES(i, classes, {
      vf x = lanes == KK_LANES ? v_get(logits + i, lanes)
                               : v_first(v_get(logits + i, lanes), lanes, -__builtin_inff());
      above += (vi)(x <= mine) + 1;
    });
    int32_t count = 0;
    for (int l = 0; l < KK_LANES; l++) count += above[l];
    const size_t left = classes % KK_LANES;
    if (left && logits[labels[r]] != logits[labels[r]]) count -= (int32_t)(KK_LANES - left);
    for (int32_t k = 0; k < labels[r]; k++) count += logits[k] == logits[labels[r]];
    rank[r] = count;
  }
}

void KK_FN(kk_argmax)(int32_t *index, const float *logits, size_t rows, size_t classes,
                      ptrdiff_t logits_stride) {
  for (size_t r = 0; r < rows; r++, logits += logits_stride) {
    const float top = row_max(logits, classes);
    size_t i = 0;
    while (i < classes && logits[i] != top) i++;
    index[r] = i < classes ? (int32_t)i : 0;
  }
}

#undef alpha_value
#undef alpha_gradient
