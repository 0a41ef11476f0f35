// Matrices whose columns have factors of their own: what the arrays of a layer give, with their
// scales.
//
// Products and sums are kept apart, so that every instruction set gives the same bits.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// y[r, c] = start[c] + scale[c]·x[r, c]; start == NULL: y[r, c] += scale[c]·x[r, c].
void kk_scale_columns(float *y, const float *x, const float *scale, const float *start, size_t rows,
                      size_t columns, ptrdiff_t y_stride, ptrdiff_t x_stride);

// sums[c] += Σ_r x[r, c]·y[r, c]. Rows of fewer than 16 columns, without gaps between them, are
// added up in sixteen sums, others one after the other.
void kk_column_dots(float *sums, const float *x, const float *y, size_t rows, size_t columns,
                    ptrdiff_t x_stride, ptrdiff_t y_stride);

#ifdef __cplusplus
}
#endif
