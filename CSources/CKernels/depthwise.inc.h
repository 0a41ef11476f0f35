// Bodies of depthwise.h: per image and vector of channels, rows are transformed once into
// zero-padded scratch rows, convolved there in registers, and finished (sums, activation) while
// they are stored.
#include "activations.inc.h"
#include "depthwise_channels.inc.h"
#include "depthwise_rows.inc.h"
#include "depthwise_weight.inc.h"

// Memory that the next unit of work will touch, fetched line by line beside this one: the vectors
// of channels of a pixel are far apart in memory, and only a sequential walk reaches the full
// bandwidth.
typedef struct {
  const float *at;
  size_t step;  // floats for each pixel of the present unit; 0: fetch nothing
} KK_FN(ahead);

// From p on; nothing where p is NULL or most of the memory belongs to other channels.
KK_INLINE KK_FN(ahead) KK_FN(look_ahead)(const float *p, ptrdiff_t stride, size_t channels) {
  static const float nothing[16];
  int use = p && stride < 2 * (ptrdiff_t)channels;
  return (KK_FN(ahead)){use ? p : nothing, use ? KK_LANES : 0};
}
KK_INLINE void KK_FN(fetch)(const float *p) { __builtin_prefetch(p, 0, 2); }
KK_INLINE void KK_FN(fetch_to_write)(const float *p) {
#if defined(__x86_64__)
  __asm__ volatile("prefetchw %0" ::"m"(*p));
#else
  __builtin_prefetch(p, 1, 2);
#endif
}
// Before the first unit.
static void KK_FN(fetch_all)(const float *p, ptrdiff_t stride, size_t channels, size_t pixels,
                             int write) {
  if (!p || stride >= 2 * (ptrdiff_t)channels) return;
  for (size_t i = 0; i < pixels * (size_t)stride; i += 16) {
    if (write) {
      KK_FN(fetch_to_write)(p + i);
    } else {
      KK_FN(fetch)(p + i);
    }
  }
}

// Rows of a unit of work: equal bands of at most `kilobytes`, of `floats` floats a row.
static size_t KK_FN(band_rows)(size_t rows, size_t floats, size_t kilobytes) {
  size_t bands = (rows * floats * sizeof(float) + kilobytes * 1024 - 1) / (kilobytes * 1024);
  return (rows + bands - 1) / bands;
}

// values[c] for all vectors of channels, the last one padded; values == NULL: all `fill`.
static void KK_FN(pack_channels)(float *packed, const float *values, size_t channels, float fill) {
  for (size_t c = 0; c < channels; c += KK_LANES) {
    size_t n = channels - c < KK_LANES ? channels - c : KK_LANES;
    v_store(packed + c, values ? KK_FN(load_channels)(values + c, n) : v_splat(fill));
  }
}

// out[x] = act(scale·x + shift) for one row of pixels and G vectors of channels; a vector that
// stands alone has n of them.
KK_INLINE void KK_FN(transform_row_as)(float *out, size_t gap, const float *x, ptrdiff_t step,
                                       size_t width, size_t n, const float *scale,
                                       const float *shift, KK_FN(ahead) next,
                                       const kk_activation act, const int G) {
  vf a[KK_GROUP], b[KK_GROUP];
  KK_FULL_UNROLL for (int v = 0; v < G; v++) {
    a[v] = v_load(scale + v * KK_LANES);
    b[v] = v_load(shift + v * KK_LANES);
  }
  for (size_t i = 0; i < width; i++, x += step, out += KK_LANES, next.at += G * next.step) {
    KK_FN(fetch)(next.at);
    KK_FULL_UNROLL for (int v = 0; v < G; v++) {
      vf xv = KK_FN(load_channels)(x + v * KK_LANES, G == 1 ? n : KK_LANES);
      v_store(out + v * gap, v_activate(act, v_fma(xv, a[v], b[v])));
    }
  }
}
static __attribute__((noinline)) void KK_FN(transform_row)(float *out, size_t gap, const float *x,
                                                           ptrdiff_t step, size_t width, size_t n,
                                                           const float *scale, const float *shift,
                                                           KK_FN(ahead) * next, kk_activation act) {
  if (KK_GROUP > 1 && n == KK_GROUP * KK_LANES) {
    KK_WITH_ACTIVATION(act, KK_FN(transform_row_as)(out, gap, x, step, width, n, scale, shift,
                                                    *next, kk_act, KK_GROUP));
    next->at += KK_GROUP * width * next->step;
    return;
  }
  KK_FOR_CHANNELS(c, m, n) {
    KK_WITH_ACTIVATION(act, KK_FN(transform_row_as)(out, gap, x + c, step, width, m, scale + c,
                                                    shift + c, *next, kk_act, 1));
    next->at += width * next->step;
    out += gap;
  }
}

