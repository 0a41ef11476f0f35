#include "include/bitserial.h"

#include <math.h>

#define KK_BODY "../bitserial.inc.h"
#include "internal/per_isa.h"

static size_t group_count(size_t rows) { return (rows + 3) / 4; }

static size_t block_count(size_t columns) {
  return (columns + KK_BITSERIAL_BLOCK - 1) / KK_BITSERIAL_BLOCK;
}

// The byte of a block that belongs to a column of it.
static size_t lane_of(size_t column) {
  return column % (KK_BITSERIAL_BLOCK / 2) * 2 + column / (KK_BITSERIAL_BLOCK / 2);
}

size_t kk_bitserial_table_size(size_t rows, size_t columns) {
  return block_count(columns) * group_count(rows) * 16 * KK_BITSERIAL_BLOCK;
}

void kk_bitserial_table(uint8_t *table, const uint8_t *cells, size_t rows, size_t columns) {
  for (size_t block = 0; block < block_count(columns); block++) {
    for (size_t group = 0; group < group_count(rows); group++) {
      for (unsigned subset = 0; subset < 16; subset++, table += KK_BITSERIAL_BLOCK) {
        for (size_t place = 0; place < KK_BITSERIAL_BLOCK; place++) {
          const size_t column = block * KK_BITSERIAL_BLOCK + place;
          unsigned sum = 0;
          for (size_t bit = 0; bit < 4 && column < columns && 4 * group + bit < rows; bit++) {
            if (subset >> bit & 1) sum += cells[(4 * group + bit) * columns + column];
          }
          table[lane_of(place)] = (uint8_t)sum;
        }
      }
    }
  }
}

static unsigned code_bits(float code, unsigned mask, kk_code_part part) {
  const int whole = (int)code;
  if (part == KK_CODE_COMPLEMENT) return (unsigned)whole & mask;
  const int kept = part == KK_CODE_NEGATIVE ? -whole : whole;
  return kept > 0 ? (unsigned)kept : 0;
}

static void kk_bitserial_subsets_reference(unsigned *any, uint8_t *subsets, const float *codes,
                                           size_t vectors, size_t rows, ptrdiff_t code_stride,
                                           unsigned bits, kk_code_part part) {
  const size_t groups = group_count(rows);
  const unsigned mask = (1u << bits) - 1;
  for (size_t v = 0; v < vectors; v++, codes += code_stride) {
    for (size_t group = 0; group < groups; group++) {
      unsigned code[4] = {0};
      for (size_t row = 0; row < 4 && 4 * group + row < rows; row++) {
        code[row] = code_bits(codes[4 * group + row], mask, part);
      }
      *any |= code[0] | code[1] | code[2] | code[3];
      for (unsigned bit = 0; bit < bits; bit++) {
        subsets[(v * bits + bit) * groups + group] =
            (uint8_t)(8 * ((code[0] >> bit & 1) | (code[1] >> bit & 1) << 1 |
                           (code[2] >> bit & 1) << 2 | (code[3] >> bit & 1) << 3));
      }
    }
  }
}

int kk_bitserial_subsets(uint8_t *subsets, const float *codes, size_t vectors, size_t rows,
                         ptrdiff_t code_stride, unsigned bits, kk_code_part part) {
  unsigned any = 0;
  KK_DISPATCH(kk_bitserial_subsets, &any, subsets, codes, vectors, rows, code_stride, bits, part);
  return any != 0;
}

// The sum of one column over all groups.
static int column_sum(const uint8_t *subsets, const uint8_t *table, size_t groups, size_t column) {
  if (!subsets || !table) return 0;
  const size_t block = column / KK_BITSERIAL_BLOCK, lane = lane_of(column % KK_BITSERIAL_BLOCK);
  int sum = 0;
  for (size_t group = 0; group < groups; group++) {
    const size_t subset = subsets[group] / 8;
    sum += table[((block * groups + group) * 16 + subset) * KK_BITSERIAL_BLOCK + lane];
  }
  return sum;
}

static void kk_bitserial_reference(size_t *clipped, float *y, ptrdiff_t y_stride,
                                   const kk_bitserial_array *array, size_t vectors,
                                   kk_bitserial_adc adc, const float *row_scale, float factor) {
  const size_t groups = group_count(array->rows);
  size_t beyond = 0;
  for (size_t v = 0; v < vectors; v++, y += y_stride) {
    for (size_t column = 0; column < array->columns; column++) {
      float total = 0;
      for (unsigned bit = array->bits; bit-- > 0;) {
        const size_t at = (v * array->bits + bit) * groups;
        const uint8_t *plus = array->subsets + at;
        const uint8_t *minus = array->negative_subsets ? array->negative_subsets + at : NULL;
        const int sum = column_sum(plus, array->table, groups, column) -
                        column_sum(plus, array->negative_table, groups, column) -
                        column_sum(minus, array->table, groups, column) +
                        column_sum(minus, array->negative_table, groups, column);
        const float code = rintf((float)sum * adc.inverse_step);
        const float kept = fminf(fmaxf(code, adc.low), adc.high);
        beyond += kept != code;
        total = total + total + kept;
        if (bit + 1 == array->bits) total *= array->top_weight;
      }
      y[column] += row_scale[v] * factor * total;
    }
  }
  *clipped = beyond;
}

size_t kk_bitserial(float *y, ptrdiff_t y_stride, const kk_bitserial_array *array, size_t vectors,
                    kk_bitserial_adc adc, const float *row_scale, float factor) {
  size_t clipped = 0;
  KK_DISPATCH(kk_bitserial, &clipped, y, y_stride, array, vectors, adc, row_scale, factor);
  return clipped;
}
