// Bodies of pooling.h: means over pixels and squeeze-excite gates. Pixels are walked in memory
// order, in blocks of four, so that a sum in memory is touched once for four pixels.
#include "activations.inc.h"
#include "depthwise_channels.inc.h"

// sums[c] += Σ over R pixels of T(x), times dy where that is not NULL.
KK_INLINE void KK_FN(pool_block)(float *sums, const float *x, ptrdiff_t x_stride, const float *dy,
                                 ptrdiff_t dy_stride, const kk_input *in, size_t channels,
                                 const kk_activation act, const int R) {
  KK_FOR_CHANNELS(c, n, channels) {
    vf s = v_splat(0.0f);
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
      vf a = KK_FN(transform)(KK_FN(load_channels)(x + r * x_stride + c, n), in, c, n, act);
      s = dy ? v_fma(a, KK_FN(load_channels)(dy + r * dy_stride + c, n), s) : s + a;
    }
    KK_FN(store_channels)(sums + c, KK_FN(load_channels)(sums + c, n) + s, n);
  }
}

// out[image] = factor·Σ over the pixels of T(x)·dy.
KK_INLINE void KK_FN(pool_images)(float *out, ptrdiff_t out_stride, const float *dy,
                                  ptrdiff_t dy_stride, const float *x, ptrdiff_t x_stride,
                                  const kk_input *in, float factor, size_t pixels, size_t channels,
                                  size_t first, size_t last, const kk_activation act) {
  for (size_t image = first; image < last; image++) {
    float *sums = out + (ptrdiff_t)image * out_stride;
    const float *from = x + (ptrdiff_t)(image * pixels) * x_stride;
    const float *grad = dy ? dy + (ptrdiff_t)(image * pixels) * dy_stride : NULL;
    memset(sums, 0, channels * sizeof(float));
    size_t left = pixels;
    for (; left >= 4; left -= 4, from += 4 * x_stride) {
      KK_FN(pool_block)(sums, from, x_stride, grad, dy_stride, in, channels, act, 4);
      if (grad) grad += 4 * dy_stride;
    }
    for (; left > 0; left--, from += x_stride) {
      KK_FN(pool_block)(sums, from, x_stride, grad, dy_stride, in, channels, act, 1);
      if (grad) grad += dy_stride;
    }
    if (factor == 1.0f) continue;
    for (size_t c = 0; c < channels; c++) sums[c] *= factor;
  }
}

void KK_FN(kk_global_pool_forward)(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                                   const kk_input *input, size_t pixels, size_t channels,
                                   size_t first, size_t last) {
  const kk_input identity = {0}, *in = input ? input : &identity;
  KK_WITH_ACTIVATION(in->activation,
                     KK_FN(pool_images)(y, y_stride, NULL, 0, x, x_stride, in, 1.0f / (float)pixels,
                                        pixels, channels, first, last, kk_act));
}

void KK_FN(kk_gate_backward_gate)(float *dgate, ptrdiff_t dgate_stride, const float *dy,
                                  ptrdiff_t dy_stride, const float *x, ptrdiff_t x_stride,
                                  const kk_input *input, size_t pixels, size_t channels,
                                  size_t first, size_t last) {
  const kk_input identity = {0}, *in = input ? input : &identity;
  KK_WITH_ACTIVATION(in->activation,
                     KK_FN(pool_images)(dgate, dgate_stride, dy, dy_stride, x, x_stride, in, 1.0f,
                                        pixels, channels, first, last, kk_act));
}

KK_INLINE void KK_FN(gate_images)(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                                  const kk_input *in, const float *gate, ptrdiff_t gate_stride,
                                  size_t pixels, size_t channels, size_t first, size_t last,
                                  const kk_activation act) {
  for (size_t p = first * pixels; p < last * pixels; p++) {
    const float *factor = gate + (ptrdiff_t)(p / pixels) * gate_stride;
    const float *from = x + (ptrdiff_t)p * x_stride;
    float *to = y + (ptrdiff_t)p * y_stride;
    KK_FOR_CHANNELS(c, n, channels) {
      vf a = KK_FN(transform)(KK_FN(load_channels)(from + c, n), in, c, n, act);
      KK_FN(store_channels)(to + c, a * KK_FN(load_channels)(factor + c, n), n);
    }
  }
}

void KK_FN(kk_gate_forward)(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                            const kk_input *input, const float *gate, ptrdiff_t gate_stride,
                            size_t pixels, size_t channels, size_t first, size_t last) {
  const kk_input identity = {0}, *in = input ? input : &identity;
  KK_WITH_ACTIVATION(in->activation,
                     KK_FN(gate_images)(y, y_stride, x, x_stride, in, gate, gate_stride, pixels,
                                        channels, first, last, kk_act));
}

