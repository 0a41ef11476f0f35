#include "include/losses.h"

#include <math.h>

#include "include/transforms.h"

#define KK_BODY "../losses.inc.h"
#include "internal/per_isa.h"

static double log_sum_exp(const float *x, size_t n) {
  double top = -INFINITY, sum = 0;
  for (size_t i = 0; i < n; i++) top = fmax(top, x[i]);
  for (size_t i = 0; i < n; i++) sum += exp(x[i] - top);
  return top + log(sum);
}

static void kk_cross_entropy_reference(float *loss, float *dlogits, const float *logits,
                                       const int32_t *labels, size_t rows, size_t classes,
                                       ptrdiff_t dlogits_stride, ptrdiff_t logits_stride,
                                       float smoothing, float weight) {
  for (size_t r = 0; r < rows; r++) {
    const float *z = logits + (ptrdiff_t)r * logits_stride;
    double total = log_sum_exp(z, classes), value = 0;
    for (size_t i = 0; i < classes; i++) {
      double target = smoothing / (double)classes;
      if (i == (size_t)labels[r]) target += 1.0 - smoothing;
      double log_q = z[i] - total;
      value -= target * log_q;
      if (dlogits) {
        dlogits[(ptrdiff_t)r * dlogits_stride + (ptrdiff_t)i] =
            (float)(weight * (exp(log_q) - target));
      }
    }
    loss[r] = (float)value;
  }
}

static void kk_soft_cross_entropy_reference(float *loss, float *dlogits, const float *logits,
                                            const float *target, size_t rows, size_t classes,
                                            ptrdiff_t dlogits_stride, ptrdiff_t logits_stride,
                                            ptrdiff_t target_stride, float weight) {
  for (size_t r = 0; r < rows; r++) {
    const float *z = logits + (ptrdiff_t)r * logits_stride;
    const float *t = target + (ptrdiff_t)r * target_stride;
    double total = log_sum_exp(z, classes), value = 0, mass = 0;
    for (size_t i = 0; i < classes; i++) {
      mass += t[i];
      value -= t[i] * (z[i] - total);
    }
    loss[r] = (float)value;
    for (size_t i = 0; dlogits && i < classes; i++) {
      dlogits[(ptrdiff_t)r * dlogits_stride + (ptrdiff_t)i] =
          (float)(weight * (exp(z[i] - total) * mass - t[i]));
    }
  }
}

static void kk_kl_divergence_reference(float *loss, float *dlogits, const float *logits,
                                       const float *teacher, size_t rows, size_t classes,
                                       ptrdiff_t dlogits_stride, ptrdiff_t logits_stride,
                                       ptrdiff_t teacher_stride, float weight) {
  for (size_t r = 0; r < rows; r++) {
    const float *z = logits + (ptrdiff_t)r * logits_stride;
    const float *t = teacher + (ptrdiff_t)r * teacher_stride;
    double total_q = log_sum_exp(z, classes), total_p = log_sum_exp(t, classes), value = 0;
    for (size_t i = 0; i < classes; i++) {
      double log_q = z[i] - total_q, log_p = t[i] - total_p;
      value += exp(log_p) * (log_p - log_q);
      if (dlogits) {
        dlogits[(ptrdiff_t)r * dlogits_stride + (ptrdiff_t)i] =
            (float)(weight * (exp(log_q) - exp(log_p)));
      }
    }
    loss[r] = (float)value;
  }
}

static double alpha_divergence(const float *z, const float *t, size_t classes, double alpha,
                               double ratio_clip) {
  double total_q = log_sum_exp(z, classes), total_p = log_sum_exp(t, classes), value = 0;
  for (size_t i = 0; i < classes; i++) {
    double log_q = z[i] - total_q, log_p = t[i] - total_p;
    if (alpha == 1) {
      value += exp(log_p) * (log_p - log_q);
    } else if (alpha == 0) {
      value += exp(log_q) * (log_q - log_p);
    } else {
      double w = fmin(exp(alpha * (log_p - log_q)), ratio_clip);
      value += exp(log_q) * (w - 1) / (alpha * (alpha - 1));
    }
  }
  return value;
}

static double alpha_rho(double log_q, double log_p, double alpha, double ratio_clip) {
  if (alpha == 1) return exp(log_p - log_q);
  if (alpha == 0) return log_p - log_q - 1;
  return fmin(exp(alpha * (log_p - log_q)), ratio_clip) / alpha + 1 / (alpha * (alpha - 1));
}

