// Pooling, squeeze-excite and resizing of channels-last maps.
//
// Maps are [images, pixels, channels] with a pixel stride (floats from one pixel to the next) and
// no gaps between rows or images; a token sequence is the same with tokens for pixels. Calls work
// on the images first … last - 1 (pointers are those of image 0). T is the input transform (NULL:
// identity); gradients dx are those at the argument of its activation, i.e. times act'(scale·x +
// shift). Optional sums over the range, both or neither NULL: dx_sums[channels] = Σdx, dx_products
// = Σdx·x.
#pragma once

#include <stddef.h>

#include "transforms.h"

#ifdef __cplusplus
extern "C" {
#endif

// Images in one chunk, fixed by the shape: about 64 Ki elements of x, at most an eighth of the
// batch.
size_t kk_pool_chunk(size_t pixels, size_t channels, size_t batch);

// y[images, channels] = mean over the pixels of T(x), row stride y_stride. Overwrites.
void kk_global_pool_forward(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                            const kk_input *input, size_t pixels, size_t channels, size_t first,
                            size_t last);

// dx = dy / pixels · act'. Overwrites. x is read only for an activation or the sums.
void kk_global_pool_backward(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                             const float *dy, ptrdiff_t dy_stride, const float *x,
                             ptrdiff_t x_stride, const kk_input *input, size_t pixels,
                             size_t channels, size_t first, size_t last);

// Squeeze-excite: y = T(x)·gate, gate [images, channels] with row stride gate_stride. Overwrites y.
// Hu et al., "Squeeze-and-Excitation Networks", 2018.
void kk_gate_forward(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                     const kk_input *input, const float *gate, ptrdiff_t gate_stride, size_t pixels,
                     size_t channels, size_t first, size_t last);

// First half of the backward pass: dgate[images, channels] = Σ over the pixels of dy·T(x).
// Overwrites.
void kk_gate_backward_gate(float *dgate, ptrdiff_t dgate_stride, const float *dy,
                           ptrdiff_t dy_stride, const float *x, ptrdiff_t x_stride,
                           const kk_input *input, size_t pixels, size_t channels, size_t first,
                           size_t last);

// Second half: dx = (dy·gate + dpool / pixels)·act', with dpool [images, channels] the gradient of
// the pooled map that made the gate (NULL: none). Overwrites dx; dx may be dy.
void kk_gate_backward_input(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                            const float *dy, ptrdiff_t dy_stride, const float *gate,
                            ptrdiff_t gate_stride, const float *dpool, ptrdiff_t dpool_stride,
                            const float *x, ptrdiff_t x_stride, const kk_input *input,
                            size_t pixels, size_t channels, size_t first, size_t last);

typedef enum { KK_POOL_AVERAGE = 0, KK_POOL_MAX = 1 } kk_pool_kind;

// Windows kernel × kernel. The output has (height + 2·padding - kernel) / stride + 1 rows, and
// columns likewise. Padding is at most kernel / 2. The average divides by kernel², so padding
// counts as zeros; the maximum leaves padding out, and of equal values the first gets the gradient.
typedef struct {
  size_t height, width, channels;  // of the input
  size_t kernel, stride, padding;
  kk_pool_kind kind;
} kk_pool;

// y [images, out height, out width, channels] = pool of T(x). Overwrites.
void kk_pool_forward(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                     const kk_input *input, kk_pool pool, size_t first, size_t last);

// dx of kk_pool_forward. Overwrites.
void kk_pool_backward(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                      const float *dy, ptrdiff_t dy_stride, const float *x, ptrdiff_t x_stride,
                      const kk_input *input, kk_pool pool, size_t first, size_t last);

typedef enum {
  KK_RESIZE_NEAREST = 0,
  KK_RESIZE_BILINEAR = 1,
  KK_RESIZE_BICUBIC = 2
} kk_resize_kind;

// Resizes images: y [images, out_height, out_width, channels] from x [images, height, width,
// channels], both contiguous. Output pixel i is at (i + ½)·in / out - ½ of the input (corners not
// aligned), nearest takes floor(i·in / out). Bicubic is Keys' kernel with a = -0.75; taps outside
// the image repeat its border; no low-pass filter when shrinking. Overwrites y. scratch:
// kk_resize_scratch floats.
size_t kk_resize_scratch(size_t width, size_t channels, size_t out_width);
void kk_resize_forward(float *y, const float *x, kk_resize_kind kind, size_t height, size_t width,
                       size_t channels, size_t out_height, size_t out_width, size_t first,
                       size_t last, float *scratch);

#ifdef __cplusplus
}
#endif
