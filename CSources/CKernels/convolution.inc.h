// Convolutions as GEMMs over bands in scratch, compiled per instruction set: see
// include/convolution.h.
//
// A band is the input rows of some output rows, transformed and zero padded. In it the patch of an
// output pixel is kernel_height segments of kernel_width·channels adjacent floats, and neighbouring
// pixels are stride·channels apart: the register tiles read it as it lies.
#include "activations.inc.h"
#include "gemm_vector.inc.h"
#include "gemm_load.inc.h"

#define band_load_input KK_FN(kk_band_load_input)
#define band_load_gradient KK_FN(kk_band_load_gradient)
#define weight_gradient KK_FN(kk_convolution_weight_gradient)
#define data_gradient KK_FN(kk_convolution_data_gradient)
#define flush_across KK_FN(kk_convolution_flush_across)

// Rows low … high of one image (x: its first pixel, channels of one group) into the band; slope
// gets the rows own_low … own_high, dense.
static void band_load_input(float *band, float *slope, const float *x, const kk_convolution *c,
                            ptrdiff_t low, ptrdiff_t high, const kk_band *rows,
                            const kk_input *input, size_t group) {
  const size_t n = kk_group_in(c), width = kk_band_width(c), left = c->padding_width * n;
  const size_t right = (width - c->padding_width - c->width) * n;
  const ptrdiff_t row = (ptrdiff_t)c->width * c->x_stride;
  const int identity = input_is_identity(input);
  const float *scale = identity || !input->scale ? NULL : input->scale + group * n;
  const float *shift = identity || !input->scale ? NULL : input->shift + group * n;
  for (ptrdiff_t i = low; i < high; i++, band += width * n) {
    if (i < 0 || i >= (ptrdiff_t)c->height) {
      memset(band, 0, width * n * sizeof *band);
      continue;
    }
    memset(band, 0, left * sizeof *band);
    memset(band + left + c->width * n, 0, right * sizeof *band);
    const float *from = x + i * row;
    if (identity && c->x_stride == (ptrdiff_t)n) {
      memcpy(band + left, from, c->width * n * sizeof *band);
      continue;
    }
    float *to = slope && i >= rows->own_low && i < rows->own_high
                    ? slope + (size_t)(i - rows->own_low) * c->width * n
                    : NULL;
    load_input(band + left, to, from, (ptrdiff_t)n, (ptrdiff_t)n, c->x_stride, c->width, n, scale,
               shift, identity ? KK_ACT_NONE : input->activation);
  }
}

void KK_FN(kk_convolution_forward)(float *y, float *sum, float *sum_squares, const float *x,
                                   const float *packed, size_t first, size_t last,
                                   const kk_convolution *c, const kk_input *input,
                                   const kk_output *output, float *scratch) {
  const kk_output o = output ? *output : (kk_output){0};
  const size_t n = kk_group_in(c), m = kk_group_out(c), bands = kk_convolution_bands(c);
  const size_t output_width = kk_convolution_output_width(c);
  const size_t output_height = kk_convolution_output_height(c);
  const size_t depth = c->kernel_width * n;
  const size_t packed_group = kk_packed_floats(c->kernel_height * depth, m);
  const int direct = input_is_identity(input) && !c->padding_width && !c->padding_height &&
                     (c->kernel_width == 1 || c->x_stride == (ptrdiff_t)n);
  const ptrdiff_t pixel = direct ? c->x_stride : (ptrdiff_t)n;
  const ptrdiff_t row = (ptrdiff_t)(direct ? c->width : kk_band_width(c)) * pixel;
  if (sum) memset(sum, 0, c->out * sizeof *sum);
  if (sum) memset(sum_squares, 0, c->out * sizeof *sum);
  for (size_t job_index = first; job_index < last; job_index++) {
    const ptrdiff_t image = (ptrdiff_t)(job_index / bands);
    const kk_band b = kk_band_at(c, job_index % bands, bands);
    const ptrdiff_t low = b.out_low * (ptrdiff_t)c->stride_height - (ptrdiff_t)c->padding_height;
    const ptrdiff_t high = low + (b.out_high - b.out_low - 1) * (ptrdiff_t)c->stride_height +
                           (ptrdiff_t)c->kernel_height;
    const ptrdiff_t out_row = image * (ptrdiff_t)output_height + b.out_low;
    const ptrdiff_t out_pixel = out_row * (ptrdiff_t)output_width;
    for (size_t g = 0; g < c->groups; g++) {
      const float *from =
          x + image * (ptrdiff_t)(c->height * c->width) * c->x_stride + (ptrdiff_t)(g * n);
      if (!direct) band_load_input(scratch, NULL, from, c, low, high, &b, input, g);
      const ptrdiff_t column = (ptrdiff_t)(g * m);
      kk_tile_rows_job job = {
          .c = y + out_pixel * c->y_stride + column,
          .c_stride = c->y_stride,
          .a = direct ? from + low * row : scratch,
          .a_stride = (ptrdiff_t)c->stride_width * pixel,
          .b = packed + g * packed_group,
          .rows = output_width,
          .columns = m,
          .segments = c->kernel_height,
          .depth = depth,
          .segment_stride = row,
          .bias = o.bias ? o.bias + column : NULL,
          .sum = sum ? sum + column : NULL,
          .sum_second = sum ? sum_squares + column : NULL,
          .general = o.activation != KK_ACT_NONE || o.after,
          .alpha = 1.0f,
          .activation = o.activation,
          .before = o.before ? o.before + out_pixel * o.before_stride + column : NULL,
          .before_stride = o.before_stride,
          .after = o.after ? o.after + out_pixel * o.after_stride + column : NULL,
          .after_stride = o.after_stride,
          .lines = (size_t)(b.out_high - b.out_low),
          .a_line = (ptrdiff_t)c->stride_height * row,
          .c_line = (ptrdiff_t)output_width * c->y_stride,
          .before_line = (ptrdiff_t)output_width * o.before_stride,
          .after_line = (ptrdiff_t)output_width * o.after_stride};
      KK_FN(kk_tile_panels)(&job);
    }
  }
}

