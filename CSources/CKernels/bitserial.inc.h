// Vector body of bitserial.h. A block of columns is summed up in bytes, as many groups as fit, then
// in 16 bits, each half of the block by itself; the codes of all bits, the highest first, add up in
// floats, which hold them exactly.
#include "elementwise_lanes.inc.h"

#define bs_bytes KK_FN(kk_bs_bytes)
#define bs_words KK_FN(kk_bs_words)
#define bs_half KK_FN(kk_bs_half)
#define bs_part KK_FN(kk_bs_part)
#define bs_floats KK_FN(kk_bs_floats)
#define bs_sum KK_FN(kk_bs_sum)
#define bs_convert KK_FN(kk_bs_convert)
#define bs_smaller KK_FN(kk_bs_smaller)
#define bs_add KK_FN(kk_bs_add)
#define bs_clips KK_FN(kk_bs_clips)
#define bs_multiply KK_FN(kk_bs_multiply)

#pragma clang fp contract(off)

#define BS_PARTS (KK_BITSERIAL_BLOCK / KK_LANES)

typedef uint8_t bs_bytes __attribute__((vector_size(KK_BITSERIAL_BLOCK), aligned(1)));
typedef uint16_t bs_half __attribute__((vector_size(KK_BITSERIAL_BLOCK)));
typedef struct {
  bs_half first, second;
} bs_words;
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
  // Two bytes of 16 bits: both together, and the upper one by itself. What overflows comes off
  // again.
  bs_half both = {0}, upper = {0};
  for (size_t group = 0; group < groups;) {
    const size_t end = group + groups_in_byte < groups ? group + groups_in_byte : groups;
    bs_bytes sum = {0};
#pragma clang loop unroll_count(8)
    for (; group < end; group++, table += 16 * KK_BITSERIAL_BLOCK) {
      // Subsets count in eights of a byte offset, which an address takes as it is.
      sum += *(const bs_bytes *)(table + (size_t)subsets[group] * (KK_BITSERIAL_BLOCK / 8));
    }
    both += (bs_half)sum;
    upper += (bs_half)sum >> 8;
  }
  sums->first = both - (upper << 8);
  sums->second = upper;
}

// total ← 2·total + the codes of the sums; beyond counts those that were clamped.
KK_INLINE void bs_convert(vf *total, vi *beyond, const bs_words *sums, kk_bitserial_adc adc,
                          int clips) {
  const int16_t *sum = (const int16_t *)sums;
  for (int part = 0; part < BS_PARTS; part++) {
    const vf value =
        __builtin_convertvector(*(const bs_part *)(sum + part * KK_LANES), vf) * adc.inverse_step;
    const vf code = __builtin_elementwise_rint(value);
    vf kept = code;
    if (clips) {
      kept = bs_smaller(v_larger(code, v_splat(adc.low)), v_splat(adc.high));
      *beyond -= kept != code;
    }
    total[part] = v_fma(total[part], v_splat(2), kept);
  }
}

// sums ← sign · the sums of a block, added to what is there.
KK_INLINE void bs_add(bs_words *sums, int sign, const uint8_t *subsets, const uint8_t *table,
                      size_t groups, size_t groups_in_byte) {
  if (!subsets || !table) return;
  bs_words more;
  bs_sum(&more, subsets, table, groups, groups_in_byte);
  if (sign > 0) {
    sums->first += more.first;
    sums->second += more.second;
  } else {
    sums->first -= more.first;
    sums->second -= more.second;
  }
}

// Whether any sum of the array would become a code beyond the converter's.
KK_INLINE int bs_clips(const kk_bitserial_array *array, kk_bitserial_adc adc) {
  const int has_negative = array->negative_subsets || array->negative_table;
  const float largest = rintf((float)(array->rows * array->largest_cell) * adc.inverse_step);
  return adc.low > (has_negative ? -largest : 0) || adc.high < largest;
}

KK_INLINE void bs_multiply(size_t *clipped, float *y, ptrdiff_t y_stride,
                           const kk_bitserial_array *array, size_t vectors, kk_bitserial_adc adc,
                           const float *row_scale, float factor, int clips) {
  const size_t groups = (array->rows + 3) / 4, columns = array->columns;
  const unsigned bits = array->bits;
  const size_t fitting = 255 / (4 * (array->largest_cell > 0 ? array->largest_cell : 1));
  // Whole eights of groups, as the loop over them is unrolled.
  const size_t in_byte = fitting >= 8 ? fitting / 8 * 8 : fitting;
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
        bs_convert(total, &beyond, &sums, adc, clips);
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

static void KK_FN(kk_bitserial)(size_t *clipped, float *y, ptrdiff_t y_stride,
                                const kk_bitserial_array *array, size_t vectors,
                                kk_bitserial_adc adc, const float *row_scale, float factor) {
  if (bs_clips(array, adc)) {
    bs_multiply(clipped, y, y_stride, array, vectors, adc, row_scale, factor, 1);
  } else {
    bs_multiply(clipped, y, y_stride, array, vectors, adc, row_scale, factor, 0);
  }
}

// Times this, four bytes of 0 or 1 stand in bits 24 to 27, the first byte in the lowest.
#define BS_BITS_OF_BYTES 0x01020408u
// Groups that are packed before their bits are taken apart.
#define BS_PACKED 32

static void KK_FN(kk_bitserial_subsets)(unsigned *any, uint8_t *subsets, const float *codes,
                                        size_t vectors, size_t rows, ptrdiff_t code_stride,
                                        unsigned bits, kk_code_part part) {
  const size_t groups = (rows + 3) / 4;
  const int mask = (int)(1u << bits) - 1;
  int seen = 0;
  for (size_t v = 0; v < vectors; v++, codes += code_stride) {
    for (size_t first = 0; first < groups; first += BS_PACKED) {
      const size_t count = groups - first < BS_PACKED ? groups - first : BS_PACKED;
      const size_t taken = rows - 4 * first < 4 * count ? rows - 4 * first : 4 * count;
      int kept[4 * BS_PACKED] = {0};
      for (size_t row = 0; row < taken; row++) {
        const int code = (int)codes[4 * first + row];
        const int magnitude = part == KK_CODE_NEGATIVE ? -code : code;
        kept[row] = part == KK_CODE_COMPLEMENT ? code & mask : magnitude > 0 ? magnitude : 0;
        seen |= kept[row];
      }
      for (unsigned byte = 0; byte < bits; byte += 8) {
        // Four codes of a group in the bytes of one word, whose bits one product brings together.
        uint32_t words[BS_PACKED];
        for (size_t group = 0; group < count; group++) {
          const int *four = kept + 4 * group;
          words[group] =
              (uint32_t)(four[0] >> byte & 255) | (uint32_t)(four[1] >> byte & 255) << 8 |
              (uint32_t)(four[2] >> byte & 255) << 16 | (uint32_t)(four[3] >> byte & 255) << 24;
        }
        for (unsigned bit = byte; bit < bits && bit < byte + 8; bit++) {
          uint8_t *target = subsets + (v * bits + bit) * groups + first;
          for (size_t group = 0; group < count; group++) {
            const uint32_t set = words[group] >> (bit - byte) & 0x01010101u;
            target[group] = (uint8_t)(set * BS_BITS_OF_BYTES >> 21 & 0x78);
          }
        }
      }
    }
  }
  *any |= (unsigned)seen;
}

#undef BS_BITS_OF_BYTES
#undef BS_PACKED
#undef BS_PARTS
