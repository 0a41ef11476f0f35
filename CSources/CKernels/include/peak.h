// Peak meters for benchmarks: what this processor can do at best, measured, with the instruction
// set in use. The caller times a call and divides.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Independent fused multiply-adds in registers, `rounds` rounds. *operations is the number of
// floating-point operations done (two for each fused multiply-add). *sink receives a value, so that
// nothing is optimised away.
void kk_peak_fma(double *operations, float *sink, size_t rounds);

// Reads x[n] once. *sink receives a sum. n·4 bytes.
void kk_peak_read(float *sink, const float *x, size_t n);

// Writes y[n] once. n·4 bytes.
void kk_peak_write(float *y, size_t n, float value);

// Copies x[n] to y[n]; 8·n bytes, not counting that lines of y may be read before they are written.
void kk_peak_copy(float *y, const float *x, size_t n);

#ifdef __cplusplus
}
#endif
