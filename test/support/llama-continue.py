"""Opens a GGUF file with llama.cpp, and goes on greedily from token ids: {"ids", "tokens", "text"} in, ids, their logits' ends and the text's own ids out."""
import json
import sys

import numpy
from llama_cpp import Llama

path, request_path = sys.argv[1:3]
request = json.load(open(request_path))
ids = request["ids"]
llama = Llama(path, n_ctx=len(ids) + request["tokens"] + 1, n_threads=1, logits_all=True, verbose=False)
cut = llama.tokenize(request["text"].encode(), add_bos=False, special=False)
out, rows = list(ids), []
llama.reset()
llama.eval(out)
for _ in range(request["tokens"]):
    logits = numpy.array(llama.scores[llama.n_tokens - 1])
    rows.append(logits.tolist())
    following = int(logits.argmax())
    out.append(following)
    llama.eval([following])
print(json.dumps({"ids": out[len(ids):], "cut": cut, "logits": rows[:1]}))
