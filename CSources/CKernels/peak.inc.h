// Vector bodies of peak.h.
#include "activations.inc.h"
#include "elementwise_lanes.inc.h"

// Twelve chains hide the latency of two units of four cycles and fit the 16 registers of AVX2.
void KK_FN(kk_peak_fma)(double *operations, float *sink, size_t rounds) {
  vf acc[12];
  for (int i = 0; i < 12; i++) acc[i] = v_splat(1.0f + 0.001f * (float)i);
  const vf a = v_splat(0.999f), b = v_splat(0.001f);
  for (size_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
#pragma clang loop unroll(full)
      for (int i = 0; i < 12; i++) acc[i] = v_fma(acc[i], a, b);
    }
  }
  vf sum = {0};
  for (int i = 0; i < 12; i++) sum += acc[i];
  *sink = v_sum(sum);
  *operations = 2.0 * 4 * 12 * KK_LANES * (double)rounds;
}

void KK_FN(kk_peak_read)(float *sink, const float *x, size_t n) {
  vf acc[8] = {{0}};
  size_t i = 0;
  for (; i + 8 * KK_LANES <= n; i += 8 * KK_LANES) {
#pragma clang loop unroll(full)
    for (int k = 0; k < 8; k++) acc[k] += v_load(x + i + (size_t)k * KK_LANES);
  }
  for (; i < n; i++) acc[0][0] += x[i];
  vf sum = {0};
  for (int k = 0; k < 8; k++) sum += acc[k];
  *sink = v_sum(sum);
}

void KK_FN(kk_peak_write)(float *y, size_t n, float value) {
  KK_FOR_LANES(i, n, v_put(y + i, v_splat(value), lanes));
}

void KK_FN(kk_peak_copy)(float *y, const float *x, size_t n) {
  KK_FOR_LANES(i, n, v_put(y + i, v_get(x + i, lanes), lanes));
}