// Rows d_low … d_high of d of one image (g, y: its first pixel, channels of one group) into the
// band, padded left and right; sums only over the band's own output rows.
static void band_load_gradient(float *band, float *sum, const float *g, const float *y,
                               const kk_convolution *c, const kk_band *b, ptrdiff_t g_stride,
                               const kk_gradient *gradient) {
  const size_t m = kk_group_out(c), output_width = kk_convolution_output_width(c);
  const size_t left = (size_t)kk_gradient_left(c) * m, right = (size_t)kk_gradient_right(c) * m;
  const ptrdiff_t height = (ptrdiff_t)kk_convolution_output_height(c);
  for (ptrdiff_t i = b->d_low; i < b->d_high; i++, band += kk_gradient_width(c) * m) {
    if (i < 0 || i >= height) {
      memset(band, 0, kk_gradient_width(c) * m * sizeof *band);
      continue;
    }
    const ptrdiff_t pixel = i * (ptrdiff_t)output_width;
    memset(band, 0, left * sizeof *band);
    memset(band + left + output_width * m, 0, right * sizeof *band);
    load_gradient(band + left, i >= b->out_low && i < b->out_high ? sum : NULL,
                  g + pixel * g_stride, (ptrdiff_t)m, g_stride, output_width, m, gradient,
                  y ? y + pixel * gradient->y_stride : NULL);
  }
}

// dw of one group += over the band's output rows; across: [kernel · n, m] in scratch instead.
static void weight_gradient(float *dw, float *across, const float *d, const float *band,
                            const kk_convolution *c, const kk_band *b) {
  const size_t n = kk_group_in(c), m = kk_group_out(c);
  const ptrdiff_t d_row = (ptrdiff_t)(kk_gradient_width(c) * m);
  const ptrdiff_t x_row = (ptrdiff_t)(kk_band_width(c) * n);
  const ptrdiff_t low = b->out_low * (ptrdiff_t)c->stride_height - (ptrdiff_t)c->padding_height;
  d += (b->out_low - b->d_low) * d_row + kk_gradient_left(c) * (ptrdiff_t)m;
  const int whole = across || c->weight_column == (ptrdiff_t)n;
  const size_t pieces = whole ? 1 : c->kernel_width;
  const size_t depth = whole ? c->kernel_width * n : n;
  for (size_t ky = 0; ky < c->kernel_height; ky++) {
    for (size_t kx = 0; kx < pieces; kx++) {
      const float *from = band + (low + (ptrdiff_t)ky - b->x_low) * x_row + kx * n;
      const ptrdiff_t x_pixel = (ptrdiff_t)(c->stride_width * n);
      const ptrdiff_t x_line = (ptrdiff_t)c->stride_height * x_row;
      kk_tile_outer_job job = {.rows = kk_convolution_output_width(c),
                               .segments = (size_t)(b->out_high - b->out_low)};
      if (across) {
        job.c = across + ky * depth * kk_whole_vectors(m);
        job.c_stride = (ptrdiff_t)kk_whole_vectors(m);
        job.a = from;
        job.a_stride = x_pixel;
        job.a_segment = x_line;
        job.b = d;
        job.b_stride = (ptrdiff_t)m;
        job.b_segment = d_row;
        job.m = depth;
        job.n = m;
      } else {
        job.c = dw + (ptrdiff_t)ky * c->weight_row + (ptrdiff_t)kx * c->weight_column;
        job.c_stride = c->weight_out;
        job.a = d;
        job.a_stride = (ptrdiff_t)m;
        job.a_segment = d_row;
        job.b = from;
        job.b_stride = x_pixel;
        job.b_segment = x_line;
        job.m = m;
        job.n = depth;
      }
      KK_FN(kk_tile_outer)(&job);
    }
  }
}

