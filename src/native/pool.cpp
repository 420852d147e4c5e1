// Workers spin for a moment after each region, because the next one usually follows within microseconds, and then sleep.
#include "pool.h"

#if defined(_WIN32)
#include <windows.h>
static void yield_core() { SwitchToThread(); }
#else
#include <sched.h>
static void yield_core() { sched_yield(); }
#endif

namespace isoflop {

namespace {

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

constexpr int SPINS = 2000;  // about 40 µs of pauses: longer than the gap between two kernels of a step
constexpr int YIELDS = 200;  // then lets others run, for the case that the cores are shared

/** Spins, then yields, until `done()`; false when it gave up after YIELDS and `mayGiveUp`. */
template <class Done> bool wait_for(Done done, bool mayGiveUp) {
  for (int i = 0; i < SPINS; i++) {
    if (done()) return true;
    relax();
  }
  for (int i = 0; !mayGiveUp || i < YIELDS; i++) {
    if (done()) return true;
    yield_core();
  }
  return done();
}

} // namespace

Pool::Pool(int threads) : size_(threads < 1 ? 1 : threads) {
  for (int i = 1; i < size_; i++) {
    try {
      threads_.emplace_back([this, i] { work(i); });
    } catch (...) { // the machine gives no more threads: fewer do the same work
      size_ = i;
      break;
    }
  }
}

Pool::~Pool() {
  ending_.store(true);
  epoch_.fetch_add(1);
  {
    std::lock_guard<std::mutex> lock(mutex_);
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Pool::run(void (*body)(void*, int), void* argument, bool isSmall) {
  TinyIsZero guard; // the workers have one for their whole life
  ticket_.store(0, std::memory_order_relaxed);
  team_ = isSmall ? 1 : size_;
  if (team_ == 1) return body(argument, 0);
  body_ = body;
  argument_ = argument;
  running_.store(size_ - 1, std::memory_order_relaxed);
  epoch_.fetch_add(1); // sequentially consistent with sleepers_: either we see the sleeper or it sees the epoch
  if (sleepers_.load() > 0) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
    }
    wake_.notify_all();
  }
  body(argument, 0);
  wait_for([&] { return running_.load(std::memory_order_acquire) == 0; }, false);
}

void Pool::barrier() {
  if (team_ == 1) return;
  const uint32_t round = round_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    return;
  }
  wait_for([&] { return round_.load(std::memory_order_acquire) != round; }, false);
}

void Pool::work(int thread) {
  TinyIsZero guard;
  uint32_t seen = 0;
  for (;;) {
    if (!wait_for([&] { return epoch_.load(std::memory_order_acquire) != seen; }, true)) {
      std::unique_lock<std::mutex> lock(mutex_);
      sleepers_.fetch_add(1);
      wake_.wait(lock, [&] { return epoch_.load() != seen; });
      sleepers_.fetch_sub(1);
    }
    seen = epoch_.load(std::memory_order_acquire);
    if (ending_.load()) return;
    body_(argument_, thread);
    running_.fetch_sub(1, std::memory_order_release);
  }
}

} // namespace isoflop
