// Addresses as the C interface hands them over: 64-bit integers.
#pragma once
#include <cstdint>

#include "kernels.h"

namespace isoflop {

inline Context& at(uint64_t handle) { return *reinterpret_cast<Context*>(static_cast<uintptr_t>(handle)); }
inline float* floats(uint64_t address) { return reinterpret_cast<float*>(static_cast<uintptr_t>(address)); }
inline int32_t* integers(uint64_t address) { return reinterpret_cast<int32_t*>(static_cast<uintptr_t>(address)); }
inline uint64_t handle(const void* address) { return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(address)); }

} // namespace isoflop
