// Vector bodies of softmax.h.
#include "softmax_rows.inc.h"

void KK_FN(kk_softmax)(float *y, const float *x, size_t rows, size_t n, ptrdiff_t y_stride,
                       ptrdiff_t x_stride, float scale) {
  for (size_t r = 0; r < rows; r++, y += y_stride, x += x_stride) softmax_row(y, x, n, scale);
}

void KK_FN(kk_softmax_backward)(float *dx, const float *dy, const float *y, size_t rows, size_t n,
                                ptrdiff_t dx_stride, ptrdiff_t dy_stride, ptrdiff_t y_stride,
                                float scale) {
  for (size_t r = 0; r < rows; r++, dx += dx_stride, dy += dy_stride, y += y_stride) {
    softmax_backward_row(dx, dy, y, n, scale);
  }
}

void KK_FN(kk_log_softmax)(float *y, const float *x, size_t rows, size_t n, ptrdiff_t y_stride,
                           ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, y += y_stride, x += x_stride) {
    float total = row_log_sum_exp(x, n);
    KK_FOR_LANES(i, n, v_put(y + i, v_get(x + i, lanes) - total, lanes));
  }
}

void KK_FN(kk_log_softmax_backward)(float *dx, const float *dy, const float *y, size_t rows,
                                    size_t n, ptrdiff_t dx_stride, ptrdiff_t dy_stride,
                                    ptrdiff_t y_stride) {
  for (size_t r = 0; r < rows; r++, dx += dx_stride, dy += dy_stride, y += y_stride) {
    vf acc = {0};
    KK_FOR_LANES(i, n, acc += v_get(dy + i, lanes));
    vf sum = v_splat(-v_total(acc));
    KK_FOR_LANES(i, n, {
      v_put(dx + i, v_fma(v_exp(v_get(y + i, lanes)), sum, v_get(dy + i, lanes)), lanes);
    });
  }
}
