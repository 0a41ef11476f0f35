// Element-wise operations, per-channel and per-sample factors, and copies of rows.
//
// Flat functions take ranges of n floats, which may be cut anywhere. Row functions take `rows` rows
// of `channels` floats; every tensor has its own row stride in floats (…_stride), so that each may
// be a window of a wider one. Outputs may be their inputs (in place) unless said otherwise.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "transforms.h"

#ifdef __cplusplus
extern "C" {
#endif

// y[n] = activation(x[n]).
void kk_activation_forward(float *y, const float *x, size_t n, kk_activation activation);

// dx[n] = dy[n]·activation'(x[n]), x the argument of the activation.
void kk_activation_backward(float *dx, const float *dy, const float *x, size_t n,
                            kk_activation activation);

// y[n] = a[n] + b[n].
void kk_add(float *y, const float *a, const float *b, size_t n);

// y[n] = a[n]·b[n].
void kk_multiply(float *y, const float *a, const float *b, size_t n);

// y[n] += a[n]·b[n].
void kk_multiply_add(float *y, const float *a, const float *b, size_t n);

// y[r, c] = x[r, c] + bias[c].
void kk_bias_add(float *y, const float *x, const float *bias, size_t rows, size_t channels,
                 ptrdiff_t y_stride, ptrdiff_t x_stride);

// dbias[c] += Σ_r dy[r, c].
void kk_bias_gradient(float *dbias, const float *dy, size_t rows, size_t channels,
                      ptrdiff_t dy_stride);

// y[r, c] = x[r, c]·scale[c] (squeeze-excite: the rows of one sample).
void kk_channel_scale(float *y, const float *x, const float *scale, size_t rows, size_t channels,
                      ptrdiff_t y_stride, ptrdiff_t x_stride);

// dscale[c] += factor·Σ_r dy[r, c]·x[r, c].
void kk_channel_scale_gradient(float *dscale, const float *dy, const float *x, size_t rows,
                               size_t channels, ptrdiff_t dy_stride, ptrdiff_t x_stride,
                               float factor);

// y[r, c] = x[r, c] + factor·scale[c]·f[r, c]: a residual branch with LayerScale (H. Touvron et
// al., "Going deeper with image transformers", ICCV 2021) or switchable scaling (NASViT).
void kk_residual_scale(float *y, const float *x, const float *f, const float *scale, size_t rows,
                       size_t channels, ptrdiff_t y_stride, ptrdiff_t x_stride, ptrdiff_t f_stride,
                       float factor);

// df[r, c] = factor·scale[c]·dy[r, c]; dscale[c] += factor·Σ_r dy[r, c]·f[r, c]. (dx is dy.)
void kk_residual_scale_backward(float *df, float *dscale, const float *dy, const float *f,
                                const float *scale, size_t rows, size_t channels,
                                ptrdiff_t df_stride, ptrdiff_t dy_stride, ptrdiff_t f_stride,
                                float factor);

// y[s, i] = x[s, i] + factor[s]·f[s, i] for `samples` samples of n floats each, all contiguous:
// drop-path with the factors of kk_random_bernoulli. x == NULL counts as zero (so this is also the
// backward pass: df = factor·dy).
void kk_sample_scale(float *y, const float *x, const float *f, const float *factor, size_t samples,
                     size_t n);

// y[r, c] = x[r, c]: concatenation and slicing along the channels. No overlap.
void kk_copy_rows(float *y, const float *x, size_t rows, size_t channels, ptrdiff_t y_stride,
                  ptrdiff_t x_stride);

// y[r, c] += x[r, c]: the backward pass of a slice.
void kk_add_rows(float *y, const float *x, size_t rows, size_t channels, ptrdiff_t y_stride,
                 ptrdiff_t x_stride);

// y[c, r] = x[r, c] for `rows` × `columns` of x. No overlap.
void kk_transpose(float *y, const float *x, size_t rows, size_t columns, ptrdiff_t y_stride,
                  ptrdiff_t x_stride);

// y[r, c] = table[index[r], c]: embedding.
void kk_gather_rows(float *y, const float *table, const int32_t *index, size_t rows,
                    size_t channels, ptrdiff_t y_stride, ptrdiff_t table_stride);

// table[index[r], c] += x[r, c], in the order of r. Threads take windows of channels, not of rows.
void kk_scatter_add_rows(float *table, const float *x, const int32_t *index, size_t rows,
                         size_t channels, ptrdiff_t table_stride, ptrdiff_t x_stride);

#ifdef __cplusplus
}
#endif