// dx of R pixels: (dy·gate + dpool·share)·act', and the sums.
KK_INLINE void KK_FN(gate_block)(float *dx, ptrdiff_t dx_stride, float *sums, float *products,
                                 const float *dy, ptrdiff_t dy_stride, const float *gate,
                                 const float *dpool, float share, const float *x,
                                 ptrdiff_t x_stride, const kk_input *in, size_t channels,
                                 const kk_activation act, const int R) {
  KK_FOR_CHANNELS(c, n, channels) {
    vf factor = gate ? KK_FN(load_channels)(gate + c, n) : v_splat(0.0f);
    vf offset = dpool ? KK_FN(load_channels)(dpool + c, n) * share : v_splat(0.0f);
    vf s = v_splat(0.0f), p = s;
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
      vf d = offset, raw = s;
      if (gate) d = v_fma(KK_FN(load_channels)(dy + r * dy_stride + c, n), factor, offset);
      if (act != KK_ACT_NONE || sums) raw = KK_FN(load_channels)(x + r * x_stride + c, n);
      d *= KK_FN(slope)(raw, in, c, n, act);
      KK_FN(store_channels)(dx + r * dx_stride + c, d, n);
      if (!sums) continue;
      s += d;
      p = v_fma(d, raw, p);
    }
    if (!sums) continue;
    KK_FN(store_channels)(sums + c, KK_FN(load_channels)(sums + c, n) + s, n);
    KK_FN(store_channels)(products + c, KK_FN(load_channels)(products + c, n) + p, n);
  }
}

KK_INLINE void KK_FN(gate_gradient_images)(float *dx, ptrdiff_t dx_stride, float *sums,
                                           float *products, const float *dy, ptrdiff_t dy_stride,
                                           const float *gate, ptrdiff_t gate_stride,
                                           const float *dpool, ptrdiff_t dpool_stride,
                                           const float *x, ptrdiff_t x_stride, const kk_input *in,
                                           size_t pixels, size_t channels, size_t first,
                                           size_t last, const kk_activation act) {
  if (sums) {
    memset(sums, 0, channels * sizeof(float));
    memset(products, 0, channels * sizeof(float));
  }
  const float share = 1.0f / (float)pixels;
  for (size_t image = first; image < last; image++) {
    const float *factor = gate ? gate + (ptrdiff_t)image * gate_stride : NULL;
    const float *pooled = dpool ? dpool + (ptrdiff_t)image * dpool_stride : NULL;
    for (size_t p = image * pixels; p < (image + 1) * pixels;) {
      float *to = dx + (ptrdiff_t)p * dx_stride;
      const float *from = dy ? dy + (ptrdiff_t)p * dy_stride : NULL;
      const float *raw = x ? x + (ptrdiff_t)p * x_stride : NULL;
      if ((image + 1) * pixels - p >= 4) {
        KK_FN(gate_block)
        (to, dx_stride, sums, products, from, dy_stride, factor, pooled, share, raw, x_stride, in,
         channels, act, 4);
        p += 4;
      } else {
        KK_FN(gate_block)
        (to, dx_stride, sums, products, from, dy_stride, factor, pooled, share, raw, x_stride, in,
         channels, act, 1);
        p++;
      }
    }
  }
}

void KK_FN(kk_gate_backward_input)(float *dx, ptrdiff_t dx_stride, float *dx_sums,
                                   float *dx_products, const float *dy, ptrdiff_t dy_stride,
                                   const float *gate, ptrdiff_t gate_stride, const float *dpool,
                                   ptrdiff_t dpool_stride, const float *x, ptrdiff_t x_stride,
                                   const kk_input *input, size_t pixels, size_t channels,
                                   size_t first, size_t last) {
  const kk_input identity = {0}, *in = input ? input : &identity;
  KK_WITH_ACTIVATION(in->activation, KK_FN(gate_gradient_images)(
                                         dx, dx_stride, dx_sums, dx_products, dy, dy_stride, gate,
                                         gate_stride, dpool, dpool_stride, x, x_stride, in, pixels,
                                         channels, first, last, kk_act));
}

void KK_FN(kk_global_pool_backward)(float *dx, ptrdiff_t dx_stride, float *dx_sums,
                                    float *dx_products, const float *dy, ptrdiff_t dy_stride,
                                    const float *x, ptrdiff_t x_stride, const kk_input *input,
                                    size_t pixels, size_t channels, size_t first, size_t last) {
  KK_FN(kk_gate_backward_input)
  (dx, dx_stride, dx_sums, dx_products, NULL, 0, NULL, 0, dy, dy_stride, x, x_stride, input, pixels,
   channels, first, last);
}
