#include "include/pointwise.h"

#include "activations_reference.h"
#include "gemm_tile.h"

#define KK_POINTWISE_BLOCK 96  // rows that go through the caches together; a multiple of every tile

#define KK_POINTWISE_AHEAD 12  // rows ahead of a block that is read in place

static inline size_t kk_whole_vectors(size_t n) { return (n + 15) / 16 * 16; }

static inline ptrdiff_t kk_bytes_per_step(ptrdiff_t stride, size_t depth) {
  return (4 * stride + (ptrdiff_t)depth - 1) / (ptrdiff_t)depth;
}

#define KK_BODY "../pointwise.inc.h"
#include "internal/per_isa.h"

// Rows, as whole blocks, whose products amount to about 4 million: some 50 µs of one core.
size_t kk_pointwise_chunk_rows(size_t rows, size_t in, size_t out) {
  size_t block = KK_POINTWISE_BLOCK;
  size_t blocks = (4000000 / (in * out + 1) + block) / block, all = (rows + block - 1) / block;
  if (blocks > all) blocks = all;
  return (blocks ? blocks : 1) * block;
}

// At most 16 ranges, because each has a weight gradient of its own to be added up.
size_t kk_pointwise_backward_chunk_rows(size_t rows, size_t in, size_t out) {
  size_t block = KK_POINTWISE_BLOCK, sixteenth = (rows + 16 * block - 1) / (16 * block) * block;
  size_t chunk = kk_pointwise_chunk_rows(rows, in, out);
  size_t least = 4 * block < rows ? 4 * block : (rows + block - 1) / block * block;
  if (chunk < least) chunk = least;
  return chunk > sixteenth ? chunk : sixteenth;
}

size_t kk_pointwise_scratch_floats(size_t in, size_t out) {
  (void)out;
  return KK_POINTWISE_BLOCK * kk_whole_vectors(in);
}

size_t kk_pointwise_backward_scratch_floats(size_t in, size_t out) {
  return KK_POINTWISE_BLOCK * (2 * kk_whole_vectors(in) + kk_whole_vectors(out)) +
         in * kk_whole_vectors(out);
}

static float input_reference(const kk_input *input, size_t c, float x) {
  if (!input) return x;
  float z = input->scale ? input->scale[c] * x + input->shift[c] : x;
  return kk_activate_reference(input->activation, z);
}

static float slope_reference(const kk_input *input, size_t c, float x) {
  if (!input) return 1.0f;
  float z = input->scale ? input->scale[c] * x + input->shift[c] : x;
  return kk_activate_gradient_reference(input->activation, z);
}

void kk_pointwise_forward_reference(float *y, float *sum, float *sum_squares, const float *x,
                                    const float *packed, size_t rows, size_t in, size_t out,
                                    ptrdiff_t y_stride, ptrdiff_t x_stride, const kk_input *input,
                                    const kk_output *output, float *scratch) {
  const kk_output o = output ? *output : (kk_output){0};
  (void)scratch;
  for (size_t n = 0; n < out; n++) {
    double total = 0, squares = 0;
    for (size_t r = 0; r < rows; r++) {
      const ptrdiff_t row = (ptrdiff_t)r;
      double v = o.bias ? o.bias[n] : 0;
      for (size_t k = 0; k < in; k++) {
        v += (double)input_reference(input, k, x[row * x_stride + (ptrdiff_t)k]) *
             packed[k * out + n];
      }
      if (o.before) v += o.before[row * o.before_stride + (ptrdiff_t)n];
      total += v;
      squares += v * v;
      float a = kk_activate_reference(o.activation, (float)v);
      if (o.after) a += o.after[row * o.after_stride + (ptrdiff_t)n];
      y[row * y_stride + (ptrdiff_t)n] = a;
    }
    if (sum) sum[n] = (float)total;
    if (sum) sum_squares[n] = (float)squares;
  }
}

static float gradient_reference(const kk_gradient *t, const float *g, size_t r, size_t n,
                                ptrdiff_t g_stride) {
  float v = g[(ptrdiff_t)r * g_stride + (ptrdiff_t)n];
  if (!t || !t->a) return v;
  return t->a[n] * v + t->b[n] * t->y[(ptrdiff_t)r * t->y_stride + (ptrdiff_t)n] + t->c[n];
}

void kk_pointwise_backward_reference(float *dx, float *sum_dx, float *sum_dx_x, float *dw,
                                     float *dbias, const float *g, const float *x,
                                     const float *packed, const float *add, size_t rows, size_t in,
                                     size_t out, ptrdiff_t dx_stride, ptrdiff_t dw_stride,
                                     ptrdiff_t g_stride, ptrdiff_t x_stride, ptrdiff_t add_stride,
                                     const kk_gradient *gradient, const kk_input *input,
                                     float *scratch) {
  (void)scratch;
  for (size_t n = 0; n < out && (dw || dbias); n++) {
    double bias = 0;
    for (size_t r = 0; r < rows; r++) bias += gradient_reference(gradient, g, r, n, g_stride);
    if (dbias) dbias[n] += (float)bias;
    for (size_t k = 0; k < in && dw; k++) {
      double total = 0;
      for (size_t r = 0; r < rows; r++) {
        total += (double)gradient_reference(gradient, g, r, n, g_stride) *
                 input_reference(input, k, x[(ptrdiff_t)r * x_stride + (ptrdiff_t)k]);
      }
      dw[(ptrdiff_t)n * dw_stride + (ptrdiff_t)k] += (float)total;
    }
  }
  for (size_t k = 0; k < in && dx; k++) {
    double total = 0, product = 0;
    for (size_t r = 0; r < rows; r++) {
      const ptrdiff_t row = (ptrdiff_t)r, column = (ptrdiff_t)k;
      double v = add ? add[row * add_stride + column] : 0;
      for (size_t n = 0; n < out; n++) {
        v += (double)gradient_reference(gradient, g, r, n, g_stride) * packed[n * in + k];
      }
      float raw = x ? x[row * x_stride + column] : 0.0f;
      if (input && input->activation != KK_ACT_NONE) v *= slope_reference(input, k, raw);
      dx[row * dx_stride + column] = (float)v;
      total += v;
      product += v * raw;
    }
    if (sum_dx) sum_dx[k] = (float)total;
    if (sum_dx) sum_dx_x[k] = (float)product;
  }
}

void kk_pointwise_forward(float *y, float *sum, float *sum_squares, const float *x,
                          const float *packed, size_t rows, size_t in, size_t out,
                          ptrdiff_t y_stride, ptrdiff_t x_stride, const kk_input *input,
                          const kk_output *output, float *scratch) {
  KK_DISPATCH(kk_pointwise_forward, y, sum, sum_squares, x, packed, rows, in, out, y_stride,
              x_stride, input, output, scratch);
}

void kk_pointwise_backward(float *dx, float *sum_dx, float *sum_dx_x, float *dw, float *dbias,
                           const float *g, const float *x, const float *packed, const float *add,
                           size_t rows, size_t in, size_t out, ptrdiff_t dx_stride,
                           ptrdiff_t dw_stride, ptrdiff_t g_stride, ptrdiff_t x_stride,
                           ptrdiff_t add_stride, const kk_gradient *gradient, const kk_input *input,
                           float *scratch) {
  KK_DISPATCH(kk_pointwise_backward, dx, sum_dx, sum_dx_x, dw, dbias, g, x, packed, add, rows, in,
              out, dx_stride, dw_stride, g_stride, x_stride, add_stride, gradient, input, scratch);
}
