#include "include/pooling.h"

#include "depthwise_reference.h"

#define KK_BODY "../pooling.inc.h"
#include "internal/per_isa.h"

size_t kk_pool_chunk(size_t pixels, size_t channels, size_t batch) {
  size_t elements = pixels * channels, most = (batch + 7) / 8;
  size_t images = elements ? (65536 + elements - 1) / elements : most;
  if (images > most) images = most;
  return images ? images : 1;
}

void kk_global_pool_forward_reference(float *y, ptrdiff_t y_stride, const float *x,
                                      ptrdiff_t x_stride, const kk_input *input, size_t pixels,
                                      size_t channels, size_t first, size_t last) {
  for (size_t image = first; image < last; image++) {
    for (size_t c = 0; c < channels; c++) {
      double sum = 0;
      for (size_t p = image * pixels; p < (image + 1) * pixels; p++) {
        sum += kk_transform_reference(input, x[(ptrdiff_t)p * x_stride + (ptrdiff_t)c], c);
      }
      y[(ptrdiff_t)image * y_stride + (ptrdiff_t)c] = (float)(sum / (double)pixels);
    }
  }
}

void kk_gate_backward_gate_reference(float *dgate, ptrdiff_t dgate_stride, const float *dy,
                                     ptrdiff_t dy_stride, const float *x, ptrdiff_t x_stride,
                                     const kk_input *input, size_t pixels, size_t channels,
                                     size_t first, size_t last) {
  for (size_t image = first; image < last; image++) {
    for (size_t c = 0; c < channels; c++) {
      double sum = 0;
      for (size_t p = image * pixels; p < (image + 1) * pixels; p++) {
        sum += (double)kk_transform_reference(input, x[(ptrdiff_t)p * x_stride + (ptrdiff_t)c], c) *
               dy[(ptrdiff_t)p * dy_stride + (ptrdiff_t)c];
      }
      dgate[(ptrdiff_t)image * dgate_stride + (ptrdiff_t)c] = (float)sum;
    }
  }
}

void kk_gate_forward_reference(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                               const kk_input *input, const float *gate, ptrdiff_t gate_stride,
                               size_t pixels, size_t channels, size_t first, size_t last) {
  for (size_t p = first * pixels; p < last * pixels; p++) {
    for (size_t c = 0; c < channels; c++) {
      y[(ptrdiff_t)p * y_stride + (ptrdiff_t)c] =
          kk_transform_reference(input, x[(ptrdiff_t)p * x_stride + (ptrdiff_t)c], c) *
          gate[(ptrdiff_t)(p / pixels) * gate_stride + (ptrdiff_t)c];
    }
  }
}

void kk_gate_backward_input_reference(float *dx, ptrdiff_t dx_stride, float *dx_sums,
                                      float *dx_products, const float *dy, ptrdiff_t dy_stride,
                                      const float *gate, ptrdiff_t gate_stride, const float *dpool,
                                      ptrdiff_t dpool_stride, const float *x, ptrdiff_t x_stride,
                                      const kk_input *input, size_t pixels, size_t channels,
                                      size_t first, size_t last) {
  for (size_t c = 0; c < channels; c++) {
    double sum = 0, product = 0;
    for (size_t p = first * pixels; p < last * pixels; p++) {
      ptrdiff_t image = (ptrdiff_t)(p / pixels);
      double d = 0;
      if (gate) {
        d = (double)dy[(ptrdiff_t)p * dy_stride + (ptrdiff_t)c] *
            gate[image * gate_stride + (ptrdiff_t)c];
      }
      if (dpool) d += dpool[image * dpool_stride + (ptrdiff_t)c] / (double)pixels;
      float raw = x ? x[(ptrdiff_t)p * x_stride + (ptrdiff_t)c] : 0;
      d *= kk_slope_reference(input, raw, c);
      dx[(ptrdiff_t)p * dx_stride + (ptrdiff_t)c] = (float)d;
      sum += d;
      product += d * raw;
    }
    if (!dx_sums) continue;
    dx_sums[c] = (float)sum;
    dx_products[c] = (float)product;
  }
}

void kk_global_pool_backward_reference(float *dx, ptrdiff_t dx_stride, float *dx_sums,
                                       float *dx_products, const float *dy, ptrdiff_t dy_stride,
                                       const float *x, ptrdiff_t x_stride, const kk_input *input,
                                       size_t pixels, size_t channels, size_t first, size_t last) {
  kk_gate_backward_input_reference(dx, dx_stride, dx_sums, dx_products, NULL, 0, NULL, 0, dy,
                                   dy_stride, x, x_stride, input, pixels, channels, first, last);
}

void kk_global_pool_forward(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                            const kk_input *input, size_t pixels, size_t channels, size_t first,
                            size_t last) {
  KK_DISPATCH(kk_global_pool_forward, y, y_stride, x, x_stride, input, pixels, channels, first,
              last);
}

void kk_global_pool_backward(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                             const float *dy, ptrdiff_t dy_stride, const float *x,
                             ptrdiff_t x_stride, const kk_input *input, size_t pixels,
                             size_t channels, size_t first, size_t last) {
  KK_DISPATCH(kk_global_pool_backward, dx, dx_stride, dx_sums, dx_products, dy, dy_stride, x,
              x_stride, input, pixels, channels, first, last);
}

void kk_gate_forward(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                     const kk_input *input, const float *gate, ptrdiff_t gate_stride, size_t pixels,
                     size_t channels, size_t first, size_t last) {
  KK_DISPATCH(kk_gate_forward, y, y_stride, x, x_stride, input, gate, gate_stride, pixels, channels,
              first, last);
}

void kk_gate_backward_gate(float *dgate, ptrdiff_t dgate_stride, const float *dy,
                           ptrdiff_t dy_stride, const float *x, ptrdiff_t x_stride,
                           const kk_input *input, size_t pixels, size_t channels, size_t first,
                           size_t last) {
  KK_DISPATCH(kk_gate_backward_gate, dgate, dgate_stride, dy, dy_stride, x, x_stride, input, pixels,
              channels, first, last);
}

void kk_gate_backward_input(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                            const float *dy, ptrdiff_t dy_stride, const float *gate,
                            ptrdiff_t gate_stride, const float *dpool, ptrdiff_t dpool_stride,
                            const float *x, ptrdiff_t x_stride, const kk_input *input,
                            size_t pixels, size_t channels, size_t first, size_t last) {
  KK_DISPATCH(kk_gate_backward_input, dx, dx_stride, dx_sums, dx_products, dy, dy_stride, gate,
              gate_stride, dpool, dpool_stride, x, x_stride, input, pixels, channels, first, last);
}
