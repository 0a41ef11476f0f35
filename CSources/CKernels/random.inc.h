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
#define philox_sets KK_FN(kk_philox_sets)
#define philox_words KK_FN(kk_philox_words)
#define gaussian_pair KK_FN(kk_gaussian_pair)
#define draw_part KK_FN(kk_draw_part)
#define draw_groups KK_FN(kk_draw_groups)
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

// Ten rounds for `sets` sets of KK_LANES / 2 blocks: set s holds the blocks low[s] + {0, 2, 4, …},
// one in each 64-bit lane, and x[s] receives their words in the low halves. Several sets at a time
// hide the latency of the multiplications. In the first two rounds one of the two products is the
// same for all blocks, hence scalar.
KK_INLINE void philox_sets(wide (*x)[4], const uint64_t *low, uint64_t seed, uint64_t stream,
                           const int sets) {
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  const uint64_t p1 = (uint64_t)KK_PHILOX_M1 * (uint32_t)stream;
  wide steps;
  for (int i = 0; i < KK_LANES / 2; i++) steps[i] = 2 * (uint64_t)i * KK_PHILOX_M0;
#pragma clang loop unroll(full)
  for (int s = 0; s < sets; s++) {
    const uint32_t s0 = (uint32_t)(p1 >> 32) ^ (uint32_t)(low[s] >> 32) ^ k0;
    const uint64_t q = (uint64_t)KK_PHILOX_M0 * s0;
    wide p = steps + (uint64_t)KK_PHILOX_M0 * (uint32_t)low[s];
    wide x2 = high_half(p) ^ wide_splat((uint32_t)(stream >> 32) ^ k1);
    wide r = product(wide_splat(KK_PHILOX_M1), x2);
    x[s][0] = high_half(r) ^ wide_splat((uint32_t)p1 ^ (k0 + KK_PHILOX_W0));
    x[s][1] = r;
    x[s][2] = p ^ wide_splat((uint32_t)(q >> 32) ^ (k1 + KK_PHILOX_W1));
    x[s][3] = wide_splat((uint32_t)q);
  }
  k0 += KK_PHILOX_W0;
  k1 += KK_PHILOX_W1;
#pragma clang loop unroll(full)
  for (int round = 2; round < 10; round++) {
    k0 += KK_PHILOX_W0;
    k1 += KK_PHILOX_W1;
#pragma clang loop unroll(full)
    for (int s = 0; s < sets; s++) {
      wide even = product(wide_splat(KK_PHILOX_M0), x[s][0]);
      wide odd = product(wide_splat(KK_PHILOX_M1), x[s][2]);
      x[s][0] = high_half(odd) ^ x[s][1] ^ wide_splat(k0);
      x[s][1] = odd;
      x[s][2] = high_half(even) ^ x[s][3] ^ wide_splat(k1);
      x[s][3] = even;
    }
  }
}

// Words of KK_LANES consecutive blocks from block, block + 16, …, for `groups` groups. Blocks of
// one group share the high half of the counter.
KK_INLINE void philox_words(words (*w)[4], uint64_t block, uint64_t seed, uint64_t stream,
                            const int groups) {
  wide x[4][4];
  uint64_t low[4];
  for (int s = 0; s < 2 * groups; s++) low[s] = block + 16 * (uint64_t)(s / 2) + (uint64_t)(s % 2);
  philox_sets(x, low, seed, stream, 2 * groups);
  for (int g = 0; g < groups; g++) {
    for (int i = 0; i < 4; i++) {
      w[g][i] = (words)((x[2 * g][i] & 0xffffffffu) | (x[2 * g + 1][i] << 32));
    }
  }
}

// Two independent standard normals: radius from one word, direction from the other. The direction
// is an angle of ±45° turned by 45°, which makes (cos - sin, cos + sin), and two random signs.
KK_INLINE void gaussian_pair(vf *z0, vf *z1, words radius, words direction) {
  vf u =
      v_fma(__builtin_convertvector((vi)(radius >> 1), vf), v_splat(0x1p-31f), v_splat(0x1p-32f));
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
      case KK_DRAW_BITS:
        y = (vf)w[i];
        break;
      case KK_DRAW_UNIFORM:
        y = v_fma(__builtin_convertvector((vi)(w[i] >> 8), vf), v_splat(0x1p-24f * d.scale),
                  v_splat(d.offset));
        break;
      case KK_DRAW_GAUSSIAN:
        y = v_fma(z[i], v_splat(d.scale), v_splat(d.offset));
        break;
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
      case KK_DRAW_ADD_GAUSSIAN:
        y = v_fma(z[i], v_splat(d.scale), v_load(x + 16 * i));
        break;
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

// `groups` whole groups from `group`.
KK_INLINE void draw_groups(float *out, const float *x, const float *sigma, kk_draw d,
                           uint64_t group, const int groups) {
  for (int part = 0; part < 16; part += KK_LANES) {
    words w[2][4];
    philox_words(w, 16 * group + (uint64_t)part, d.seed, d.stream, groups);
    for (int g = 0; g < groups; g++) {
      const int at = 64 * g + part;
      draw_part(out + at, x ? x + at : NULL, sigma ? sigma + at : NULL, d, w[g]);
    }
  }
}

KK_INLINE void draw_range(float *out, const float *x, const float *sigma, kk_draw d, uint64_t begin,
                          size_t count) {
  size_t done = 0;
  while (done < count) {
    const uint64_t group = (begin + done) / 64;
    const size_t first = (size_t)((begin + done) % 64), left = count - done;
    size_t n = 64 - first < left ? 64 - first : left;
    if (!KK_AVX2 && first == 0 && left >= 128) {  // AVX2 lacks the registers for two groups
      n = 128;
      draw_groups(out + done, x ? x + done : NULL, sigma ? sigma + done : NULL, d, group, 2);
    } else if (n == 64) {
      draw_groups(out + done, x ? x + done : NULL, sigma ? sigma + done : NULL, d, group, 1);
    } else {
      float part_out[64], part_x[64] = {0}, part_sigma[64] = {0};
      if (x) memcpy(part_x + first, x + done, n * sizeof(float));
      if (sigma) memcpy(part_sigma + first, sigma + done, n * sizeof(float));
      draw_groups(part_out, part_x, part_sigma, d, group, 1);
      memcpy(out + done, part_out + first, n * sizeof(float));
    }
    done += n;
  }
}

#define KK_DRAW_BODY(name, draw_kind)                                                         \
  void KK_FN(name)(float *out, const float *x, const float *sigma, kk_draw d, uint64_t begin, \
                   size_t count) {                                                            \
    d.kind = draw_kind;                                                                       \
    draw_range(out, x, sigma, d, begin, count);                                               \
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
#undef philox_sets
#undef philox_words
#undef gaussian_pair
#undef draw_part
#undef draw_groups
#undef draw_range
