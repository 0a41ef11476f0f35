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

#ifdef __cplusplus
}
#endif
