#define _GNU_SOURCE
#include "include/memory_pool.h"

#include <pthread.h>
#include <sys/mman.h>

// Four sizes an octave: class 4·e + q holds blocks of (4 + q)·2^e bytes. Small blocks are cut from
// slabs and stay small; large ones are mapped one by one.
enum { smallest_class = 4 * 6, class_count = 4 * 44, slab_bytes = 1 << 20 };
static const size_t small_limit = 32 << 10;
static const size_t huge_page = 2 << 20;

typedef struct free_block {
  struct free_block *next;
} free_block;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static free_block *free_blocks[class_count];
static uint64_t non_empty[(class_count + 63) / 64];
static char *slab;
static size_t slab_left;
static kk_memory_counters counters;

static size_t class_bytes(uint32_t c) { return (size_t)(4 + c % 4) << (c / 4); }

// The smallest class whose blocks hold `bytes`.
static uint32_t class_for(size_t bytes) {
  if (bytes <= class_bytes(smallest_class)) return smallest_class;
  uint32_t exponent = 61 - (uint32_t)__builtin_clzll(bytes - 1);
  uint32_t quarter = (uint32_t)((bytes - 1) >> exponent) - 4;
  return 4 * exponent + quarter + 1;
}

static void push(uint32_t c, void *memory) {
  free_block *block = memory;
  block->next = free_blocks[c];
  free_blocks[c] = block;
  non_empty[c / 64] |= 1ull << (c % 64);
}

static void *pop(uint32_t c) {
  free_block *block = free_blocks[c];
  free_blocks[c] = block->next;
  if (!block->next) non_empty[c / 64] &= ~(1ull << (c % 64));
  return block;
}

// The first class in c...last with a free block, or class_count.
static uint32_t first_free(uint32_t c, uint32_t last) {
  for (uint32_t word = c / 64; word <= last / 64; word++) {
    uint64_t bits = non_empty[word];
    if (word == c / 64) bits &= ~0ull << (c % 64);
    if (bits) {
      uint32_t found = word * 64 + (uint32_t)__builtin_ctzll(bits);
      return found <= last ? found : class_count;
    }
  }
  return class_count;
}

static void *map(size_t bytes) {
  size_t align = bytes >= huge_page ? huge_page : 4096;
  size_t total = (bytes + 4095) / 4096 * 4096;
  char *base =
      mmap(NULL, total + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return NULL;
  char *start = (char *)(((uintptr_t)base + align - 1) / align * align);
  if (start > base) munmap(base, (size_t)(start - base));
  size_t tail = (size_t)(base + total + align - (start + total));
  if (tail) munmap(start + total, tail);
#ifdef MADV_HUGEPAGE
  if (bytes >= huge_page) madvise(start, total, MADV_HUGEPAGE);
#endif
  counters.system_allocations++;
  counters.system_bytes += total;
  return start;
}

static void *fresh(uint32_t c) {
  size_t bytes = class_bytes(c);
  if (bytes > small_limit) return map(bytes);
  if (slab_left < bytes) {
    char *memory = map(slab_bytes);
    if (!memory) return NULL;
    slab = memory;
    slab_left = slab_bytes;
  }
  void *memory = slab;
  slab += bytes;
  slab_left -= bytes;
  return memory;
}

void *kk_memory_allocate(size_t bytes, uint32_t *block_class) {
  uint32_t c = class_for(bytes);
  if (c >= class_count) return NULL;
  uint32_t last = class_bytes(c) > small_limit ? class_count - 1 : class_for(small_limit);
  pthread_mutex_lock(&lock);
  uint32_t found = first_free(c, last);
  void *memory;
  if (found < class_count) {
    memory = pop(found);
    c = found;
  } else {
    memory = fresh(c);
  }
  if (memory) {
    counters.used_bytes += class_bytes(c);
    if (counters.used_bytes > counters.peak_bytes) counters.peak_bytes = counters.used_bytes;
  }
  pthread_mutex_unlock(&lock);
  *block_class = c;
  return memory;
}

void kk_memory_release(void *memory, uint32_t block_class) {
  pthread_mutex_lock(&lock);
  counters.used_bytes -= class_bytes(block_class);
  push(block_class, memory);
  pthread_mutex_unlock(&lock);
}

kk_memory_counters kk_memory_statistics(void) {
  pthread_mutex_lock(&lock);
  kk_memory_counters now = counters;
  pthread_mutex_unlock(&lock);
  return now;
}

void kk_memory_reset_peak(void) {
  pthread_mutex_lock(&lock);
  counters.peak_bytes = counters.used_bytes;
  pthread_mutex_unlock(&lock);
}

uint64_t kk_memory_trim(void) {
  uint64_t returned = 0;
  pthread_mutex_lock(&lock);
  for (uint32_t c = class_for(small_limit) + 1; c < class_count; c++) {
    while (free_blocks[c]) {
      size_t total = (class_bytes(c) + 4095) / 4096 * 4096;
      munmap(pop(c), total);
      returned += total;
    }
  }
  counters.system_bytes -= returned;
  pthread_mutex_unlock(&lock);
  return returned;
}
