// Causal attention in bf16 of a library that another processor runs, and its gradients, against the same in double.
// Prints the instruction set and how many texts were right; ends with 1 where one was not.
#include "half-numbers.h"

namespace {

/** How far two rows of numbers are apart, as a share of the second's size. */
double distance(const std::vector<uint16_t>& found, const std::vector<double>& wanted) {
  double apart = 0, size = 1e-4 * static_cast<double>(wanted.size());
  for (size_t i = 0; i < wanted.size(); i++) {
    const double x = widen(found[i]);
    apart += (x - wanted[i]) * (x - wanted[i]), size += wanted[i] * wanted[i];
  }
  return std::sqrt(apart / size);
}

struct Attended {
  std::vector<double> out, dqkv;
};

/** One text of T tokens, each with queries, keys and values of `heads` heads side by side. */
Attended attend(const std::vector<uint16_t>& qkv, const std::vector<uint16_t>& dy, int T, int heads, int size,
                double scale) {
  const int width = heads * size, row = 3 * width;
  Attended a = {std::vector<double>(dy.size()), std::vector<double>(qkv.size())};
  std::vector<double> weights(static_cast<size_t>(T)), slopes(static_cast<size_t>(T));
  for (int h = 0; h < heads; h++)
    for (int i = 0; i < T; i++) {
      const int q = i * row + h * size, o = i * width + h * size;
      double mass = 0, overlap = 0;
      for (int j = 0; j <= i; j++) {
        const int k = j * row + width + h * size;
        double score = 0;
        for (int f = 0; f < size; f++) score += static_cast<double>(widen(qkv[q + f])) * widen(qkv[k + f]);
        mass += weights[j] = std::exp(scale * score);
      }
      for (int j = 0; j <= i; j++) {
        const int v = j * row + 2 * width + h * size;
        weights[j] /= mass, slopes[j] = 0;
        for (int f = 0; f < size; f++) {
          a.out[o + f] += weights[j] * widen(qkv[v + f]);
          a.dqkv[v + f] += weights[j] * widen(dy[o + f]);
          slopes[j] += static_cast<double>(widen(dy[o + f])) * widen(qkv[v + f]);
        }
        overlap += weights[j] * slopes[j];
      }
      for (int j = 0; j <= i; j++) {
        const int k = j * row + width + h * size;
        const double slope = scale * weights[j] * (slopes[j] - overlap);
        for (int f = 0; f < size; f++)
          a.dqkv[q + f] += slope * widen(qkv[k + f]), a.dqkv[k + f] += slope * widen(qkv[q + f]);
      }
    }
  return a;
}

bool is_right(uint64_t context, Random& random, bool isLong) {
  const int T = isLong ? 500 + random.whole(100) : random.whole(90), heads = random.whole(2);
  const int size = isLong ? 8 : random.whole(40), width = heads * size;
  const float scale = 1 / std::sqrt(static_cast<float>(size));
  std::vector<uint16_t> qkv(static_cast<size_t>(3) * T * width), dy(static_cast<size_t>(T) * width);
  for (auto* numbers : {&qkv, &dy})
    for (auto& x : *numbers) x = narrow(random.number());
  const Block<uint16_t> from(context, qkv), slopes(context, dy);
  std::vector<uint16_t> outs[2], gradients[2];
  bool isGood = true;
  for (int turn = 0; turn < 2; turn++) {
    const Block<uint16_t> out(context, dy.size()), dqkv(context, qkv.size());
    const Block<float> logSumExp(context, static_cast<size_t>(T) * heads);
    isGood &= isf_half_attention(context, from.address, out.address, logSumExp.address, 1, T, heads, width, scale) == 0;
    isGood &= isf_half_attention_backward(context, slopes.address, from.address, out.address, logSumExp.address,
                                          dqkv.address, 1, T, heads, width, scale) == 0;
    outs[turn] = out.read(), gradients[turn] = dqkv.read();
  }
  const Attended wanted = attend(qkv, dy, T, heads, size, scale);
  return isGood && outs[0] == outs[1] && gradients[0] == gradients[1] && distance(outs[0], wanted.out) < 0.01 &&
         distance(gradients[0], wanted.dqkv) < 0.02;
}

} // namespace

int main(int count, char** words) {
  return check_all(count > 1 ? words[1] : "", [](uint64_t context, Random& random, int i) {
    return is_right(context, random, i % 30 == 29); // long ones have several blocks of keys
  });
}
