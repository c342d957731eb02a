"""Train the restricted Boltzmann machines of section 4.4 and store them in digits_rbm.npz.

Run from anywhere: ``OPENBLAS_NUM_THREADS=1 python chapters/data/train_digits_rbm.py``. It takes
about ten minutes. The page recomputes what it states of the stored machines; nothing is believed.
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
STEPS = {1: 2000, 2: 2000, 4: 2000, 8: 2000, 16: 2000, 20: 400}
LOOKS = (
    *range(11),
    13,
    16,
    20,
    25,
    30,
    40,
    50,
    65,
    80,
    100,
    125,
    150,
    175,
    200,
    225,
    250,
    275,
    300,
)
KEPT = (30, 100, 300)
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


def begin(hidden, biases=True):
    """A generator and the start of every training with so many hidden units."""
    rng = np.random.default_rng(hidden)
    return rng, RBM.random(64, hidden, rng=rng, x=train if biases else None)


def learn(x, hidden, penalty, steps):
    """Stochastic learning, then the exact gradient of the penalised likelihood."""
    rng, start = begin(hidden)
    fit = fit_rbm(
        x, start, rng=rng, epochs=200, chains=200, learning_rate=0.1, weight_decay=penalty,
        monitor="none",
    )  # fmt: skip
    fit = maximise_likelihood(x, fit.model, penalty=penalty, tolerance=2e-5, max_steps=steps)
    print(f"{hidden:3} hidden, penalty {penalty}: {fit.reason}", flush=True)
    return fit.model


def look(model):
    """What one may watch in training: two exact likelihoods and two proxies."""
    errors = np.abs(model.reconstruct(train, rng=np.random.default_rng(0)) - train)
    return (
        model.log_likelihood(train), model.log_likelihood(held_out),
        errors.sum(axis=1).mean() / 2, model.pseudo_log_likelihood(train),
    )  # fmt: skip


def record(name):
    """One training of 16 hidden units, with what was seen on the way and some machines of it."""
    rng, start = begin(16, biases=name != "CD without biases")
    seen, kept = [look(start)], []

    def on_epoch(state):
        if state.epoch in LOOKS:
            seen.append(look(state.model))
        if state.epoch in KEPT:
            kept.append(state.model.parameters)

    fit_rbm(
        train, start, rng=rng, epochs=max(LOOKS), monitor="none", on_epoch=on_epoch, **RUNS[name]
    )
    print(f"{name}: {seen[-1]}", flush=True)
    return np.array(seen), np.array(kept, dtype=np.float32)


def climb(penalty, pieces=40, steps=25):
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
    seeds = []
    for patterns in PATTERNS:
        fits = [mixture(train, patterns, a, seed) for seed in range(10)]
        seeds.append(int(np.argmax([value(model, train) for model in fits])))
        values = [round(value(fits[seeds[-1]], part), 3) for part in (train, held_out)]
        print(f"{patterns:3} patterns, seed {seeds[-1]}: {values}", flush=True)
    return np.array(a), np.array(seeds)


def main():
    """Train everything and write the file."""
    stored = {"looks": np.array(LOOKS), "kept": np.array(KEPT), "penalties": np.array(PENALTIES)}
    for name in RUNS:
        key = name.replace(" ", "_")
        stored[f"{key}_seen"], stored[f"{key}_machines"] = record(name)
    # The penalty is chosen inside the training images: one half teaches, the other judges.
    half, other = images[place == 0], images[place == 1]
    judged = [learn(half, 16, alpha, 300).log_likelihood(other) for alpha in PENALTIES]
    alpha = PENALTIES[int(np.argmax(judged))]
    print("validation:", np.round(judged, 3), "penalty:", alpha, flush=True)
    stored["validation"], stored["penalty"] = np.array(judged), np.array(alpha)
    stored["pseudocount"], stored["mixture_seeds"] = rivals(half, other)
    for hidden in SIZES:
        stored[f"machine_{hidden}"] = learn(train, hidden, alpha, STEPS[hidden]).parameters
    swept = [learn(train, 16, alpha, 600).parameters for alpha in PENALTIES]
    stored["swept"] = np.array(swept, dtype=np.float32)
    for name, value in (("free", 0.0), ("held", alpha)):
        stored[f"climb_{name}"], stored[f"climb_{name}_machines"] = climb(value)
    np.savez_compressed(Path(__file__).with_name("digits_rbm.npz"), **stored)


if __name__ == "__main__":
    main()