static void kk_alpha_divergence_reference(float *loss, float *dlogits, const float *logits,
                                          const float *teacher, size_t rows, size_t classes,
                                          ptrdiff_t dlogits_stride, ptrdiff_t logits_stride,
                                          ptrdiff_t teacher_stride,
                                          const kk_alpha_divergence_options *o) {
  for (size_t r = 0; r < rows; r++) {
    const float *z = logits + (ptrdiff_t)r * logits_stride;
    const float *t = teacher + (ptrdiff_t)r * teacher_stride;
    double low = alpha_divergence(z, t, classes, o->alpha_min, o->ratio_clip);
    double high = alpha_divergence(z, t, classes, o->alpha_max, o->ratio_clip);
    double alpha = low > high ? o->alpha_min : o->alpha_max;
    loss[r] = (float)fmax(low, high);
    if (!dlogits) continue;
    double total_q = log_sum_exp(z, classes), total_p = log_sum_exp(t, classes), mass = 0;
    for (size_t i = 0; i < classes; i++) {
      mass += exp(z[i] - total_q) * alpha_rho(z[i] - total_q, t[i] - total_p, alpha, o->ratio_clip);
    }
    for (size_t i = 0; i < classes; i++) {
      double rho = alpha_rho(z[i] - total_q, t[i] - total_p, alpha, o->ratio_clip);
      double g = exp(z[i] - total_q) * (mass - rho);
      if (o->clip > 0) g = fmin(fmax(g, -o->clip), o->clip);
      dlogits[(ptrdiff_t)r * dlogits_stride + (ptrdiff_t)i] = (float)(o->weight * g);
    }
  }
}

static void kk_label_rank_reference(int32_t *rank, const float *logits, const int32_t *labels,
                                    size_t rows, size_t classes, ptrdiff_t logits_stride) {
  for (size_t r = 0; r < rows; r++) {
    const float *z = logits + (ptrdiff_t)r * logits_stride;
    float mine = z[labels[r]];
    rank[r] = 0;
    for (size_t i = 0; i < classes; i++) {
      rank[r] += !(z[i] <= mine) || (z[i] == mine && i < (size_t)labels[r]);
    }
  }
}

static void kk_argmax_reference(int32_t *index, const float *logits, size_t rows, size_t classes,
                                ptrdiff_t logits_stride) {
  for (size_t r = 0; r < rows; r++) {
    const float *z = logits + (ptrdiff_t)r * logits_stride;
    float top = -INFINITY;
    index[r] = 0;
    for (size_t i = 0; i < classes; i++) {
      if (z[i] > top) {
        top = z[i];
        index[r] = (int32_t)i;
      }
    }
  }
}

void kk_cross_entropy(float *loss, float *dlogits, const float *logits, const int32_t *labels,
                      size_t rows, size_t classes, ptrdiff_t dlogits_stride,
                      ptrdiff_t logits_stride, float smoothing, float weight) {
  KK_DISPATCH(kk_cross_entropy, loss, dlogits, logits, labels, rows, classes, dlogits_stride,
              logits_stride, smoothing, weight);
}

void kk_soft_cross_entropy(float *loss, float *dlogits, const float *logits, const float *target,
                           size_t rows, size_t classes, ptrdiff_t dlogits_stride,
                           ptrdiff_t logits_stride, ptrdiff_t target_stride, float weight) {
  KK_DISPATCH(kk_soft_cross_entropy, loss, dlogits, logits, target, rows, classes, dlogits_stride,
              logits_stride, target_stride, weight);
}

void kk_kl_divergence(float *loss, float *dlogits, const float *logits, const float *teacher,
                      size_t rows, size_t classes, ptrdiff_t dlogits_stride,
                      ptrdiff_t logits_stride, ptrdiff_t teacher_stride, float weight) {
  KK_DISPATCH(kk_kl_divergence, loss, dlogits, logits, teacher, rows, classes, dlogits_stride,
              logits_stride, teacher_stride, weight);
}

void kk_alpha_divergence(float *loss, float *dlogits, const float *logits, const float *teacher,
                         size_t rows, size_t classes, ptrdiff_t dlogits_stride,
                         ptrdiff_t logits_stride, ptrdiff_t teacher_stride,
                         const kk_alpha_divergence_options *options) {
  KK_DISPATCH(kk_alpha_divergence, loss, dlogits, logits, teacher, rows, classes, dlogits_stride,
              logits_stride, teacher_stride, options);
}

void kk_label_rank(int32_t *rank, const float *logits, const int32_t *labels, size_t rows,
                   size_t classes, ptrdiff_t logits_stride) {
  KK_DISPATCH(kk_label_rank, rank, logits, labels, rows, classes, logits_stride);
}

void kk_argmax(int32_t *index, const float *logits, size_t rows, size_t classes,
               ptrdiff_t logits_stride) {
  KK_DISPATCH(kk_argmax, index, logits, rows, classes, logits_stride);
}
