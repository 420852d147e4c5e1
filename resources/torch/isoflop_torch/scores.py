"""The validation loss, the same for any number of processes: src/main/core/training/score-split.ts."""

import math

import torch


def score(held, validation, blocks, wants_stop=lambda: False):
    """Mean loss over blocks and its standard error; None where it is asked to stop between two. All must ask alike.

    The standard error is that of a mean of blocks, as neighbouring tokens are no independent draws of a text.
    """
    world, scored = held.world, []
    for first in range(0, len(blocks), world.size):
        turn = blocks[first : first + world.size]
        # Who has no block goes along with another's.
        begin, rows, seed = turn[world.rank] if world.rank < len(turn) else turn[0]
        inputs, targets = validation.text.batch(begin, rows, seed)
        with torch.no_grad():
            losses = held.losses(inputs, targets, held.plain)
        found = [0.0] * len(turn)
        if world.rank < len(turn):
            found[world.rank] = losses.double().mean().item()
        *found, is_asked = world.sum([*found, wants_stop()])
        if is_asked:
            return None
        scored += zip(found, (rows * validation.text.context for _, rows, _ in turn))
    tokens = sum(count for _, count in scored)
    mean = sum(loss * count for loss, count in scored) / tokens
    squares = sum((count / tokens * (loss - mean)) ** 2 for loss, count in scored)
    error = math.sqrt(squares * len(scored) / (len(scored) - 1)) if len(scored) > 1 else None
    return {"loss": mean, "tokens": tokens, "standardError": error}
