// Bodies of depthwise.h: per image and vector of channels, rows are transformed once into zero-padded
// scratch rows, convolved there in registers, and finished (sums, activation) while they are stored.
#include "activations.inc.h"
#include "depthwise_rows.inc.h"
#include "depthwise_weight.inc.h"

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

// values[c] for all vectors of channels, padded by `fill`; values == NULL: all `fill`.
static void KK_FN(pack_channels)(float *packed, const float *values, size_t channels, float fill) {
  size_t padded = (channels + KK_LANES - 1) / KK_LANES * KK_LANES;
  for (size_t c = 0; c < padded; c++) packed[c] = values && c < channels ? values[c] : fill;
}

// out[x] = act(scale·x + shift) for one row of pixels.
KK_INLINE void KK_FN(transform_row_as)(float *out, const float *x, ptrdiff_t step, size_t width,
                                       size_t n, vf scale, vf shift, const kk_activation act) {
  for (size_t i = 0; i < width; i++, x += step, out += KK_LANES) {
    v_store(out, v_activate(act, v_fma(KK_FN(load_channels)(x, n), scale, shift)));
  }
}
static __attribute__((noinline)) void KK_FN(transform_row)(float *out, const float *x,
                                                           ptrdiff_t step, size_t width, size_t n,
                                                           const float *scale, const float *shift,
                                                           kk_activation act) {
  vf a = v_load(scale), b = v_load(shift);
  KK_WITH_ACTIVATION(act, KK_FN(transform_row_as)(out, x, step, width, n, a, b, kk_act));
}

// Stores one row of outputs, and adds them to the sums of this vector of channels.
KK_INLINE void KK_FN(finish_row_as)(float *y, ptrdiff_t step, const float *row, size_t width,
                                    size_t n, vf bias, const kk_activation act) {
  for (size_t i = 0; i < width; i++, y += step, row += KK_LANES) {
    KK_FN(store_channels)(y, v_activate(act, v_load(row) + bias), n);
  }
}
static __attribute__((noinline)) void KK_FN(finish_row)(float *y, ptrdiff_t step, float *sums,
                                                        float *squares, const float *row,
                                                        size_t width, size_t n, const float *bias,
                                                        kk_activation act) {
  if (!sums || bias || act != KK_ACT_NONE) {
    vf b = bias ? v_load(bias) : v_splat(0.0f);
    KK_WITH_ACTIVATION(act, KK_FN(finish_row_as)(y, step, row, width, n, b, kk_act));
    if (!sums) return;
    // The sums are those of what was stored.
    vf s = v_splat(0.0f), q = s;
    for (size_t i = 0; i < width; i++, y += step) {
      vf v = KK_FN(load_channels)(y, n);
      s += v;
      q = v_fma(v, v, q);
    }
    v_store(sums, v_load(sums) + s);
    v_store(squares, v_load(squares) + q);
    return;
  }
  vf s[2] = {v_splat(0.0f), v_splat(0.0f)}, q[2] = {v_splat(0.0f), v_splat(0.0f)};
  size_t i = 0;
  for (; i + 2 <= width; i += 2, row += 2 * KK_LANES, y += 2 * step) {
    vf v0 = v_load(row), v1 = v_load(row + KK_LANES);
    KK_FN(store_channels)(y, v0, n);
    KK_FN(store_channels)(y + step, v1, n);
    s[0] += v0;
    s[1] += v1;
    q[0] = v_fma(v0, v0, q[0]);
    q[1] = v_fma(v1, v1, q[1]);
  }
  if (i < width) {
    vf v = v_load(row);
    KK_FN(store_channels)(y, v, n);
    s[0] += v;
    q[0] = v_fma(v, v, q[0]);
  }
  v_store(sums, v_load(sums) + (s[0] + s[1]));
  v_store(squares, v_load(squares) + (q[0] + q[1]));
}

#define KK_RING 8  // scratch rows of the forward pass, at least the largest kernel

void KK_FN(kk_depthwise_forward)(float *y, ptrdiff_t y_stride, float *sums, float *squares,
                                 const float *x, ptrdiff_t x_stride, const kk_input *input,
                                 kk_depthwise_weight weight, const float *bias,
                                 kk_activation activation, kk_depthwise shape, size_t first,
                                 size_t last, float *scratch) {
  const size_t h = shape.height, w = shape.width, k = shape.kernel, stride = shape.stride;
  const size_t pad = k / 2, out_h = (h - 1) / stride + 1, out_w = (w - 1) / stride + 1;
  const size_t vectors = (shape.channels + KK_LANES - 1) / KK_LANES, padded = vectors * KK_LANES;
  const size_t row_floats = KK_DEPTHWISE_COLUMNS(shape) * KK_LANES;
  const kk_activation act = input ? input->activation : KK_ACT_NONE;

  float *taps = KK_DEPTHWISE_ALIGN(scratch);
  float *scale = taps + k * k * padded, *shift = scale + padded, *offset = shift + padded;
  float *total = offset + padded, *total_squares = total + padded;
  float *ring = total_squares + padded, *row = ring + KK_RING * row_floats;
  KK_FN(pack_taps)(taps, weight, k, shape.channels);
  KK_FN(pack_channels)(scale, input ? input->scale : NULL, shape.channels, 1.0f);
  KK_FN(pack_channels)(shift, input ? input->shift : NULL, shape.channels, 0.0f);
  KK_FN(pack_channels)(offset, bias, shape.channels, 0.0f);
  memset(total, 0, 2 * padded * sizeof(float));
  memset(ring, 0, KK_RING * row_floats * sizeof(float));
  const KK_FN(row_kernel) convolve = KK_FN(choose_row)(k, stride);

  for (size_t image = first; image < last; image++) {
    for (size_t v = 0; v < vectors; v++) {
      const size_t c = v * KK_LANES, rest = shape.channels - c, n = rest < KK_LANES ? rest : KK_LANES;
      const float *in = x + (ptrdiff_t)(image * h * w) * x_stride + c;
      float *out = y + (ptrdiff_t)(image * out_h * out_w) * y_stride + c;
      size_t ready = 0;  // rows of this image in the ring so far
      for (size_t oy = 0; oy < out_h; oy++) {
        const size_t top = oy * stride;  // input row of the first tap, counted from -pad
        const size_t t0 = top < pad ? pad - top : 0;
        const size_t t1 = top + k > h + pad ? h + pad - top : k;
        if (ready < top + t0 - pad) ready = top + t0 - pad;
        for (; ready < top + t1 - pad; ready++) {
          KK_FN(transform_row)(ring + ready % KK_RING * row_floats + pad * KK_LANES,
                               in + (ptrdiff_t)(ready * w) * x_stride, x_stride, w, n, scale + c,
                               shift + c, act);
        }
        const float *rows[KK_DEPTHWISE_TAPS], *row_taps[KK_DEPTHWISE_TAPS];
        for (size_t t = t0; t < t1; t++) {
          rows[t - t0] = ring + (top + t - pad) % KK_RING * row_floats;
          row_taps[t - t0] = taps + (v * k + t) * k * KK_LANES;
        }
        convolve(row, rows, row_taps, t1 - t0, out_w, stride);
        KK_FN(finish_row)(out + (ptrdiff_t)(oy * out_w) * y_stride, y_stride,
                          sums ? total + c : NULL, total_squares + c, row, out_w, n,
                          bias ? offset + c : NULL, activation);
      }
    }
  }
  if (sums) {
    memcpy(sums, total, shape.channels * sizeof(float));
    memcpy(squares, total_squares, shape.channels * sizeof(float));
  }
}

#include "depthwise_backward.inc.h"
