// Vector exp, log, erf, tanh, sigmoid and every activation with its derivative.
//
// Included by kernel bodies, once per instruction set (after simd.inc.h, inside per_isa.h). NaN
// goes through every function. Largest relative errors: exp, log, tanh, sigmoid, erf 3e-7; Φ 4e-7
// for |x| ≤ 4 and 4e-6 in the far tails (so GELU keeps its relative precision for negative x).
//
// The activation is a switch: in a loop hoist it with KK_WITH_ACTIVATION, which makes it a
// constant.
#define v_select KK_FN(kk_v_select)
#define v_at_least KK_FN(kk_v_at_least)
#define v_at_most KK_FN(kk_v_at_most)
#define v_exp KK_FN(kk_v_exp)
#define v_log KK_FN(kk_v_log)
#define v_phi KK_FN(kk_v_phi)
#define v_erf KK_FN(kk_v_erf)
#define v_tanh KK_FN(kk_v_tanh)
#define v_sigmoid KK_FN(kk_v_sigmoid)
#define v_activate KK_FN(kk_v_activate)
#define v_activate_gradient KK_FN(kk_v_activate_gradient)
#define v_activate_both KK_FN(kk_v_activate_both)

#ifndef KK_WITH_ACTIVATION
// Runs the statement with kk_act as a compile-time constant:
//   KK_WITH_ACTIVATION(t->activation, rows(y, x, n, kk_act));
#define KK_ACTIVATION_CASE_(value, statement) \
  case value: {                               \
    const kk_activation kk_act = value;       \
    statement;                                \
  } break
#define KK_WITH_ACTIVATION(activation, statement)       \
  switch (activation) {                                 \
    KK_ACTIVATION_CASE_(KK_ACT_RELU, statement);        \
    KK_ACTIVATION_CASE_(KK_ACT_HARDSWISH, statement);   \
    KK_ACTIVATION_CASE_(KK_ACT_SWISH, statement);       \
    KK_ACTIVATION_CASE_(KK_ACT_GELU, statement);        \
    KK_ACTIVATION_CASE_(KK_ACT_SIGMOID, statement);     \
    KK_ACTIVATION_CASE_(KK_ACT_TANH, statement);        \
    KK_ACTIVATION_CASE_(KK_ACT_HARDSIGMOID, statement); \
    KK_ACTIVATION_CASE_(KK_ACT_GELU_TANH, statement);   \
    default: {                                          \
      const kk_activation kk_act = KK_ACT_NONE;         \
      statement;                                        \
    } break;                                            \
  }
#endif

// Lane by lane: yes where the mask is -1, no where it is 0.
KK_INLINE vf v_select(vi mask, vf yes, vf no) { return (vf)((mask & (vi)yes) | (~mask & (vi)no)); }

// max(x, low) and min(x, high) that keep a NaN of x.
KK_INLINE vf v_at_least(vf x, float low) { return v_select(v_splat(low) > x, v_splat(low), x); }
KK_INLINE vf v_at_most(vf x, float high) { return v_select(v_splat(high) < x, v_splat(high), x); }

// e^x: 0 below -87.33, e^88.37 above 88.37. Cephes' polynomial after a two-step reduction by ln 2.
KK_INLINE vf v_exp(vf x) {
  vf z = v_at_most(v_at_least(x, -87.33f), 88.37f);
  vf big = v_splat(12582912.0f);  // 1.5·2^23: adding it rounds to the nearest integer
  vf shifted = v_fma(z, v_splat(1.44269504f), big);
  vf n = shifted - big;
  vf r = v_fma(n, v_splat(-0.693359375f), z);
  r = v_fma(n, v_splat(2.12194440e-4f), r);
  vf p = v_fma(v_splat(1.9875691500e-4f), r, v_splat(1.3981999507e-3f));
  p = v_fma(p, r, v_splat(8.3334519073e-3f));
  p = v_fma(p, r, v_splat(4.1665795894e-2f));
  p = v_fma(p, r, v_splat(1.6666665459e-1f));
  p = v_fma(p, r, v_splat(5.0000001201e-1f));
  p = v_fma(p, r * r, r) + 1.0f;
  vi exponent = (((vi)shifted - (vi)big) + 127) << 23;
  vf e = p * (vf)exponent;
  return v_select(x < v_splat(-87.33f), v_splat(0.0f), e);
}

// ln x for normal x > 0; -inf at 0 (and for subnormals), NaN below 0. Cephes' polynomial.
KK_INLINE vf v_log(vf x) {
  vi bits = (vi)x;
  vi exponent = ((bits >> 23) & 255) - 126;
  vf m = (vf)((bits & 0x007fffff) | 0x3f000000);  // in [0.5, 1)
  vi low = m < v_splat(0.707106781f);
  vf e = __builtin_convertvector(exponent + low, vf);
  vf f = v_select(low, m + m, m) - 1.0f;
  vf z = f * f;
  vf p = v_fma(v_splat(7.0376836292e-2f), f, v_splat(-1.1514610310e-1f));
  p = v_fma(p, f, v_splat(1.1676998740e-1f));
  p = v_fma(p, f, v_splat(-1.2420140846e-1f));
  p = v_fma(p, f, v_splat(1.4249322787e-1f));
  p = v_fma(p, f, v_splat(-1.6668057665e-1f));
  p = v_fma(p, f, v_splat(2.0000714765e-1f));
  p = v_fma(p, f, v_splat(-2.4999993993e-1f));
  p = v_fma(p, f, v_splat(3.3333331174e-1f));
  vf y = f * z * p;
  y = v_fma(e, v_splat(-2.12194440e-4f), y);
  y = v_fma(z, v_splat(-0.5f), y);
  y = v_fma(e, v_splat(0.693359375f), f + y);
  y = v_select(x < v_splat(1.17549435e-38f), v_splat(-__builtin_inff()), y);
  y = v_select(x < v_splat(0.0f), v_splat(__builtin_nanf("")), y);
  return v_select((x != x) | (x == v_splat(__builtin_inff())), x, y);
}

