// Loads and stores of one vector of channels, for kernels over maps of any number of channels.

// The first n floats of a pixel: n is KK_LANES except in the last vector of channels.
KK_INLINE vf KK_FN(load_channels)(const float *p, size_t n) {
#if KK_AVX512
  return v_load_part(p, n);
#else
  return n == KK_LANES ? v_load(p) : v_load_part(p, n);
#endif
}
KK_INLINE void KK_FN(store_channels)(float *p, vf v, size_t n) {
#if KK_AVX512
  v_store_part(p, v, n);
#else
  if (n == KK_LANES) {
    v_store(p, v);
  } else {
    v_store_part(p, v, n);
  }
#endif
}
