// Register tiles, compiled per instruction set: see gemm_tile.h.
//
// MR and NV are compile-time constants, so that a tile's accumulators are registers; the sizes keep
// MR·NV + NV + 1 within the register file and the loads per product low. On Sapphire Rapids every
// pair used here runs at 94 % of the FMA peak in cache, one-vector tiles at 80-84 %.
#include "activations.inc.h"
#include "gemm_vector.inc.h"

#undef KK_MAX_ROWS
#if KK_AVX2
#define KK_MAX_ROWS {10, 6, 4}
#else
#define KK_MAX_ROWS {12, 12, 9}
#endif

#define tile_general KK_FN(kk_tile_general)
#define tile_rows KK_FN(kk_tile_rows_body)
#define tile_load KK_FN(kk_tile_load)
#define tile_outer KK_FN(kk_tile_outer_body)
#define copy_panel KK_FN(kk_copy_panel)

// Epilogues of inference and of kk_gemm; acc is the tile in memory, NV vectors a row.
static __attribute__((noinline)) void tile_general(const kk_tile_rows_job *job, const float *acc,
                                                   size_t first, int rows, int vectors) {
  vf alpha = v_splat(job->alpha);
  for (int v = 0; v < vectors; v++) {
    ptrdiff_t n = v * KK_LANES;
    size_t width = job->columns - (size_t)n;
    if (width > KK_LANES) width = KK_LANES;
    vf sum = {0}, second = {0}, bias = {0};
    if (job->bias) bias = v_load_first(job->bias + n, width);
    for (int m = 0; m < rows; m++) {
      ptrdiff_t r = (ptrdiff_t)first + m;
      vf y = v_fma(alpha, v_load(acc + (m * vectors + v) * KK_LANES), bias);
      if (job->before) y += v_load_first(job->before + r * job->before_stride + n, width);
      sum += y;
      second = v_fma(y, y, second);
      if (job->activation != KK_ACT_NONE) y = v_activate(job->activation, y);
      if (job->after) y += v_load_first(job->after + r * job->after_stride + n, width);
      float *c = job->c + r * job->c_stride + n;
      if (job->accumulate) y += v_load_first(c, width);
      v_store_first(c, y, width);
    }
    if (job->sum) {
      v_store_first(job->sum + n, v_load_first(job->sum + n, width) + sum, width);
      v_store_first(job->sum_second + n, v_load_first(job->sum_second + n, width) + second, width);
    }
  }
}

// Vector v of NV, of which the last one may be partial.
KK_INLINE vf tile_load(const float *p, int v, int NV, size_t last) {
  p += v * KK_LANES;
  return v < NV - 1 ? v_load(p) : v_load_last(p, last);
}

