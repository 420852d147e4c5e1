// One pool of threads: every kernel runs as one region on all of them, with barriers inside it where phases follow each
// other.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace isoflop {

/**
 * While one lives, its thread takes and gives numbers below 1e-38 as zero: arithmetic on them is a hundred times
 * slower.
 */
class FlushDenormals {
public:
#if defined(__x86_64__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); } // flush to zero, denormals are zero
  ~FlushDenormals() { _mm_setcsr(before_); }

private:
  unsigned before_;
#elif defined(__aarch64__)
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | (uint64_t(1) << 24)));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }

private:
  uint64_t before_;
#else
  FlushDenormals() {}
  ~FlushDenormals() {}
#endif
};

class Pool {
public:
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int size() const { return size_; }

  /** Who works on a region: the caller alone; whoever comes in time; or everyone, so that there may be barriers. */
  enum class Team { alone, whoever, everyone };

  /** Runs body(argument, thread) on the threads of the team, the caller being thread 0; returns when all are done. */
  void run(void (*body)(void*, int), void* argument, Team team);
  template <class Body> void run(Body& body, Team team) {
    run([](void* b, int thread) { (*static_cast<Body*>(b))(thread); }, &body, team);
  }
  /** Inside a region of everyone: waits until every thread has come here. */
  void barrier();
  /**
   * Inside a region: hands out 0, 1, 2, ... to whoever asks first; `base` is what the region's earlier loops used up.
   */
  ptrdiff_t next() { return ticket_.fetch_add(1, std::memory_order_relaxed); }
  /** Inside a region: one more piece of work is done. */
  void finish() { finished_.fetch_add(1, std::memory_order_release); }
  /** Inside a region: waits until this many pieces are done, on whichever threads. */
  void await(ptrdiff_t pieces);

  /**
   * Inside a region: the next of `count` pieces for a thread, or `count` when all are given out. Every thread has a run
   * of neighbours of its own, the same part of the whole in every region, so that what it reads is mostly what it wrote
   * in the region before, still in its core's cache; when its run is over it helps with the others'.
   */
  ptrdiff_t take(int thread, ptrdiff_t count) {
    for (int step = 0; step < size_; step++) {
      const int whose = (thread + step) % size_;
      const ptrdiff_t from = count * whose / size_, to = count * (whose + 1) / size_;
      std::atomic<ptrdiff_t>& given = runs_[static_cast<size_t>(whose)].given;
      if (given.load(std::memory_order_relaxed) >= to - from) continue;
      const ptrdiff_t i = from + given.fetch_add(1, std::memory_order_relaxed);
      if (i < to) return i;
    }
    return count;
  }

  /** Each i of 0 .. count-1 once. `body(i, thread)` must not depend on the thread. Small work is done by the caller. */
  template <class Body> void each(ptrdiff_t count, Body body, bool isSmall = false) {
    auto region = [&](int thread) {
      for (ptrdiff_t i = take(thread, count); i < count; i = take(thread, count)) body(i, thread);
    };
    run(region, isSmall || count <= 1 ? Team::alone : Team::whoever);
  }

private:
  /** How many pieces of a thread's run were given out; alone on its cache line. */
  struct alignas(64) Given {
    std::atomic<ptrdiff_t> given{0};
  };

  void work(int thread);

  int size_;
  std::vector<std::thread> threads_;
  std::vector<Given> runs_;
  void (*body_)(void*, int) = nullptr;
  void* argument_ = nullptr;
  bool isAlone_ = true;
  std::atomic<bool> ending_{false};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  /** The region's number, whether it is closed, and how many workers have entered it. */
  alignas(64) std::atomic<uint64_t> region_{0};
  /** How many of them have come out again. */
  alignas(64) std::atomic<int> left_{0};
  alignas(64) std::atomic<ptrdiff_t> ticket_{0};
  alignas(64) std::atomic<ptrdiff_t> finished_{0};
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> round_{0};
};

} // namespace isoflop
