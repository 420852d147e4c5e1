// Size classes step by an eighth, so at most 12.5 % of a block is never touched; a step's activations find last step's blocks.
#include "arena.h"

#include <cstdlib>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace isoflop {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool REUSES = false; // every block by itself, so that the sanitizer sees its ends
#else
constexpr bool REUSES = true;
#endif

/** Smallest class that holds `bytes`: multiples of 64 up to 1 KiB, then eighths of powers of two. */
size_t class_of(size_t bytes) {
  if (!REUSES) return bytes ? bytes : 1;
  size_t step = 64;
  while (step * 16 < bytes) step *= 2;
  const size_t rounded = (bytes + step - 1) / step * step;
  return rounded ? rounded : 64;
}

void* from_machine(size_t bytes) {
#if defined(_WIN32)
  return _aligned_malloc(bytes, 64);
#else
  void* block = nullptr;
  const size_t huge = size_t(2) << 20;
  const bool isLarge = bytes >= huge && REUSES;
  if (posix_memalign(&block, isLarge ? 4096 : 64, bytes) != 0) return nullptr;
#if defined(__linux__)
  if (isLarge) madvise(block, bytes, MADV_HUGEPAGE);
#endif
  return block;
#endif
}

void to_machine(void* block) {
#if defined(_WIN32)
  _aligned_free(block);
#else
  free(block);
#endif
}

} // namespace

Arena::~Arena() {
  give_back_free();
  for (auto& [block, size] : held_) to_machine(block);
}

void Arena::give_back_free() {
  for (auto& [size, blocks] : free_) {
    reserved_ -= size * blocks.size();
    for (void* block : blocks) to_machine(block);
  }
  free_.clear();
}

void* Arena::allocate(size_t bytes) {
  if (bytes > limit_) return nullptr;
  const size_t size = class_of(bytes);
  try {
    auto& blocks = free_[size];
    void* block = nullptr;
    if (!blocks.empty()) {
      block = blocks.back();
      blocks.pop_back();
    } else {
      if (reserved_ + size > limit_) give_back_free();
      if (reserved_ + size > limit_) return nullptr;
      block = from_machine(size);
      if (!block) {
        give_back_free();
        block = from_machine(size);
      }
      if (!block) return nullptr;
      reserved_ += size;
    }
    held_.emplace(block, size);
    current_ += size;
    if (current_ > peak_) peak_ = current_;
    return block;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

bool Arena::release(void* address) {
  const auto found = held_.find(address);
  if (found == held_.end()) return false;
  const size_t size = found->second;
  held_.erase(found);
  current_ -= size;
  if (REUSES) free_[size].push_back(address);
  else {
    reserved_ -= size;
    to_machine(address);
  }
  return true;
}

} // namespace isoflop