// One tile of MR rows from row `first` on. Rows are addressed from one pointer per three of them,
// kept apart from each other by the empty asm: clang would otherwise compute addresses inside the
// loop.
KK_INLINE void tile_rows(const int MR, const int NV, const kk_tile_rows_job *job, size_t first) {
  vf acc[12][KK_TILE_VECTORS];
  KK_UNROLL for (int m = 0; m < MR; m++) {
    KK_UNROLL for (int v = 0; v < NV; v++) acc[m][v] = v_splat(0.0f);
  }
  const ptrdiff_t lda = job->a_stride;
  const float *segment = job->a + (ptrdiff_t)first * lda, *b = job->b;
  const size_t last = job->columns - (size_t)(NV - 1) * KK_LANES;
  const size_t last_b = job->b_stride ? last : KK_LANES;
  const ptrdiff_t ldb = job->b_stride ? job->b_stride : NV * KK_LANES;
  const char *ahead = (const char *)(job->ahead + (ptrdiff_t)first * job->ahead_stride);
  const ptrdiff_t ahead_step = job->ahead_step * MR;
  const size_t segments = job->segments, depth = job->depth;
  for (size_t s = 0; s < segments; s++, segment += job->segment_stride) {
    const float *row[4];
    KK_UNROLL for (int g = 0; g * 3 < MR; g++) {
      row[g] = segment + 3 * g * lda;
      __asm__("" : "+r"(row[g]));
    }
    KK_NO_UNROLL for (size_t k = 0; k < depth; k++) {
      vf w[KK_TILE_VECTORS];
      KK_UNROLL for (int v = 0; v < NV - 1; v++) w[v] = v_load(b + v * KK_LANES);
      w[NV - 1] = v_load_last(b + (NV - 1) * KK_LANES, last_b);
      KK_UNROLL for (int m = 0; m < MR; m++) {
        vf x = v_broadcast(row[m / 3] + (m % 3) * lda);
        KK_UNROLL for (int v = 0; v < NV; v++) {
          acc[m][v] = v_fma(x, w[v], acc[m][v]);
          v_in_order(acc[m][v]);
        }
      }
      KK_UNROLL for (int g = 0; g * 3 < MR; g++) {
        row[g]++;
        __asm__("" : "+r"(row[g]));
      }
      __builtin_prefetch(ahead);
      ahead += ahead_step;
      b += ldb;
    }
  }
  if (job->general) {
    float memory[12 * KK_TILE_VECTORS * KK_LANES] __attribute__((aligned(64)));
    KK_UNROLL for (int m = 0; m < MR; m++) {
      KK_UNROLL for (int v = 0; v < NV; v++) v_store(memory + (m * NV + v) * KK_LANES, acc[m][v]);
    }
    tile_general(job, memory, first, MR, NV);
    return;
  }
  const ptrdiff_t r = (ptrdiff_t)first;
  if (job->bias) {
    KK_UNROLL for (int v = 0; v < NV; v++) {
      vf w = tile_load(job->bias, v, NV, last);
      KK_UNROLL for (int m = 0; m < MR; m++) acc[m][v] += w;
    }
  }
  if (job->before) {
    const float *p = job->before + r * job->before_stride;
    KK_UNROLL for (int m = 0; m < MR; m++, p += job->before_stride) {
      KK_UNROLL for (int v = 0; v < NV; v++) acc[m][v] += tile_load(p, v, NV, last);
    }
  }
  if (job->slope) {
    const float *p = job->slope + r * job->slope_stride;
    KK_UNROLL for (int m = 0; m < MR; m++, p += job->slope_stride) {
      KK_UNROLL for (int v = 0; v < NV; v++) acc[m][v] *= tile_load(p, v, NV, last);
    }
  }
  if (job->gate) {
    const float *p = job->gate + r * job->slope_stride;
    KK_UNROLL for (int m = 0; m < MR; m++, p += job->slope_stride) {
      KK_UNROLL for (int v = 0; v < NV; v++) {
        vi open = tile_load(p, v, NV, last) > v_splat(0.0f);
        acc[m][v] = (vf)((vi)acc[m][v] & open);
      }
    }
  }
  float *c = job->c + r * job->c_stride;
  KK_UNROLL for (int m = 0; m < MR; m++) {
    KK_UNROLL for (int v = 0; v < NV - 1; v++) v_store(c + v * KK_LANES, acc[m][v]);
    v_store_first(c + (NV - 1) * KK_LANES, acc[m][NV - 1], last);
    c += job->c_stride;
  }
  if (job->sum) {
    vf sum[KK_TILE_VECTORS], second[KK_TILE_VECTORS];
    KK_UNROLL for (int v = 0; v < NV; v++) sum[v] = second[v] = v_splat(0.0f);
    if (job->x) {
      const float *p = job->x + r * job->x_stride;
      KK_UNROLL for (int m = 0; m < MR; m++, p += job->x_stride) {
        KK_UNROLL for (int v = 0; v < NV; v++) {
          sum[v] += acc[m][v];
          second[v] = v_fma(acc[m][v], tile_load(p, v, NV, last), second[v]);
        }
      }
    } else {
      KK_UNROLL for (int m = 0; m < MR; m++) {
        KK_UNROLL for (int v = 0; v < NV; v++) {
          sum[v] += acc[m][v];
          second[v] = v_fma(acc[m][v], acc[m][v], second[v]);
        }
      }
    }
    KK_UNROLL for (int v = 0; v < NV; v++) {
      const size_t width = v == NV - 1 ? last : KK_LANES;
      float *p = job->sum + v * KK_LANES, *q = job->sum_second + v * KK_LANES;
      v_store_first(p, tile_load(job->sum, v, NV, last) + sum[v], width);
      v_store_first(q, tile_load(job->sum_second, v, NV, last) + second[v], width);
    }
  }
}

