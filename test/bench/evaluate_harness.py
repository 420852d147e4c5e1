"""lm-evaluation-harness on local items: python evaluate_harness.py MODEL TASK ITEMS EXAMPLES SHOTS THREADS BATCH prints {"items", "seconds"} of its scoring."""
import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch

model, task, items, examples, shots, threads, batch = *sys.argv[1:5], *map(int, sys.argv[5:8])
torch.set_num_threads(threads)

import lm_eval
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

language_model = HFLM(pretrained=model, device="cpu", dtype="float32", batch_size=batch)
spent = 0.0
inner = language_model.loglikelihood


def timed(*arguments, **options):
    global spent
    began = time.perf_counter()
    answer = inner(*arguments, **options)
    spent += time.perf_counter() - began
    return answer


language_model.loglikelihood = timed
manager = TaskManager()
split = "validation" if task in ("hellaswag", "piqa", "winogrande") else "test"
config = {
    "task": task, "dataset_path": "json", "dataset_name": None, "dataset_kwargs": {"data_files": {split: items, "train": examples}},
    "validation_split": split if split == "validation" else None, "fewshot_config": {"sampler": "first_n"},
}
if task == "lambada_openai":
    config["training_split"] = "train"
spec = manager._factory.build(manager._index[task], overrides=config, registry=manager._index)
answer = lm_eval.simple_evaluate(model=language_model, tasks=[spec], num_fewshot=shots, task_manager=manager, bootstrap_iters=0)
count = answer["n-samples"][task]["effective"]
print(json.dumps({"items": count, "seconds": spent, "results": {key: value for key, value in answer["results"][task].items() if isinstance(value, float)}}))
