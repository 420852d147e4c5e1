"""The processes of one training: what they agree on, and what the first of them does for all."""

import datetime
import os

import torch
import torch.distributed as dist

from .faults import Fault, fault_of

# A process that dies is torchrun's to notice; until then the others may wait for one that reads a large checkpoint.
PATIENCE = datetime.timedelta(hours=2)


class World:
    """NCCL where there are NVIDIA or AMD cards, Gloo on CPUs; a group of one where torchrun has started nobody."""

    def __init__(self):
        is_started = all(name in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"))
        self.rank, self.size = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE")) if is_started else (0, 1)
        local = int(os.environ.get("LOCAL_RANK", 0))
        cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if 0 < cards <= local:
            raise Fault(
                "bad-input",
                f"There are {cards} graphics cards here, and process {local + 1} needs one of its own. Start {cards}.",
            )
        self.device = torch.device("cuda", local) if cards else torch.device("cpu")
        self.backend = "nccl" if cards and dist.is_nccl_available() else "gloo"
        if cards:
            torch.cuda.set_device(self.device)
        elsewhere = {} if is_started else {"store": dist.HashStore(), "rank": 0, "world_size": 1}
        dist.init_process_group(self.backend, timeout=PATIENCE, **elsewhere)

    @property
    def is_first(self):
        return self.rank == 0

    def first(self, work):
        """What `work` gives on the first process, on all of them; where it fails there, it fails on all."""
        answer = [None]
        if self.is_first:
            try:
                answer = [(work(), None)]
            except Exception as error:  # whatever it is, the others must not wait for it
                fault = fault_of(error)
                answer = [(None, (fault.code, fault.message, fault.details))]
        if self.size > 1:
            dist.broadcast_object_list(answer, src=0, device=self.device)
        value, fault = answer[0]
        if fault:
            raise Fault(*fault)
        return value

    def sum(self, numbers):
        """Sums over all processes, in double precision."""
        if self.size == 1:
            return list(numbers)
        together = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(together)
        return together.tolist()

    def share_of(self, rows):
        """Which of a step's rows are this process's: where they begin, and how many."""
        begin, end = (rank * rows // self.size for rank in (self.rank, self.rank + 1))
        return begin, end - begin

    def largest_share(self, rows):
        return -(-rows // self.size)

    def close(self):
        dist.destroy_process_group()
