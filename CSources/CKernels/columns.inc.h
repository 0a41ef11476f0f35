// Vector bodies of columns.h.
#include "elementwise_lanes.inc.h"

#pragma clang fp contract(off)

static void KK_FN(kk_scale_columns)(float *y, const float *x, const float *scale,
                                    const float *start, size_t rows, size_t columns,
                                    ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
    KK_FOR_LANES(c, columns, {
      const vf before = v_get(start ? start + c : y + c, lanes);
      v_put(y + c, before + v_get(scale + c, lanes) * v_get(x + c, lanes), lanes);
    });
  }
}

static void KK_FN(kk_column_dots)(float *sums, const float *x, const float *y, size_t rows,
                                  size_t columns, ptrdiff_t x_stride, ptrdiff_t y_stride) {
  KK_FOR_LANES(c, columns, {
    vf sum = v_get(sums + c, lanes);
    for (size_t r = 0; r < rows; r++) {
      sum += v_get(x + (ptrdiff_t)r * x_stride + c, lanes) *
             v_get(y + (ptrdiff_t)r * y_stride + c, lanes);
    }
    v_put(sums + c, sum, lanes);
  });
}
