// The backward pass of a depthwise convolution; included by depthwise.inc.h.

// out[x] = a·g + b·y + c for one row of pixels.
static __attribute__((noinline)) void KK_FN(gradient_row)(float *out, const float *g,
                                                          ptrdiff_t g_step, const float *y,
                                                          ptrdiff_t y_step, size_t width, size_t n,
                                                          const float *a, const float *b,
                                                          const float *c, KK_FN(ahead) * next_g,
                                                          KK_FN(ahead) * next_y) {
  KK_FN(ahead) ng = *next_g, ny = *next_y;
  next_g->at += width * ng.step;
  next_y->at += width * ny.step;
  if (!y) {
    for (size_t i = 0; i < width; i++, g += g_step, out += KK_LANES, ng.at += ng.step) {
      KK_FN(fetch)(ng.at);
      v_store(out, KK_FN(load_channels)(g, n));
    }
    return;
  }
  vf av = v_load(a), bv = v_load(b), cv = v_load(c);
  for (size_t i = 0; i < width; i++, g += g_step, y += y_step, out += KK_LANES) {
    KK_FN(fetch)(ng.at);
    KK_FN(fetch)(ny.at);
    ng.at += ng.step;
    ny.at += ny.step;
    vf d = v_fma(KK_FN(load_channels)(y, n), bv, cv);
    v_store(out, v_fma(KK_FN(load_channels)(g, n), av, d));
  }
}

// dx = row·act'(scale·x + shift), with the sums Σdx and Σdx·x.
KK_INLINE void KK_FN(finish_gradient_as)(float *dx, ptrdiff_t dx_step, float *sums, float *products,
                                         const float *row, const float *x, ptrdiff_t x_step,
                                         size_t width, size_t n, vf scale, vf shift,
                                         KK_FN(ahead) next, const kk_activation act) {
  vf s = v_splat(0.0f), p = s;
  for (size_t i = 0; i < width; i++, dx += dx_step, x += x_step, row += KK_LANES) {
    KK_FN(fetch_to_write)(next.at);
    next.at += next.step;
    vf xv = KK_FN(load_channels)(x, n);
    vf d = v_load(row) * v_activate_gradient(act, v_fma(xv, scale, shift));
    KK_FN(store_channels)(dx, d, n);
    s += d;
    p = v_fma(d, xv, p);
  }
  v_store(sums, v_load(sums) + s);
  v_store(products, v_load(products) + p);
}
static __attribute__((noinline)) void KK_FN(finish_gradient)(
    float *dx, ptrdiff_t dx_step, float *sums, float *products, const float *row, const float *x,
    ptrdiff_t x_step, size_t width, size_t n, const float *scale, const float *shift, int with_sums,
    KK_FN(ahead) * next_dx, kk_activation act) {
  KK_FN(ahead) next = *next_dx;
  next_dx->at += width * next.step;
  if (act == KK_ACT_NONE && !with_sums) {
    for (size_t i = 0; i < width; i++, dx += dx_step, row += KK_LANES, next.at += next.step) {
      KK_FN(fetch_to_write)(next.at);
      KK_FN(store_channels)(dx, v_load(row), n);
    }
    return;
  }
  vf a = v_load(scale), b = v_load(shift);
  KK_WITH_ACTIVATION(act, KK_FN(finish_gradient_as)(dx, dx_step, sums, products, row, x, x_step,
                                                    width, n, a, b, next, kk_act));
}

// One phase of the columns of dx: those columns i with (i + pad) mod stride == phase see the taps
// phase, phase + stride, …, so their gradient is a stride-1 correlation of d with these taps reversed.
typedef struct {
  size_t first, count;             // columns first, first + stride, …
  size_t taps, at;                 // number of taps; column of d (with padding) under the first one
  size_t tap_offset;               // where they are in a packed row of taps
  KK_FN(row_kernel) convolve;
} KK_FN(depthwise_phase);

