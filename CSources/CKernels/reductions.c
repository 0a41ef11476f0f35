#include "include/reductions.h"

#include <math.h>

#include "include/transforms.h"

#define KK_BODY "../reductions.inc.h"
#include "internal/per_isa.h"

#pragma clang fp contract(off)

// Lanes and tree as reductions.h states them: term(i) in float32 (fused when it is a product).
static double tree(const float *lanes) {
  double t[32];
  for (int i = 0; i < 32; i++) t[i] = (double)lanes[i] + (double)lanes[i + 32];
  for (int half = 16; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) t[i] += t[i + half];
  }
  return t[0];
}

static void kk_sum_reference(double *out, const float *x, size_t n) {
  float lanes[64] = {0};
  for (size_t i = 0; i < n; i++) lanes[i % 64] += x[i];
  *out = tree(lanes);
}

static void kk_dot_reference(double *out, const float *x, const float *y, size_t n) {
  float lanes[64] = {0};
  for (size_t i = 0; i < n; i++) lanes[i % 64] = fmaf(x[i], y[i], lanes[i % 64]);
  *out = tree(lanes);
}

static void kk_sum_squares_reference(double *out, const float *x, size_t n) {
  kk_dot_reference(out, x, x, n);
}

static void kk_max_abs_reference(float *out, const float *x, size_t n) {
  *out = 0;
  for (size_t i = 0; i < n; i++) {
    if (!(fabsf(x[i]) <= *out) && *out == *out) *out = fabsf(x[i]);
  }
}

static void kk_dot_norms_reference(double *out, const float *x, const float *y, size_t n) {
  kk_dot_reference(&out[0], x, y, n);
  kk_dot_reference(&out[1], x, x, n);
  kk_dot_reference(&out[2], y, y, n);
}

static void kk_count_negative_reference(size_t *out, const float *x, size_t n) {
  *out = 0;
  for (size_t i = 0; i < n; i++) *out += x[i] < 0;
}

static void kk_row_l1_reference(float *out, const float *x, size_t rows, size_t n,
                                ptrdiff_t stride) {
  for (size_t r = 0; r < rows; r++) {
    float lanes[64] = {0};
    for (size_t i = 0; i < n; i++) lanes[i % 64] += fabsf(x[(ptrdiff_t)r * stride + (ptrdiff_t)i]);
    out[r] = (float)tree(lanes);
  }
}

static void kk_axpy_reference(float *y, const float *x, size_t n, float a) {
  for (size_t i = 0; i < n; i++) y[i] = fmaf(a, x[i], y[i]);
}

static void kk_axpby_reference(float *y, const float *x, size_t n, float a, float b) {
  for (size_t i = 0; i < n; i++) y[i] = fmaf(a, x[i], b * y[i]);
}

static void kk_project_reference(float *g, const float *sub, const float *sup, size_t n, float a) {
  for (size_t i = 0; i < n; i++) g[i] = fmaf(1.0f + a, sub[i], sup[i]);
}

static void kk_scale_reference(float *y, const float *x, size_t n, float a) {
  for (size_t i = 0; i < n; i++) y[i] = a * x[i];
}

static void kk_fill_reference(float *y, size_t n, float a) {
  for (size_t i = 0; i < n; i++) y[i] = a;
}

void kk_sum(double *out, const float *x, size_t n) { KK_DISPATCH(kk_sum, out, x, n); }

void kk_sum_squares(double *out, const float *x, size_t n) {
  KK_DISPATCH(kk_sum_squares, out, x, n);
}

void kk_dot(double *out, const float *x, const float *y, size_t n) {
  KK_DISPATCH(kk_dot, out, x, y, n);
}

void kk_max_abs(float *out, const float *x, size_t n) { KK_DISPATCH(kk_max_abs, out, x, n); }

void kk_dot_norms(double *out, const float *x, const float *y, size_t n) {
  KK_DISPATCH(kk_dot_norms, out, x, y, n);
}

void kk_count_negative(size_t *out, const float *x, size_t n) {
  KK_DISPATCH(kk_count_negative, out, x, n);
}

void kk_row_l1(float *out, const float *x, size_t rows, size_t n, ptrdiff_t stride) {
  KK_DISPATCH(kk_row_l1, out, x, rows, n, stride);
}

void kk_axpy(float *y, const float *x, size_t n, float a) { KK_DISPATCH(kk_axpy, y, x, n, a); }

void kk_axpby(float *y, const float *x, size_t n, float a, float b) {
  KK_DISPATCH(kk_axpby, y, x, n, a, b);
}

void kk_project(float *g, const float *sub, const float *sup, size_t n, float a) {
  KK_DISPATCH(kk_project, g, sub, sup, n, a);
}

void kk_scale(float *y, const float *x, size_t n, float a) { KK_DISPATCH(kk_scale, y, x, n, a); }

void kk_fill(float *y, size_t n, float a) { KK_DISPATCH(kk_fill, y, n, a); }
