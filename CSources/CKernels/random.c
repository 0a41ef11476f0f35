#include "include/random.h"

#include <math.h>

#include "internal/philox.h"

#define KK_BODY "../random.inc.h"
#include "internal/per_isa.h"

// The reference works element by element, from the definition in random.h.
#pragma clang fp contract(off)

void kk_philox4x32(uint32_t *out, const uint32_t *counter, const uint32_t *key) {
  uint32_t x0 = counter[0], x1 = counter[1], x2 = counter[2], x3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t even = (uint64_t)KK_PHILOX_M0 * x0, odd = (uint64_t)KK_PHILOX_M1 * x2;
    x0 = (uint32_t)(odd >> 32) ^ x1 ^ k0;
    x1 = (uint32_t)odd;
    x2 = (uint32_t)(even >> 32) ^ x3 ^ k1;
    x3 = (uint32_t)even;
    k0 += KK_PHILOX_W0;
    k1 += KK_PHILOX_W1;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

static float gaussian_reference(uint32_t radius, uint32_t direction, int second) {
  float u = fmaf((float)(int32_t)(radius >> 1), 0x1p-31f, 0x1p-32f);
  int32_t bits;
  memcpy(&bits, &u, sizeof bits);
  int32_t exponent = (bits - KK_SQRT_HALF_BITS) >> 23;
  bits -= (int32_t)((uint32_t)exponent << 23);
  float m;
  memcpy(&m, &bits, sizeof m);
  float f = m - 1.0f, p = kk_neg_log[7];
  for (int i = 6; i >= 0; i--) p = fmaf(p, f, kk_neg_log[i]);
  float r = sqrtf(fmaf((float)exponent, KK_NEG_LN2, p * f));

  float t = (float)(int32_t)(direction << 2) * 0x1p-31f;
  float t2 = t * t, c = kk_cos_quarter[3], s = kk_sin_quarter[3];
  for (int i = 2; i >= 0; i--) {
    c = fmaf(c, t2, kk_cos_quarter[i]);
    s = fmaf(s, t2, kk_sin_quarter[i]);
  }
  s = s * t;
  float z = second ? r * (c + s) : r * (c - s);
  return (second ? direction << 1 : direction) & 0x80000000u ? -z : z;
}

static void draw_reference(float *out, const float *x, const float *sigma, kk_draw d,
                           uint64_t begin, size_t count) {
  const uint32_t key[2] = {(uint32_t)d.seed, (uint32_t)(d.seed >> 32)};
  for (size_t k = 0; k < count; k++) {
    uint64_t i = begin + k, block = 16 * (i / 64) + i % 16;
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)d.stream,
                           (uint32_t)(d.stream >> 32)};
    uint32_t w[4];
    kk_philox4x32(w, counter, key);
    int word = (int)(i % 64 / 16);
    float z = gaussian_reference(w[word & 2], w[word | 1], word & 1);
    float mask = w[word] >> 8 < d.bound ? d.scale : 0.0f;
    uint32_t integer = (uint32_t)((uint64_t)w[word] * d.bound >> 32);
    switch (d.kind) {
      case KK_DRAW_BITS:
        memcpy(&out[k], &w[word], 4);
        break;
      case KK_DRAW_UNIFORM:
        out[k] = fmaf((float)(w[word] >> 8), 0x1p-24f * d.scale, d.offset);
        break;
      case KK_DRAW_GAUSSIAN:
        out[k] = fmaf(z, d.scale, d.offset);
        break;
      case KK_DRAW_BERNOULLI:
        out[k] = mask;
        break;
      case KK_DRAW_INTEGERS:
        memcpy(&out[k], &integer, 4);
        break;
      case KK_DRAW_ADD_GAUSSIAN:
        out[k] = fmaf(z, d.scale, x[k]);
        break;
      case KK_DRAW_ADD_GAUSSIAN_EACH:
        out[k] = fmaf(z, sigma[k], x[k]);
        break;
      case KK_DRAW_DROPOUT:
        out[k] = x[k] * mask;
        break;
    }
  }
}

