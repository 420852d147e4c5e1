// Products in bf16 of a library that another processor runs: each against sums in double of the same rounded operands.
// Prints the instruction set and how many products were right; ends with 1 where one was not.
#include "half-numbers.h"

namespace {

/** Whether a [m, k] times b [k, n] is what it should be, twice to the same bits: into halves, or added up in fp32. */
template <class Number> bool is_right(uint64_t context, Random& random, bool aTransposed, bool bTransposed) {
  const int m = random.whole(70), n = random.whole(90), k = random.whole(300);
  std::vector<uint16_t> a(static_cast<size_t>(m) * k);
  std::vector<float> b(static_cast<size_t>(k) * n);
  for (auto& x : a) x = narrow(random.number());
  for (auto& x : b) x = random.number();
  const Block<uint16_t> left(context, a);
  const Block<float> right(context, b);
  bool isGood = true;
  std::vector<Number> found[2];
  for (auto& result : found) {
    const Block<Number> into(context, std::vector<Number>(static_cast<size_t>(m) * n));
    isGood &=
        isf_half_product(context, left.address, right.address, into.address, m, n, k, aTransposed, bTransposed) == 0;
    result = into.read();
  }
  isGood &= found[0] == found[1];
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      double sum = 0, size = 0;
      for (int l = 0; l < k; l++) {
        const double product = static_cast<double>(widen(a[aTransposed ? l * m + i : i * k + l])) *
                               widen(narrow(b[bTransposed ? j * k + l : l * n + j]));
        sum += product, size += std::fabs(product);
      }
      const Number number = found[0][static_cast<size_t>(i) * n + j];
      const float value = sizeof(Number) == 2 ? widen(static_cast<uint16_t>(number)) : static_cast<float>(number);
      // Each of k sums is off by at most a part in 2^23, and the result is rounded to 8 bits unless it stays fp32.
      const double bound = size * k / 8388608.0 + (aTransposed ? 0 : std::fabs(sum) / 256);
      isGood &= std::fabs(value - sum) <= bound + 1e-30;
    }
  return isGood;
}

} // namespace

int main(int count, char** words) {
  return check_all(count > 1 ? words[1] : "", [](uint64_t context, Random& random, int i) { // x·W, xᵀ·dy, dy·Wᵀ
    return i % 3 == 1 ? is_right<float>(context, random, true, false)
                      : is_right<uint16_t>(context, random, false, i % 3 == 2);
  });
}
