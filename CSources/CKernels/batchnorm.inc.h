// Bodies of batchnorm.h. Rows are walked in blocks of four, so that memory is read in order and a
// sum in memory is touched once for four rows.
#include "activations.inc.h"
#include "depthwise_channels.inc.h"

#ifndef KK_FOR_VECTORS
// Runs the statement for each vector of channels: c is its first channel, n its number of channels,
// a constant but in the last step.
#define KK_FOR_VECTORS(c, n, channels, ...)             \
  {                                                     \
    size_t c = 0;                                       \
    for (; c + KK_LANES <= (channels); c += KK_LANES) { \
      const size_t n = KK_LANES;                        \
      __VA_ARGS__;                                      \
    }                                                   \
    if (c < (channels)) {                               \
      const size_t n = (channels) - c;                  \
      __VA_ARGS__;                                      \
    }                                                   \
  }
#endif

// sums and squares of R rows.
KK_INLINE void KK_FN(statistics_block)(float *sums, float *squares, const float *x,
                                       ptrdiff_t stride, size_t channels, const int R) {
  KK_FOR_VECTORS(c, n, channels, {
    vf s = KK_FN(load_channels)(x + c, n), q = s * s;
    _Pragma("clang loop unroll(full)") for (int r = 1; r < R; r++) {
      vf v = KK_FN(load_channels)(x + r * stride + c, n);
      s += v;
      q = v_fma(v, v, q);
    }
    KK_FN(store_channels)(sums + c, KK_FN(load_channels)(sums + c, n) + s, n);
    KK_FN(store_channels)(squares + c, KK_FN(load_channels)(squares + c, n) + q, n);
  });
}

void KK_FN(kk_batchnorm_statistics)(float *sums, float *squares, const float *x, ptrdiff_t x_stride,
                                    size_t channels, size_t first, size_t last) {
  memset(sums, 0, channels * sizeof(float));
  memset(squares, 0, channels * sizeof(float));
  const float *row = x + (ptrdiff_t)first * x_stride;
  size_t left = last - first;
  for (; left >= 4; left -= 4, row += 4 * x_stride) {
    KK_FN(statistics_block)(sums, squares, row, x_stride, channels, 4);
  }
  for (; left > 0; left--, row += x_stride) {
    KK_FN(statistics_block)(sums, squares, row, x_stride, channels, 1);
  }
}

KK_INLINE void KK_FN(apply_rows)(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                                 const kk_input *in, const float *residual,
                                 ptrdiff_t residual_stride, const kk_input *residual_in,
                                 size_t channels, size_t first, size_t last,
                                 const kk_activation act) {
  const kk_input own = *in;  // no store can change it
  for (size_t row = first; row < last; row++) {
    float *to = y + (ptrdiff_t)row * y_stride;
    const float *from = x + (ptrdiff_t)row * x_stride;
    const float *add = residual ? residual + (ptrdiff_t)row * residual_stride : NULL;
    KK_FOR_VECTORS(c, n, channels, {
      vf v = KK_FN(transform)(KK_FN(load_channels)(from + c, n), &own, c, n, act);
      if (add) {
        vf r = KK_FN(load_channels)(add + c, n);
        v += residual_in ? KK_FN(transform)(r, residual_in, c, n, residual_in->activation) : r;
      }
      KK_FN(store_channels)(to + c, v, n);
    });
  }
}

void KK_FN(kk_batchnorm_apply)(float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride,
                               const kk_input *input, const float *residual,
                               ptrdiff_t residual_stride, const kk_input *residual_input,
                               size_t channels, size_t first, size_t last) {
  const kk_input identity = {0}, *in = input ? input : &identity;
  const ptrdiff_t dense = (ptrdiff_t)channels;
  if (!in->scale && !residual && y_stride == dense && x_stride == dense) {
    // An activation alone: one long row.
    y += first * channels;
    x += first * channels;
    channels *= last - first;
    first = 0;
    last = 1;
  }
  KK_WITH_ACTIVATION(in->activation,
                     KK_FN(apply_rows)(y, y_stride, x, x_stride, in, residual, residual_stride,
                                       residual_input, channels, first, last, kk_act));
}

