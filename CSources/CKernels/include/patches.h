// The patches that a convolution sees, as vectors of all taps of a channel together, channel after
// channel: [output_height, output_width, channels, kernel, kernel] of one image.
//
// Plain loops: they move numbers and compute none.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  ptrdiff_t height, width, channels, kernel, stride, padding;
  ptrdiff_t output_height, output_width;
} kk_patch_shape;

// patches ← the pixels of image [height, width, channels], pixels pixel_stride floats apart. Taps
// beyond the edges are left as they are.
void kk_patches_gather(float *patches, const float *image, ptrdiff_t pixel_stride,
                       const kk_patch_shape *shape);

// image [height, width, channels] += the taps of patches where they came from.
void kk_patches_scatter(float *image, const float *patches, const kk_patch_shape *shape);

#ifdef __cplusplus
}
#endif
