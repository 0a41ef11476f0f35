// Dense and grouped convolutions of channels-last feature maps, and their gradients, without
// im2col.
//
// x [images, height, width, in], y [images, output height, output width, out], weights
// [out, kernel height, kernel width, in / groups]; any kernel, stride and padding. A 1x1
// convolution of stride 1 is kk_pointwise_*; groups == in is kk_depthwise_*: both are faster there.
//
// Work is cut into bands of output rows, as many an image as the shape (not the threads) asks for.
// A call works on bands first … last of images x bands, ordered by image; tensors are given whole.
#pragma once

#include <stddef.h>

#include "pointwise.h"

#ifdef __cplusplus
extern "C" {
#endif

// Strides are in floats. The weights may be a window of larger ones: for the centre 3x3 of a 5x5
// give the 5x5's strides and a pointer to its element [0, 1, 1, 0].
typedef struct {
  size_t height;
  size_t width;
  size_t in;
  size_t out;
  size_t groups;
  size_t kernel_height;
  size_t kernel_width;
  size_t stride_height;
  size_t stride_width;
  size_t padding_height;    // zeros above and below, applied after the input transform
  size_t padding_width;     // zeros left and right
  ptrdiff_t x_stride;       // between pixels of x
  ptrdiff_t y_stride;       // between pixels of y
  ptrdiff_t weight_out;     // between output channels of the weights
  ptrdiff_t weight_row;     // between kernel rows
  ptrdiff_t weight_column;  // between kernel columns; input channels are adjacent
} kk_convolution;

size_t kk_convolution_output_height(const kk_convolution *c);
size_t kk_convolution_output_width(const kk_convolution *c);

// Bands an image, in the forward and the backward pass.
size_t kk_convolution_bands(const kk_convolution *c);
size_t kk_convolution_backward_bands(const kk_convolution *c);

// Bands that one range should have: about 50 µs of work forward; at most 16 ranges backward.
size_t kk_convolution_chunk(const kk_convolution *c, size_t images);
size_t kk_convolution_backward_chunk(const kk_convolution *c, size_t images);

// Floats of the packed weights and of the scratch of one call.
size_t kk_convolution_packed_floats(const kk_convolution *c);
size_t kk_convolution_backward_packed_floats(const kk_convolution *c);
size_t kk_convolution_scratch_floats(const kk_convolution *c);
size_t kk_convolution_backward_scratch_floats(const kk_convolution *c);

// Packs the weights for one pass; overwrites packed.
void kk_convolution_pack(float *packed, const float *weights, const kk_convolution *c);
void kk_convolution_backward_pack(float *packed, const float *weights, const kk_convolution *c);

// y = output(convolution of T(x)), overwritten. sum[out], sum_squares[out]: both NULL, or
// overwritten with Σ and Σ² over the pixels of this range of the product with bias and `before`,
// ahead of the activation. input, output: as in kk_pointwise_forward, with pointers to whole
// tensors.
void kk_convolution_forward(float *y, float *sum, float *sum_squares, const float *x,
                            const float *packed, size_t first, size_t last, const kk_convolution *c,
                            const kk_input *input, const kk_output *output, float *scratch);

// The gradients in one pass, from d = gradient(g), g with pixel stride g_stride:
//   dx = (transposed convolution of d + add)·activation'(scale·x + shift), overwritten on the input
//       rows that belong to the bands; without the factor scale. NULL: none.
//   sum_dx[in], sum_dx_x[in]: Σ dx and Σ dx·x over those rows, overwritten; both NULL: none.
//   dw += the gradient of the weights, in the weights' strides. NULL: none.
//   dbias[out] += Σ d. NULL: none.
// packed: kk_convolution_backward_pack, not read when dx is NULL. add may be NULL.
void kk_convolution_backward(float *dx, float *sum_dx, float *sum_dx_x, float *dw, float *dbias,
                             const float *g, const float *x, const float *packed, const float *add,
                             size_t first, size_t last, ptrdiff_t dx_stride, ptrdiff_t g_stride,
                             ptrdiff_t add_stride, const kk_convolution *c,
                             const kk_gradient *gradient, const kk_input *input, float *scratch);

#ifdef __cplusplus
}
#endif
