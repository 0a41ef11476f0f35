// Blocks of rows on their way into a product: input and gradient transforms, fused with the copy.
// Included by bodies after activations.inc.h and gemm_vector.inc.h. Columns are swept four vectors
// at a time, so that the channels' coefficients stay in registers.
#define load_at KK_FN(kk_load_at)
#define store_at KK_FN(kk_store_at)
#define load_input_sweep KK_FN(kk_load_input_sweep)
#define load_input_columns KK_FN(kk_load_input_columns)
#define load_input KK_FN(kk_load_input)
#define load_gradient_sweep KK_FN(kk_load_gradient_sweep)
#define load_gradient KK_FN(kk_load_gradient)
#define input_is_identity KK_FN(kk_input_is_identity)

#define KK_SWEEP 4

// A whole vector where the width is a constant KK_LANES, else its first `width` lanes.
KK_INLINE vf load_at(const float *p, size_t width) {
  return __builtin_constant_p(width) && width == KK_LANES ? v_load(p) : v_load_first(p, width);
}
KK_INLINE void store_at(float *p, vf v, size_t width) {
  if (__builtin_constant_p(width) && width == KK_LANES) {
    v_store(p, v);
  } else {
    v_store_first(p, v, width);
  }
}

KK_INLINE void load_input_sweep(float *a, float *slope, const float *x, ptrdiff_t a_stride,
                                ptrdiff_t slope_stride, ptrdiff_t x_stride, size_t rows,
                                const float *scale, const float *shift, kk_activation activation,
                                const int vectors, size_t width) {
  vf s[KK_SWEEP], t[KK_SWEEP];
  KK_UNROLL for (int v = 0; v < vectors; v++) {
    s[v] = scale ? load_at(scale + v * KK_LANES, width) : v_splat(1.0f);
    t[v] = scale ? load_at(shift + v * KK_LANES, width) : v_splat(0.0f);
  }
  KK_NO_UNROLL for (size_t r = 0; r < rows; r++) {
    KK_UNROLL for (int v = 0; v < vectors; v++) {
      vf z = v_fma(s[v], load_at(x + v * KK_LANES, width), t[v]), d;
      vf y = slope ? v_activate_both(activation, z, &d) : v_activate(activation, z);
      store_at(a + v * KK_LANES, y, width);
      if (slope) store_at(slope + v * KK_LANES, d, width);
    }
    a += a_stride;
    x += x_stride;
    if (slope) slope += slope_stride;
  }
}

KK_INLINE void load_input_columns(float *a, float *slope, const float *x, ptrdiff_t a_stride,
                                  ptrdiff_t slope_stride, ptrdiff_t x_stride, size_t rows,
                                  size_t n, const float *scale, const float *shift,
                                  kk_activation activation) {
  size_t c = 0;
  for (; c + KK_SWEEP * KK_LANES <= n; c += KK_SWEEP * KK_LANES) {
    load_input_sweep(a + c, slope ? slope + c : NULL, x + c, a_stride, slope_stride, x_stride, rows,
                     scale ? scale + c : NULL, scale ? shift + c : NULL, activation, KK_SWEEP,
                     KK_LANES);
  }
  for (; c < n; c += KK_LANES) {
    load_input_sweep(a + c, slope ? slope + c : NULL, x + c, a_stride, slope_stride, x_stride, rows,
                     scale ? scale + c : NULL, scale ? shift + c : NULL, activation, 1,
                     n - c < KK_LANES ? n - c : KK_LANES);
  }
}

// a[r, c] = T(x[r, c]) and, where slope is not NULL, slope[r, c] = activation'(scale·x + shift).
static void load_input(float *a, float *slope, const float *x, ptrdiff_t a_stride,
                       ptrdiff_t slope_stride, ptrdiff_t x_stride, size_t rows, size_t n,
                       const float *scale, const float *shift, kk_activation activation) {
  if (slope) {
    KK_WITH_ACTIVATION(activation, load_input_columns(a, slope, x, a_stride, slope_stride, x_stride,
                                                      rows, n, scale, shift, kk_act));
  } else {
    KK_WITH_ACTIVATION(activation, load_input_columns(a, NULL, x, a_stride, 0, x_stride, rows, n,
                                                      scale, shift, kk_act));
  }
}

KK_INLINE int input_is_identity(const kk_input *input) {
  return !input || (!input->scale && input->activation == KK_ACT_NONE);
}

KK_INLINE void load_gradient_sweep(float *d, float *sum, const float *g, const float *y,
                                   ptrdiff_t d_stride, ptrdiff_t g_stride, ptrdiff_t y_stride,
                                   size_t rows, const float *a, const float *b, const float *c,
                                   const int vectors, size_t width) {
  vf ca[KK_SWEEP], cb[KK_SWEEP], cc[KK_SWEEP], total[KK_SWEEP];
  KK_UNROLL for (int v = 0; v < vectors; v++) {
    total[v] = v_splat(0.0f);
    if (!a) continue;
    ca[v] = load_at(a + v * KK_LANES, width);
    cb[v] = load_at(b + v * KK_LANES, width);
    cc[v] = load_at(c + v * KK_LANES, width);
  }
  KK_NO_UNROLL for (size_t r = 0; r < rows; r++) {
    KK_UNROLL for (int v = 0; v < vectors; v++) {
      vf e = load_at(g + v * KK_LANES, width);
      if (a) e = v_fma(ca[v], e, v_fma(cb[v], load_at(y + v * KK_LANES, width), cc[v]));
      total[v] += e;
      if (d) store_at(d + v * KK_LANES, e, width);
    }
    g += g_stride;
    if (a) y += y_stride;
    if (d) d += d_stride;
  }
  if (!sum) return;
  KK_UNROLL for (int v = 0; v < vectors; v++) {
    float *p = sum + v * KK_LANES;
    store_at(p, load_at(p, width) + total[v], width);
  }
}

// d[r, n] = gradient(g[r, n]) (d NULL: not stored) and sum[n] += Σ_r d (sum NULL: not summed).
// y: the raw outputs that belong to the rows of g.
static void load_gradient(float *d, float *sum, const float *g, ptrdiff_t d_stride,
                          ptrdiff_t g_stride, size_t rows, size_t n, const kk_gradient *gradient,
                          const float *y) {
  size_t c = 0;
  const int affine = gradient && gradient->a;
  while (c < n) {
    const int wide = n - c >= KK_SWEEP * KK_LANES;
    const size_t width = n - c < KK_LANES ? n - c : KK_LANES;
    float *dc = d ? d + c : NULL, *sc = sum ? sum + c : NULL;
    if (affine && wide) {
      load_gradient_sweep(dc, sc, g + c, y + c, d_stride, g_stride, gradient->y_stride, rows,
                          gradient->a + c, gradient->b + c, gradient->c + c, KK_SWEEP, KK_LANES);
    } else if (affine) {
      load_gradient_sweep(dc, sc, g + c, y + c, d_stride, g_stride, gradient->y_stride, rows,
                          gradient->a + c, gradient->b + c, gradient->c + c, 1, width);
    } else if (wide) {
      load_gradient_sweep(dc, sc, g + c, NULL, d_stride, g_stride, 0, rows, NULL, NULL, NULL,
                          KK_SWEEP, KK_LANES);
    } else {
      load_gradient_sweep(dc, sc, g + c, NULL, d_stride, g_stride, 0, rows, NULL, NULL, NULL, 1,
                          width);
    }
    c += wide ? KK_SWEEP * KK_LANES : KK_LANES;
  }
}
