#include "gemm_tile.h"

#include "include/gemm.h"

#define KK_BODY "../gemm_tile.inc.h"
#include "internal/per_isa.h"

size_t kk_packed_floats(size_t depth, size_t n) { return depth * ((n + 15) / 16 * 16); }

// Reference layout: B itself, row-major without padding.
static void kk_gemm_pack_reference(float *packed, const float *b, ptrdiff_t b_stride, size_t depth,
                                   size_t n, int transposed, size_t first, size_t total) {
  (void)total;
  for (size_t k = 0; k < depth; k++) {
    for (size_t j = 0; j < n; j++) {
      ptrdiff_t row = (ptrdiff_t)(transposed ? j : k), column = (ptrdiff_t)(transposed ? k : j);
      packed[(first + k) * n + j] = b[row * b_stride + column];
    }
  }
}

void kk_gemm_pack_part(float *packed, const float *b, ptrdiff_t b_stride, size_t depth, size_t n,
                       int transposed, size_t first, size_t total) {
  KK_DISPATCH(kk_gemm_pack, packed, b, b_stride, depth, n, transposed, first, total);
}

void kk_gemm_pack(float *packed, const float *b, ptrdiff_t b_stride, size_t depth, size_t n,
                  int transposed) {
  kk_gemm_pack_part(packed, b, b_stride, depth, n, transposed, 0, depth);
}
