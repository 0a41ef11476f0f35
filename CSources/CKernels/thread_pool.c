#define _GNU_SOURCE
#include "include/thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

// One job at a time. `claim` holds the job's generation (high half) and the next index (low half):
// a worker that comes late finds another generation and claims nothing, so the caller never waits
// for a worker that has not joined.
enum { max_threads = 256, spins_before_sleep = 4000 };

static _Atomic uint64_t claim;
static _Atomic(kk_task) job_task;
static _Atomic(void *) job_context;
static _Atomic size_t job_count;
static _Atomic size_t job_done;
static _Atomic uint32_t wake;  // bumped once a job; idle workers sleep on it
static _Atomic int sleeping;   // workers asleep on `wake`
static _Atomic int wanted_threads;
static int started_workers;
static pthread_mutex_t owner = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int inside;

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void futex_sleep(uint32_t seen) {
#if defined(__linux__)
  syscall(SYS_futex, &wake, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
#else
  (void)seen;
  usleep(50);
#endif
}

static void futex_wake_all(void) {
#if defined(__linux__)
  syscall(SYS_futex, &wake, FUTEX_WAKE_PRIVATE, max_threads, NULL, NULL, 0);
#endif
}

// Claims and runs indices of the job with this generation until none is left.
static void work(uint32_t generation) {
  if (generation & 1) return;
  kk_task task = atomic_load_explicit(&job_task, memory_order_relaxed);
  void *context = atomic_load_explicit(&job_context, memory_order_relaxed);
  size_t count = atomic_load_explicit(&job_count, memory_order_relaxed);
  uint64_t seen = atomic_load_explicit(&claim, memory_order_acquire);
  for (;;) {
    if ((uint32_t)(seen >> 32) != generation || (uint32_t)seen >= count) return;
    if (!atomic_compare_exchange_weak_explicit(&claim, &seen, seen + 1, memory_order_acq_rel,
                                               memory_order_acquire)) {
      continue;
    }
    task(context, (uint32_t)seen);
    atomic_fetch_add_explicit(&job_done, 1, memory_order_release);
    seen = atomic_load_explicit(&claim, memory_order_acquire);
  }
}

static void *worker(void *argument) {
  int index = (int)(intptr_t)argument;
  inside = 1;
  uint32_t seen = 0;
  for (;;) {
    uint32_t now = atomic_load_explicit(&wake, memory_order_acquire);
    for (int i = 0; now == seen && i < spins_before_sleep; i++) {
      relax();
      now = atomic_load_explicit(&wake, memory_order_acquire);
    }
    if (now == seen) {
      atomic_fetch_add(&sleeping, 1);
      if (atomic_load(&wake) == seen) futex_sleep(seen);
      atomic_fetch_sub(&sleeping, 1);
      continue;
    }
    seen = now;
    if (index < atomic_load_explicit(&wanted_threads, memory_order_relaxed)) {
      work((uint32_t)(atomic_load_explicit(&claim, memory_order_acquire) >> 32));
    }
  }
  return NULL;
}

static int processors(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 ? (int)n : 1;
}

int kk_pool_threads(void) {
  int n = atomic_load(&wanted_threads);
  if (n == 0) {
    n = processors();
    if (n > max_threads) n = max_threads;
    atomic_store(&wanted_threads, n);
  }
  return n;
}

void kk_pool_set_threads(int threads) {
  if (threads < 1) threads = 1;
  if (threads > max_threads) threads = max_threads;
  pthread_mutex_lock(&owner);
  atomic_store(&wanted_threads, threads);
  pthread_mutex_unlock(&owner);
}

static void start_workers(int threads) {
  while (started_workers < threads - 1) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 8u << 20);
    void *index = (void *)(intptr_t)(started_workers + 1);
    int failed = pthread_create(&thread, &attributes, worker, index);
    pthread_attr_destroy(&attributes);
    if (failed) return;
    started_workers++;
  }
}

void kk_pool_run(kk_task task, void *context, size_t count) {
  int threads = kk_pool_threads();
  if (count <= 1 || threads == 1 || inside || pthread_mutex_trylock(&owner) != 0) {
    for (size_t i = 0; i < count; i++) task(context, i);
    return;
  }
  if (started_workers < threads - 1) start_workers(threads);
  inside = 1;

  // Two generations a job: while the fields change the claim carries an odd one under which nothing
  // can be claimed, so a late worker that read some old and some new fields gets no index.
  uint32_t generation = (uint32_t)(atomic_load_explicit(&claim, memory_order_relaxed) >> 32) + 2;
  atomic_store(&claim, ((uint64_t)(generation - 1) << 32) | UINT32_MAX);
  atomic_store_explicit(&job_task, task, memory_order_relaxed);
  atomic_store_explicit(&job_context, context, memory_order_relaxed);
  atomic_store_explicit(&job_count, count, memory_order_relaxed);
  atomic_store_explicit(&job_done, 0, memory_order_relaxed);
  atomic_store_explicit(&claim, (uint64_t)generation << 32, memory_order_release);
  atomic_fetch_add(&wake, 1);
  if (atomic_load(&sleeping) > 0) futex_wake_all();

  work(generation);
  for (int i = 0; atomic_load_explicit(&job_done, memory_order_acquire) < count; i++) {
    if (i < spins_before_sleep) {
      relax();
    } else {
      sched_yield();
    }
  }
  inside = 0;
  pthread_mutex_unlock(&owner);
}

typedef struct {
  void *memory;
  size_t bytes;
} scratch_block;

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

static void free_scratch(void *value) {
  scratch_block *block = value;
  free(block->memory);
  free(block);
}

static void make_scratch_key(void) { pthread_key_create(&scratch_key, free_scratch); }

void *kk_thread_scratch(size_t bytes) {
  pthread_once(&scratch_once, make_scratch_key);
  scratch_block *block = pthread_getspecific(scratch_key);
  if (!block) {
    block = calloc(1, sizeof *block);
    if (!block) return NULL;
    pthread_setspecific(scratch_key, block);
  }
  if (block->bytes < bytes) {
    free(block->memory);
    block->bytes = (bytes + (bytes >> 2) + 4095) / 4096 * 4096;
    block->memory = aligned_alloc(4096, block->bytes);
    if (!block->memory) block->bytes = 0;
  }
  return block->memory;
}
