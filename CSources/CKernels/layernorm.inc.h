// Vector bodies of layernorm.h. A row (or a sample's rows) is read three times from near cache:
// mean, centred variance, result.
#include "activations.inc.h"
#include "elementwise_lanes.inc.h"

#define layer_norm_group KK_FN(kk_layer_norm_group)
#define layer_norm_range KK_FN(kk_layer_norm_range)
#define layer_norm_backward_group KK_FN(kk_layer_norm_backward_group)
#define layer_norm_backward_range KK_FN(kk_layer_norm_backward_range)

#ifndef KK_LAYER_NORM_TYPES
#define KK_LAYER_NORM_TYPES
typedef struct {
  float *y, *h;
  const float *x, *f, *scale, *gamma, *beta;
  size_t channels;
  ptrdiff_t y_stride, h_stride, x_stride, f_stride;
  float factor, epsilon;
} kk_layer_norm_arguments;

typedef struct {
  float *dx, *dgamma, *dbeta;
  const float *dy, *add, *x, *gamma;
  size_t channels;
  ptrdiff_t dx_stride, dy_stride, add_stride, x_stride;
} kk_layer_norm_gradients;
#endif

KK_INLINE void layer_norm_group(kk_layer_norm_arguments a, float *mean, float *rstd,
                                const size_t tokens, const int residual) {
  const float *x = a.x, *f = a.f;
  vf sum = {0};
  for (size_t t = 0; t < tokens; t++, x += a.x_stride) {
    if (residual) {
      float *h = a.h + (ptrdiff_t)t * a.h_stride;
      KK_FOR_LANES(c, a.channels, {
        vf s = v_splat(a.factor);
        if (a.scale) s *= v_get(a.scale + c, lanes);
        vf v = v_fma(s, v_get(f + c, lanes), v_get(x + c, lanes));
        v_put(h + c, v, lanes);
        sum += v;
      });
      f += a.f_stride;
    } else {
      KK_FOR_LANES(c, a.channels, sum += v_get(x + c, lanes));
    }
  }
  const float n = (float)(tokens * a.channels);
  const float m = v_total(sum) / n;
  x = residual ? a.h : a.x;
  const ptrdiff_t stride = residual ? a.h_stride : a.x_stride;
  vf squares = {0};
  for (size_t t = 0; t < tokens; t++) {
    const float *p = x + (ptrdiff_t)t * stride;
    const size_t whole = a.channels - a.channels % KK_LANES;
    KK_FOR_LANES(c, whole, {
      vf d = v_get(p + c, lanes) - m;
      squares = v_fma(d, d, squares);
    });
    for (size_t c = whole; c < a.channels; c++) squares[0] += (p[c] - m) * (p[c] - m);
  }
  const float r = 1.0f / __builtin_sqrtf(v_total(squares) / n + a.epsilon);
  *mean = m;
  *rstd = r;
  for (size_t t = 0; t < tokens; t++) {
    const float *p = x + (ptrdiff_t)t * stride;
    float *y = a.y + (ptrdiff_t)t * a.y_stride;
    KK_FOR_LANES(c, a.channels, {
      vf normal = (v_get(p + c, lanes) - m) * r;
      v_put(y + c, v_fma(normal, v_get(a.gamma + c, lanes), v_get(a.beta + c, lanes)), lanes);
    });
  }
}

KK_INLINE void layer_norm_range(kk_layer_norm_arguments a, float *mean, float *rstd, size_t groups,
                                const size_t tokens, const int residual) {
  for (size_t g = 0; g < groups; g++) {
    layer_norm_group(a, mean + g, rstd + g, tokens, residual);
    a.x += (ptrdiff_t)tokens * a.x_stride;
    a.y += (ptrdiff_t)tokens * a.y_stride;
    if (residual) {
      a.f += (ptrdiff_t)tokens * a.f_stride;
      a.h += (ptrdiff_t)tokens * a.h_stride;
    }
  }
}

void KK_FN(kk_layer_norm)(float *y, float *mean, float *rstd, const float *x, const float *gamma,
                          const float *beta, size_t groups, size_t tokens, size_t channels,
                          ptrdiff_t y_stride, ptrdiff_t x_stride, float epsilon) {
  kk_layer_norm_arguments a = {.y = y,
                               .x = x,
                               .gamma = gamma,
                               .beta = beta,
                               .channels = channels,
                               .y_stride = y_stride,
                               .x_stride = x_stride,
                               .epsilon = epsilon};
  if (tokens == 1) {
    layer_norm_range(a, mean, rstd, groups, 1, 0);
  } else {
    layer_norm_range(a, mean, rstd, groups, tokens, 0);
  }
}

