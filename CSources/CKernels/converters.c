#include "include/converters.h"

#include <math.h>

#define KK_BODY "../converters.inc.h"
#include "internal/per_isa.h"

// The reference rounds as the vector bodies do: one multiplication by the reciprocal.
#pragma clang fp contract(off)

static float convert(float x, float step, float inverse, float low, float high) {
  float v = step > 0 ? rintf(x * inverse) * step : x;
  return fminf(fmaxf(v, low), high);
}

static void kk_row_maxima_reference(float *scale, const float *x, size_t rows, size_t columns,
                                    ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, x += x_stride) {
    float top = 0;
    for (size_t c = 0; c < columns; c++) top = fmaxf(top, fabsf(x[c]));
    scale[r] = top;
  }
}

static void kk_dac_reference(float *y, const float *x, const float *scale, size_t rows,
                             size_t columns, ptrdiff_t y_stride, ptrdiff_t x_stride, float step,
                             float bound) {
  const float inverse = step > 0 ? 1 / step : 0;
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
    const float factor = scale[r] > 0 ? 1 / scale[r] : 0;
    for (size_t c = 0; c < columns; c++)
      y[c] = convert(x[c] * factor, step, inverse, -bound, bound);
  }
}

static void kk_adc_reference(size_t *clipped, float *y, const float *x, const float *row_scale,
                             const float *column_scale, size_t rows, size_t columns,
                             ptrdiff_t y_stride, ptrdiff_t x_stride, float step, float low,
                             float high, int accumulate) {
  const float inverse = step > 0 ? 1 / step : 0;
  size_t beyond = 0;
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
    for (size_t c = 0; c < columns; c++) {
      beyond += x[c] < low || x[c] > high;
      float value = convert(x[c], step, inverse, low, high) * row_scale[r];
      if (column_scale) value *= column_scale[c];
      y[c] = accumulate ? y[c] + value : value;
    }
  }
  *clipped = beyond;
}

static void kk_noise_deviation_reference(float *sigma, const float *variance, float floor,
                                         size_t count) {
  for (size_t i = 0; i < count; i++) {
    sigma[i] = sqrtf(fmaxf(variance[i], 0) + floor * floor);
  }
}

void kk_row_maxima(float *scale, const float *x, size_t rows, size_t columns, ptrdiff_t x_stride) {
  KK_DISPATCH(kk_row_maxima, scale, x, rows, columns, x_stride);
}

void kk_dac(float *y, const float *x, const float *scale, size_t rows, size_t columns,
            ptrdiff_t y_stride, ptrdiff_t x_stride, float step, float bound) {
  KK_DISPATCH(kk_dac, y, x, scale, rows, columns, y_stride, x_stride, step, bound);
}

size_t kk_adc(float *y, const float *x, const float *row_scale, const float *column_scale,
              size_t rows, size_t columns, ptrdiff_t y_stride, ptrdiff_t x_stride, float step,
              float low, float high, int accumulate) {
  size_t clipped = 0;
  KK_DISPATCH(kk_adc, &clipped, y, x, row_scale, column_scale, rows, columns, y_stride, x_stride,
              step, low, high, accumulate);
  return clipped;
}

void kk_noise_deviation(float *sigma, const float *variance, float floor, size_t count) {
  KK_DISPATCH(kk_noise_deviation, sigma, variance, floor, count);
}
