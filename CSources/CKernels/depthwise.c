#include "include/depthwise.h"

#include "depthwise_reference.h"

// Columns of a scratch row for a row of the input, and for a row of gradients: the padding, and
// what the last tile of a row (at most 7 outputs too wide) reads past its end.
#define KK_DEPTHWISE_COLUMNS(s) ((((s).width - 1) / (s).stride + 8) * (s).stride + 8)
#define KK_DEPTHWISE_GRADIENT_COLUMNS(s) (((s).width - 1) / (s).stride + 1 + 16)
#define KK_DEPTHWISE_ALIGN(p) ((float *)(((uintptr_t)(p) + 63) & ~(uintptr_t)63))

#define KK_BODY "../depthwise.inc.h"
#include "internal/per_isa.h"

static size_t padded_channels(kk_depthwise shape) { return (shape.channels + 15) / 16 * 16; }

size_t kk_depthwise_chunk(kk_depthwise shape, size_t batch) {
  size_t h = (shape.height - 1) / shape.stride + 1, w = (shape.width - 1) / shape.stride + 1;
  size_t flops = 2 * h * w * shape.channels * shape.kernel * shape.kernel;
  size_t images = (16000000 + flops - 1) / flops, most = (batch + 7) / 8;
  if (images > most) images = most;
  return images ? images : 1;
}

// Sixteen floats of slack let the kernels align the rest to a cache line.
size_t kk_depthwise_forward_scratch(kk_depthwise shape) {
  size_t channels = padded_channels(shape), out_w = (shape.width - 1) / shape.stride + 1;
  return 16 + (shape.kernel * shape.kernel + 5) * channels +
         16 * (8 * KK_DEPTHWISE_COLUMNS(shape) + out_w + 16);
}

size_t kk_depthwise_backward_scratch(kk_depthwise shape) {
  size_t channels = padded_channels(shape);
  return 16 + (2 * shape.kernel * shape.kernel + 7) * channels +
         16 * (16 * KK_DEPTHWISE_COLUMNS(shape) + 16 * KK_DEPTHWISE_GRADIENT_COLUMNS(shape) +
               shape.width + 16);
}

void kk_depthwise_forward_reference(float *y, ptrdiff_t y_stride, float *sums, float *squares,
                                    const float *x, ptrdiff_t x_stride, const kk_input *input,
                                    kk_depthwise_weight weight, const float *bias,
                                    kk_activation activation, kk_depthwise shape, size_t first,
                                    size_t last, float *scratch) {
  (void)scratch;
  const size_t h = shape.height, w = shape.width, k = shape.kernel, stride = shape.stride;
  const size_t pad = k / 2, out_h = (h - 1) / stride + 1, out_w = (w - 1) / stride + 1;
  for (size_t c = 0; c < shape.channels; c++) {
    double sum = 0, square = 0;
    for (size_t p = first * out_h * out_w; p < last * out_h * out_w; p++) {
      size_t image = p / (out_h * out_w), oy = p / out_w % out_h, ox = p % out_w;
      double value = bias ? bias[c] : 0;
      for (size_t t = 0; t < k * k; t++) {
        // Unsigned: a row or column before the map is a huge one.
        size_t iy = oy * stride + t / k - pad, ix = ox * stride + t % k - pad;
        if (iy >= h || ix >= w) continue;
        float in = x[(ptrdiff_t)((image * h + iy) * w + ix) * x_stride + (ptrdiff_t)c];
        value += (double)kk_transform_reference(input, in, c) *
                 weight.data[(ptrdiff_t)(t / k) * weight.row_stride +
                             (ptrdiff_t)(t % k) * weight.tap_stride + (ptrdiff_t)c];
      }
      float out = kk_activate_reference(activation, (float)value);
      y[(ptrdiff_t)p * y_stride + (ptrdiff_t)c] = out;
      sum += out;
      square += (double)out * out;
    }
    if (sums) {
      sums[c] = (float)sum;
      squares[c] = (float)square;
    }
  }
}

