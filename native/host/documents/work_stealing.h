// Work items over threads. No std::thread: its symbols would tie the library to a recent glibc.
#pragma once
#include <cstdint>
#include <functional>

namespace pta {

// Cores that this process may use.
int32_t available_cores();

// Calls work(worker, item) once for every item 0 .. items - 1, on the caller's thread (worker 0) and on threads - 1 more. Items are taken in order by
// whoever is free, so put the longest first. The first exception ends the taking, and is thrown here when all threads have stopped.
void run_items(int32_t threads, int64_t items, const std::function<void(int32_t worker, int64_t item)>& work);

} // namespace pta
