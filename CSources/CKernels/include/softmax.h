// Softmax over the last dimension of [rows, n] (any row strides). Outputs may be their inputs.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// y[r, ·] = softmax(scale·x[r, ·]).
void kk_softmax(float *y, const float *x, size_t rows, size_t n, ptrdiff_t y_stride,
                ptrdiff_t x_stride, float scale);

// dx = scale·y·(dy - Σ dy·y), y the result of kk_softmax.
void kk_softmax_backward(float *dx, const float *dy, const float *y, size_t rows, size_t n,
                         ptrdiff_t dx_stride, ptrdiff_t dy_stride, ptrdiff_t y_stride, float scale);

// y[r, ·] = x[r, ·] - log Σ exp(x[r, ·]).
void kk_log_softmax(float *y, const float *x, size_t rows, size_t n, ptrdiff_t y_stride,
                    ptrdiff_t x_stride);

// dx = dy - exp(y)·Σ dy, y the result of kk_log_softmax.
void kk_log_softmax_backward(float *dx, const float *dy, const float *y, size_t rows, size_t n,
                             ptrdiff_t dx_stride, ptrdiff_t dy_stride, ptrdiff_t y_stride);

#ifdef __cplusplus
}
#endif
