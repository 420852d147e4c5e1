"""Models as PyTorch and transformers save them, for tests: python torch-models.py OUT SHAPE. Prints nothing; OUT gets one folder a form.

SHAPE: `cerebras-111m`, random weights of Cerebras-GPT-111M's shape, or `tiny`."""
import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

out, shape = sys.argv[1:]
torch.manual_seed(1)
sizes = {
    "cerebras-111m": dict(n_positions=2048, n_embd=768, n_layer=10, n_head=12, vocab_size=50257),
    "tiny": dict(n_positions=16, n_embd=8, n_layer=2, n_head=2, vocab_size=257),
}[shape]
model = GPT2LMHeadModel(GPT2Config(activation_function="gelu", n_inner=4 * sizes["n_embd"], **sizes)).eval()
with torch.no_grad():
    for parameter in model.parameters():
        parameter.add_(torch.randn_like(parameter) * 0.02)
model.save_pretrained(os.path.join(out, "whole"), max_shard_size="10GB")
model.save_pretrained(os.path.join(out, "shards"), max_shard_size="100MB" if shape != "tiny" else "4KB")


def save(folder, tensors, config):
    os.makedirs(os.path.join(out, folder), exist_ok=True)
    torch.save(tensors, os.path.join(out, folder, "pytorch_model.bin"))
    with open(os.path.join(out, folder, "config.json"), "w") as file:
        json.dump({**config, "activation_function": "gelu", **sizes}, file)


tensors = dict(model.state_dict())
context = sizes["n_positions"]
for layer in range(sizes["n_layer"]):  # as the published files have them
    tensors[f"transformer.h.{layer}.attn.bias"] = torch.tril(torch.ones(context, context, dtype=torch.bool)).view(1, 1, context, context)
    tensors[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
save("bin", tensors, {})
# Cerebras-GPT-13B's names, weights that are views of one storage, a matrix kept the other way round, parameters instead of tensors
bare = {name.replace("transformer.", ""): value for name, value in model.state_dict().items() if name != "lm_head.weight"}
bare["wpe.weight"] = bare["wpe.weight"].t().contiguous().t()
bare["ln_f.weight"] = torch.nn.Parameter(bare["ln_f.weight"])
both = torch.stack([bare["h.0.ln_1.weight"], bare["h.0.ln_1.bias"]])
bare["h.0.ln_1.weight"], bare["h.0.ln_1.bias"] = both[0], both[1]
save("bare", bare, {"model_type": "gpt2"})
half = {name: value.to(torch.bfloat16) for name, value in bare.items()}
save("bfloat", half, {})

ids = torch.randint(0, sizes["vocab_size"], (2, min(24, context)))
with torch.no_grad():
    logits = model(ids).logits
save_file({"ids": ids.float(), "logits": logits.float().contiguous()}, os.path.join(out, "logits.safetensors"))
