// One row of a depthwise convolution for one vector of channels, in registers.
//
// Rows live in scratch memory as [columns][KK_LANES], zero-padded, so no kernel here knows of
// borders, channel counts or strides of the caller. A tile of R outputs stays in registers over all
// taps; each loaded input vector feeds every output that it touches.
#define KK_FULL_UNROLL _Pragma("clang loop unroll(full)")

#ifndef KK_DEPTHWISE_TAPS
#define KK_DEPTHWISE_TAPS 7  // the largest kernel
#define KK_DEPTHWISE_RING \
  16  // the most rows of a ring of the backward pass; half of it also serves
#endif

// Widths of tiles: more registers allow wider ones. The widest one over a row's end wastes least.
KK_INLINE size_t KK_FN(tile_width)(size_t left) {
#if KK_AVX2
  if (left % 7 == 0) return 7;
  return left > 7 ? 8 : left > 4 ? 7 : 4;
#else
  if (left % 14 == 0) return 14;
  if (left == 7) return 7;
  if (left > 14) return left == 21 ? 14 : 16;
  return left > 11 ? 14 : left > 8 ? 11 : left == 8 ? 8 : left > 4 ? 7 : 4;
#endif
}

// out[r] = Σ_i Σ_t rows[i][r·S + t]·taps[i][t], for R outputs and K taps of `count` rows, which
// begin `at` floats into each row and `tap_at` floats into its taps.
// S == 0: the stride is only known at run time.
KK_INLINE void KK_FN(tile)(float *out, const float *const *rows, const float *const *taps,
                           size_t count, size_t at, size_t tap_at, size_t stride, const int K,
                           const int S, const int R) {
  vf sum[16];
  KK_FULL_UNROLL for (int r = 0; r < R; r++) sum[r] = v_splat(0.0f);
  for (size_t i = 0; i < count; i++) {
    const float *in = rows[i] + at;
    vf tap[KK_DEPTHWISE_TAPS];
    KK_FULL_UNROLL for (int t = 0; t < K; t++) tap[t] = v_load(taps[i] + tap_at + t * KK_LANES);
    if (S == 0) {
      KK_FULL_UNROLL for (int r = 0; r < R; r++) {
        KK_FULL_UNROLL for (int t = 0; t < K; t++) {
          sum[r] = v_fma(v_load(in + (r * stride + t) * KK_LANES), tap[t], sum[r]);
        }
      }
      continue;
    }
    KK_FULL_UNROLL for (int j = 0; j < (R - 1) * S + K; j++) {
      vf x = v_load(in + j * KK_LANES);
      KK_FULL_UNROLL for (int t = 0; t < K; t++) {
        if (j >= t && S && (j - t) % S == 0 && (j - t) / S < R) {
          sum[(j - t) / S] = v_fma(x, tap[t], sum[(j - t) / S]);
        }
      }
    }
  }
  KK_FULL_UNROLL for (int r = 0; r < R; r++) v_store(out + r * KK_LANES, sum[r]);
}

// Vectors of channels that share a cache line. The forward pass loads and stores them together, so
// that a line comes from the second-level cache once; in scratch memory each has rows of its own.
#define KK_GROUP (16 / KK_LANES)

// Floats from one vector of a group to the next: in the rows of inputs and of outputs, and in the
// taps.
typedef struct {
  size_t vectors, in, out, taps;
} KK_FN(gaps);

// A whole row of `width` outputs (the last tile may write past it, within the padded row), for each
// vector of a group.
#define KK_ROW_CASE_(R)                                                                            \
  case R:                                                                                          \
    KK_FN(tile)                                                                                    \
    (to, rows, taps, count, v * gaps->in + done * stride * KK_LANES, v * gaps->taps, stride, K, S, \
     R);                                                                                           \
    break