// One tile of MR x NV vectors of c += aᵀ·b.
KK_INLINE void tile_outer(const int MR, const int NV, const kk_tile_outer_job *job, float *c,
                          const float *a, const float *b, size_t last) {
  vf acc[12][KK_TILE_VECTORS];
  KK_UNROLL for (int m = 0; m < MR; m++) {
    KK_UNROLL for (int v = 0; v < NV; v++) acc[m][v] = v_splat(0.0f);
  }
  const ptrdiff_t lda = job->a_stride, ldb = job->b_stride;
  const size_t rows = job->rows, segments = job->segments;
  const size_t last_b = job->b_whole ? KK_LANES : last;
  for (size_t s = 0; s < segments; s++) {
    const float *p = a + (ptrdiff_t)s * job->a_segment, *q = b + (ptrdiff_t)s * job->b_segment;
    KK_NO_UNROLL for (size_t r = 0; r < rows; r++) {
      vf w[KK_TILE_VECTORS];
      KK_UNROLL for (int v = 0; v < NV - 1; v++) w[v] = v_load(q + v * KK_LANES);
      w[NV - 1] = v_load_last(q + (NV - 1) * KK_LANES, last_b);
      KK_UNROLL for (int m = 0; m < MR; m++) {
        vf x = v_broadcast(p + m);
        KK_UNROLL for (int v = 0; v < NV; v++) {
          acc[m][v] = v_fma(x, w[v], acc[m][v]);
          v_in_order(acc[m][v]);
        }
      }
      p += lda;
      q += ldb;
    }
  }
  KK_UNROLL for (int m = 0; m < MR; m++) {
    KK_UNROLL for (int v = 0; v < NV - 1; v++) {
      v_store(c + v * KK_LANES, v_load(c + v * KK_LANES) + acc[m][v]);
    }
    float *p = c + (NV - 1) * KK_LANES;
    v_store_first(p, v_load_first(p, last) + acc[m][NV - 1], last);
    c += job->c_stride;
  }
}

#define KK_TILE(MR, NV)                                                                           \
  static void KK_FN(kk_tile_##MR##x##NV)(const kk_tile_rows_job *job, size_t first) {             \
    tile_rows(MR, NV, job, first);                                                                \
  }                                                                                               \
  static void KK_FN(kk_outer_##MR##x##NV)(const kk_tile_outer_job *job, float *c, const float *a, \
                                          const float *b, size_t last) {                          \
    tile_outer(MR, NV, job, c, a, b, last);                                                       \
  }
