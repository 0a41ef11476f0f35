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

// Floats that the two below need as scratch memory.
size_t kk_patches_scratch(const kk_patch_shape *shape);

// patches ← the pixels of image [height, width, channels], pixels pixel_stride floats apart; zeros
// beyond the edges.
void kk_patches_gather(float *patches, const float *image, ptrdiff_t pixel_stride, float *scratch,
                       const kk_patch_shape *shape);

// image [height, width, channels] ← for each pixel the sum of the taps that came from it, patch
// after patch.
void kk_patches_scatter(float *image, const float *patches, float *scratch,
                        const kk_patch_shape *shape);

#ifdef __cplusplus
}
#endif
