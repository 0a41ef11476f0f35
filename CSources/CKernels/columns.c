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

// Matrices of few columns, without gaps between rows, are taken as matrices of sixteen times as
// many: vectors of any instruction set are full then.
enum { TOGETHER = 16 };

static int is_narrow(size_t columns, ptrdiff_t x_stride, ptrdiff_t y_stride) {
  return columns < TOGETHER && x_stride == (ptrdiff_t)columns && y_stride == (ptrdiff_t)columns;
}

static void repeat(float *many, const float *few, size_t columns) {
  for (size_t i = 0; i < TOGETHER * columns; i++) many[i] = few[i % columns];
}

void kk_scale_columns(float *y, const float *x, const float *scale, const float *start, size_t rows,
                      size_t columns, ptrdiff_t y_stride, ptrdiff_t x_stride) {
  if (is_narrow(columns, x_stride, y_stride) && rows >= TOGETHER) {
    float scales[TOGETHER * TOGETHER], starts[TOGETHER * TOGETHER];
    const size_t wide = TOGETHER * columns, count = rows / TOGETHER;
    repeat(scales, scale, columns);
    if (start) repeat(starts, start, columns);
    KK_DISPATCH(kk_scale_columns, y, x, scales, start ? starts : NULL, count, wide, (ptrdiff_t)wide,
                (ptrdiff_t)wide);
    y += count * wide;
    x += count * wide;
    rows -= count * TOGETHER;
  }
  KK_DISPATCH(kk_scale_columns, y, x, scale, start, rows, columns, y_stride, x_stride);
}

void kk_column_dots(float *sums, const float *x, const float *y, size_t rows, size_t columns,
                    ptrdiff_t x_stride, ptrdiff_t y_stride) {
  if (is_narrow(columns, x_stride, y_stride) && rows >= TOGETHER) {
    float dots[TOGETHER * TOGETHER] = {0};
    const size_t wide = TOGETHER * columns, count = rows / TOGETHER;
    KK_DISPATCH(kk_column_dots, dots, x, y, count, wide, (ptrdiff_t)wide, (ptrdiff_t)wide);
    for (size_t i = 0; i < wide; i++) sums[i % columns] += dots[i];
    y += count * wide;
    x += count * wide;
    rows -= count * TOGETHER;
  }
  KK_DISPATCH(kk_column_dots, sums, x, y, rows, columns, x_stride, y_stride);
}
