"""The lab's checkpoints (src/main/core/model-formats/checkpoint.ts): a folder that is there whole or not at all."""

import hashlib
import json
import os
import re
import shutil

from .faults import Fault, fault_of
from .safetensors import Reader, bytes_of, header

KINDS = ("parameters", "first-moments", "second-moments")
MANIFEST = "manifest.json"
_leftover = re.compile(r"^\.(.+)\.(writing|replaced)-\d+-[0-9a-z]+$")


def step_folder(folder, step):
    return os.path.join(folder, f"step-{step:06d}")


def list_steps(folder):
    """Steps of the whole checkpoints in a folder, ascending."""
    found = (re.match(r"^step-(\d+)$", name) for name in (os.listdir(folder) if os.path.isdir(folder) else []))
    return sorted(int(one[1]) for one in found if one and os.path.exists(os.path.join(folder, one[0], MANIFEST)))


def sweep(folder):
    """Clears what crashes left; whoever holds the run's lock is alone here."""
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        match = _leftover.match(name)
        if not match:
            continue
        path, target = os.path.join(folder, name), os.path.join(folder, match[1])
        if match[2] == "replaced" and not os.path.exists(target):
            os.rename(path, target)
        else:
            shutil.rmtree(path, ignore_errors=True)


def keep(folder, steps):
    """Removes all checkpoints but these; gives what then lies there."""
    sweep(folder)
    for step in list_steps(folder):
        if step not in steps:
            aside = os.path.join(folder, f".step-{step:06d}.writing-{os.getpid()}-0")
            os.rename(step_folder(folder, step), aside)
            shutil.rmtree(aside)
    return list_steps(folder)


def save(folder, held, updates, cursor):
    """Written by the first process, tensor by tensor as the others hand theirs over: no second copy of the model."""
    world = held.world
    writer = _Writer(folder, updates) if world.is_first else None
    counts = [(name, parameter.numel()) for name, parameter in held.parameters.items()]
    for kind in KINDS:
        if writer:
            writer.begin(f"{kind}.safetensors", header(counts))
        for name in held.parameters:
            tensor = held.take(kind, name)
            if writer:
                writer.add(bytes_of(tensor))
    world.first(lambda: writer.finish(cursor))


class _Writer:
    """A folder that is being written aside. A failure waits for `finish`: the other processes go on handing over."""

    def __init__(self, folder, updates):
        self.folder, self.updates, self.failure = folder, updates, None
        name = f"step-{updates:06d}"
        self.target = os.path.join(folder, name)
        self.staging, self.old = (
            os.path.join(folder, f".{name}.{kind}-{os.getpid()}-0") for kind in ("writing", "replaced")
        )
        self.files, self.file = [], None
        self._try(lambda: (os.makedirs(folder, exist_ok=True), sweep(folder), os.mkdir(self.staging)))

    def begin(self, name, first):
        def work():
            self._end()
            self.name, self.hash, self.bytes = name, hashlib.sha256(), 0
            self.file = open(os.path.join(self.staging, name), "wb")

        self._try(work)
        self.add(first)

    def add(self, piece):
        def work():
            self.hash.update(piece)
            self.bytes += len(piece)
            self.file.write(piece)

        self._try(work)

    def finish(self, cursor):
        text = json.dumps({"updates": self.updates, "cursor": cursor}, indent=2) + "\n"
        self.begin("cursor.json", text.encode())
        self._try(self._end)
        manifest = {"format": "isoflop-checkpoint", "version": 1, "step": self.updates, "files": self.files}
        self.begin(MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
        self._try(self._end)
        self._try(self._place)
        if self.failure:
            shutil.rmtree(self.staging, ignore_errors=True)
            raise self.failure

    def _end(self):
        if not self.file:
            return
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self.file = None
        self.files.append({"name": self.name, "bytes": self.bytes, "sha256": self.hash.hexdigest()})

    def _place(self):
        _sync_folder(self.staging)
        if os.path.exists(self.target):
            os.rename(self.target, self.old)
        os.rename(self.staging, self.target)
        _sync_folder(self.folder)
        shutil.rmtree(self.old, ignore_errors=True)

    def _try(self, work):
        try:
            if not self.failure:
                work()
        except Exception as error:
            self.failure = fault_of(error)


def open_checkpoint(folder, step):
    """The cursor of a checkpoint and readers of its files, after each was held against its hash. Fault `damaged`."""
    path = step_folder(folder, step)
    name = os.path.basename(path)
    manifest = _read_json(os.path.join(path, MANIFEST))
    if manifest.get("format") != "isoflop-checkpoint" or not isinstance(manifest.get("files"), list):
        raise Fault("damaged", f"{path} is not the folder of a checkpoint.")
    if manifest.get("version") != 1:
        raise Fault(
            "unavailable", f"The checkpoint {name} was written by a newer version (format {manifest.get('version')})."
        )
    for file in manifest["files"]:
        if _hash(os.path.join(path, file["name"])) != (file["bytes"], file["sha256"]):
            raise Fault("damaged", f"The checkpoint {name} is damaged: {file['name']} is not as it was written.")
    cursor = _read_json(os.path.join(path, "cursor.json")).get("cursor")
    if not isinstance(cursor, dict) or not isinstance(cursor.get("step"), int):
        raise Fault("damaged", f"The checkpoint of step {step} does not say where the training stood.")
    return cursor, {kind: Reader(os.path.join(path, f"{kind}.safetensors")) for kind in KINDS}


def last_good(folder, last_recorded):
    """The newest whole checkpoint whose records are all there, and a sentence where it is not simply the newest."""
    bad = []
    for step in reversed([step for step in list_steps(folder) if step <= last_recorded]):
        try:
            cursor, readers = open_checkpoint(folder, step)
        except Fault as fault:
            if fault.code != "damaged":
                raise
            bad.append(step)
            continue
        gone = " and ".join(str(one) for one in bad)
        message = f"The checkpoint of step {gone} is damaged; the run went on from step {step}." if bad else None
        return cursor, readers, message
    if bad:
        gone = " and ".join(str(one) for one in bad)
        return (
            None,
            None,
            f"The checkpoint of step {gone} is damaged and there is no other; the run began anew at step 0.",
        )
    return None, None, "No checkpoint of this run is left; it began anew at step 0." if last_recorded > 0 else None


def _read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        if isinstance(found, dict):
            return found
    except (FileNotFoundError, ValueError):
        pass
    raise Fault("damaged", f"{path} is missing, or holds no JSON.")


def _hash(path):
    hashed, size = hashlib.sha256(), 0
    try:
        with open(path, "rb") as file:
            while piece := file.read(1 << 22):
                hashed.update(piece)
                size += len(piece)
    except FileNotFoundError:
        pass
    return size, hashed.hexdigest()


def _sync_folder(folder):
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
