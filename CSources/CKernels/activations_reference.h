// Scalar activations and derivatives in double, for reference bodies: the oracle of
// activations.inc.h.
#pragma once

#include <math.h>

#include "include/transforms.h"

static inline float kk_activate_reference(kk_activation activation, float value) {
  double x = value;
  switch (activation) {
    case KK_ACT_RELU:
      return x < 0 ? 0.0f : value;
    case KK_ACT_HARDSWISH:
      return (float)(x * fmin(fmax(x + 3, 0), 6) / 6);
    case KK_ACT_SWISH:
      return (float)(x / (1 + exp(-x)));
    case KK_ACT_GELU:
      return (float)(x * 0.5 * erfc(-x / sqrt(2)));
    case KK_ACT_SIGMOID:
      return (float)(1 / (1 + exp(-x)));
    case KK_ACT_TANH:
      return (float)tanh(x);
    case KK_ACT_HARDSIGMOID:
      return (float)(fmin(fmax(x + 3, 0), 6) / 6);
    case KK_ACT_GELU_TANH: {
      double u = sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x);
      return (float)(x / (1 + exp(-2 * u)));
    }
    default:
      return value;
  }
}

// The derivative at the argument.
static inline float kk_activate_gradient_reference(kk_activation activation, float value) {
  double x = value;
  switch (activation) {
    case KK_ACT_RELU:
      return x > 0 ? 1.0f : 0.0f;
    case KK_ACT_HARDSWISH:
      return (float)(x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5);
    case KK_ACT_SWISH: {
      double s = 1 / (1 + exp(-x));
      return (float)(s + x * s * (1 - s));
    }
    case KK_ACT_GELU:
      return (float)(0.5 * erfc(-x / sqrt(2)) +
                     x * exp(-x * x / 2) / sqrt(2 * 3.14159265358979323846));
    case KK_ACT_SIGMOID: {
      double s = 1 / (1 + exp(-x));
      return (float)(s * (1 - s));
    }
    case KK_ACT_TANH:
      return (float)(1 - tanh(x) * tanh(x));
    case KK_ACT_HARDSIGMOID:
      return x > -3 && x < 3 ? (float)(1.0 / 6) : 0.0f;
    case KK_ACT_GELU_TANH: {
      double c = sqrt(2 / 3.14159265358979323846);
      double u = c * (x + 0.044715 * x * x * x), s = 1 / (1 + exp(-2 * u));
      return (float)(s + 2 * x * s * (1 - s) * c * (1 + 3 * 0.044715 * x * x));
    }
    default:
      return 1.0f;
  }
}
