#include <math.h>

#include "depthwise_reference.h"
#include "include/pooling.h"

// The four input positions and weights that make output position `o`: unused ones have weight zero.
static void kk_resize_taps(size_t at[4], float weight[4], size_t o, size_t size, size_t out_size,
                           kk_resize_kind kind) {
  const double scale = (double)size / (double)out_size;
  double position = ((double)o + 0.5) * scale - 0.5, w[4] = {0, 1, 0, 0};
  if (kind == KK_RESIZE_NEAREST) position = floor((double)(o * size / out_size));
  if (kind == KK_RESIZE_BILINEAR) position = fmax(position, 0);
  const double base = floor(position), t = position - base;
  if (kind == KK_RESIZE_BILINEAR) {
    w[1] = 1 - t;
    w[2] = t;
  } else if (kind == KK_RESIZE_BICUBIC) {
    const double a = -0.75;
    for (int i = 0; i < 4; i++) {
      double d = fabs(t + 1 - i);
      w[i] =
          d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    }
  }
  for (int i = 0; i < 4; i++) {
    double index = fmin(fmax(base + i - 1, 0), (double)(size - 1));
    at[i] = (size_t)index;
    weight[i] = (float)w[i];
  }
}

#define KK_BODY "../pooling_windows.inc.h"
#include "internal/per_isa.h"

size_t kk_resize_scratch(size_t width, size_t channels, size_t out_width) {
  return width * channels + 8 * out_width;
}

void kk_pool_forward_reference(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                               const kk_input *input, kk_pool pool, size_t first, size_t last) {
  const size_t h = pool.height, w = pool.width, k = pool.kernel;
  const size_t out_h = (h + 2 * pool.padding - k) / pool.stride + 1;
  const size_t out_w = (w + 2 * pool.padding - k) / pool.stride + 1;
  for (size_t o = first * out_h * out_w; o < last * out_h * out_w; o++) {
    size_t image = o / (out_h * out_w), oy = o / out_w % out_h, ox = o % out_w;
    for (size_t c = 0; c < pool.channels; c++) {
      double sum = 0, best = -INFINITY;
      for (size_t t = 0; t < k * k; t++) {
        // Unsigned: a row or column before the map is a huge one.
        size_t iy = oy * pool.stride + t / k - pool.padding;
        size_t ix = ox * pool.stride + t % k - pool.padding;
        if (iy >= h || ix >= w) continue;
        ptrdiff_t at = (ptrdiff_t)((image * h + iy) * w + ix) * x_stride + (ptrdiff_t)c;
        double a = kk_transform_reference(input, x[at], c);
        sum += a;
        if (a > best || a != a) best = a;
      }
      y[(ptrdiff_t)o * y_stride + (ptrdiff_t)c] =
          (float)(pool.kind == KK_POOL_MAX ? best : sum / (double)(k * k));
    }
  }
}

void kk_pool_backward_reference(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                                const float *dy, ptrdiff_t dy_stride, const float *x,
                                ptrdiff_t x_stride, const kk_input *input, kk_pool pool,
                                size_t first, size_t last) {
  const size_t h = pool.height, w = pool.width, k = pool.kernel;
  const size_t out_h = (h + 2 * pool.padding - k) / pool.stride + 1;
  const size_t out_w = (w + 2 * pool.padding - k) / pool.stride + 1;
  for (size_t c = 0; c < pool.channels; c++) {
    double sum = 0, product = 0;
    for (size_t p = first * h * w; p < last * h * w; p++) {
      dx[(ptrdiff_t)p * dx_stride + (ptrdiff_t)c] = 0;
    }
    for (size_t o = first * out_h * out_w; o < last * out_h * out_w; o++) {
      size_t image = o / (out_h * out_w), oy = o / out_w % out_h, ox = o % out_w, winner = 0;
      float d = dy[(ptrdiff_t)o * dy_stride + (ptrdiff_t)c], best = -INFINITY;
      for (size_t t = 0; t < k * k; t++) {
        size_t iy = oy * pool.stride + t / k - pool.padding;
        size_t ix = ox * pool.stride + t % k - pool.padding;
        if (iy >= h || ix >= w) continue;
        size_t p = (image * h + iy) * w + ix;
        if (pool.kind == KK_POOL_AVERAGE) {
          dx[(ptrdiff_t)p * dx_stride + (ptrdiff_t)c] += d / (float)(k * k);
          continue;
        }
        float a = kk_transform_reference(input, x[(ptrdiff_t)p * x_stride + (ptrdiff_t)c], c);
        if (best == -INFINITY || a > best || a != a) {
          best = a;
          winner = p;
        }
      }
      if (pool.kind == KK_POOL_MAX) dx[(ptrdiff_t)winner * dx_stride + (ptrdiff_t)c] += d;
    }
    for (size_t p = first * h * w; p < last * h * w; p++) {
      float *to = dx + (ptrdiff_t)p * dx_stride + (ptrdiff_t)c;
      *to *= kk_slope_reference(input, x[(ptrdiff_t)p * x_stride + (ptrdiff_t)c], c);
      if (!dx_sums) continue;
      sum += *to;
      product += (double)*to * x[(ptrdiff_t)p * x_stride + (ptrdiff_t)c];
    }
    if (!dx_sums) continue;
    dx_sums[c] = (float)sum;
    dx_products[c] = (float)product;
  }
}

void kk_resize_forward_reference(float *y, const float *x, kk_resize_kind kind, size_t height,
                                 size_t width, size_t channels, size_t out_height, size_t out_width,
                                 size_t first, size_t last, float *scratch) {
  (void)scratch;
  for (size_t o = first * out_height * out_width; o < last * out_height * out_width; o++) {
    size_t row[4], column[4], image = o / (out_height * out_width);
    float down[4], right[4];
    kk_resize_taps(row, down, o / out_width % out_height, height, out_height, kind);
    kk_resize_taps(column, right, o % out_width, width, out_width, kind);
    for (size_t c = 0; c < channels; c++) {
      double value = 0;
      for (int t = 0; t < 16; t++) {
        size_t p = (image * height + row[t / 4]) * width + column[t % 4];
        value += (double)down[t / 4] * right[t % 4] * x[p * channels + c];
      }
      y[o * channels + c] = (float)value;
    }
  }
}

void kk_pool_forward(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                     const kk_input *input, kk_pool pool, size_t first, size_t last) {
  KK_DISPATCH(kk_pool_forward, y, y_stride, x, x_stride, input, pool, first, last);
}

void kk_pool_backward(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                      const float *dy, ptrdiff_t dy_stride, const float *x, ptrdiff_t x_stride,
                      const kk_input *input, kk_pool pool, size_t first, size_t last) {
  KK_DISPATCH(kk_pool_backward, dx, dx_stride, dx_sums, dx_products, dy, dy_stride, x, x_stride,
              input, pool, first, last);
}

void kk_resize_forward(float *y, const float *x, kk_resize_kind kind, size_t height, size_t width,
                       size_t channels, size_t out_height, size_t out_width, size_t first,
                       size_t last, float *scratch) {
  KK_DISPATCH(kk_resize_forward, y, x, kind, height, width, channels, out_height, out_width, first,
              last, scratch);
}
