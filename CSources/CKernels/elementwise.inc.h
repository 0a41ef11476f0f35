// Vector bodies of elementwise.h.
#include "activations.inc.h"
#include "elementwise_lanes.inc.h"

#define activate_range KK_FN(kk_activate_range)
#define activate_backward_range KK_FN(kk_activate_backward_range)
#define sum_columns KK_FN(kk_sum_columns)
#define quad KK_FN(kk_quad)
#define quad_load KK_FN(kk_quad_load)
#define quad_store KK_FN(kk_quad_store)

KK_INLINE void activate_range(float *y, const float *x, size_t n, const kk_activation activation) {
  KK_FOR_LANES(i, n, v_put(y + i, v_activate(activation, v_get(x + i, lanes)), lanes));
}

void KK_FN(kk_activation_forward)(float *y, const float *x, size_t n, kk_activation activation) {
  KK_WITH_ACTIVATION(activation, activate_range(y, x, n, kk_act));
}

KK_INLINE void activate_backward_range(float *dx, const float *dy, const float *x, size_t n,
                                       const kk_activation activation) {
  KK_FOR_LANES(i, n, {
    vf slope = v_activate_gradient(activation, v_get(x + i, lanes));
    v_put(dx + i, v_get(dy + i, lanes) * slope, lanes);
  });
}

void KK_FN(kk_activation_backward)(float *dx, const float *dy, const float *x, size_t n,
                                   kk_activation activation) {
  KK_WITH_ACTIVATION(activation, activate_backward_range(dx, dy, x, n, kk_act));
}

void KK_FN(kk_add)(float *y, const float *a, const float *b, size_t n) {
  KK_FOR_LANES(i, n, v_put(y + i, v_get(a + i, lanes) + v_get(b + i, lanes), lanes));
}

void KK_FN(kk_multiply)(float *y, const float *a, const float *b, size_t n) {
  KK_FOR_LANES(i, n, v_put(y + i, v_get(a + i, lanes) * v_get(b + i, lanes), lanes));
}

void KK_FN(kk_multiply_add)(float *y, const float *a, const float *b, size_t n) {
  KK_FOR_LANES(
      i, n,
      v_put(y + i, v_fma(v_get(a + i, lanes), v_get(b + i, lanes), v_get(y + i, lanes)), lanes));
}

void KK_FN(kk_bias_add)(float *y, const float *x, const float *bias, size_t rows, size_t channels,
                        ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, y += y_stride, x += x_stride) {
    KK_FOR_LANES(c, channels, v_put(y + c, v_get(x + c, lanes) + v_get(bias + c, lanes), lanes));
  }
}

// out[c] += factor·Σ_r dy[r, c]·x[r, c] (x == NULL: Σ_r dy[r, c]) for `vectors` registers of
// columns, the last of `lanes` lanes; two partial sums hide the latency of narrow blocks.
KK_INLINE void sum_columns(float *out, const float *dy, const float *x, size_t rows,
                           ptrdiff_t dy_stride, ptrdiff_t x_stride, float factor, const int vectors,
                           size_t lanes) {
  vf acc[2][4] = {{{0}}};
  size_t r = 0;
  for (; r + 2 <= rows; r += 2) {
#pragma clang loop unroll(full)
    for (int h = 0; h < 2; h++) {
      const float *g = dy + (ptrdiff_t)(r + (size_t)h) * dy_stride;
      const float *f = x ? x + (ptrdiff_t)(r + (size_t)h) * x_stride : NULL;
#pragma clang loop unroll(full)
      for (int k = 0; k < vectors; k++) {
        vf d = v_get(g + k * KK_LANES, lanes);
        acc[h][k] = x ? v_fma(d, v_get(f + k * KK_LANES, lanes), acc[h][k]) : acc[h][k] + d;
      }
    }
  }
  if (r < rows) {
    for (int k = 0; k < vectors; k++) {
      vf d = v_get(dy + (ptrdiff_t)r * dy_stride + k * KK_LANES, lanes);
      vf f = x ? v_get(x + (ptrdiff_t)r * x_stride + k * KK_LANES, lanes) : v_splat(1);
      acc[0][k] = v_fma(d, f, acc[0][k]);
    }
  }
  for (int k = 0; k < vectors; k++) {
    vf sum = acc[0][k] + acc[1][k];
    v_put(out + k * KK_LANES, v_fma(sum, v_splat(factor), v_get(out + k * KK_LANES, lanes)), lanes);
  }
}

