"""The weights of step 0 (docs/rebuild.md, The first weights), drawn in many lanes of the lab's own streams at once.

A tensor's stream is sequential: xoshiro128** 1.1 steps by a matrix over GF(2). A power of that matrix jumps ahead, so
lane i begins where lane i - 1 will end, and the lanes laid end to end are the stream.
"""

import functools
import math

import torch

from .model import kind_of

U32 = 0xFFFFFFFF
WORDS = 4
BITS = 32 * WORDS
SEGMENT = 2**24  # draws at once: 128 MB as 64-bit words


def first_weights(name, shape, plan):
    """fp32 values of one parameter, on the CPU."""
    kind = kind_of(name)
    if kind == "bias":
        return torch.zeros(shape)
    if kind == "norm":
        return torch.full(shape, 1.0 if name.endswith(".weight") else 0.0)
    deviation = plan["parametrisation"]["initStd"][kind]
    return (deviation * truncated_normals(math.prod(shape), stream_key(name, plan["seed"]))).float().view(shape)


def stream_key(name, seed):
    """FNV-1a over the seed and the name: a stream for each tensor."""
    key = 0x811C9DC5
    for character in f"{seed}:{name}":
        key = (key ^ ord(character)) * 0x01000193 & U32
    return key


def truncated_normals(count, key):
    """`count` standard normals in double precision; what lies beyond 2 is drawn again."""
    state, taken, have = _seeded(key), [], 0
    while have < count:
        # One pair in twenty-two is drawn again.
        pairs = min(SEGMENT // 2, math.ceil((count - have) * 1.06) + 64)
        words, state = _draws(state, 2 * pairs)
        first, second = (words.double() / 2**32).view(-1, 2).unbind(1)
        normals = torch.sqrt(-2 * torch.log(1 - first)) * torch.cos(2 * math.pi * second)
        normals = normals[normals.abs() <= 2][: count - have]
        taken.append(normals)
        have += len(normals)
    return torch.cat(taken)


def _seeded(key):
    """Four words from splitmix32."""
    z, words = key & U32, []
    for _ in range(WORDS):
        z = z + 0x9E3779B9 & U32
        t = (z ^ z >> 16) * 0x21F0AAAD & U32
        t = (t ^ t >> 15) * 0x735A2D97 & U32
        words.append(t ^ t >> 15)
    return words


def _draws(state, least):
    """At least `least` (an even number of) words as int64, and the state after them."""
    lanes = 2 ** max(0, int(math.log2(least)) // 2)
    length = 2 * math.ceil(least / lanes / 2)
    a, b, c, d = _spread(state, lanes, length)
    out = torch.empty(length, lanes, dtype=torch.int64)
    for i in range(length):
        out[i] = _rotated(b * 5 & U32, 7) * 9 & U32
        t = b << 9 & U32
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        d = _rotated(d, 11)
    # The last lane stands where the whole has come to.
    return out.t().reshape(-1), [int(word[-1]) for word in (a, b, c, d)]


def _rotated(x, count):
    return (x << count | x >> 32 - count) & U32


def _spread(state, lanes, length):
    """Four words [lanes]: lane i stands i · length steps after `state`."""
    words = [torch.tensor([word], dtype=torch.int64) for word in state]
    for jump in _doubled_jumps(length, lanes.bit_length() - 1):
        words = [torch.cat([word, ahead]) for word, ahead in zip(words, _jumped(jump, words))]
    return words


def _jumped(columns, words):
    """A matrix over GF(2), as 128 columns, times the state of every lane."""
    out = [torch.zeros_like(word) for word in words]
    for bit, column in enumerate(columns):
        here = -(words[bit // 32] >> bit % 32 & 1)  # all ones where the bit is set
        for i in range(WORDS):
            out[i] ^= here & (column >> 32 * i & U32)
    return out


@functools.lru_cache(maxsize=64)
def _doubled_jumps(length, count):
    """The matrices of length · 1, 2, 4 … steps, `count` of them."""
    power, jump, left = _step_matrix(), None, length
    while left:
        if left & 1:
            jump = power if jump is None else _product(power, jump)
        power, left = _product(power, power), left >> 1
    jumps = []
    for _ in range(count):
        jumps.append(jump)
        jump = _product(jump, jump)
    return jumps


def _product(left, right):
    return [_applied(left, column) for column in right]


def _applied(columns, vector):
    out = 0
    while vector:
        low = vector & -vector
        out ^= columns[low.bit_length() - 1]
        vector ^= low
    return out


@functools.lru_cache(maxsize=1)
def _step_matrix():
    """What one step makes of each bit of the state."""
    columns = []
    for bit in range(BITS):
        a, b, c, d = (1 << bit >> 32 * i & U32 for i in range(WORDS))
        t = b << 9 & U32
        c ^= a
        d ^= b
        a, b, c, d = a ^ d, b ^ c, c ^ t, (d << 11 | d >> 21) & U32
        columns.append(a | b << 32 | c << 64 | d << 96)
    return columns