KK_INLINE void KK_FN(row_of_tiles)(float *out, const float *const *rows, const float *const *taps,
                                   size_t count, size_t width, size_t stride,
                                   const KK_FN(gaps) * gaps, const int K, const int S) {
  for (size_t v = 0; v < gaps->vectors; v++) {
    for (size_t done = 0; done < width;) {
      const size_t r = KK_FN(tile_width)(width - done);
      float *to = out + v * gaps->out + done * KK_LANES;
      switch (r) {
        KK_ROW_CASE_(4);
        KK_ROW_CASE_(7);
        KK_ROW_CASE_(8);
#if !KK_AVX2
        KK_ROW_CASE_(11);
        KK_ROW_CASE_(14);
        KK_ROW_CASE_(16);
#endif
      }
      done += r;
    }
  }
}
#undef KK_ROW_CASE_

#define KK_ROW_(K, S)                                                                             \
  static __attribute__((noinline)) void KK_FN(row_##K##_##S)(                                     \
      float *out, const float *const *rows, const float *const *taps, size_t count, size_t width, \
      size_t stride, const KK_FN(gaps) * gaps) {                                                  \
    KK_FN(row_of_tiles)(out, rows, taps, count, width, S ? S : stride, gaps, K, S);               \
  }
KK_ROW_(1, 1)
KK_ROW_(2, 1)
KK_ROW_(3, 1)
KK_ROW_(4, 1)
KK_ROW_(5, 1)
KK_ROW_(7, 1)
KK_ROW_(3, 2)
KK_ROW_(5, 2)
KK_ROW_(7, 2)
KK_ROW_(1, 0)
KK_ROW_(3, 0)
KK_ROW_(5, 0)
KK_ROW_(7, 0)
#undef KK_ROW_

typedef void (*KK_FN(row_kernel))(float *, const float *const *, const float *const *, size_t,
                                  size_t, size_t, const KK_FN(gaps) *);

// The kernel for rows of `taps` taps; 6 taps never occur (7 at stride 1, at most 4 otherwise).
static KK_FN(row_kernel) KK_FN(choose_row)(size_t taps, size_t stride) {
  if (stride == 1) {
    switch (taps) {
      case 2:
        return KK_FN(row_2_1);
      case 3:
        return KK_FN(row_3_1);
      case 4:
        return KK_FN(row_4_1);
      case 5:
        return KK_FN(row_5_1);
      case 7:
        return KK_FN(row_7_1);
      default:
        return KK_FN(row_1_1);
    }
  }
  switch (taps) {
    case 3:
      return stride == 2 ? KK_FN(row_3_2) : KK_FN(row_3_0);
    case 5:
      return stride == 2 ? KK_FN(row_5_2) : KK_FN(row_5_0);
    case 7:
      return stride == 2 ? KK_FN(row_7_2) : KK_FN(row_7_0);
    default:
      return KK_FN(row_1_0);
  }
}

// packed[v][row][tap][lane]: the taps of each vector of channels side by side, missing channels
// zero.
static void KK_FN(pack_taps)(float *packed, kk_depthwise_weight weight, size_t k, size_t channels) {
  for (size_t c = 0; c < channels; c += KK_LANES) {
    size_t n = channels - c < KK_LANES ? channels - c : KK_LANES;
    for (size_t t = 0; t < k * k; t++, packed += KK_LANES) {
      v_store(packed, v_load_part(weight.data + (ptrdiff_t)(t / k) * weight.row_stride +
                                      (ptrdiff_t)(t % k) * weight.tap_stride + (ptrdiff_t)c,
                                  n));
    }
  }
}

// The same with the taps of a row in the order of the data gradient: by phase (tap mod stride), and
// within a phase from the last tap to the first.
static void KK_FN(pack_reversed_taps)(float *packed, kk_depthwise_weight weight, size_t k,
                                      size_t stride, size_t channels) {
  for (size_t c = 0; c < channels; c += KK_LANES) {
    size_t n = channels - c < KK_LANES ? channels - c : KK_LANES;
    for (size_t row = 0; row < k; row++) {
      for (size_t phase = 0; phase < stride && phase < k; phase++) {
        size_t count = (k - phase + stride - 1) / stride;
        for (size_t i = count; i-- > 0; packed += KK_LANES) {
          v_store(packed, v_load_part(weight.data + (ptrdiff_t)row * weight.row_stride +
                                          (ptrdiff_t)(phase + i * stride) * weight.tap_stride +
                                          (ptrdiff_t)c,
                                      n));
        }
      }
    }
  }
}