#define KK_TILE4(NV) KK_TILE(1, NV) KK_TILE(2, NV) KK_TILE(3, NV) KK_TILE(4, NV)
#define KK_TILE6(NV) KK_TILE4(NV) KK_TILE(5, NV) KK_TILE(6, NV)
#define KK_TILE9(NV) KK_TILE6(NV) KK_TILE(7, NV) KK_TILE(8, NV) KK_TILE(9, NV)
#define KK_TILE10(NV) KK_TILE9(NV) KK_TILE(10, NV)
#define KK_TILE12(NV) KK_TILE10(NV) KK_TILE(11, NV) KK_TILE(12, NV)
#define KK_NAMES4(k, NV) KK_FN(k##_1x##NV), KK_FN(k##_2x##NV), KK_FN(k##_3x##NV), KK_FN(k##_4x##NV)
#define KK_NAMES6(k, NV) KK_NAMES4(k, NV), KK_FN(k##_5x##NV), KK_FN(k##_6x##NV)
#define KK_NAMES9(k, NV) KK_NAMES6(k, NV), KK_FN(k##_7x##NV), KK_FN(k##_8x##NV), KK_FN(k##_9x##NV)
#define KK_NAMES10(k, NV) KK_NAMES9(k, NV), KK_FN(k##_10x##NV)
#define KK_NAMES12(k, NV) KK_NAMES10(k, NV), KK_FN(k##_11x##NV), KK_FN(k##_12x##NV)

#undef KK_NAMES
#if KK_AVX2
KK_TILE10(1)
KK_TILE6(2)
KK_TILE4(3)
#define KK_NAMES(k)                                            \
  {                                                            \
    {KK_NAMES10(k, 1)}, {KK_NAMES6(k, 2)}, { KK_NAMES4(k, 3) } \
  }
#else
KK_TILE12(1)
KK_TILE12(2)
KK_TILE9(3)
#define KK_NAMES(k)                                             \
  {                                                             \
    {KK_NAMES12(k, 1)}, {KK_NAMES12(k, 2)}, { KK_NAMES9(k, 3) } \
  }
#endif

void KK_FN(kk_tile_rows)(const kk_tile_rows_job *job) {
  static void (*const tiles[3][12])(const kk_tile_rows_job *, size_t) = KK_NAMES(kk_tile);
  static const size_t most[3] = KK_MAX_ROWS;
  if (!job->rows) return;
  size_t vectors = (job->columns + KK_LANES - 1) / KK_LANES;
  size_t count = (job->rows + most[vectors - 1] - 1) / most[vectors - 1];
  size_t base = job->rows / count, extra = job->rows % count, first = 0;
  for (size_t i = 0; i < count; i++) {
    size_t rows = base + (i < extra);
    tiles[vectors - 1][rows - 1](job, first);
    first += rows;
  }
}

void KK_FN(kk_tile_panels)(const kk_tile_rows_job *job) {
  kk_tile_rows_job part = *job;
  const size_t n = job->columns, panels = kk_panel_count(n, KK_LANES);
  for (size_t p = 0; p < panels; p++) {
    size_t start = kk_panel_start(p, n, KK_LANES), end = kk_panel_start(p + 1, n, KK_LANES);
    part.columns = (end < n ? end : n) - start;
    part.b = job->b + (job->b_stride ? start : start * job->segments * job->depth);
    part.bias = job->bias ? job->bias + start : NULL;
    part.sum = job->sum ? job->sum + start : NULL;
    part.sum_second = job->sum_second ? job->sum_second + start : NULL;
    if (p) part.ahead_step = part.ahead_stride = 0;
    for (size_t i = 0; i < job->lines; i++) {
      const ptrdiff_t line = (ptrdiff_t)i;
      part.a = job->a + line * job->a_line;
      part.c = job->c + line * job->c_line + start;
      part.before = job->before ? job->before + line * job->before_line + start : NULL;
      part.slope = job->slope ? job->slope + line * job->slope_line + start : NULL;
      part.gate = job->gate ? job->gate + line * job->slope_line + start : NULL;
      part.x = job->x ? job->x + line * job->x_line + start : NULL;
      part.after = job->after ? job->after + line * job->after_line + start : NULL;
      KK_FN(kk_tile_rows)(&part);
    }
  }
}

