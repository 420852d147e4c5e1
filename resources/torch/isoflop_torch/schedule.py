"""Learning rate, batch size and events of a step: the arithmetic of src/shared/family/schedule.ts and batch-size.ts."""

import math

# Share of a warmup-stable-decay run that decays (Hu et al. 2024; Hägele et al. 2024), and where those of wsd-s end.
DECAY_SHARE = 0.2
STOPS = (0.25, 0.5, 1)


def half_up(value):
    """Rounds as JavaScript does."""
    return math.floor(value + 0.5)


class Schedule:
    """Of a run: what step n (from 0) does."""

    def __init__(self, member, recipe):
        self.steps, self.warmup = member["steps"], member["warmupSteps"]
        self.peak = member["peakLearningRate"]
        self.decay = member.get("decay") or recipe["decay"]
        final = member.get("finalFraction")
        self.final = recipe["finalFraction"] if final is None else final
        self.phases = member.get("phases") or []
        self.batch = member["batchSequences"]

    def learning_rate(self, step):
        """Of the update after `step` updates: a line from 0 to the peak, then the decay."""
        total = self._position(self.steps)
        at = min(self._position(step + 1), total)
        if at < self.warmup:
            return self.peak * (at / self.warmup)
        if self.decay == "constant":
            return self.peak
        if self.decay == "wsd":
            return self.peak * self._held(at, total, self.warmup)
        if self.decay == "wsd-s":
            i = next(i for i, stop in enumerate(STOPS) if at <= half_up(stop * total))
            begin = max(self.warmup, half_up(STOPS[i - 1] * total) if i > 0 else 0)
            return self.peak * self._held(at, half_up(STOPS[i] * total), begin)
        gone = (at - self.warmup) / (total - self.warmup) if total > self.warmup else 1
        left = (1 + math.cos(math.pi * gone)) / 2 if self.decay == "cosine" else 1 - gone
        return self.peak * (self.final + (1 - self.final) * left)

    def cooldown_ends(self):
        """Steps at which a decay has just ended, and so a loss that belongs on the law. The last is `steps`."""
        return [half_up(stop * self.steps) for stop in STOPS] if self.decay == "wsd-s" else [self.steps]

    def sequences(self, step):
        """Of the update after `step` updates."""
        end = 0
        for phase in self.phases:
            end += phase["steps"]
            if step < end:
                return phase["batchSequences"]
        return self.phases[-1]["batchSequences"] if self.phases else self.batch

    def sequences_before(self, steps):
        """Read by the first `steps` updates."""
        if not self.phases:
            return steps * self.batch
        left, total = steps, 0
        for phase in self.phases:
            here = min(left, phase["steps"])
            total += here * phase["batchSequences"]
            left -= here
        return total + left * self.phases[-1]["batchSequences"]

    def _held(self, at, end, begin):
        """1 until the last fifth before `end`, then a line down to the final fraction."""
        length = max(1, min(end - begin, DECAY_SHARE * end))
        gone = max(0, (at - (end - length)) / length)
        return 1 - (1 - self.final) * min(1, gone)

    def _position(self, updates):
        """Updates done, counted in steps of the first batch: where the batch grows, the rate follows the tokens."""
        if len(self.phases) < 2:
            return updates
        first = self.phases[0]["batchSequences"]
        left, at = updates, 0
        for phase in self.phases:
            here = min(left, phase["steps"])
            at += here * (phase["batchSequences"] / first)
            left -= here
        return at + left * (self.phases[-1]["batchSequences"] / first)


def is_due(step, every, steps):
    """At multiples of `every`, and at the end. 0 is never."""
    return every > 0 and (step % every == 0 or step == steps)


def kept_checkpoints(saved, best_step):
    """The last two, so that one may be damaged, and the one at the best validation loss. Ascending."""
    ascending = sorted(set(saved))
    return [step for i, step in enumerate(ascending) if i >= len(ascending) - 2 or step == best_step]
