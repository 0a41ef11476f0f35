// The cell of an LSTM (S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation
// 9:1735, 1997, with forget gates), for one time step of a batch.
//
// gates[r, 4·units] are the sums before the gates, in the order input, forget, candidate, output;
// state[r, 2·units] holds what a cell puts out, then what it keeps. Rows are dense.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// kept = σ(forget)·before + σ(input)·tanh(candidate); out = σ(output)·tanh(kept).
// before[r, units] is what the cells kept one step earlier.
void kk_lstm_forward(float *state, const float *gates, const float *before, size_t rows,
                     size_t units, ptrdiff_t before_stride);

// The gradients of gates and before, dense, from dstate[r, 2·units] and what forward had.
void kk_lstm_backward(float *dgates, float *dbefore, const float *dstate, const float *gates,
                      const float *before, const float *state, size_t rows, size_t units,
                      ptrdiff_t before_stride);

#ifdef __cplusplus
}
#endif
