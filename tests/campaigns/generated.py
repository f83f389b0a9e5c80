#!/usr/bin/env python3
"""Generated identifiers: 200 of every type whose checksum somebody else's code can verify.

    tests/campaigns/generated.py [--count 200] [--missed] [--write docs/classifiers.md]

Values are drawn at random and completed by brute force until python-stdnum (or, for tokens and addresses that it does not
know, a second implementation below) accepts them; none of the product's code takes part. Each valid one must be found in
its context as its type, each corrupted one (one character changed, so that the verifier refuses it) must not be found by
the same detector (a word such as "kontonummer" still makes an account number of it).
Exits with 1 below 99.5 % found or above 0.5 % of the corrupted ones.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import functools
import hashlib
import importlib
import itertools
import random
import string
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from examples import Example, classify, load_examples

DIGITS, UPPER, ALNUM = string.digits, string.ascii_uppercase, string.digits + string.ascii_uppercase
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
LEAST_FOUND, MOST_CORRUPTED = 0.995, 0.005


def stdnum(module: str) -> Callable[[str], bool]:
    return importlib.import_module("stdnum." + module).is_valid


@dataclass(frozen=True)
class Recipe:
    """How a type is drawn: a picture of the value, and who says that it is valid.

    In the picture # is a digit, @ a letter, * either, ! a check character (tried until the verifier accepts),
    {ymd} {dmy} {Ymd} a date; everything else stands for itself."""

    detector: str
    picture: str
    valid: Callable[[str], bool]
    checks: str = DIGITS
    offset: int = 0  # added to the day (dmy) or month (ymd)


def luhn(s: str) -> bool:
    return stdnum("luhn")("".join(c for c in s if c.isdigit()))


def npi(s: str) -> bool:
    return luhn("80840" + s)


def dea(s: str) -> bool:
    d = [int(c) for c in s[2:]]
    return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def icao(s: str) -> bool:
    return sum(int(c, 36) * (7, 3, 1)[i % 3] for i, c in enumerate(s[:-1])) % 10 == int(s[-1])


def vin(s: str) -> bool:
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9)))
    values.update({c: int(c) for c in DIGITS})
    total = sum(values[c] * w for c, w in zip(s, (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)))
    return "0123456789X"[total % 11] == s[8]


def snils(s: str) -> bool:
    d = [int(c) for c in s if c.isdigit()]
    total = sum(x * (9 - i) for i, x in enumerate(d[:9])) % 101
    return (0 if total == 100 else total) == d[9] * 10 + d[10]


def clabe(s: str) -> bool:
    return (10 - sum(int(c) * (3, 7, 1)[i % 3] % 10 for i, c in enumerate(s[:17])) % 10) % 10 == int(s[17])


def pzn(s: str) -> bool:
    d = [int(c) for c in s if c.isdigit()]
    return sum(x * (i + 1) for i, x in enumerate(d[:7])) % 11 == d[7]


def kvnr(s: str) -> bool:
    digits = f"{ord(s[0]) - 64:02d}{s[1:9]}"
    total = sum(sum(map(int, str(int(c) * (1 + i % 2)))) for i, c in enumerate(digits))
    return total % 10 == int(s[9])


def rvnr(s: str) -> bool:
    digits = f"{s[:8]}{ord(s[8]) - 64:02d}{s[9:11]}"
    total = sum(sum(map(int, str(int(c) * w))) for c, w in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)))
    return total % 10 == int(s[11])


def sg_nric(s: str) -> bool:
    total = (
        sum(int(c) * w for c, w in zip(s[1:8], (2, 7, 6, 5, 4, 3, 2))) + {"S": 0, "F": 0, "T": 4, "G": 4, "M": 3}[s[0]]
    )
    table = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}
    return table[s[0]][total % 11] == s[8]


def tw_id(s: str) -> bool:
    first = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(s[0]) + 10
    total = first // 10 + first % 10 * 9 + sum(int(c) * w for c, w in zip(s[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1)))
    return total % 10 == 0


def hkid(s: str) -> bool:
    body = s.split("(")[0].rjust(8)
    total = sum((36 if c == " " else int(c, 36)) * w for c, w in zip(body, range(9, 1, -1)))
    return "0123456789A"[(11 - total % 11) % 11] == s[-2]


def aba_country(s: str) -> bool:
    return stdnum("us.rtn")(s) and len(set(s)) > 1


def lu(s: str) -> bool:
    return luhn(s[:12]) and stdnum("verhoeff")(s[:11] + s[12])


def snomed(s: str) -> bool:
    return stdnum("verhoeff")(s)


def weighted(weights: str, modulus: int) -> Callable[[str], bool]:
    return lambda s: sum(int(c) * int(w, 36) for c, w in zip((x for x in s if x.isdigit()), weights)) % modulus == 0


def kr_brn(s: str) -> bool:
    d = [int(c) for c in s if c.isdigit()]
    return (sum(x * w for x, w in zip(d, (1, 3, 7, 1, 3, 7, 1, 3, 5))) + d[8] * 5 // 10 + d[9]) % 10 == 0


def base58check(s: str, version: int) -> bool:
    number = functools.reduce(lambda n, c: n * 58 + BASE58.index(c), s, 0)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    data = b"\0" * (len(s) - len(s.lstrip("1"))) + data
    return data[0] == version and hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()[:4] == data[-4:]


def base58(version: int, payload: bytes) -> str:
    data = bytes([version]) + payload
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        out = BASE58[rest] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def crc_token(rng: random.Random, prefix: str) -> str:
    body = "".join(rng.choice(BASE62) for _ in range(30))
    crc, tail = binascii.crc32(body.encode()), ""
    for _ in range(6):
        crc, rest = divmod(crc, 62)
        tail = BASE62[rest] + tail
    return prefix + body + tail


def crc_valid(s: str) -> bool:
    crc, tail = binascii.crc32(s[4:34].encode()), ""
    for _ in range(6):
        crc, rest = divmod(crc, 62)
        tail = BASE62[rest] + tail
    return tail == s[34:]


RECIPES = [
    Recipe("AT_SVNR", "###!{dmy}", stdnum("at.vnr")),
    Recipe("AT_TIN", "########!", stdnum("at.tin")),
    Recipe("BE_NN", "{ymd}###!!", stdnum("be.nn")),
    Recipe("BG_EGN", "{ymd}###!", stdnum("bg.egn")),
    Recipe("HR_OIB", "##########!", stdnum("hr.oib")),
    Recipe("CY_TIC", "0#######!", stdnum("cy.vat"), UPPER),
    Recipe("CZ_RC", "{ymd}/###!", stdnum("cz.rc")),
    Recipe("DK_CPR", "{dmy}-###!", weighted("4327654321", 11)),
    Recipe("EE_IK", "3{ymd}###!", stdnum("ee.ik")),
    Recipe("FI_HETU", "{dmy}-###!", stdnum("fi.hetu"), ALNUM),
    Recipe("FR_NIR", "1{ym}75######!!", stdnum("fr.nir")),
    Recipe("FR_SPI", "3#########!!!", stdnum("fr.nif")),
    Recipe("DE_STEUERID", "##########!", stdnum("de.idnr")),
    Recipe("DE_RVNR", "65{dmy}@##!", rvnr),
    Recipe("DE_KVNR", "@########!", kvnr),
    Recipe("DE_PERSO", "L*Z9*8#K#!", icao),
    Recipe("DE_USTID", "DE########!", stdnum("de.vat")),
    Recipe("GR_AMKA", "{dmy}####!", stdnum("gr.amka")),
    Recipe("GR_AFM", "0#######!", stdnum("gr.vat")),
    Recipe("IE_PPSN", "#######!A", stdnum("ie.pps"), UPPER),
    Recipe("IT_CF", "RSSMRA85C15H###!", stdnum("it.codicefiscale"), UPPER),
    Recipe("LV_PK", "{dmy}-1###!", stdnum("lv.pvn")),
    Recipe("LT_AK", "4{ymd}###!", stdnum("lt.asmens")),
    Recipe("LU_MATRICULE", "{Ymd}###!!", lu),
    Recipe("NL_BSN", "1#######!", stdnum("nl.bsn")),
    Recipe("PL_PESEL", "{ymd}####!", stdnum("pl.pesel")),
    Recipe("PL_NIP", "7##-###-##-#!", stdnum("pl.nip")),
    Recipe("PT_NIF", "2#######!", stdnum("pt.nif")),
    Recipe("PT_CC", "########!ZY!", stdnum("pt.cc")),
    Recipe("RO_CNP", "1{ymd}12###!", stdnum("ro.cnp")),
    Recipe("SI_EMSO", "{dm}98550###!", stdnum("si.emso")),
    Recipe("SI_DAVCNA", "5######!", stdnum("si.ddv")),
    Recipe("ES_DNI", "########!", stdnum("es.dni"), UPPER),
    Recipe("ES_NIE", "Y#######!", stdnum("es.nie"), UPPER),
    Recipe("SE_PNR", "{ymd}-###!", stdnum("se.personnummer")),
    Recipe("GB_NHS", "9## ### ###!", stdnum("gb.nhs")),
    Recipe("GB_UTR", "!#########", stdnum("gb.utr")),
    Recipe("CH_AHV", "756.####.####.#!", stdnum("ch.ssn")),
    Recipe("NO_FNR", "{dmy} 2##!!", stdnum("no.fodselsnummer")),
    Recipe("IS_KT", "{dmy}-22!9", stdnum("is_.kennitala")),
    Recipe("UA_RNTRC", "1########!", stdnum("ua.rntrc")),
    Recipe("RU_SNILS", "112-###-### !!", snils),
    Recipe("RU_INN", "50########!!", stdnum("ru.inn")),
    Recipe("TR_TCKN", "1########!!", stdnum("tr.tckimlik")),
    Recipe("CA_SIN", "7## ### ##!", stdnum("ca.sin")),
    Recipe("CA_BC_PHN", "9########!", stdnum("ca.bc_phn")),
    Recipe("BR_CPF", "###.###.###-!!", stdnum("br.cpf")),
    Recipe("BR_CNPJ", "##.###.###/0001-!!", stdnum("br.cnpj")),
    Recipe("MX_CURP", "BOXW{ymd}HNERXN0!", stdnum("mx.curp")),
    Recipe("AR_CUIL", "20-########-!", stdnum("ar.cuit")),
    Recipe("CL_RUT", "##.###.###-!", stdnum("cl.rut"), DIGITS + "K"),
    Recipe("CO_NIT", "#########-!", stdnum("co.nit")),
    Recipe("AU_TFN", "1## ### ##!", stdnum("au.tfn")),
    Recipe("AU_ABN", "!! ### ### ###", stdnum("au.abn")),
    Recipe("AU_ACN", "0## ### ##!", stdnum("au.acn")),
    Recipe("NZ_IRD", "49-###-##!", stdnum("nz.ird")),
    Recipe("IN_AADHAAR", "2### #### ###!", stdnum("in_.aadhaar")),
    Recipe("IN_GSTIN", "27AAPFU####F1Z!", stdnum("in_.gstin"), ALNUM),
    Recipe("CN_RIC", "110105{Ymd}###!", stdnum("cn.ric"), DIGITS + "X"),
    Recipe("JP_MYNUMBER", "###########!", stdnum("jp.in_")),
    Recipe("KR_RRN", "{ymd}-1#####!", stdnum("kr.rrn")),
    Recipe("KR_BRN", "220-81-####!", kr_brn),
    Recipe("SG_NRIC", "S#######!", sg_nric, UPPER),
    Recipe("TW_ID", "A1#######!", tw_id),
    Recipe("HK_HKID", "C######(!)", hkid, DIGITS + "A"),
    Recipe("TH_PIN", "1-####-#####-##-!", stdnum("th.pin")),
    Recipe("IL_TZ", "0#######!", stdnum("il.idnr")),
    Recipe("ZA_ID", "{ymd}####08!", stdnum("za.idnr")),
    Recipe("CARD", "4539 #### #### ###!", luhn),
    Recipe("IBAN", "DE!!370400440#########", stdnum("iban")),
    Recipe("US_ABA", "02######!", aba_country),
    Recipe("MX_CLABE", "032180###########!", clabe),
    Recipe("ES_CCC", "12341234!!##########", stdnum("es.ccc")),
    Recipe("NO_KONTO", "8601.11.####!", stdnum("no.kontonr")),
    Recipe("ISIN", "US########!!", stdnum("isin")),
    Recipe("LEI", "213800************!!", stdnum("lei")),
    Recipe("US_NPI", "1########!", npi),
    Recipe("US_DEA", "AB######!", dea),
    Recipe("LOINC", "####-!", luhn),
    Recipe("SNOMED", "7####00!", snomed),
    Recipe("PZN", "PZN-#######!", pzn),
    Recipe("IMEI", "490154########!", luhn),
    Recipe("ICCID", "894902############!", luhn),
    Recipe("VIN", "WVWZZZ1J!3W######", vin, DIGITS + "X"),
    Recipe("CAS", "####-##-!", stdnum("casrn")),
]


def accepts(valid: Callable[[str], bool], value: str) -> bool:
    """What a verifier of one picture makes of other characters is a no."""
    try:
        return valid(value)
    except (KeyError, ValueError, IndexError):
        return False


def draw(recipe: Recipe, rng: random.Random) -> str | None:
    """One picture filled in, and completed if it can be."""
    y, m, d = rng.randrange(40, 99), rng.randrange(1, 13), rng.randrange(1, 29)
    dates = {
        "{ymd}": f"{y}{m:02d}{d:02d}",
        "{dmy}": f"{d:02d}{m:02d}{y}",
        "{Ymd}": f"19{y}{m:02d}{d:02d}",
        "{ym}": f"{y}{m:02d}",
        "{dm}": f"{d:02d}{m:02d}",
    }
    picture = recipe.picture
    for mark, date in dates.items():
        picture = picture.replace(mark, date)
    kinds = {"#": DIGITS, "@": UPPER, "*": ALNUM}
    body = [rng.choice(kinds[c]) if c in kinds else c for c in picture]
    places = [i for i, c in enumerate(body) if c == "!"]
    for check in itertools.product(recipe.checks, repeat=len(places)):
        for i, c in zip(places, check):
            body[i] = c
        if accepts(recipe.valid, "".join(body)):
            return "".join(body)
    return None


def corrupt(valid: Callable[[str], bool], value: str, rng: random.Random) -> str:
    """One character changed for another of its kind, so that the verifier says no."""
    while True:
        i = rng.randrange(len(value))
        kind = next((k for k in (DIGITS, UPPER, string.ascii_lowercase) if value[i] in k), None)
        if kind is None:
            continue
        changed = value[:i] + rng.choice(kind.replace(value[i], "")) + value[i + 1 :]
        if not accepts(valid, changed):
            return changed


def tokens(rng: random.Random) -> dict[str, tuple[str, Callable[[str], bool]]]:
    return {
        "GITHUB_PAT": (crc_token(rng, "ghp_"), crc_valid),
        "GITHUB_OAUTH": (crc_token(rng, "gho_"), crc_valid),
        "GITHUB_SERVER": (crc_token(rng, "ghs_"), crc_valid),
        "GITHUB_REFRESH": (crc_token(rng, "ghr_"), crc_valid),
        "NPM_TOKEN": (crc_token(rng, "npm_"), crc_valid),
        "BTC_P2PKH": (base58(0, rng.randbytes(20)), lambda s: base58check(s, 0)),
        "TRX": (base58(0x41, rng.randbytes(20)), lambda s: base58check(s, 0x41)),
        "BTC_WIF": (base58(0x80, rng.randbytes(32) + b"\1"), lambda s: base58check(s, 0x80)),
    }


@functools.cache
def generate(count: int) -> dict[str, list[tuple[str, str]]]:
    """For each detector pairs of a valid and a corrupted value."""
    rng = random.Random(20261120)
    made: dict[str, list[tuple[str, str]]] = {}
    for recipe in RECIPES:
        pairs = made[recipe.detector] = []
        for _ in range(100 * count):
            value = draw(recipe, rng)
            if value is not None:
                pairs.append((value, corrupt(recipe.valid, value, rng)))
            if len(pairs) == count:
                break
        assert len(pairs) == count, recipe.detector
    for _ in range(count):
        for detector, (value, valid) in tokens(rng).items():
            made.setdefault(detector, []).append((value, corrupt(valid, value, rng)))
    return made


def strong_examples(count: int) -> list[Example]:
    """Generated values in the sentences of the committed examples."""
    sentences = {e.detector: e for e in reversed(load_examples())}
    return [
        Example(sentences[d].type, d, valid, bad, sentences[d].sentence)
        for d, pairs in generate(count).items()
        for valid, bad in pairs
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--missed", action="store_true")
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    examples = strong_examples(args.count)
    texts = [e.sentence.replace("{}", v) for e in examples for v in (e.valid, e.invalid)]
    answers = classify(texts)
    by_detector: dict[str, list[int]] = {}
    for i, e in enumerate(examples):
        tally = by_detector.setdefault(e.detector, [0, 0, 0])
        good = any(f.type == e.type for f in answers[2 * i])
        bad = any(f.detector == e.detector for f in answers[2 * i + 1])
        tally[0] += 1
        tally[1] += good
        tally[2] += bad
        if args.missed and (not good or bad):
            print("missed" if not good else "false alarm", e.detector, texts[2 * i + (0 if not good else 1)])
    lines = ["| type | generated | found | corrupted ones found |", "|---|---|---|---|"]
    lines += [
        f"| {d} | {n} | {100 * good / n:.1f} % | {100 * bad / n:.1f} % |"
        for d, (n, good, bad) in sorted(by_detector.items())
    ]
    n, good, bad = (sum(t[k] for t in by_detector.values()) for k in range(3))
    lines.append(f"| **{len(by_detector)} types** | {n} | {100 * good / n:.2f} % | {100 * bad / n:.2f} % |")
    print("\n".join(lines))
    if args.write:
        from disguise import write_page

        write_page(args.write, "generated", lines)
    worst = [d for d, (n, good, bad) in by_detector.items() if good < LEAST_FOUND * n or bad > MOST_CORRUPTED * n]
    print("short of the target: " + ", ".join(worst) if worst else "every target is met")
    return 1 if good < LEAST_FOUND * n or bad > MOST_CORRUPTED * n else 0


if __name__ == "__main__":
    sys.exit(main())