static KK_FN(depthwise_phase) KK_FN(column_phase)(size_t phase, kk_depthwise shape) {
  const size_t k = shape.kernel, stride = shape.stride, pad = k / 2;
  KK_FN(depthwise_phase) f;
  f.taps = phase < k ? (k - phase + stride - 1) / stride : 0;
  f.first = (phase + stride - pad % stride) % stride;
  f.count = f.first < shape.width ? (shape.width - f.first + stride - 1) / stride : 0;
  f.at = f.taps ? (f.first + pad - phase) / stride + k - f.taps : 0;
  f.tap_offset = 0;
  for (size_t before = 0; before < phase && before < k; before++) {
    f.tap_offset += (k - before + stride - 1) / stride;
  }
  f.convolve = KK_FN(choose_row)(f.taps, 1);
  return f;
}

// All state of one call that the rows need.
typedef struct {
  kk_depthwise shape;
  size_t pad, out_h, out_w, a_floats, d_floats;
  float *reversed, *scale, *shift, *a, *d, *row;
  KK_FN(ahead) next_dx;
} KK_FN(depthwise_state);

// Writes row i of dx for vector v of the channels; d holds all output rows that it needs.
static void KK_FN(dx_row)(KK_FN(depthwise_state) * s, float *dx, ptrdiff_t dx_stride,
                          float *sums, float *products, const float *x, ptrdiff_t x_stride, size_t i,
                          size_t v, size_t n, int with_sums, kk_activation act) {
  const size_t k = s->shape.kernel, stride = s->shape.stride;
  const float *rows[KK_DEPTHWISE_TAPS], *taps[KK_DEPTHWISE_TAPS], *phase_taps[KK_DEPTHWISE_TAPS];
  size_t count = 0;
  for (size_t t = (i + s->pad) % stride; t < k && t <= i + s->pad; t += stride) {
    size_t o = (i + s->pad - t) / stride;
    if (o >= s->out_h) continue;
    rows[count] = s->d + o * s->d_floats;
    taps[count++] = s->reversed + (v * k + t) * k * KK_LANES;
  }
  for (size_t phase = 0; phase < stride; phase++) {
    const KK_FN(depthwise_phase) f = KK_FN(column_phase)(phase, s->shape);
    if (!f.count) continue;
    for (size_t j = 0; j < count; j++) phase_taps[j] = taps[j] + f.tap_offset * KK_LANES;
    const float *at[KK_DEPTHWISE_TAPS];
    for (size_t j = 0; j < count; j++) at[j] = rows[j] + f.at * KK_LANES;
    f.convolve(s->row, at, phase_taps, f.taps ? count : 0, f.count, 1);
    KK_FN(finish_gradient)(dx + (ptrdiff_t)f.first * dx_stride, (ptrdiff_t)stride * dx_stride, sums,
                           products, s->row, x + (ptrdiff_t)f.first * x_stride,
                           (ptrdiff_t)stride * x_stride, f.count, n, s->scale + v * KK_LANES,
                           s->shift + v * KK_LANES, with_sums, &s->next_dx, act);
  }
}

