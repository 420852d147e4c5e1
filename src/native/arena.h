// The library's own memory: blocks of a few size classes, given back to a free list and handed out again.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace isoflop {

class Arena {
public:
  explicit Arena(uint64_t limitBytes) : limit_(limitBytes) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /** At least `bytes`, aligned to 64, contents undefined; null when the limit or the machine says no. */
  void* allocate(size_t bytes);
  /** Back to the free list; false for an address that is not held. */
  bool release(void* address);
  /** Back to the machine where it is a block of its own, so that others may have its memory; else as `release`. */
  bool discard(void* address);
  /** Free blocks of their own go back to the machine. */
  void give_back_free();
  bool holds(void* address) const { return held_.count(address) > 0; }
  /** Bytes handed out now, and the most there ever were. */
  uint64_t current() const { return current_; }
  uint64_t peak() const { return peak_; }

private:
  void* take(size_t bytes);
  void* carve(size_t bytes);
  void* from_system(size_t bytes);

  uint64_t limit_;
  uint64_t reserved_ = 0; // bytes taken from the machine
  uint64_t current_ = 0;
  uint64_t peak_ = 0;
  std::unordered_map<void*, size_t> held_;      // address to size class
  std::map<size_t, std::vector<void*>> free_;   // by size class
  std::vector<std::pair<void*, size_t>> slabs_; // many small blocks each, given back at the end
  char* slab_ = nullptr;                        // the slab that is being carved up
  size_t slabLeft_ = 0;
};

} // namespace isoflop
