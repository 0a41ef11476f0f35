// The small matrix products of attention: c[rows, columns] = alpha·a·b (or += with `adds`), b
// row-major, a either row-major ([rows, depth]) or column-major ([depth, rows]). No packing: the
// operands of one head lie in the first or second cache level. Included after
// elementwise_lanes.inc.h.

#ifndef KK_UNROLL
#define KK_UNROLL _Pragma("clang loop unroll(full)")
#endif

#define v_broadcast KK_FN(kk_v_broadcast)
#define tile KK_FN(kk_attention_tile)
#define tile_rows KK_FN(kk_attention_tile_rows)
#define small_product KK_FN(kk_attention_product)
#define small_transpose KK_FN(kk_attention_transpose)

// Subtracting zero folds into a broadcast, which adding zero does not (-0).
KK_INLINE vf v_broadcast(float x) { return x - (vf){0}; }

#ifndef KK_SMALL_PRODUCT
#define KK_SMALL_PRODUCT
typedef struct {
  float *c;
  const float *a, *b;
  size_t rows, columns, depth;
  ptrdiff_t c_stride, a_stride, b_stride;
  float alpha;
  int transposed;  // a is column-major
  int adds;        // c += instead of c =
} kk_small_product;
#endif

// mr rows × nv registers of c, the last register with `lanes` lanes.
KK_INLINE void tile(const kk_small_product *p, float *c, const float *a, const float *b,
                    const int mr, const int nv, size_t lanes, const int transposed) {
  vf acc[8][4];
  KK_UNROLL for (int r = 0; r < mr; r++) {
    KK_UNROLL for (int v = 0; v < nv; v++) acc[r][v] = (vf){0};
  }
  const size_t depth = p->depth;
  const ptrdiff_t b_stride = p->b_stride, a_stride = p->a_stride;
  for (size_t k = 0; k < depth; k++) {
    vf row[4];
    KK_UNROLL for (int v = 0; v < nv; v++) {
      row[v] = v < nv - 1 ? v_load(b + v * KK_LANES) : v_get(b + v * KK_LANES, lanes);
    }
    KK_UNROLL for (int r = 0; r < mr; r++) {
      vf x = v_broadcast(transposed ? a[r] : a[(ptrdiff_t)r * a_stride]);
      KK_UNROLL for (int v = 0; v < nv; v++) {
        acc[r][v] = v_fma(x, row[v], acc[r][v]);
        v_in_order(acc[r][v]);
      }
    }
    a += transposed ? a_stride : 1;
    b += b_stride;
  }
  const vf alpha = v_broadcast(p->alpha);
  KK_UNROLL for (int r = 0; r < mr; r++) {
    float *out = c + (ptrdiff_t)r * p->c_stride;
    KK_UNROLL for (int v = 0; v < nv; v++) {
      size_t n = v < nv - 1 ? KK_LANES : lanes;
      vf y = acc[r][v] * alpha;
      if (p->adds) y += v_get(out + v * KK_LANES, n);
      v_put(out + v * KK_LANES, y, n);
    }
  }
}

// All rows of one block of nv registers of columns, in tiles of nearly equal height.
KK_INLINE void tile_rows(const kk_small_product *p, size_t column, const int most, const int nv,
                         size_t lanes, const int transposed) {
  const size_t tiles = (p->rows + (size_t)most - 1) / (size_t)most;
  size_t row = 0;
  for (size_t t = 0; t < tiles; t++) {
    const size_t next = p->rows * (t + 1) / tiles;
    float *c = p->c + (ptrdiff_t)row * p->c_stride + column;
    const float *a = p->a + (transposed ? (ptrdiff_t)row : (ptrdiff_t)row * p->a_stride);
    const float *b = p->b + column;
    switch (next - row) {
      case 8:
        if (most >= 8) tile(p, c, a, b, 8, nv, lanes, transposed);
        break;
      case 7:
        if (most >= 7) tile(p, c, a, b, 7, nv, lanes, transposed);
        break;
      case 6:
        if (most >= 6) tile(p, c, a, b, 6, nv, lanes, transposed);
        break;
      case 5:
        if (most >= 5) tile(p, c, a, b, 5, nv, lanes, transposed);
        break;
      case 4:
        if (most >= 4) tile(p, c, a, b, 4, nv, lanes, transposed);
        break;
      case 3:
        tile(p, c, a, b, 3, nv, lanes, transposed);
        break;
      case 2:
        tile(p, c, a, b, 2, nv, lanes, transposed);
        break;
      default:
        tile(p, c, a, b, 1, nv, lanes, transposed);
        break;
    }
    row = next;
  }
}

