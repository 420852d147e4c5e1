"""The training loop, as src/main/core/training/train.ts has it: accumulate, update, record; validate, sample, save."""

import math
import time

from . import checkpoints
from .faults import Fault
from .samples import sample
from .schedule import Schedule, is_due, kept_checkpoints
from .scores import score


class Training:
    """One session of a run. All processes walk through it alike; the first one's journal alone holds lines.

    `journal` is None on the others, `cursor` None at a beginning, `validation` None where the text has too little.
    """

    def __init__(self, held, text, validation, folder, journal, cursor, wants_stop, micro_batch):
        self.held, self.world, self.run = held, held.world, held.run
        self.text, self.validation, self.folder, self.journal = text, validation, folder, journal
        self.wants_stop, self.micro_batch = wants_stop, micro_batch
        self.schedule = Schedule(self.run.member, self.run.recipe)
        self.began, self.before = time.monotonic(), (cursor or {}).get("elapsedMs", 0)
        self.cursor = cursor or {"step": 0, "tokens": 0, "elapsedMs": 0, "bestValidation": None, "saved": []}
        self.latest = None  # validation

    def to_the_end(self):
        """Whether it came there. Where it is asked to stop, its last step is saved and it did not."""
        plan, steps = self.run.plan, self.schedule.steps
        cooldowns = self.schedule.cooldown_ends()  # a loss right after a decay belongs on the law
        is_scored = self._score_whole() if self.cursor.get("isUnscored") else True
        if is_scored:
            self.cursor.pop("isUnscored", None)
        is_asked = self._agree_to_stop()
        while is_scored and not is_asked and self.cursor["step"] < steps:
            is_asked = self._step()
            step = self.cursor["step"]
            if is_due(step, plan["validationEverySteps"], steps) or step in cooldowns:
                self._score_part()
            if step < steps and step in cooldowns and not self._score_whole():
                is_scored = False
                self.cursor["isUnscored"] = True
                break
            if is_due(step, plan["sampleEverySteps"], steps):
                self.say("sample", record={"step": step, "text": self._sample()})
            if is_due(step, plan["checkpointEverySteps"], steps):
                self._checkpoint()
        saved = self.cursor["saved"]
        if self.cursor["step"] > 0 and (not saved or saved[-1] != self.cursor["step"]):
            self._checkpoint()
        # What is a point of the law is saved before it is scored: scoring can be broken off and begin again.
        return is_scored and self.cursor["step"] >= steps and self._score_whole()

    def say(self, kind, **line):
        """A line of the records, written by the first process."""
        if self.journal:
            self.journal.say(kind, **line)

    def make_safe(self):
        """What was said outlasts a power cut; where it cannot, all processes fail together."""
        self.world.first(self.journal.sync if self.journal else None)

    def _step(self):
        """One update; whether any process was asked to stop."""
        step = self.cursor["step"]
        rows = self.schedule.sequences(step)
        lost, is_asked, has_failed = self.world.sum(
            [self._accumulate(step, rows), self.wants_stop(), self._has_failed()]
        )
        if has_failed:
            self.make_safe()
        loss = lost / (rows * self.run.context)
        if not math.isfinite(loss):
            raise self._diverged(step + 1, f"The loss became {loss}")
        learning_rate = self.schedule.learning_rate(step)
        norm = self.held.update(learning_rate, self.run.recipe["clipNorm"])
        if not math.isfinite(norm):
            raise self._diverged(step + 1, f"The gradient became {norm}")
        self.cursor |= {
            "step": step + 1,
            "tokens": self.cursor["tokens"] + rows * self.run.context,
            "elapsedMs": self._elapsed_ms(),
        }
        record = {"step": step + 1, "tokens": self.cursor["tokens"], "loss": loss, "gradientNorm": norm}
        record |= {"learningRate": learning_rate, "elapsedMs": self.cursor["elapsedMs"]}
        self.say("step", record=record, peakBytes=self.held.peak_bytes())
        return is_asked > 0

    def _accumulate(self, step, rows):
        """Forward and backward of this process's rows in micro-batches; the sum of their losses, in nats."""
        begin, count = self.world.share_of(rows)
        first = self.schedule.sequences_before(step) + begin
        # As many micro-batches on each process, for they add gradients up together.
        times = -(-self.world.largest_share(rows) // self.micro_batch)
        lost = 0.0
        for i in range(times):
            done = i * self.micro_batch
            here = min(self.micro_batch, count - done)
            # Who has no rows left goes along with one that does not count.
            inputs, targets = self.text.batch(first + done, here, self.run.plan["seed"]) if here > 0 else self._any()
            with self.held.together(is_last=i == times - 1):
                losses = self.held.losses(inputs, targets) * (here > 0)
                # Both ways of sharing divide by the processes.
                (losses.sum() * (self.world.size / (rows * self.run.context))).backward()
            lost = lost + losses.detach().double().sum()
        return lost.item()

    def _any(self):
        return self.text.batch(0, 1, None)

    def _score_part(self):
        if not self.validation:
            return
        part = score(self.held, self.validation, self.validation.part())
        self._check_score(part)
        step, best = self.cursor["step"], self.cursor["bestValidation"]
        if not best or part["loss"] < best["loss"]:
            self.cursor["bestValidation"] = {"step": step, "loss": part["loss"]}
        self.latest = {
            "step": step,
            "tokens": self.cursor["tokens"],
            "loss": part["loss"],
            "elapsedMs": self._elapsed_ms(),
        }
        self.say("validation", record=self.latest)

    def _score_whole(self):
        """Whether it came to its end: it is broken off where the training is asked to stop."""
        if not self.latest or self.latest["step"] != self.cursor["step"]:
            self._score_part()
        if not self.validation or not self.latest:
            return True
        self.say("scoring", step=self.cursor["step"])
        whole = score(self.held, self.validation, self.validation.whole(), self.wants_stop)
        if not whole:
            return False
        self._check_score(whole)
        self.say("validation", record={**self.latest, "whole": whole})
        return True

    def _sample(self):
        """A sample only shows how the model is learning: that one cannot be had is said in its place."""
        try:
            return sample(self.held)
        except Fault as fault:
            return f"(No sample: {fault.message})"

    def _checkpoint(self):
        """Records are made safe first: a checkpoint is never ahead of them."""
        step = self.cursor["step"]
        self.say("checkpointing", step=step, awaitsHost=True)
        self.make_safe()
        best = self.cursor["bestValidation"]
        saved = kept_checkpoints([*self.cursor["saved"], step], best["step"] if best else None)
        self.cursor |= {"saved": saved, "elapsedMs": self._elapsed_ms()}
        checkpoints.save(self.folder, self.held, step, self.cursor)
        left = self.world.first(lambda: checkpoints.keep(self.folder, saved))
        self.say("checkpoint", step=step, checkpoints=left)

    def _check_score(self, scored):
        if not math.isfinite(scored["loss"]):
            raise self._diverged(self.cursor["step"], f"The validation loss became {scored['loss']}")

    def _agree_to_stop(self):
        return self.world.sum([self.wants_stop()])[0] > 0

    def _has_failed(self):
        return bool(self.journal and self.journal.failure)

    def _elapsed_ms(self):
        return self.before + 1000 * (time.monotonic() - self.began)

    def _diverged(self, step, what):
        member = self.run.member
        rate, warmup = f"{member['peakLearningRate']:.4g}", member["warmupSteps"]
        remedy = f"A lower peak learning rate (it is {rate}) or a longer warm-up (it is {warmup} steps) usually helps."
        return Fault("diverged", f"{what} at step {step} of {member['steps']}: the training diverged. {remedy}")
