#include "include/recurrence.h"

#include <math.h>

#include "include/transforms.h"

#define KK_BODY "../recurrence.inc.h"
#include "internal/per_isa.h"

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static void kk_lstm_forward_reference(float *state, const float *gates, const float *before,
                                      size_t rows, size_t units, ptrdiff_t before_stride) {
  for (size_t r = 0; r < rows; r++) {
    const float *gate = gates + r * 4 * units;
    float *out = state + r * 2 * units;
    for (size_t u = 0; u < units; u++) {
      double c = sigmoid(gate[units + u]) * before[(ptrdiff_t)r * before_stride + (ptrdiff_t)u] +
                 sigmoid(gate[u]) * tanh(gate[2 * units + u]);
      out[u] = (float)(sigmoid(gate[3 * units + u]) * tanh(c));
      out[units + u] = (float)c;
    }
  }
}

static void kk_lstm_backward_reference(float *dgates, float *dbefore, const float *dstate,
                                       const float *gates, const float *before, const float *state,
                                       size_t rows, size_t units, ptrdiff_t before_stride) {
  for (size_t r = 0; r < rows; r++) {
    const float *gate = gates + r * 4 * units, *out = state + r * 2 * units;
    const float *dout = dstate + r * 2 * units;
    float *dgate = dgates + r * 4 * units;
    for (size_t u = 0; u < units; u++) {
      double input = sigmoid(gate[u]), forget = sigmoid(gate[units + u]);
      double candidate = tanh(gate[2 * units + u]), output = sigmoid(gate[3 * units + u]);
      double squashed = tanh(out[units + u]), dh = dout[u];
      double dc = dh * output * (1 - squashed * squashed) + dout[units + u];
      double kept = before[(ptrdiff_t)r * before_stride + (ptrdiff_t)u];
      dgate[u] = (float)(dc * candidate * input * (1 - input));
      dgate[units + u] = (float)(dc * kept * forget * (1 - forget));
      dgate[2 * units + u] = (float)(dc * input * (1 - candidate * candidate));
      dgate[3 * units + u] = (float)(dh * squashed * output * (1 - output));
      dbefore[r * units + u] = (float)(dc * forget);
    }
  }
}

void kk_lstm_forward(float *state, const float *gates, const float *before, size_t rows,
                     size_t units, ptrdiff_t before_stride) {
  KK_DISPATCH(kk_lstm_forward, state, gates, before, rows, units, before_stride);
}

void kk_lstm_backward(float *dgates, float *dbefore, const float *dstate, const float *gates,
                      const float *before, const float *state, size_t rows, size_t units,
                      ptrdiff_t before_stride) {
  KK_DISPATCH(kk_lstm_backward, dgates, dbefore, dstate, gates, before, state, rows, units,
              before_stride);
}
