// Bodies of pooling.h: average and maximum over windows, and resizing.
#include "activations.inc.h"
#include "depthwise_channels.inc.h"

// All windows of images [first, last): `o` is the number of one, (oy, ox) where it is in its image.
#define KK_FOR_WINDOWS(image, oy, ox, o)                                       \
  for (size_t image = first, o = first * out_h * out_w; image < last; image++) \
    for (size_t oy = 0; oy < out_h; oy++)                                      \
      for (size_t ox = 0; ox < out_w; ox++, o++)

// Rows or columns [lo, hi) of the input under output o, and whether there is one before the input.
KK_INLINE void KK_FN(window)(size_t o, size_t size, kk_pool pool, size_t *lo, size_t *hi) {
  size_t start = o * pool.stride, end = start + pool.kernel;
  *lo = start > pool.padding ? start - pool.padding : 0;
  *hi = end - pool.padding < size ? end - pool.padding : size;
}

KK_INLINE void KK_FN(pool_windows)(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                                   const kk_input *in, kk_pool pool, size_t first, size_t last,
                                   const kk_activation act) {
  const size_t h = pool.height, w = pool.width;
  const size_t out_h = (h + 2 * pool.padding - pool.kernel) / pool.stride + 1;
  const size_t out_w = (w + 2 * pool.padding - pool.kernel) / pool.stride + 1;
  const vf share = v_splat(1.0f / (float)(pool.kernel * pool.kernel));
  KK_FOR_WINDOWS(image, oy, ox, o) {
    size_t y0, y1, x0, x1;
    KK_FN(window)(oy, h, pool, &y0, &y1);
    KK_FN(window)(ox, w, pool, &x0, &x1);
    const float *from = x + (ptrdiff_t)(image * h * w) * x_stride;
    KK_FOR_CHANNELS(c, n, pool.channels) {
      vf value = v_splat(pool.kind == KK_POOL_MAX ? -__builtin_inff() : 0.0f);
      for (size_t iy = y0; iy < y1; iy++) {
        for (size_t ix = x0; ix < x1; ix++) {
          vf a = KK_FN(load_channels)(from + (ptrdiff_t)(iy * w + ix) * x_stride + c, n);
          a = KK_FN(transform)(a, in, c, n, act);
          value = pool.kind == KK_POOL_MAX ? v_select((a > value) | (a != a), a, value) : value + a;
        }
      }
      if (pool.kind == KK_POOL_AVERAGE) value *= share;
      KK_FN(store_channels)(y + (ptrdiff_t)o * y_stride + c, value, n);
    }
  }
}

void KK_FN(kk_pool_forward)(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                            const kk_input *input, kk_pool pool, size_t first, size_t last) {
  const kk_input identity = {0}, *in = input ? input : &identity;
  KK_WITH_ACTIVATION(in->activation,
                     KK_FN(pool_windows)(y, y_stride, x, x_stride, in, pool, first, last, kk_act));
}

// Adds the gradient of one window to dx: an equal share to each input, or all to the first maximum.
KK_INLINE void KK_FN(spread)(float *dx, ptrdiff_t dx_stride, vf d, const float *x,
                             ptrdiff_t x_stride, const kk_input *in, size_t w, size_t y0, size_t y1,
                             size_t x0, size_t x1, size_t c, size_t n, int maximum,
                             const kk_activation act) {
  vf best = v_splat(-__builtin_inff());
  vi winner = {0};
  int32_t tap = 0;
  if (maximum) {
    for (size_t iy = y0; iy < y1; iy++) {
      for (size_t ix = x0; ix < x1; ix++, tap++) {
        vf a = KK_FN(load_channels)(x + (ptrdiff_t)(iy * w + ix) * x_stride + c, n);
        a = KK_FN(transform)(a, in, c, n, act);
        vi better = (a > best) | (a != a);
        best = v_select(better, a, best);
        winner = (better & tap) | (~better & winner);
      }
    }
  }
  tap = 0;
  for (size_t iy = y0; iy < y1; iy++) {
    for (size_t ix = x0; ix < x1; ix++, tap++) {
      float *to = dx + (ptrdiff_t)(iy * w + ix) * dx_stride + c;
      vf part = maximum ? v_select(winner == tap, d, v_splat(0.0f)) : d;
      KK_FN(store_channels)(to, KK_FN(load_channels)(to, n) + part, n);
    }
  }
}

