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
// phase, phase + stride, …, so their gradient is a stride-1 correlation of d with these taps
// reversed.
typedef struct {
  size_t first, count;  // columns first, first + stride, …
  size_t taps, at;      // number of taps; column of d (with padding) under the first one
  size_t tap_offset;    // where they are in a packed row of taps
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

// What one call knows: its constants, its scratch memory, and the maps of the present image.
typedef struct {
  kk_depthwise shape;
  size_t pad, out_h, out_w;
  size_t a_floats, a_ring, d_floats, d_ring,
      step;  // rings of rows (a power of two), and rows a step
  size_t lo[KK_DEPTHWISE_TAPS], hi[KK_DEPTHWISE_TAPS];  // output rows that see each row of taps
  KK_FN(depthwise_phase) phases[KK_DEPTHWISE_TAPS];     // those with taps
  KK_FN(weight_kernel) weigh;
  float *reversed, *dw, *scale, *shift, *ga, *gb, *gc, *sums, *products, *a, *d, *row;
  const float *g, *y, *x;
  float *dx;
  ptrdiff_t g_stride, y_stride, x_stride, dx_stride;
  int with_dw, with_sums;
  kk_activation act;
  KK_FN(ahead) next_g, next_y, next_x, next_dx;
} KK_FN(depthwise_state);

// Writes row i of dx for channels c … c + n - 1; the ring holds all rows of d that it needs.
static void KK_FN(dx_row)(KK_FN(depthwise_state) * s, size_t i, size_t c, size_t n) {
  const size_t k = s->shape.kernel, stride = s->shape.stride, w = s->shape.width;
  // The last output row that sees row i, and the first row of taps through which it does.
  const size_t last = stride == 1 ? i + s->pad : (i + s->pad) / stride;
  const size_t first = i + s->pad - last * stride;
  for (size_t phase = 0; phase < stride; phase++) {
    const KK_FN(depthwise_phase) f =
        phase < k ? s->phases[phase] : KK_FN(column_phase)(phase, s->shape);
    if (!f.count) continue;
    const float *rows[KK_DEPTHWISE_TAPS], *taps[KK_DEPTHWISE_TAPS];
    const float *d = s->d + f.at * KK_LANES;
    const float *tap = s->reversed + c * k * k + f.tap_offset * KK_LANES;
    size_t count = 0;
    for (size_t t = first, o = last; t < k && o != (size_t)-1; t += stride, o--) {
      if (o >= s->out_h) continue;
      rows[count] = d + (o & (s->d_ring - 1)) * s->d_floats;
      taps[count++] = tap + t * k * KK_LANES;
    }
    const KK_FN(gaps) alone = {1, 0, 0, 0};
    f.convolve(s->row, rows, taps, f.taps ? count : 0, f.count, 1, &alone);
    const ptrdiff_t pixel = (ptrdiff_t)(i * w + f.first);
    KK_FN(finish_gradient)
    (s->dx + pixel * s->dx_stride + c, (ptrdiff_t)stride * s->dx_stride, s->sums + c,
     s->products + c, s->row, s->x + pixel * s->x_stride + c, (ptrdiff_t)stride * s->x_stride,
     f.count, n, s->scale + c, s->shift + c, s->with_sums, &s->next_dx, s->act);
  }
}

// dw of output rows s0 … s1 - 1, whose rows of a and d are in the rings.
static void KK_FN(dw_rows)(KK_FN(depthwise_state) * s, size_t s0, size_t s1, size_t c) {
  const size_t k = s->shape.kernel, stride = s->shape.stride;
  for (size_t t = 0; t < k; t++) {
    const size_t lo = s->lo[t] > s0 ? s->lo[t] : s0, hi = s->hi[t] < s1 ? s->hi[t] : s1;
    if (lo >= hi) continue;
    const float *a[KK_DEPTHWISE_RING], *d[KK_DEPTHWISE_RING];
    for (size_t oy = lo; oy < hi; oy++) {
      a[oy - lo] = s->a + ((oy * stride + t - s->pad) & (s->a_ring - 1)) * s->a_floats;
      d[oy - lo] = s->d + (oy & (s->d_ring - 1)) * s->d_floats + (k - 1) * KK_LANES;
    }
    s->weigh(s->dw + (c * k + t * KK_LANES) * k, a, d, hi - lo, s->out_w, stride);
  }
}

// Output rows y0 … y1 - 1 and the rows of dx beside them, for channels c … c + n - 1.
static void KK_FN(backward_unit)(KK_FN(depthwise_state) * s, size_t y0, size_t y1, size_t c,
                                 size_t n) {
  const size_t h = s->shape.height, w = s->shape.width, k = s->shape.kernel;
  const size_t stride = s->shape.stride, pad = s->pad, out_w = s->out_w;
  const size_t i0 = y0 * stride, i1 = y1 < s->out_h ? y1 * stride : h;
  size_t ready_a = i0 > pad ? i0 - pad : 0, done_dx = i0;
  // Rows of d that these rows of dx see: from the last tap of the first to the first of the last.
  size_t ready_d = i0 + pad > k - 1 ? (i0 + pad - k + stride) / stride : 0, end = y1;
  if (s->dx) end = (i1 - 1 + pad) / stride + 1;
  if (end > s->out_h) end = s->out_h;
  if (end < y1) end = y1;
  for (size_t s0 = y0; s0 < end; s0 += s->step) {
    const size_t s1 = end - s0 > s->step ? s0 + s->step : end;
    for (; ready_d < s1; ready_d++) {
      const ptrdiff_t at = (ptrdiff_t)(ready_d * out_w);
      float *to = s->d + (ready_d & (s->d_ring - 1)) * s->d_floats + (k - 1) * KK_LANES;
      KK_FN(gradient_row)
      (to, s->g + at * s->g_stride + c, s->g_stride, s->y ? s->y + at * s->y_stride + c : NULL,
       s->y_stride, out_w, n, s->ga + c, s->gb + c, s->gc + c, &s->next_g, &s->next_y);
    }
    if (s->with_dw && s0 < y1) {
      const size_t last = s1 < y1 ? s1 : y1, bottom = (last - 1) * stride + k;  // from -pad
      const size_t need = bottom > h + pad ? h : bottom - pad;
      for (; ready_a < need; ready_a++) {
        const float *from = s->x + (ptrdiff_t)(ready_a * w) * s->x_stride + c;
        float *to = s->a + (ready_a & (s->a_ring - 1)) * s->a_floats + pad * KK_LANES;
        KK_FN(transform_row)
        (to, 0, from, s->x_stride, w, n, s->scale + c, s->shift + c, &s->next_x, s->act);
      }
      KK_FN(dw_rows)(s, s0, last, c);
    }
    if (!s->dx) continue;
    const size_t until = s1 == end ? i1 : s1 * stride > pad ? s1 * stride - pad : 0;
    for (; done_dx < until && done_dx < i1; done_dx++) KK_FN(dx_row)(s, done_dx, c, n);
  }
}

// Rings of rows of a and d: as long as the first-level cache allows.
static void KK_FN(choose_rings)(KK_FN(depthwise_state) * s) {
  const size_t k = s->shape.kernel, stride = s->shape.stride;
  const size_t a_bytes = (s->shape.width + k) * KK_LANES * sizeof(float);
  const size_t d_bytes = (s->out_w + k) * KK_LANES * sizeof(float), budget = 28 * 1024;
  s->a_ring = s->d_ring = KK_DEPTHWISE_RING / 2;
  if (KK_DEPTHWISE_RING * (a_bytes + d_bytes) <= budget) {
    s->a_ring = s->d_ring = KK_DEPTHWISE_RING;
  } else if (KK_DEPTHWISE_RING * (2 * a_bytes + d_bytes) <= 2 * budget) {
    s->a_ring = KK_DEPTHWISE_RING;
  }
  const size_t by_a = (s->a_ring - k) / stride + 1, by_d = s->d_ring - (k - 1) / stride;
  s->step = by_a < by_d ? by_a : by_d;
}

void KK_FN(kk_depthwise_backward)(float *dx, ptrdiff_t dx_stride, float *dx_sums,
                                  float *dx_products, float *dw, ptrdiff_t dw_tap_stride,
                                  ptrdiff_t dw_row_stride, const float *g, ptrdiff_t g_stride,
                                  const kk_gradient *gradient, const float *x, ptrdiff_t x_stride,
                                  const kk_input *input, kk_depthwise_weight weight,
                                  kk_depthwise shape, size_t first, size_t last, float *scratch) {
  const size_t h = shape.height, w = shape.width, k = shape.kernel, stride = shape.stride;
  const size_t pad = k / 2, out_h = (h - 1) / stride + 1, out_w = (w - 1) / stride + 1;
  const size_t channels = shape.channels;
  const size_t padded = (channels + KK_LANES - 1) / KK_LANES * KK_LANES;
  const int affine = gradient && gradient->a;
  KK_FN(depthwise_state) s = {.shape = shape, .pad = pad, .out_h = out_h, .out_w = out_w};
  s.act = input ? input->activation : KK_ACT_NONE;
  s.with_dw = dw != NULL;
  s.with_sums = dx_sums != NULL;
  s.g_stride = g_stride;
  s.y_stride = affine ? gradient->y_stride : 0;
  s.x_stride = x_stride;
  s.dx_stride = dx_stride;
  s.weigh = KK_FN(choose_weight)(k, stride);
  for (size_t t = 0; t < k; t++) {
    s.lo[t] = t < pad ? (pad - t + stride - 1) / stride : 0;
    s.hi[t] = t < h + pad ? (h - 1 + pad - t) / stride + 1 : 0;
    s.phases[t] = KK_FN(column_phase)(t, shape);
  }
  KK_FN(choose_rings)(&s);

  s.a_floats = KK_DEPTHWISE_COLUMNS(shape) * KK_LANES;
  s.d_floats = KK_DEPTHWISE_GRADIENT_COLUMNS(shape) * KK_LANES;
  s.reversed = KK_DEPTHWISE_ALIGN(scratch);
  s.dw = s.reversed + k * k * padded;
  s.scale = s.dw + k * k * padded;
  s.shift = s.scale + padded;
  s.ga = s.shift + padded;
  s.gb = s.ga + padded;
  s.gc = s.gb + padded;
  s.sums = s.gc + padded;
  s.products = s.sums + padded;
  s.a = s.products + padded;
  s.d = s.a + s.a_ring * s.a_floats;
  s.row = s.d + s.d_ring * s.d_floats;
  KK_FN(pack_reversed_taps)(s.reversed, weight, k, stride, channels);
  KK_FN(pack_channels)(s.scale, input ? input->scale : NULL, channels, 1.0f);
  KK_FN(pack_channels)(s.shift, input ? input->shift : NULL, channels, 0.0f);
  KK_FN(pack_channels)(s.ga, affine ? gradient->a : NULL, channels, 1.0f);
  KK_FN(pack_channels)(s.gb, affine ? gradient->b : NULL, channels, 0.0f);
  KK_FN(pack_channels)(s.gc, affine ? gradient->c : NULL, channels, 0.0f);
  memset(s.dw, 0, k * k * padded * sizeof(float));
  memset(s.sums, 0, 2 * padded * sizeof(float));
  memset(s.a, 0, (s.a_ring * s.a_floats + s.d_ring * s.d_floats) * sizeof(float));

  // Units of work as in the forward pass, but not smaller elsewhere: the rows at a border are
  // prepared twice.
  const size_t band =
      KK_FN(band_rows)(out_h, (2 * stride * w + (affine ? 2 : 1) * out_w) * channels, 512);
  for (size_t image = first; image < last; image++) {
    const ptrdiff_t in_at = (ptrdiff_t)(image * h * w), out_at = (ptrdiff_t)(image * out_h * out_w);
    s.g = g + out_at * g_stride;
    s.y = affine ? gradient->y + out_at * s.y_stride : NULL;
    s.x = x + in_at * x_stride;
    s.dx = dx ? dx + in_at * dx_stride : NULL;
    for (size_t y0 = 0; y0 < out_h; y0 += band) {
      const size_t y1 = out_h - y0 > band ? y0 + band : out_h, i1 = y1 < out_h ? y1 * stride : h;
      const ptrdiff_t outs = (ptrdiff_t)(y1 * out_w), ins = (ptrdiff_t)(i1 * w);
      if (image == first && y0 == 0) {
        KK_FN(fetch_all)(s.g, g_stride, channels, y1 * out_w, 0);
        KK_FN(fetch_all)(s.y, s.y_stride, channels, y1 * out_w, 0);
        KK_FN(fetch_all)(s.x, x_stride, channels, i1 * w, 0);
        KK_FN(fetch_all)(s.dx, dx_stride, channels, i1 * w, 1);
      }
      const int more = y1 < out_h || image + 1 < last;
      s.next_g = KK_FN(look_ahead)(more ? s.g + outs * g_stride : NULL, g_stride, channels);
      s.next_y =
          KK_FN(look_ahead)(more && s.y ? s.y + outs * s.y_stride : NULL, s.y_stride, channels);
      s.next_x = KK_FN(look_ahead)(more ? s.x + ins * x_stride : NULL, x_stride, channels);
      s.next_dx =
          KK_FN(look_ahead)(more && dx ? s.dx + ins * dx_stride : NULL, dx_stride, channels);
      for (size_t c = 0; c < channels; c += KK_LANES) {
        const size_t n = channels - c < KK_LANES ? channels - c : KK_LANES;
        KK_FN(backward_unit)(&s, y0, y1, c, n);
      }
    }
  }
  if (dx && dx_sums) {
    memcpy(dx_sums, s.sums, channels * sizeof(float));
    memcpy(dx_products, s.products, channels * sizeof(float));
  }
  for (size_t c = 0; dw && c < channels; c += KK_LANES) {
    const size_t n = channels - c < KK_LANES ? channels - c : KK_LANES;
    for (size_t t = 0; t < k * k; t++) {
      float *to = dw + (ptrdiff_t)(t / k) * dw_row_stride + (ptrdiff_t)(t % k) * dw_tap_stride + c;
      vf sum = KK_FN(load_channels)(to, n) + v_load(s.dw + c * k * k + t * KK_LANES);
      KK_FN(store_channels)(to, sum, n);
    }
  }
}
