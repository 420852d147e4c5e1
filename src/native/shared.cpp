// Files mapped into memory that several processes share: numbers, counters that say how far somebody has come, and
// bells to sleep on.
#include "api.h"

#include <atomic>
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
using Bell = std::atomic<int32_t>;
static_assert(Counter::is_always_lock_free && sizeof(Counter) == 8 && Bell::is_always_lock_free && sizeof(Bell) == 4);

void* at(uint64_t address) { return reinterpret_cast<void*>(static_cast<uintptr_t>(address)); }
Counter& counter(uint64_t address) { return *static_cast<Counter*>(at(address)); }
Bell& bell(uint64_t address) { return *static_cast<Bell*>(at(address)); }

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
  const long n = static_cast<long>(count);
  for (long i = 0; i < n; i++) into[i] += other[i];
}

void isf_post(uint64_t address, double value) { counter(address).store(value, std::memory_order_release); }
double isf_peek(uint64_t address) { return counter(address).load(std::memory_order_acquire); }
int isf_bell(uint64_t address) { return bell(address).load(); }

void isf_ring(uint64_t address) {
  bell(address).fetch_add(1);
#if defined(__linux__)
  syscall(SYS_futex, at(address), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
#endif
}

void isf_sleep(uint64_t address, int heard, double seconds) {
#if defined(__linux__)
  const timespec longest = {static_cast<time_t>(seconds),
                            static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
  syscall(SYS_futex, at(address), FUTEX_WAIT, heard, &longest, nullptr, 0);
#elif !defined(_WIN32)
  // No way to sleep on memory that is shared with another process: looks again every 50 µs.
  const timespec moment = {0, 50000};
  for (double slept = 0; slept < seconds && bell(address).load() == heard; slept += 50e-6) nanosleep(&moment, nullptr);
#else
  (void)address, (void)heard, (void)seconds;
#endif
}
