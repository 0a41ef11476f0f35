// Vector bodies of talking-heads attention: one image at a time, the logits of all its heads in
// scratch as [heads, tokens·padded], which the mixes between heads treat as one matrix.
#include "softmax_rows.inc.h"
#include "attention_tile.inc.h"
#include "attention_rows.inc.h"

#define mixed_heads KK_FN(kk_mixed_heads)
#define dot_rows KK_FN(kk_dot_rows)
#define all_logits KK_FN(kk_all_logits)

#ifndef KK_ATTENTION_AT
#define KK_ATTENTION_AT(tensor, strides, n, h) \
  ((tensor) + (ptrdiff_t)(n) * (strides).image + (ptrdiff_t)(h) * (strides).head)
#endif

// y[g, ·] = alpha·Σ_h w[g, h]·x[h, ·], or with w transposed; rows of n floats. adds: y +=.
static void mixed_heads(float *y, const float *x, const float *w, ptrdiff_t w_stride, size_t heads,
                        size_t n, float alpha, int transposed, int adds) {
  small_product((kk_small_product){.c = y,
                                   .a = w,
                                   .b = x,
                                   .rows = heads,
                                   .columns = n,
                                   .depth = heads,
                                   .c_stride = (ptrdiff_t)n,
                                   .a_stride = w_stride,
                                   .b_stride = (ptrdiff_t)n,
                                   .alpha = alpha,
                                   .transposed = transposed,
                                   .adds = adds});
}

// dw[g, h] += Σ_i x[g, i]·y[h, i] for rows of n floats (a multiple of 16), in blocks that stay in
// the second cache level.
static void dot_rows(float *dw, ptrdiff_t dw_stride, const float *x, const float *y, size_t heads,
                     size_t n) {
  for (size_t from = 0; from < n; from += 1024) {
    const size_t to = n - from < 1024 ? n : from + 1024;
    for (size_t g = 0; g < heads; g += 4) {
      for (size_t h = 0; h < heads; h += 4) {
        const float *a[4], *b[4];
        for (size_t i = 0; i < 4; i++) {  // rows past the end repeat the last
          a[i] = x + (g + i < heads ? g + i : heads - 1) * n;
          b[i] = y + (h + i < heads ? h + i : heads - 1) * n;
        }
        vf acc[4][4];
        for (int i = 0; i < 16; i++) acc[i / 4][i % 4] = (vf){0};
        for (size_t k = from; k < to; k += KK_LANES) {
          vf row[4] = {v_load(b[0] + k), v_load(b[1] + k), v_load(b[2] + k), v_load(b[3] + k)};
#pragma clang loop unroll(full)
          for (int i = 0; i < 4; i++) {
            vf v = v_load(a[i] + k);
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; j++) acc[i][j] = v_fma(v, row[j], acc[i][j]);
          }
        }
        for (size_t i = 0; i < 4 && g + i < heads; i++) {
          for (size_t j = 0; j < 4 && h + j < heads; j++) {
            dw[(ptrdiff_t)(g + i) * dw_stride + (ptrdiff_t)(h + j)] += v_total(acc[i][j]);
          }
        }
      }
    }
  }
}

// logits[heads, tokens, padded] = scale·q·kᵀ + bias; padding is zero.
static void all_logits(float *logits, const float *q, const float *k, const float *bias,
                       size_t image, const kk_attention_shape *s, float *scratch) {
  const size_t n = s->tokens, padded = kk_attention_row(n);
  for (size_t head = 0; head < s->heads; head++, logits += n * padded) {
    small_transpose(scratch, KK_ATTENTION_AT(k, s->k, image, head), n, s->key_width, padded,
                    s->k.token);
    small_product((kk_small_product){.c = logits,
                                     .a = KK_ATTENTION_AT(q, s->q, image, head),
                                     .b = scratch,
                                     .rows = n,
                                     .columns = padded,
                                     .depth = s->key_width,
                                     .c_stride = (ptrdiff_t)padded,
                                     .a_stride = s->q.token,
                                     .b_stride = (ptrdiff_t)padded,
                                     .alpha = s->scale});
    for (size_t r = 0; bias && r < n; r++, bias += n) {
      float *row = logits + r * padded;
      KK_FOR_LANES(i, n, v_put(row + i, v_load(row + i) + v_get(bias + i, lanes), lanes));
    }
  }
}

