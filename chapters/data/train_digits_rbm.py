"""Train the restricted Boltzmann machines of section 4.4 and store them in digits_rbm.npz.

Run from anywhere: ``OPENBLAS_NUM_THREADS=1 python chapters/data/train_digits_rbm.py``. It takes
about ten minutes. The page recomputes the likelihoods of the stored machines and mixtures, their
slopes and steps of EM, and the beginnings of the trainings. What else was noted here (the course of
a training between its kept machines, the other starts of the learners and of the mixtures, the
values by which a penalty was chosen) the file alone says. Trainings that do not settle go
another way on another processor: of those the page states only what all their starts show.
"""

import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from boltzlib.bernoulli_mixture import BernoulliMixture
from boltzlib.rbm import RBM
from boltzlib.rbm_exact_learning import maximise_likelihood
from boltzlib.rbm_stochastic_learning import fit_rbm

SIZES = (1, 2, 4, 8, 16, 20)
PENALTIES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
PATTERNS = (2, 3, 5, 9, 17, 21, 33, 65)
PSEUDOCOUNTS = (0.1, 0.25, 0.5, 1.0)
STEPS = {1: 2000, 2: 2000, 4: 2000, 8: 2000, 16: 800, 20: 250}
STARTS = 5  # one for 20 hidden units, where a step is slow
LOOKS = (*range(11), 13, 16, 20, 25, 30, 40, 50, 65, 80, *range(100, 301, 5))
KEPT = (30, 100, 300)  # of the three that settle; of the others the last
SETTLE = ("CD", "PCD", "centred PCD")
RUNS = {
    "CD": {"method": "CD", "learning_rate": 0.05},
    "PCD": {"method": "PCD", "learning_rate": 0.05},
    "centred PCD": {"method": "centred PCD", "learning_rate": 0.05},
    "PCD too fast": {"method": "PCD", "learning_rate": 0.2, "schedule": "constant"},
    "CD too fast": {"method": "CD", "learning_rate": 1.0, "schedule": "constant"},
    "CD without biases": {"method": "CD", "learning_rate": 0.05},
}

images = np.where(load_digits().data >= 8, 1.0, -1.0)
place = np.arange(len(images)) % 3
train, held_out = images[place != 2], images[place == 2]


def begin(hidden, biases=True, start=0):
    """The generator of a training with so many hidden units, and where it starts."""
    rng = np.random.default_rng([hidden, start])
    return rng, RBM.random(64, hidden, rng=rng, x=train if biases else None)


def learn(x, hidden, penalty, steps, number=0):
    """Stochastic learning, then the exact gradient of the penalised likelihood."""
    rng, start = begin(hidden, start=number)
    fit = fit_rbm(
        x, start, rng=rng, epochs=200, chains=200, learning_rate=0.1, weight_decay=penalty,
        monitor="none",
    )  # fmt: skip
    fit = maximise_likelihood(x, fit.model, penalty=penalty, tolerance=2e-5, max_steps=steps)
    print(f"{hidden:3} hidden, start {number}, penalty {penalty}: {fit.reason}", flush=True)
    return fit.model


def look(model):
    """What one may watch in training: two exact likelihoods and two proxies."""
    errors = np.abs(model.reconstruct(train, rng=np.random.default_rng(0)) - train)
    return (
        model.log_likelihood(train), model.log_likelihood(held_out),
        errors.sum(axis=1).mean() / 2, model.pseudo_log_likelihood(train),
    )  # fmt: skip


def record(name, number):
    """One training of 16 hidden units, with what was seen on the way and some machines of it."""
    rng, start = begin(16, name != "CD without biases", number)
    seen, kept = [look(start)], []

    def on_epoch(state):
        if state.epoch in LOOKS:
            seen.append(look(state.model))
        if state.epoch in KEPT:
            kept.append(state.model.parameters)

    fit_rbm(
        train, start, rng=rng, epochs=max(LOOKS), monitor="none", on_epoch=on_epoch, **RUNS[name]
    )
    print(f"{name}, start {number}: {np.round(seen[-1], 2)}", flush=True)
    return seen, kept