void KK_FN(kk_bias_gradient)(float *dbias, const float *dy, size_t rows, size_t channels,
                             ptrdiff_t dy_stride) {
  size_t c = 0;
  for (; c + 4 * KK_LANES <= channels; c += 4 * KK_LANES) {
    sum_columns(dbias + c, dy + c, NULL, rows, dy_stride, 0, 1.0f, 4, KK_LANES);
  }
  KK_FOR_LANES(i, channels - c,
               sum_columns(dbias + c + i, dy + c + i, NULL, rows, dy_stride, 0, 1.0f, 1, lanes));
}

void KK_FN(kk_channel_scale)(float *y, const float *x, const float *scale, size_t rows,
                             size_t channels, ptrdiff_t y_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, y += y_stride, x += x_stride) {
    KK_FOR_LANES(c, channels, v_put(y + c, v_get(x + c, lanes) * v_get(scale + c, lanes), lanes));
  }
}

void KK_FN(kk_channel_scale_gradient)(float *dscale, const float *dy, const float *x, size_t rows,
                                      size_t channels, ptrdiff_t dy_stride, ptrdiff_t x_stride,
                                      float factor) {
  size_t c = 0;
  for (; c + 4 * KK_LANES <= channels; c += 4 * KK_LANES) {
    sum_columns(dscale + c, dy + c, x + c, rows, dy_stride, x_stride, factor, 4, KK_LANES);
  }
  KK_FOR_LANES(i, channels - c,
               sum_columns(dscale + c + i, dy + c + i, x + c + i, rows, dy_stride, x_stride, factor,
                           1, lanes));
}

void KK_FN(kk_residual_scale)(float *y, const float *x, const float *f, const float *scale,
                              size_t rows, size_t channels, ptrdiff_t y_stride, ptrdiff_t x_stride,
                              ptrdiff_t f_stride, float factor) {
  for (size_t r = 0; r < rows; r++, y += y_stride, x += x_stride, f += f_stride) {
    KK_FOR_LANES(c, channels, {
      vf s = v_get(scale + c, lanes) * factor;
      v_put(y + c, v_fma(s, v_get(f + c, lanes), v_get(x + c, lanes)), lanes);
    });
  }
}

// Row by row, so that memory is read in order; the sums stay in the first-level cache.
void KK_FN(kk_residual_scale_backward)(float *df, float *dscale, const float *dy, const float *f,
                                       const float *scale, size_t rows, size_t channels,
                                       ptrdiff_t df_stride, ptrdiff_t dy_stride, ptrdiff_t f_stride,
                                       float factor) {
  for (size_t r = 0; r < rows; r++, df += df_stride, dy += dy_stride, f += f_stride) {
    KK_FOR_LANES(c, channels, {
      vf d = v_get(dy + c, lanes) * factor;
      v_put(dscale + c, v_fma(d, v_get(f + c, lanes), v_get(dscale + c, lanes)), lanes);
      v_put(df + c, v_get(scale + c, lanes) * d, lanes);
    });
  }
}

void KK_FN(kk_sample_scale)(float *y, const float *x, const float *f, const float *factor,
                            size_t samples, size_t n) {
  for (size_t s = 0; s < samples; s++, y += n, f += n) {
    const vf m = v_splat(factor[s]);
    if (x) {
      const float *from = x + s * n;
      KK_FOR_LANES(i, n,
                   v_put(y + i, v_fma(m, v_get(f + i, lanes), v_get(from + i, lanes)), lanes));
    } else {
      KK_FOR_LANES(i, n, v_put(y + i, m * v_get(f + i, lanes), lanes));
    }
  }
}

