// Products in bf16 of a library that another processor runs: each against sums in double of the same rounded operands.
// Prints the instruction set and how many products were right; ends with 1 where one was not.
#include "../../../src/native/api.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

namespace {

/** To the nearest number of 16 bits, ties to even. */
uint16_t narrow(float x) {
  uint32_t raw;
  memcpy(&raw, &x, 4);
  return static_cast<uint16_t>((raw + 0x7fffu + ((raw >> 16) & 1u)) >> 16);
}
float widen(uint16_t x) {
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

/** Whether a [m, k] times b [k, n] is what it should be, twice to the same bits. */
bool is_right(uint64_t context, Random& random, bool aTransposed, bool bTransposed) {
  const int m = random.whole(70), n = random.whole(90), k = random.whole(300);
  std::vector<uint16_t> a(static_cast<size_t>(m) * k);
  std::vector<float> b(static_cast<size_t>(k) * n);
  for (auto& x : a) x = narrow(random.number());
  for (auto& x : b) x = random.number();
  const size_t bytes = static_cast<size_t>(m) * n * (aTransposed ? 4 : 2);
  const uint64_t left = isf_allocate(context, 2.0 * a.size()), right = isf_allocate(context, 4.0 * b.size());
  const uint64_t into = isf_allocate(context, static_cast<double>(bytes));
  isf_write(left, a.data(), 2.0 * a.size());
  isf_write(right, b.data(), 4.0 * b.size());
  std::vector<char> first(bytes), again(bytes), zeros(bytes);
  bool isGood = true;
  for (auto* result : {&first, &again}) {
    isf_write(into, zeros.data(), static_cast<double>(bytes));
    isGood &= isf_half_product(context, left, right, into, m, n, k, aTransposed, bTransposed) == 0;
    isf_read(result->data(), into, static_cast<double>(bytes));
  }
  for (const uint64_t block : {left, right, into}) isf_release(context, block);
  isGood &= first == again;
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      double sum = 0, size = 0;
      for (int l = 0; l < k; l++) {
        const double product = static_cast<double>(widen(a[aTransposed ? l * m + i : i * k + l])) *
                               widen(narrow(b[bTransposed ? j * k + l : l * n + j]));
        sum += product, size += std::fabs(product);
      }
      float found;
      if (aTransposed)
        memcpy(&found, first.data() + 4 * (i * n + j), 4);
      else {
        uint16_t half;
        memcpy(&half, first.data() + 2 * (i * n + j), 2);
        found = widen(half);
      }
      // Each of k sums is off by at most a part in 2^23, and the result is rounded to 8 bits unless it stays fp32.
      const double bound = size * k / 8388608.0 + (aTransposed ? 0 : std::fabs(sum) / 256);
      isGood &= std::fabs(found - sum) <= bound + 1e-30;
    }
  return isGood;
}

} // namespace

int main(int count, char** words) {
  const char* isa = count > 1 ? words[1] : "";
  Random random;
  int right = 0, tried = 0;
  const char* name = "";
  for (const int threads : {1, 2}) {
    const uint64_t context = isf_create(threads, 1e9, "");
    name = isf_half_isa(context, isa);
    for (int i = 0; i < 60; i++, tried++)
      right += is_right(context, random, i % 3 == 1, i % 3 == 2); // x·W, xᵀ·dy, dy·Wᵀ
    isf_destroy(context);
  }
  std::printf("%s: %d of %d right\n", name, right, tried);
  return right == tried ? 0 : 1;
}
