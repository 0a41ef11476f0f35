// What a band of a convolution reads and writes (private to CKernels).
#pragma once

#include "include/convolution.h"

#define KK_CONVOLUTION_FORWARD_FLOATS 131072   // the padded input of a forward band
#define KK_CONVOLUTION_BACKWARD_FLOATS 262144  // input, slope and gradient of a backward band

static inline ptrdiff_t kk_floor_div(ptrdiff_t a, ptrdiff_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static inline ptrdiff_t kk_least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t kk_most(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

static inline size_t kk_group_in(const kk_convolution *c) { return c->in / c->groups; }
static inline size_t kk_group_out(const kk_convolution *c) { return c->out / c->groups; }

// Taps of one axis that meet input positions of a given residue: kernel positions residue +
// stride·j.
static inline size_t kk_phase_taps(size_t kernel, size_t stride, size_t residue) {
  return residue < kernel ? (kernel - residue + stride - 1) / stride : 0;
}

// Columns of the padded input row in scratch: the padding, the whole row, and what the last patch
// needs.
static inline size_t kk_band_width(const kk_convolution *c) {
  size_t patches = (kk_convolution_output_width(c) - 1) * c->stride_width + c->kernel_width;
  size_t row = c->padding_width + c->width;
  return patches > row ? patches : row;
}

// Zero columns left and right of a row of d that the transposed convolution reads.
static inline ptrdiff_t kk_gradient_left(const kk_convolution *c) {
  ptrdiff_t taps = (ptrdiff_t)kk_phase_taps(c->kernel_width, c->stride_width, 0);
  return kk_most(0, taps - 1 - (ptrdiff_t)(c->padding_width / c->stride_width));
}
static inline ptrdiff_t kk_gradient_right(const kk_convolution *c) {
  ptrdiff_t end = (ptrdiff_t)((c->width - 1 + c->padding_width) / c->stride_width);
  return kk_most(0, end - ((ptrdiff_t)kk_convolution_output_width(c) - 1));
}
static inline size_t kk_gradient_width(const kk_convolution *c) {
  return kk_convolution_output_width(c) + (size_t)(kk_gradient_left(c) + kk_gradient_right(c));
}

// Rows of one band: of the output [out_low, out_high), owned rows of the input [own_low, own_high),
// rows of the input and of the gradient held in scratch, which may lie outside the image.
typedef struct {
  ptrdiff_t out_low, out_high;
  ptrdiff_t own_low, own_high;
  ptrdiff_t x_low, x_high;
  ptrdiff_t d_low, d_high;
} kk_band;

static inline kk_band kk_band_at(const kk_convolution *c, size_t index, size_t bands) {
  const ptrdiff_t output = (ptrdiff_t)kk_convolution_output_height(c);
  const ptrdiff_t height = (ptrdiff_t)c->height, stride = (ptrdiff_t)c->stride_height;
  const ptrdiff_t kernel = (ptrdiff_t)c->kernel_height, padding = (ptrdiff_t)c->padding_height;
  const ptrdiff_t rows = (output + (ptrdiff_t)bands - 1) / (ptrdiff_t)bands;
  kk_band b;
  b.out_low = kk_least((ptrdiff_t)index * rows, output);
  b.out_high = kk_least(b.out_low + rows, output);
  b.own_low = kk_least(b.out_low * stride, height);
  b.own_high = index + 1 == bands ? height : kk_least(b.out_high * stride, height);
  b.x_low = kk_least(b.out_low * stride - padding, b.own_low);
  b.x_high = kk_most((b.out_high - 1) * stride - padding + kernel, b.own_high);
  b.d_low = kk_least(b.out_low, kk_floor_div(b.own_low + padding - kernel + 1, stride));
  b.d_high = kk_most(b.out_high, kk_floor_div(b.own_high - 1 + padding, stride) + 1);
  return b;
}
