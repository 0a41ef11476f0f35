#include "include/attention.h"

#include <math.h>

#include "include/transforms.h"

#define KK_BODY "../attention.inc.h"
#include "internal/per_isa.h"

size_t kk_attention_row(size_t tokens) { return (tokens + 15) / 16 * 16; }

size_t kk_attention_scratch(const kk_attention_shape *s) {
  size_t width = s->key_width > s->value_width ? s->key_width : s->value_width;
  return (width + s->tokens) * kk_attention_row(s->tokens);
}

// Element (row, column) of head h of image n.
#define AT(tensor, strides, n, h, row, column)                                  \
  (tensor)[(ptrdiff_t)(n) * (strides).image + (ptrdiff_t)(h) * (strides).head + \
           (ptrdiff_t)(row) * (strides).token + (ptrdiff_t)(column)]

static void kk_attention_forward_reference(float *out, float *probabilities, const float *q,
                                           const float *k, const float *v, const float *bias,
                                           const kk_attention_shape *s, size_t first, size_t count,
                                           float *scratch) {
  const size_t n = s->tokens, padded = kk_attention_row(n);
  for (size_t pair = first; pair < first + count; pair++) {
    const size_t image = pair / s->heads, head = pair % s->heads;
    for (size_t i = 0; i < n; i++) {
      float *p = probabilities ? probabilities + (pair * n + i) * padded : scratch;
      double top = -INFINITY, sum = 0;
      for (size_t j = 0; j < padded; j++) p[j] = 0;
      for (size_t j = 0; j < n; j++) {
        double dot = 0;
        for (size_t c = 0; c < s->key_width; c++) {
          dot += (double)AT(q, s->q, image, head, i, c) * AT(k, s->k, image, head, j, c);
        }
        p[j] = (float)(s->scale * dot + (bias ? bias[(head * n + i) * n + j] : 0));
        top = fmax(top, p[j]);
      }
      for (size_t j = 0; j < n; j++) sum += exp(p[j] - top);
      for (size_t j = 0; j < n; j++) p[j] = (float)(exp(p[j] - top) / sum);
      for (size_t c = 0; c < s->value_width; c++) {
        double value = 0;
        for (size_t j = 0; j < n; j++) value += (double)p[j] * AT(v, s->v, image, head, j, c);
        AT(out, s->out, image, head, i, c) = (float)value;
      }
    }
  }
}

static void kk_attention_backward_reference(float *dq, float *dk, float *dv, float *dbias,
                                            const float *dout, const float *probabilities,
                                            const float *q, const float *k, const float *v,
                                            const kk_attention_shape *s, size_t first, size_t count,
                                            float *scratch) {
  const size_t n = s->tokens, padded = kk_attention_row(n);
  for (size_t pair = first; pair < first + count; pair++) {
    const size_t image = pair / s->heads, head = pair % s->heads;
    const float *p = probabilities + pair * n * padded;
    for (size_t j = 0; j < n; j++) {
      for (size_t c = 0; c < s->key_width; c++) {
        AT(dq, s->q, image, head, j, c) = AT(dk, s->k, image, head, j, c) = 0;
      }
      for (size_t c = 0; c < s->value_width; c++) {
        double value = 0;
        for (size_t i = 0; i < n; i++) {
          value += (double)p[i * padded + j] * AT(dout, s->out, image, head, i, c);
        }
        AT(dv, s->v, image, head, j, c) = (float)value;
      }
    }
    for (size_t i = 0; i < n; i++) {
      double sum = 0;
      for (size_t j = 0; j < n; j++) {
        double dot = 0;
        for (size_t c = 0; c < s->value_width; c++) {
          dot += (double)AT(dout, s->out, image, head, i, c) * AT(v, s->v, image, head, j, c);
        }
        scratch[j] = (float)dot;
        sum += dot * p[i * padded + j];
      }
      for (size_t j = 0; j < n; j++) {
        float g = (float)(p[i * padded + j] * (scratch[j] - sum));
        if (dbias) dbias[(head * n + i) * n + j] += g;
        for (size_t c = 0; c < s->key_width; c++) {
          AT(dq, s->q, image, head, i, c) += s->scale * g * AT(k, s->k, image, head, j, c);
          AT(dk, s->k, image, head, j, c) += s->scale * g * AT(q, s->q, image, head, i, c);
        }
      }
    }
  }
}

void kk_attention_forward(float *out, float *probabilities, const float *q, const float *k,
                          const float *v, const float *bias, const kk_attention_shape *shape,
                          size_t first, size_t count, float *scratch) {
  KK_DISPATCH(kk_attention_forward, out, probabilities, q, k, v, bias, shape, first, count,
              scratch);
}

void kk_attention_backward(float *dq, float *dk, float *dv, float *dbias, const float *dout,
                           const float *probabilities, const float *q, const float *k,
                           const float *v, const kk_attention_shape *shape, size_t first,
                           size_t count, float *scratch) {
  KK_DISPATCH(kk_attention_backward, dq, dk, dv, dbias, dout, probabilities, q, k, v, shape, first,
              count, scratch);
}
