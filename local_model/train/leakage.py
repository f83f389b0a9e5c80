#!/usr/bin/env python3
"""How near the held-out prompts come to the training part: leakage.py [--part test]

For each held-out prompt the largest share of its shingles (five words in a row, lower case) that one training prompt has too; and how many of the
held-out names of persons stand in the training part as well.
"""

from __future__ import annotations

import argparse
import collections

import data
import spec


def shingles(doc):
    words = [doc.text[a:b].lower() for a, b, _ in spec.tokens(doc.text) if doc.text[a].isalnum()]
    return {tuple(words[i:i + 5]) for i in range(len(words) - 4)}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--part", default="test")
    a = p.parse_args()
    train, held = data.prompts("train"), data.prompts(a.part)
    index = collections.defaultdict(list)
    for i, d in enumerate(train):
        for s in shingles(d):
            index[s].append(i)
    shares = []
    for d in held:
        own = shingles(d)
        hits = collections.Counter(i for s in own for i in index.get(s, ()))
        best = max(hits.items(), key=lambda kv: kv[1], default=(None, 0))
        shares.append((best[1] / max(1, len(own)), d.ident, None if best[0] is None else train[best[0]].ident))
    for limit in (0.1, 0.2, 0.3, 0.5, 0.8):
        print("held-out prompts that share more than %d %% of their shingles with one training prompt: %d of %d" % (
            100 * limit, sum(s[0] > limit for s in shares), len(shares)))
    for s in sorted(shares, reverse=True)[:8]:
        print("%.2f %s %s" % s)
    names = lambda docs: [d.text[x:y] for d in docs for x, y, c in d.spans if c == "PERSON"]
    known = set(names(train))
    words = {w for n in known for w in n.split()}
    own = names(held)
    print("names of persons: %d of %d also in the training part, %d more have all their words there" % (
        sum(n in known for n in own), len(own), sum(n not in known and all(w in words for w in n.split()) for n in own)))


if __name__ == "__main__":
    main()