KK_INLINE void KK_FN(gradient_block)(float *g, ptrdiff_t g_stride, float *sums, float *products,
                                     const float *dy, ptrdiff_t dy_stride, const float *x,
                                     ptrdiff_t x_stride, const kk_input *in, size_t channels,
                                     const kk_activation act, const int R) {
  const kk_input own = *in;  // no store can change it
  KK_FOR_VECTORS(c, n, channels, {
    vf s = v_splat(0.0f);
    vf p = s;
    _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) {
      vf xv = KK_FN(load_channels)(x + r * x_stride + c, n);
      vf gv = KK_FN(load_channels)(dy + r * dy_stride + c, n);
      gv *= KK_FN(slope)(xv, &own, c, n, act);
      if (g) KK_FN(store_channels)(g + r * g_stride + c, gv, n);
      s += gv;
      p = v_fma(gv, xv, p);
    }
    KK_FN(store_channels)(sums + c, KK_FN(load_channels)(sums + c, n) + s, n);
    KK_FN(store_channels)(products + c, KK_FN(load_channels)(products + c, n) + p, n);
  });
}

KK_INLINE void KK_FN(gradient_rows)(float *g, ptrdiff_t g_stride, float *sums, float *products,
                                    const float *dy, ptrdiff_t dy_stride, const float *x,
                                    ptrdiff_t x_stride, const kk_input *in, size_t channels,
                                    size_t first, size_t last, const kk_activation act) {
  for (size_t row = first; row < last;) {
    float *to = g ? g + (ptrdiff_t)row * g_stride : NULL;
    const float *from = dy + (ptrdiff_t)row * dy_stride, *raw = x + (ptrdiff_t)row * x_stride;
    if (last - row >= 4) {
      KK_FN(gradient_block)
      (to, g_stride, sums, products, from, dy_stride, raw, x_stride, in, channels, act, 4);
      row += 4;
    } else {
      KK_FN(gradient_block)
      (to, g_stride, sums, products, from, dy_stride, raw, x_stride, in, channels, act, 1);
      row++;
    }
  }
}

void KK_FN(kk_batchnorm_gradient_sums)(float *g, ptrdiff_t g_stride, float *sums, float *products,
                                       const float *dy, ptrdiff_t dy_stride, const float *x,
                                       ptrdiff_t x_stride, const kk_input *input, size_t channels,
                                       size_t first, size_t last) {
  const kk_input identity = {0}, *in = input ? input : &identity;
  memset(sums, 0, channels * sizeof(float));
  memset(products, 0, channels * sizeof(float));
  KK_WITH_ACTIVATION(in->activation,
                     KK_FN(gradient_rows)(g, g_stride, sums, products, dy, dy_stride, x, x_stride,
                                          in, channels, first, last, kk_act));
}

void KK_FN(kk_batchnorm_gradient_apply)(float *d, ptrdiff_t d_stride, const float *g,
                                        ptrdiff_t g_stride, const kk_gradient *gradient,
                                        size_t channels, size_t first, size_t last) {
  for (size_t row = first; row < last; row++) {
    float *to = d + (ptrdiff_t)row * d_stride;
    const float *from = g + (ptrdiff_t)row * g_stride;
    if (!gradient || !gradient->a) {
      memmove(to, from, channels * sizeof(float));
      continue;
    }
    const kk_gradient own = *gradient;  // no store can change it
    const float *y = own.y + (ptrdiff_t)row * own.y_stride;
    KK_FOR_VECTORS(c, n, channels, {
      vf v = v_fma(KK_FN(load_channels)(y + c, n), KK_FN(load_channels)(own.b + c, n),
                   KK_FN(load_channels)(own.c + c, n));
      v = v_fma(KK_FN(load_channels)(from + c, n), KK_FN(load_channels)(own.a + c, n), v);
      KK_FN(store_channels)(to + c, v, n);
    });
  }
}
