// Convolutions as plain loops: the oracle of convolution.inc.h.
//
// They read the reference layout of the packed weights: forward [group][tap·n + k][m], backward
// one such matrix [tap·m + o][n] for each phase of the stride.
#include "activations_reference.h"
#include "convolution_geometry.h"

static float transformed(const kk_convolution *c, const kk_input *input, const float *x,
                         ptrdiff_t image, ptrdiff_t iy, ptrdiff_t ix, size_t channel) {
  const ptrdiff_t height = (ptrdiff_t)c->height, width = (ptrdiff_t)c->width;
  if (iy < 0 || iy >= height || ix < 0 || ix >= width) return 0.0f;
  float v = x[((image * height + iy) * width + ix) * c->x_stride + (ptrdiff_t)channel];
  if (!input) return v;
  if (input->scale) v = input->scale[channel] * v + input->shift[channel];
  return kk_activate_reference(input->activation, v);
}

void kk_convolution_forward_reference(float *y, float *sum, float *sum_squares, const float *x,
                                      const float *packed, size_t first, size_t last,
                                      const kk_convolution *c, const kk_input *input,
                                      const kk_output *output, float *scratch) {
  const kk_output o = output ? *output : (kk_output){0};
  const size_t n = kk_group_in(c), m = kk_group_out(c), bands = kk_convolution_bands(c);
  const size_t taps = c->kernel_height * c->kernel_width * n, per_group = kk_packed_floats(taps, m);
  const ptrdiff_t width = (ptrdiff_t)kk_convolution_output_width(c);
  const ptrdiff_t height = (ptrdiff_t)kk_convolution_output_height(c);
  (void)scratch;
  for (size_t channel = 0; channel < c->out; channel++) {
    const size_t group = channel / m;
    const float *w = packed + group * per_group + channel % m;
    double total = 0, squares = 0;
    for (size_t job = first; job < last; job++) {
      const ptrdiff_t image = (ptrdiff_t)(job / bands);
      const kk_band b = kk_band_at(c, job % bands, bands);
      for (ptrdiff_t i = b.out_low * width; i < b.out_high * width; i++) {
        const ptrdiff_t top =
            i / width * (ptrdiff_t)c->stride_height - (ptrdiff_t)c->padding_height;
        const ptrdiff_t left = i % width * (ptrdiff_t)c->stride_width - (ptrdiff_t)c->padding_width;
        double v = o.bias ? o.bias[channel] : 0;
        for (size_t t = 0; t < taps; t++) {
          const ptrdiff_t ky = (ptrdiff_t)(t / n / c->kernel_width);
          const ptrdiff_t kx = (ptrdiff_t)(t / n % c->kernel_width);
          v += (double)w[t * m] *
               transformed(c, input, x, image, top + ky, left + kx, group * n + t % n);
        }
        const ptrdiff_t pixel = image * width * height + i, column = (ptrdiff_t)channel;
        if (o.before) v += o.before[pixel * o.before_stride + column];
        total += v;
        squares += v * v;
        float a = kk_activate_reference(o.activation, (float)v);
        if (o.after) a += o.after[pixel * o.after_stride + column];
        y[pixel * c->y_stride + column] = a;
      }
    }
    if (sum) sum[channel] = (float)total;
    if (sum) sum_squares[channel] = (float)squares;
  }
}

static float gradient_at(const kk_gradient *t, const float *g, ptrdiff_t g_stride, ptrdiff_t pixel,
                         size_t channel) {
  const ptrdiff_t column = (ptrdiff_t)channel;
  float v = g[pixel * g_stride + column];
  if (!t || !t->a) return v;
  return t->a[channel] * v + t->b[channel] * t->y[pixel * t->y_stride + column] + t->c[channel];
}

static void weight_gradient(float *dw, const float *g, const float *x, size_t first, size_t last,
                            ptrdiff_t g_stride, const kk_convolution *c,
                            const kk_gradient *gradient, const kk_input *input, size_t channel,
                            size_t ky, size_t kx) {
  const size_t n = kk_group_in(c), group = channel / kk_group_out(c);
  const size_t bands = kk_convolution_backward_bands(c);
  const ptrdiff_t width = (ptrdiff_t)kk_convolution_output_width(c);
  const ptrdiff_t height = (ptrdiff_t)kk_convolution_output_height(c);
  for (size_t k = 0; k < n; k++) {
    double total = 0;
    for (size_t job = first; job < last; job++) {
      const ptrdiff_t image = (ptrdiff_t)(job / bands);
      const kk_band b = kk_band_at(c, job % bands, bands);
      for (ptrdiff_t i = b.out_low * width; i < b.out_high * width; i++) {
        const ptrdiff_t iy =
            i / width * (ptrdiff_t)c->stride_height + (ptrdiff_t)ky - (ptrdiff_t)c->padding_height;
        const ptrdiff_t ix =
            i % width * (ptrdiff_t)c->stride_width + (ptrdiff_t)kx - (ptrdiff_t)c->padding_width;
        total += (double)gradient_at(gradient, g, g_stride, image * width * height + i, channel) *
                 transformed(c, input, x, image, iy, ix, group * n + k);
      }
    }
    dw[k] += (float)total;
  }
}

