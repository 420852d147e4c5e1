// Workers spin for a moment after each region, because the next one usually follows within microseconds, and then
// sleep.
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

// The parts of region_: below CLOSED the count of workers inside, above REGION the number.
constexpr uint64_t CLOSED = uint64_t(1) << 16, REGION = uint64_t(1) << 17;
constexpr int SPINS = 2000; // about 40 µs of pauses: longer than the gap between two kernels of a step
constexpr int YIELDS = 200; // then lets others run, for the case that the cores are shared

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

Pool::Pool(int threads) : size_(threads < 1 ? 1 : threads), runs_(static_cast<size_t>(size_)) {
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
  region_.fetch_add(REGION);
  { std::lock_guard<std::mutex> lock(mutex_); }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Pool::run(void (*body)(void*, int), void* argument, Team team) {
  FlushDenormals guard; // the workers have one for their whole life
  ticket_.store(0, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  for (Given& run : runs_) run.given.store(0, std::memory_order_relaxed);
  isAlone_ = team == Team::alone || size_ == 1;
  if (isAlone_) return body(argument, 0);
  body_ = body;
  argument_ = argument;
  left_.store(0, std::memory_order_relaxed);
  const uint64_t open = (region_.load(std::memory_order_relaxed) & ~(REGION - 1)) + REGION;
  region_.store(open); // sequentially consistent with sleepers_: either we see the sleeper or it sees the region
  if (sleepers_.load() > 0) {
    { std::lock_guard<std::mutex> lock(mutex_); }
    wake_.notify_all();
  }
  body(argument, 0);
  // Whoever has not come yet would find nothing left to do: nobody waits for a thread that the machine has put aside.
  const int entered = team == Team::everyone ? size_ - 1 : static_cast<int>(region_.fetch_or(CLOSED) & (CLOSED - 1));
  wait_for([&] { return left_.load(std::memory_order_acquire) == entered; }, false);
}

void Pool::barrier() {
  if (isAlone_) return;
  const uint32_t round = round_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    return;
  }
  wait_for([&] { return round_.load(std::memory_order_acquire) != round; }, false);
}

void Pool::await(ptrdiff_t pieces) {
  wait_for([&] { return finished_.load(std::memory_order_acquire) >= pieces; }, false);
}

void Pool::work(int thread) {
  FlushDenormals guard;
  uint64_t seen = 0;
  const auto number = [](uint64_t region) { return region / REGION; };
  for (;;) {
    if (!wait_for([&] { return number(region_.load(std::memory_order_acquire)) != seen; }, true)) {
      std::unique_lock<std::mutex> lock(mutex_);
      sleepers_.fetch_add(1);
      wake_.wait(lock, [&] { return number(region_.load()) != seen; });
      sleepers_.fetch_sub(1);
    }
    if (ending_.load()) return;
    uint64_t region = region_.load(std::memory_order_acquire);
    while (!(region & CLOSED) && !region_.compare_exchange_weak(region, region + 1, std::memory_order_acq_rel)) {}
    seen = number(region);
    if (region & CLOSED) continue;
    body_(argument_, thread);
    left_.fetch_add(1, std::memory_order_release);
  }
}

} // namespace isoflop
