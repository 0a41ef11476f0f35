// Sums that an array of small cells gives to inputs sent bit by bit, each converted by itself and
// added up digitally with its weight: exact, in whole numbers.
//
// Four rows of cells make a group. For a group and a column a table holds the sum of every subset
// of its four cells, so that four bits of an input cost one addition (the method of four Russians).
// Columns stand in blocks of KK_BITSERIAL_BLOCK, those of a block's two halves in turn: 0, 32, 1,
// 33 and so on, so that 16 bits that hold two bytes part into columns that are neighbours.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KK_BITSERIAL_BLOCK 64
// Cells are at most this: four of them fit in a byte.
#define KK_BITSERIAL_LARGEST_CELL 63

// Bytes of the table of rows × columns cells.
size_t kk_bitserial_table_size(size_t rows, size_t columns);

// table ← the sums of all subsets of four rows of cells [rows, columns], each at most 63. Rows and
// columns are filled up with cells of 0.
void kk_bitserial_table(uint8_t *table, const uint8_t *cells, size_t rows, size_t columns);

// Which bits of a code are taken.
typedef enum {
  KK_CODE_POSITIVE,   // those of max(code, 0)
  KK_CODE_NEGATIVE,   // those of max(−code, 0)
  KK_CODE_COMPLEMENT  // those of the code in two's complement
} kk_code_part;

// subsets[v, b, g] = 8 × the bits b of the four codes of group g of vector v: [vectors, bits,
// groups]. codes: whole numbers [vectors, rows], code_stride apart. Returns whether any bit is set.
int kk_bitserial_subsets(uint8_t *subsets, const float *codes, size_t vectors, size_t rows,
                         ptrdiff_t code_stride, unsigned bits, kk_code_part part);

// How sums of cells become codes: clamp(round(sum·inverse_step), low, high), ties to even.
typedef struct {
  float inverse_step, low, high;
} kk_bitserial_adc;

// What is read, and what subtracts from it before the conversion (NULL where there is nothing).
typedef struct {
  const uint8_t *subsets, *negative_subsets;  // of inputs that drive with either polarity
  const uint8_t *table, *negative_table;      // of cells on either side of a pair
  size_t rows, columns;
  unsigned bits;
  unsigned largest_cell;  // of both tables
  float top_weight;       // of the highest bit: 1, or −1 in two's complement
} kk_bitserial_array;

// y[v, c] += row_scale[v]·factor·Σ_b ±2^b·adc(Σ of the cells of column c whose inputs have bit b).
// Returns how many conversions were beyond low or high.
size_t kk_bitserial(float *y, ptrdiff_t y_stride, const kk_bitserial_array *array, size_t vectors,
                    kk_bitserial_adc adc, const float *row_scale, float factor);

#ifdef __cplusplus
}
#endif