// Stores one row of outputs, and adds them to the sums of these vectors of channels.
KK_INLINE void KK_FN(finish_row_as)(float *y, ptrdiff_t step, float *sums, float *squares,
                                    const float *row, size_t gap, size_t width, size_t n,
                                    const float *bias, KK_FN(ahead) next, const kk_activation act,
                                    const int G) {
  vf s[2][KK_GROUP], q[2][KK_GROUP], b[KK_GROUP];
  KK_FULL_UNROLL for (int v = 0; v < G; v++) {
    s[0][v] = s[1][v] = q[0][v] = q[1][v] = v_splat(0.0f);
    b[v] = v_load(bias + v * KK_LANES);
  }
  for (size_t i = 0; i < width; i += 2) {
    KK_FULL_UNROLL for (int half = 0; half < 2; half++) {
      if (half == 1 && i + 1 == width) break;
      KK_FN(fetch_to_write)(next.at);
      next.at += G * next.step;
      KK_FULL_UNROLL for (int v = 0; v < G; v++) {
        vf out = v_activate(act, v_load(row + v * gap) + b[v]);
        KK_FN(store_channels)(y + v * KK_LANES, out, G == 1 ? n : KK_LANES);
        s[half][v] += out;
        q[half][v] = v_fma(out, out, q[half][v]);
      }
      row += KK_LANES;
      y += step;
    }
  }
  KK_FULL_UNROLL for (int v = 0; v < G; v++, sums += KK_LANES, squares += KK_LANES) {
    v_store(sums, v_load(sums) + (s[0][v] + s[1][v]));
    v_store(squares, v_load(squares) + (q[0][v] + q[1][v]));
  }
}
static __attribute__((noinline)) void KK_FN(finish_row)(float *y, ptrdiff_t step, float *sums,
                                                        float *squares, const float *row,
                                                        size_t gap, size_t width, size_t n,
                                                        const float *bias, KK_FN(ahead) * next,
                                                        kk_activation act) {
  if (KK_GROUP > 1 && n == KK_GROUP * KK_LANES) {
    KK_WITH_ACTIVATION(act, KK_FN(finish_row_as)(y, step, sums, squares, row, gap, width, n, bias,
                                                 *next, kk_act, KK_GROUP));
    next->at += KK_GROUP * width * next->step;
    return;
  }
  KK_FOR_CHANNELS(c, m, n) {
    KK_WITH_ACTIVATION(act, KK_FN(finish_row_as)(y + c, step, sums + c, squares + c, row, gap,
                                                 width, m, bias + c, *next, kk_act, 1));
    next->at += width * next->step;
    row += gap;
  }
}

#define KK_RING 8  // scratch rows of the forward pass, at least the largest kernel