void KK_FN(kk_layer_norm_residual)(float *y, float *h, float *mean, float *rstd, const float *x,
                                   const float *f, const float *scale, const float *gamma,
                                   const float *beta, size_t groups, size_t tokens, size_t channels,
                                   ptrdiff_t y_stride, ptrdiff_t h_stride, ptrdiff_t x_stride,
                                   ptrdiff_t f_stride, float factor, float epsilon) {
  kk_layer_norm_arguments a = {y,        h,        x,        f,        scale,    gamma,  beta,
                               channels, y_stride, h_stride, x_stride, f_stride, factor, epsilon};
  if (tokens == 1) {
    layer_norm_range(a, mean, rstd, groups, 1, 1);
  } else {
    layer_norm_range(a, mean, rstd, groups, tokens, 1);
  }
}

// With n = x̂, g = dy·gamma: dx = rstd·(g - avg(g) - n·avg(g·n)).
KK_INLINE void layer_norm_backward_group(kk_layer_norm_gradients a, float mean, float rstd,
                                         const size_t tokens) {
  vf sum = {0}, product = {0};
  for (size_t t = 0; t < tokens; t++) {
    const float *x = a.x + (ptrdiff_t)t * a.x_stride, *dy = a.dy + (ptrdiff_t)t * a.dy_stride;
    KK_FOR_LANES(c, a.channels, {
      vf d = v_get(dy + c, lanes);
      vf normal = (v_get(x + c, lanes) - mean) * rstd;
      vf dn = d * normal;
      vf gamma = v_get(a.gamma + c, lanes);
      v_put(a.dbeta + c, v_get(a.dbeta + c, lanes) + d, lanes);
      v_put(a.dgamma + c, v_get(a.dgamma + c, lanes) + dn, lanes);
      sum = v_fma(d, gamma, sum);
      product = v_fma(dn, gamma, product);
    });
  }
  const float n = (float)(tokens * a.channels);
  // dx = rstd·g + slope·x + offset
  const float slope = -rstd * rstd * v_total(product) / n;
  const float offset = -rstd * v_total(sum) / n - slope * mean;
  for (size_t t = 0; t < tokens; t++) {
    const float *x = a.x + (ptrdiff_t)t * a.x_stride, *dy = a.dy + (ptrdiff_t)t * a.dy_stride;
    const float *add = a.add ? a.add + (ptrdiff_t)t * a.add_stride : NULL;
    float *dx = a.dx + (ptrdiff_t)t * a.dx_stride;
    KK_FOR_LANES(c, a.channels, {
      vf v = v_fma(v_get(x + c, lanes), v_splat(slope), v_splat(offset));
      v = v_fma(v_get(dy + c, lanes) * v_get(a.gamma + c, lanes), v_splat(rstd), v);
      if (add) v += v_get(add + c, lanes);
      v_put(dx + c, v, lanes);
    });
  }
}

KK_INLINE void layer_norm_backward_range(kk_layer_norm_gradients a, const float *mean,
                                         const float *rstd, size_t groups, const size_t tokens) {
  for (size_t g = 0; g < groups; g++) {
    layer_norm_backward_group(a, mean[g], rstd[g], tokens);
    a.x += (ptrdiff_t)tokens * a.x_stride;
    a.dx += (ptrdiff_t)tokens * a.dx_stride;
    a.dy += (ptrdiff_t)tokens * a.dy_stride;
    if (a.add) a.add += (ptrdiff_t)tokens * a.add_stride;
  }
}

void KK_FN(kk_layer_norm_backward)(float *dx, float *dgamma, float *dbeta, const float *dy,
                                   const float *add, const float *x, const float *mean,
                                   const float *rstd, const float *gamma, size_t groups,
                                   size_t tokens, size_t channels, ptrdiff_t dx_stride,
                                   ptrdiff_t dy_stride, ptrdiff_t add_stride, ptrdiff_t x_stride) {
  kk_layer_norm_gradients a = {dx,    dgamma,   dbeta,     dy,        add,        x,
                               gamma, channels, dx_stride, dy_stride, add_stride, x_stride};
  if (tokens == 1 && !add) {
    layer_norm_backward_range(a, mean, rstd, groups, 1);
  } else {
    layer_norm_backward_range(a, mean, rstd, groups, tokens);
  }
}

#undef layer_norm_group
#undef layer_norm_range
#undef layer_norm_backward_group
#undef layer_norm_backward_range
