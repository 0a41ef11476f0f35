// Loads, stores and input transforms of one vector of channels, for kernels over maps of any number
// of channels. Needs activations.inc.h.

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

#ifndef KK_FOR_CHANNELS
// For each vector of channels: c is its first channel, n its number of channels.
#define KK_FOR_CHANNELS(c, n, channels)                                                 \
  for (size_t c = 0, n = (channels) < KK_LANES ? (channels) : KK_LANES; c < (channels); \
       c += KK_LANES, n = (channels) - c < KK_LANES ? (channels) - c : KK_LANES)
#endif

// The argument of the activation, the transform T(x), and act' at the argument, for the n channels
// from c on. `in` is never NULL, and act is its activation as a constant.
KK_INLINE vf KK_FN(argument)(vf x, const kk_input *in, size_t c, size_t n) {
  if (!in->scale) return x;
  return v_fma(x, KK_FN(load_channels)(in->scale + c, n), KK_FN(load_channels)(in->shift + c, n));
}
KK_INLINE vf KK_FN(transform)(vf x, const kk_input *in, size_t c, size_t n,
                              const kk_activation act) {
  return v_activate(act, KK_FN(argument)(x, in, c, n));
}
KK_INLINE vf KK_FN(slope)(vf x, const kk_input *in, size_t c, size_t n, const kk_activation act) {
  if (act == KK_ACT_NONE) return v_splat(1.0f);
  return v_activate_gradient(act, KK_FN(argument)(x, in, c, n));
}