void KK_FN(kk_depthwise_forward)(float *y, ptrdiff_t y_stride, float *sums, float *squares,
                                 const float *x, ptrdiff_t x_stride, const kk_input *input,
                                 kk_depthwise_weight weight, const float *bias,
                                 kk_activation activation, kk_depthwise shape, size_t first,
                                 size_t last, float *scratch) {
  const size_t h = shape.height, w = shape.width, k = shape.kernel, stride = shape.stride;
  const size_t pad = k / 2, out_h = (h - 1) / stride + 1, out_w = (w - 1) / stride + 1;
  const size_t padded = (shape.channels + KK_LANES - 1) / KK_LANES * KK_LANES;
  const size_t gap = KK_DEPTHWISE_COLUMNS(shape) * KK_LANES, row_floats = KK_GROUP * gap;
  const size_t out_gap = (out_w + 16) * KK_LANES;
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

  // Units of work are bands of output rows: this one and the next fit the second-level cache, which
  // has 512 KB where there is only AVX2.
  const size_t band =
      KK_FN(band_rows)(out_h, (stride * w + out_w) * shape.channels, KK_AVX2 ? 192 : 512);
  for (size_t image = first; image < last; image++) {
    for (size_t y0 = 0; y0 < out_h; y0 += band) {
      const size_t y1 = out_h - y0 > band ? y0 + band : out_h;
      const float *in = x + (ptrdiff_t)(image * h * w) * x_stride;
      float *out = y + (ptrdiff_t)(image * out_h * out_w) * y_stride;
      const float *x_next = NULL, *y_next = NULL;
      if (image == first && y0 == 0) {
        KK_FN(fetch_all)(in, x_stride, shape.channels, (h < y1 * stride ? h : y1 * stride) * w, 0);
        KK_FN(fetch_all)(out, y_stride, shape.channels, y1 * out_w, 1);
      }
      if (y1 < out_h || image + 1 < last) {
        x_next = in + (ptrdiff_t)((y1 < out_h ? y1 * stride : h) * w) * x_stride;
        y_next = out + (ptrdiff_t)(y1 * out_w) * y_stride;
      }
      KK_FN(ahead) next_x = KK_FN(look_ahead)(x_next, x_stride, shape.channels);
      KK_FN(ahead) next_y = KK_FN(look_ahead)(y_next, y_stride, shape.channels);
      for (size_t c = 0; c < shape.channels; c += KK_GROUP * KK_LANES) {
        const size_t rest = shape.channels - c;
        const size_t n = rest < KK_GROUP * KK_LANES ? rest : KK_GROUP * KK_LANES;
        const KK_FN(gaps) gaps = {(n + KK_LANES - 1) / KK_LANES, gap, out_gap, k * k * KK_LANES};
        size_t ready = 0;  // rows of this image in the ring so far
        for (size_t oy = y0; oy < y1; oy++) {
          const size_t top = oy * stride;  // input row of the first tap, counted from -pad
          const size_t t0 = top < pad ? pad - top : 0;
          const size_t t1 = top + k > h + pad ? h + pad - top : k;
          if (ready < top + t0 - pad) ready = top + t0 - pad;
          for (; ready < top + t1 - pad; ready++) {
            KK_FN(transform_row)
            (ring + ready % KK_RING * row_floats + pad * KK_LANES, gap,
             in + (ptrdiff_t)(ready * w) * x_stride + c, x_stride, w, n, scale + c, shift + c,
             &next_x, act);
          }
          const float *rows[KK_DEPTHWISE_TAPS], *row_taps[KK_DEPTHWISE_TAPS];
          for (size_t t = t0; t < t1; t++) {
            rows[t - t0] = ring + (top + t - pad) % KK_RING * row_floats;
            row_taps[t - t0] = taps + (c * k + t * KK_LANES) * k;
          }
          convolve(row, rows, row_taps, t1 - t0, out_w, stride, &gaps);
          KK_FN(finish_row)
          (out + (ptrdiff_t)(oy * out_w) * y_stride + c, y_stride, total + c, total_squares + c,
           row, out_gap, out_w, n, offset + c, &next_y, activation);
        }
      }
    }
  }
  if (sums) {
    memcpy(sums, total, shape.channels * sizeof(float));
    memcpy(squares, total_squares, shape.channels * sizeof(float));
  }
}

#include "depthwise_backward.inc.h"
