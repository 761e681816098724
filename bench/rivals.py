"""What bench/cases/rivals.mjs runs in Python, timed here: scipy's nnls, and recombination in numpy as Tchernychova and
Lyons have it (2N group sums, their null space by QR, groups of weight zero dropped, repeat).

rivals.py FOLDER WIDTH nnls|'' TRIALS: reads features and weights as raw float64, prints a JSON list."""

import json
import sys
import time
from pathlib import Path

import numpy as np
from scipy.optimize import nnls


def caratheodory(columns, weights):
    """Columns N x n, n <= 2N or so: weights >= 0 on at most N of them with the same sums."""
    N, n = columns.shape
    if n <= N:
        return weights
    q, _ = np.linalg.qr(columns.T, mode="complete")
    null = q[:, N:].copy()  # n x (n - N)
    w = weights.copy()
    for j in range(n - N):
        direction = null[:, j]
        if not np.any(direction > 0):
            direction = -direction
        ratios = np.full(n, np.inf)
        np.divide(w, direction, out=ratios, where=direction > 1e-14)
        leaving = int(np.argmin(ratios))
        w = w - ratios[leaving] * direction
        w[leaving] = 0
        # No later direction may touch a point that has left.
        rest = null[:, j + 1 :]
        rest -= np.outer(null[:, j], rest[leaving] / null[leaving, j])
        rest[leaving] = 0
    return np.maximum(w, 0)


def halving(features, weights):
    n, N = features.shape
    index, w = np.arange(n), weights.copy()
    while len(index) > N:
        groups = min(2 * N, len(index))
        bounds = np.linspace(0, len(index), groups + 1).astype(int)
        sums = np.add.reduceat(features[index] * w[:, None], bounds[:-1])
        mass = caratheodory(sums.T, np.ones(groups))
        factor = np.repeat(mass, np.diff(bounds))
        keep = factor > 0
        if np.all(keep):
            break
        index, w = index[keep], (w * factor)[keep]
    # The weights once more, by least squares on the points that are left.
    target = weights @ features
    better, *_ = np.linalg.lstsq(features[index].T, target, rcond=None)
    return index, better if np.all(better >= 0) else w


def by_nnls(features, weights):
    x, _ = nnls(features.T, weights @ features, maxiter=50 * features.shape[1])
    index = np.flatnonzero(x)
    return index, x[index]


def timed(name, method, features, weights, trials):
    times = []
    for _ in range(trials):
        start = time.process_time()
        index, w = method(features, weights)
        times.append(time.process_time() - start)
        if sum(times) > 20:
            break
    return {
        "name": name,
        "cpu": 1e3 * float(np.median(times)),
        "indices": [int(i) for i in index],
        "weights": [float(x) for x in w],
    }


def main():
    folder, width, which, trials = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    weights = np.fromfile(Path(folder) / "weights")
    features = np.fromfile(Path(folder) / "features").reshape(-1, width)
    rivals = [timed("Tchernychova-Lyons halving (numpy)", halving, features, weights, trials)]
    if which == "nnls":
        try:
            rivals.append(timed("scipy.optimize.nnls", by_nnls, features, weights, trials))
        except RuntimeError as failure:  # too many iterations
            print(f"nnls: {failure}", file=sys.stderr)
    print(json.dumps(rivals))


main()
