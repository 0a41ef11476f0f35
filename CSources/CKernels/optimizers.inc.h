// Vector bodies of optimizers.h: explicit fused multiply-adds in the order of the reference.
#include "activations.inc.h"
#include "elementwise_lanes.inc.h"
#pragma clang fp contract(off)

#define used_gradient KK_FN(kk_used_gradient)
#define sgd_range KK_FN(kk_sgd_range)
#define adamw_range KK_FN(kk_adamw_range)

KK_INLINE vf used_gradient(float *gradient, size_t lanes, const kk_gradient_use *use, int clips,
                           int zeroes) {
  vf g = v_get(gradient, lanes) * use->gradient_scale;
  if (clips) g = v_at_most(v_at_least(g, -use->clip), use->clip);
  if (zeroes) v_put(gradient, v_splat(0), lanes);
  return g;
}

KK_INLINE void sgd_range(float *weight, float *gradient, float *momentum, size_t n, kk_sgd p,
                         int clips, int zeroes, int has_momentum) {
  KK_FOR_LANES(i, n, {
    vf w = v_get(weight + i, lanes);
    vf d = used_gradient(gradient + i, lanes, &p.use, clips, zeroes);
    d = v_fma(v_splat(p.weight_decay), w, d);
    if (has_momentum) {
      vf m = v_fma(v_splat(p.momentum), v_get(momentum + i, lanes), d);
      v_put(momentum + i, m, lanes);
      d = p.nesterov ? v_fma(v_splat(p.momentum), m, d) : m;
    }
    v_put(weight + i, v_fma(v_splat(-p.learning_rate), d, w), lanes);
  });
}

void KK_FN(kk_sgd_step)(float *weight, float *gradient, float *momentum, size_t n,
                        const kk_sgd *p) {
  int clips = p->use.clip > 0, zeroes = p->use.zero_gradient != 0;
  if (p->momentum == 0) {
    sgd_range(weight, gradient, NULL, n, *p, clips, zeroes, 0);
  } else if (clips) {
    sgd_range(weight, gradient, momentum, n, *p, 1, zeroes, 1);
  } else {
    sgd_range(weight, gradient, momentum, n, *p, 0, zeroes, 1);
  }
}

KK_INLINE void adamw_range(float *weight, float *gradient, float *first, float *second, size_t n,
                           kk_adamw p, int clips, int zeroes) {
  const float keep = 1.0f - p.learning_rate * p.weight_decay;
  const float step = -p.learning_rate * p.correction1;
  KK_FOR_LANES(i, n, {
    vf g = used_gradient(gradient + i, lanes, &p.use, clips, zeroes);
    vf m = v_get(first + i, lanes);
    m = v_fma(v_splat(1.0f - p.beta1), g - m, m);
    vf v = v_fma(g * (1.0f - p.beta2), g, v_get(second + i, lanes) * p.beta2);
    v_put(first + i, m, lanes);
    v_put(second + i, v, lanes);
    vf root = v_fma(__builtin_elementwise_sqrt(v), v_splat(p.correction2), v_splat(p.epsilon));
    v_put(weight + i, v_fma(v_splat(step), m / root, v_get(weight + i, lanes) * keep), lanes);
  });
}

void KK_FN(kk_adamw_step)(float *weight, float *gradient, float *first, float *second, size_t n,
                          const kk_adamw *p) {
  int zeroes = p->use.zero_gradient != 0;
  if (p->use.clip > 0) {
    adamw_range(weight, gradient, first, second, n, *p, 1, zeroes);
  } else {
    adamw_range(weight, gradient, first, second, n, *p, 0, zeroes);
  }
}

void KK_FN(kk_ema_step)(float *average, const float *weight, size_t n, float decay) {
  const float rate = 1.0f - decay;
  KK_FOR_LANES(i, n, {
    vf a = v_get(average + i, lanes);
    v_put(average + i, v_fma(v_splat(rate), v_get(weight + i, lanes) - a, a), lanes);
  });
}

#undef used_gradient
#undef sgd_range
#undef adamw_range
