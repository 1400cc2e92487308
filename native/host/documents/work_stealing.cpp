#include "host/documents/work_stealing.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <vector>

// The versions that every x86-64 glibc exports; the linker would take the newest, which glibc has since 2.34 only.
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__)
__asm__(".symver pthread_create,pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join,pthread_join@GLIBC_2.2.5");
#endif

namespace pta {

namespace {

struct Queue {
    Queue(const std::function<void(int32_t, int64_t)>& work, int64_t items) : work(work), items(items) {}

    const std::function<void(int32_t, int64_t)>& work;
    int64_t items;
    std::atomic<int64_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;

    void take_all(int32_t worker) {
        try {
            for (int64_t item; (item = next.fetch_add(1, std::memory_order_relaxed)) < items;)
                work(worker, item);
        } catch (...) {
            std::lock_guard<std::mutex> lock(mutex);
            if (!failure)
                failure = std::current_exception();
            next.store(items, std::memory_order_relaxed);
        }
    }
};

struct Worker {
    Queue* queue;
    int32_t number;
    pthread_t thread;
};

void* run_worker(void* argument) {
    auto* worker = static_cast<Worker*>(argument);
    worker->queue->take_all(worker->number);
    return nullptr;
}

} // namespace

int32_t available_cores() {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return std::max(1, CPU_COUNT(&set));
#endif
    return static_cast<int32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

void run_items(int32_t threads, int64_t items, const std::function<void(int32_t worker, int64_t item)>& work) {
    Queue queue(work, items);
    std::vector<Worker> workers;
    int64_t wanted = std::min<int64_t>(threads, items) - 1;
    workers.reserve(static_cast<size_t>(std::max<int64_t>(wanted, 0))); // no reallocation under running threads
    for (int32_t w = 0; w < wanted; w++) {
        workers.push_back({&queue, w + 1, {}});
        // A thread that cannot be had leaves its share to the others.
        if (pthread_create(&workers.back().thread, nullptr, run_worker, &workers.back()) != 0) {
            workers.pop_back();
            break;
        }
    }
    queue.take_all(0);
    for (Worker& worker : workers)
        pthread_join(worker.thread, nullptr);
    if (queue.failure)
        std::rethrow_exception(queue.failure);
}

} // namespace pta
