// Vector bodies of attention.h: one head at a time, everything in caches.
#include "softmax_rows.inc.h"
#include "attention_tile.inc.h"
#include "attention_rows.inc.h"

#define head_forward KK_FN(kk_head_forward)
#define head_backward KK_FN(kk_head_backward)

// Rows whose probabilities are computed together, so that they stay in the first cache level.
#undef KK_ROW_BLOCK
#define KK_ROW_BLOCK 48

// Pointers of one (image, head) pair.
#ifndef KK_ATTENTION_AT
#define KK_ATTENTION_AT(tensor, strides, n, h) \
  ((tensor) + (ptrdiff_t)(n) * (strides).image + (ptrdiff_t)(h) * (strides).head)
#endif

static void head_forward(float *out, float *p, const float *q, const float *k, const float *v,
                         const float *bias, const kk_attention_shape *s, float *scratch) {
  const size_t n = s->tokens, padded = kk_attention_row(n);
  small_transpose(scratch, k, n, s->key_width, padded, s->k.token);
  for (size_t from = 0; from < n; from += KK_ROW_BLOCK) {
    const size_t rows = n - from < KK_ROW_BLOCK ? n - from : KK_ROW_BLOCK;
    float *block = p + from * padded;
    small_product((kk_small_product){.c = block,
                                     .a = q + (ptrdiff_t)from * s->q.token,
                                     .b = scratch,
                                     .rows = rows,
                                     .columns = padded,
                                     .depth = s->key_width,
                                     .c_stride = (ptrdiff_t)padded,
                                     .a_stride = s->q.token,
                                     .b_stride = (ptrdiff_t)padded,
                                     .alpha = s->scale * 1.44269504f});
    logits_to_probabilities(block, bias ? bias + from * n : NULL, rows, n, padded);
    small_product((kk_small_product){.c = out + (ptrdiff_t)from * s->out.token,
                                     .a = block,
                                     .b = v,
                                     .rows = rows,
                                     .columns = s->value_width,
                                     .depth = n,
                                     .c_stride = s->out.token,
                                     .a_stride = (ptrdiff_t)padded,
                                     .b_stride = s->v.token,
                                     .alpha = 1.0f});
  }
}

void KK_FN(kk_attention_forward)(float *out, float *probabilities, const float *q, const float *k,
                                 const float *v, const float *bias, const kk_attention_shape *s,
                                 size_t first, size_t count, float *scratch) {
  const size_t matrix = s->tokens * kk_attention_row(s->tokens);
  for (size_t pair = first; pair < first + count; pair++) {
    const size_t image = pair / s->heads, head = pair % s->heads;
    float *p = probabilities ? probabilities + pair * matrix
                             : scratch + s->key_width * kk_attention_row(s->tokens);
    head_forward(KK_ATTENTION_AT(out, s->out, image, head), p,
                 KK_ATTENTION_AT(q, s->q, image, head), KK_ATTENTION_AT(k, s->k, image, head),
                 KK_ATTENTION_AT(v, s->v, image, head),
                 bias ? bias + head * s->tokens * s->tokens : NULL, s, scratch);
  }
}

static void head_backward(float *dq, float *dk, float *dv, float *dbias, const float *dout,
                          const float *p, const float *q, const float *k, const float *v,
                          const kk_attention_shape *s, float *scratch) {
  const size_t n = s->tokens, padded = kk_attention_row(n);
  const ptrdiff_t stride = (ptrdiff_t)padded;
  float *logits = scratch + s->value_width * padded;  // their gradients
  small_transpose(scratch, v, n, s->value_width, padded, s->v.token);
  for (size_t from = 0; from < n; from += KK_ROW_BLOCK) {
    const size_t rows = n - from < KK_ROW_BLOCK ? n - from : KK_ROW_BLOCK;
    float *block = logits + from * padded;
    small_product((kk_small_product){.c = block,
                                     .a = dout + (ptrdiff_t)from * s->out.token,
                                     .b = scratch,
                                     .rows = rows,
                                     .columns = padded,
                                     .depth = s->value_width,
                                     .c_stride = stride,
                                     .a_stride = s->out.token,
                                     .b_stride = stride,
                                     .alpha = 1.0f});
    probability_gradients(block, dbias ? dbias + from * n : NULL, p + from * padded, rows, n,
                          padded);
    small_product((kk_small_product){.c = dq + (ptrdiff_t)from * s->q.token,
                                     .a = block,
                                     .b = k,
                                     .rows = rows,
                                     .columns = s->key_width,
                                     .depth = n,
                                     .c_stride = s->q.token,
                                     .a_stride = stride,
                                     .b_stride = s->k.token,
                                     .alpha = s->scale});
  }
  small_product((kk_small_product){.c = dv,
                                   .a = p,
                                   .b = dout,
                                   .rows = n,
                                   .columns = s->value_width,
                                   .depth = n,
                                   .c_stride = s->v.token,
                                   .a_stride = stride,
                                   .b_stride = s->out.token,
                                   .alpha = 1.0f,
                                   .transposed = 1});
  small_product((kk_small_product){.c = dk,
                                   .a = logits,
                                   .b = q,
                                   .rows = n,
                                   .columns = s->key_width,
                                   .depth = n,
                                   .c_stride = s->k.token,
                                   .a_stride = stride,
                                   .b_stride = s->q.token,
                                   .alpha = s->scale,
                                   .transposed = 1});
}

void KK_FN(kk_attention_backward)(float *dq, float *dk, float *dv, float *dbias, const float *dout,
                                  const float *probabilities, const float *q, const float *k,
                                  const float *v, const kk_attention_shape *s, size_t first,
                                  size_t count, float *scratch) {
  const size_t matrix = s->tokens * kk_attention_row(s->tokens);
  for (size_t pair = first; pair < first + count; pair++) {
    const size_t image = pair / s->heads, head = pair % s->heads;
    head_backward(KK_ATTENTION_AT(dq, s->q, image, head), KK_ATTENTION_AT(dk, s->k, image, head),
                  KK_ATTENTION_AT(dv, s->v, image, head),
                  dbias ? dbias + head * s->tokens * s->tokens : NULL,
                  KK_ATTENTION_AT(dout, s->out, image, head), probabilities + pair * matrix,
                  KK_ATTENTION_AT(q, s->q, image, head), KK_ATTENTION_AT(k, s->k, image, head),
                  KK_ATTENTION_AT(v, s->v, image, head), s, scratch);
  }
}
