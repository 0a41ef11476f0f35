// Vector bodies of converters.h. Products and sums are kept apart (no fused multiply-add), so that
// every instruction set gives the same bits.
#include "elementwise_lanes.inc.h"

#define v_absolute KK_FN(kk_v_absolute)
#define v_convert KK_FN(kk_v_convert)

#pragma clang fp contract(off)

KK_INLINE vf v_absolute(vf v) { return __builtin_elementwise_abs(v); }

KK_INLINE vf v_convert(vf x, float step, float inverse, float low, float high) {
  vf v = step > 0 ? __builtin_elementwise_rint(x * inverse) * step : x;
  return v_min(v_max(v, v_splat(low)), v_splat(high));
}

static void KK_FN(kk_row_maxima)(float *scale, const float *x, size_t rows, size_t columns,
                                 ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, x += x_stride) {
    vf top = {0};
    KK_FOR_LANES(c, columns, top = v_larger(top, v_absolute(v_get(x + c, lanes))));
    scale[r] = v_top(top);
  }
}

static void KK_FN(kk_dac)(float *y, const float *x, const float *scale, size_t rows, size_t columns,
                          ptrdiff_t y_stride, ptrdiff_t x_stride, float step, float bound) {
  const float inverse = step > 0 ? 1 / step : 0;
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
    const float factor = scale[r] > 0 ? 1 / scale[r] : 0;
    KK_FOR_LANES(c, columns, {
      v_put(y + c, v_convert(v_get(x + c, lanes) * factor, step, inverse, -bound, bound), lanes);
    });
  }
}

static void KK_FN(kk_adc)(size_t *clipped, float *y, const float *x, const float *row_scale,
                          const float *column_scale, size_t rows, size_t columns,
                          ptrdiff_t y_stride, ptrdiff_t x_stride, float step, float low, float high,
                          int accumulate) {
  const float inverse = step > 0 ? 1 / step : 0;
  size_t beyond = 0;
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
    vi count = {0};
    KK_FOR_LANES(c, columns, {
      vf v = v_get(x + c, lanes);
      // A comparison is −1 in every lane where it holds.
      count -= (v < v_splat(low)) | (v > v_splat(high));
      vf value = v_convert(v, step, inverse, low, high) * row_scale[r];
      if (column_scale) value = value * v_get(column_scale + c, lanes);
      if (accumulate) value = v_get(y + c, lanes) + value;
      v_put(y + c, value, lanes);
    });
    for (int lane = 0; lane < KK_LANES; lane++) beyond += (size_t)count[lane];
  }
  *clipped = beyond;
}

static void KK_FN(kk_noise_deviation)(float *sigma, const float *variance, float floor,
                                      size_t count) {
  KK_FOR_LANES(i, count, {
    vf v = v_max(v_get(variance + i, lanes), v_splat(0)) + floor * floor;
    v_put(sigma + i, __builtin_elementwise_sqrt(v), lanes);
  });
}
