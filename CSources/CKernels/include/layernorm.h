// Layer normalisation (J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", 2016).
//
// Tensors are [groups·tokens, channels] with a row stride each. One group of `tokens` rows shares
// its mean and variance (biased): tokens = 1 is the ordinary normalisation of each row, tokens = N
// the joint one over (N, C) of a sample (NASViT). gamma[channels] and beta[channels] are per
// channel in both, and may be the first channels of longer vectors.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// y = gamma·(x - mean)·rstd + beta. Writes mean[groups] and rstd[groups] for the backward pass
// (rstd = 1 / √(variance + epsilon)). y may be x.
void kk_layer_norm(float *y, float *mean, float *rstd, const float *x, const float *gamma,
                   const float *beta, size_t groups, size_t tokens, size_t channels,
                   ptrdiff_t y_stride, ptrdiff_t x_stride, float epsilon);

// Fused residual: h = x + factor·scale[c]·f, then y = layer norm of h (whose x in backward is h).
// scale == NULL counts as ones. h may be x or f.
void kk_layer_norm_residual(float *y, float *h, float *mean, float *rstd, const float *x,
                            const float *f, const float *scale, const float *gamma,
                            const float *beta, size_t groups, size_t tokens, size_t channels,
                            ptrdiff_t y_stride, ptrdiff_t h_stride, ptrdiff_t x_stride,
                            ptrdiff_t f_stride, float factor, float epsilon);

// dx = add + (gradient through the normalisation of dy); dgamma[c] and dbeta[c] accumulate.
// add is the gradient that reaches x past the normalisation (the residual path), or NULL.
// dx may be dy or add.
void kk_layer_norm_backward(float *dx, float *dgamma, float *dbeta, const float *dy,
                            const float *add, const float *x, const float *mean, const float *rstd,
                            const float *gamma, size_t groups, size_t tokens, size_t channels,
                            ptrdiff_t dx_stride, ptrdiff_t dy_stride, ptrdiff_t add_stride,
                            ptrdiff_t x_stride);

#ifdef __cplusplus
}
#endif
