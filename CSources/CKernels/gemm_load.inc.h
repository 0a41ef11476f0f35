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

#define KK_SWEEP 4        // vectors of the widest sweep
#define KK_ROWS_AHEAD 16  // rows that a sweep prefetches ahead

// Vector v of `vectors`, of which the last one may be partial.
KK_INLINE vf load_at(const float *p, int v, const int vectors, size_t last) {
  p += v * KK_LANES;
  return v < vectors - 1 ? v_load(p) : v_load_last(p, last);
}
KK_INLINE void store_at(float *p, vf x, int v, const int vectors, size_t last) {
  p += v * KK_LANES;
  if (v < vectors - 1) {
    v_store(p, x);
  } else {
    v_store_first(p, x, last);
  }
}

KK_INLINE void load_input_sweep(float *a, float *slope, const float *x, ptrdiff_t a_stride,
                                ptrdiff_t slope_stride, ptrdiff_t x_stride, size_t rows,
                                const float *scale, const float *shift, kk_activation activation,
                                const int vectors, size_t last) {
  vf s[KK_SWEEP], t[KK_SWEEP];
  KK_UNROLL for (int v = 0; v < vectors; v++) {
    s[v] = scale ? load_at(scale, v, vectors, last) : v_splat(1.0f);
    t[v] = scale ? load_at(shift, v, vectors, last) : v_splat(0.0f);
  }
  KK_NO_UNROLL for (size_t r = 0; r < rows; r++) {
    KK_UNROLL for (int v = 0; v < vectors; v++) {
      __builtin_prefetch(x + KK_ROWS_AHEAD * x_stride + v * KK_LANES);
      vf z = v_fma(s[v], load_at(x, v, vectors, last), t[v]), d;
      vf y = slope ? v_activate_both(activation, z, &d) : v_activate(activation, z);
      store_at(a, y, v, vectors, last);
      if (slope) store_at(slope, d, v, vectors, last);
    }
    a += a_stride;
    x += x_stride;
    if (slope) slope += slope_stride;
  }
}

KK_INLINE void load_input_columns(float *a, float *slope, const float *x, ptrdiff_t a_stride,
                                  ptrdiff_t slope_stride, ptrdiff_t x_stride, size_t rows, size_t n,
                                  const float *scale, const float *shift,
                                  kk_activation activation) {
  // Sweeps of several vectors read a row's cache lines once; where the activation costs more than
  // the memory, one vector at a time does and keeps the code small.
  const int cheap =
      activation == KK_ACT_NONE || activation == KK_ACT_RELU || activation == KK_ACT_HARDSWISH;
  for (size_t c = 0, next; c < n; c = next) {
    const size_t vectors = cheap ? (n - c + KK_LANES - 1) / KK_LANES : 1;
    const size_t here = vectors < KK_SWEEP ? vectors : KK_SWEEP;
    next = c + here * KK_LANES;
    const size_t last = next <= n ? KK_LANES : KK_LANES - (next - n);
#define KK_SWEEP_OF(vectors)                                                                   \
  case vectors:                                                                                \
    load_input_sweep(a + c, slope ? slope + c : NULL, x + c, a_stride, slope_stride, x_stride, \
                     rows, scale ? scale + c : NULL, scale ? shift + c : NULL, activation,     \
                     vectors, last);                                                           \
    break
    switch (here) {
      KK_SWEEP_OF(1);
      KK_SWEEP_OF(2);
      KK_SWEEP_OF(3);
      KK_SWEEP_OF(4);
    }
#undef KK_SWEEP_OF
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
                                   const int vectors, size_t last) {
  vf ca[KK_SWEEP], cb[KK_SWEEP], cc[KK_SWEEP], total[KK_SWEEP];
  KK_UNROLL for (int v = 0; v < vectors; v++) {
    total[v] = v_splat(0.0f);
    if (!a) continue;
    ca[v] = load_at(a, v, vectors, last);
    cb[v] = load_at(b, v, vectors, last);
    cc[v] = load_at(c, v, vectors, last);
  }
  KK_NO_UNROLL for (size_t r = 0; r < rows; r++) {
    KK_UNROLL for (int v = 0; v < vectors; v++) {
      __builtin_prefetch(g + KK_ROWS_AHEAD * g_stride + v * KK_LANES);
      if (a) __builtin_prefetch(y + KK_ROWS_AHEAD * y_stride + v * KK_LANES);
      vf e = load_at(g, v, vectors, last);
      if (a) e = v_fma(ca[v], e, v_fma(cb[v], load_at(y, v, vectors, last), cc[v]));
      total[v] += e;
      if (d) store_at(d, e, v, vectors, last);
    }
    g += g_stride;
    if (a) y += y_stride;
    if (d) d += d_stride;
  }
  if (!sum) return;
  KK_UNROLL for (int v = 0; v < vectors; v++) {
    store_at(sum, load_at(sum, v, vectors, last) + total[v], v, vectors, last);
  }
}

// d[r, n] = gradient(g[r, n]) (d NULL: not stored) and sum[n] += Σ_r d (sum NULL: not summed).
// y: the raw outputs that belong to the rows of g.
static void load_gradient(float *d, float *sum, const float *g, ptrdiff_t d_stride,
                          ptrdiff_t g_stride, size_t rows, size_t n, const kk_gradient *gradient,
                          const float *y) {
  const int affine = gradient && gradient->a;
  for (size_t c = 0, next; c < n; c = next) {
    const size_t vectors = (n - c + KK_LANES - 1) / KK_LANES;
    const size_t here = vectors < KK_SWEEP ? vectors : KK_SWEEP;
    next = c + here * KK_LANES;
    const size_t last = next <= n ? KK_LANES : KK_LANES - (next - n);
    float *dc = d ? d + c : NULL, *sc = sum ? sum + c : NULL;
#define KK_SWEEP_OF(vectors)                                                                  \
  case vectors:                                                                               \
    if (affine) {                                                                             \
      load_gradient_sweep(dc, sc, g + c, y + c, d_stride, g_stride, gradient->y_stride, rows, \
                          gradient->a + c, gradient->b + c, gradient->c + c, vectors, last);  \
    } else {                                                                                  \
      load_gradient_sweep(dc, sc, g + c, NULL, d_stride, g_stride, 0, rows, NULL, NULL, NULL, \
                          vectors, last);                                                     \
    }                                                                                         \
    break
    switch (here) {
      KK_SWEEP_OF(1);
      KK_SWEEP_OF(2);
      KK_SWEEP_OF(3);
      KK_SWEEP_OF(4);
    }
#undef KK_SWEEP_OF
  }
}
