// General and batched products over the register tiles, compiled per instruction set: see
// include/gemm.h.
#include "activations.inc.h"
#include "gemm_vector.inc.h"

#define gemm_rows KK_FN(kk_gemm_rows)
#define gemm_dots KK_FN(kk_gemm_dots)
#define gemm_outer KK_FN(kk_gemm_outer)

// c (= or +=) alpha·a·B with B packed (b_stride 0) or row-major.
static void gemm_rows(float *c, const float *a, const float *b, size_t m, size_t n, size_t k,
                      ptrdiff_t c_stride, ptrdiff_t a_stride, ptrdiff_t b_stride, float alpha,
                      int accumulate) {
  kk_tile_rows_job job = {.c_stride = c_stride,
                          .a_stride = a_stride,
                          .b = b,
                          .b_stride = b_stride,
                          .columns = n,
                          .lines = 1,
                          .segments = 1,
                          .depth = k,
                          .ahead_stride = a_stride,
                          .ahead_step = 4,
                          .general = accumulate || alpha != 1.0f,
                          .accumulate = accumulate,
                          .alpha = alpha};
  for (size_t i = 0; i < m; i += KK_GEMM_BLOCK) {
    job.rows = m - i < KK_GEMM_BLOCK ? m - i : KK_GEMM_BLOCK;
    job.c = c + (ptrdiff_t)i * c_stride;
    job.a = a + (ptrdiff_t)i * a_stride;
    job.ahead = job.a + 12 * a_stride;
    KK_FN(kk_tile_panels)(&job);
  }
}

// c (= or +=) alpha·a·bᵀ by dot products, for a few rows of a: b is read once, as it lies.
static void gemm_dots(float *c, const float *a, const float *b, size_t m, size_t n, size_t k,
                      ptrdiff_t c_stride, ptrdiff_t a_stride, ptrdiff_t b_stride, float alpha,
                      int accumulate) {
  for (size_t j = 0; j < n; j++) {
    const float *column = b + (ptrdiff_t)j * b_stride;
    for (size_t i = 0; i < m; i++) {
      const float *row = a + (ptrdiff_t)i * a_stride;
      vf sum[4] = {v_splat(0.0f), v_splat(0.0f), v_splat(0.0f), v_splat(0.0f)};
      size_t t = 0;
      for (; t + 4 * KK_LANES <= k; t += 4 * KK_LANES) {
        KK_UNROLL for (int v = 0; v < 4; v++) {
          const size_t at = t + (size_t)v * KK_LANES;
          sum[v] = v_fma(v_load(row + at), v_load(column + at), sum[v]);
        }
      }
      for (; t + KK_LANES <= k; t += KK_LANES) {
        sum[0] = v_fma(v_load(row + t), v_load(column + t), sum[0]);
      }
      if (t < k) {
        sum[1] = v_fma(v_load_first(row + t, k - t), v_load_first(column + t, k - t), sum[1]);
      }
      float *to = c + (ptrdiff_t)i * c_stride + (ptrdiff_t)j;
      float value = alpha * v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
      *to = accumulate ? *to + value : value;
    }
  }
}

// c += aᵀ·b.
static void gemm_outer(float *c, const float *a, const float *b, size_t m, size_t n, size_t k,
                       ptrdiff_t c_stride, ptrdiff_t a_stride, ptrdiff_t b_stride) {
  kk_tile_outer_job job = {.c = c,
                           .c_stride = c_stride,
                           .a_stride = a_stride,
                           .b_stride = b_stride,
                           .m = m,
                           .n = n,
                           .segments = 1};
  for (size_t i = 0; i < k; i += KK_GEMM_BLOCK) {
    job.rows = k - i < KK_GEMM_BLOCK ? k - i : KK_GEMM_BLOCK;
    job.a = a + (ptrdiff_t)i * a_stride;
    job.b = b + (ptrdiff_t)i * b_stride;
    KK_FN(kk_tile_outer)(&job);
  }
}

void KK_FN(kk_gemm)(float *c, const float *a, const float *b, size_t m, size_t n, size_t k,
                    ptrdiff_t c_stride, ptrdiff_t a_stride, ptrdiff_t b_stride, int a_transposed,
                    int b_transposed, float alpha, int accumulate, float *scratch) {
  if (!m || !n) return;
  if (!a_transposed) {
    if (b_transposed && m <= KK_GEMM_FEW_ROWS) {
      gemm_dots(c, a, b, m, n, k, c_stride, a_stride, b_stride, alpha, accumulate);
      return;
    }
    if (!b_transposed && (m <= KK_GEMM_DIRECT_ROWS || !k)) {
      gemm_rows(c, a, b, m, n, k, c_stride, a_stride, b_stride, alpha, accumulate);
      return;
    }
    // Slices of the reduction keep a block of a and a panel of b in the second-level cache.
    for (size_t t = 0; t == 0 || t < k; t += KK_GEMM_DEPTH) {
      const size_t depth = k - t < KK_GEMM_DEPTH ? k - t : KK_GEMM_DEPTH;
      const ptrdiff_t at = (ptrdiff_t)t;
      KK_FN(kk_gemm_pack)
      (scratch, b + (b_transposed ? at : at * b_stride), b_stride, depth, n, b_transposed, 0,
       depth);
      gemm_rows(c, a + at, scratch, m, n, depth, c_stride, a_stride, 0, alpha, accumulate || t);
    }
    return;
  }
  if (b_transposed) {
    for (size_t t = 0; t < k; t++) {
      for (size_t j = 0; j < n; j++) {
        scratch[t * n + j] = b[(ptrdiff_t)j * b_stride + (ptrdiff_t)t];
      }
    }
    b = scratch;
    b_stride = (ptrdiff_t)n;
    scratch += k * n;
  }
  if (alpha == 1.0f) {
    for (size_t i = 0; i < m && !accumulate; i++) {
      memset(c + (ptrdiff_t)i * c_stride, 0, n * sizeof *c);
    }
    gemm_outer(c, a, b, m, n, k, c_stride, a_stride, b_stride);
    return;
  }
  memset(scratch, 0, m * n * sizeof *scratch);
  gemm_outer(scratch, a, b, m, n, k, (ptrdiff_t)n, a_stride, b_stride);
  for (size_t i = 0; i < m; i++) {
    float *row = c + (ptrdiff_t)i * c_stride;
    for (size_t j = 0; j < n; j++) {
      row[j] = (accumulate ? row[j] : 0.0f) + alpha * scratch[i * n + j];
    }
  }
}

void KK_FN(kk_gemm_batched)(float *c, const float *a, const float *b, size_t first, size_t last,
                            size_t m, size_t n, size_t k, ptrdiff_t c_stride, ptrdiff_t a_stride,
                            ptrdiff_t b_stride, ptrdiff_t c_batch, ptrdiff_t a_batch,
                            ptrdiff_t b_batch, int a_transposed, int b_transposed, float alpha,
                            int accumulate, float *scratch) {
  for (size_t i = first; i < last; i++) {
    const ptrdiff_t index = (ptrdiff_t)i;
    KK_FN(kk_gemm)
    (c + index * c_batch, a + index * a_batch, b + index * b_batch, m, n, k, c_stride, a_stride,
     b_stride, a_transposed, b_transposed, alpha, accumulate, scratch);
  }
}