// Sizes keep the accumulators, a row of b and a broadcast within the registers: 32 of AVX-512 and
// NEON, 16 of AVX2.
#if KK_AVX2
#define KK_TILE_WIDTH 3
#define KK_TILE_ROWS_3 4
#define KK_TILE_ROWS_2 6
#else
#define KK_TILE_WIDTH 4
#define KK_TILE_ROWS_4 6
#define KK_TILE_ROWS_3 8
#define KK_TILE_ROWS_2 8
#endif

static void small_product(kk_small_product p) {
  const size_t registers = (p.columns + KK_LANES - 1) / KK_LANES;
  const size_t blocks = (registers + KK_TILE_WIDTH - 1) / KK_TILE_WIDTH;
  size_t from = 0;
  for (size_t i = 0; i < blocks; i++) {
    const size_t to = registers * (i + 1) / blocks, column = from * KK_LANES;
    const size_t last = p.columns - (to - 1) * KK_LANES;
    const size_t lanes = last < KK_LANES ? last : KK_LANES;
    switch ((to - from) * 2 + (p.transposed ? 1 : 0)) {
      case 2:
        tile_rows(&p, column, 8, 1, lanes, 0);
        break;
      case 3:
        tile_rows(&p, column, 8, 1, lanes, 1);
        break;
      case 4:
        tile_rows(&p, column, KK_TILE_ROWS_2, 2, lanes, 0);
        break;
      case 5:
        tile_rows(&p, column, KK_TILE_ROWS_2, 2, lanes, 1);
        break;
      case 6:
        tile_rows(&p, column, KK_TILE_ROWS_3, 3, lanes, 0);
        break;
      case 7:
        tile_rows(&p, column, KK_TILE_ROWS_3, 3, lanes, 1);
        break;
#if !KK_AVX2
      case 8:
        tile_rows(&p, column, KK_TILE_ROWS_4, 4, lanes, 0);
        break;
      case 9:
        tile_rows(&p, column, KK_TILE_ROWS_4, 4, lanes, 1);
        break;
#endif
    }
    from = to;
  }
}
#undef KK_TILE_WIDTH
#undef KK_TILE_ROWS_4
#undef KK_TILE_ROWS_3
#undef KK_TILE_ROWS_2

// y[columns, y_stride] = the transposed x[rows, columns]; columns past `rows` up to y_stride are
// zero.
KK_INLINE void small_transpose(float *y, const float *x, size_t rows, size_t columns,
                               size_t y_stride, ptrdiff_t x_stride) {
  typedef float quad __attribute__((vector_size(16)));
  size_t r = 0;
  for (; r + 4 <= rows; r += 4, x += 4 * x_stride) {
    size_t c = 0;
    for (; c + 4 <= columns; c += 4) {
      quad a, b, d, e;
      memcpy(&a, x + c, 16);
      memcpy(&b, x + x_stride + (ptrdiff_t)c, 16);
      memcpy(&d, x + 2 * x_stride + (ptrdiff_t)c, 16);
      memcpy(&e, x + 3 * x_stride + (ptrdiff_t)c, 16);
      quad ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
      quad ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      quad de0 = __builtin_shufflevector(d, e, 0, 4, 1, 5);
      quad de1 = __builtin_shufflevector(d, e, 2, 6, 3, 7);
      quad out[4] = {__builtin_shufflevector(ab0, de0, 0, 1, 4, 5),
                     __builtin_shufflevector(ab0, de0, 2, 3, 6, 7),
                     __builtin_shufflevector(ab1, de1, 0, 1, 4, 5),
                     __builtin_shufflevector(ab1, de1, 2, 3, 6, 7)};
      for (int k = 0; k < 4; k++) memcpy(y + (c + (size_t)k) * y_stride + r, &out[k], 16);
    }
    for (; c < columns; c++) {
      for (int k = 0; k < 4; k++) y[c * y_stride + r + (size_t)k] = x[k * x_stride + (ptrdiff_t)c];
    }
  }
  for (; r < y_stride; r++, x += x_stride) {
    for (size_t c = 0; c < columns; c++) y[c * y_stride + r] = r < rows ? x[c] : 0;
  }
}
