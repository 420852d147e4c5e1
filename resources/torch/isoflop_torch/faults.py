"""The one kind of failure a person reads: a code for programs, a sentence that names the remedy."""

import errno
import traceback


class Fault(Exception):
    """`code` is one of the lab's (src/shared/fault.ts); `details` has what the sentence leaves out."""

    def __init__(self, code, message, details=None):
        super().__init__(message)
        self.code, self.message, self.details = code, message, details

    @property
    def is_unfinished(self):
        """Stopped, or another process is gone: nothing that speaks against the run, which is to be started again."""
        return self.code == "cancelled"

    def data(self):
        """As it stands in a line of the records."""
        return {"code": self.code, "message": self.message, **({"details": self.details} if self.details else {})}


def fault_of(error):
    """Any exception as a Fault."""
    if isinstance(error, Fault):
        return error
    details = "".join(traceback.format_exception(type(error), error, error.__traceback__))[-4000:]
    if isinstance(error, OSError):
        where = error.filename or "A file"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Fault(
                "disk-full", f"{where} does not fit: the disk is full. Make space and start the run again.", details
            )
        if error.errno == errno.ENOENT:
            return Fault("not-found", f"{where} is not there.", details)
        return Fault("failed", f"{where} cannot be used: {error.strerror or error}.", details)
    if type(error).__name__.startswith("Dist") or isinstance(error, RuntimeError) and "gloo" in str(error):
        return Fault("cancelled", "Another process of this training has ended; its words are above.", details)
    if "out of memory" in str(error).lower():
        remedy = "More processes with --strategy fsdp, or a smaller --micro-batch, need less."
        return Fault("too-large", f"The memory of a device is full. {remedy}", details)
    return Fault("failed", str(error).strip().split("\n")[0] or type(error).__name__, details)
