#include "include/softmax.h"

#include <math.h>

#include "include/transforms.h"

#define KK_BODY "../softmax.inc.h"
#include "internal/per_isa.h"

// Element (r, i) of a tensor whose row stride is the variable of its name.
#define AT(x, r, i) x[(ptrdiff_t)(r) * x##_stride + (ptrdiff_t)(i)]

static void kk_softmax_reference(float *y, const float *x, size_t rows, size_t n,
                                 ptrdiff_t y_stride, ptrdiff_t x_stride, float scale) {
  for (size_t r = 0; r < rows; r++) {
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) top = fmax(top, (double)scale * AT(x, r, i));
    for (size_t i = 0; i < n; i++) sum += exp((double)scale * AT(x, r, i) - top);
    for (size_t i = 0; i < n; i++) {
      AT(y, r, i) = (float)(exp((double)scale * AT(x, r, i) - top) / sum);
    }
  }
}

static void kk_softmax_backward_reference(float *dx, const float *dy, const float *y, size_t rows,
                                          size_t n, ptrdiff_t dx_stride, ptrdiff_t dy_stride,
                                          ptrdiff_t y_stride, float scale) {
  for (size_t r = 0; r < rows; r++) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)AT(dy, r, i) * AT(y, r, i);
    for (size_t i = 0; i < n; i++) {
      AT(dx, r, i) = (float)(scale * AT(y, r, i) * (AT(dy, r, i) - sum));
    }
  }
}

static void kk_log_softmax_reference(float *y, const float *x, size_t rows, size_t n,
                                     ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++) {
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) top = fmax(top, AT(x, r, i));
    for (size_t i = 0; i < n; i++) sum += exp(AT(x, r, i) - top);
    for (size_t i = 0; i < n; i++) AT(y, r, i) = (float)(AT(x, r, i) - top - log(sum));
  }
}

static void kk_log_softmax_backward_reference(float *dx, const float *dy, const float *y,
                                              size_t rows, size_t n, ptrdiff_t dx_stride,
                                              ptrdiff_t dy_stride, ptrdiff_t y_stride) {
  for (size_t r = 0; r < rows; r++) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += AT(dy, r, i);
    for (size_t i = 0; i < n; i++) {
      AT(dx, r, i) = (float)(AT(dy, r, i) - exp(AT(y, r, i)) * sum);
    }
  }
}

void kk_softmax(float *y, const float *x, size_t rows, size_t n, ptrdiff_t y_stride,
                ptrdiff_t x_stride, float scale) {
  KK_DISPATCH(kk_softmax, y, x, rows, n, y_stride, x_stride, scale);
}

void kk_softmax_backward(float *dx, const float *dy, const float *y, size_t rows, size_t n,
                         ptrdiff_t dx_stride, ptrdiff_t dy_stride, ptrdiff_t y_stride,
                         float scale) {
  KK_DISPATCH(kk_softmax_backward, dx, dy, y, rows, n, dx_stride, dy_stride, y_stride, scale);
}

void kk_log_softmax(float *y, const float *x, size_t rows, size_t n, ptrdiff_t y_stride,
                    ptrdiff_t x_stride) {
  KK_DISPATCH(kk_log_softmax, y, x, rows, n, y_stride, x_stride);
}

void kk_log_softmax_backward(float *dx, const float *dy, const float *y, size_t rows, size_t n,
                             ptrdiff_t dx_stride, ptrdiff_t dy_stride, ptrdiff_t y_stride) {
  KK_DISPATCH(kk_log_softmax_backward, dx, dy, y, rows, n, dx_stride, dy_stride, y_stride);
}
