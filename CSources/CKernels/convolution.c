#include "include/convolution.h"

#include "convolution_geometry.h"
#include "gemm_tile.h"

static inline size_t kk_whole_vectors(size_t n) { return (n + 15) / 16 * 16; }

#define KK_BODY "../convolution.inc.h"
#include "internal/per_isa.h"

size_t kk_convolution_output_height(const kk_convolution *c) {
  return (c->height + 2 * c->padding_height - c->kernel_height) / c->stride_height + 1;
}

size_t kk_convolution_output_width(const kk_convolution *c) {
  return (c->width + 2 * c->padding_width - c->kernel_width) / c->stride_width + 1;
}

// Bands of `rows` output rows or fewer; rows from what one row and the first cost in scratch.
static size_t bands_for(size_t output, size_t budget, size_t fixed, size_t row) {
  size_t rows = budget > fixed + row ? (budget - fixed) / row : 1;
  return (output + rows - 1) / rows;
}

size_t kk_convolution_bands(const kk_convolution *c) {
  size_t row = kk_band_width(c) * kk_group_in(c);
  return bands_for(kk_convolution_output_height(c), KK_CONVOLUTION_FORWARD_FLOATS,
                   c->kernel_height * row, c->stride_height * row);
}

size_t kk_convolution_backward_bands(const kk_convolution *c) {
  size_t x_row = kk_band_width(c) * kk_group_in(c), d_row = kk_gradient_width(c) * kk_group_out(c);
  return bands_for(kk_convolution_output_height(c), KK_CONVOLUTION_BACKWARD_FLOATS,
                   c->kernel_height * (x_row + d_row), 2 * c->stride_height * x_row + d_row);
}

static size_t products_of_band(const kk_convolution *c, size_t bands) {
  return kk_convolution_output_height(c) * kk_convolution_output_width(c) * c->kernel_height *
             c->kernel_width * kk_group_in(c) * c->out / bands +
         1;
}

size_t kk_convolution_chunk(const kk_convolution *c, size_t images) {
  size_t bands = kk_convolution_bands(c), all = images * bands;
  size_t chunk = (4000000 + products_of_band(c, bands) - 1) / products_of_band(c, bands);
  return chunk < all ? chunk : all ? all : 1;
}

size_t kk_convolution_backward_chunk(const kk_convolution *c, size_t images) {
  size_t bands = kk_convolution_backward_bands(c), all = images * bands;
  size_t chunk = (4000000 + products_of_band(c, bands) - 1) / products_of_band(c, bands);
  size_t sixteenth = (all + 15) / 16;
  if (chunk < sixteenth) chunk = sixteenth;
  return chunk < all ? chunk : all ? all : 1;
}

size_t kk_convolution_packed_floats(const kk_convolution *c) {
  return c->groups *
         kk_packed_floats(c->kernel_height * c->kernel_width * kk_group_in(c), kk_group_out(c));
}

size_t kk_convolution_backward_packed_floats(const kk_convolution *c) {
  return c->groups *
         kk_packed_floats(c->kernel_height * c->kernel_width * kk_group_out(c), kk_group_in(c));
}

size_t kk_convolution_scratch_floats(const kk_convolution *c) {
  size_t bands = kk_convolution_bands(c), output = kk_convolution_output_height(c);
  size_t rows = (output + bands - 1) / bands;
  return ((rows - 1) * c->stride_height + c->kernel_height) * kk_band_width(c) * kk_group_in(c);
}

size_t kk_convolution_backward_scratch_floats(const kk_convolution *c) {
  size_t bands = kk_convolution_backward_bands(c), most = 0;
  for (size_t i = 0; i < bands; i++) {
    kk_band b = kk_band_at(c, i, bands);
    size_t floats = (size_t)(b.d_high - b.d_low) * kk_gradient_width(c) * kk_group_out(c) +
                    (size_t)(b.x_high - b.x_low) * kk_band_width(c) * kk_group_in(c) +
                    (size_t)(b.own_high - b.own_low) * c->width * kk_group_in(c);
    if (floats > most) most = floats;
  }
  return most + c->kernel_height * c->kernel_width * c->in * kk_whole_vectors(kk_group_out(c));
}