// The gradient of maxima whose windows neither overlap nor leave anything out: every input has one
// window, and its gradient is written once.
KK_INLINE void KK_FN(pool_maxima_gradient)(float *dx, ptrdiff_t dx_stride, const float *dy,
                                           ptrdiff_t dy_stride, const float *x, ptrdiff_t x_stride,
                                           const kk_input *in, kk_pool pool, const size_t k,
                                           size_t first, size_t last, const kk_activation act) {
  const size_t w = pool.width;
  const size_t out_h = pool.height / k, out_w = w / k;
  KK_FOR_WINDOWS(image, oy, ox, o) {
    const size_t corner = (image * pool.height + oy * k) * w + ox * k;
    KK_FOR_CHANNELS(c, n, pool.channels) {
      const vf d = KK_FN(load_channels)(dy + (ptrdiff_t)o * dy_stride + c, n);
      vf best = v_splat(-__builtin_inff());
      vi winner = {0};
      for (size_t tap = 0; tap < k * k; tap++) {
        const size_t at = corner + tap / k * w + tap % k;
        const vf raw = KK_FN(load_channels)(x + (ptrdiff_t)at * x_stride + c, n);
        const vf a = KK_FN(transform)(raw, in, c, n, act);
        const vi better = (a > best) | (a != a);
        best = v_select(better, a, best);
        winner = (better & (int32_t)tap) | (~better & winner);
      }
      for (size_t tap = 0; tap < k * k; tap++) {
        const size_t at = corner + tap / k * w + tap % k;
        vf part = v_select(winner == (int32_t)tap, d, v_splat(0.0f));
        if (act != KK_ACT_NONE) {
          const vf raw = KK_FN(load_channels)(x + (ptrdiff_t)at * x_stride + c, n);
          part *= KK_FN(slope)(raw, in, c, n, act);
        }
        KK_FN(store_channels)(dx + (ptrdiff_t)at * dx_stride + c, part, n);
      }
    }
  }
}

KK_INLINE void KK_FN(pool_gradient)(float *dx, ptrdiff_t dx_stride, float *sums, float *products,
                                    const float *dy, ptrdiff_t dy_stride, const float *x,
                                    ptrdiff_t x_stride, const kk_input *in, kk_pool pool,
                                    size_t first, size_t last, const kk_activation act) {
  const size_t h = pool.height, w = pool.width;
  const size_t out_h = (h + 2 * pool.padding - pool.kernel) / pool.stride + 1;
  const size_t out_w = (w + 2 * pool.padding - pool.kernel) / pool.stride + 1;
  const int maximum = pool.kind == KK_POOL_MAX;
  if (maximum && !sums && pool.kernel == pool.stride && pool.padding == 0 && h % pool.kernel == 0 &&
      w % pool.kernel == 0) {
    // Two by two is the usual one: with its size known, loops over taps are unrolled.
    if (pool.kernel == 2) {
      KK_FN(pool_maxima_gradient)
      (dx, dx_stride, dy, dy_stride, x, x_stride, in, pool, 2, first, last, act);
    } else {
      KK_FN(pool_maxima_gradient)
      (dx, dx_stride, dy, dy_stride, x, x_stride, in, pool, pool.kernel, first, last, act);
    }
    return;
  }
  const float share = maximum ? 1.0f : 1.0f / (float)(pool.kernel * pool.kernel);
  if (sums) {
    memset(sums, 0, pool.channels * sizeof(float));
    memset(products, 0, pool.channels * sizeof(float));
  }
  for (size_t p = first * h * w; p < last * h * w; p++) {
    memset(dx + (ptrdiff_t)p * dx_stride, 0, pool.channels * sizeof(float));
  }
  KK_FOR_WINDOWS(image, oy, ox, o) {
    size_t y0, y1, x0, x1, at = image * h * w;
    KK_FN(window)(oy, h, pool, &y0, &y1);
    KK_FN(window)(ox, w, pool, &x0, &x1);
    KK_FOR_CHANNELS(c, n, pool.channels) {
      vf d = KK_FN(load_channels)(dy + (ptrdiff_t)o * dy_stride + c, n) * share;
      KK_FN(spread)
      (dx + (ptrdiff_t)at * dx_stride, dx_stride, d, x + (ptrdiff_t)at * x_stride, x_stride, in, w,
       y0, y1, x0, x1, c, n, maximum, act);
    }
  }
  if (act == KK_ACT_NONE && !sums) return;
  for (size_t p = first * h * w; p < last * h * w; p++) {
    float *to = dx + (ptrdiff_t)p * dx_stride;
    const float *raw = x + (ptrdiff_t)p * x_stride;
    KK_FOR_CHANNELS(c, n, pool.channels) {
      vf v = KK_FN(load_channels)(raw + c, n);
      vf d = KK_FN(load_channels)(to + c, n) * KK_FN(slope)(v, in, c, n, act);
      KK_FN(store_channels)(to + c, d, n);
      if (!sums) continue;
      KK_FN(store_channels)(sums + c, KK_FN(load_channels)(sums + c, n) + d, n);
      KK_FN(store_channels)(products + c, v_fma(d, v, KK_FN(load_channels)(products + c, n)), n);
    }
  }
}

