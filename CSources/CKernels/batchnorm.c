#include "include/batchnorm.h"

#include <math.h>

#include "depthwise_reference.h"

#define KK_BODY "../batchnorm.inc.h"
#include "internal/per_isa.h"

size_t kk_batchnorm_chunk(size_t rows, size_t channels) {
  size_t chunk = channels < 65536 ? (65536 + channels - 1) / (channels ? channels : 1) : 1;
  size_t least = (rows + 255) / 256;
  return chunk > least ? chunk : least;
}

void kk_batchnorm_moments(double *mean, double *variance, const float *sums, const float *squares,
                          ptrdiff_t chunk_stride, size_t chunks, size_t count, size_t channels) {
  for (size_t c = 0; c < channels; c++) mean[c] = variance[c] = 0;
  for (size_t i = 0; i < chunks; i++, sums += chunk_stride, squares += chunk_stride) {
    for (size_t c = 0; c < channels; c++) {
      mean[c] += sums[c];
      variance[c] += squares[c];
    }
  }
  for (size_t c = 0; c < channels; c++) {
    mean[c] /= (double)count;
    variance[c] = fmax(variance[c] / (double)count - mean[c] * mean[c], 0);
  }
}

void kk_batchnorm_affine(float *scale, float *shift, float *inverse_std, const double *mean,
                         const double *variance, const float *gamma, const float *beta,
                         double epsilon, size_t channels) {
  for (size_t c = 0; c < channels; c++) {
    double inverse = 1 / sqrt(variance[c] + epsilon), a = gamma ? gamma[c] * inverse : inverse;
    scale[c] = (float)a;
    shift[c] = (float)((beta ? beta[c] : 0) - mean[c] * a);
    if (inverse_std) inverse_std[c] = (float)inverse;
  }
}

void kk_batchnorm_running(float *running_mean, float *running_variance, const double *mean,
                          const double *variance, size_t count, double momentum, size_t channels) {
  double unbiased = count > 1 ? (double)count / (double)(count - 1) : 1;
  for (size_t c = 0; c < channels; c++) {
    double m = running_mean[c], v = running_variance[c];
    running_mean[c] = (float)(m + momentum * (mean[c] - m));
    running_variance[c] = (float)(v + momentum * (variance[c] * unbiased - v));
  }
}

void kk_batchnorm_gradient_coefficients(float *a, float *b, float *c, float *dgamma, float *dbeta,
                                        const float *sums, const float *products,
                                        ptrdiff_t chunk_stride, size_t chunks, const double *mean,
                                        const float *inverse_std, const float *gamma, size_t count,
                                        size_t channels) {
  for (size_t i = 0; i < channels; i++) {
    double sum = 0, product = 0;
    for (size_t chunk = 0; chunk < chunks; chunk++) {
      sum += sums[(ptrdiff_t)chunk * chunk_stride + (ptrdiff_t)i];
      product += products[(ptrdiff_t)chunk * chunk_stride + (ptrdiff_t)i];
    }
    double inverse = inverse_std[i], scale = gamma ? gamma[i] * inverse : inverse;
    double normalised = inverse * (product - mean[i] * sum);  // Σ g·x̂
    double slope = count ? -scale * inverse * normalised / (double)count : 0;
    a[i] = (float)scale;
    b[i] = (float)slope;
    c[i] = count ? (float)(-scale * sum / (double)count - slope * mean[i]) : 0;
    if (dgamma) dgamma[i] += (float)normalised;
    if (dbeta) dbeta[i] += (float)sum;
  }
}

void kk_batchnorm_statistics_reference(float *sums, float *squares, const float *x,
                                       ptrdiff_t x_stride, size_t channels, size_t first,
                                       size_t last) {
  for (size_t c = 0; c < channels; c++) {
    double sum = 0, square = 0;
    for (size_t row = first; row < last; row++) {
      double v = x[(ptrdiff_t)row * x_stride + (ptrdiff_t)c];
      sum += v;
      square += v * v;
    }
    sums[c] = (float)sum;
    squares[c] = (float)square;
  }
}

