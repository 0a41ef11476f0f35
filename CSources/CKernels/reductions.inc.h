// Vector bodies of reductions.h. 64 lanes are 64 / KK_LANES registers, whatever the instruction
// set.
#include "activations.inc.h"
#include "elementwise_lanes.inc.h"
#pragma clang fp contract(off)

#define KK_GROUP (64 / KK_LANES)
#define lane_sum KK_FN(kk_lane_sum)
#define v_abs KK_FN(kk_v_abs)
#define v_max_nan KK_FN(kk_v_max_nan)

// The 64 lanes of a group, combined by halves in double.
KK_INLINE double lane_sum(const vf *acc) {
  float lanes[64];
  memcpy(lanes, acc, sizeof lanes);
  double t[32];
  for (int i = 0; i < 32; i++) t[i] = (double)lanes[i] + (double)lanes[i + 32];
  for (int half = 16; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) t[i] += t[i + half];
  }
  return t[0];
}

KK_INLINE vf v_abs(vf x) { return (vf)((vi)x & 0x7fffffff); }

// The larger one, NaN if either is.
KK_INLINE vf v_max_nan(vf m, vf x) { return v_select((x <= m) | (m != m), m, x); }

// Runs the statement for every vector: i its first element, k its register in the group of 64
// lanes.
#ifndef KK_FOR_GROUPS
#define KK_FOR_GROUPS(i, k, n, ...)                                           \
  {                                                                           \
    size_t start = 0;                                                         \
    for (; start + 64 <= (n); start += 64) {                                  \
      _Pragma("clang loop unroll(full)") for (int k = 0; k < KK_GROUP; k++) { \
        const size_t i = start + (size_t)k * KK_LANES, lanes = KK_LANES;      \
        __VA_ARGS__;                                                          \
      }                                                                       \
    }                                                                         \
    for (int k = 0; start < (n); start += KK_LANES, k++) {                    \
      const size_t i = start;                                                 \
      const size_t lanes = (n) - start < KK_LANES ? (n) - start : KK_LANES;   \
      __VA_ARGS__;                                                            \
    }                                                                         \
  }
#endif

void KK_FN(kk_sum)(double *out, const float *x, size_t n) {
  vf acc[KK_GROUP] = {{0}};
  KK_FOR_GROUPS(i, k, n, acc[k] += v_get(x + i, lanes));
  *out = lane_sum(acc);
}

void KK_FN(kk_sum_squares)(double *out, const float *x, size_t n) {
  vf acc[KK_GROUP] = {{0}};
  KK_FOR_GROUPS(i, k, n, {
    vf v = v_get(x + i, lanes);
    acc[k] = v_fma(v, v, acc[k]);
  });
  *out = lane_sum(acc);
}

void KK_FN(kk_dot)(double *out, const float *x, const float *y, size_t n) {
  vf acc[KK_GROUP] = {{0}};
  KK_FOR_GROUPS(i, k, n, acc[k] = v_fma(v_get(x + i, lanes), v_get(y + i, lanes), acc[k]));
  *out = lane_sum(acc);
}

void KK_FN(kk_max_abs)(float *out, const float *x, size_t n) {
  vf acc[KK_GROUP] = {{0}};
  KK_FOR_GROUPS(i, k, n, acc[k] = v_max_nan(acc[k], v_abs(v_get(x + i, lanes))));
  float lanes[64], m = 0;
  memcpy(lanes, acc, sizeof lanes);
  for (int i = 0; i < 64; i++) m = lanes[i] <= m || m != m ? m : lanes[i];
  *out = m;
}

// Registers of AVX2 do not hold 3 × 64 lanes: three short passes over blocks that stay in cache.
void KK_FN(kk_dot_norms)(double *out, const float *x, const float *y, size_t n) {
  vf xy[KK_GROUP] = {{0}}, xx[KK_GROUP] = {{0}}, yy[KK_GROUP] = {{0}};
  for (size_t from = 0; from < n; from += 1024) {
    const float *a = x + from, *b = y + from;
    size_t m = n - from < 1024 ? n - from : 1024;
    KK_FOR_GROUPS(i, k, m, xy[k] = v_fma(v_get(a + i, lanes), v_get(b + i, lanes), xy[k]));
    KK_FOR_GROUPS(i, k, m, {
      vf v = v_get(a + i, lanes);
      xx[k] = v_fma(v, v, xx[k]);
    });
    KK_FOR_GROUPS(i, k, m, {
      vf v = v_get(b + i, lanes);
      yy[k] = v_fma(v, v, yy[k]);
    });
  }
  out[0] = lane_sum(xy);
  out[1] = lane_sum(xx);
  out[2] = lane_sum(yy);
}

void KK_FN(kk_count_negative)(size_t *out, const float *x, size_t n) {
  size_t count = 0;
  for (size_t from = 0; from < n; from += 1u << 20) {
    size_t m = n - from < 1u << 20 ? n - from : 1u << 20;
    vi acc = {0};
    KK_FOR_LANES(i, m, acc -= (vi)(v_get(x + from + i, lanes) < v_splat(0)));
    for (int l = 0; l < KK_LANES; l++) count += (size_t)acc[l];
  }
  *out = count;
}

void KK_FN(kk_row_l1)(float *out, const float *x, size_t rows, size_t n, ptrdiff_t stride) {
  for (size_t r = 0; r < rows; r++) {
    const float *row = x + (ptrdiff_t)r * stride;
    vf acc[KK_GROUP] = {{0}};
    KK_FOR_GROUPS(i, k, n, acc[k] += v_abs(v_get(row + i, lanes)));
    out[r] = (float)lane_sum(acc);
  }
}

void KK_FN(kk_axpy)(float *y, const float *x, size_t n, float a) {
  KK_FOR_LANES(i, n,
               v_put(y + i, v_fma(v_splat(a), v_get(x + i, lanes), v_get(y + i, lanes)), lanes));
}

void KK_FN(kk_axpby)(float *y, const float *x, size_t n, float a, float b) {
  KK_FOR_LANES(
      i, n, v_put(y + i, v_fma(v_splat(a), v_get(x + i, lanes), v_get(y + i, lanes) * b), lanes));
}

void KK_FN(kk_project)(float *g, const float *sub, const float *sup, size_t n, float a) {
  const vf factor = v_splat(1.0f + a);
  KK_FOR_LANES(i, n,
               v_put(g + i, v_fma(factor, v_get(sub + i, lanes), v_get(sup + i, lanes)), lanes));
}

void KK_FN(kk_scale)(float *y, const float *x, size_t n, float a) {
  KK_FOR_LANES(i, n, v_put(y + i, v_get(x + i, lanes) * a, lanes));
}

void KK_FN(kk_fill)(float *y, size_t n, float a) {
  KK_FOR_LANES(i, n, v_put(y + i, v_splat(a), lanes));
}

#undef KK_GROUP
#undef lane_sum
#undef v_abs
#undef v_max_nan
