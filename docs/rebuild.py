"""Rebuilds what an Isoflop run began with: the order of its text, its validation windows and its first weights.

docs/rebuild.md says the same in words. Shares no code with the lab; needs numpy.

    python rebuild.py batch TOKENS/train.bin --context 128 --batch 8 --seed 0 --step 0
    python rebuild.py validation TOKENS/validation.bin --context 128
    python rebuild.py weights --layers 2 --width 64 --context 128 --vocabulary 512 --init 0.08 --seed 0 --to first.npz
"""

import argparse
import json
import math

import numpy as np

U32 = 0xFFFFFFFF


def mix(a, b):
    """One 32-bit word out of two: the finaliser of MurmurHash3, twice."""
    h = ((a ^ 0x9E3779B9) * 0x85EBCA6B & U32) ^ b
    h = (h ^ h >> 16) * 0x85EBCA6B & U32
    h = (h ^ h >> 13) * 0xC2B2AE35 & U32
    h ^= h >> 16
    h = (h ^ h >> 15) * 0x2C1B3C6D & U32
    h = (h ^ h >> 12) * 0x297A2D39 & U32
    return h ^ h >> 15


def permutation(count, seed, epoch):
    """A permutation of range(count): six Feistel rounds over the next power of four, walked until inside."""
    if count < 2:
        return lambda index: 0
    half = max(1, math.ceil(math.log2(count) / 2))
    mask = (1 << half) - 1
    word = mix(seed & U32, seed >> 32 & U32)
    keys = [mix(mix(word, epoch), number) for number in range(1, 7)]

    def once(index):
        left, right = index >> half, index & mask
        for key in keys:
            left, right = right, (left ^ mix(right, key)) & mask
        return left << half | right

    def at(index):
        image = once(index)
        while image >= count:
            image = once(image)
        return image

    return at


def windows(tokens, context):
    """How many windows of context + 1 tokens there are; neighbours share one token."""
    return (len(tokens) - 1) // context


def sequence(tokens, context, number, seed):
    """Inputs and targets of sequence `number` of a run, counted from its beginning."""
    epoch, place = divmod(number, windows(tokens, context))
    first = permutation(windows(tokens, context), seed, epoch)(place) * context
    return tokens[first : first + context], tokens[first + 1 : first + context + 1]


def batch(tokens, context, rows, seed, step):
    """Inputs and targets [rows, context] of one step (from 0) of a run whose batch does not grow."""
    pairs = [sequence(tokens, context, step * rows + row, seed) for row in range(rows)]
    return np.stack([one[0] for one in pairs]), np.stack([one[1] for one in pairs])


def validation_windows(tokens, context, most=32_768):
    """Which windows of the validation split are scored along the way; at the end all of them are."""
    count = windows(tokens, context)
    at = permutation(count, 0, 0)
    return [at(index) for index in range(min(count, max(1, math.floor(most / context + 0.5))))]


class Random:
    """xoshiro128** 1.1, its four words from splitmix32."""

    def __init__(self, seed):
        z, self.words = seed & U32, []
        for _ in range(4):
            z = z + 0x9E3779B9 & U32
            t = (z ^ z >> 16) * 0x21F0AAAD & U32
            t = (t ^ t >> 15) * 0x735A2D97 & U32
            self.words.append(t ^ t >> 15)

    def next(self):
        a, b, c, d = self.words
        r = b * 5 & U32
        r = (r << 7 | r >> 25) & U32
        t = b << 9 & U32
        c ^= a
        d ^= b
        self.words = [a ^ d, b ^ c, c ^ t, (d << 11 | d >> 21) & U32]
        return (r * 9 & U32) / 2**32

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.next()))
        return radius * math.cos(2 * math.pi * self.next())

    def truncated(self):
        while True:
            z = self.normal()
            if abs(z) <= 2:
                return z


def parameters(layers, width, context, vocabulary):
    """Name, shape and kind of every tensor, by their names in Hugging Face's GPT-2."""
    yield "wte.weight", (vocabulary, width), "embedding"
    yield "wpe.weight", (context, width), "position"
    for i in range(layers):
        for norm, linears in (
            ("ln_1", (("attn.c_attn", width, 3 * width, "matrix"), ("attn.c_proj", width, width, "residual"))),
            ("ln_2", (("mlp.c_fc", width, 4 * width, "matrix"), ("mlp.c_proj", 4 * width, width, "residual"))),
        ):
            yield f"h.{i}.{norm}.weight", (width,), "one"
            yield f"h.{i}.{norm}.bias", (width,), "zero"
            for name, rows, columns, kind in linears:
                yield f"h.{i}.{name}.weight", (rows, columns), kind
                yield f"h.{i}.{name}.bias", (columns,), "zero"
    yield "ln_f.weight", (width,), "one"
    yield "ln_f.bias", (width,), "zero"


def first_weights(layers, width, context, vocabulary, init, seed, mup_base=None):
    """The weights of step 0. `mup_base` is muP's base width; None for standard parametrisation."""
    m = width / mup_base if mup_base else 1
    deviation = {
        "embedding": init,
        "position": init,
        "matrix": init / math.sqrt(m),
        "residual": init / math.sqrt(2 * m * layers),
    }
    weights = {}
    for name, shape, kind in parameters(layers, width, context, vocabulary):
        if kind in ("one", "zero"):
            weights[name] = np.full(shape, kind == "one", np.float32)
            continue
        key = 0x811C9DC5  # FNV-1a over the seed and the name: a stream for each tensor
        for character in f"{seed}:{name}":
            key = (key ^ ord(character)) * 0x01000193 & U32
        random = Random(key)
        values = [deviation[kind] * random.truncated() for _ in range(math.prod(shape))]
        weights[name] = np.array(values, np.float32).reshape(shape)
    return weights


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True)
    for name in ("batch", "validation"):
        one = what.add_parser(name)
        one.add_argument("tokens", help="train.bin or validation.bin of a tokenized corpus")
        one.add_argument("--context", type=int, required=True)
        if name == "batch":
            one.add_argument("--batch", type=int, required=True, help="sequences a step")
            one.add_argument("--seed", type=int, default=0)
            one.add_argument("--step", type=int, default=0)
    one = what.add_parser("weights")
    for name in ("layers", "width", "context", "vocabulary"):
        one.add_argument(f"--{name}", type=int, required=True)
    one.add_argument("--init", type=float, required=True)
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--mup-base", type=int)
    one.add_argument("--to", required=True, help="an .npz file")
    options = parser.parse_args()
    if options.what == "weights":
        shape = (options.layers, options.width, options.context, options.vocabulary)
        np.savez(options.to, **first_weights(*shape, options.init, options.seed, options.mup_base))
        return
    tokens = np.fromfile(options.tokens, "<u2").astype(np.int32)
    if options.what == "validation":
        print(json.dumps(validation_windows(tokens, options.context)))
    else:
        inputs, targets = batch(tokens, options.context, options.batch, options.seed, options.step)
        print(json.dumps({"inputs": inputs.tolist(), "targets": targets.tolist()}))


if __name__ == "__main__":
    main()
