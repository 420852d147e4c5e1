"""The run.json of a run, as `isoflop train --on` and `isoflop submit-files` write it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from .faults import Fault


@dataclass(frozen=True)
class RunFile:
    """`plan` is the lab's RunPlan (src/shared/run.ts); folders are absolute."""

    folder: str
    tokens_folder: str
    plan: dict
    starts_from: str | None

    @property
    def member(self):
        return self.plan["member"]

    @property
    def recipe(self):
        return self.plan["recipe"]

    @property
    def shape(self):
        return self.plan["model"]["shape"]

    @property
    def context(self):
        return self.shape["context"]


_whole, _number, _text = (int,), (int, float), (str,)

# What training reads of a plan: where it stands, its type, and the least a number may be.
_fields = [
    *(("plan.model.shape." + name, _whole, 1) for name in ("layers", "width", "heads", "context", "vocabulary")),
    *(("plan.member." + name, _whole, 1) for name in ("steps", "batchSequences", "microBatchSequences")),
    ("plan.member.warmupSteps", _whole, 0),
    ("plan.member.peakLearningRate", _number, 0),
    *(("plan.recipe." + name, _number, 0) for name in ("beta1", "beta2", "epsilon", "weightDecay", "finalFraction")),
    ("plan.recipe.clipNorm", _number, None),
    ("plan.recipe.decay", _text, None),
    *(
        ("plan.model.parametrisation." + name, _number, None)
        for name in ("embeddingScale", "attentionScale", "outputScale")
    ),
    *(
        ("plan.model.parametrisation.initStd." + kind, _number, 0)
        for kind in ("embedding", "position", "matrix", "residual")
    ),
    *(
        ("plan.model.parametrisation.learningRateScale." + kind, _number, 0)
        for kind in ("embedding", "position", "norm", "bias", "matrix", "residual")
    ),
    *(("plan." + name, _whole, 0) for name in ("seed", "validationSequences")),
    *(("plan." + name, _whole, 0) for name in ("validationEverySteps", "sampleEverySteps", "checkpointEverySteps")),
    ("plan.model.seed", _whole, 0),
    ("tokensFolder", _text, None),
]


def read_run_file(path):
    """Raises a Fault that names the first field that cannot be used."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise Fault("not-found", f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("format") != "isoflop-run":
        raise _no_run(path, "format")
    if found.get("version") != 1:
        raise Fault(
            "unavailable",
            f"{path} was written by a newer version (format {found.get('version')}). Use that one here as well.",
        )
    for name, types, least in _fields:
        value = _at(found, name)
        if not isinstance(value, types) or isinstance(value, bool) or (least is not None and value < least):
            raise _no_run(path, name)
    plan = found["plan"]
    if plan["model"].get("activation") not in ("gelu", "gelu_new"):
        raise _no_run(path, "plan.model.activation")
    if plan["model"]["shape"]["width"] % plan["model"]["shape"]["heads"]:
        raise _no_run(path, "plan.model.shape.heads")
    if plan["member"].get("decay", plan["recipe"]["decay"]) not in ("linear", "cosine", "wsd", "wsd-s", "constant"):
        raise _no_run(path, "plan.recipe.decay")
    folder = os.path.dirname(os.path.abspath(path))
    starts_from = found.get("startsFrom")
    return RunFile(
        folder=folder,
        tokens_folder=os.path.normpath(os.path.join(folder, found["tokensFolder"])),
        plan=plan,
        starts_from=None if starts_from is None else os.path.normpath(os.path.join(folder, starts_from)),
    )


def _at(record, path):
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _no_run(path, field):
    return Fault("bad-input", f"{path} is not the file of a run ({field}). `isoflop submit-files` writes such files.")
