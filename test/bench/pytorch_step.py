"""The benchmark's peer: PyTorch doing the same work, driven by the same JSON lines on standard input as `isoflop bench`'s own
processes (src/main/core/bench/child.ts). Fused AdamW, scaled_dot_product_attention; engine pytorch-eager or pytorch-compile, then
-tf32 or -bf16 (autocast) where it is not fp32, then -cuda where it runs on the graphics card.

    pip install torch==2.13.0
"""
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

PROMPT_TOKENS = 16


class Block(nn.Module):
    def __init__(self, width, heads, gelu):
        super().__init__()
        self.heads = heads
        self.gelu = gelu
        self.ln_1 = nn.LayerNorm(width)
        self.c_attn = nn.Linear(width, 3 * width)
        self.attn_proj = nn.Linear(width, width)
        self.ln_2 = nn.LayerNorm(width)
        self.c_fc = nn.Linear(width, 4 * width)
        self.mlp_proj = nn.Linear(4 * width, width)

    def mix(self, x, cache=None, start=0):
        rows, count, width = x.shape
        q, k, v = self.c_attn(x).view(rows, count, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        if cache is None:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            cache[0][:, :, start:start + count] = k
            cache[1][:, :, start:start + count] = v
            end = start + count
            y = F.scaled_dot_product_attention(q, cache[0][:, :, :end], cache[1][:, :, :end], is_causal=count > 1)
        return self.attn_proj(y.transpose(1, 2).reshape(rows, count, width))

    def forward(self, x, cache=None, start=0):
        x = x + self.mix(self.ln_1(x), cache, start)
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate=self.gelu))


class GPT(nn.Module):
    def __init__(self, shape, activation):
        super().__init__()
        width, layers = shape["width"], shape["layers"]
        self.wte = nn.Embedding(shape["vocabulary"], width)
        self.wpe = nn.Embedding(shape["context"], width)
        gelu = "none" if activation == "gelu" else "tanh"
        self.blocks = nn.ModuleList([Block(width, shape["heads"], gelu) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * layers) if name.endswith("_proj.weight") else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, ids, caches=None, start=0):
        x = self.wte(ids) + self.wpe(torch.arange(start, start + ids.shape[1], device=ids.device))
        for i, block in enumerate(self.blocks):
            x = block(x, caches[i] if caches is not None else None, start)
        if caches is not None:
            x = x[:, -1:]
        return F.linear(self.ln_f(x), self.wte.weight)


def training(task, compiled, device, precision):
    shape, rows = task["shape"], task["rows"]
    model = GPT(shape, task["activation"]).to(device)
    decays = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": decays, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
        lr=3e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)
    forward = torch.compile(model) if compiled else model
    draw = lambda: torch.randint(shape["vocabulary"], (rows, shape["context"]), device=device)
    batches = [(draw(), draw()) for _ in range(4)]
    state = {"step": 0}

    def once():
        inputs, targets = batches[state["step"] % 4]
        state["step"] += 1
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            logits = forward(inputs)
            loss = F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()
        return rows * shape["context"]

    once()  # compiles where it is compiled
    return once


def generating(task):
    shape = task["shape"]
    model = GPT(shape, task["activation"]).eval()
    prompt = torch.randint(shape["vocabulary"], (1, PROMPT_TOKENS))
    head = shape["width"] // shape["heads"]

    @torch.inference_mode()
    def once():
        caches = [[torch.empty(1, shape["heads"], shape["context"], head) for _ in range(2)] for _ in range(shape["layers"])]
        logits, start, made = model(prompt, caches, 0), PROMPT_TOKENS, 1
        while start < shape["context"]:
            logits = model(logits[:, -1].argmax(-1, keepdim=True), caches, start)
            start += 1
            made += 1
        return made

    return once


def multiplying(task, precision):
    m, n, k = task["m"], task["n"], task["k"]
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a = torch.randn(k, m, dtype=kind).t() if task["aTransposed"] else torch.randn(m, k, dtype=kind)
    b = torch.randn(n, k, dtype=kind).t() if task["bTransposed"] else torch.randn(k, n, dtype=kind)
    out = torch.empty(m, n, dtype=kind)

    def once():
        torch.mm(a, b, out=out)
        return 2 * m * n * k

    return once


def peak_resident_bytes():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
    except OSError:
        import resource
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def main():
    answer = lambda message: print(json.dumps(message), flush=True)
    once = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if "spec" in message:
                spec = message["spec"]
                torch.set_num_threads(spec["threads"])
                torch.manual_seed(1)
                task = spec["task"]
                words = spec["engine"].split("-")
                device = "cuda" if "cuda" in words else "cpu"
                precision = next((word for word in words if word in ("tf32", "bf16")), "fp32")
                if device == "cuda" and not torch.cuda.is_available():
                    raise RuntimeError("PyTorch sees no graphics card")
                torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
                if task["kind"] == "train":
                    once = training(task, "compile" in words, device, precision)
                elif task["kind"] == "generate":
                    once = generating(task)
                else:
                    once = multiplying(task, precision)
                where = torch.cuda.get_device_name(0) if device == "cuda" else f"{spec['threads']} threads"
                answer({"device": f"PyTorch {torch.__version__}, {' '.join(words[1:])}, {where}"})
            elif "run" in message:
                started, count, elapsed = time.perf_counter(), 0, 0.0
                while count == 0 or elapsed < message["run"]["seconds"]:
                    count += once()
                    elapsed = time.perf_counter() - started
                answer({"count": count, "seconds": elapsed})
            else:
                answer({"peakRssBytes": peak_resident_bytes(), "details": None})
        except Exception as error:
            answer({"fault": {"code": "failed", "message": f"{type(error).__name__}: {error}"}})


main()