void kk_convolution_pack(float *packed, const float *weights, const kk_convolution *c) {
  const size_t n = kk_group_in(c), m = kk_group_out(c);
  const size_t total = c->kernel_height * c->kernel_width * n;
  for (size_t g = 0; g < c->groups; g++, packed += kk_packed_floats(total, m)) {
    for (size_t ky = 0; ky < c->kernel_height; ky++) {
      for (size_t kx = 0; kx < c->kernel_width; kx++) {
        const float *w = weights + (ptrdiff_t)(g * m) * c->weight_out +
                         (ptrdiff_t)ky * c->weight_row + (ptrdiff_t)kx * c->weight_column;
        kk_gemm_pack_part(packed, w, c->weight_out, n, m, 1, (ky * c->kernel_width + kx) * n,
                          total);
      }
    }
  }
}

// One matrix a phase of the stride (see data_gradient), its taps in the order of ascending rows of
// d.
void kk_convolution_backward_pack(float *packed, const float *weights, const kk_convolution *c) {
  const size_t n = kk_group_in(c), m = kk_group_out(c);
  for (size_t g = 0; g < c->groups; g++) {
    const float *group = weights + (ptrdiff_t)(g * m) * c->weight_out;
    for (size_t ry = 0; ry < c->stride_height; ry++) {
      const size_t taps_y = kk_phase_taps(c->kernel_height, c->stride_height, ry);
      for (size_t rx = 0; rx < c->stride_width; rx++) {
        const size_t taps_x = kk_phase_taps(c->kernel_width, c->stride_width, rx);
        const size_t total = taps_y * taps_x * m;
        for (size_t i = 0; i < taps_y * taps_x; i++) {
          const size_t ky = ry + c->stride_height * (taps_y - 1 - i / taps_x);
          const size_t kx = rx + c->stride_width * (taps_x - 1 - i % taps_x);
          const float *w = group + (ptrdiff_t)ky * c->weight_row + (ptrdiff_t)kx * c->weight_column;
          kk_gemm_pack_part(packed, w, c->weight_out, m, n, 0, i * m, total);
        }
        packed += kk_packed_floats(total, n);
      }
    }
  }
}

void kk_convolution_forward_reference(float *y, float *sum, float *sum_squares, const float *x,
                                      const float *packed, size_t first, size_t last,
                                      const kk_convolution *c, const kk_input *input,
                                      const kk_output *output, float *scratch);
void kk_convolution_backward_reference(float *dx, float *sum_dx, float *sum_dx_x, float *dw,
                                       float *dbias, const float *g, const float *x,
                                       const float *packed, const float *add, size_t first,
                                       size_t last, ptrdiff_t dx_stride, ptrdiff_t g_stride,
                                       ptrdiff_t add_stride, const kk_convolution *c,
                                       const kk_gradient *gradient, const kk_input *input,
                                       float *scratch);

void kk_convolution_forward(float *y, float *sum, float *sum_squares, const float *x,
                            const float *packed, size_t first, size_t last, const kk_convolution *c,
                            const kk_input *input, const kk_output *output, float *scratch) {
  KK_DISPATCH(kk_convolution_forward, y, sum, sum_squares, x, packed, first, last, c, input, output,
              scratch);
}

void kk_convolution_backward(float *dx, float *sum_dx, float *sum_dx_x, float *dw, float *dbias,
                             const float *g, const float *x, const float *packed, const float *add,
                             size_t first, size_t last, ptrdiff_t dx_stride, ptrdiff_t g_stride,
                             ptrdiff_t add_stride, const kk_convolution *c,
                             const kk_gradient *gradient, const kk_input *input, float *scratch) {
  KK_DISPATCH(kk_convolution_backward, dx, sum_dx, sum_dx_x, dw, dbias, g, x, packed, add, first,
              last, dx_stride, g_stride, add_stride, c, gradient, input, scratch);
}
