// Depthwise convolution, channels last, with batch norm and activation folded into its loads.
//
// Maps are [images, height, width, channels] with a pixel stride (floats from one pixel to the
// next, at least the channels); rows and images follow without gaps. The padding is kernel / 2 on
// each side and is zero AFTER the input transform. The output has (height - 1) / stride + 1 rows,
// and columns likewise.
//
// A call works on the images first … last - 1 of the batch (pointers are those of image 0) and
// needs its own scratch memory. Chunks of kk_depthwise_chunk images are fixed by the shape alone,
// so that reductions do not depend on the number of threads.
#pragma once

#include <stddef.h>

#include "transforms.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  size_t height, width, channels;  // of the input
  size_t kernel;                   // 1, 3, 5 or 7
  size_t stride;                   // of the convolution, at least 1
} kk_depthwise;

// A window [kernel, kernel, channels] of stored weights: data points at its first tap.
typedef struct {
  const float *data;
  ptrdiff_t tap_stride;  // floats between two taps of a row (the channels as stored)
  ptrdiff_t row_stride;  // floats between two rows of taps
} kk_depthwise_weight;

// Images in one chunk of a batch, at least 1: about 16 MFLOP, at most an eighth of the batch.
size_t kk_depthwise_chunk(kk_depthwise shape, size_t batch);

// Floats of scratch memory for one call, forward and backward.
size_t kk_depthwise_forward_scratch(kk_depthwise shape);
size_t kk_depthwise_backward_scratch(kk_depthwise shape);

// y = act(depthwise(T(x)) + bias), T the input transform (NULL: identity). Overwrites
//   y [images, out height, out width, channels], pixel stride y_stride,
//   sums, squares [channels]: Σy and Σy² over these images and all pixels. Both or neither may be
//   NULL.
// bias [channels] or NULL, and activation, are the epilogue of inference.
void kk_depthwise_forward(float *y, ptrdiff_t y_stride, float *sums, float *squares, const float *x,
                          ptrdiff_t x_stride, const kk_input *input, kk_depthwise_weight weight,
                          const float *bias, kk_activation activation, kk_depthwise shape,
                          size_t first, size_t last, float *scratch);

// One pass over the gradient. With d = gradient transform of g (NULL: d = g), a = T(x):
//   dx = (d ⋆ weight)·act'(scale·x + shift), overwritten; the gradient at the activation's argument
//        (the multiplication by scale belongs to the batch norm),
//   dx_sums, dx_products [channels] = Σdx and Σdx·x over these images, overwritten (both or neither
//   NULL;
//        not written where dx is NULL),
//   dw += Σ a·d, a window with the strides dw_tap_stride and dw_row_stride.
// dx or dw may be NULL. g [images, out height, out width, channels], pixel stride g_stride.
void kk_depthwise_backward(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                           float *dw, ptrdiff_t dw_tap_stride, ptrdiff_t dw_row_stride,
                           const float *g, ptrdiff_t g_stride, const kk_gradient *gradient,
                           const float *x, ptrdiff_t x_stride, const kk_input *input,
                           kk_depthwise_weight weight, kk_depthwise shape, size_t first,
                           size_t last, float *scratch);

#ifdef __cplusplus
}
#endif
