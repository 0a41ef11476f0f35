// Vector bodies of recurrence.h.
#include "activations.inc.h"
#include "elementwise_lanes.inc.h"

static void KK_FN(kk_lstm_forward)(float *state, const float *gates, const float *before,
                                   size_t rows, size_t units, ptrdiff_t before_stride) {
  for (size_t r = 0; r < rows; r++) {
    const float *gate = gates + r * 4 * units, *kept = before + (ptrdiff_t)r * before_stride;
    float *out = state + r * 2 * units;
    KK_FOR_LANES(u, units, {
      vf input = v_sigmoid(v_get(gate + u, lanes));
      vf forget = v_sigmoid(v_get(gate + units + u, lanes));
      vf candidate = v_tanh(v_get(gate + 2 * units + u, lanes));
      vf output = v_sigmoid(v_get(gate + 3 * units + u, lanes));
      vf c = v_fma(forget, v_get(kept + u, lanes), input * candidate);
      v_put(out + u, output * v_tanh(c), lanes);
      v_put(out + units + u, c, lanes);
    });
  }
}

static void KK_FN(kk_lstm_backward)(float *dgates, float *dbefore, const float *dstate,
                                    const float *gates, const float *before, const float *state,
                                    size_t rows, size_t units, ptrdiff_t before_stride) {
  for (size_t r = 0; r < rows; r++) {
    const float *gate = gates + r * 4 * units, *kept = before + (ptrdiff_t)r * before_stride;
    const float *out = state + r * 2 * units, *dout = dstate + r * 2 * units;
    float *dgate = dgates + r * 4 * units;
    KK_FOR_LANES(u, units, {
      vf input = v_sigmoid(v_get(gate + u, lanes));
      vf forget = v_sigmoid(v_get(gate + units + u, lanes));
      vf candidate = v_tanh(v_get(gate + 2 * units + u, lanes));
      vf output = v_sigmoid(v_get(gate + 3 * units + u, lanes));
      vf squashed = v_tanh(v_get(out + units + u, lanes));
      vf dh = v_get(dout + u, lanes);
      vf dc = dh * output * (1.0f - squashed * squashed) + v_get(dout + units + u, lanes);
      v_put(dgate + u, dc * candidate * input * (1.0f - input), lanes);
      v_put(dgate + units + u, dc * v_get(kept + u, lanes) * forget * (1.0f - forget), lanes);
      v_put(dgate + 2 * units + u, dc * input * (1.0f - candidate * candidate), lanes);
      v_put(dgate + 3 * units + u, dh * squashed * output * (1.0f - output), lanes);
      v_put(dbefore + r * units + u, dc * forget, lanes);
    });
  }
}