void KK_FN(kk_depthwise_backward)(float *dx, ptrdiff_t dx_stride, float *dx_sums, float *dx_products,
                                  float *dw, ptrdiff_t dw_tap_stride, ptrdiff_t dw_row_stride,
                                  const float *g, ptrdiff_t g_stride, const kk_gradient *gradient,
                                  const float *x, ptrdiff_t x_stride, const kk_input *input,
                                  kk_depthwise_weight weight, kk_depthwise shape, size_t first,
                                  size_t last, float *scratch) {
  const size_t h = shape.height, w = shape.width, k = shape.kernel, stride = shape.stride;
  const size_t pad = k / 2, out_h = (h - 1) / stride + 1, out_w = (w - 1) / stride + 1;
  const size_t vectors = (shape.channels + KK_LANES - 1) / KK_LANES, padded = vectors * KK_LANES;
  const kk_activation act = input ? input->activation : KK_ACT_NONE;
  const int affine = gradient && gradient->a;
  KK_FN(depthwise_state) s = {.shape = shape, .pad = pad, .out_h = out_h, .out_w = out_w};
  s.a_floats = KK_DEPTHWISE_COLUMNS(shape) * KK_LANES;
  s.d_floats = KK_DEPTHWISE_GRADIENT_COLUMNS(shape) * KK_LANES;

  s.reversed = KK_DEPTHWISE_ALIGN(scratch);
  float *dw_sums = s.reversed + k * k * padded;
  s.scale = dw_sums + k * k * padded;
  s.shift = s.scale + padded;
  float *ga = s.shift + padded, *gb = ga + padded, *gc = gb + padded;
  float *total = gc + padded, *total_products = total + padded;
  s.a = total_products + padded;
  s.d = s.a + h * s.a_floats;
  s.row = s.d + out_h * s.d_floats;
  KK_FN(pack_reversed_taps)(s.reversed, weight, k, stride, shape.channels);
  KK_FN(pack_channels)(s.scale, input ? input->scale : NULL, shape.channels, 1.0f);
  KK_FN(pack_channels)(s.shift, input ? input->shift : NULL, shape.channels, 0.0f);
  KK_FN(pack_channels)(ga, affine ? gradient->a : NULL, shape.channels, 1.0f);
  KK_FN(pack_channels)(gb, affine ? gradient->b : NULL, shape.channels, 0.0f);
  KK_FN(pack_channels)(gc, affine ? gradient->c : NULL, shape.channels, 0.0f);
  memset(dw_sums, 0, k * k * padded * sizeof(float));
  memset(total, 0, 2 * padded * sizeof(float));
  memset(s.a, 0, h * s.a_floats * sizeof(float));
  memset(s.d, 0, out_h * s.d_floats * sizeof(float));
  const KK_FN(weight_kernel) weigh = KK_FN(choose_weight)(k, stride);

  // Units of work as in the forward pass, cut into steps of output rows whose rows of a and d stay in
  // the first-level cache.
  const size_t band = KK_FN(band_rows)(
      out_h, (2 * stride * w + (affine ? 2 : 1) * out_w) * shape.channels);
  const size_t step_bytes = (stride * (w + k) + out_w + k) * KK_LANES * sizeof(float);
  const size_t fit = 28 * 1024 / step_bytes, step = fit < 2 ? 2 : fit;
  for (size_t image = first; image < last; image++) {
    for (size_t y0 = 0; y0 < out_h; y0 += band) {
      const size_t y1 = out_h - y0 > band ? y0 + band : out_h;
      const size_t i0 = y0 * stride, i1 = y1 < out_h ? y1 * stride : h;  // rows of x and dx
      const size_t in_at = image * h * w, out_at = image * out_h * out_w;
      const float *grad = g + (ptrdiff_t)out_at * g_stride, *in = x + (ptrdiff_t)in_at * x_stride;
      const float *raw = affine ? gradient->y + (ptrdiff_t)out_at * gradient->y_stride : NULL;
      float *to = dx ? dx + (ptrdiff_t)in_at * dx_stride : NULL;
      const ptrdiff_t y_stride = affine ? gradient->y_stride : 0;
      const size_t channels = shape.channels;
      if (image == first && y0 == 0) {
        KK_FN(fetch_all)(grad, g_stride, channels, y1 * out_w, 0);
        KK_FN(fetch_all)(raw, y_stride, channels, y1 * out_w, 0);
        KK_FN(fetch_all)(in, x_stride, channels, i1 * w, 0);
        KK_FN(fetch_all)(to, dx_stride, channels, i1 * w, 1);
      }
      const int more = y1 < out_h || image + 1 < last;
      const ptrdiff_t next_out = (ptrdiff_t)(y1 * out_w), next_in = (ptrdiff_t)(i1 * w);
      KK_FN(ahead) next_g = KK_FN(look_ahead)(more ? grad + next_out * g_stride : NULL, g_stride, channels);
      KK_FN(ahead) next_y = KK_FN(look_ahead)(more && raw ? raw + next_out * y_stride : NULL, y_stride, channels);
      KK_FN(ahead) next_x = KK_FN(look_ahead)(more ? in + next_in * x_stride : NULL, x_stride, channels);
      s.next_dx = KK_FN(look_ahead)(more && to ? to + next_in * dx_stride : NULL, dx_stride, channels);
      for (size_t v = 0; v < vectors; v++) {
        const size_t c = v * KK_LANES, rest = channels - c, n = rest < KK_LANES ? rest : KK_LANES;
        size_t ready_a = i0 > pad ? i0 - pad : 0, done_dx = i0;
        // Rows of d that the rows of dx see: from the first one's last tap to the last one's first.
        size_t ready_d = i0 + pad > k - 1 ? (i0 + pad - k + stride) / stride : 0;
        for (size_t s0 = y0; s0 < y1; s0 += step) {
          const size_t s1 = y1 - s0 > step ? s0 + step : y1;
          size_t end_d = s1;
          if (s1 == y1 && dx) end_d = (i1 - 1 + pad) / stride + 1;
          if (end_d > out_h) end_d = out_h;
          if (end_d < s1) end_d = s1;
          for (; ready_d < end_d; ready_d++) {
            const ptrdiff_t at = (ptrdiff_t)(ready_d * out_w);
            KK_FN(gradient_row)(s.d + ready_d * s.d_floats + (k - 1) * KK_LANES,
                                grad + at * g_stride + c, g_stride, raw ? raw + at * y_stride + c : NULL,
                                y_stride, out_w, n, ga + c, gb + c, gc + c, &next_g, &next_y);
          }
          if (dw) {
            const size_t end = (s1 - 1) * stride + k;  // counted from -pad
            const size_t need = end > h + pad ? h : end - pad;
            for (; ready_a < need; ready_a++) {
              KK_FN(transform_row)(s.a + ready_a * s.a_floats + pad * KK_LANES,
                                   in + (ptrdiff_t)(ready_a * w) * x_stride + c, x_stride, w, n,
                                   s.scale + c, s.shift + c, &next_x, act);
            }
            for (size_t t = 0; t < k && t < h + pad; t++) {
              // Output rows of this step whose input row oy·stride + t - pad exists.
              size_t lo = t < pad ? (pad - t + stride - 1) / stride : 0;
              size_t hi = (h - 1 + pad - t) / stride + 1;
              if (lo < s0) lo = s0;
              if (hi > s1) hi = s1;
              if (lo >= hi) continue;
              weigh(dw_sums + (v * k + t) * k * KK_LANES, s.a + (lo * stride + t - pad) * s.a_floats,
                    stride * s.a_floats, s.d + lo * s.d_floats + (k - 1) * KK_LANES, s.d_floats,
                    hi - lo, out_w, stride);
            }
          }
          if (!dx) continue;
          const size_t end = s1 == y1 ? i1 : s1 * stride > pad ? s1 * stride - pad : 0;
          for (; done_dx < end && done_dx < h; done_dx++) {
            const ptrdiff_t at = (ptrdiff_t)(done_dx * w);
            KK_FN(dx_row)(&s, to + at * dx_stride + c, dx_stride, total + c, total_products + c,
                          in + at * x_stride + c, x_stride, done_dx, v, n, dx_sums != NULL, act);
          }
        }
      }
    }
  }
  if (dx && dx_sums) {
    memcpy(dx_sums, total, shape.channels * sizeof(float));
    memcpy(dx_products, total_products, shape.channels * sizeof(float));
  }
  if (!dw) return;
  for (size_t t = 0; t < k * k; t++) {
    float *to = dw + (ptrdiff_t)(t / k) * dw_row_stride + (ptrdiff_t)(t % k) * dw_tap_stride;
    for (size_t c = 0; c < shape.channels; c++) {
      to[c] += dw_sums[(c / KK_LANES * k * k + t) * KK_LANES + c % KK_LANES];
    }
  }
}
