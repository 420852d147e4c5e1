"""The lab's GPT: names and layout of Hugging Face's GPT-2; scales of standard parametrisation or muP by the plan."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


class Embedding(nn.Module):
    """A row [width] for each of `count` ids."""

    def __init__(self, count, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(count, width))

    def forward(self, ids):
        return F.embedding(ids, self.weight)


class Linear(nn.Module):
    """x W + b, W [inputs, outputs] as GPT-2's Conv1D keeps it."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x):
        return F.linear(x, self.weight.t(), self.bias)


class Attention(nn.Module):
    """Causal self-attention; QKᵀ is multiplied by `scale`."""

    def __init__(self, width, heads, scale):
        super().__init__()
        self.c_attn, self.c_proj = Linear(width, 3 * width), Linear(width, width)
        self.heads, self.scale = heads, scale

    def forward(self, x):
        rows, columns, width = x.shape
        q, k, v = (
            part.view(rows, columns, self.heads, width // self.heads).transpose(1, 2)
            for part in self.c_attn(x).split(width, dim=2)
        )  # each [rows, heads, columns, head size]
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=self.scale)
        return self.c_proj(mixed.transpose(1, 2).reshape(rows, columns, width))


class MLP(nn.Module):
    def __init__(self, width, activation):
        super().__init__()
        self.c_fc, self.c_proj = Linear(width, 4 * width), Linear(4 * width, width)
        self.approximate = "tanh" if activation == "gelu_new" else "none"

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate=self.approximate))


class Block(nn.Module):
    def __init__(self, width, heads, scale, activation):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width, eps=1e-5), Attention(width, heads, scale)
        self.ln_2, self.mlp = nn.LayerNorm(width, eps=1e-5), MLP(width, activation)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """`plan` is a ModelPlan; weights are empty until they are given; `recompute` keeps a block's input alone."""

    def __init__(self, plan, recompute=False):
        super().__init__()
        shape, scales = plan["shape"], plan["parametrisation"]
        width = shape["width"]
        self.wte, self.wpe = Embedding(shape["vocabulary"], width), Embedding(shape["context"], width)
        self.h = nn.ModuleList(
            Block(width, shape["heads"], scales["attentionScale"], plan["activation"]) for _ in range(shape["layers"])
        )
        self.ln_f = nn.LayerNorm(width, eps=1e-5)
        self.embedding_scale, self.output_scale = scales["embeddingScale"], scales["outputScale"]
        self.recompute = recompute

    def forward(self, inputs, targets=None):
        """Losses [rows · columns] in nats; without targets the logits [rows, vocabulary] after the last token."""
        places = torch.arange(inputs.shape[1], device=inputs.device)
        x = (self.wte(inputs) + self.wpe(places)) * self.embedding_scale
        for block in self.h:
            again = self.recompute and torch.is_grad_enabled()
            x = checkpoint(block, x, use_reentrant=False) if again else block(x)
        x = self.ln_f(x if targets is not None else x[:, -1])
        logits = F.linear(x, self.wte.weight) * self.output_scale
        if targets is None:
            return logits.float()
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none")


def kind_of(name):
    """Of a parameter, as the lab's parametrisation names them."""
    if name == "wte.weight":
        return "embedding"
    if name == "wpe.weight":
        return "position"
    if ".ln_" in f".{name}":
        return "norm"
    if name.endswith(".bias"):
        return "bias"
    return "residual" if ".c_proj." in name else "matrix"


def decays(name):
    """Weight decay touches embeddings and matrices, never biases or norms."""
    return kind_of(name) not in ("norm", "bias")


def adam_of(model, plan):
    """AdamW in PyTorch's form, a group for each learning-rate scale; `lr` is set before each step."""
    recipe, member = plan["recipe"], plan["member"]
    scales = plan["model"]["parametrisation"]["learningRateScale"]
    groups = {}
    for name, parameter in model.named_parameters():
        groups.setdefault((scales[kind_of(name)], decays(name)), []).append(parameter)
    epsilon = member.get("epsilon")
    return torch.optim.AdamW(
        [
            {"params": parameters, "scale": scale, "weight_decay": recipe["weightDecay"] if decay else 0.0}
            for (scale, decay), parameters in groups.items()
        ],
        lr=0.0,
        betas=(recipe["beta1"], recipe["beta2"]),
        eps=recipe["epsilon"] if epsilon is None else epsilon,
    )
