// Matrix products for the shapes where BLAS is weak, and the packing that every GEMM kernel here
// needs.
//
// Row-major; strides are in floats between rows and may exceed the columns (windows). Packed
// matrices depend on the instruction set in use: pack and multiply under the same one. Scratch and
// packed buffers may have any alignment; 64 bytes is fastest.
#pragma once

#include <stddef.h>

#include "transforms.h"

#ifdef __cplusplus
extern "C" {
#endif

// Floats of a packed matrix B[depth, n], on every instruction set.
size_t kk_packed_floats(size_t depth, size_t n);

// Packs B[depth, n] into panels of whole vectors, zero padded. packed: kk_packed_floats(depth, n),
// overwritten. transposed == 0: b[k·b_stride + n] is B[k, n]; otherwise b[n·b_stride + k] is.
// A weight w[out, in] packs as (w, in, out, transposed 1) for the forward product and as
// (w, out, in, transposed 0) for the gradient of the input.
void kk_gemm_pack(float *packed, const float *b, ptrdiff_t b_stride, size_t depth, size_t n,
                  int transposed);

// Writes rows first … first + depth of a packed matrix of `total` rows; otherwise as kk_gemm_pack.
void kk_gemm_pack_part(float *packed, const float *b, ptrdiff_t b_stride, size_t depth, size_t n,
                       int transposed, size_t first, size_t total);

// Rows of C that one range should have, a multiple of 96, from the shape alone. (A range of rows
// is a call with c and a moved on: c + r·c_stride; a + r·a_stride, or a + r where a is transposed.)
size_t kk_gemm_chunk_rows(size_t m, size_t n, size_t k);

// Floats of scratch of kk_gemm, and of kk_gemm_batched for any range.
size_t kk_gemm_scratch_floats(size_t m, size_t n, size_t k, int a_transposed, int b_transposed);

// c[m, n] (= where accumulate is 0, else +=) alpha·op(a)·op(b), the reduction k long.
// a[m, k], or [k, m] where a_transposed; b[k, n], or [n, k] where b_transposed.
// Stands beside BLAS for small n or k; where one b serves many calls, pack it once and use
// kk_pointwise_forward.
void kk_gemm(float *c, const float *a, const float *b, size_t m, size_t n, size_t k,
             ptrdiff_t c_stride, ptrdiff_t a_stride, ptrdiff_t b_stride, int a_transposed,
             int b_transposed, float alpha, int accumulate, float *scratch);

// Products first … last of a batch; matrix i starts at c + i·c_batch, a + i·a_batch, b + i·b_batch.
void kk_gemm_batched(float *c, const float *a, const float *b, size_t first, size_t last, size_t m,
                     size_t n, size_t k, ptrdiff_t c_stride, ptrdiff_t a_stride, ptrdiff_t b_stride,
                     ptrdiff_t c_batch, ptrdiff_t a_batch, ptrdiff_t b_batch, int a_transposed,
                     int b_transposed, float alpha, int accumulate, float *scratch);

#ifdef __cplusplus
}
#endif
