"""The order of the text (docs/rebuild.md): which tokens a step sees depends on the seed and the step alone."""

import math
import mmap
import os

import torch

from .faults import Fault

U32 = 0xFFFFFFFF
# How the validation split is scored: src/main/core/training/score-split.ts.
DRAWING_SEED = 0
MOST_TOKENS = 2**22
FEWEST_BLOCKS = 32


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
    keys = [mix(mix(word, epoch & U32), number) for number in range(1, 7)]

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


class Text:
    """The tokens of one split, left on the disk; windows of context + 1 whose neighbours share one token."""

    def __init__(self, path, context):
        self.path, self.context = path, context
        size = os.path.getsize(path)
        if size % 2:
            raise Fault("damaged", f"{path} is not a whole number of tokens. Tokenize the corpus again.")
        self.length = size // 2
        self.windows = max(0, (self.length - 1) // context)
        self.tokens = torch.empty(0, dtype=torch.int16)
        if size:
            with open(path, "rb") as file:
                # A private copy of the pages: torch wants them writable, and the file stays as it is.
                self.tokens = torch.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), dtype=torch.int16)
        self._epoch, self._at = None, None

    def batch(self, first, count, seed):
        """Inputs and targets [count, context] of the sequences from `first` on; seed None keeps the text's order."""
        rows = [self._window(n, seed) * self.context for n in range(first, first + count)]
        # Ids have 16 bits without a sign, a type for which torch can do little.
        taken = torch.stack([self.tokens[at : at + self.context + 1] for at in rows]).to(torch.int64) & 0xFFFF
        return taken[:, :-1].contiguous(), taken[:, 1:].contiguous()

    def _window(self, number, seed):
        epoch, place = divmod(number, self.windows)
        if seed is None:
            return place
        if self._epoch != (seed, epoch):
            self._epoch, self._at = (seed, epoch), permutation(self.windows, seed, epoch)
        return self._at(place)


class ValidationBlocks:
    """The validation split in blocks of (first sequence, count, seed): the same for any number of processes."""

    def __init__(self, text, sequences, rows):
        self.text, self.sequences, self.rows = text, sequences, rows

    def part(self):
        """What is scored along the way."""
        return self._blocks(self.sequences, DRAWING_SEED)

    def whole(self):
        """The split, or so much of it that its standard error is small, drawn at random."""
        most = max(1, MOST_TOKENS // self.text.context)
        return self._blocks(most, DRAWING_SEED if self.text.windows > most else None)

    def _blocks(self, wanted, seed):
        count = min(wanted, self.text.windows)
        size = min(self.rows, max(1, count // FEWEST_BLOCKS))
        return [(first, min(size, count - first), seed) for first in range(0, count, size)]
