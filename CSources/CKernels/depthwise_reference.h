// Input transforms of single elements, for reference bodies.
#pragma once

#include "activations_reference.h"

// The argument of the activation of `in` (NULL: identity).
static inline float kk_argument_reference(const kk_input *in, float x, size_t c) {
  return in && in->scale ? in->scale[c] * x + in->shift[c] : x;
}

// T(x).
static inline float kk_transform_reference(const kk_input *in, float x, size_t c) {
  return in ? kk_activate_reference(in->activation, kk_argument_reference(in, x, c)) : x;
}

// act' at the argument.
static inline float kk_slope_reference(const kk_input *in, float x, size_t c) {
  return in ? kk_activate_gradient_reference(in->activation, kk_argument_reference(in, x, c)) : 1;
}