static void flush_across(float *dw, const float *across, const kk_convolution *c) {
  const size_t n = kk_group_in(c), m = kk_group_out(c), wide = kk_whole_vectors(m);
  for (size_t o = 0; o < c->out; o++) {
    const float *from = across + o / m * c->kernel_height * c->kernel_width * n * wide + o % m;
    for (size_t ky = 0; ky < c->kernel_height; ky++) {
      for (size_t kx = 0; kx < c->kernel_width; kx++) {
        float *to = dw + (ptrdiff_t)o * c->weight_out + (ptrdiff_t)ky * c->weight_row +
                    (ptrdiff_t)kx * c->weight_column;
        for (size_t k = 0; k < n; k++, from += wide) to[k] += *from;
      }
    }
  }
}

// dx of the band's own input rows, one group. Input positions whose distance to the padded origin
// has the same residue modulo the stride see the same taps: each such phase is a convolution of
// stride 1 over d. job comes with what the phases share; its pointers are to the image's first
// pixel, but the slope's to the band's own rows and the gate's to the band.
static void data_gradient(kk_tile_rows_job job, const float *d, const float *packed,
                          const kk_convolution *c, const kk_band *b, ptrdiff_t add_stride) {
  const size_t n = kk_group_in(c), m = kk_group_out(c);
  const ptrdiff_t sh = (ptrdiff_t)c->stride_height, sw = (ptrdiff_t)c->stride_width;
  const ptrdiff_t d_row = (ptrdiff_t)(kk_gradient_width(c) * m);
  const ptrdiff_t width = (ptrdiff_t)c->width;
  const kk_tile_rows_job image = job;
  for (ptrdiff_t ry = 0; ry < sh; ry++) {
    const size_t taps_y = kk_phase_taps(c->kernel_height, c->stride_height, (size_t)ry);
    const ptrdiff_t residue_y = (b->own_low + (ptrdiff_t)c->padding_height) % sh;
    const ptrdiff_t y0 = b->own_low + (ry - residue_y + sh) % sh;
    for (ptrdiff_t rx = 0; rx < sw; rx++) {
      const size_t taps_x = kk_phase_taps(c->kernel_width, c->stride_width, (size_t)rx);
      const ptrdiff_t x0 = (rx - (ptrdiff_t)c->padding_width % sw + sw) % sw;
      job.b = packed;
      packed += kk_packed_floats(taps_y * taps_x * m, n);
      if (y0 >= b->own_high || x0 >= width) continue;
      const ptrdiff_t dy = (y0 + (ptrdiff_t)c->padding_height) / sh - (ptrdiff_t)taps_y + 1;
      const ptrdiff_t dx = (x0 + (ptrdiff_t)c->padding_width) / sw - (ptrdiff_t)taps_x + 1;
      const ptrdiff_t pixel = y0 * width + x0;
      job.lines = (size_t)((b->own_high - 1 - y0) / sh + 1);
      job.rows = (size_t)((width - 1 - x0) / sw + 1);
      job.segments = taps_x ? taps_y : 0;
      job.depth = taps_x * m;
      job.segment_stride = d_row;
      job.a_stride = (ptrdiff_t)m;
      job.a_line = d_row;
      job.a = job.segments ? d + (dy - b->d_low) * d_row + (dx + kk_gradient_left(c)) * (ptrdiff_t)m
                           : d;
      job.c = image.c + pixel * image.c_stride;
      job.c_stride = sw * image.c_stride;
      job.c_line = sh * width * image.c_stride;
      job.before = image.before ? image.before + pixel * add_stride : NULL;
      job.before_stride = sw * add_stride;
      job.before_line = sh * width * add_stride;
      const ptrdiff_t own = pixel - b->own_low * width, band_width = (ptrdiff_t)kk_band_width(c);
      const ptrdiff_t held = (y0 - b->x_low) * band_width + (ptrdiff_t)c->padding_width + x0;
      job.slope = image.slope ? image.slope + own * (ptrdiff_t)n : NULL;
      job.gate = image.gate ? image.gate + held * (ptrdiff_t)n : NULL;
      job.slope_stride = sw * (ptrdiff_t)n;
      job.slope_line = sh * (image.gate ? band_width : width) * (ptrdiff_t)n;
      job.x = image.x ? image.x + pixel * c->x_stride : NULL;
      job.x_stride = sw * c->x_stride;
      job.x_line = sh * width * c->x_stride;
      KK_FN(kk_tile_panels)(&job);
    }
  }
}

