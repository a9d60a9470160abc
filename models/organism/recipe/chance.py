"""Holdfast's random numbers (src/engine/random.ts), so that a seed draws the same dialogue in Python and in TypeScript."""

MASK = 0xFFFFFFFF


def _imul(a, b):
    return (a * b) & MASK


def _rotate_left(word, bits):
    return ((word << bits) | (word >> (32 - bits))) & MASK


class Chance:
    """The generator xoshiro128** 1.1 (Blackman and Vigna 2018), seeded by splitmix32.

    seed: a whole number from 0 to 2**53 - 1. Python's own generator is not used because other languages do not have it.
    """

    def __init__(self, seed):
        word = (seed & MASK) ^ _imul((seed >> 32) & MASK, 0x85EBCA6B)
        self.state = []
        for _ in range(4):
            word = (word + 0x9E3779B9) & MASK
            mixed = word ^ (word >> 16)
            mixed = _imul(mixed, 0x85EBCA6B)
            mixed ^= mixed >> 13
            mixed = _imul(mixed, 0xC2B2AE35)
            self.state.append(mixed ^ (mixed >> 16))

    def _next(self):
        a, b, c, d = self.state
        result = _imul(_rotate_left(_imul(b, 5), 7), 9)
        shifted = (b << 9) & MASK
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = _rotate_left(d, 11)
        self.state = [a, b, c, d]
        return result

    def number(self):
        """Returns a number in [0, 1) with 53 bits."""
        return ((self._next() >> 5) * 2**26 + (self._next() >> 6)) / 2**53

    def happens(self, probability):
        return self.number() < probability

    def choose(self, items):
        return items[int(self.number() * len(items))]

    def weighted(self, items, weights):
        """Returns one of the items, with a probability in proportion to its weight."""
        total = 0.0
        for weight in weights:  # not sum(), which rounds differently since Python 3.12
            total += weight
        left = self.number() * total
        for item, weight in zip(items, weights):
            left -= weight
            if left < 0:
                return item
        return items[-1]

    def shuffle(self, items):
        """Returns the items in a random order (Fisher-Yates, from the end)."""
        out = list(items)
        for last in range(len(out) - 1, 0, -1):
            other = int(self.number() * (last + 1))
            out[last], out[other] = out[other], out[last]
        return out