// Σ over the taps that connect input pixel (iy, ix) with outputs of this image.
static double data_gradient(const float *g, const float *packed, ptrdiff_t g_stride,
                            const kk_convolution *c, const kk_gradient *gradient, ptrdiff_t image,
                            ptrdiff_t iy, ptrdiff_t ix, size_t channel) {
  const size_t n = kk_group_in(c), m = kk_group_out(c), group = channel / n;
  const ptrdiff_t width = (ptrdiff_t)kk_convolution_output_width(c);
  const ptrdiff_t height = (ptrdiff_t)kk_convolution_output_height(c);
  const size_t ty = (size_t)iy + c->padding_height, tx = (size_t)ix + c->padding_width;
  const float *w = packed + group * kk_convolution_backward_packed_floats(c) / c->groups;
  const size_t phases = c->stride_height * c->stride_width;
  const size_t phase = ty % c->stride_height * c->stride_width + tx % c->stride_width;
  size_t taps_y = 0, taps_x = 0;
  for (size_t p = 0; p < phases && p <= phase; p++) {
    w += kk_packed_floats(taps_y * taps_x * m, n);
    taps_y = kk_phase_taps(c->kernel_height, c->stride_height, p / c->stride_width);
    taps_x = kk_phase_taps(c->kernel_width, c->stride_width, p % c->stride_width);
  }
  double v = 0;
  for (size_t t = 0; t < taps_y * taps_x; t++) {
    const ptrdiff_t oy = (ptrdiff_t)(ty / c->stride_height + t / taps_x) - (ptrdiff_t)taps_y + 1;
    const ptrdiff_t ox = (ptrdiff_t)(tx / c->stride_width + t % taps_x) - (ptrdiff_t)taps_x + 1;
    if (oy < 0 || oy >= height || ox < 0 || ox >= width) continue;
    for (size_t o = 0; o < m; o++) {
      v += (double)w[(t * m + o) * n + channel % n] *
           gradient_at(gradient, g, g_stride, (image * height + oy) * width + ox, group * m + o);
    }
  }
  return v;
}

void kk_convolution_backward_reference(float *dx, float *sum_dx, float *sum_dx_x, float *dw,
                                       float *dbias, const float *g, const float *x,
                                       const float *packed, const float *add, size_t first,
                                       size_t last, ptrdiff_t dx_stride, ptrdiff_t g_stride,
                                       ptrdiff_t add_stride, const kk_convolution *c,
                                       const kk_gradient *gradient, const kk_input *input,
                                       float *scratch) {
  const size_t bands = kk_convolution_backward_bands(c);
  const ptrdiff_t out_width = (ptrdiff_t)kk_convolution_output_width(c);
  const ptrdiff_t out_pixels = out_width * (ptrdiff_t)kk_convolution_output_height(c);
  const ptrdiff_t width = (ptrdiff_t)c->width, pixels = width * (ptrdiff_t)c->height;
  (void)scratch;
  for (size_t o = 0; o < c->out; o++) {
    for (size_t t = 0; t < c->kernel_height * c->kernel_width && dw; t++) {
      const size_t ky = t / c->kernel_width, kx = t % c->kernel_width;
      float *to = dw + (ptrdiff_t)o * c->weight_out + (ptrdiff_t)ky * c->weight_row +
                  (ptrdiff_t)kx * c->weight_column;
      weight_gradient(to, g, x, first, last, g_stride, c, gradient, input, o, ky, kx);
    }
    double total = 0;
    for (size_t job = first; job < last && dbias; job++) {
      const kk_band b = kk_band_at(c, job % bands, bands);
      const ptrdiff_t image = (ptrdiff_t)(job / bands) * out_pixels;
      for (ptrdiff_t i = b.out_low * out_width; i < b.out_high * out_width; i++) {
        total += gradient_at(gradient, g, g_stride, image + i, o);
      }
    }
    if (dbias) dbias[o] += (float)total;
  }
  for (size_t channel = 0; channel < c->in && dx; channel++) {
    const ptrdiff_t column = (ptrdiff_t)channel;
    double total = 0, product = 0;
    for (size_t job = first; job < last; job++) {
      const kk_band b = kk_band_at(c, job % bands, bands);
      const ptrdiff_t image = (ptrdiff_t)(job / bands);
      for (ptrdiff_t i = b.own_low * width; i < b.own_high * width; i++) {
        const ptrdiff_t pixel = image * pixels + i;
        double v =
            data_gradient(g, packed, g_stride, c, gradient, image, i / width, i % width, channel);
        if (add) v += add[pixel * add_stride + column];
        float raw = x ? x[pixel * c->x_stride + column] : 0.0f;
        if (input && input->activation != KK_ACT_NONE) {
          float z = input->scale ? input->scale[channel] * raw + input->shift[channel] : raw;
          v *= kk_activate_gradient_reference(input->activation, z);
        }
        dx[pixel * dx_stride + column] = (float)v;
        total += v;
        product += v * raw;
      }
    }
    if (sum_dx) sum_dx[channel] = (float)total;
    if (sum_dx) sum_dx_x[channel] = (float)product;
  }
}
