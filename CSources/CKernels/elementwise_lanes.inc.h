// Loops over ranges of floats, for kernel bodies: whole vectors, then one part of a vector.
//
//   KK_FOR_LANES(i, n, v_put(y + i, v_get(x + i, lanes) * a, lanes));
//
// `lanes` is the constant KK_LANES in the loop, and what is left (less than that) in the last step.
#define v_get KK_FN(kk_v_get)
#define v_put KK_FN(kk_v_put)

#ifndef KK_FOR_LANES
#define KK_FOR_LANES(i, n, ...)                    \
  {                                                \
    size_t i = 0;                                  \
    for (; i + KK_LANES <= (n); i += KK_LANES) {   \
      const size_t lanes = KK_LANES;               \
      __VA_ARGS__;                                 \
    }                                              \
    if (i < (n)) {                                 \
      const size_t lanes = (n)-i;                  \
      __VA_ARGS__;                                 \
    }                                              \
  }
#endif

KK_INLINE vf v_get(const float *p, size_t lanes) {
  return lanes == KK_LANES ? v_load(p) : v_load_part(p, lanes);
}
KK_INLINE void v_put(float *p, vf v, size_t lanes) {
  if (lanes == KK_LANES) {
    v_store(p, v);
  } else {
    v_store_part(p, v, lanes);
  }
}
