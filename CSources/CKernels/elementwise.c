#include "include/elementwise.h"

#include "activations_reference.h"

#define KK_BODY "../elementwise.inc.h"
#include "internal/per_isa.h"

// Element (r, c) of a tensor whose row stride is the variable of its name.
#define AT(x, r, c) x[(ptrdiff_t)(r) * x##_stride + (ptrdiff_t)(c)]

static void kk_activation_forward_reference(float *y, const float *x, size_t n,
                                            kk_activation activation) {
  for (size_t i = 0; i < n; i++) y[i] = kk_activate_reference(activation, x[i]);
}

static void kk_activation_backward_reference(float *dx, const float *dy, const float *x, size_t n,
                                             kk_activation activation) {
  for (size_t i = 0; i < n; i++) dx[i] = dy[i] * kk_activate_gradient_reference(activation, x[i]);
}

static void kk_add_reference(float *y, const float *a, const float *b, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

static void kk_multiply_reference(float *y, const float *a, const float *b, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = a[i] * b[i];
}

static void kk_multiply_add_reference(float *y, const float *a, const float *b, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = fmaf(a[i], b[i], y[i]);
}

static void kk_bias_add_reference(float *y, const float *x, const float *bias, size_t rows,
                                  size_t channels, ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) AT(y, r, c) = AT(x, r, c) + bias[c];
  }
}

static void kk_bias_gradient_reference(float *dbias, const float *dy, size_t rows, size_t channels,
                                       ptrdiff_t dy_stride) {
  for (size_t c = 0; c < channels; c++) {
    double sum = 0;
    for (size_t r = 0; r < rows; r++) sum += AT(dy, r, c);
    dbias[c] += (float)sum;
  }
}

static void kk_channel_scale_reference(float *y, const float *x, const float *scale, size_t rows,
                                       size_t channels, ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) AT(y, r, c) = AT(x, r, c) * scale[c];
  }
}

static void kk_channel_scale_gradient_reference(float *dscale, const float *dy, const float *x,
                                                size_t rows, size_t channels, ptrdiff_t dy_stride,
                                                ptrdiff_t x_stride, float factor) {
  for (size_t c = 0; c < channels; c++) {
    double sum = 0;
    for (size_t r = 0; r < rows; r++) sum += (double)AT(dy, r, c) * AT(x, r, c);
    dscale[c] += (float)(factor * sum);
  }
}

static void kk_residual_scale_reference(float *y, const float *x, const float *f,
                                        const float *scale, size_t rows, size_t channels,
                                        ptrdiff_t y_stride, ptrdiff_t x_stride, ptrdiff_t f_stride,
                                        float factor) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) {
      AT(y, r, c) = fmaf(scale[c] * factor, AT(f, r, c), AT(x, r, c));
    }
  }
}

static void kk_residual_scale_backward_reference(float *df, float *dscale, const float *dy,
                                                 const float *f, const float *scale, size_t rows,
                                                 size_t channels, ptrdiff_t df_stride,
                                                 ptrdiff_t dy_stride, ptrdiff_t f_stride,
                                                 float factor) {
  for (size_t c = 0; c < channels; c++) {
    double sum = 0;
    for (size_t r = 0; r < rows; r++) {
      sum += (double)AT(dy, r, c) * AT(f, r, c);
      AT(df, r, c) = scale[c] * factor * AT(dy, r, c);
    }
    dscale[c] += (float)(factor * sum);
  }
}

static void kk_sample_scale_reference(float *y, const float *x, const float *f, const float *factor,
                                      size_t samples, size_t n) {
  for (size_t i = 0; i < samples * n; i++) {
    y[i] = x ? fmaf(factor[i / n], f[i], x[i]) : factor[i / n] * f[i];
  }
}

static void kk_copy_rows_reference(float *y, const float *x, size_t rows, size_t channels,
                                   ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) AT(y, r, c) = AT(x, r, c);
  }
}

static void kk_add_rows_reference(float *y, const float *x, size_t rows, size_t channels,
                                  ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) AT(y, r, c) += AT(x, r, c);
  }
}

static void kk_transpose_reference(float *y, const float *x, size_t rows, size_t columns,
                                   ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) AT(y, c, r) = AT(x, r, c);
  }
}

static void kk_gather_rows_reference(float *y, const float *table, const int32_t *index,
                                     size_t rows, size_t channels, ptrdiff_t y_stride,
                                     ptrdiff_t table_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) AT(y, r, c) = AT(table, index[r], c);
  }
}

