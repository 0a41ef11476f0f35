#include "include/peak.h"

#include "include/transforms.h"

#define KK_BODY "../peak.inc.h"
#include "internal/per_isa.h"

static void kk_peak_fma_reference(double *operations, float *sink, size_t rounds) {
  float acc[12];
  for (int i = 0; i < 12; i++) acc[i] = 1.0f + 0.001f * (float)i;
  for (size_t r = 0; r < rounds; r++) {
    for (int i = 0; i < 12; i++) acc[i] = acc[i] * 0.999f + 0.001f;
  }
  *sink = 0;
  for (int i = 0; i < 12; i++) *sink += acc[i];
  *operations = 2.0 * 12 * (double)rounds;
}

static void kk_peak_read_reference(float *sink, const float *x, size_t n) {
  float sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i];
  *sink = sum;
}

static void kk_peak_write_reference(float *y, size_t n, float value) {
  for (size_t i = 0; i < n; i++) y[i] = value;
}

static void kk_peak_copy_reference(float *y, const float *x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = x[i];
}

void kk_peak_fma(double *operations, float *sink, size_t rounds) {
  KK_DISPATCH(kk_peak_fma, operations, sink, rounds);
}

void kk_peak_read(float *sink, const float *x, size_t n) { KK_DISPATCH(kk_peak_read, sink, x, n); }

void kk_peak_write(float *y, size_t n, float value) { KK_DISPATCH(kk_peak_write, y, n, value); }

void kk_peak_copy(float *y, const float *x, size_t n) { KK_DISPATCH(kk_peak_copy, y, x, n); }