def climb(penalty, pieces=24, steps=25):
    """Exact learning from small random couplings, with the held-out images watched."""
    _, model = begin(16)
    seen, models = [], []
    for piece in range(pieces + 1):
        if piece:
            fit = maximise_likelihood(
                train, model, penalty=penalty, tolerance=1e-9, max_steps=steps
            )
            model = fit.model
        seen.append((steps * piece, model.log_likelihood(train), model.log_likelihood(held_out)))
        models.append(model.parameters)
    best = int(np.argmax([values[2] for values in seen]))
    print(f"climb with penalty {penalty}: best at {seen[best]}, end {seen[-1]}", flush=True)
    return np.array(seen), np.array([models[best], models[-1]], dtype=np.float32)


def mixture(x, patterns, pseudocount, seed):
    """EM from one start; None where two patterns came out the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return BernoulliMixture.fit(
                (x + 1) / 2, patterns, rng=np.random.default_rng(seed), starts=1,
                pseudocount=pseudocount, tolerance=0.01,
            ).model  # fmt: skip
        except Warning:
            return None


def settle(model, pseudocount, steps=1000):
    """Repeat the step of EM until it moves nothing by more than a millionth."""
    x = (train + 1) / 2
    for _ in range(steps):
        last = model
        model = last.maximised(x, last.responsibilities(x), pseudocount=pseudocount)
        if last.distance(model) < 1e-6:
            break
    return model


def rivals(half, other):
    """Mixtures to compare with: a pseudocount chosen as the penalty was, the best of ten starts."""

    def value(model, x):
        return -np.inf if model is None else model.log_likelihood((x + 1) / 2)

    judged = [
        max((mixture(half, 33, a, seed) for seed in range(10)), key=lambda m: value(m, half))
        for a in PSEUDOCOUNTS
    ]
    judged = [value(model, other) for model in judged]
    a = PSEUDOCOUNTS[int(np.argmax(judged))]
    print("validation:", np.round(judged, 3), "pseudocount:", a, flush=True)
    best, all_values = {}, []
    for patterns in PATTERNS:
        fits = [mixture(train, patterns, a, seed) for seed in range(10)]
        values = np.array([[value(model, part) for part in (train, held_out)] for model in fits])
        model = settle(fits[int(values[:, 0].argmax())], a)
        best[f"mixture_{patterns}"] = np.column_stack([model.weights, model.probabilities])
        all_values.append(values)
        print(f"{patterns:3} patterns: {values[:, 1].round(2)}", flush=True)
    return np.array(a), np.array(judged), np.array(all_values), best


def main():
    """Train everything and write the file."""
    stored = {"looks": np.array(LOOKS), "kept": np.array(KEPT), "penalties": np.array(PENALTIES)}
    for name in RUNS:
        runs = [record(name, number) for number in range(STARTS)]
        key = name.replace(" ", "_")
        stored[f"{key}_seen"] = np.array([seen for seen, _ in runs])
        stored[f"{key}_machines"] = np.array(runs[0][1] if name in SETTLE else runs[0][1][-1:])
    # The penalty is chosen inside the training images: one half teaches, the other judges.
    half, other = images[place == 0], images[place == 1]
    stored["pseudocount"], stored["mixture_validation"], stored["mixture_starts"], best = rivals(
        half, other
    )
    stored |= best
    judged = [learn(half, 16, alpha, 300).log_likelihood(other) for alpha in PENALTIES]
    alpha = PENALTIES[int(np.argmax(judged))]
    print("validation:", np.round(judged, 3), "penalty:", alpha, flush=True)
    stored["validation"], stored["penalty"] = np.array(judged), np.array(alpha)
    for hidden in SIZES:
        starts = range(1 if hidden == 20 else STARTS)
        found = [learn(train, hidden, alpha, STEPS[hidden], number) for number in starts]
        values = [[model.log_likelihood(part) for part in (train, held_out)] for model in found]
        print(f"{hidden:3} hidden: {np.round(values, 2).tolist()}", flush=True)
        stored[f"machines_{hidden}"] = np.array([model.parameters for model in found])
    for name, value in (("free", 0.0), ("held", alpha)):
        stored[f"climb_{name}"], stored[f"climb_{name}_machines"] = climb(value)
    for name, numbers in stored.items():
        if numbers.dtype == float and numbers.ndim > 1:
            stored[name] = numbers.astype(np.float32)
    np.savez_compressed(Path(__file__).with_name("digits_rbm.npz"), **stored)


if __name__ == "__main__":
    main()
