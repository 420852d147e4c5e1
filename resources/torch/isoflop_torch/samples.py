"""A continuation of the run's prompt, drawn as the lab draws it: the same prompt, temperature and stream of chances."""

import functools
import heapq
import json
import math
import os

import torch

from .first_weights import U32, _seeded

PROMPT, TOKENS, TEMPERATURE, TOP_K = "The", 48, 0.8, 40
END_OF_TEXT = "<|endoftext|>"


@functools.lru_cache(maxsize=1)
def byte_of_character():
    """GPT-2's alphabet: each byte as one visible character; 188 show themselves, the others follow from U+0100 on."""
    visible = [byte for byte in range(256) if 0x20 < byte < 0x7F or 0xA0 < byte and byte != 0xAD]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(0x100 + rank): byte for rank, byte in enumerate(hidden)}


class Tokenizer:
    """A byte-level BPE out of a folder's tokenizer.json, for a prompt of one word and for reading ids back."""

    def __init__(self, folder):
        with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as file:
            found = json.load(file)
        self.vocabulary = found["model"]["vocab"]
        pairs = (
            tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in found["model"]["merges"]
        )
        self.rank = {pair: rank for rank, pair in enumerate(pairs)}
        added = {token["content"]: token["id"] for token in found.get("added_tokens") or []}
        self.end_of_text = added.get(END_OF_TEXT, self.vocabulary.get(END_OF_TEXT))
        self.tokens = {index: token for token, index in self.vocabulary.items()} | {self.end_of_text: END_OF_TEXT}

    def encode_word(self, word):
        """Of ASCII letters, which stand for themselves: always the earliest learned pair, from the left."""
        parts = list(word)
        while len(parts) > 1:
            ranks = [self.rank.get(pair, math.inf) for pair in zip(parts, parts[1:])]
            at = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[at] == math.inf:
                break
            parts[at : at + 2] = ["".join(parts[at : at + 2])]
        return [self.vocabulary[part] for part in parts]

    def decode(self, ids):
        alphabet = byte_of_character()
        text = b"".join(
            bytes(alphabet[c] for c in self.tokens[i]) if i in self.tokens else "\ufffd".encode() for i in ids
        )
        return text.decode("utf-8", "replace")


class Random:
    """xoshiro128** 1.1, one number after the other."""

    def __init__(self, seed):
        self.words = _seeded(seed)

    def next(self):
        a, b, c, d = self.words
        r = b * 5 & U32
        r = (r << 7 | r >> 25) & U32
        t = b << 9 & U32
        c ^= a
        d ^= b
        self.words = [a ^ d, b ^ c, c ^ t, (d << 11 | d >> 21) & U32]
        return (r * 9 & U32) / 2**32


def draw(logits, random):
    """A token out of the most likely ones: logits [vocabulary of the tokenizer]."""
    values = logits.tolist()
    ids = heapq.nsmallest(TOP_K, range(len(values)), key=lambda i: (-values[i], i))
    weights = [math.exp((values[i] - values[ids[0]]) / TEMPERATURE) for i in ids]
    left = random.next() * sum(weights)
    for index, weight in zip(ids, weights):
        left -= weight
        if left < 0:
            return index
    return ids[-1]


def sample(held):
    """The prompt and what follows, on all processes; all of them must ask."""
    world, run = held.world, held.run
    tokenizer = None

    def begin():
        nonlocal tokenizer
        tokenizer = Tokenizer(run.tokens_folder)
        return tokenizer.encode_word(PROMPT), tokenizer.end_of_text

    prompt, end = world.first(begin)
    random, seen, drawn = Random(run.plan["seed"]), prompt[-run.context :], []
    with torch.no_grad(), held.autocast():
        while len(drawn) < TOKENS:
            logits = held.plain(torch.tensor([seen], device=world.device))[0]
            # What a model has beyond its tokenizer's vocabulary, to be of a round size, is never drawn.
            index = world.first(lambda: draw(logits[: len(tokenizer.tokens)], random))
            if index == end:
                break
            drawn.append(index)
            seen = [*seen, index]
            if len(seen) > run.context:  # the later half is read again and the rest forgotten
                seen = seen[-max(1, run.context // 2) :]
    return world.first(lambda: PROMPT + tokenizer.decode(drawn))
