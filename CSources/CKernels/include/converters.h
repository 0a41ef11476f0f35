// What stands between numbers and an analog array: digital-to-analog converters before it,
// analog-to-digital ones behind it.
//
// Row-major; strides are in floats between rows. A converter has codes k·step clamped to low…high
// (a DAC to ±bound): the value is rounded to a multiple of the step first (ties to even), then
// clamped. step 0 stands for a converter without steps, which only clamps. Outputs may be their
// inputs (in place).
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// scale[r] = max|x[r, :]|; 0 for a row of zeros. A NaN anywhere in a row makes it NaN or any value.
void kk_row_maxima(float *scale, const float *x, size_t rows, size_t columns, ptrdiff_t x_stride);

// y[r, c] = convert(x[r, c] / scale[r]); zeros where scale[r] is 0.
void kk_dac(float *y, const float *x, const float *scale, size_t rows, size_t columns,
            ptrdiff_t y_stride, ptrdiff_t x_stride, float step, float bound);

// y[r, c] (= where accumulate is 0, else +=) convert(x[r, c])·row_scale[r]·column_scale[c];
// column_scale may be NULL: all 1.
// Returns how many samples were below low or above high.
size_t kk_adc(float *y, const float *x, const float *row_scale, const float *column_scale,
              size_t rows, size_t columns, ptrdiff_t y_stride, ptrdiff_t x_stride, float step,
              float low, float high, int accumulate);

// sigma[i] = √(max(variance[i], 0) + floor²): the standard deviation of independent noises.
void kk_noise_deviation(float *sigma, const float *variance, float floor, size_t count);

#ifdef __cplusplus
}
#endif
