#include <math.h>

#include "include/attention.h"
#include "include/transforms.h"

#define KK_BODY "../attention_talking.inc.h"
#include "internal/per_isa.h"

size_t kk_talking_attention_scratch(const kk_attention_shape *s) {
  size_t width = s->key_width > s->value_width ? s->key_width : s->value_width;
  return (3 * s->heads * s->tokens + width) * kk_attention_row(s->tokens);
}

// Element (row, column) of head h of image n.
#define AT(tensor, strides, n, h, row, column)                                  \
  (tensor)[(ptrdiff_t)(n) * (strides).image + (ptrdiff_t)(h) * (strides).head + \
           (ptrdiff_t)(row) * (strides).token + (ptrdiff_t)(column)]
#define WEIGHT(mix, name, g, h) (mix)->name[(ptrdiff_t)(g) * (mix)->name##_stride + (ptrdiff_t)(h)]

// The logit of one head between tokens i and j.
static double pair_logit(const float *q, const float *k, const float *bias,
                         const kk_attention_shape *s, size_t image, size_t head, size_t i,
                         size_t j) {
  double dot = 0;
  for (size_t c = 0; c < s->key_width; c++) {
    dot += (double)AT(q, s->q, image, head, i, c) * AT(k, s->k, image, head, j, c);
  }
  return s->scale * dot + (bias ? bias[(head * s->tokens + i) * s->tokens + j] : 0);
}

// Index of (head, i, j) in [heads, tokens, padded].
#define CELL(head, i, j) (((head) * n + (i)) * padded + (j))

static void kk_talking_attention_forward_reference(float *out, float *probabilities, const float *q,
                                                   const float *k, const float *v,
                                                   const float *bias, const kk_talking_heads *mix,
                                                   const kk_attention_shape *s, size_t first,
                                                   size_t count, float *scratch) {
  const size_t n = s->tokens, padded = kk_attention_row(n), all = s->heads * n * padded;
  float *logits = scratch;
  for (size_t image = first; image < first + count; image++) {
    float *p = probabilities ? probabilities + image * all : scratch + all;
    for (size_t cell = 0; cell < all; cell++) p[cell] = 0;
    for (size_t g = 0; g < s->heads; g++) {
      for (size_t i = 0; i < n; i++) {
        double top = -INFINITY, sum = 0;
        for (size_t j = 0; j < n; j++) {
          double mixed = 0;
          for (size_t h = 0; h < s->heads; h++) {
            mixed += WEIGHT(mix, before, g, h) * pair_logit(q, k, bias, s, image, h, i, j);
          }
          logits[j] = (float)mixed;
          top = fmax(top, mixed);
        }
        for (size_t j = 0; j < n; j++) sum += exp(logits[j] - top);
        for (size_t j = 0; j < n; j++) p[CELL(g, i, j)] = (float)(exp(logits[j] - top) / sum);
      }
    }
    for (size_t g = 0; g < s->heads; g++) {
      for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < s->value_width; c++) AT(out, s->out, image, g, i, c) = 0;
        for (size_t j = 0; j < n; j++) {
          double weight = mix->after_bias ? mix->after_bias[g] : 0;
          for (size_t h = 0; h < s->heads; h++) {
            weight += WEIGHT(mix, after, g, h) * p[CELL(h, i, j)];
          }
          for (size_t c = 0; c < s->value_width; c++) {
            AT(out, s->out, image, g, i, c) += (float)(weight * AT(v, s->v, image, g, j, c));
          }
        }
      }
    }
  }
}