void kk_depthwise_backward_reference(float *dx, ptrdiff_t dx_stride, float *dx_sums,
                                     float *dx_products, float *dw, ptrdiff_t dw_tap_stride,
                                     ptrdiff_t dw_row_stride, const float *g, ptrdiff_t g_stride,
                                     const kk_gradient *gradient, const float *x,
                                     ptrdiff_t x_stride, const kk_input *input,
                                     kk_depthwise_weight weight, kk_depthwise shape, size_t first,
                                     size_t last, float *scratch) {
  (void)scratch;
  const size_t h = shape.height, w = shape.width, k = shape.kernel, stride = shape.stride;
  const size_t pad = k / 2, out_h = (h - 1) / stride + 1, out_w = (w - 1) / stride + 1;
  for (size_t c = 0; c < shape.channels; c++) {
    double dw_sum[49] = {0}, sum = 0, product = 0;
    for (size_t p = first * h * w; p < last * h * w; p++) {
      size_t image = p / (h * w), iy = p / w % h, ix = p % w;
      float raw = x[(ptrdiff_t)p * x_stride + (ptrdiff_t)c],
            a = kk_transform_reference(input, raw, c);
      double da = 0;
      for (size_t t = 0; t < k * k; t++) {
        // The output pixel that sees this input through tap t, where there is one.
        if (iy + pad < t / k || ix + pad < t % k) continue;
        size_t down = iy + pad - t / k, right = ix + pad - t % k;
        if (down % stride || right % stride) continue;
        size_t oy = down / stride, ox = right / stride;
        if (oy >= out_h || ox >= out_w) continue;
        ptrdiff_t o = (ptrdiff_t)((image * out_h + oy) * out_w + ox);
        double d = g[o * g_stride + (ptrdiff_t)c];
        if (gradient && gradient->a) {
          d = gradient->a[c] * d +
              (double)gradient->b[c] * gradient->y[o * gradient->y_stride + (ptrdiff_t)c] +
              gradient->c[c];
        }
        da += d * weight.data[(ptrdiff_t)(t / k) * weight.row_stride +
                              (ptrdiff_t)(t % k) * weight.tap_stride + (ptrdiff_t)c];
        dw_sum[t] += d * a;
      }
      if (!dx) continue;
      da *= kk_slope_reference(input, raw, c);
      dx[(ptrdiff_t)p * dx_stride + (ptrdiff_t)c] = (float)da;
      sum += da;
      product += da * raw;
    }
    if (dx && dx_sums) {
      dx_sums[c] = (float)sum;
      dx_products[c] = (float)product;
    }
    for (size_t t = 0; dw && t < k * k; t++) {
      dw[(ptrdiff_t)(t / k) * dw_row_stride + (ptrdiff_t)(t % k) * dw_tap_stride + (ptrdiff_t)c] +=
          (float)dw_sum[t];
    }
  }
}

void kk_depthwise_forward(float *y, ptrdiff_t y_stride, float *sums, float *squares, const float *x,
                          ptrdiff_t x_stride, const kk_input *input, kk_depthwise_weight weight,
                          const float *bias, kk_activation activation, kk_depthwise shape,
                          size_t first, size_t last, float *scratch) {
  KK_DISPATCH(kk_depthwise_forward, y, y_stride, sums, squares, x, x_stride, input, weight, bias,
              activation, shape, first, last, scratch);
}

void kk_depthwise_backward(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                           float *dw, ptrdiff_t dw_tap_stride, ptrdiff_t dw_row_stride,
                           const float *g, ptrdiff_t g_stride, const kk_gradient *gradient,
                           const float *x, ptrdiff_t x_stride, const kk_input *input,
                           kk_depthwise_weight weight, kk_depthwise shape, size_t first,
                           size_t last, float *scratch) {
  KK_DISPATCH(kk_depthwise_backward, dx, dx_stride, dx_sums, dx_products, dw, dw_tap_stride,
              dw_row_stride, g, g_stride, gradient, x, x_stride, input, weight, shape, first, last,
              scratch);
}
