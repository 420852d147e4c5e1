// CUDA C++ on a processor, for tests: the kernels' own source compiled by g++ with this included first. A block's
// threads are fibers; __syncthreads, shuffles and matrix instructions are where they meet. The order in which threads run
// between two meetings is a choice: a kernel whose result depends on it lacks a barrier.
#pragma once
#define SIMT_EMULATED 1
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __shared__ static
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(simt::dynamicShared.data())

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(8) uint2 {
  uint32_t x, y;
};

namespace simt {
extern "C" void simt_switch(void** save, void* load); // pushes what a call must keep, exchanges the stacks

enum Waits { runs, forBlock, forWarp };
struct Copy {
  void* to;
  const void* from;
  int bytes;
};
struct Fiber {
  void* stackPointer = nullptr;
  std::unique_ptr<char[]> stack;
  dim3 thread;
  unsigned linear = 0;
  bool isDone = false;
  Waits waits = runs;
  std::vector<std::vector<Copy>> copies; // cp.async: groups on their way, the last one still open
};
enum Order { forward, backward, scattered, warpAhead, lastWarpAhead }; // the last two: one warp runs as far as it can

struct State {
  dim3 grid, block, blockIndex;
  unsigned count = 0, at = 0, alive = 0, waiting = 0, warpWaiting[32] = {}, warpAlive[32] = {};
  void* scheduler = nullptr;
  std::vector<Fiber> fibers;
  std::function<void()> body;
  uint64_t slot[1024] = {};
  struct {
    uint32_t a[4], b[2];
  } operands[1024];
  Order order = forward;
  std::vector<unsigned> turn;
  const char* withoutFile = ""; // the barrier that a test has taken away
  int withoutLine = 0;
};
inline State state;
inline std::vector<unsigned char> dynamicShared;

inline Fiber& self() { return state.fibers[state.at]; }
inline void fail(const char* what) {
  std::fprintf(stderr, "simt: %s\n", what);
  std::abort();
}
inline void yield() {
  Fiber& fiber = self();
  simt_switch(&fiber.stackPointer, state.scheduler);
}
inline void meetBlock() {
  self().waits = forBlock;
  state.waiting++;
  yield();
}
inline void meetWarp() {
  self().waits = forWarp;
  state.warpWaiting[self().linear / 32]++;
  yield();
}
inline bool isTakenAway(const char* file, int line) {
  if (line != state.withoutLine) return false;
  const char* name = std::strrchr(file, '/');
  return std::strcmp(name ? name + 1 : file, state.withoutFile) == 0;
}
inline void entry() {
  state.body();
  Fiber& fiber = self();
  fiber.isDone = true;
  state.alive--;
  state.warpAlive[fiber.linear / 32]--;
  yield();
  std::abort();
}

inline void chooseTurns() {
  State& s = state;
  s.turn.resize(s.count);
  for (unsigned i = 0; i < s.count; i++) s.turn[i] = s.order == backward || s.order == lastWarpAhead ? s.count - 1 - i : i;
  uint32_t random = 12345;
  if (s.order == scattered)
    for (unsigned i = s.count - 1; i > 0; i--) {
      random = random * 1664525u + 1013904223u;
      std::swap(s.turn[i], s.turn[(random >> 8) % (i + 1)]);
    }
}

inline void startFiber(unsigned i) {
  constexpr size_t stackBytes = 64 << 10;
  State& s = state;
  Fiber& fiber = s.fibers[i];
  if (!fiber.stack) fiber.stack.reset(new char[stackBytes]);
  ASAN_UNPOISON_MEMORY_REGION(fiber.stack.get(), stackBytes); // the fiber before it never returned from its frames
  fiber.linear = i;
  fiber.thread = {i % s.block.x, i / s.block.x % s.block.y, i / (s.block.x * s.block.y)};
  fiber.isDone = false;
  fiber.waits = runs;
  fiber.copies.assign(1, {});
  s.warpAlive[i / 32]++;
  void** top = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(fiber.stack.get() + stackBytes) & ~uintptr_t(15));
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(&entry);
  top -= 6; // rbx rbp r12 to r15
  std::memset(top, 0, 6 * sizeof(void*));
  fiber.stackPointer = top;
}

/** Runs a thread until it waits; false where it cannot run. */
inline bool run(Fiber& fiber) {
  if (fiber.isDone || fiber.waits != runs) return false;
  state.at = fiber.linear;
  simt_switch(&state.scheduler, fiber.stackPointer);
  return true;
}

/** Lets a warp go on where all of it have met. */
inline bool releaseWarp(unsigned w) {
  State& s = state;
  if (s.warpWaiting[w] == 0 || s.warpWaiting[w] != s.warpAlive[w]) return false;
  s.warpWaiting[w] = 0;
  for (unsigned i = w * 32; i < std::min(s.count, w * 32 + 32); i++)
    if (s.fibers[i].waits == forWarp) s.fibers[i].waits = runs;
  return true;
}

/** Lets everybody go on who waits for a meeting that is now complete. */
inline bool release() {
  State& s = state;
  bool isReleased = false;
  for (unsigned w = 0; w * 32 < s.count; w++) isReleased |= releaseWarp(w);
  if (s.waiting > 0 && s.waiting == s.alive) {
    s.waiting = 0;
    isReleased = true;
    for (unsigned i = 0; i < s.count; i++)
      if (s.fibers[i].waits == forBlock) s.fibers[i].waits = runs;
  }
  return isReleased;
}

