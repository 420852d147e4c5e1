"""What the gguf package reads: python gguf-compare.py FILE.gguf MODEL.safetensors prints one JSON object."""
import json
import re
import sys

import numpy
from gguf import GGUFReader
from safetensors.numpy import load_file

reader = GGUFReader(sys.argv[1])
expected = {name.replace("transformer.", ""): value for name, value in load_file(sys.argv[2]).items()}
names = {"attn_norm": "ln_1", "attn_qkv": "attn.c_attn", "attn_output": "attn.c_proj", "ffn_norm": "ln_2", "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj"}
within = True
for tensor in reader.tensors:
    name = {"token_embd.weight": "wte.weight", "position_embd.weight": "wpe.weight"}.get(tensor.name, tensor.name.replace("output_norm", "ln_f"))
    block = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", name)
    if block:
        name = f"h.{block[1]}.{names[block[2]]}.{block[3]}"
    value = numpy.array(tensor.data)
    wanted = expected[name]
    if block and value.ndim == 2:
        wanted = wanted.T  # Conv1D keeps [in, out]
    if value.dtype == numpy.float16:
        wanted = wanted.astype(numpy.float16)
    within = within and value.shape == wanted.shape and bool((value == wanted).all())
field = lambda key: reader.get_field(key).contents()
print(json.dumps({
    "architecture": field("general.architecture"), "tokens": len(field("tokenizer.ggml.tokens")), "endOfText": field("tokenizer.ggml.eos_token_id"),
    "tensors": len(reader.tensors), "within": within, "heads": field("gpt2.attention.head_count"),
}))
