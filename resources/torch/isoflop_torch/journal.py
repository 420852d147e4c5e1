"""records.jsonl: a line of JSON for each thing that happened, in the words of src/main/core/training/records.ts."""

import contextlib
import json
import os
import sqlite3
import time

from .faults import Fault, fault_of

GATHER_SECONDS = 0.5
LOCK_PATIENCE_SECONDS = 60


class Journal:
    """Lines of one run, appended. A failure is kept for whoever asks, so that all processes can end together."""

    def __init__(self, path):
        self.path, self.failure, self.waiting, self.written = path, None, [], time.monotonic()
        self.file = open(path, "a+b", buffering=0)  # what cannot be written must not be tried again
        self.file.seek(0)
        data = self.file.read()
        self.size = data.rfind(b"\n") + 1  # what a crash cut in two is dropped
        self.file.truncate(self.size)
        self.last_step = _last_step(data[: self.size].decode("utf-8", "replace").split("\n")[:-1])

    def say(self, kind, **line):
        self.waiting.append(
            json.dumps({"kind": kind, **line}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        )
        if line.get("awaitsHost") or time.monotonic() - self.written >= GATHER_SECONDS:
            self.write()

    def write(self):
        text = "".join(f"{line}\n" for line in self.waiting).encode()
        self.waiting, self.written = [], time.monotonic()
        try:
            left = memoryview(text)
            while left:
                left = left[self.file.write(left) :]
            self.size += len(text)
        except OSError as error:
            self.failure = self.failure or fault_of(error)
            with contextlib.suppress(OSError):
                self.file.truncate(self.size)  # what comes next must not stand behind half a line

    def sync(self):
        """All that was said outlasts a power cut when it returns."""
        self.write()
        if self.failure:
            raise self.failure
        os.fsync(self.file.fileno())


def _last_step(lines):
    """The last step that is recorded without a gap: what came after a checkpoint that was gone back to counts anew."""
    last = 0
    for text in lines:
        if not text.startswith('{"kind":"st'):  # of a started session, or of a step
            continue
        line = json.loads(text)
        if line["kind"] == "started":
            last = line["step"]
        if line["kind"] == "step":
            last = line["record"]["step"]
    return last


class RunLock:
    """One trainer a run: SQLite's own lock on an empty database, which the system takes back when its holder dies."""

    def __init__(self, path, wants_stop):
        self.path, until = path, time.monotonic() + LOCK_PATIENCE_SECONDS
        while not self._take():
            if wants_stop():
                raise Fault("cancelled", "Stopped before it began.")
            if time.monotonic() > until:
                raise Fault("conflict", "Another process is still training this run. End it and try again.")
            time.sleep(0.1)

    def _take(self):
        self.database = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        try:
            self.database.execute("PRAGMA journal_mode = MEMORY")
            self.database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self.database.close()
            if "locked" in str(error) or "busy" in str(error):
                return False
            raise Fault("bad-input", f"{os.path.dirname(self.path)} cannot be written by this user.") from error
        # On a full disk: it only names the holder.
        with contextlib.suppress(OSError), open(f"{self.path}.pid", "w", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
        return True

    def release(self):
        with contextlib.suppress(OSError):
            os.remove(f"{self.path}.pid")
        self.database.execute("ROLLBACK")
        self.database.close()
