// One token through a whole model in a single region: the phases of all blocks are one row of pieces, and a piece waits
// only until the phases before its own are done. Nobody waits for a thread that is still asleep: who comes later takes
// up whatever is next.
//
// Reading the weights is all that takes time, and memory gives whole rows faster than strips of them. So products are
// cut along k, each part a run of rows end to end: its sum is kept apart, and whoever needs the result adds up the
// parts. Parts depend on the shape alone, and so do all bits.
#pragma once
#include <utility>

#include "gemv.h"
#include "kv-cache-attention.h"
#include "layer-norm.h"

namespace {

using isoflop::Text;
using isoflop::TextBlock;

/** What a block does in turn; each phase needs all of the one before. */
enum Phase : int { QKV, MIX, MLP, PHASES };

class NextToken {
public:
  NextToken(Context& context, const Text& text, ptrdiff_t token, float* logits)
      : c_(context), t_(text), logits_(logits), d_(text.width), size_(text.width / text.heads) {
    const ptrdiff_t threads = c_.pool.size();
    const auto isSmall = [&](ptrdiff_t inner, ptrdiff_t outer) { return inner * outer < 32768; };
    strips_ = isSmall(d_, 3 * d_) ? 1 : at_most(threads % 2 == 0 ? threads / 2 : threads, pieces(3 * d_, LINE));
    mixParts_ = at_most(PARTS, t_.heads);
    pieces_[QKV] = isSmall(d_, 3 * d_) ? 1 : 2 * strips_;
    pieces_[MIX] = isSmall(d_, d_ + t_.held) ? 1 : at_most(threads, mixParts_);
    pieces_[MLP] = isSmall(d_, 4 * d_) ? 1 : at_most(threads, PARTS);
    headPieces_ = isSmall(d_, t_.vocabulary) ? 1 : threads;
    for (const ptrdiff_t count : pieces_) ofBlock_ += count;
    float* at = c_.scratch.shared;
    x_ = take(at, d_), middle_ = take(at, d_), qkv_ = take(at, 6 * d_), mixed_ = take(at, PARTS * d_),
    mlp_ = take(at, PARTS * d_);
    const float *row = t_.tokens + token * d_, *position = t_.positions + t_.held * d_;
    each_register(d_, [&](ptrdiff_t j, int lanes) {
      store_up_to(x_ + j, splat(t_.embeddingScale) * (load_up_to(row + j, lanes) + load_up_to(position + j, lanes)),
                  lanes);
    });
  }

  static bool reserve(Context& context, const Text& t) {
    return context.reserve(static_cast<size_t>((8 + 2 * PARTS) * t.width + 5 * LINE),
                           static_cast<size_t>(6 * t.width + t.capacity + 4 * LINE));
  }

  void run() {
    const bool isSmall = ofBlock_ == PHASES && headPieces_ == 1;
    auto region = [&](int thread) { work(c_.scratch.own[static_cast<size_t>(thread)]); };
    c_.pool.run(region, isSmall ? Pool::Team::alone : Pool::Team::whoever);
  }

private:
  using Pool = isoflop::Pool;
  static constexpr ptrdiff_t PARTS = 8; // at most

  static float* take(float*& at, ptrdiff_t count) { return std::exchange(at, at + pieces(count, LINE) * LINE); }

  void work(float* own) {
    const ptrdiff_t body = t_.layers * ofBlock_;
    for (ptrdiff_t piece = c_.pool.next(); piece < body + headPieces_; piece = c_.pool.next()) {
      const ptrdiff_t layer = piece / ofBlock_;
      ptrdiff_t i = piece - layer * ofBlock_, before = layer * ofBlock_;
      if (layer >= t_.layers)
        head(piece - body, body, own);
      else if (i < pieces_[QKV])
        qkv(layer, i, before, own);
      else if (before += pieces_[QKV], (i -= pieces_[QKV]) < pieces_[MIX])
        mix(t_.blocks[layer], i, before, own);
      else
        mlp(t_.blocks[layer], i - pieces_[MIX], before + pieces_[MIX], own);
      c_.pool.finish();
    }
  }

  /** Some columns of one half of k, or all there is. */
  void qkv(ptrdiff_t layer, ptrdiff_t i, ptrdiff_t before, float* own) {
    const TextBlock& w = t_.blocks[layer];
    float *x = take(own, d_), *normed = take(own, d_);
    const ptrdiff_t half = at_most(d_, pieces(pieces(d_, 2), 8) * 8),
                    chunk = pieces(pieces(3 * d_, strips_), LINE) * LINE;
    c_.pool.await(before);
    begin(layer, i, x);
    norm_row(x, w.gain1, w.bias1, normed, d_);
    const ptrdiff_t units = 2 * strips_, last = (i + 1) * units / pieces_[QKV];
    for (ptrdiff_t u = i * units / pieces_[QKV]; u < last; u++) {
      const ptrdiff_t deep = u / strips_, from = at_most(3 * d_, u % strips_ * chunk),
                      to = at_most(3 * d_, from + chunk);
      multiply(normed, w.attention, 3 * d_, deep * half, deep ? d_ : half, from, to, qkv_ + deep * 3 * d_);
    }
  }

  /** What goes into a layer, or into the head: the embedding, or what the layer before has made. */
  void begin(ptrdiff_t layer, ptrdiff_t i, float* x) {
    if (layer == 0)
      memcpy(x, x_, static_cast<size_t>(d_) * 4);
    else
      add_up(middle_, t_.blocks[layer - 1].contractBias, mlp_, PARTS, x);
    if (layer > 0 && layer < t_.layers && i == 0) memcpy(x_, x, static_cast<size_t>(d_) * 4);
  }

