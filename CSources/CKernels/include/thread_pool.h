// A pool of threads for short parallel loops, and scratch memory of each thread.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*kk_task)(void *context, size_t index);

// Calls task(context, i) for every i in 0..<count, on all threads of the pool, and returns when all
// are done. Which thread runs an index is not defined; tasks must not depend on it. A call from
// inside a task, or while another thread uses the pool, runs in the calling thread alone.
void kk_pool_run(kk_task task, void *context, size_t count);

// Threads in use, the calling one included; at the start, the processors this process may use.
int kk_pool_threads(void);

// Sets the number of threads (1…256). Not to be called from inside a task.
void kk_pool_set_threads(int threads);

// At least `bytes` of memory aligned to 64 bytes that belong to the calling thread until its next
// call of this function. NULL when the system has no memory.
void *kk_thread_scratch(size_t bytes);

#ifdef __cplusplus
}
#endif
