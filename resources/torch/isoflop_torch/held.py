"""A model on its devices: whole on each (DDP), or cut over all (FSDP2); either way given and taken tensor by tensor."""

import contextlib

import torch
from torch.nn.parallel import DistributedDataParallel

from .model import GPT, adam_of

# Weights, gradients and two moments in fp32; of a card, so much may be theirs before they are cut.
STATE_BYTES = 16
SHARE_OF_CARD = 0.5

MOMENTS = {"first-moments": "exp_avg", "second-moments": "exp_avg_sq"}


class Held:
    """`strategy` is ddp, fsdp or auto: cut only where a card would not hold it whole."""

    def __init__(self, run, world, strategy, recompute):
        self.run, self.world = run, world
        with torch.device("meta"):
            self.plain = GPT(run.plan["model"], recompute)
        count = sum(parameter.numel() for parameter in self.plain.parameters())
        self.strategy = _choose(world, count) if strategy == "auto" else strategy
        if self.strategy == "fsdp":
            _cut(self.plain, world)
        self.plain.to_empty(device=world.device)
        is_ddp = self.strategy == "ddp" and world.size > 1
        self.training = DistributedDataParallel(self.plain, gradient_as_bucket_view=True) if is_ddp else self.plain
        self.adam = adam_of(self.plain, run.plan)
        # Kept, because FSDP2 leaves others in their places between a forward pass and its backward pass.
        self.parameters = dict(self.plain.named_parameters())
        self.is_half = run.recipe.get("precision") == "bf16"

    @property
    def device(self):
        """For people."""
        world = self.world
        card = torch.cuda.get_device_name(world.device) if world.device.type == "cuda" else f"CPU, {_threads()}"
        how = {"ddp": "DDP", "fsdp": "FSDP2"}[self.strategy] if world.size > 1 or self.strategy == "fsdp" else None
        several = f"{world.size} × {card}" if world.size > 1 else card
        parts = [f"PyTorch {torch.__version__.split('+')[0]}", several, how, world.backend if world.size > 1 else None]
        return ", ".join(part for part in parts if part)

    def autocast(self):
        """bf16 products where the recipe wants them; sums, norms, softmax and loss stay fp32."""
        return torch.autocast(self.world.device.type, dtype=torch.bfloat16, enabled=self.is_half)

    def losses(self, inputs, targets, model=None):
        """Losses [rows · columns] in nats, of a batch that lies on the CPU."""
        device = self.world.device
        with self.autocast():
            return (model or self.training)(inputs.to(device), targets.to(device))

    def together(self, is_last):
        """Around a micro-batch: DDP adds gradients up over the processes with the last one, FSDP2 with each."""
        if is_last or not isinstance(self.training, DistributedDataParallel):
            return contextlib.nullcontext()
        return self.training.no_sync()

    def update(self, learning_rate, clip_norm):
        """Clips by the global norm and applies AdamW; gives the norm before clipping."""
        parameters = list(self.parameters.values())
        norm = torch.nn.utils.get_total_norm([parameter.grad for parameter in parameters])
        whole = _whole(norm).item()
        if clip_norm > 0:
            torch.nn.utils.clip_grads_with_norm_(parameters, clip_norm, norm)
        for group in self.adam.param_groups:
            group["lr"] = learning_rate * group["scale"]
        self.adam.step()
        self.adam.zero_grad(set_to_none=not isinstance(self.training, DistributedDataParallel))
        return whole

    def give(self, name, values):
        """Sets one parameter; `values` [any shape] on the first process, None on the others."""
        parameter = self.parameters[name]
        with torch.no_grad():
            parameter.copy_(self._spread(parameter, values))

    def give_moments(self, updates, take):
        """Sets the optimizer; `take(kind, name)` gives values on the first process, None on the others."""
        for name, parameter in self.parameters.items():
            self.adam.state[parameter] = {
                "step": torch.tensor(float(updates)),
                **{key: self._spread(parameter, take(kind, name)) for kind, key in MOMENTS.items()},
            }

    def take(self, kind, name):
        """One whole tensor on the CPU of the first process, None on the others; all of them must ask."""
        parameter = self.parameters[name]
        tensor = parameter.detach() if kind == "parameters" else self.adam.state[parameter][MOMENTS[kind]]
        whole = _whole(tensor)
        return whole.float().cpu().contiguous() if self.world.is_first else None

    def peak_bytes(self):
        if self.world.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.world.device)
        try:
            import resource
        except ImportError:  # Windows
            return 0
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def _spread(self, parameter, values):
        shape, device = parameter.shape, self.world.device
        whole = torch.empty(shape, device=device) if values is None else values.view(shape).to(device)
        if _is_cut(parameter):
            from torch.distributed.tensor import distribute_tensor

            return distribute_tensor(whole, parameter.device_mesh, parameter.placements)
        if self.world.size > 1:
            whole = whole.contiguous()
            torch.distributed.broadcast(whole, 0)
        return whole


def _choose(world, count):
    if world.device.type == "cpu":
        return "ddp"
    card = torch.cuda.get_device_properties(world.device).total_memory
    return "ddp" if STATE_BYTES * count <= SHARE_OF_CARD * card else "fsdp"


def _cut(model, world):
    # Imported where it is wanted: it takes seconds.
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(world.device.type, (world.size,))
    for block in model.h:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _is_cut(tensor):
    """Whether it is a DTensor, of which each process has a part."""
    return hasattr(tensor, "full_tensor")


def _whole(tensor):
    return tensor.full_tensor() if _is_cut(tensor) else tensor


def _threads():
    count = torch.get_num_threads()
    return f"{count} thread{'s' if count > 1 else ''}"
