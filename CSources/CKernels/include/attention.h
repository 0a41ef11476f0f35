// Fused multi-head attention: softmax(scale·q·kᵀ + bias)·v of every (image, head) pair.
//
// A. Vaswani et al., "Attention is all you need", NIPS 2017; relative position bias: P. Shaw et
// al., NAACL 2018; talking heads: N. Shazeer et al., "Talking-heads attention", 2020.
//
// q, k: [images, tokens, heads, key_width]; v, out: [images, tokens, heads, value_width]; each with
// its own strides in floats between images, tokens and heads (the last dimension is contiguous), so
// that they may be windows of one buffer. Gradients dq, dk, dv, dout have the strides of q, k, v,
// out. They are overwritten; gradients of parameters accumulate.
//
// Probabilities are kept between forward and backward as
// [images, heads, tokens, kk_attention_row(tokens)], the columns past `tokens` being zero.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  ptrdiff_t image, token, head;
} kk_attention_strides;

typedef struct {
  size_t tokens, heads;
  size_t key_width, value_width;  // of one head
  kk_attention_strides q, k, v, out;
  float scale;  // of the logits, usually 1 / √key_width
} kk_attention_shape;

// Floats in a row of probabilities: tokens rounded up to a multiple of 16.
size_t kk_attention_row(size_t tokens);

// Floats of scratch that one call needs; covers forward and backward.
size_t kk_attention_scratch(const kk_attention_shape *shape);

// Pairs [first, first + count) of images·heads, pair = image·heads + head. All pointers are those
// of the whole tensors. bias[heads, tokens, tokens] is added to the logits, or NULL. probabilities
// may be NULL (inference).
void kk_attention_forward(float *out, float *probabilities, const float *q, const float *k,
                          const float *v, const float *bias, const kk_attention_shape *shape,
                          size_t first, size_t count, float *scratch);

// dbias[heads, tokens, tokens] accumulates over the pairs of the range, or NULL.
void kk_attention_backward(float *dq, float *dk, float *dv, float *dbias, const float *dout,
                           const float *probabilities, const float *q, const float *k,
                           const float *v, const kk_attention_shape *shape, size_t first,
                           size_t count, float *scratch);

// Talking heads: logits'[g] = Σ_h before[g, h]·logits[h], probabilities = softmax(logits'),
// weights[g] = Σ_h after[g, h]·probabilities[h] + after_bias[g], out[g] = weights[g]·v[g].
// before and after are [heads, heads] with a row stride (windows of the largest head count),
// after_bias is [heads] or NULL. A bias before the softmax would cancel, so there is none.
typedef struct {
  const float *before, *after, *after_bias;
  ptrdiff_t before_stride, after_stride;
} kk_talking_heads;

// Gradients of the same layout as kk_talking_heads; they accumulate. after_bias may be NULL.
typedef struct {
  float *before, *after, *after_bias;
  ptrdiff_t before_stride, after_stride;
} kk_talking_heads_gradient;

// Floats of scratch of one talking-heads call; covers forward and backward.
size_t kk_talking_attention_scratch(const kk_attention_shape *shape);

// Images [first, first + count), all heads of each.
void kk_talking_attention_forward(float *out, float *probabilities, const float *q, const float *k,
                                  const float *v, const float *bias, const kk_talking_heads *mix,
                                  const kk_attention_shape *shape, size_t first, size_t count,
                                  float *scratch);

// bias is that of the forward pass (the logits are computed again).
void kk_talking_attention_backward(float *dq, float *dk, float *dv, float *dbias,
                                   const kk_talking_heads_gradient *dmix, const float *dout,
                                   const float *probabilities, const float *q, const float *k,
                                   const float *v, const float *bias, const kk_talking_heads *mix,
                                   const kk_attention_shape *shape, size_t first, size_t count,
                                   float *scratch);

#ifdef __cplusplus
}
#endif
