// Constants shared by the reference and the vector bodies of random.h.
#pragma once

#include <stdint.h>

#define KK_PHILOX_M0 0xD2511F53u
#define KK_PHILOX_M1 0xCD9E8D57u
#define KK_PHILOX_W0 0x9E3779B9u
#define KK_PHILOX_W1 0xBB67AE85u

// What is done with the random words.
typedef enum {
  KK_DRAW_BITS,
  KK_DRAW_UNIFORM,
  KK_DRAW_GAUSSIAN,
  KK_DRAW_BERNOULLI,
  KK_DRAW_INTEGERS,
  KK_DRAW_ADD_GAUSSIAN,
  KK_DRAW_ADD_GAUSSIAN_EACH,
  KK_DRAW_DROPOUT
} kk_draw_kind;

typedef struct {
  kk_draw_kind kind;
  float offset, scale;
  uint32_t bound;  // of integers; of Bernoulli: kept where (word >> 8) < bound
  uint64_t seed, stream;
} kk_draw;

// Minimax polynomials of the Gaussian, ascending. With t in [-1, 1]:
//   cos(t·π/4) = COS(t²), sin(t·π/4) = t·SIN(t²), absolute error < 3e-8;
//   -ln(1 + f) = f·LOG(f) for 1 + f in [√½, √2), relative error < 2e-7.
static const float kk_cos_quarter[4] = {1.0f, -0.3084242641925812f, 0.015849914401769638f,
                                        -0.0003188805130776018f};
static const float kk_sin_quarter[4] = {0.7853981852531433f, -0.08074543625116348f,
                                        0.002490007085725665f, -3.595450834836811e-05f};
static const float kk_neg_log[8] = {
    -0.9999999403953552f, 0.5000036358833313f,  -0.33335059881210327f, 0.24969908595085144f,
    -0.1990017294883728f, 0.17250847816467285f, -0.16222524642944336f, 0.10106763988733292f};
#define KK_SQRT_HALF_BITS 0x3f3504f3
#define KK_NEG_LN2 (-0.6931471824645996f)
