// Vector body of bitserial.h. A block of columns is summed up in bytes, as many groups as fit, then
// in 16 bits; the codes of all bits, the highest first, add up in floats, which hold them exactly.
#include "elementwise_lanes.inc.h"

#define bs_bytes KK_FN(kk_bs_bytes)
#define bs_words KK_FN(kk_bs_words)
#define bs_part KK_FN(kk_bs_part)
#define bs_floats KK_FN(kk_bs_floats)
#define bs_sum KK_FN(kk_bs_sum)
#define bs_convert KK_FN(kk_bs_convert)
#define bs_smaller KK_FN(kk_bs_smaller)
#define bs_add KK_FN(kk_bs_add)

#pragma clang fp contract(off)

#define BS_PARTS (KK_BITSERIAL_BLOCK / KK_LANES)

typedef uint8_t bs_bytes __attribute__((vector_size(KK_BITSERIAL_BLOCK), aligned(1)));
typedef int16_t bs_words __attribute__((vector_size(2 * KK_BITSERIAL_BLOCK)));
typedef int16_t bs_part __attribute__((vector_size(2 * KK_LANES), aligned(2)));

// The smaller one, in one instruction where there is one: no NaN comes here.
KK_INLINE vf bs_smaller(vf a, vf b) {
#if KK_AVX512
  return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif KK_AVX2
  return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#else
  return v_min(a, b);
#endif
}

// sums ← the sums of a block of columns over all groups, in 16 bits.
KK_INLINE void bs_sum(bs_words *sums, const uint8_t *subsets, const uint8_t *table, size_t groups,
                      size_t groups_in_byte) {
  bs_words total = {0};
  for (size_t group = 0; group < groups;) {
    const size_t end = group + groups_in_byte < groups ? group + groups_in_byte : groups;
    bs_bytes sum = {0};
#pragma clang loop unroll_count(8)
    for (; group < end; group++, table += 16 * KK_BITSERIAL_BLOCK) {
      // Subsets count in eights of a byte offset, which an address takes as it is.
      sum += *(const bs_bytes *)(table + (size_t)subsets[group] * (KK_BITSERIAL_BLOCK / 8));
    }
    total += __builtin_convertvector(sum, bs_words);
  }
  *sums = total;
}

// total ← 2·total + the codes of the sums; beyond counts those that were clamped.
KK_INLINE void bs_convert(vf *total, vi *beyond, const bs_words *sums, kk_bitserial_adc adc) {
  const int16_t *sum = (const int16_t *)sums;
  for (int part = 0; part < BS_PARTS; part++) {
    const vf value =
        __builtin_convertvector(*(const bs_part *)(sum + part * KK_LANES), vf) * adc.inverse_step;
    const vf code = __builtin_elementwise_rint(value);
    const vf kept = bs_smaller(v_larger(code, v_splat(adc.low)), v_splat(adc.high));
    *beyond -= kept != code;
    total[part] = (total[part] + total[part]) + kept;
  }
}

// sums ← sign · the sums of a block, added to what is there.
KK_INLINE void bs_add(bs_words *sums, int sign, const uint8_t *subsets, const uint8_t *table,
                      size_t groups, size_t groups_in_byte) {
  if (!subsets || !table) return;
  bs_words more;
  bs_sum(&more, subsets, table, groups, groups_in_byte);
  *sums = sign > 0 ? *sums + more : *sums - more;
}

static void KK_FN(kk_bitserial)(size_t *clipped, float *y, ptrdiff_t y_stride,
                                const kk_bitserial_array *array, size_t vectors,
                                kk_bitserial_adc adc, const float *row_scale, float factor) {
  const size_t groups = (array->rows + 3) / 4, columns = array->columns;
  const unsigned bits = array->bits;
  const size_t fitting = 255 / (4 * (array->largest_cell > 0 ? array->largest_cell : 1));
  // Whole fours of groups, as the loop over them is unrolled.
  const size_t in_byte = fitting > 4 ? fitting / 4 * 4 : fitting;
  const size_t block_size = groups * 16 * KK_BITSERIAL_BLOCK;
  const uint8_t *table = array->table, *negative = array->negative_table;
  size_t count = 0;
  for (size_t first = 0; first < columns; first += KK_BITSERIAL_BLOCK) {
    const size_t width =
        columns - first < KK_BITSERIAL_BLOCK ? columns - first : KK_BITSERIAL_BLOCK;
    for (size_t v = 0; v < vectors; v++) {
      vf total[BS_PARTS] = {0};
      vi beyond = {0};
      for (unsigned bit = bits; bit-- > 0;) {
        const size_t at = (v * bits + bit) * groups;
        const uint8_t *plus = array->subsets + at;
        const uint8_t *minus = array->negative_subsets ? array->negative_subsets + at : NULL;
        bs_words sums;
        bs_sum(&sums, plus, table, groups, in_byte);
        bs_add(&sums, -1, plus, negative, groups, in_byte);
        bs_add(&sums, -1, minus, table, groups, in_byte);
        bs_add(&sums, 1, minus, negative, groups, in_byte);
        bs_convert(total, &beyond, &sums, adc);
        if (bit + 1 == bits && array->top_weight != 1) {
          for (int part = 0; part < BS_PARTS; part++) total[part] *= array->top_weight;
        }
      }
      const float scale = row_scale[v] * factor;
      float *target = y + (ptrdiff_t)v * y_stride + first;
      KK_FOR_LANES(c, width, {
        v_put(target + c, v_get(target + c, lanes) + total[c / KK_LANES] * scale, lanes);
      });
      // Columns that fill up the last block have sums of 0, which no converter clips.
      for (int lane = 0; lane < KK_LANES; lane++) count += (size_t)beyond[lane];
    }
    table += block_size;
    if (negative) negative += block_size;
  }
  *clipped = count;
}

#undef BS_PARTS