inline void runBlock() {
  State& s = state;
  s.alive = s.count;
  s.waiting = 0;
  for (unsigned w = 0; w < 32; w++) s.warpWaiting[w] = s.warpAlive[w] = 0;
  for (unsigned i = 0; i < s.count; i++) startFiber(i);
  bool isAhead = s.order == warpAhead || s.order == lastWarpAhead;
  while (s.alive > 0) {
    bool isMoving = false;
    for (unsigned t = 0; t < s.count; t++) {
      isMoving |= run(s.fibers[s.turn[t]]);
      bool isLastOfWarp = t % 32 == 31 || t + 1 == s.count;
      if (isAhead && isLastOfWarp && releaseWarp(s.turn[t] / 32)) t -= t % 32 + 1; // the same warp again
    }
    if (!release() && !isMoving && s.alive > 0) fail("a barrier that not all threads reach");
  }
}

inline void launch(dim3 grid, dim3 block, size_t sharedBytes, std::function<void()> body) {
  State& s = state;
  s.grid = grid;
  s.block = block;
  s.count = block.x * block.y * block.z;
  s.body = std::move(body);
  if (s.count > 1024) fail("more than 1024 threads in a block");
  if (s.fibers.size() < s.count) s.fibers.resize(s.count);
  chooseTurns();
  for (unsigned z = 0; z < grid.z; z++)
    for (unsigned y = 0; y < grid.y; y++)
      for (unsigned x = 0; x < grid.x; x++) {
        dynamicShared.assign(sharedBytes, 0xff); // NaN until written
        s.blockIndex = {x, y, z};
        runBlock();
      }
}

template <class T, class From> T shuffle(T value, From from) {
  static_assert(sizeof(T) <= 8);
  unsigned linear = self().linear, lane = linear % 32;
  std::memcpy(&state.slot[linear], &value, sizeof(T));
  meetWarp();
  unsigned source = from(lane);
  T result = value;
  if (source < 32) std::memcpy(&result, &state.slot[linear - lane + source], sizeof(T));
  meetWarp();
  return result;
}

inline float fromHalf(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

/** PTX mma.m16n8k16, bf16 in and fp32 out: fragments as the PTX manual lays them out. */
inline void mma16816(float* d, const uint32_t* a, const uint32_t* b) {
  unsigned linear = self().linear, base = linear & ~31u, lane = linear % 32;
  std::memcpy(state.operands[linear].a, a, 16);
  std::memcpy(state.operands[linear].b, b, 8);
  meetWarp();
  auto half = [](uint32_t pair, int k) { return fromHalf(uint16_t(k % 2 ? pair >> 16 : pair)); };
  for (int i = 0; i < 4; i++) {
    int row = lane / 4 + (i >= 2 ? 8 : 0), column = lane % 4 * 2 + i % 2;
    float sum = 0;
    for (int k = 0; k < 16; k++) {
      uint32_t left = state.operands[base + row % 8 * 4 + k % 8 / 2].a[(row >= 8) + 2 * (k >= 8)];
      uint32_t right = state.operands[base + column * 4 + k % 8 / 2].b[k >= 8];
      sum += half(left, k) * half(right, k);
    }
    d[i] += sum;
  }
  meetWarp();
}

/** PTX ldmatrix.x4: four 8 × 8 matrices of 16 bits, the rows of the i-th at the addresses of lanes 8i to 8i + 7. */
inline void loadMatrices(uint32_t* out, const void* row, bool isTransposed) {
  unsigned linear = self().linear, base = linear & ~31u, lane = linear % 32;
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0) fail("ldmatrix of a row that is not aligned to 16 bytes");
  state.slot[linear] = reinterpret_cast<uint64_t>(row);
  meetWarp();
  for (int i = 0; i < 4; i++) {
    auto at = [&](unsigned r, unsigned c) { return uint32_t(reinterpret_cast<const uint16_t*>(state.slot[base + 8 * i + r])[c]); };
    unsigned r = lane / 4, c = lane % 4 * 2;
    out[i] = isTransposed ? at(c, r) | at(c + 1, r) << 16 : at(r, c) | at(r, c + 1) << 16;
  }
  meetWarp();
}

/** cp.async of 16 bytes, zeros instead where nothing is to be read: it arrives when it is waited for, not before. */
inline void copyLater(void* to, const void* from, bool isRead) {
  if (reinterpret_cast<uintptr_t>(to) % 16 || (isRead && reinterpret_cast<uintptr_t>(from) % 16))
    fail("cp.async of 16 bytes that are not aligned");
  self().copies.back().push_back({to, from, isRead ? 16 : 0});
}
inline void commitCopies() { self().copies.push_back({}); }
inline void waitForCopies(unsigned left) {
  auto& groups = self().copies;
  while (groups.size() > left + 1) {
    for (const Copy& copy : groups.front()) {
      std::memset(copy.to, 0, 16);
      if (copy.bytes) std::memcpy(copy.to, copy.from, copy.bytes);
    }
    groups.erase(groups.begin());
  }
}
} // namespace simt

#define threadIdx (simt::self().thread)
#define blockIdx (simt::state.blockIndex)
#define blockDim (simt::state.block)
#define gridDim (simt::state.grid)
#define __syncthreads() (simt::isTakenAway(__FILE__, __LINE__) ? void() : simt::meetBlock())
#define __syncwarp() (simt::isTakenAway(__FILE__, __LINE__) ? void() : simt::meetWarp())
template <class T> T __shfl_xor_sync(unsigned, T value, unsigned by) {
  return simt::shuffle(value, [=](unsigned lane) { return lane ^ by; });
}
inline uint32_t __float_as_uint(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}
using std::max;
using std::min;

#ifdef SIMT_IMPLEMENTATION
asm(R"(.text
.globl simt_switch
simt_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  retq
)");
#endif