// Copies a panel of b, whole vectors wide, and points the job to the copy: rows at the stride of a
// wide matrix fall into few sets of the first-level cache and push each other out.
static void copy_panel(kk_tile_outer_job *job, float *panel, const float *b, size_t vectors,
                       size_t last) {
  float *to = panel;
  for (size_t s = 0; s < job->segments; s++) {
    const float *from = b + (ptrdiff_t)s * job->b_segment;
    for (size_t r = 0; r < job->rows; r++, from += job->b_stride) {
      for (size_t v = 0; v < vectors; v++, to += KK_LANES) {
        v_store(to, v_load_last(from + v * KK_LANES, v + 1 < vectors ? KK_LANES : last));
      }
    }
  }
  job->b_stride = (ptrdiff_t)(vectors * KK_LANES);
  job->b_segment = job->b_stride * (ptrdiff_t)job->rows;
  job->b_whole = 1;
}

void KK_FN(kk_tile_outer)(const kk_tile_outer_job *job) {
  static void (*const tiles[3][12])(const kk_tile_outer_job *, float *, const float *,
                                    const float *, size_t) = KK_NAMES(kk_outer);
  static const size_t most[3] = KK_MAX_ROWS;
  if (!job->m || !job->n) return;
  float panel[KK_OUTER_ROWS * KK_TILE_VECTORS * KK_LANES] __attribute__((aligned(64)));
  const size_t panels = kk_panel_count(job->n, KK_LANES);
  for (size_t p = 0; p < panels; p++) {
    size_t start = kk_panel_start(p, job->n, KK_LANES);
    size_t end = kk_panel_start(p + 1, job->n, KK_LANES);
    size_t vectors = (end - start) / KK_LANES;
    size_t last = KK_LANES - (end < job->n ? 0 : end - job->n);
    size_t count = (job->m + most[vectors - 1] - 1) / most[vectors - 1];
    size_t base = job->m / count, extra = job->m % count, first = 0;
    kk_tile_outer_job part = *job;
    const float *b = job->b + start;
    // The copy pays from a dozen tiles on.
    if (count >= 12 && job->rows * job->segments <= KK_OUTER_ROWS) {
      copy_panel(&part, panel, b, vectors, last);
      b = panel;
    }
    for (size_t i = 0; i < count; i++) {
      size_t rows = base + (i < extra);
      tiles[vectors - 1][rows - 1](&part, job->c + (ptrdiff_t)first * job->c_stride + start,
                                   job->a + first, b, last);
      first += rows;
    }
  }
}

// Rows `first` … `first + depth` of a packed matrix of `total` rows; columns past n are zero.
void KK_FN(kk_gemm_pack)(float *packed, const float *b, ptrdiff_t b_stride, size_t depth, size_t n,
                         int transposed, size_t first, size_t total) {
  const size_t panels = kk_panel_count(n, KK_LANES);
  for (size_t p = 0; p < panels; p++) {
    size_t start = kk_panel_start(p, n, KK_LANES), end = kk_panel_start(p + 1, n, KK_LANES);
    size_t width = end - start;
    for (size_t c = start; c < end; c += KK_LANES) {
      size_t valid = n - c < KK_LANES ? n - c : KK_LANES;
      float *out = packed + start * total + first * width + (c - start);
      if (!transposed) {
        for (size_t k = 0; k < depth; k++) {
          v_store(out + k * width, v_load_first(b + (ptrdiff_t)k * b_stride + c, valid));
        }
        continue;
      }
      for (size_t k = 0; k < depth; k += KK_LANES) {
        size_t here = depth - k < KK_LANES ? depth - k : KK_LANES;
        vf square[KK_LANES];
        for (size_t i = 0; i < KK_LANES; i++) {
          square[i] =
              i < valid ? v_load_first(b + (ptrdiff_t)(c + i) * b_stride + k, here) : v_splat(0.0f);
        }
        v_transpose(square);
        for (size_t i = 0; i < here; i++) v_store(out + (k + i) * width, square[i]);
      }
    }
  }
}
