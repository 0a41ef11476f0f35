// Vector bodies of random.h. A group is 64 elements: the four words of 16 consecutive blocks.
// Every operation is exact or one IEEE rounding, in the same order as the reference.
#pragma clang fp contract(off)

typedef uint64_t KK_FN(kk_wide) __attribute__((vector_size(4 * KK_LANES)));
typedef uint32_t KK_FN(kk_words) __attribute__((vector_size(4 * KK_LANES)));
#define wide KK_FN(kk_wide)
#define words KK_FN(kk_words)
#define wide_splat KK_FN(kk_wide_splat)
#define product KK_FN(kk_product)
#define high_half KK_FN(kk_high_half)
#define philox_half KK_FN(kk_philox_half)
#define philox_words KK_FN(kk_philox_words)
#define gaussian_pair KK_FN(kk_gaussian_pair)
#define draw_part KK_FN(kk_draw_part)
#define draw_group KK_FN(kk_draw_group)
#define draw_range KK_FN(kk_draw_range)

KK_INLINE wide wide_splat(uint64_t x) { return (wide){0} + x; }

// Full product of the low halves of each 64-bit lane.
KK_INLINE wide product(wide a, wide b) {
#if KK_AVX512
  return (wide)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif KK_AVX2
  return (wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

// The high half of each lane moved low. A shuffle, because shifts compete with the multiplications
// for one port; what it leaves in the high half is never read.
KK_INLINE wide high_half(wide a) {
#if KK_AVX512
  return (wide)_mm512_shuffle_epi32((__m512i)a, 0xF5);
#elif KK_AVX2
  return (wide)_mm256_shuffle_epi32((__m256i)a, 0xF5);
#else
  return a >> 32;
#endif
}

// Ten rounds for the blocks low + {0, 2, 4, …}, one in each 64-bit lane; words are in the low halves.
// In the first two rounds one of the two products is the same for all blocks, hence scalar.
KK_INLINE void philox_half(wide *x, uint64_t low, uint32_t high, uint64_t seed, uint64_t stream) {
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  uint64_t p1 = (uint64_t)KK_PHILOX_M1 * (uint32_t)stream;
  uint32_t s0 = (uint32_t)(p1 >> 32) ^ high ^ k0;
  wide index;
  for (int i = 0; i < KK_LANES / 2; i++) index[i] = 2 * (uint64_t)i;
  wide p = product(wide_splat(KK_PHILOX_M0), index + low);
  wide x2 = high_half(p) ^ wide_splat((uint32_t)(stream >> 32) ^ k1);
  wide x3 = p;
  k0 += KK_PHILOX_W0;
  k1 += KK_PHILOX_W1;
  uint64_t q = (uint64_t)KK_PHILOX_M0 * s0;
  p = product(wide_splat(KK_PHILOX_M1), x2);
  wide x0 = high_half(p) ^ wide_splat((uint32_t)p1 ^ k0);
  wide x1 = p;
  x2 = x3 ^ wide_splat((uint32_t)(q >> 32) ^ k1);
  x3 = wide_splat((uint32_t)q);
#pragma clang loop unroll(full)
  for (int round = 2; round < 10; round++) {
    k0 += KK_PHILOX_W0;
    k1 += KK_PHILOX_W1;
    wide even = product(wide_splat(KK_PHILOX_M0), x0);
    wide odd = product(wide_splat(KK_PHILOX_M1), x2);
    x0 = high_half(odd) ^ x1 ^ wide_splat(k0);
    x1 = odd;
    x2 = high_half(even) ^ x3 ^ wide_splat(k1);
    x3 = even;
  }
  x[0] = x0;
  x[1] = x1;
  x[2] = x2;
  x[3] = x3;
}

// Words of KK_LANES consecutive blocks from `block`; they share the high half of the counter.
KK_INLINE void philox_words(words *w, uint64_t block, uint64_t seed, uint64_t stream) {
  wide even[4], odd[4];
  philox_half(even, (uint32_t)block, (uint32_t)(block >> 32), seed, stream);
  philox_half(odd, (uint32_t)block + 1u, (uint32_t)(block >> 32), seed, stream);
  for (int i = 0; i < 4; i++) w[i] = (words)((even[i] & 0xffffffffu) | (odd[i] << 32));
}

// Two independent standard normals: radius from one word, direction from the other. The direction is
// an angle of ±45° turned by 45°, which makes (cos - sin, cos + sin), and two random signs.
KK_INLINE void gaussian_pair(vf *z0, vf *z1, words radius, words direction) {
  vf u = v_fma(__builtin_convertvector((vi)(radius >> 1), vf), v_splat(0x1p-31f), v_splat(0x1p-32f));
  vi bits = (vi)u;
  vi exponent = (bits - KK_SQRT_HALF_BITS) >> 23;
  vf f = (vf)(bits - (exponent << 23)) - 1.0f;
  vf p = v_splat(kk_neg_log[7]);
#pragma clang loop unroll(full)
  for (int i = 6; i >= 0; i--) p = v_fma(p, f, v_splat(kk_neg_log[i]));
  vf r = __builtin_elementwise_sqrt(
      v_fma(__builtin_convertvector(exponent, vf), v_splat(KK_NEG_LN2), p * f));

  vf t = __builtin_convertvector((vi)(direction << 2), vf) * 0x1p-31f;
  vf t2 = t * t;
  vf c = v_splat(kk_cos_quarter[3]), s = v_splat(kk_sin_quarter[3]);
#pragma clang loop unroll(full)
  for (int i = 2; i >= 0; i--) {
    c = v_fma(c, t2, v_splat(kk_cos_quarter[i]));
    s = v_fma(s, t2, v_splat(kk_sin_quarter[i]));
  }
  s = s * t;
  words sign0 = direction & 0x80000000u, sign1 = (direction << 1) & 0x80000000u;
  *z0 = (vf)((words)(r * (c - s)) ^ sign0);
  *z1 = (vf)((words)(r * (c + s)) ^ sign1);
}

// One vector of each of the four words: elements part·KK_LANES + 16·word of a group.
KK_INLINE void draw_part(float *out, const float *x, const float *sigma, kk_draw d,
                         const words *w) {
  vf z[4];
  if (d.kind == KK_DRAW_GAUSSIAN || d.kind == KK_DRAW_ADD_GAUSSIAN ||
      d.kind == KK_DRAW_ADD_GAUSSIAN_EACH) {
    gaussian_pair(&z[0], &z[1], w[0], w[1]);
    gaussian_pair(&z[2], &z[3], w[2], w[3]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    vf y;
    switch (d.kind) {
      case KK_DRAW_BITS: y = (vf)w[i]; break;
      case KK_DRAW_UNIFORM:
        y = v_fma(__builtin_convertvector((vi)(w[i] >> 8), vf), v_splat(0x1p-24f * d.scale),
                  v_splat(d.offset));
        break;
      case KK_DRAW_GAUSSIAN: y = v_fma(z[i], v_splat(d.scale), v_splat(d.offset)); break;
      case KK_DRAW_BERNOULLI:
        y = (vf)(((vi)(w[i] >> 8) < (vi)((words){0} + d.bound)) & (vi)v_splat(d.scale));
        break;
      case KK_DRAW_INTEGERS: {
        wide n = wide_splat(d.bound);
        wide even = product((wide)w[i], n) >> 32;
        wide odd = product((wide)w[i] >> 32, n) & 0xffffffff00000000u;
        y = (vf)(even | odd);
        break;
      }
      case KK_DRAW_ADD_GAUSSIAN: y = v_fma(z[i], v_splat(d.scale), v_load(x + 16 * i)); break;
      case KK_DRAW_ADD_GAUSSIAN_EACH:
        y = v_fma(z[i], v_load(sigma + 16 * i), v_load(x + 16 * i));
        break;
      case KK_DRAW_DROPOUT:
        y = v_load(x + 16 * i) *
            (vf)(((vi)(w[i] >> 8) < (vi)((words){0} + d.bound)) & (vi)v_splat(d.scale));
        break;
    }
    v_store(out + 16 * i, y);
  }
}

KK_INLINE void draw_group(float *out, const float *x, const float *sigma, kk_draw d,
                          uint64_t group) {
  for (int part = 0; part < 16; part += KK_LANES) {
    words w[4];
    philox_words(w, 16 * group + (uint64_t)part, d.seed, d.stream);
    draw_part(out + part, x + part, sigma + part, d, w);
  }
}

KK_INLINE void draw_range(float *out, const float *x, const float *sigma, kk_draw d, uint64_t begin,
                          size_t count) {
  static const float nothing[64];
  int has_x = x != NULL, has_sigma = sigma != NULL;
  size_t done = 0;
  while (done < count) {
    uint64_t group = (begin + done) / 64;
    size_t first = (size_t)((begin + done) % 64);
    size_t n = 64 - first < count - done ? 64 - first : count - done;
    if (n == 64) {
      draw_group(out + done, has_x ? x + done : nothing, has_sigma ? sigma + done : nothing, d,
                 group);
    } else {
      float part_out[64], part_x[64] = {0}, part_sigma[64] = {0};
      if (has_x) memcpy(part_x + first, x + done, n * sizeof(float));
      if (has_sigma) memcpy(part_sigma + first, sigma + done, n * sizeof(float));
      draw_group(part_out, part_x, part_sigma, d, group);
      memcpy(out + done, part_out + first, n * sizeof(float));
    }
    done += n;
  }
}

#define KK_DRAW_BODY(name, draw_kind)                                                            \
  void KK_FN(name)(float *out, const float *x, const float *sigma, kk_draw d, uint64_t begin,    \
                   size_t count) {                                                               \
    d.kind = draw_kind;                                                                          \
    draw_range(out, x, sigma, d, begin, count);                                                  \
  }
KK_DRAW_BODY(kk_draw_bits, KK_DRAW_BITS)
KK_DRAW_BODY(kk_draw_uniform, KK_DRAW_UNIFORM)
KK_DRAW_BODY(kk_draw_gaussian, KK_DRAW_GAUSSIAN)
KK_DRAW_BODY(kk_draw_bernoulli, KK_DRAW_BERNOULLI)
KK_DRAW_BODY(kk_draw_integers, KK_DRAW_INTEGERS)
KK_DRAW_BODY(kk_draw_add_gaussian, KK_DRAW_ADD_GAUSSIAN)
KK_DRAW_BODY(kk_draw_add_gaussian_each, KK_DRAW_ADD_GAUSSIAN_EACH)
KK_DRAW_BODY(kk_draw_dropout, KK_DRAW_DROPOUT)
#undef KK_DRAW_BODY

#undef wide
#undef words
#undef wide_splat
#undef product
#undef high_half
#undef philox_half
#undef philox_words
#undef gaussian_pair
#undef draw_part
#undef draw_group
#undef draw_range