static void kk_talking_attention_backward_reference(float *dq, float *dk, float *dv, float *dbias,
                                                    const kk_talking_heads_gradient *dmix,
                                                    const float *dout, const float *probabilities,
                                                    const float *q, const float *k, const float *v,
                                                    const float *bias, const kk_talking_heads *mix,
                                                    const kk_attention_shape *s, size_t first,
                                                    size_t count, float *scratch) {
  const size_t n = s->tokens, padded = kk_attention_row(n), heads = s->heads;
  const size_t all = heads * n * padded;
  float *dweights = scratch, *dmixed = scratch + all;
  for (size_t image = first; image < first + count; image++) {
    const float *p = probabilities + image * all;
    for (size_t g = 0; g < heads; g++) {
      for (size_t t = 0; t < n; t++) {
        for (size_t c = 0; c < s->key_width; c++) {
          AT(dq, s->q, image, g, t, c) = AT(dk, s->k, image, g, t, c) = 0;
        }
        for (size_t c = 0; c < s->value_width; c++) AT(dv, s->v, image, g, t, c) = 0;
      }
      for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
          double weight = mix->after_bias ? mix->after_bias[g] : 0, dot = 0;
          for (size_t h = 0; h < heads; h++) weight += WEIGHT(mix, after, g, h) * p[CELL(h, i, j)];
          for (size_t c = 0; c < s->value_width; c++) {
            float d = AT(dout, s->out, image, g, i, c);
            AT(dv, s->v, image, g, j, c) += (float)(weight * d);
            dot += (double)d * AT(v, s->v, image, g, j, c);
          }
          dweights[CELL(g, i, j)] = (float)dot;
          if (dmix->after_bias) dmix->after_bias[g] += (float)dot;
          for (size_t h = 0; h < heads; h++) {
            WEIGHT(dmix, after, g, h) += (float)(dot * p[CELL(h, i, j)]);
          }
        }
      }
    }
    for (size_t h = 0; h < heads; h++) {
      for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
          double d = 0;
          for (size_t g = 0; g < heads; g++) {
            d += WEIGHT(mix, after, g, h) * dweights[CELL(g, i, j)];
          }
          dmixed[CELL(h, i, j)] = (float)d;
          sum += d * p[CELL(h, i, j)];
        }
        for (size_t j = 0; j < n; j++) {
          dmixed[CELL(h, i, j)] = (float)(p[CELL(h, i, j)] * (dmixed[CELL(h, i, j)] - sum));
        }
      }
    }
    for (size_t h = 0; h < heads; h++) {
      for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
          double logit = pair_logit(q, k, bias, s, image, h, i, j), d = 0;
          for (size_t g = 0; g < heads; g++) {
            d += WEIGHT(mix, before, g, h) * dmixed[CELL(g, i, j)];
            WEIGHT(dmix, before, g, h) += (float)(dmixed[CELL(g, i, j)] * logit);
          }
          if (dbias) dbias[(h * n + i) * n + j] += (float)d;
          for (size_t c = 0; c < s->key_width; c++) {
            AT(dq, s->q, image, h, i, c) += (float)(s->scale * d * AT(k, s->k, image, h, j, c));
            AT(dk, s->k, image, h, j, c) += (float)(s->scale * d * AT(q, s->q, image, h, i, c));
          }
        }
      }
    }
  }
}

void kk_talking_attention_forward(float *out, float *probabilities, const float *q, const float *k,
                                  const float *v, const float *bias, const kk_talking_heads *mix,
                                  const kk_attention_shape *shape, size_t first, size_t count,
                                  float *scratch) {
  KK_DISPATCH(kk_talking_attention_forward, out, probabilities, q, k, v, bias, mix, shape, first,
              count, scratch);
}

void kk_talking_attention_backward(float *dq, float *dk, float *dv, float *dbias,
                                   const kk_talking_heads_gradient *dmix, const float *dout,
                                   const float *probabilities, const float *q, const float *k,
                                   const float *v, const float *bias, const kk_talking_heads *mix,
                                   const kk_attention_shape *shape, size_t first, size_t count,
                                   float *scratch) {
  KK_DISPATCH(kk_talking_attention_backward, dq, dk, dv, dbias, dmix, dout, probabilities, q, k, v,
              bias, mix, shape, first, count, scratch);
}
