"""Opens an exported folder with transformers and writes what it computes: logits.safetensors and, on request, token ids."""
import json
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, GPT2LMHeadModel, AutoTokenizer

folder, request_path, out_path = sys.argv[1:4]
request = json.load(open(request_path))
model, info = AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32, output_loading_info=True)
assert type(model) is GPT2LMHeadModel, type(model)
assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
model.eval()
ids = torch.tensor(request["inputs"]).reshape(request["rows"], request["columns"])
with torch.no_grad():
    save_file({"logits": model(ids).logits.contiguous()}, out_path)
answer = {"parameters": sum(p.numel() for p in model.parameters())}
if request.get("texts"):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = [tokenizer(text)["input_ids"] for text in request["texts"]]
    answer["ids"] = encoded
    answer["decoded"] = [tokenizer.decode(one) for one in encoded]
    answer["endOfText"] = tokenizer.eos_token_id
    answer["fast"] = tokenizer.is_fast
print(json.dumps(answer))
