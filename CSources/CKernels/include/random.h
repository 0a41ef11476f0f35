// Random numbers that are a function of (seed, stream, index): counter-based Philox4x32-10.
//
// J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
//
// A stream is an endless sequence of elements. Every function here writes the elements
// [begin, begin + count) of one, so that ranges may be cut anywhere, in any order, by any number of
// threads, and the bits stay the same; they are also the same on every instruction set.
//
// Element i of a stream is word (i mod 64) / 16 of the Philox block whose key is the seed and whose
// counter is (low half, high half) of 16·(i / 64) + i mod 16, then of the stream. This order lets a
// vector of 16 lanes write its words where they fall, without a transposition. Ranges that begin at
// a multiple of 64 are the fastest.
//
// Outputs of the fused consumers may be their inputs (in place).
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// One block: out[4] from counter[4] and key[2] (32-bit words, least significant first).
void kk_philox4x32(uint32_t *out, const uint32_t *counter, const uint32_t *key);

// out[count]: 32 random bits each.
void kk_random_bits(uint32_t *out, uint64_t seed, uint64_t stream, uint64_t begin, size_t count);

// out[count] = offset + scale·u, u uniform on [0, 1) in steps of 2⁻²⁴ (one fused multiply-add).
void kk_random_uniform(float *out, float offset, float scale, uint64_t seed, uint64_t stream,
                       uint64_t begin, size_t count);

// out[count] = mean + sigma·z, z standard normal (Box–Muller, |z| ≤ 6.7).
void kk_random_gaussian(float *out, float mean, float sigma, uint64_t seed, uint64_t stream,
                        uint64_t begin, size_t count);

// out[count] = value with probability keep, else 0. keep is rounded to a multiple of 2⁻²⁴; with
// value = 1 / keep this is the mask of dropout, or the per-sample factors of drop-path.
void kk_random_bernoulli(float *out, float keep, float value, uint64_t seed, uint64_t stream,
                         uint64_t begin, size_t count);

// out[count]: integers of [0, bound), bound ≥ 1, as the high word of bits·bound. A value's
// probability is off by less than 2⁻³² of the whole.
void kk_random_integers(uint32_t *out, uint32_t bound, uint64_t seed, uint64_t stream,
                        uint64_t begin, size_t count);

// y[count] = x[count] + sigma·z.
void kk_random_add_gaussian(float *y, const float *x, float sigma, uint64_t seed, uint64_t stream,
                            uint64_t begin, size_t count);

// y[count] = x[count] + sigma[count]·z: a standard deviation for each element.
void kk_random_add_gaussian_each(float *y, const float *x, const float *sigma, uint64_t seed,
                                 uint64_t stream, uint64_t begin, size_t count);

// y[count] = x[count]·mask, the mask being kk_random_bernoulli(keep, 1 / keep) of the same range:
// dropout forward, and backward with the gradient as x. No mask is stored. keep > 0.
void kk_random_dropout(float *y, const float *x, float keep, uint64_t seed, uint64_t stream,
                       uint64_t begin, size_t count);

#ifdef __cplusplus
}
#endif
