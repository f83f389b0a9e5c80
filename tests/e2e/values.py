"""Sensitive values that are valid by their own checksums, and sentences that carry them.

No value belongs to anybody: they come from a seeded generator, and each is checked with python-stdnum where that knows
the scheme.
"""

from __future__ import annotations

import base64
import json
import random
import string
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from stdnum import iban, luhn
from stdnum.be import nn as be_nn
from stdnum.br import cpf as br_cpf
from stdnum.ch import ssn as ch_ssn
from stdnum.cn import ric as cn_ric
from stdnum.de import idnr as de_idnr
from stdnum.es import dni as es_dni
from stdnum.es import nie as es_nie
from stdnum.fr import nir as fr_nir
from stdnum.gb import nhs as gb_nhs
from stdnum.in_ import aadhaar as in_aadhaar
from stdnum.it import codicefiscale as it_cf
from stdnum.nl import bsn as nl_bsn
from stdnum.pl import pesel as pl_pesel
from stdnum.ro import cnp as ro_cnp
from stdnum.us import itin as us_itin
from stdnum.us import ssn as us_ssn

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


@dataclass(frozen=True)
class Kind:
    """A type of finding: its name in records, how to make a value, and sentences with {} for it."""

    name: str
    make: Callable[[random.Random], str]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """One value in its sentence."""

    kind: Kind
    value: str
    text: str


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def _letters(rng: random.Random, alphabet: str, count: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def _date(rng: random.Random) -> tuple[int, int, int]:
    return rng.randint(1940, 1999), rng.randint(1, 12), rng.randint(1, 28)


def _until(make: Callable[[], str], valid: Callable[[str], bool]) -> str:
    """The first value made that is valid."""
    for _ in range(10_000):
        if valid(value := make()):
            return value
    raise ValueError("the generator makes no valid value")


def _email(rng: random.Random) -> str:
    first, last = (
        rng.choice(("jana", "pierre", "maria", "tomasz", "aoife")),
        rng.choice(("novakova", "dubois", "rossi", "kowalski", "byrne")),
    )
    return f"{first}.{last}{rng.randint(1, 99)}@{rng.choice(('example.org', 'mail.example.com', 'example.net'))}"


def _card(rng: random.Random) -> str:
    prefix, length = rng.choice((("4539", 16), ("5204", 16), ("3714", 15), ("4716", 16), ("2233", 16)))
    body = prefix + _digits(rng, length - len(prefix) - 1)
    number = body + luhn.calc_check_digit(body)
    grouped = (
        " ".join(number[at : at + 4] for at in range(0, 16, 4))
        if length == 16
        else f"{number[:4]} {number[4:10]} {number[10:]}"
    )
    return rng.choice((number, grouped))


def _iban(rng: random.Random) -> str:
    country, bban = rng.choice(
        (
            ("DE", lambda: "37040044" + _digits(rng, 10)),
            ("AT", lambda: "12000" + _digits(rng, 11)),
            ("CH", lambda: "00762" + _digits(rng, 12)),
            ("DK", lambda: _digits(rng, 14)),
        )
    )

    def make() -> str:
        body = bban()
        numeric = "".join(str(int(char, 36)) for char in body + country + "00")
        return f"{country}{98 - int(numeric) % 97:02d}{body}"

    value = _until(make, lambda text: iban.is_valid(text, check_country=country not in ("AT", "DK")))
    return rng.choice((value, " ".join(value[at : at + 4] for at in range(0, len(value), 4))))


def _ssn(rng: random.Random) -> str:
    return _until(
        lambda: f"{rng.randint(1, 665):03d}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}", us_ssn.is_valid
    )


def _itin(rng: random.Random) -> str:
    return _until(lambda: f"9{_digits(rng, 2)}-{rng.randint(70, 88)}-{rng.randint(1, 9999):04d}", us_itin.is_valid)


def _npi(rng: random.Random) -> str:
    body = "1" + _digits(rng, 8)
    return body + luhn.calc_check_digit("80840" + body)


def _mbi(rng: random.Random) -> str:
    letters, either = "ACDEFGHJKMNPQRTUVWXY", "ACDEFGHJKMNPQRTUVWXY0123456789"
    form = (
        "123456789",
        letters,
        either,
        string.digits,
        letters,
        either,
        string.digits,
        letters,
        letters,
        string.digits,
        string.digits,
    )
    value = "".join(rng.choice(part) for part in form)
    return f"{value[:4]}-{value[4:7]}-{value[7:]}"


def _steuer_id(rng: random.Random) -> str:
    def make() -> str:
        digits = rng.sample(range(10), 10)
        digits[rng.randint(1, 9)] = digits[rng.randint(0, 9)]
        body = "".join(map(str, digits))
        return body + de_idnr.mod_11_10.calc_check_digit(body)

    return _until(make, de_idnr.is_valid)


def _kvnr(rng: random.Random) -> str:
    letter, body = rng.choice(string.ascii_uppercase), _digits(rng, 8)
    digits = [int(char) for char in f"{ord(letter) - 64:02d}{body}"]
    total = sum(sum(divmod(digit * (1 + index % 2), 10)) for index, digit in enumerate(digits))
    return f"{letter}{body}{total % 10}"


def _nir(rng: random.Random) -> str:
    def make() -> str:
        year, month, _ = _date(rng)
        body = f"{rng.choice('12')}{year % 100:02d}{month:02d}{rng.randint(21, 95):02d}{rng.randint(1, 989):03d}{rng.randint(1, 998):03d}"
        return body + fr_nir.calc_check_digits(body)

    return _until(make, fr_nir.is_valid)


def _dni(rng: random.Random) -> str:
    body = _digits(rng, 8)
    return body + es_dni.calc_check_digit(body)


def _nie(rng: random.Random) -> str:
    body = rng.choice("XYZ") + _digits(rng, 7)
    return body + es_nie.calc_check_digit(body)


def _cf(rng: random.Random) -> str:
    consonants = "BCDFGLMNPRSTVZ"

    def make() -> str:
        year, _, day = _date(rng)
        month, place = rng.choice("ABCDEHLMPRST"), f"{rng.choice('FHL')}{rng.randint(100, 999)}"
        body = f"{_letters(rng, consonants, 6)}{year % 100:02d}{month}{day + rng.choice((0, 40)):02d}{place}"
        return body + it_cf.calc_check_digit(body)

    return _until(make, it_cf.is_valid)


def _bsn(rng: random.Random) -> str:
    return _until(lambda: rng.choice("123456789") + _digits(rng, 8), nl_bsn.is_valid)


def _pesel(rng: random.Random) -> str:
    def make() -> str:
        year, month, day = _date(rng)
        body = f"{year % 100:02d}{month:02d}{day:02d}{_digits(rng, 4)}"
        return body + pl_pesel.calc_check_digit(body)

    return _until(make, pl_pesel.is_valid)


def _nhs(rng: random.Random) -> str:
    value = _until(lambda: rng.choice("4567") + _digits(rng, 9), gb_nhs.is_valid)
    return f"{value[:3]} {value[3:6]} {value[6:]}"


def _nino(rng: random.Random) -> str:
    return f"{rng.choice(('JG', 'AB', 'CE', 'HK', 'PR'))}{_digits(rng, 6)}{rng.choice('ABCD')}"


def _phone(rng: random.Random) -> str:
    return rng.choice(
        (
            f"+49 30 {_digits(rng, 7)}",
            f"+44 20 7946 0{_digits(rng, 3)}",
            f"+1 202 555 01{_digits(rng, 2)}",
            f"+33 1 42 {_digits(rng, 2)} {_digits(rng, 2)} {_digits(rng, 2)}",
        )
    )


def _checked_token(rng: random.Random, prefix: str) -> str:
    """GitHub's form: 30 random characters and six of a CRC-32 in base 62."""
    body, alphabet = _letters(rng, BASE62, 30), string.digits + string.ascii_uppercase + string.ascii_lowercase
    crc, tail = zlib.crc32(body.encode()), ""
    for _ in range(6):
        crc, digit = divmod(crc, 62)
        tail = alphabet[digit] + tail
    return prefix + body + tail


def _openai_key(rng: random.Random) -> str:
    return "sk-" + "proj-" + _letters(rng, BASE62, 64) + "T3BlbkFJ" + _letters(rng, BASE62, 64)


def _jwt(rng: random.Random) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = json.dumps({"alg": "HS256", "typ": "JWT"}).encode()
    return f"{part(head)}.{part(json.dumps({'sub': _digits(rng, 10)}).encode())}.{part(rng.randbytes(32))}"


def _aadhaar(rng: random.Random) -> str:
    def make() -> str:
        body = rng.choice("23456789") + _digits(rng, 10)
        return body + in_aadhaar.verhoeff.calc_check_digit(body)

    value = _until(make, in_aadhaar.is_valid)
    return f"{value[:4]} {value[4:8]} {value[8:]}"


def _ric(rng: random.Random) -> str:
    def make() -> str:
        year, month, day = _date(rng)
        body = f"{rng.choice(('110101', '310101', '440106'))}{year}{month:02d}{day:02d}{_digits(rng, 3)}"
        return body + cn_ric.calc_check_digit(body)

    return _until(make, cn_ric.is_valid)


def _ahv(rng: random.Random) -> str:
    return _until(lambda: f"756.{_digits(rng, 4)}.{_digits(rng, 4)}.{_digits(rng, 2)}", ch_ssn.is_valid)


def _pnr(rng: random.Random) -> str:
    year, month, day = _date(rng)
    body = f"{year % 100:02d}{month:02d}{day:02d}{_digits(rng, 3)}"
    return f"{body[:6]}-{body[6:]}{luhn.calc_check_digit(body)}"


def _cpf(rng: random.Random) -> str:
    value = _until(lambda: (body := _digits(rng, 9)) + br_cpf._calc_check_digits(body), br_cpf.is_valid)
    return f"{value[:3]}.{value[3:6]}.{value[6:9]}-{value[9:]}"


def _be_nn(rng: random.Random) -> str:
    def make() -> str:
        year, month, day = _date(rng)
        body = f"{year % 100:02d}{month:02d}{day:02d}{rng.randint(1, 997):03d}"
        return f"{body}{97 - int(body) % 97:02d}"

    return _until(make, be_nn.is_valid)


def _cnp(rng: random.Random) -> str:
    def make() -> str:
        year, month, day = _date(rng)
        body = f"{rng.choice('12')}{year % 100:02d}{month:02d}{day:02d}40{rng.randint(1, 999):03d}"
        return body + ro_cnp.calc_check_digit(body)

    return _until(make, ro_cnp.is_valid)


KINDS = (
    Kind("contact.email", _email, ("Please write to {} today.", "Her e-mail is {}, I think.", "Contact: {}")),
    Kind(
        "finance.card",
        _card,
        ("Charge my credit card {} please.", "Visa card number {}, valid thru 11/29", "Kreditkarte: {}"),
    ),
    Kind("finance.iban", _iban, ("Transfer it to IBAN {}.", "Mein Konto (IBAN) ist {}.", "bank account {}")),
    Kind("id.us.ssn", _ssn, ("My SSN is {}.", "social security number: {}", "The applicant's soc sec is {}.")),
    Kind("id.us.itin", _itin, ("The ITIN is {}.", "taxpayer identification number (ITIN) {}")),
    Kind("health.provider_id", _npi, ("Provider NPI {} signed.", "NPI: {}")),
    Kind("health.plan_id", _mbi, ("Medicare beneficiary MBI {}.", "MBI: {}")),
    Kind("id.de.steuerid", _steuer_id, ("Meine Steuer-ID lautet {}.", "Steueridentifikationsnummer {}")),
    Kind("id.de.kvnr", _kvnr, ("Krankenversichertennummer {} bitte prüfen.", "KVNR: {}")),
    Kind("id.fr.nir", _nir, ("Mon numéro de sécurité sociale est {}.", "NIR : {}")),
    Kind("id.es.dni", _dni, ("Mi DNI es {}.", "documento nacional {}")),
    Kind("id.es.nie", _nie, ("Su NIE es {}.", "NIE: {}")),
    Kind("id.it.cf", _cf, ("Il mio codice fiscale è {}.", "C.F. {}")),
    Kind("id.nl.bsn", _bsn, ("Mijn BSN is {}.", "burgerservicenummer {}")),
    Kind("id.pl.pesel", _pesel, ("Mój PESEL to {}.", "PESEL: {}")),
    Kind("id.gb.nhs", _nhs, ("The patient's NHS number is {}.", "NHS no {}")),
    Kind("id.gb.nino", _nino, ("National Insurance number {}.", "NINO: {}")),
    Kind("id.in.aadhaar", _aadhaar, ("My Aadhaar is {}.", "Aadhaar number: {}")),
    Kind("id.cn.ric", _ric, ("身份证号码 {}", "公民身份号码：{}。")),
    Kind("id.ch.ahv", _ahv, ("AHV-Nummer {}.", "Mon numéro AVS est {}.")),
    Kind("id.se.pnr", _pnr, ("Mitt personnummer är {}.", "personnummer {}")),
    Kind("id.br.cpf", _cpf, ("Meu CPF é {}.", "CPF: {}")),
    Kind("id.be.nn", _be_nn, ("Mijn rijksregisternummer is {}.", "numéro national {}")),
    Kind("id.ro.cnp", _cnp, ("CNP-ul meu este {}.", "cod numeric personal {}")),
    Kind("contact.phone", _phone, ("Call me at phone {}.", "Tel. {}", "Meine Handynummer: {}")),
    Kind(
        "health.code",
        lambda rng: rng.choice(("F32.1", "E11.9", "C50.911", "I21.4", "J45.909")),
        ("Diagnosis ICD-10 {} confirmed.", "Diagnose (ICD): {}"),
    ),
    Kind(
        "secret.aws_akid",
        lambda rng: "AKIA" + _letters(rng, string.ascii_uppercase + "234567", 16),
        ("aws access key {}", "AWS key id: {}"),
    ),
    Kind(
        "secret.github_pat",
        lambda rng: _checked_token(rng, "ghp" + "_"),
        ("my github token {}", "export GITHUB_TOKEN={}"),
    ),
    Kind("secret.openai_key", _openai_key, ("openai api key {}", "OPENAI_API_KEY={}")),
    Kind("secret.jwt", _jwt, ("authorization: bearer {}", "the session token is {}")),
)


def sample(rng: random.Random, kind: Kind | None = None) -> Sample:
    """A value of the kind, or of any, in a sentence."""
    kind = kind or rng.choice(KINDS)
    value = kind.make(rng)
    return Sample(kind, value, rng.choice(kind.sentences).format(value))
