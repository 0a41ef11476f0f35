#include "include/gemm.h"

#include "gemm_tile.h"

#define KK_GEMM_BLOCK 96         // rows that go through the caches together
#define KK_GEMM_DEPTH 1024       // reduction between two visits of c
#define KK_GEMM_FEW_ROWS 3       // up to here b is not worth a transposing pack
#define KK_GEMM_DIRECT_ROWS 128  // up to here a row-major b is not worth a pack

#define KK_BODY "../gemm.inc.h"
#include "internal/per_isa.h"

size_t kk_gemm_chunk_rows(size_t m, size_t n, size_t k) {
  size_t block = KK_GEMM_BLOCK, blocks = (4000000 / (n * k + 1) + block) / block;
  size_t all = (m + block - 1) / block;
  if (blocks > all) blocks = all;
  return (blocks ? blocks : 1) * block;
}

size_t kk_gemm_scratch_floats(size_t m, size_t n, size_t k, int a_transposed, int b_transposed) {
  if (a_transposed) return m * n + (b_transposed ? k * n : 0);
  return kk_packed_floats(k < KK_GEMM_DEPTH ? k : KK_GEMM_DEPTH, n);
}

void kk_gemm_reference(float *c, const float *a, const float *b, size_t m, size_t n, size_t k,
                       ptrdiff_t c_stride, ptrdiff_t a_stride, ptrdiff_t b_stride, int a_transposed,
                       int b_transposed, float alpha, int accumulate, float *scratch) {
  (void)scratch;
  for (ptrdiff_t i = 0; i < (ptrdiff_t)m; i++) {
    for (ptrdiff_t j = 0; j < (ptrdiff_t)n; j++) {
      double sum = 0;
      for (ptrdiff_t t = 0; t < (ptrdiff_t)k; t++) {
        sum += (double)a[a_transposed ? t * a_stride + i : i * a_stride + t] *
               b[b_transposed ? j * b_stride + t : t * b_stride + j];
      }
      float *to = c + i * c_stride + j;
      *to = (float)((accumulate ? *to : 0.0f) + alpha * sum);
    }
  }
}

void kk_gemm_batched_reference(float *c, const float *a, const float *b, size_t first, size_t last,
                               size_t m, size_t n, size_t k, ptrdiff_t c_stride, ptrdiff_t a_stride,
                               ptrdiff_t b_stride, ptrdiff_t c_batch, ptrdiff_t a_batch,
                               ptrdiff_t b_batch, int a_transposed, int b_transposed, float alpha,
                               int accumulate, float *scratch) {
  for (size_t i = first; i < last; i++) {
    const ptrdiff_t index = (ptrdiff_t)i;
    kk_gemm_reference(c + index * c_batch, a + index * a_batch, b + index * b_batch, m, n, k,
                      c_stride, a_stride, b_stride, a_transposed, b_transposed, alpha, accumulate,
                      scratch);
  }
}

void kk_gemm(float *c, const float *a, const float *b, size_t m, size_t n, size_t k,
             ptrdiff_t c_stride, ptrdiff_t a_stride, ptrdiff_t b_stride, int a_transposed,
             int b_transposed, float alpha, int accumulate, float *scratch) {
  KK_DISPATCH(kk_gemm, c, a, b, m, n, k, c_stride, a_stride, b_stride, a_transposed, b_transposed,
              alpha, accumulate, scratch);
}

void kk_gemm_batched(float *c, const float *a, const float *b, size_t first, size_t last, size_t m,
                     size_t n, size_t k, ptrdiff_t c_stride, ptrdiff_t a_stride, ptrdiff_t b_stride,
                     ptrdiff_t c_batch, ptrdiff_t a_batch, ptrdiff_t b_batch, int a_transposed,
                     int b_transposed, float alpha, int accumulate, float *scratch) {
  KK_DISPATCH(kk_gemm_batched, c, a, b, first, last, m, n, k, c_stride, a_stride, b_stride, c_batch,
              a_batch, b_batch, a_transposed, b_transposed, alpha, accumulate, scratch);
}
