// Files mapped into memory that several processes share: numbers, counters, and futexes to wait on.
#include "api.h"

#include <atomic>
#include <cstddef>
#include <cstring>

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <climits>
#endif

namespace {

using Counter = std::atomic<double>;
using Futex = std::atomic<int32_t>;
static_assert(Counter::is_always_lock_free && sizeof(Counter) == 8 && Futex::is_always_lock_free && sizeof(Futex) == 4);

void* at(uint64_t address) { return reinterpret_cast<void*>(static_cast<uintptr_t>(address)); }
Counter& counter(uint64_t address) { return *static_cast<Counter*>(at(address)); }
Futex& futex(uint64_t address) { return *static_cast<Futex*>(at(address)); }

} // namespace

uint64_t isf_map(const char* path, double* bytes) {
#if defined(_WIN32)
  (void)path, (void)bytes;
  return 0;
#else
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return 0;
  struct stat found;
  void* place = MAP_FAILED;
  if (fstat(file, &found) == 0 && found.st_size > 0) {
    place = mmap(nullptr, static_cast<size_t>(found.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    *bytes = static_cast<double>(found.st_size);
  }
  close(file);
  return place == MAP_FAILED ? 0 : static_cast<uint64_t>(reinterpret_cast<uintptr_t>(place));
#endif
}

void isf_unmap(uint64_t address, double bytes) {
#if !defined(_WIN32)
  munmap(at(address), static_cast<size_t>(bytes));
#else
  (void)address, (void)bytes;
#endif
}

void isf_add(float* into, uint64_t from, double count) {
  const float* other = static_cast<const float*>(at(from));
  const ptrdiff_t n = static_cast<ptrdiff_t>(count);
  for (ptrdiff_t i = 0; i < n; i++) into[i] += other[i];
}

void isf_counter_store(uint64_t address, double value) { counter(address).store(value, std::memory_order_release); }
double isf_counter_load(uint64_t address) { return counter(address).load(std::memory_order_acquire); }
int isf_futex_value(uint64_t address) { return futex(address).load(); }

void isf_futex_wake(uint64_t address) {
  futex(address).fetch_add(1);
#if defined(__linux__)
  syscall(SYS_futex, at(address), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
#endif
}

void isf_futex_wait(uint64_t address, int seen, double seconds) {
#if defined(__linux__)
  const timespec longest = {static_cast<time_t>(seconds),
                            static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
  syscall(SYS_futex, at(address), FUTEX_WAIT, seen, &longest, nullptr, 0);
#elif !defined(_WIN32)
  // No way to sleep on memory that is shared with another process: looks again every 50 µs.
  const timespec moment = {0, 50000};
  for (double slept = 0; slept < seconds && futex(address).load() == seen; slept += 50e-6) nanosleep(&moment, nullptr);
#else
  (void)address, (void)seen, (void)seconds;
#endif
}
