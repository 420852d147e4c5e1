// The buffers that products pack into: they grow to what the largest one needs, and a very large one does not stay.
#include "kernels.h"

namespace isoflop {

/** Buffers of more than 8 MiB are asked for anew in every step, so that others may have their memory in between. */
static bool is_passing(size_t sharedFloats) { return sharedFloats > size_t(2) << 20; }

bool Context::reserve(size_t sharedFloats, size_t ownFloats) {
  const auto grow = [&](float*& block, size_t& have, size_t need) {
    if (have >= need) return true;
    if (block) arena.release(block);
    block = static_cast<float*>(arena.allocate(need * 4));
    have = block ? need : 0;
    return block != nullptr;
  };
  if (is_passing(sharedFloats) && scratch.sharedFloats < sharedFloats) arena.give_back_free();
  if (!grow(scratch.shared, scratch.sharedFloats, sharedFloats)) return false;
  for (size_t i = 0; i < scratch.own.size(); i++)
    if (!grow(scratch.own[i], scratch.ownFloats[i], ownFloats)) return false;
  return true;
}

void Context::trim() {
  if (!is_passing(scratch.sharedFloats)) return;
  arena.discard(scratch.shared);
  scratch.shared = nullptr, scratch.sharedFloats = 0;
}

} // namespace isoflop
