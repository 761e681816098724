"""How fast PyTorch trains on the processor, timed here: the network, the rows and the steps of bench/cases/peers.mjs.

peers.py FOLDER ACTIVATION RATE FIRST_STEPS SECONDS TRIALS THREADS compiled|'': reads hidden, bias, output, outputBias, x
and y as raw float64, prints JSON. THREADS is a list, with commas.
peers.py [--small]: the same by itself, without Node: random parameters of the same sizes, all activations, prints a
table."""

import json
import os
import random
import sys
import time
from array import array
from pathlib import Path
from statistics import median

import torch

PROBE = 5


class Network(torch.nn.Module):
    ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "gelu": torch.nn.functional.gelu, "sin": torch.sin}

    def __init__(self, parameters, activation):
        super().__init__()
        width = len(parameters["bias"])
        self.hidden = torch.nn.Linear(len(parameters["hidden"]) // width, width)
        self.output = torch.nn.Linear(width, 1)
        self.activate = self.ACTIVATIONS[activation]
        with torch.no_grad():
            self.hidden.weight.copy_(float32(parameters["hidden"]).view(width, -1))
            self.hidden.bias.copy_(float32(parameters["bias"]))
            self.output.weight.copy_(float32(parameters["output"]).view(1, width))
            self.output.bias.copy_(float32(parameters["outputBias"]))

    def forward(self, x):
        return self.output(self.activate(self.hidden(x)))


def float32(numbers):
    return torch.tensor(numbers.tolist(), dtype=torch.float32)


class Training:
    def __init__(self, data, activation, rate, compiled):
        self.network = Network(data, activation)
        self.y = float32(data["y"]).view(-1, 1)
        self.x = float32(data["x"]).view(len(self.y), -1)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=rate)
        self.loss = torch.compile(self.eager_loss) if compiled else self.eager_loss

    def eager_loss(self):
        return torch.nn.functional.mse_loss(self.network(self.x), self.y)

    def run(self, steps):
        for _ in range(steps):
            self.optimizer.zero_grad(set_to_none=True)
            self.loss().backward()
            self.optimizer.step()


def timed(work):
    """Milliseconds of wall clock, and of processor time of all threads."""
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    return 1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - cpu_start)


def measure(data, activation, rate, first_steps, seconds, trials, teams, with_compiled):
    """Eager with each number of threads, compiled with the largest. Returns the methods, and remarks on what failed."""
    ways = [("PyTorch", threads, False) for threads in teams]
    remarks = []
    if with_compiled and hasattr(torch, "compile"):
        ways.append(("PyTorch compiled", max(teams), True))
    elif with_compiled:
        remarks.append(f"PyTorch {torch.__version__} has no compiler")
    methods = []
    for name, threads, compiled in ways:
        torch.set_num_threads(threads)
        try:
            training = Training(data, activation, rate, compiled)
            training.run(first_steps)
            loss = training.loss().item()
        except Exception as failure:  # of the compiler, of which there are many kinds
            if not compiled:
                raise
            remarks.append(f"{name} is left out: {type(failure).__name__}: {str(failure).strip().splitlines()[0]}")
            continue
        steps = max(1, round(1e3 * seconds * PROBE / timed(lambda: training.run(PROBE))[0]))
        times = [timed(lambda: training.run(steps)) for _ in range(trials)]
        methods.append(
            {
                **{"name": name, "precision": "float32", "threads": threads, "loss": loss, "steps": steps},
                "wall": median(wall for wall, _ in times) / steps,
                "fastest": min(wall for wall, _ in times) / steps,
                "cpu": median(cpu for _, cpu in times) / steps,
            }
        )
    return methods, remarks


def for_node():
    folder, activation, rate, first_steps, seconds, trials, teams, compiled = sys.argv[1:]
    names = ["hidden", "bias", "output", "outputBias", "x", "y"]
    data = {name: array("d", (Path(folder) / name).read_bytes()) for name in names}
    methods, remarks = measure(
        data,
        activation,
        float(rate),
        int(first_steps),
        float(seconds),
        int(trials),
        [int(threads) for threads in teams.split(",")],
        compiled == "compiled",
    )
    print(json.dumps({"version": torch.__version__, "methods": methods, "remarks": remarks}))


def alone(small):
    width, batch, seconds = (1000, 512, 0.05) if small else (10_000, 512, 0.3)
    draw = random.Random(1)

    def numbers(count, limit):
        return array("d", [draw.uniform(-limit, limit) for _ in range(count)])

    data = {
        **{"hidden": numbers(2 * width, 1), "bias": numbers(width, 1), "output": numbers(width, width**-0.5)},
        **{"outputBias": numbers(1, 0), "x": numbers(2 * batch, 1), "y": numbers(batch, 1)},
    }
    teams = sorted({1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()})
    print(f"PyTorch {torch.__version__}, {width} neurons, batches of {batch}, neuron-samples/s: median, fastest")
    for activation in Network.ACTIVATIONS:
        methods, remarks = measure(data, activation, 1e-5, 1, seconds, 5, teams, not small)
        for one in methods:
            rate, fastest = (width * batch / (one[key] / 1e3) for key in ("wall", "fastest"))
            print(f"{activation:5} {one['name']:16} {one['threads']:3} threads  {rate:.2e}  {fastest:.2e}")
        for remark in remarks:
            print(f"{activation:5} {remark}")


if len(sys.argv) > 2:
    for_node()
else:
    alone("--small" in sys.argv)
