#!/usr/bin/env python3
"""Texts to measure scanning on, the same on every machine and run.

    bench/corpora.py FOLDER [MEBIBYTES]      prose.txt languages.txt code.txt logs.txt dense.txt

prose: English words, no identifier. languages: sentences in eleven languages. code: this project's own sources. logs: lines
of web servers, services and kernels. dense: prose with an identifier, true or false, a kilobyte (bench/oracle.py).
"""

from __future__ import annotations

import pathlib
import random
import subprocess
import sys

sys.dont_write_bytecode = True
import oracle  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
SENTENCES = """The committee met again in the afternoon and agreed to postpone the vote until everyone had read the report.
She walked along the river, thinking about the letter that had arrived without a name on the envelope.
It is worth noting that the method works only where the samples are independent of each other.
Der Ausschuss vertagte die Abstimmung, bis alle Mitglieder den ausführlichen Bericht gelesen hätten.
Unsere Kundinnen und Kunden fragen häufig, wie lange eine Lieferung dauert, und wir möchten genauer antworten.
Für die nächste Besprechung brauchen wir eine Übersicht über die offenen Fragen und mögliche Lösungen.
Le comité s'est réuni de nouveau l'après-midi et a décidé de reporter le vote jusqu'à la lecture du rapport.
Nous aimerions répondre plus précisément aux questions de nos clients sur les délais de livraison.
El comité volvió a reunirse por la tarde y acordó aplazar la votación hasta que todos hubieran leído el informe.
La cosecha ya estaba en los graneros cuando cambió el tiempo, y los caminos volvieron a quedar vacíos.
Il museo ha aperto una nuova ala la scorsa primavera, con quadri che non si vedevano da molti anni.
Vorremmo sapere quanto dura di solito una consegna, perché i nostri clienti ce lo chiedono spesso.
De commissie kwam 's middags opnieuw bijeen en stelde de stemming uit totdat iedereen het verslag had gelezen.
Komisja zebrała się ponownie po południu i postanowiła odłożyć głosowanie, aż wszyscy przeczytają sprawozdanie.
A comissão reuniu-se de novo à tarde e decidiu adiar a votação até que todos tivessem lido o relatório.
Комиссия снова собралась после обеда и решила отложить голосование, пока все не прочтут доклад.
Η επιτροπή συνεδρίασε ξανά το απόγευμα και αποφάσισε να αναβάλει την ψηφοφορία.
委员会下午再次开会，决定推迟表决，直到大家都读完报告为止。
委員会は午後に再び集まり、全員が報告書を読むまで採決を延期することにした。""".splitlines()


def prose(rng: random.Random) -> str:
    words = [" ".join(rng.choices(oracle.WORDS, k=rng.randrange(12, 28))).capitalize() + "." for _ in range(6)]
    return " ".join(words) + "\n"


def languages(rng: random.Random) -> str:
    return " ".join(rng.sample(SENTENCES, 5)) + "\n"


def log_line(rng: random.Random) -> str:
    clock = f"{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"
    day = rng.randrange(1, 29)
    stamp = f"2026-11-{day:02d}T{clock}.{rng.randrange(1000):03d}Z"
    uuid = "-".join(f"{rng.getrandbits(4 * n):0{n}x}" for n in (8, 4, 4, 4, 12))
    return rng.choice(
        [
            f'10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)} - - [{day:02d}/Nov/2026:{clock} +0000] '
            f'"GET /api/v1/items/{rng.randrange(10**6)}?page={rng.randrange(30)} HTTP/1.1" {rng.choice([200, 304, 404])} '
            f'{rng.randrange(50000)} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"',
            f"{stamp} INFO  [worker-{rng.randrange(16)}] com.example.orders.OrderService - processed order "
            f"{rng.randrange(10**8)} in {rng.randrange(3000)} ms (attempt {rng.randrange(4)})",
            f"{stamp} WARN  pool-{rng.randrange(9)} connection reset by peer, retrying after {rng.randrange(90)} s "
            f"trace_id={rng.getrandbits(128):032x} span_id={rng.getrandbits(64):016x}",
            f"Nov {day:2d} {clock} web{rng.randrange(9)} kernel: [{rng.randrange(10**6)}.{rng.randrange(10**6):06d}] "
            f"eth0: link up, {rng.choice([100, 1000])} Mbps, full duplex, flags 0x{rng.getrandbits(16):04x}",
            f'{{"ts":"{stamp}","level":"info","msg":"request done","id":"{uuid}","ms":{rng.randrange(900)},'
            f'"bytes":{rng.randrange(10**6)},"path":"/v2/users/{rng.randrange(10**5)}/files"}}',
            f"{stamp} ERROR Traceback (most recent call last): File \"/srv/app/handlers.py\", line {rng.randrange(900)}, in "
            "dispatch: ValueError: the field 'name' is required",
        ]
    ) + "\n"


def code(limit: int) -> bytes:
    names = subprocess.run(["git", "-C", str(ROOT), "ls-files", "*.c", "*.h", "*.py", "*.re", "*.js", "*.yaml"],
                           check=True, capture_output=True, text=True).stdout.split()
    text = b"".join((ROOT / name).read_bytes() for name in names if (ROOT / name).is_file())
    return (text * (limit // len(text) + 1))[:limit]


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    folder, limit = pathlib.Path(sys.argv[1]), (int(sys.argv[2]) if len(sys.argv) == 3 else 4) << 20
    folder.mkdir(parents=True, exist_ok=True)
    for name, line in (("prose", prose), ("languages", languages), ("logs", log_line)):
        rng, left = random.Random(20261120), limit
        with open(folder / f"{name}.txt", "w", encoding="utf-8") as out:
            while left > 0:
                text = line(rng)
                out.write(text)
                left -= len(text.encode())
    (folder / "code.txt").write_bytes(code(limit))
    oracle.make(str(folder / "dense.txt"), limit >> 20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