void KK_FN(kk_pool_backward)(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                             const float *dy, ptrdiff_t dy_stride, const float *x,
                             ptrdiff_t x_stride, const kk_input *input, kk_pool pool, size_t first,
                             size_t last) {
  const kk_input identity = {0}, *in = input ? input : &identity;
  KK_WITH_ACTIVATION(in->activation,
                     KK_FN(pool_gradient)(dx, dx_stride, dx_sums, dx_products, dy, dy_stride, x,
                                          x_stride, in, pool, first, last, kk_act));
}

// Rows are combined first, over all columns and channels at once, then the columns of one row.
void KK_FN(kk_resize_forward)(float *y, const float *x, kk_resize_kind kind, size_t height,
                              size_t width, size_t channels, size_t out_height, size_t out_width,
                              size_t first, size_t last, float *scratch) {
  const size_t row = width * channels;
  float *mixed = scratch, *columns = scratch + row;  // per output column: 4 offsets, 4 weights
  for (size_t ox = 0; ox < out_width; ox++) {
    size_t at[4];
    kk_resize_taps(at, columns + 8 * ox + 4, ox, width, out_width, kind);
    for (int t = 0; t < 4; t++) columns[8 * ox + t] = (float)(at[t]);
  }
  for (size_t o = first * out_height; o < last * out_height; o++) {
    size_t at[4];
    float weight[4];
    kk_resize_taps(at, weight, o % out_height, height, out_height, kind);
    const float *from = x + o / out_height * height * row;
    KK_FOR_CHANNELS(c, n, row) {
      vf v = v_splat(0.0f);
      for (int t = 0; t < 4; t++) {
        v = v_fma(KK_FN(load_channels)(from + at[t] * row + c, n), v_splat(weight[t]), v);
      }
      KK_FN(store_channels)(mixed + c, v, n);
    }
    float *to = y + o * out_width * channels;
    for (size_t ox = 0; ox < out_width; ox++, to += channels) {
      const float *column = columns + 8 * ox;
      const float *taps[4];
      for (int t = 0; t < 4; t++) taps[t] = mixed + (size_t)column[t] * channels;
      if (channels < 8) {
        for (size_t c = 0; c < channels; c++) {
          to[c] = column[4] * taps[0][c] + column[5] * taps[1][c] + column[6] * taps[2][c] +
                  column[7] * taps[3][c];
        }
        continue;
      }
      KK_FOR_CHANNELS(c, n, channels) {
        vf v = v_splat(0.0f);
        for (int t = 0; t < 4; t++) {
          v = v_fma(KK_FN(load_channels)(taps[t] + c, n), v_splat(column[4 + t]), v);
        }
        KK_FN(store_channels)(to + c, v, n);
      }
    }
  }
}
