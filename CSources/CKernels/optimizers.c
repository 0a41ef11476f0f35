#include "include/optimizers.h"

#include <math.h>

#include "include/transforms.h"

#define KK_BODY "../optimizers.inc.h"
#include "internal/per_isa.h"

#pragma clang fp contract(off)

static float used_gradient_reference(float *gradient, const kk_gradient_use *use) {
  float g = *gradient * use->gradient_scale;
  if (use->clip > 0 && g < -use->clip) g = -use->clip;
  if (use->clip > 0 && g > use->clip) g = use->clip;
  if (use->zero_gradient) *gradient = 0;
  return g;
}

static void kk_sgd_step_reference(float *weight, float *gradient, float *momentum, size_t n,
                                  const kk_sgd *p) {
  for (size_t i = 0; i < n; i++) {
    float d = used_gradient_reference(&gradient[i], &p->use);
    d = fmaf(p->weight_decay, weight[i], d);
    if (p->momentum != 0) {
      momentum[i] = fmaf(p->momentum, momentum[i], d);
      d = p->nesterov ? fmaf(p->momentum, momentum[i], d) : momentum[i];
    }
    weight[i] = fmaf(-p->learning_rate, d, weight[i]);
  }
}

static void kk_adamw_step_reference(float *weight, float *gradient, float *first, float *second,
                                    size_t n, const kk_adamw *p) {
  float keep = 1.0f - p->learning_rate * p->weight_decay;
  float step = -p->learning_rate * p->correction1;
  for (size_t i = 0; i < n; i++) {
    float g = used_gradient_reference(&gradient[i], &p->use);
    first[i] = fmaf(1.0f - p->beta1, g - first[i], first[i]);
    second[i] = fmaf(g * (1.0f - p->beta2), g, second[i] * p->beta2);
    float root = fmaf(sqrtf(second[i]), p->correction2, p->epsilon);
    weight[i] = fmaf(step, first[i] / root, weight[i] * keep);
  }
}

static void kk_ema_step_reference(float *average, const float *weight, size_t n, float decay) {
  for (size_t i = 0; i < n; i++) {
    average[i] = fmaf(1.0f - decay, weight[i] - average[i], average[i]);
  }
}

void kk_sgd_step(float *weight, float *gradient, float *momentum, size_t n, const kk_sgd *p) {
  KK_DISPATCH(kk_sgd_step, weight, gradient, momentum, n, p);
}

void kk_adamw_step(float *weight, float *gradient, float *first, float *second, size_t n,
                   const kk_adamw *p) {
  KK_DISPATCH(kk_adamw_step, weight, gradient, first, second, n, p);
}

void kk_ema_step(float *average, const float *weight, size_t n, float decay) {
  KK_DISPATCH(kk_ema_step, average, weight, n, decay);
}
