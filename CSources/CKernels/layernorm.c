#include "include/layernorm.h"

#include <math.h>

#include "include/transforms.h"

#define KK_BODY "../layernorm.inc.h"
#include "internal/per_isa.h"

// Element (r, c) of a tensor whose row stride is the variable of its name.
#define AT(x, r, c) x[(ptrdiff_t)(r) * x##_stride + (ptrdiff_t)(c)]

static void kk_layer_norm_reference(float *y, float *mean, float *rstd, const float *x,
                                    const float *gamma, const float *beta, size_t groups,
                                    size_t tokens, size_t channels, ptrdiff_t y_stride,
                                    ptrdiff_t x_stride, float epsilon) {
  double n = (double)(tokens * channels);
  for (size_t g = 0; g < groups; g++) {
    double sum = 0, squares = 0;
    for (size_t r = g * tokens; r < (g + 1) * tokens; r++) {
      for (size_t c = 0; c < channels; c++) sum += AT(x, r, c);
    }
    for (size_t r = g * tokens; r < (g + 1) * tokens; r++) {
      for (size_t c = 0; c < channels; c++) {
        squares += (AT(x, r, c) - sum / n) * (AT(x, r, c) - sum / n);
      }
    }
    mean[g] = (float)(sum / n);
    rstd[g] = (float)(1 / sqrt(squares / n + epsilon));
    for (size_t r = g * tokens; r < (g + 1) * tokens; r++) {
      for (size_t c = 0; c < channels; c++) {
        AT(y, r, c) = gamma[c] * ((AT(x, r, c) - mean[g]) * rstd[g]) + beta[c];
      }
    }
  }
}

static void kk_layer_norm_residual_reference(float *y, float *h, float *mean, float *rstd,
                                             const float *x, const float *f, const float *scale,
                                             const float *gamma, const float *beta, size_t groups,
                                             size_t tokens, size_t channels, ptrdiff_t y_stride,
                                             ptrdiff_t h_stride, ptrdiff_t x_stride,
                                             ptrdiff_t f_stride, float factor, float epsilon) {
  for (size_t r = 0; r < groups * tokens; r++) {
    for (size_t c = 0; c < channels; c++) {
      AT(h, r, c) = fmaf(factor * (scale ? scale[c] : 1.0f), AT(f, r, c), AT(x, r, c));
    }
  }
  kk_layer_norm_reference(y, mean, rstd, h, gamma, beta, groups, tokens, channels, y_stride,
                          h_stride, epsilon);
}

static void kk_layer_norm_backward_reference(float *dx, float *dgamma, float *dbeta,
                                             const float *dy, const float *add, const float *x,
                                             const float *mean, const float *rstd,
                                             const float *gamma, size_t groups, size_t tokens,
                                             size_t channels, ptrdiff_t dx_stride,
                                             ptrdiff_t dy_stride, ptrdiff_t add_stride,
                                             ptrdiff_t x_stride) {
  double n = (double)(tokens * channels);
  for (size_t g = 0; g < groups; g++) {
    double sum = 0, product = 0;
    for (size_t r = g * tokens; r < (g + 1) * tokens; r++) {
      for (size_t c = 0; c < channels; c++) {
        double normal = ((double)AT(x, r, c) - mean[g]) * rstd[g];
        dbeta[c] += AT(dy, r, c);
        dgamma[c] += (float)(AT(dy, r, c) * normal);
        sum += (double)AT(dy, r, c) * gamma[c];
        product += AT(dy, r, c) * gamma[c] * normal;
      }
    }
    for (size_t r = g * tokens; r < (g + 1) * tokens; r++) {
      for (size_t c = 0; c < channels; c++) {
        double normal = ((double)AT(x, r, c) - mean[g]) * rstd[g];
        double through =
            rstd[g] * ((double)AT(dy, r, c) * gamma[c] - sum / n - normal * product / n);
        AT(dx, r, c) = (float)(through + (add ? AT(add, r, c) : 0));
      }
    }
  }
}

void kk_layer_norm(float *y, float *mean, float *rstd, const float *x, const float *gamma,
                   const float *beta, size_t groups, size_t tokens, size_t channels,
                   ptrdiff_t y_stride, ptrdiff_t x_stride, float epsilon) {
  KK_DISPATCH(kk_layer_norm, y, mean, rstd, x, gamma, beta, groups, tokens, channels, y_stride,
              x_stride, epsilon);
}

void kk_layer_norm_residual(float *y, float *h, float *mean, float *rstd, const float *x,
                            const float *f, const float *scale, const float *gamma,
                            const float *beta, size_t groups, size_t tokens, size_t channels,
                            ptrdiff_t y_stride, ptrdiff_t h_stride, ptrdiff_t x_stride,
                            ptrdiff_t f_stride, float factor, float epsilon) {
  KK_DISPATCH(kk_layer_norm_residual, y, h, mean, rstd, x, f, scale, gamma, beta, groups, tokens,
              channels, y_stride, h_stride, x_stride, f_stride, factor, epsilon);
}

void kk_layer_norm_backward(float *dx, float *dgamma, float *dbeta, const float *dy,
                            const float *add, const float *x, const float *mean, const float *rstd,
                            const float *gamma, size_t groups, size_t tokens, size_t channels,
                            ptrdiff_t dx_stride, ptrdiff_t dy_stride, ptrdiff_t add_stride,
                            ptrdiff_t x_stride) {
  KK_DISPATCH(kk_layer_norm_backward, dx, dgamma, dbeta, dy, add, x, mean, rstd, gamma, groups,
              tokens, channels, dx_stride, dy_stride, add_stride, x_stride);
}