#define KK_DRAW_REFERENCE(name, draw_kind)                                                \
  static void name##_reference(float *out, const float *x, const float *sigma, kk_draw d, \
                               uint64_t begin, size_t count) {                            \
    d.kind = draw_kind;                                                                   \
    draw_reference(out, x, sigma, d, begin, count);                                       \
  }
KK_DRAW_REFERENCE(kk_draw_bits, KK_DRAW_BITS)
KK_DRAW_REFERENCE(kk_draw_uniform, KK_DRAW_UNIFORM)
KK_DRAW_REFERENCE(kk_draw_gaussian, KK_DRAW_GAUSSIAN)
KK_DRAW_REFERENCE(kk_draw_bernoulli, KK_DRAW_BERNOULLI)
KK_DRAW_REFERENCE(kk_draw_integers, KK_DRAW_INTEGERS)
KK_DRAW_REFERENCE(kk_draw_add_gaussian, KK_DRAW_ADD_GAUSSIAN)
KK_DRAW_REFERENCE(kk_draw_add_gaussian_each, KK_DRAW_ADD_GAUSSIAN_EACH)
KK_DRAW_REFERENCE(kk_draw_dropout, KK_DRAW_DROPOUT)

static uint32_t threshold(float keep) {
  double t = (double)keep * 0x1p24 + 0.5;
  return t <= 0 ? 0 : t >= 0x1p24 ? 1u << 24 : (uint32_t)t;
}

// The words of bits and integers travel through the same bodies as floats do; they are only moved.
void kk_random_bits(uint32_t *out, uint64_t seed, uint64_t stream, uint64_t begin, size_t count) {
  kk_draw d = {.seed = seed, .stream = stream};
  KK_DISPATCH(kk_draw_bits, (float *)out, NULL, NULL, d, begin, count);
}

void kk_random_uniform(float *out, float offset, float scale, uint64_t seed, uint64_t stream,
                       uint64_t begin, size_t count) {
  kk_draw d = {.offset = offset, .scale = scale, .seed = seed, .stream = stream};
  KK_DISPATCH(kk_draw_uniform, out, NULL, NULL, d, begin, count);
}

void kk_random_gaussian(float *out, float mean, float sigma, uint64_t seed, uint64_t stream,
                        uint64_t begin, size_t count) {
  kk_draw d = {.offset = mean, .scale = sigma, .seed = seed, .stream = stream};
  KK_DISPATCH(kk_draw_gaussian, out, NULL, NULL, d, begin, count);
}

void kk_random_bernoulli(float *out, float keep, float value, uint64_t seed, uint64_t stream,
                         uint64_t begin, size_t count) {
  kk_draw d = {.scale = value, .bound = threshold(keep), .seed = seed, .stream = stream};
  KK_DISPATCH(kk_draw_bernoulli, out, NULL, NULL, d, begin, count);
}

void kk_random_integers(uint32_t *out, uint32_t bound, uint64_t seed, uint64_t stream,
                        uint64_t begin, size_t count) {
  kk_draw d = {.bound = bound, .seed = seed, .stream = stream};
  KK_DISPATCH(kk_draw_integers, (float *)out, NULL, NULL, d, begin, count);
}

void kk_random_add_gaussian(float *y, const float *x, float sigma, uint64_t seed, uint64_t stream,
                            uint64_t begin, size_t count) {
  kk_draw d = {.scale = sigma, .seed = seed, .stream = stream};
  KK_DISPATCH(kk_draw_add_gaussian, y, x, NULL, d, begin, count);
}

void kk_random_add_gaussian_each(float *y, const float *x, const float *sigma, uint64_t seed,
                                 uint64_t stream, uint64_t begin, size_t count) {
  kk_draw d = {.seed = seed, .stream = stream};
  KK_DISPATCH(kk_draw_add_gaussian_each, y, x, sigma, d, begin, count);
}

void kk_random_dropout(float *y, const float *x, float keep, uint64_t seed, uint64_t stream,
                       uint64_t begin, size_t count) {
  kk_draw d = {.scale = 1.0f / keep, .bound = threshold(keep), .seed = seed, .stream = stream};
  KK_DISPATCH(kk_draw_dropout, y, x, NULL, d, begin, count);
}
