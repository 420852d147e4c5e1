"""lm-evaluation-harness on local items, timed: its own scoring of requests, without reading files and counting results.

    python evaluate_harness.py --make SHAPE FOLDER                 a GPT-2 with random weights; SHAPE is layers,width,heads,context
    python evaluate_harness.py MODEL ITEMS TASKS SHOTS THREADS BATCH LIMIT   a line of JSON a task and number of examples
"""
import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch

if sys.argv[1] == "--make":
    from transformers import GPT2Config, GPT2LMHeadModel

    layers, width, heads, context = map(int, sys.argv[2].split(","))
    torch.manual_seed(1)
    GPT2LMHeadModel(GPT2Config(n_layer=layers, n_embd=width, n_head=heads, n_positions=context, activation_function="gelu")).save_pretrained(sys.argv[3])
    sys.exit()

model, items, tasks, shots = sys.argv[1:5]
threads, batch, limit = map(int, sys.argv[5:8])
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
for task in tasks.split(","):
    split = "validation" if task in ("hellaswag", "piqa", "winogrande") else "test"
    files = {split: os.path.join(items, f"{task}.jsonl"), "train": os.path.join(items, f"{task}_shots.jsonl")}
    for count in map(int, shots.split(",")):
        spent = 0.0
        config = {
            "task": task, "dataset_path": "json", "dataset_name": None, "dataset_kwargs": {"data_files": files},
            "validation_split": split if split == "validation" else None, "fewshot_config": {"sampler": "first_n"},
        }
        if task == "lambada_openai":
            config["training_split"] = "train"
        spec = manager._factory.build(manager._index[task], overrides=config, registry=manager._index)
        answer = lm_eval.simple_evaluate(model=language_model, tasks=[spec], num_fewshot=count, task_manager=manager, bootstrap_iters=0, limit=limit)
        results = {key: value for key, value in answer["results"][task].items() if isinstance(value, float)}
        print(json.dumps({"task": task, "shots": count, "items": answer["n-samples"][task]["effective"], "seconds": spent, "results": results}), flush=True)
