// What a kernel does to a tensor while it loads it: batch norm and activation deferred to the
// consumer.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  KK_ACT_NONE = 0,
  KK_ACT_RELU = 1,
  KK_ACT_HARDSWISH = 2,  // x·min(max(x + 3, 0), 6) / 6
  KK_ACT_SWISH = 3,      // x·sigmoid(x)
  KK_ACT_GELU = 4,       // x·Φ(x), exact (erf)
  KK_ACT_SIGMOID = 5,
  KK_ACT_TANH = 6,
  KK_ACT_HARDSIGMOID = 7,  // min(max(x + 3, 0), 6) / 6
  KK_ACT_GELU_TANH = 8     // the tanh approximation of GELU
} kk_activation;

// Input transform: a[r, c] = activation(scale[c]·x[r, c] + shift[c]).
// scale and shift are both NULL (identity) or both of the length of the channels.
typedef struct {
  const float *scale;
  const float *shift;
  kk_activation activation;
} kk_input;

// Gradient transform (the backward pass of a batch norm): d[r, c] = a[c]·g[r, c] + b[c]·y[r, c] +
// c[c], with y the raw output of the producer. a == NULL: d = g, and y is not read.
typedef struct {
  const float *a;
  const float *b;
  const float *c;
  const float *y;
  ptrdiff_t y_stride;  // floats between two rows (pixels) of y
} kk_gradient;

#ifdef __cplusplus
}
#endif
