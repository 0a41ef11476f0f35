#include "include/patches.h"

#include <string.h>

// Floats that are copied at once where a row of taps is no longer.
enum { WIDE = 8 };

// One channel with its padding is a plane: there all taps of a row lie together, and none is beyond
// an edge.
static ptrdiff_t plane_width(const kk_patch_shape *s) { return s->width + 2 * s->padding; }
static ptrdiff_t plane_size(const kk_patch_shape *s) {
  return plane_width(s) * (s->height + 2 * s->padding);
}

size_t kk_patches_scratch(const kk_patch_shape *s) {
  return (size_t)(s->channels * plane_size(s) + WIDE);
}

// Where the pixel (y, 0) of a channel is in the planes.
static float *plane_row(float *planes, const kk_patch_shape *s, ptrdiff_t channel, ptrdiff_t y) {
  return planes + channel * plane_size(s) + (y + s->padding) * plane_width(s) + s->padding;
}

static void fill_planes(float *planes, const float *image, ptrdiff_t pixel_stride,
                        const kk_patch_shape *s) {
  if (s->padding > 0) memset(planes, 0, kk_patches_scratch(s) * sizeof(float));
  for (ptrdiff_t channel = 0; channel < s->channels; channel++) {
    const float *from = image + channel;
    for (ptrdiff_t y = 0; y < s->height; y++) {
      float *row = plane_row(planes, s, channel, y);
      for (ptrdiff_t x = 0; x < s->width; x++, from += pixel_stride) row[x] = *from;
    }
  }
}

// Copies one patch; with a `run` of WIDE, rows of taps overwrite what the ones before them copied
// too far.
static inline float *copy_patch(float *patch, const float *corner, ptrdiff_t run, ptrdiff_t kernel,
                                const kk_patch_shape *s) {
  const ptrdiff_t width = plane_width(s), plane = plane_size(s);
  for (ptrdiff_t channel = 0; channel < s->channels; channel++, corner += plane) {
    for (ptrdiff_t tap_y = 0; tap_y < kernel; tap_y++, patch += kernel) {
      memcpy(patch, corner + tap_y * width, (size_t)run * sizeof(float));
    }
  }
  return patch;
}

// The usual kernels get loops of their own length.
static float *copy_wide_patch(float *patch, const float *corner, const kk_patch_shape *s) {
  switch (s->kernel) {
    case 3:
      return copy_patch(patch, corner, WIDE, 3, s);
    case 5:
      return copy_patch(patch, corner, WIDE, 5, s);
    default:
      return copy_patch(patch, corner, WIDE, s->kernel, s);
  }
}

void kk_patches_gather(float *patches, const float *image, ptrdiff_t pixel_stride, float *scratch,
                       const kk_patch_shape *s) {
  fill_planes(scratch, image, pixel_stride, s);
  const ptrdiff_t size = s->kernel * s->kernel * s->channels;
  // The last patches are copied exactly: what follows them is not ours.
  const ptrdiff_t exact = (WIDE - s->kernel + size - 1) / size;
  ptrdiff_t wide = s->kernel <= WIDE ? s->output_height * s->output_width - exact : 0;
  for (ptrdiff_t y = 0; y < s->output_height; y++) {
    for (ptrdiff_t x = 0; x < s->output_width; x++) {
      const float *corner = scratch + (y * plane_width(s) + x) * s->stride;
      patches = wide-- > 0 ? copy_wide_patch(patches, corner, s)
                           : copy_patch(patches, corner, s->kernel, s->kernel, s);
    }
  }
}

static inline const float *add_patch(float *corner, const float *patch, ptrdiff_t kernel,
                                     const kk_patch_shape *s) {
  const ptrdiff_t width = plane_width(s), plane = plane_size(s);
  for (ptrdiff_t channel = 0; channel < s->channels; channel++, corner += plane) {
    for (ptrdiff_t tap_y = 0; tap_y < kernel; tap_y++, patch += kernel) {
      float *row = corner + tap_y * width;
      for (ptrdiff_t tap = 0; tap < kernel; tap++) row[tap] += patch[tap];
    }
  }
  return patch;
}

static const float *add_any_patch(float *corner, const float *patch, const kk_patch_shape *s) {
  switch (s->kernel) {
    case 1:
      return add_patch(corner, patch, 1, s);
    case 3:
      return add_patch(corner, patch, 3, s);
    case 5:
      return add_patch(corner, patch, 5, s);
    default:
      return add_patch(corner, patch, s->kernel, s);
  }
}

void kk_patches_scatter(float *image, const float *patches, float *scratch,
                        const kk_patch_shape *s) {
  memset(scratch, 0, kk_patches_scratch(s) * sizeof(float));
  for (ptrdiff_t y = 0; y < s->output_height; y++) {
    for (ptrdiff_t x = 0; x < s->output_width; x++) {
      patches = add_any_patch(scratch + (y * plane_width(s) + x) * s->stride, patches, s);
    }
  }
  for (ptrdiff_t channel = 0; channel < s->channels; channel++) {
    float *to = image + channel;
    for (ptrdiff_t y = 0; y < s->height; y++) {
      const float *row = plane_row(scratch, s, channel, y);
      for (ptrdiff_t x = 0; x < s->width; x++, to += s->channels) *to = row[x];
    }
  }
}