void KK_FN(kk_convolution_backward)(float *dx, float *sum_dx, float *sum_dx_x, float *dw,
                                    float *dbias, const float *g, const float *x,
                                    const float *packed, const float *add, size_t first,
                                    size_t last, ptrdiff_t dx_stride, ptrdiff_t g_stride,
                                    ptrdiff_t add_stride, const kk_convolution *c,
                                    const kk_gradient *gradient, const kk_input *input,
                                    float *scratch) {
  const size_t n = kk_group_in(c), m = kk_group_out(c);
  const size_t bands = kk_convolution_backward_bands(c);
  const ptrdiff_t pixels = (ptrdiff_t)(c->height * c->width);
  const ptrdiff_t out_pixels =
      (ptrdiff_t)(kk_convolution_output_height(c) * kk_convolution_output_width(c));
  const int affine = gradient && gradient->a;
  const int sloped = dx && input && input->activation != KK_ACT_NONE;
  const int gated = sloped && input->activation == KK_ACT_RELU;  // T(x) itself tells the slope
  const size_t depth = c->kernel_width * n, taps = c->kernel_height * depth;
  const size_t packed_group = kk_convolution_backward_packed_floats(c) / c->groups;
  // The vectors of the weight gradient run along whichever side wastes fewer lanes.
  const size_t wide_depth = (depth + KK_LANES - 1) / KK_LANES * KK_LANES;
  const size_t wide_out = (m + KK_LANES - 1) / KK_LANES * KK_LANES;
  const int across = dw && (depth * wide_out < m * wide_depth || c->weight_column != (ptrdiff_t)n);
  const size_t across_group = taps * kk_whole_vectors(m);
  float *sums = scratch;
  if (across) {
    memset(sums, 0, c->groups * across_group * sizeof *sums);
    scratch += c->groups * across_group;
  }
  if (sum_dx) memset(sum_dx, 0, c->in * sizeof *sum_dx);
  if (sum_dx) memset(sum_dx_x, 0, c->in * sizeof *sum_dx_x);
  for (size_t index = first; index < last; index++) {
    const ptrdiff_t image = (ptrdiff_t)(index / bands);
    const kk_band b = kk_band_at(c, index % bands, bands);
    float *d = scratch;
    float *band = d + (size_t)(b.d_high - b.d_low) * kk_gradient_width(c) * m;
    float *slope = band + (size_t)(b.x_high - b.x_low) * kk_band_width(c) * n;
    for (size_t group = 0; group < c->groups; group++) {
      const ptrdiff_t in = (ptrdiff_t)(group * n), out = (ptrdiff_t)(group * m);
      const ptrdiff_t pixel = image * pixels, out_pixel = image * out_pixels;
      const float *xi = x ? x + pixel * c->x_stride + in : NULL;
      kk_gradient part = affine ? *gradient : (kk_gradient){0};
      if (affine) {
        part.a += out;
        part.b += out;
        part.c += out;
      }
      band_load_gradient(d, dbias ? dbias + out : NULL, g + out_pixel * g_stride + out,
                         affine ? gradient->y + out_pixel * gradient->y_stride + out : NULL, c, &b,
                         g_stride, &part);
      if (dw || sloped) {
        band_load_input(band, sloped && !gated ? slope : NULL, xi, c, b.x_low, b.x_high, &b, input,
                        group);
      }
      if (dw) {
        weight_gradient(dw + out * c->weight_out, across ? sums + group * across_group : NULL, d,
                        band, c, &b);
      }
      if (!dx) continue;
      kk_tile_rows_job job = {.c = dx + pixel * dx_stride + in,
                              .c_stride = dx_stride,
                              .columns = n,
                              .sum = sum_dx ? sum_dx + in : NULL,
                              .sum_second = sum_dx ? sum_dx_x + in : NULL,
                              .before = add ? add + pixel * add_stride + in : NULL,
                              .slope = sloped && !gated ? slope : NULL,
                              .gate = gated ? band : NULL,
                              .x = xi};
      data_gradient(job, d, packed + group * packed_group, c, &b, add_stride);
    }
  }
  if (across) flush_across(dw, sums, c);
}
