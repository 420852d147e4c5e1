// Size classes step by an eighth, so at most 12.5 % of a block is never touched; a step's activations find last step's
// blocks. Small blocks are carved out of slabs, so that nearly everything lies in huge pages: products walk through
// many rows at once. Large ones are asked of the kernel itself: inside Electron malloc is Chromium's, which ends the
// process where more than 1 MiB of alignment or more than 2 GiB is wanted.
#include "arena.h"

#include <cstdlib>
#include <new>
#if !defined(_WIN32)
#include <sys/mman.h>
#endif

namespace isoflop {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool REUSES = false; // every block by itself, so that the sanitizer sees its ends
#else
constexpr bool REUSES = true;
#endif

constexpr size_t HUGE_PAGE = size_t(2) << 20;
constexpr size_t SLAB = 8 * HUGE_PAGE;

/** Smallest class that holds `bytes`: multiples of 64 up to 1 KiB, then eighths of powers of two. */
size_t class_of(size_t bytes) {
  if (!REUSES) return bytes ? bytes : 1;
  size_t step = 64;
  while (step * 16 < bytes) step *= 2;
  const size_t rounded = (bytes + step - 1) / step * step;
  return rounded ? rounded : 64;
}

bool is_carved(size_t bytes) { return REUSES && bytes < 2 * HUGE_PAGE; }

#if !defined(_WIN32)
bool is_large(size_t bytes) { return REUSES && bytes >= HUGE_PAGE; }

/** Fresh pages that begin where a huge page may; null when the machine says no. */
void* map_pages(size_t bytes) {
  void* place = mmap(nullptr, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (place == MAP_FAILED) return nullptr;
  const size_t before = (HUGE_PAGE - reinterpret_cast<uintptr_t>(place) % HUGE_PAGE) % HUGE_PAGE;
  char* block = static_cast<char*>(place) + before;
  if (before > 0) munmap(place, before);
  munmap(block + bytes, HUGE_PAGE - before);
#if defined(__linux__)
  madvise(block, bytes, MADV_HUGEPAGE);
#endif
  return block;
}
#endif

void to_system(void* block, [[maybe_unused]] size_t bytes) {
#if defined(_WIN32)
  _aligned_free(block);
#else
  if (is_large(bytes))
    munmap(block, bytes);
  else
    free(block);
#endif
}

} // namespace

Arena::~Arena() {
  for (auto& [block, size] : held_)
    if (!is_carved(size)) to_system(block, size);
  give_back_free();
  for (auto& [slab, size] : slabs_) to_system(slab, size);
}

void* Arena::from_system(size_t bytes) {
  if (reserved_ + bytes > limit_) return nullptr;
  void* block = nullptr;
#if defined(_WIN32)
  block = _aligned_malloc(bytes, 64);
#else
  if (is_large(bytes))
    block = map_pages(bytes);
  else if (posix_memalign(&block, 64, bytes) != 0)
    return nullptr;
#endif
  if (block) reserved_ += bytes;
  return block;
}

/** A piece of the current slab, or of a new one; what is left of the old one is lost until the end. */
void* Arena::carve(size_t bytes) {
  if (bytes > slabLeft_) {
    size_t size = SLAB;
    while (size > bytes && reserved_ + size > limit_) size /= 2; // the last of a small limit
    void* slab = size >= bytes ? from_system(size) : nullptr;
    if (!slab) return nullptr;
    slabs_.emplace_back(slab, size);
    slab_ = static_cast<char*>(slab);
    slabLeft_ = size;
  }
  void* block = slab_;
  slab_ += bytes;
  slabLeft_ -= bytes;
  return block;
}

/** Free large blocks go back; carved ones stay in their slabs. */
void Arena::give_back_free() {
  for (auto at = free_.begin(); at != free_.end();) {
    if (is_carved(at->first)) {
      ++at;
      continue;
    }
    reserved_ -= at->first * at->second.size();
    for (void* block : at->second) to_system(block, at->first);
    at = free_.erase(at);
  }
}

/** A block for `bytes`: a free one of this class or a little larger, else a new one. */
void* Arena::take(size_t bytes) {
  size_t size = class_of(bytes);
  for (auto at = free_.lower_bound(size); at != free_.end() && at->first <= size + size / 4; ++at) {
    if (at->second.empty()) continue;
    void* block = at->second.back();
    at->second.pop_back();
    held_.emplace(block, at->first);
    current_ += at->first;
    return block;
  }
  const auto make = [&] { return is_carved(size) ? carve(size) : from_system(size); };
  void* block = make();
  if (!block) {
    give_back_free();
    block = make();
  }
  if (!block) return nullptr;
  held_.emplace(block, size);
  current_ += size;
  return block;
}

void* Arena::allocate(size_t bytes) {
  if (bytes > limit_) return nullptr;
  try {
    void* block = take(bytes);
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
  if (REUSES) {
    free_[size].push_back(address);
  } else {
    reserved_ -= size;
    to_system(address, size);
  }
  return true;
}

bool Arena::discard(void* address) {
  const auto found = held_.find(address);
  if (found == held_.end() || is_carved(found->second)) return release(address);
  const size_t size = found->second;
  held_.erase(found);
  current_ -= size;
  reserved_ -= size;
  to_system(address, size);
  return true;
}

} // namespace isoflop
