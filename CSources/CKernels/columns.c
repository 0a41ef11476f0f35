#include "include/columns.h"

#define KK_BODY "../columns.inc.h"
#include "internal/per_isa.h"

#pragma clang fp contract(off)

static void kk_scale_columns_reference(float *y, const float *x, const float *scale,
                                       const float *start, size_t rows, size_t columns,
                                       ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
    for (size_t c = 0; c < columns; c++) y[c] = (start ? start[c] : y[c]) + scale[c] * x[c];
  }
}

static void kk_column_dots_reference(float *sums, const float *x, const float *y, size_t rows,
                                     size_t columns, ptrdiff_t x_stride, ptrdiff_t y_stride) {
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
    for (size_t c = 0; c < columns; c++) sums[c] += x[c] * y[c];
  }
}

void kk_scale_columns(float *y, const float *x, const float *scale, const float *start, size_t rows,
                      size_t columns, ptrdiff_t y_stride, ptrdiff_t x_stride) {
  KK_DISPATCH(kk_scale_columns, y, x, scale, start, rows, columns, y_stride, x_stride);
}

void kk_column_dots(float *sums, const float *x, const float *y, size_t rows, size_t columns,
                    ptrdiff_t x_stride, ptrdiff_t y_stride) {
  KK_DISPATCH(kk_column_dots, sums, x, y, rows, columns, x_stride, y_stride);
}