// Φ(x), the standard normal distribution function, and e = exp(-x²/2) for its density.
// 1 - Φ(|x|) = e·Q(1/(1 + 0.3|x|)), Q a degree 8 polynomial fitted to 1.5e-7 relative on |x| ≤ 14.
KK_INLINE vf v_phi(vf x, vf *e) {
  vf a = v_select(x < v_splat(0.0f), -x, x);
  vf t = v_splat(1.0f) / v_fma(a, v_splat(0.3f), v_splat(1.0f));
  *e = v_exp(x * x * -0.5f);
  vf q = v_fma(v_splat(0.03567489351535248f), t, v_splat(-0.15720356260379062f));
  q = v_fma(q, t, v_splat(0.20635429462366767f));
  q = v_fma(q, t, v_splat(-0.05368432753001313f));
  q = v_fma(q, t, v_splat(0.1285619630039663f));
  q = v_fma(q, t, v_splat(0.0999133983066809f));
  q = v_fma(q, t, v_splat(0.12075396973107447f));
  q = v_fma(q, t, v_splat(0.119629298021002f));
  vf tail = *e * q * t;
  return v_select(x < v_splat(0.0f), tail, 1.0f - tail);
}

KK_INLINE vf v_erf(vf x) {
  vf e, far = v_fma(v_phi(x * 1.41421356f, &e), v_splat(2.0f), v_splat(-1.0f));
  vf z = x * x;
  vf p = v_fma(v_splat(7.853861353e-5f), z, v_splat(-8.010193625e-4f));
  p = v_fma(p, z, v_splat(5.188327686e-3f));
  p = v_fma(p, z, v_splat(-2.685381194e-2f));
  p = v_fma(p, z, v_splat(1.128358515e-1f));
  p = v_fma(p, z, v_splat(-3.761262582e-1f));
  p = v_fma(p, z, v_splat(1.128379166f));
  return v_select(z < v_splat(1.0f), x * p, far);
}

KK_INLINE vf v_sigmoid(vf x) { return 1.0f / (1.0f + v_exp(-x)); }

KK_INLINE vf v_tanh(vf x) {
  vf a = v_select(x < v_splat(0.0f), -x, x);
  vf far = 1.0f - 2.0f / (v_exp(a + a) + 1.0f);
  far = v_select(x < v_splat(0.0f), -far, far);
  vf z = x * x;
  vf p = v_fma(v_splat(-5.70498872745e-3f), z, v_splat(2.06390887954e-2f));
  p = v_fma(p, z, v_splat(-5.37397155531e-2f));
  p = v_fma(p, z, v_splat(1.33314422036e-1f));
  p = v_fma(p, z, v_splat(-3.33332819422e-1f));
  vf near = v_fma(p * z, x, x);
  return v_select(a < v_splat(0.625f), near, far);
}

// The activation of x; with gradient != NULL also its derivative at x (shared work is done once).
KK_INLINE vf v_activate_both(kk_activation activation, vf x, vf *gradient) {
  const vf zero = v_splat(0.0f), one = v_splat(1.0f);
  vf slope = one, value = x;
  switch (activation) {
    case KK_ACT_RELU:
      slope = v_select(x > zero, one, zero);
      value = v_at_least(x, 0.0f);
      break;
    case KK_ACT_HARDSWISH: {
      vf gate = v_at_most(v_at_least(x + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f);
      value = x * gate;
      slope = v_fma(x, v_splat(1.0f / 3.0f), v_splat(0.5f));
      slope = v_select(x <= v_splat(-3.0f), zero, v_select(x >= v_splat(3.0f), one, slope));
      break;
    }
    case KK_ACT_SWISH: {
      vf s = v_sigmoid(x);
      value = x * s;
      slope = v_fma(value, 1.0f - s, s);
      break;
    }
    case KK_ACT_GELU: {
      vf e, phi = v_phi(x, &e);
      value = x * phi;
      slope = v_fma(x * 0.398942280f, e, phi);
      break;
    }
    case KK_ACT_SIGMOID:
      value = v_sigmoid(x);
      slope = value * (1.0f - value);
      break;
    case KK_ACT_TANH:
      value = v_tanh(x);
      slope = 1.0f - value * value;
      break;
    case KK_ACT_HARDSIGMOID:
      value = v_at_most(v_at_least(x + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f);
      slope = v_select((x > v_splat(-3.0f)) & (x < v_splat(3.0f)), v_splat(1.0f / 6.0f), zero);
      break;
    case KK_ACT_GELU_TANH: {
      // ½(1 + tanh u) = sigmoid(2u), u = √(2/π)·(x + 0.044715·x³)
      vf z = x * x;
      vf s = v_sigmoid(x * v_fma(z, v_splat(0.0713548163f), v_splat(1.59576912f)));
      value = x * s;
      vf du = v_fma(z, v_splat(3.0f * 0.0713548163f), v_splat(1.59576912f));
      slope = v_fma(value * (1.0f - s), du, s);
      break;
    }
    default:
      break;
  }
  if (gradient) *gradient = slope;
  return value;
}

KK_INLINE vf v_activate(kk_activation activation, vf x) {
  return v_activate_both(activation, x, NULL);
}

// The derivative of the activation at its argument x (not at its value).
KK_INLINE vf v_activate_gradient(kk_activation activation, vf x) {
  vf slope;
  v_activate_both(activation, x, &slope);
  return slope;
}
