// Pointwise (1x1) convolutions and linear layers: y[r, n] = Σ_k T(x[r, k])·w[n, k], and its
// gradients.
//
// Rows are pixels or tokens. A call works on a range of rows: pass pointers to its first row.
// Ranges are fixed by kk_pointwise_chunk_rows / kk_pointwise_backward_chunk_rows, not by the
// threads.
#pragma once

#include <stddef.h>

#include "gemm.h"
#include "transforms.h"

#ifdef __cplusplus
extern "C" {
#endif

// What follows the product: y = activation(product + bias[n] + before[r, n]) + after[r, n].
// Every pointer may be NULL. before is the residual of post-activation blocks (ResNet), after that
// of linear bottlenecks and transformers. Both are [rows, n] with their own strides; either may be
// y.
typedef struct {
  const float *bias;
  kk_activation activation;
  const float *before;
  ptrdiff_t before_stride;
  const float *after;
  ptrdiff_t after_stride;
} kk_output;

// Rows of a range of the forward and the backward pass: multiples of 96, from the shape alone.
size_t kk_pointwise_chunk_rows(size_t rows, size_t in, size_t out);
size_t kk_pointwise_backward_chunk_rows(size_t rows, size_t in, size_t out);

// Floats of scratch for one call, for any number of rows.
size_t kk_pointwise_scratch_floats(size_t in, size_t out);
size_t kk_pointwise_backward_scratch_floats(size_t in, size_t out);

// y[rows, out] = output(T(x[rows, in])·wᵀ); overwrites y.
// sum[out], sum_squares[out]: both NULL, or overwritten with Σ and Σ² over these rows of the
// product with bias and `before`, ahead of the activation.
// packed: kk_gemm_pack(w, in, out, transposed 1). input == NULL, or all defaults: T is the
// identity. output may be NULL. scratch: kk_pointwise_scratch_floats, not read when T is the
// identity.
void kk_pointwise_forward(float *y, float *sum, float *sum_squares, const float *x,
                          const float *packed, size_t rows, size_t in, size_t out,
                          ptrdiff_t y_stride, ptrdiff_t x_stride, const kk_input *input,
                          const kk_output *output, float *scratch);

// The gradients in one pass, from d[rows, out] = gradient(g[rows, out]):
//   dx[rows, in] = (d·w + add[rows, in])·activation'(scale·x + shift), overwritten; it is the
//       gradient of the batch norm's output (the factor scale is left to gradient of the
//   producer). NULL: none. sum_dx[in], sum_dx_x[in]: Σ dx and Σ dx·x over these rows, overwritten;
//   both NULL: none. dw[out, in] += dᵀ·T(x), with dw_stride. NULL: none.
//   dbias[out] += Σ d. NULL: none.
// gradient == NULL: d = g. gradient->y points to the first row of this range, like every pointer.
// packed: kk_gemm_pack(w, out, in, transposed 0); not read when dx is NULL. add may be NULL or dx.
// scratch: kk_pointwise_backward_scratch_floats.
void kk_pointwise_backward(float *dx, float *sum_dx, float *sum_dx_x, float *dw, float *dbias,
                           const float *g, const float *x, const float *packed, const float *add,
                           size_t rows, size_t in, size_t out, ptrdiff_t dx_stride,
                           ptrdiff_t dw_stride, ptrdiff_t g_stride, ptrdiff_t x_stride,
                           ptrdiff_t add_stride, const kk_gradient *gradient, const kk_input *input,
                           float *scratch);

#ifdef __cplusplus
}
#endif