void KK_FN(kk_talking_attention_forward)(float *out, float *probabilities, const float *q,
                                         const float *k, const float *v, const float *bias,
                                         const kk_talking_heads *mix, const kk_attention_shape *s,
                                         size_t first, size_t count, float *scratch) {
  const size_t n = s->tokens, padded = kk_attention_row(n), matrix = n * padded;
  const size_t all = s->heads * matrix;
  float *logits = scratch, *work = scratch + 3 * all;
  for (size_t image = first; image < first + count; image++) {
    float *p = probabilities ? probabilities + image * all : scratch + all;
    all_logits(logits, q, k, bias, image, s, work);
    mixed_heads(p, logits, mix->before, mix->before_stride, s->heads, matrix, 1.44269504f, 0, 0);
    for (size_t head = 0; head < s->heads; head++) {
      logits_to_probabilities(p + head * matrix, NULL, n, n, padded);
      const vf start = v_broadcast(mix->after_bias ? mix->after_bias[head] : 0);
      KK_FOR_LANES(i, matrix, v_put(logits + head * matrix + i, start, lanes));
    }
    mixed_heads(logits, p, mix->after, mix->after_stride, s->heads, matrix, 1.0f, 0, 1);
    for (size_t head = 0; head < s->heads; head++) {
      small_product((kk_small_product){.c = KK_ATTENTION_AT(out, s->out, image, head),
                                       .a = logits + head * matrix,
                                       .b = KK_ATTENTION_AT(v, s->v, image, head),
                                       .rows = n,
                                       .columns = s->value_width,
                                       .depth = n,
                                       .c_stride = s->out.token,
                                       .a_stride = (ptrdiff_t)padded,
                                       .b_stride = s->v.token,
                                       .alpha = 1.0f});
    }
  }
}

void KK_FN(kk_talking_attention_backward)(float *dq, float *dk, float *dv, float *dbias,
                                          const kk_talking_heads_gradient *dmix, const float *dout,
                                          const float *probabilities, const float *q,
                                          const float *k, const float *v, const float *bias,
                                          const kk_talking_heads *mix, const kk_attention_shape *s,
                                          size_t first, size_t count, float *scratch) {
  const size_t n = s->tokens, padded = kk_attention_row(n), matrix = n * padded;
  const size_t all = s->heads * matrix;
  const ptrdiff_t stride = (ptrdiff_t)padded;
  float *weights = scratch, *gradient = scratch + all, *logits = scratch + 2 * all;
  float *work = scratch + 3 * all;
  for (size_t image = first; image < first + count; image++) {
    const float *p = probabilities + image * all;
    for (size_t head = 0; head < s->heads; head++) {
      const vf start = v_broadcast(mix->after_bias ? mix->after_bias[head] : 0);
      KK_FOR_LANES(i, matrix, v_put(weights + head * matrix + i, start, lanes));
    }
    mixed_heads(weights, p, mix->after, mix->after_stride, s->heads, matrix, 1.0f, 0, 1);
    for (size_t head = 0; head < s->heads; head++) {
      const float *g = KK_ATTENTION_AT(dout, s->out, image, head);
      small_product((kk_small_product){.c = KK_ATTENTION_AT(dv, s->v, image, head),
                                       .a = weights + head * matrix,
                                       .b = g,
                                       .rows = n,
                                       .columns = s->value_width,
                                       .depth = n,
                                       .c_stride = s->v.token,
                                       .a_stride = stride,
                                       .b_stride = s->out.token,
                                       .alpha = 1.0f,
                                       .transposed = 1});
      small_transpose(work, KK_ATTENTION_AT(v, s->v, image, head), n, s->value_width, padded,
                      s->v.token);
      small_product((kk_small_product){.c = gradient + head * matrix,
                                       .a = g,
                                       .b = work,
                                       .rows = n,
                                       .columns = padded,
                                       .depth = s->value_width,
                                       .c_stride = stride,
                                       .a_stride = s->out.token,
                                       .b_stride = stride,
                                       .alpha = 1.0f});
      if (dmix->after_bias) {
        vf sum = {0};
        KK_FOR_LANES(i, matrix, sum += v_get(gradient + head * matrix + i, lanes));
        dmix->after_bias[head] += v_total(sum);
      }
    }
    dot_rows(dmix->after, dmix->after_stride, gradient, p, s->heads, matrix);
    mixed_heads(weights, gradient, mix->after, mix->after_stride, s->heads, matrix, 1.0f, 1, 0);
    probability_gradients(weights, NULL, p, s->heads * n, n, padded);
    all_logits(logits, q, k, bias, image, s, work);
    dot_rows(dmix->before, dmix->before_stride, weights, logits, s->heads, matrix);
    mixed_heads(gradient, weights, mix->before, mix->before_stride, s->heads, matrix, 1.0f, 1, 0);
    for (size_t head = 0; head < s->heads; head++) {
      float *g = gradient + head * matrix;
      for (size_t r = 0; dbias && r < n; r++) {
        float *to = dbias + (head * n + r) * n;
        KK_FOR_LANES(i, n, v_put(to + i, v_get(to + i, lanes) + v_load(g + r * padded + i), lanes));
      }
      kk_small_product product = {.c = KK_ATTENTION_AT(dq, s->q, image, head),
                                  .a = g,
                                  .b = KK_ATTENTION_AT(k, s->k, image, head),
                                  .rows = n,
                                  .columns = s->key_width,
                                  .depth = n,
                                  .c_stride = s->q.token,
                                  .a_stride = stride,
                                  .b_stride = s->k.token,
                                  .alpha = s->scale};
      small_product(product);
      product.c = KK_ATTENTION_AT(dk, s->k, image, head);
      product.b = KK_ATTENTION_AT(q, s->q, image, head);
      product.c_stride = s->k.token;
      product.b_stride = s->q.token;
      product.transposed = 1;
      small_product(product);
    }
  }
}
