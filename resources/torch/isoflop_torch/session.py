"""One process of a training, from its file to its answer: opens, goes on from the last good checkpoint, trains."""

import os
import signal

import torch

from . import checkpoints
from .faults import Fault, fault_of
from .first_weights import first_weights
from .held import Held
from .journal import Journal, RunLock
from .order import Text, ValidationBlocks
from .safetensors import Reader
from .train import Training
from .world import World

FINISHED, FAILED, UNFINISHED = 0, 1, 75


def run_session(run, options, note):
    """Gives the exit status. `note` takes sentences for a person, and whether they are of this process alone."""
    stop, world = Stop(), None
    try:
        world = World()
        return FINISHED if train_run(run, options, world, stop, note) else UNFINISHED
    except Exception as error:
        fault = fault_of(error)
        # What happened to one process alone nobody else can say.
        note(fault.message, is_own=not isinstance(error.__cause__ or error, Fault) and not fault.is_unfinished)
        return UNFINISHED if fault.is_unfinished else FAILED
    finally:
        if world:
            world.close()


def train_run(run, options, world, stop, note):
    """Whether the run is finished; where not, it is saved. All processes of `world` go through it alike."""
    _set_threads(run, world)
    files = _Files(run, stop)
    try:
        cursor, saved, message = world.first(files.open)
        try:
            return _train(run, options, world, stop, files, (cursor, saved, message), note)
        except Exception as error:
            fault = fault_of(error)
            if files.journal and not fault.is_unfinished:
                files.journal.say("failed", fault=fault.data())
                files.journal.write()
            raise fault from error
    finally:
        files.close()


class _Files:
    """What the first process holds of a run's folder: nobody else's lock, the records, the last good checkpoint."""

    def __init__(self, run, stop):
        self.folder, self.stop = run.folder, stop
        self.checkpoints = os.path.join(run.folder, "checkpoints")
        self.lock, self.journal, self.readers = None, None, None

    def open(self):
        """Where to go on from, the steps that are saved, and what there is to say of it."""
        self.lock = RunLock(os.path.join(self.folder, "trainer.lock"), self.stop)
        self.journal = Journal(os.path.join(self.folder, "records.jsonl"))
        cursor, self.readers, message = checkpoints.last_good(self.checkpoints, self.journal.last_step)
        return cursor, checkpoints.list_steps(self.checkpoints), message

    def close(self):
        if self.lock:
            self.lock.release()


def _train(run, options, world, stop, files, begin, note):
    cursor, saved, message = begin
    text, validation, remark = _open_texts(run)
    held = Held(run, world, options.strategy, options.recompute)
    _fill(held, files.readers, cursor)
    micro_batch = options.micro_batch or run.member["microBatchSequences"]
    training = Training(held, text, validation, files.checkpoints, files.journal, cursor, stop, micro_batch)
    step = training.cursor["step"]
    remarks = " ".join(one for one in (message, remark) if one)
    training.say("started", step=step, device=held.device, checkpoints=saved, message=remarks or None, awaitsHost=True)
    note(f"From step {step} on {held.device}. {remarks}".rstrip())
    is_finished = training.to_the_end()
    step = training.cursor["step"]
    training.say("ended", isFinished=is_finished, step=step)
    training.make_safe()
    note(
        f"Finished at step {step}." if is_finished else f"Saved at step {step}, not finished: start it again to go on."
    )
    return is_finished


def _open_texts(run):
    text = Text(os.path.join(run.tokens_folder, "train.bin"), run.context)
    if text.windows < 1:
        need = f"which is less than one sequence of {run.context} and the token after it"
        raise Fault(
            "bad-input", f"The text has {text.length} tokens, {need}. Choose a shorter context or add more text."
        )
    held_out = Text(os.path.join(run.tokens_folder, "validation.bin"), run.context)
    if held_out.windows:
        rows = run.member["microBatchSequences"]
        return text, ValidationBlocks(held_out, run.plan["validationSequences"], rows), None
    need = f"one sequence needs {run.context + 1}: there will be no validation loss, and no law"
    remark = f"The validation split has {held_out.length} tokens and {need}. Use more text or a shorter context."
    return text, None, remark


def _fill(held, readers, cursor):
    """Weights and moments of a checkpoint; at a beginning those of the model it starts from, or the recipe's own."""
    world = held.world
    read = None

    def begin():
        nonlocal read
        read = readers["parameters"].read if readers else _beginning(held.run)

    def values(name, shape):
        found = read(name) if read else first_weights(name, shape, held.run.plan["model"])
        if found.numel() != shape.numel():
            raise Fault("damaged", f"{name} has {found.numel()} numbers, and the run's model takes {shape.numel()}.")
        return found

    world.first(begin)
    for name, parameter in held.parameters.items():
        held.give(name, _on_first(world, values, name, parameter.shape))
    if cursor is not None:
        held.give_moments(cursor["step"], lambda kind, name: _on_first(world, lambda: readers[kind].read(name)))


def _on_first(world, work, *arguments):
    """A tensor that stays on the first process; its failure is everyone's."""
    found = []
    world.first(lambda: found.append(work(*arguments)))
    return found[0] if found else None


def _beginning(run):
    """Reads weights of the Hugging Face folder that a run begins from; None where they are the recipe's own."""
    if not run.plan.get("origin"):
        return None
    if run.starts_from is None:
        name = run.plan["origin"].get("name", "The model")
        raise Fault("not-found", f"{name}, whose weights this run begins from, does not lie beside it.")
    path = os.path.join(run.starts_from, "model.safetensors")
    if not os.path.exists(path):
        raise Fault("unavailable", f"There is no {path}, and weights in other files are not read here.")
    reader = Reader(path)
    names = {name.removeprefix("transformer."): name for name in reader.names()}
    return lambda name: reader.read(names.get(name, name))


def _set_threads(run, world):
    """The plan's, where nobody who started the process said how many; torchrun does."""
    threads = run.plan.get("threads", 0)
    if world.device.type == "cpu" and threads > 0 and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(threads)


class Stop:
    """Whether this process is to save and end: by a signal, or because torchrun is gone and nobody watches any more."""

    def __init__(self):
        self.is_asked, self.parent = False, os.getppid()
        for name in ("SIGUSR1", "SIGTERM", "SIGINT"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._ask)

    def _ask(self, *_):
        self.is_asked = True

    def __call__(self):
        return self.is_asked or os.getppid() != self.parent
