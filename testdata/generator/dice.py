"""Seeded choices that come out the same on every version of Python.

Only `Random.random` is promised to be reproducible, so everything is built on it.
"""

from random import Random


class Dice:
    def __init__(self, seed):
        self._random = Random(seed).random

    def chance(self, probability):
        return self._random() < probability

    def between(self, low, high):
        """An integer, both ends included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, choices):
        return choices[int(self._random() * len(choices))]

    def pick_weighted(self, weights):
        """A key of `weights`, by its weight."""
        left = self._random() * sum(weights.values())
        for choice, weight in weights.items():
            left -= weight
            if left < 0:
                return choice
        return choice

    def pick_many(self, choices, count):
        """`count` different ones, in random order."""
        pool = list(choices)
        return [pool.pop(int(self._random() * len(pool))) for _ in range(count)]
