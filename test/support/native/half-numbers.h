// Numbers of 16 bits and random ones, for the programs that check a library which another processor runs.
#pragma once
#include "../../../src/native/api.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

namespace {

/** To the nearest number of 16 bits, ties to even. */
inline uint16_t narrow(float x) {
  uint32_t raw;
  memcpy(&raw, &x, 4);
  return static_cast<uint16_t>((raw + 0x7fffu + ((raw >> 16) & 1u)) >> 16);
}
inline float widen(uint16_t x) {
  const uint32_t raw = static_cast<uint32_t>(x) << 16;
  float value;
  memcpy(&value, &raw, 4);
  return value;
}

struct Random {
  std::mt19937 engine{20261127};
  int whole(int most) { return 1 + static_cast<int>(engine() % static_cast<unsigned>(most)); }
  float number() { return static_cast<float>(static_cast<int>(engine() % 20001u) - 10000) / 5000.0f; }
};

/** A block of a context's memory with numbers of one kind. */
template <class Number> struct Block {
  uint64_t context, address;
  size_t count;
  Block(uint64_t context, size_t count)
      : context(context), address(isf_allocate(context, static_cast<double>(sizeof(Number) * count))), count(count) {}
  Block(uint64_t context, const std::vector<Number>& numbers) : Block(context, numbers.size()) {
    isf_write(address, numbers.data(), static_cast<double>(sizeof(Number) * count));
  }
  Block(const Block&) = delete;
  ~Block() { isf_release(context, address); }
  std::vector<Number> read() const {
    std::vector<Number> numbers(count);
    isf_read(numbers.data(), address, static_cast<double>(sizeof(Number) * count));
    return numbers;
  }
};

/** Does 60 checks on one thread and 60 on two, says how many were right, and gives the exit status. */
template <class Check> int check_all(const char* isa, Check isRight) {
  Random random;
  int right = 0, tried = 0;
  const char* name = "";
  for (const int threads : {1, 2}) {
    const uint64_t context = isf_create(threads, 1e9, "");
    name = isf_half_isa(context, isa);
    for (int i = 0; i < 60; i++, tried++) right += isRight(context, random, i);
    isf_destroy(context);
  }
  std::printf("%s: %d of %d right\n", name, right, tried);
  return right == tried ? 0 : 1;
}

} // namespace