static void kk_scatter_add_rows_reference(float *table, const float *x, const int32_t *index,
                                          size_t rows, size_t channels, ptrdiff_t table_stride,
                                          ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) AT(table, index[r], c) += AT(x, r, c);
  }
}

void kk_activation_forward(float *y, const float *x, size_t n, kk_activation activation) {
  KK_DISPATCH(kk_activation_forward, y, x, n, activation);
}

void kk_activation_backward(float *dx, const float *dy, const float *x, size_t n,
                            kk_activation activation) {
  KK_DISPATCH(kk_activation_backward, dx, dy, x, n, activation);
}

void kk_add(float *y, const float *a, const float *b, size_t n) { KK_DISPATCH(kk_add, y, a, b, n); }

void kk_multiply(float *y, const float *a, const float *b, size_t n) {
  KK_DISPATCH(kk_multiply, y, a, b, n);
}

void kk_multiply_add(float *y, const float *a, const float *b, size_t n) {
  KK_DISPATCH(kk_multiply_add, y, a, b, n);
}

void kk_bias_add(float *y, const float *x, const float *bias, size_t rows, size_t channels,
                 ptrdiff_t y_stride, ptrdiff_t x_stride) {
  KK_DISPATCH(kk_bias_add, y, x, bias, rows, channels, y_stride, x_stride);
}

void kk_bias_gradient(float *dbias, const float *dy, size_t rows, size_t channels,
                      ptrdiff_t dy_stride) {
  KK_DISPATCH(kk_bias_gradient, dbias, dy, rows, channels, dy_stride);
}

void kk_channel_scale(float *y, const float *x, const float *scale, size_t rows, size_t channels,
                      ptrdiff_t y_stride, ptrdiff_t x_stride) {
  KK_DISPATCH(kk_channel_scale, y, x, scale, rows, channels, y_stride, x_stride);
}

void kk_channel_scale_gradient(float *dscale, const float *dy, const float *x, size_t rows,
                               size_t channels, ptrdiff_t dy_stride, ptrdiff_t x_stride,
                               float factor) {
  KK_DISPATCH(kk_channel_scale_gradient, dscale, dy, x, rows, channels, dy_stride, x_stride,
              factor);
}

void kk_residual_scale(float *y, const float *x, const float *f, const float *scale, size_t rows,
                       size_t channels, ptrdiff_t y_stride, ptrdiff_t x_stride, ptrdiff_t f_stride,
                       float factor) {
  KK_DISPATCH(kk_residual_scale, y, x, f, scale, rows, channels, y_stride, x_stride, f_stride,
              factor);
}

void kk_residual_scale_backward(float *df, float *dscale, const float *dy, const float *f,
                                const float *scale, size_t rows, size_t channels,
                                ptrdiff_t df_stride, ptrdiff_t dy_stride, ptrdiff_t f_stride,
                                float factor) {
  KK_DISPATCH(kk_residual_scale_backward, df, dscale, dy, f, scale, rows, channels, df_stride,
              dy_stride, f_stride, factor);
}

void kk_sample_scale(float *y, const float *x, const float *f, const float *factor, size_t samples,
                     size_t n) {
  KK_DISPATCH(kk_sample_scale, y, x, f, factor, samples, n);
}

void kk_copy_rows(float *y, const float *x, size_t rows, size_t channels, ptrdiff_t y_stride,
                  ptrdiff_t x_stride) {
  KK_DISPATCH(kk_copy_rows, y, x, rows, channels, y_stride, x_stride);
}

void kk_add_rows(float *y, const float *x, size_t rows, size_t channels, ptrdiff_t y_stride,
                 ptrdiff_t x_stride) {
  KK_DISPATCH(kk_add_rows, y, x, rows, channels, y_stride, x_stride);
}

void kk_transpose(float *y, const float *x, size_t rows, size_t columns, ptrdiff_t y_stride,
                  ptrdiff_t x_stride) {
  KK_DISPATCH(kk_transpose, y, x, rows, columns, y_stride, x_stride);
}

void kk_gather_rows(float *y, const float *table, const int32_t *index, size_t rows,
                    size_t channels, ptrdiff_t y_stride, ptrdiff_t table_stride) {
  KK_DISPATCH(kk_gather_rows, y, table, index, rows, channels, y_stride, table_stride);
}

void kk_scatter_add_rows(float *table, const float *x, const int32_t *index, size_t rows,
                         size_t channels, ptrdiff_t table_stride, ptrdiff_t x_stride) {
  KK_DISPATCH(kk_scatter_add_rows, table, x, index, rows, channels, table_stride, x_stride);
}
