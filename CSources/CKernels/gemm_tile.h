// The register-tile kernels under gemm, pointwise and convolution (private to CKernels).
//
// Both keep a tile of MR x NV vectors of C in registers while they run along the reduction, which
// is cut in segments: the taps of a convolution's kernel row are contiguous in a channels-last
// map, so a pixel's patch is kh segments of kw·channels floats, and no im2col is needed.
#pragma once

#include <stddef.h>

#include "include/transforms.h"

// Rows of C from rows of A by embedded broadcasts; B packed by kk_gemm_pack (one panel of it):
//   acc[r, n] = Σ_s Σ_k a[r·a_stride + s·segment_stride + k] · b[(s·depth + k)·width + n]
// with width the columns rounded up to whole vectors. Then, in this order, what is not NULL or 0:
//   v = acc + bias[n] + before[r, n];  v *= slope[r, n];  v = 0 where gate[r, n] <= 0
//   sum[n] += Σ_r v;  sum_second[n] += Σ_r v·(x[r, n], or v where x is NULL);  c[r, n] = v
// A general job reads neither slope nor gate nor x, and ends otherwise:
//   v = alpha·acc + bias[n] + before[r, n];  sums;  v = activation(v) + after[r, n]
//   c[r, n] = v (or += v)
typedef struct {
  float *c;
  ptrdiff_t c_stride;
  const float *a;
  ptrdiff_t a_stride;
  const float *b;
  ptrdiff_t b_stride;  // 0: packed; else B lies row-major with this stride
  size_t rows;
  size_t columns;  // of this panel, at most KK_TILE_VECTORS vectors
  size_t segments;
  size_t depth;
  ptrdiff_t segment_stride;
  const float *ahead;      // what the next block will read, fetched while this one is computed:
  ptrdiff_t ahead_stride;  // row r of it along with row r of A, if not NULL
  ptrdiff_t ahead_step;    // bytes of a row of it for each k
  const float *bias;
  float *sum;
  float *sum_second;
  const float *before;
  ptrdiff_t before_stride;
  const float *slope;
  const float *gate;
  ptrdiff_t slope_stride;  // of slope or gate
  const float *x;
  ptrdiff_t x_stride;
  int general;
  int accumulate;
  float alpha;
  kk_activation activation;
  const float *after;
  ptrdiff_t after_stride;
  // Lines, for kk_tile_panels only: blocks of rows at a stride of their own (output rows of an
  // image).
  size_t lines;
  ptrdiff_t a_line;
  ptrdiff_t c_line;
  ptrdiff_t before_line;
  ptrdiff_t slope_line;
  ptrdiff_t x_line;
  ptrdiff_t after_line;
} kk_tile_rows_job;

// Products over a long row dimension, both operands row-major as they lie in memory:
//   c[m, n] += Σ_s Σ_r a[s·a_segment + r·a_stride + m] · b[s·b_segment + r·b_stride + n]
typedef struct {
  float *c;
  ptrdiff_t c_stride;
  const float *a;
  ptrdiff_t a_stride;
  ptrdiff_t a_segment;
  const float *b;
  ptrdiff_t b_stride;
  ptrdiff_t b_segment;
  size_t m;
  size_t n;
  size_t rows;
  size_t segments;
  int b_whole;  // rows of b are whole vectors, zero past n
} kk_tile_outer_job;

#define KK_OUTER_ROWS 96  // rows of b, over all segments, up to which a panel of it is copied

#define KK_TILE_VECTORS 3  // vectors of the widest panel

// The panels of a packed matrix of n columns: vectors are spread evenly over ceil(vectors / 3)
// panels.
static inline size_t kk_panel_count(size_t n, size_t lanes) {
  size_t vectors = (n + lanes - 1) / lanes;
  return (vectors + KK_TILE_VECTORS - 1) / KK_TILE_VECTORS;
}

// First column of a panel; of the panel after the last one: the columns rounded up to whole
// vectors.
static inline size_t kk_panel_start(size_t panel, size_t n, size_t lanes) {
  size_t vectors = (n + lanes - 1) / lanes, count = kk_panel_count(n, lanes);
  size_t base = vectors / count, extra = vectors % count;
  return (panel * base + (panel < extra ? panel : extra)) * lanes;
}

// kk_tile_rows: one panel, one line. kk_tile_panels: all columns (c, b and the column vectors
// point to the first panel) and all lines.
#define KK_TILE_DECLARE(suffix)                                                               \
  void kk_tile_rows_##suffix(const kk_tile_rows_job *job);                                    \
  void kk_tile_panels_##suffix(const kk_tile_rows_job *job);                                  \
  void kk_tile_outer_##suffix(const kk_tile_outer_job *job);                                  \
  void kk_gemm_pack_##suffix(float *packed, const float *b, ptrdiff_t b_stride, size_t depth, \
                             size_t n, int transposed, size_t first, size_t total);

KK_TILE_DECLARE(avx2)
KK_TILE_DECLARE(avx512)
KK_TILE_DECLARE(neon)
