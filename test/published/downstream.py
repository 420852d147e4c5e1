"""The numbers of downstream.test.ts by numpy and scipy: python3 test/published/downstream.py

Cerebras-GPT up to 2.7B (Dey et al. 2023): accuracy = c + (u - c) / (1 + exp(k (loss - m))) by least squares, u <= 1, and
what it says of 13B at the loss that 13B really has; then the same at the loss that a power law with a constant predicts.
"""

import json
import pathlib

import numpy as np
from scipy.optimize import least_squares

here = pathlib.Path(__file__).parents[2]
rows = json.loads((here / "resources/published/downstream.json").read_text())["results"]
rows = sorted((r for r in rows if r["family"] == "Cerebras-GPT" and r["shots"] == 0), key=lambda r: r["flops"])
chances = {"hellaswag": 0.25, "piqa": 0.5, "winogrande": 0.5, "lambada_openai": 0.0, "arc_easy": 0.25}
mean = (0.25 * 4 + 0.5 * 2 + 0.0) / 7
flops, loss = (np.array([r[key] for r in rows]) for key in ("flops", "pileLoss"))
fitted = slice(0, 5)


def sigmoid(p, at, c):
    return c + (p[0] - c) / (1 + np.exp(p[1] * (at - p[2])))


def law(p, at):
    return np.exp(p[0] - p[1] * np.log(at / 1e19)) + p[2]


def best(residuals, starts, bounds):
    options = {"bounds": bounds, "xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "max_nfev": 20000}
    return min((least_squares(residuals, start, **options) for start in starts), key=lambda one: one.cost).x


power = best(lambda p: law(p, flops[fitted]) - loss[fitted], [[0.5, 0.1, c] for c in (0.1, 0.5, 1)], ([-9, 0, 0], [9, 2, 2]))
print("loss of 13B, predicted and measured", law(power, flops[-1]), loss[-1])
for task in [*chances, "average"]:
    c = chances.get(task, mean)
    values = np.array([r["average"] if task == "average" else r["acc"][task] for r in rows])
    starts = [[u, k, m] for u in (0.6, 0.8, 0.99) for k in (2, 4) for m in (1.2, 1.6, 2)]
    p = best(lambda p: sigmoid(p, loss[fitted], c) - values[fitted], starts, ([c, 0.3, -2], [1, 20, 4]))
    print(task, "u, k, m", *p, "13B", sigmoid(p, loss[-1], c), sigmoid(p, law(power, flops[-1]), c), values[-1])
