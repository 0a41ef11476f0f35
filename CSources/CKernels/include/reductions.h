// Sums, norms and linear combinations of flat ranges.
//
// Reductions add in a fixed tree: element i of the range goes to lane i mod 64 (float32), and the
// 64 lanes are combined in double by halves. Hence the same bits on every instruction set. A caller
// with a long range cuts it in chunks (some ten thousand elements keep float32 lanes accurate)
// whose size does not depend on the number of threads, and adds the results in order.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// *out = Σ x[n].
void kk_sum(double *out, const float *x, size_t n);

// *out = Σ x[n]².
void kk_sum_squares(double *out, const float *x, size_t n);

// *out = Σ x[n]·y[n].
void kk_dot(double *out, const float *x, const float *y, size_t n);

// *out = max |x[n]|, 0 for an empty range; NaN if any element is.
void kk_max_abs(float *out, const float *x, size_t n);

// out[3] = Σ x·y, Σ x², Σ y² in one pass: cosine of two gradients, and what projection needs.
void kk_dot_norms(double *out, const float *x, const float *y, size_t n);

// *out = number of x[n] < 0.
void kk_count_negative(size_t *out, const float *x, size_t n);

// out[r] = Σ |x[r, c]| for rows r of n floats, `stride` floats apart: ranks channels by importance.
void kk_row_l1(float *out, const float *x, size_t rows, size_t n, ptrdiff_t stride);

// y[n] = a·x[n] + y[n].
void kk_axpy(float *y, const float *x, size_t n, float a);

// y[n] = a·x[n] + b·y[n].
void kk_axpby(float *y, const float *x, size_t n, float a, float b);

// g[n] = (1 + a)·sub[n] + sup[n]: projection of the supernet's gradient (a = 0: plain sum).
// g may be either input.
void kk_project(float *g, const float *sub, const float *sup, size_t n, float a);

// y[n] = a·x[n]; y may be x.
void kk_scale(float *y, const float *x, size_t n, float a);

// y[n] = a.
void kk_fill(float *y, size_t n, float a);

#ifdef __cplusplus
}
#endif