void kk_batchnorm_apply_reference(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                                  const kk_input *input, const float *residual,
                                  ptrdiff_t residual_stride, const kk_input *residual_input,
                                  size_t channels, size_t first, size_t last) {
  for (size_t row = first; row < last; row++) {
    for (size_t c = 0; c < channels; c++) {
      float v = x[(ptrdiff_t)row * x_stride + (ptrdiff_t)c];
      v = kk_transform_reference(input, v, c);
      if (residual) {
        float r = residual[(ptrdiff_t)row * residual_stride + (ptrdiff_t)c];
        v += kk_transform_reference(residual_input, r, c);
      }
      y[(ptrdiff_t)row * y_stride + (ptrdiff_t)c] = v;
    }
  }
}

void kk_batchnorm_gradient_sums_reference(float *g, ptrdiff_t g_stride, float *sums,
                                          float *products, const float *dy, ptrdiff_t dy_stride,
                                          const float *x, ptrdiff_t x_stride, const kk_input *input,
                                          size_t channels, size_t first, size_t last) {
  for (size_t c = 0; c < channels; c++) {
    double sum = 0, product = 0;
    for (size_t row = first; row < last; row++) {
      float raw = x[(ptrdiff_t)row * x_stride + (ptrdiff_t)c];
      float v = dy[(ptrdiff_t)row * dy_stride + (ptrdiff_t)c] * kk_slope_reference(input, raw, c);
      if (g) g[(ptrdiff_t)row * g_stride + (ptrdiff_t)c] = v;
      sum += v;
      product += (double)v * raw;
    }
    sums[c] = (float)sum;
    products[c] = (float)product;
  }
}

void kk_batchnorm_gradient_apply_reference(float *d, ptrdiff_t d_stride, const float *g,
                                           ptrdiff_t g_stride, const kk_gradient *gradient,
                                           size_t channels, size_t first, size_t last) {
  for (size_t row = first; row < last; row++) {
    for (size_t c = 0; c < channels; c++) {
      float v = g[(ptrdiff_t)row * g_stride + (ptrdiff_t)c];
      if (gradient && gradient->a) {
        double y = gradient->y[(ptrdiff_t)row * gradient->y_stride + (ptrdiff_t)c];
        v = (float)((double)gradient->a[c] * v + gradient->b[c] * y + gradient->c[c]);
      }
      d[(ptrdiff_t)row * d_stride + (ptrdiff_t)c] = v;
    }
  }
}

void kk_batchnorm_statistics(float *sums, float *squares, const float *x, ptrdiff_t x_stride,
                             size_t channels, size_t first, size_t last) {
  KK_DISPATCH(kk_batchnorm_statistics, sums, squares, x, x_stride, channels, first, last);
}

void kk_batchnorm_apply(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                        const kk_input *input, const float *residual, ptrdiff_t residual_stride,
                        const kk_input *residual_input, size_t channels, size_t first,
                        size_t last) {
  KK_DISPATCH(kk_batchnorm_apply, y, y_stride, x, x_stride, input, residual, residual_stride,
              residual_input, channels, first, last);
}

void kk_batchnorm_gradient_sums(float *g, ptrdiff_t g_stride, float *sums, float *products,
                                const float *dy, ptrdiff_t dy_stride, const float *x,
                                ptrdiff_t x_stride, const kk_input *input, size_t channels,
                                size_t first, size_t last) {
  KK_DISPATCH(kk_batchnorm_gradient_sums, g, g_stride, sums, products, dy, dy_stride, x, x_stride,
              input, channels, first, last);
}

void kk_batchnorm_gradient_apply(float *d, ptrdiff_t d_stride, const float *g, ptrdiff_t g_stride,
                                 const kk_gradient *gradient, size_t channels, size_t first,
                                 size_t last) {
  KK_DISPATCH(kk_batchnorm_gradient_apply, d, d_stride, g, g_stride, gradient, channels, first,
              last);
}
