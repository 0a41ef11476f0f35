// Optimiser steps over flat ranges of parameters, one pass over memory each.
//
// All functions are element-wise, so ranges may be cut anywhere; the bits are the same on every
// instruction set.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// What is done with a gradient before the step: g ← clamp(gradient_scale·g, ±clip), and afterwards.
typedef struct {
  float gradient_scale;  // 1, or the factor of clipping by norm
  float clip;            // clipping by value; 0: none. NaN stays NaN
  int zero_gradient;     // 1: the gradient is set to 0 after use, which saves a pass
} kk_gradient_use;

// SGD as PyTorch defines it: d = g + weight_decay·w; m = momentum·m + d;
// w -= learning_rate·(nesterov ? d + momentum·m : m). Zeroed m before the first step.
typedef struct {
  float learning_rate;
  float momentum;  // 0: m is not touched and may be NULL
  float weight_decay;
  int nesterov;
  kk_gradient_use use;
} kk_sgd;

// AdamW (I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019):
// w *= 1 - learning_rate·weight_decay; m += (1 - beta1)·(g - m); v = beta2·v + (1 - beta2)·g²;
// w -= learning_rate·correction1·m / (√v·correction2 + epsilon).
typedef struct {
  float learning_rate;
  float beta1, beta2;
  float epsilon;
  float weight_decay;
  float correction1;  // 1 / (1 - beta1^t), t = 1 for the first step
  float correction2;  // 1 / √(1 - beta2^t)
  kk_gradient_use use;
} kk_adamw;

// weight[n], momentum[n]: updated. gradient[n]: read, and zeroed where asked.
void kk_sgd_step(float *weight, float *gradient, float *momentum, size_t n, const kk_sgd *p);

// weight[n], first[n] (m), second[n] (v): updated. gradient[n]: read, and zeroed where asked.
void kk_adamw_step(float *weight, float *gradient, float *first, float *second, size_t n,
                   const kk_adamw *p);

// average[n] += (1 - decay)·(weight[n] - average[n]).
void kk_ema_step(float *average, const float *weight, size_t n, float decay);

#ifdef __cplusplus
}
#endif
