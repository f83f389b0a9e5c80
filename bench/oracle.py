#!/usr/bin/env python3
"""Makes a corpus with known kinds of identifiers and finds them by other means than the classifiers.

    bench/oracle.py make FILE [MEBIBYTES]     prose, one text of about 2 kB a line, with true and false identifiers
    bench/oracle.py compare FILE FOUND        FOUND: output of the program match; exits with 1 if the sets differ

The oracle is Python's re and the checksums written anew. It reads the simple shapes only: e-mail and IPv4 addresses,
payment cards and IBANs. For these the sets must agree to the byte; what else the classifiers find is not looked at.
"""

from __future__ import annotations

import random
import re
import sys

WORDS = """the of and to in that is was for on with as by at from they we be this have or had not but what all were when
there can an your which their said if do will each about how up out them then she many some so these would other into
has more her two like him see time could no make than first been its who now people my made over did down only way find
use may water long little very after words called just where most know get through back much before go good new write
our used me man too any day same right look think also around another came come work three word must because does part
even place well such here take why things help put years different away again off went old number great tell men say
small every found still between name should home big give air line set own under read last never us left end along
while might next sound below saw something thought both few those always looked show large often together asked house
world going want school important until form food keep children feet land side without boy once animals life enough took
sometimes four head above kind began almost live page got earth need far hand high year mother light parts country""".split()
IBAN_LENGTHS = {"DE": 22, "FR": 27, "GB": 22, "NL": 18, "ES": 24, "IT": 27, "AT": 20, "BE": 16, "PL": 28, "CH": 21}


def luhn(digits: str) -> bool:
    total = 0
    for i, c in enumerate(reversed(digits)):
        d = int(c) * (1 + i % 2)
        total += d - 9 if d > 9 else d
    return total % 10 == 0


def mod97(iban: str) -> bool:
    return int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1


def with_luhn(rng: random.Random, prefix: str, length: int) -> str:
    body = prefix + "".join(rng.choice("0123456789") for _ in range(length - len(prefix) - 1))
    return next(body + c for c in "0123456789" if luhn(body + c))


def make_card(rng: random.Random) -> str:
    if rng.random() < 0.2:
        n = with_luhn(rng, rng.choice(["34", "37"]), 15)
        groups = [n[:4], n[4:10], n[10:]]
    else:
        n = with_luhn(rng, rng.choice(["4", "51", "52", "53", "54", "55", "2223", "6011"]), 16)
        groups = [n[i : i + 4] for i in range(0, 16, 4)]
    return rng.choice([" ", "-", ""]).join(groups)


def spoil(rng: random.Random, text: str) -> str:
    """Another last digit: the checksum then fails."""
    return text[:-1] + str((int(text[-1]) + rng.randrange(1, 9)) % 10)


def make_iban(rng: random.Random) -> str:
    cc = rng.choice(list(IBAN_LENGTHS))
    bank = {"GB": "NWBK", "NL": "ABNA"}.get(cc, "")
    bban = bank + "".join(rng.choice("0123456789") for _ in range(IBAN_LENGTHS[cc] - 4 - len(bank)))
    check = 98 - int("".join(str(int(c, 36)) for c in bban + cc + "00")) % 97
    iban = f"{cc}{check:02d}{bban}"
    if rng.random() < 0.5:
        return " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
    return iban


def make_email(rng: random.Random) -> str:
    names = ["jana", "peter", "m.rossi", "li_wei", "anne-marie", "o.k", "sales+eu", "info2"]
    hosts = ["firma-nord", "example", "mail.corp", "uni-graz", "a1", "post"]
    tails = ["com", "de", "co.uk", "info", "museum", "fr"]
    return f"{rng.choice(names)}@{rng.choice(hosts)}.{rng.choice(tails)}"


def make_ipv4(rng: random.Random) -> str:
    return ".".join(str(rng.randrange(1, 255)) for _ in range(4))


