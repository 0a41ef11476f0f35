#include "include/patches.h"

// A row of taps within the image: where it begins in the patches and in the image, in taps and
// pixels.
typedef struct {
  ptrdiff_t tap, pixel, run;
} tap_row;

static int next_row(tap_row *row, const kk_patch_shape *s, ptrdiff_t y, ptrdiff_t x,
                    ptrdiff_t tap_y) {
  const ptrdiff_t top = y * s->stride - s->padding + tap_y, left = x * s->stride - s->padding;
  const ptrdiff_t first = left < 0 ? -left : 0;
  const ptrdiff_t end = s->width - left < s->kernel ? s->width - left : s->kernel;
  if (top < 0 || top >= s->height || end <= first) return 0;
  row->tap = tap_y * s->kernel + first;
  row->pixel = top * s->width + left + first;
  row->run = end - first;
  return 1;
}

void kk_patches_gather(float *patches, const float *image, ptrdiff_t pixel_stride,
                       const kk_patch_shape *s) {
  const ptrdiff_t taps = s->kernel * s->kernel;
  tap_row row;
  for (ptrdiff_t y = 0; y < s->output_height; y++) {
    for (ptrdiff_t x = 0; x < s->output_width; x++, patches += taps * s->channels) {
      for (ptrdiff_t tap_y = 0; tap_y < s->kernel; tap_y++) {
        if (!next_row(&row, s, y, x, tap_y)) continue;
        const float *from = image + row.pixel * pixel_stride;
        float *to = patches + row.tap;
        for (ptrdiff_t channel = 0; channel < s->channels; channel++, to += taps) {
          for (ptrdiff_t tap = 0; tap < row.run; tap++) {
            to[tap] = from[tap * pixel_stride + channel];
          }
        }
      }
    }
  }
}

void kk_patches_scatter(float *image, const float *patches, const kk_patch_shape *s) {
  const ptrdiff_t taps = s->kernel * s->kernel, channels = s->channels;
  tap_row row;
  for (ptrdiff_t y = 0; y < s->output_height; y++) {
    for (ptrdiff_t x = 0; x < s->output_width; x++, patches += taps * channels) {
      for (ptrdiff_t tap_y = 0; tap_y < s->kernel; tap_y++) {
        if (!next_row(&row, s, y, x, tap_y)) continue;
        float *to = image + row.pixel * channels;
        const float *from = patches + row.tap;
        for (ptrdiff_t channel = 0; channel < channels; channel++, from += taps) {
          for (ptrdiff_t tap = 0; tap < row.run; tap++) to[tap * channels + channel] += from[tap];
        }
      }
    }
  }
}
