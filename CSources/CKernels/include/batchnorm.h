// Batch norm over the rows of a channels-last matrix [rows, channels] (a map's pixels are its
// rows), in passes that the neighbours of the norm may take over:
//
//   statistics -> moments -> affine -> apply                        forward
//   gradient sums -> gradient coefficients -> gradient apply        backward
//
// Convolutions write the sums of their output themselves and apply the norm of their input while
// loading it (transforms.h); then only the small per-channel functions of this file remain.
//
// Partial sums are float32 per chunk of rows (at most a few thousand terms, added in blocks of
// four: relative error below 1e-6) and are combined in double. A chunk's Σx² loses precision
// against the variance by the factor 1 + mean²/variance: at |mean| = 30 standard deviations 1e-4
// relative. Ioffe & Szegedy, "Batch Normalization", 2015.
#pragma once

#include <stddef.h>

#include "transforms.h"

#ifdef __cplusplus
extern "C" {
#endif

// Rows of one chunk, fixed by the shape: about 64 Ki elements, at most 256 chunks.
size_t kk_batchnorm_chunk(size_t rows, size_t channels);

// sums[channels] = Σx and squares[channels] = Σx² over the rows first … last - 1 of
// x [rows, channels], row stride x_stride. Overwrites.
void kk_batchnorm_statistics(float *sums, float *squares, const float *x, ptrdiff_t x_stride,
                             size_t channels, size_t first, size_t last);

// mean[channels] and biased variance[channels] (÷ count, at least 0) of `count` rows from the sums
// of `chunks` chunks: chunk i has its sums at sums + i·chunk_stride, its squares at squares +
// i·chunk_stride. The unbiased variance is count / (count - 1) of it.
void kk_batchnorm_moments(double *mean, double *variance, const float *sums, const float *squares,
                          ptrdiff_t chunk_stride, size_t chunks, size_t count, size_t channels);

// scale = gamma / √(variance + epsilon), shift = beta - mean·scale, inverse_std = 1 / √(variance +
// epsilon) (NULL: not wanted), all [channels]. gamma NULL: ones; beta NULL: zeros.
void kk_batchnorm_affine(float *scale, float *shift, float *inverse_std, const double *mean,
                         const double *variance, const float *gamma, const float *beta,
                         double epsilon, size_t channels);

// running += momentum·(batch - running), for the mean and the unbiased variance, [channels].
void kk_batchnorm_running(float *running_mean, float *running_variance, const double *mean,
                          const double *variance, size_t count, double momentum, size_t channels);

// y = T(x) + U(r) on the rows first … last - 1; T, U input transforms (NULL: identity), r NULL: no
// residual. y may be x or r. Overwrites y [rows, channels].
void kk_batchnorm_apply(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                        const kk_input *input, const float *residual, ptrdiff_t residual_stride,
                        const kk_input *residual_input, size_t channels, size_t first, size_t last);

// For rows first … last - 1, with dy the gradient of T(x): g = dy·act'(scale·x + shift), the
// gradient at the norm's output, and sums[channels] = Σg, products[channels] = Σg·x. Overwrites all
// three. g may be dy, or NULL where only the sums are wanted.
void kk_batchnorm_gradient_sums(float *g, ptrdiff_t g_stride, float *sums, float *products,
                                const float *dy, ptrdiff_t dy_stride, const float *x,
                                ptrdiff_t x_stride, const kk_input *input, size_t channels,
                                size_t first, size_t last);

// The coefficients a, b, c [channels] of d = a·g + b·x + c, the gradient at the norm's input x,
// from the chunks' Σg and Σg·x. dgamma and dbeta (NULL: not wanted) are accumulated. count == 0:
// the norm used statistics that do not depend on x (evaluation mode), so b = c = 0. gamma NULL:
// ones.
void kk_batchnorm_gradient_coefficients(float *a, float *b, float *c, float *dgamma, float *dbeta,
                                        const float *sums, const float *products,
                                        ptrdiff_t chunk_stride, size_t chunks, const double *mean,
                                        const float *inverse_std, const float *gamma, size_t count,
                                        size_t channels);

// d = gradient transform of g (transforms.h) on the rows first … last - 1. d may be g. Overwrites.
void kk_batchnorm_gradient_apply(float *d, ptrdiff_t d_stride, const float *g, ptrdiff_t g_stride,
                                 const kk_gradient *gradient, size_t channels, size_t first,
                                 size_t last);

#ifdef __cplusplus
}
#endif