def make_item(rng: random.Random) -> str:
    """One sentence with an identifier, or with something that only looks like one."""
    return rng.choice(
        [
            lambda: f"Please write to {make_email(rng)} about it.",
            lambda: f"The mail went to {make_email(rng)}, not to sales@ or @home.",
            lambda: f"The host {make_ipv4(rng)} did not answer.",
            lambda: f"Login from ip address {make_ipv4(rng)}.",
            lambda: f"The address 300.1.2.{rng.randrange(100, 200)} is none, and neither is 1.2.3.",
            lambda: f"My credit card is {make_card(rng)}, as you know.",
            lambda: f"The card {spoil(rng, make_card(rng))} was mistyped.",
            lambda: f"Pay to IBAN {make_iban(rng)}, thank you.",
            lambda: f"The IBAN {spoil(rng, make_iban(rng))} is not right.",
        ]
    )()


def make(path: str, mebibytes: int) -> None:
    rng = random.Random(20261120)
    left = mebibytes << 20
    with open(path, "w", encoding="ascii") as out:
        while left > 0:
            line = []
            for i in range(18):
                if i in (5, 13):
                    line.append(make_item(rng))
                words = rng.choices(WORDS, k=rng.randrange(12, 28))
                line.append(" ".join(words).capitalize() + ".")
            text = " ".join(line) + "\n"
            out.write(text)
            left -= len(text)


EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]*\w@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
CARD = re.compile(r"(?<![\w-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|\d{4}([ -]?)\d{6}\2\d{5})(?!-?\d)")
CARD_PREFIX = re.compile(r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|3[47]|6011|65")
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")


def is_host(address: str) -> bool:
    """Multicast, reserved, loopback and "this network" addresses are nobody's."""
    parts = [int(n) for n in address.split(".")]
    return 0 < parts[0] < 224 and parts[0] != 127 and max(parts) < 256


Finding = tuple[int, int, str]


def oracle(text: str) -> tuple[set[Finding], list[tuple[int, int]]]:
    """What is to be found, and where IBANs stand, right or wrong: digits inside them are not judged as cards."""
    found = {(m.start(), m.end(), "contact.email") for m in EMAIL.finditer(text)}
    found |= {(m.start(), m.end(), "net.ip") for m in IPV4.finditer(text) if is_host(m[0])}
    shapes = []
    for m in IBAN.finditer(text):
        compact = m[0].replace(" ", "")
        shapes.append((m.start(), m.end()))
        if IBAN_LENGTHS.get(compact[:2]) == len(compact) and mod97(compact):
            found.add((m.start(), m.end(), "finance.iban"))
    for m in CARD.finditer(text):
        digits = re.sub(r"\D", "", m[0])
        if not inside(m.span(), shapes) and CARD_PREFIX.match(digits) and luhn(digits):
            found.add((m.start(), m.end(), "finance.card"))
    return found, shapes


def inside(span: tuple[int, int], shapes: list[tuple[int, int]]) -> bool:
    return any(a < span[1] and span[0] < b for a, b in shapes)


def compare(corpus: str, found: str) -> int:
    kinds = {"contact.email", "net.ip", "finance.iban", "finance.card"}
    ours: dict[int, set[Finding]] = {}
    with open(found, encoding="ascii") as f:
        for row in f:
            line, start, end, kind = row.split()
            if kind in kinds:
                ours.setdefault(int(line), set()).add((int(start), int(end), kind))
    counts = {kind: [0, 0, 0] for kind in sorted(kinds)}
    shown = 0
    with open(corpus, encoding="ascii") as f:
        for number, text in enumerate(f):
            want, shapes = oracle(text)
            got = {f for f in ours.get(number, set()) if f[2] != "finance.card" or not inside(f[:2], shapes)}
            for column, part in enumerate((want & got, want - got, got - want)):
                for start, end, kind in part:
                    counts[kind][column] += 1
                    if column > 0 and shown < 10:
                        shown += 1
                        print(f"{'missed' if column == 1 else 'added'} {kind}: …{text[max(0, start - 20) : end + 8]!r}")
    for kind, (same, missed, added) in counts.items():
        print(f"MATCH {kind} {same} {missed} {added}")
    return int(any(missed + added for _, missed, added in counts.values()))


def main() -> int:
    if len(sys.argv) in (3, 4) and sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 16)
        return 0
    if len(sys.argv) == 4 and sys.argv[1] == "compare":
        return compare(sys.argv[2], sys.argv[3])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
