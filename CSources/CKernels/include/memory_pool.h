// Recycled memory for tensors: a fresh page costs forty times a recycled one.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// At least `bytes` of memory aligned to 64 bytes, not cleared; NULL when the system has none.
// `block_class` receives what kk_memory_release needs. Safe to call from any thread.
//
// A large request is served by the smallest free block that fits, however much larger: after a step
// with the largest subnet, steps with smaller ones find all their memory here.
void *kk_memory_allocate(size_t bytes, uint32_t *block_class);

// Gives a block back to the pool.
void kk_memory_release(void *memory, uint32_t block_class);

typedef struct {
  uint64_t system_allocations;  // blocks (or slabs of small blocks) taken from the system so far
  uint64_t system_bytes;        // their size
  uint64_t used_bytes;          // handed out now
  uint64_t peak_bytes;          // the most handed out at once
} kk_memory_counters;

kk_memory_counters kk_memory_statistics(void);

// Sets peak_bytes to what is in use now.
void kk_memory_reset_peak(void);

// Returns all free large blocks to the system; gives the bytes returned.
uint64_t kk_memory_trim(void);

#ifdef __cplusplus
}
#endif