void KK_FN(kk_copy_rows)(float *y, const float *x, size_t rows, size_t channels, ptrdiff_t y_stride,
                         ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, y += y_stride, x += x_stride) {
    KK_FOR_LANES(c, channels, v_put(y + c, v_get(x + c, lanes), lanes));
  }
}

void KK_FN(kk_add_rows)(float *y, const float *x, size_t rows, size_t channels, ptrdiff_t y_stride,
                        ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, y += y_stride, x += x_stride) {
    KK_FOR_LANES(c, channels, v_put(y + c, v_get(y + c, lanes) + v_get(x + c, lanes), lanes));
  }
}

// Transposition moves 4 × 4 squares through registers of four lanes, which every processor has.
typedef float quad __attribute__((vector_size(16)));

KK_INLINE quad quad_load(const float *p) {
  quad v;
  memcpy(&v, p, sizeof v);
  return v;
}
KK_INLINE void quad_store(float *p, quad v) { memcpy(p, &v, sizeof v); }

void KK_FN(kk_transpose)(float *y, const float *x, size_t rows, size_t columns, ptrdiff_t y_stride,
                         ptrdiff_t x_stride) {
  // Tiles of 16 rows, so that the lines of y being written stay in the first-level cache.
  for (size_t r0 = 0; r0 < rows; r0 += 16) {
    size_t r1 = r0 + 16 < rows ? r0 + 16 : rows;
    size_t full = r1 - (r1 - r0) % 4, c = 0;
    for (; c + 4 <= columns; c += 4) {
      size_t r = r0;
      for (; r < full; r += 4) {
        const float *p = x + (ptrdiff_t)r * x_stride + (ptrdiff_t)c;
        float *q = y + (ptrdiff_t)c * y_stride + (ptrdiff_t)r;
        quad a = quad_load(p), b = quad_load(p + x_stride);
        quad d = quad_load(p + 2 * x_stride), e = quad_load(p + 3 * x_stride);
        quad ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
        quad ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        quad de0 = __builtin_shufflevector(d, e, 0, 4, 1, 5);
        quad de1 = __builtin_shufflevector(d, e, 2, 6, 3, 7);
        quad_store(q, __builtin_shufflevector(ab0, de0, 0, 1, 4, 5));
        quad_store(q + y_stride, __builtin_shufflevector(ab0, de0, 2, 3, 6, 7));
        quad_store(q + 2 * y_stride, __builtin_shufflevector(ab1, de1, 0, 1, 4, 5));
        quad_store(q + 3 * y_stride, __builtin_shufflevector(ab1, de1, 2, 3, 6, 7));
      }
      for (; r < r1; r++) {
        for (size_t k = c; k < c + 4; k++) {
          y[(ptrdiff_t)k * y_stride + (ptrdiff_t)r] = x[(ptrdiff_t)r * x_stride + (ptrdiff_t)k];
        }
      }
    }
    for (; c < columns; c++) {
      for (size_t r = r0; r < r1; r++) {
        y[(ptrdiff_t)c * y_stride + (ptrdiff_t)r] = x[(ptrdiff_t)r * x_stride + (ptrdiff_t)c];
      }
    }
  }
}

void KK_FN(kk_gather_rows)(float *y, const float *table, const int32_t *index, size_t rows,
                           size_t channels, ptrdiff_t y_stride, ptrdiff_t table_stride) {
  for (size_t r = 0; r < rows; r++, y += y_stride) {
    const float *x = table + index[r] * table_stride;
    KK_FOR_LANES(c, channels, v_put(y + c, v_get(x + c, lanes), lanes));
  }
}

void KK_FN(kk_scatter_add_rows)(float *table, const float *x, const int32_t *index, size_t rows,
                                size_t channels, ptrdiff_t table_stride, ptrdiff_t x_stride) {
  for (size_t r = 0; r < rows; r++, x += x_stride) {
    float *y = table + index[r] * table_stride;
    KK_FOR_LANES(c, channels, v_put(y + c, v_get(y + c, lanes) + v_get(x + c, lanes), lanes));
  }
}

#undef activate_range
#undef activate_backward_range
#undef sum_columns
#undef quad
#undef quad_load
#undef quad_store