  /** Some heads, each with the rows of the projection that it is multiplied by. */
  void mix(const TextBlock& w, ptrdiff_t i, ptrdiff_t before, float* own) {
    const ptrdiff_t first = i * mixParts_ / pieces_[MIX], last = (i + 1) * mixParts_ / pieces_[MIX];
    const auto head = [&](ptrdiff_t part) { return part * t_.heads / mixParts_; };
    float *triple = take(own, 3 * size_), *mixed = take(own, d_), *scores = own;
    c_.pool.await(before);
    for (ptrdiff_t part = first; part < last; part++) {
      for (ptrdiff_t h = head(part); h < head(part + 1); h++) {
        for (ptrdiff_t j = 0; j < 3; j++) {
          const ptrdiff_t at = j * d_ + h * size_;
          each_register(size_, [&](ptrdiff_t f, int lanes) {
            const vec one = load_up_to(qkv_ + at + f, lanes), other = load_up_to(qkv_ + 3 * d_ + at + f, lanes);
            store_up_to(triple + j * size_ + f, load_up_to(w.attentionBias + at + f, lanes) + one + other, lanes);
          });
        }
        float *keys = w.keys + h * size_, *values = w.values + h * size_;
        memcpy(keys + t_.held * d_, triple + size_, static_cast<size_t>(size_) * 4);
        memcpy(values + t_.held * d_, triple + 2 * size_, static_cast<size_t>(size_) * 4);
        attend_cached(triple, keys, values, t_.held + 1, size_, d_, t_.attentionScale, scores, mixed + h * size_);
      }
      multiply(mixed, w.projection, d_, head(part) * size_, head(part + 1) * size_, 0, d_, mixed_ + part * d_);
    }
  }

  /** Some of the hidden numbers, and what they add to the result. */
  void mlp(const TextBlock& w, ptrdiff_t i, ptrdiff_t before, float* own) {
    const ptrdiff_t first = i * PARTS / pieces_[MLP], last = (i + 1) * PARTS / pieces_[MLP], all = 4 * d_;
    const ptrdiff_t chunk = pieces(pieces(all, PARTS), LINE) * LINE;
    const auto start = [&](ptrdiff_t part) { return at_most(all, part * chunk); };
    float *x = take(own, d_), *normed = take(own, d_), *hidden = own;
    c_.pool.await(before);
    add_up(x_, w.projectionBias, mixed_, mixParts_, x);
    if (i == 0) memcpy(middle_, x, static_cast<size_t>(d_) * 4);
    norm_row(x, w.gain2, w.bias2, normed, d_);
    Product g = {};
    g.k = d_, g.b = w.expand, g.ldb = all, g.c = g.after = hidden, g.alpha = 1, g.bias = w.expandBias, g.gelu = t_.gelu;
    gemv(g, normed, hidden, nullptr, start(first), start(last));
    gelu_rows(g, 0, 1, start(first), start(last));
    for (ptrdiff_t part = first; part < last; part++)
      multiply(hidden, w.contract, d_, start(part), start(part + 1), 0, d_, mlp_ + part * d_);
  }

  void head(ptrdiff_t i, ptrdiff_t before, float* own) {
    float *x = take(own, d_), *normed = take(own, d_);
    const ptrdiff_t chunk = pieces(pieces(t_.vocabulary, headPieces_), LINE) * LINE;
    const ptrdiff_t first = at_most(t_.vocabulary, i * chunk), last = at_most(t_.vocabulary, first + chunk);
    c_.pool.await(before);
    begin(t_.layers, i, x);
    norm_row(x, t_.gain, t_.bias, normed, d_);
    Product g = {};
    g.k = d_, g.b = t_.tokens, g.ldb = d_, g.alpha = t_.outputScale;
    gemv_transposed(g, normed, logits_, nullptr, first, last);
  }

  /** out = x·W over the rows [from, to) alone, columns [begin, end). */
  static void multiply(const float* x, const float* weight, ptrdiff_t ld, ptrdiff_t from, ptrdiff_t to, ptrdiff_t begin,
                       ptrdiff_t end, float* out) {
    Product g = {};
    g.k = to - from, g.b = weight + from * ld, g.ldb = ld, g.alpha = 1;
    gemv(g, x + from, out, nullptr, begin, end);
  }

  /** to = x + bias + all parts in turn. */
  void add_up(const float* x, const float* bias, const float* part, ptrdiff_t count, float* to) const {
    each_register(d_, [&](ptrdiff_t j, int lanes) {
      vec total = load_up_to(x + j, lanes) + load_up_to(bias + j, lanes);
      for (ptrdiff_t i = 0; i < count; i++) total += load_up_to(part + i * d_ + j, lanes);
      store_up_to(to + j, total, lanes);
    });
  }

  Context& c_;
  const Text& t_;
  float* logits_;
  const ptrdiff_t d_, size_;
  ptrdiff_t strips_, mixParts_, pieces_[PHASES], headPieces_, ofBlock_ = 0;
  float *x_, *middle_, *qkv_, *mixed_, *mlp_; // the last three in parts: [2, 3d], [mixParts, d], [PARTS, d]
};

isoflop::Status next_token(Context& context, const Text& text, ptrdiff_t token, float* logits) {
  if (!NextToken::reserve(context, text)) return isoflop::OUT_OF_MEMORY;
  NextToken(context, text, token, logits).run();
  return isoflop::OK;
}

} // namespace
