// Pointwise products, compiled per instruction set: see include/pointwise.h.
#include "activations.inc.h"
#include "gemm_vector.inc.h"
#include "gemm_load.inc.h"

void KK_FN(kk_pointwise_forward)(float *y, float *sum, float *sum_squares, const float *x,
                                 const float *packed, size_t rows, size_t in, size_t out,
                                 ptrdiff_t y_stride, ptrdiff_t x_stride, const kk_input *input,
                                 const kk_output *output, float *scratch) {
  const int identity = input_is_identity(input);
  const kk_output o = output ? *output : (kk_output){0};
  if (sum) memset(sum, 0, out * sizeof *sum);
  if (sum) memset(sum_squares, 0, out * sizeof *sum);
  kk_tile_rows_job job = {.c_stride = y_stride,
                          .b = packed,
                          .columns = out,
                          .lines = 1,
                          .segments = 1,
                          .depth = in,
                          .bias = o.bias,
                          .sum = sum,
                          .sum_second = sum_squares,
                          .general = o.activation != KK_ACT_NONE || o.after,
                          .alpha = 1.0f,
                          .activation = o.activation,
                          .before_stride = o.before_stride,
                          .after_stride = o.after_stride};
  for (size_t r = 0; r < rows; r += KK_POINTWISE_BLOCK) {
    const ptrdiff_t row = (ptrdiff_t)r;
    job.rows = rows - r < KK_POINTWISE_BLOCK ? rows - r : KK_POINTWISE_BLOCK;
    job.a = x + row * x_stride;
    job.a_stride = x_stride;
    job.ahead = job.a + (identity ? KK_POINTWISE_AHEAD : KK_POINTWISE_BLOCK) * x_stride;
    job.ahead_stride = x_stride;
    job.ahead_step = kk_bytes_per_step(x_stride, in);
    if (!identity) {
      load_input(scratch, NULL, job.a, (ptrdiff_t)in, 0, x_stride, job.rows, in, input->scale,
                 input->shift, input->activation);
      job.a = scratch;
      job.a_stride = (ptrdiff_t)in;
    }
    job.c = y + row * y_stride;
    job.before = o.before ? o.before + row * o.before_stride : NULL;
    job.after = o.after ? o.after + row * o.after_stride : NULL;
    KK_FN(kk_tile_panels)(&job);
  }
}

void KK_FN(kk_pointwise_backward)(float *dx, float *sum_dx, float *sum_dx_x, float *dw,
                                  float *dbias, const float *g, const float *x, const float *packed,
                                  const float *add, size_t rows, size_t in, size_t out,
                                  ptrdiff_t dx_stride, ptrdiff_t dw_stride, ptrdiff_t g_stride,
                                  ptrdiff_t x_stride, ptrdiff_t add_stride,
                                  const kk_gradient *gradient, const kk_input *input,
                                  float *scratch) {
  const int identity = input_is_identity(input), affine = gradient && gradient->a;
  const int active = input && input->activation != KK_ACT_NONE;
  const ptrdiff_t d_stride = (ptrdiff_t)kk_whole_vectors(out);
  const ptrdiff_t a_stride = (ptrdiff_t)kk_whole_vectors(in);
  float *d_block = scratch, *a_block = d_block + KK_POINTWISE_BLOCK * d_stride;
  float *slope = a_block + KK_POINTWISE_BLOCK * a_stride;
  // The vectors of the weight gradient run along whichever side wastes fewer lanes.
  const size_t wide_in = (in + KK_LANES - 1) / KK_LANES * KK_LANES;
  const size_t wide_out = (out + KK_LANES - 1) / KK_LANES * KK_LANES;
  const int across = dw && in * wide_out < out * wide_in && rows >= 4 * KK_POINTWISE_BLOCK;
  float *dw_across = slope + KK_POINTWISE_BLOCK * a_stride;
  if (across) memset(dw_across, 0, in * wide_out * sizeof *dw_across);
  if (sum_dx) memset(sum_dx, 0, in * sizeof *sum_dx);
  if (sum_dx) memset(sum_dx_x, 0, in * sizeof *sum_dx_x);
  for (size_t r = 0; r < rows; r += KK_POINTWISE_BLOCK) {
    const ptrdiff_t row = (ptrdiff_t)r;
    const size_t here = rows - r < KK_POINTWISE_BLOCK ? rows - r : KK_POINTWISE_BLOCK;
    const float *d = g + row * g_stride, *xr = x ? x + row * x_stride : NULL, *a = xr;
    ptrdiff_t ldd = g_stride, lda = x_stride;
    if (affine || dbias) {
      const float *y = affine ? gradient->y + row * gradient->y_stride : NULL;
      load_gradient(affine ? d_block : NULL, dbias, d, d_stride, g_stride, here, out, gradient, y);
    }
    if (affine) {
      d = d_block;
      ldd = d_stride;
    }
    const int sloped = active && dx;
    const int gated = sloped && input->activation == KK_ACT_RELU;  // T(x) itself tells the slope
    if (!identity && (dw || sloped)) {
      load_input(a_block, sloped && !gated ? slope : NULL, xr, a_stride, a_stride, x_stride, here,
                 in, input->scale, input->shift, input->activation);
      a = a_block;
      lda = a_stride;
    }
    if (across) {
      kk_tile_outer_job job = {.c = dw_across,
                               .c_stride = (ptrdiff_t)wide_out,
                               .a = a,
                               .a_stride = lda,
                               .b = d,
                               .b_stride = ldd,
                               .m = in,
                               .n = out,
                               .rows = here,
                               .segments = 1};
      KK_FN(kk_tile_outer)(&job);
    } else if (dw) {
      kk_tile_outer_job job = {.c = dw,
                               .c_stride = dw_stride,
                               .a = d,
                               .a_stride = ldd,
                               .b = a,
                               .b_stride = lda,
                               .m = out,
                               .n = in,
                               .rows = here,
                               .segments = 1};
      KK_FN(kk_tile_outer)(&job);
    }
    if (!dx) continue;
    kk_tile_rows_job job = {.c = dx + row * dx_stride,
                            .c_stride = dx_stride,
                            .a = d,
                            .a_stride = ldd,
                            .b = packed,
                            .rows = here,
                            .columns = in,
                            .lines = 1,
                            .segments = 1,
                            .depth = out,
                            .sum = sum_dx,
                            .sum_second = sum_dx_x,
                            .before = add ? add + row * add_stride : NULL,
                            .before_stride = add_stride,
                            .slope = sloped && !gated ? slope : NULL,
                            .gate = gated ? a_block : NULL,
                            .slope_stride = a_stride,
                            .x = xr,
                            .x_stride = x_stride,
                            .ahead = g + (row + KK_POINTWISE_BLOCK) * g_stride,
                            .ahead_stride = g_stride,
                            .ahead_step = kk_bytes_per_step(g_stride, out)};
    KK_FN(kk_tile_panels)(&job);
  }
  if (!across) return;
  for (size_t n = 0; n < out; n++) {
    for (size_t k = 0; k < in; k++) {
      dw[(ptrdiff_t)n * dw_stride + (ptrdiff_t)k] += dw_across[k * wide_out + n];
    }
  }
}
