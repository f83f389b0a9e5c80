"""Reads what strace wrote about the gateway: which system call began and ended when, on which file or address.

Options it expects: -f -ttt -T -yy.
"""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass

_LINE = re.compile(r"(?P<pid>\d+) +(?P<time>\d+\.\d+) (?P<rest>.*)\Z")
_CALL = re.compile(
    r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\w+)(?:[^<]*(?:<[^<>]*>)?)?.*?<(?P<took>\d+\.\d+)>\Z"
)
_RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)\Z")


@dataclass(frozen=True)
class Call:
    """One finished system call; times in seconds."""

    pid: int
    name: str
    arguments: str
    result: str
    began: float
    ended: float


def read(path: pathlib.Path) -> list[Call]:
    """All finished calls, in the order in which they ended."""
    calls, open_calls = [], {}
    for line in path.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        pid, when, rest = int(match["pid"]), float(match["time"]), match["rest"]
        if rest.endswith("<unfinished ...>"):
            open_calls[pid] = (when, rest.removesuffix("<unfinished ...>"))
            continue
        resumed = _RESUMED.match(rest)
        if resumed is not None and pid in open_calls:
            began, start = open_calls.pop(pid)
            call = _CALL.match(start.rstrip() + resumed["rest"])
            if call is not None:
                calls.append(
                    Call(pid, call["name"], call["arguments"], call["result"], began, began + float(call["took"]))
                )
            continue
        call = _CALL.match(rest)
        if call is not None:
            calls.append(Call(pid, call["name"], call["arguments"], call["result"], when, when + float(call["took"])))
    return sorted(calls, key=lambda call: call.ended)


def durable_points(calls: list[Call], store: str) -> list[float]:
    """When a commit of the store became durable: LMDB writes its meta page to a descriptor opened with O_DSYNC after the
    pages themselves were synced."""
    synchronous = set()
    points, synced = [], False
    for call in calls:
        if call.result.startswith("-"):
            continue
        if call.name == "openat" and store in call.arguments and "O_DSYNC" in call.arguments:
            synchronous.add(call.result.partition("<")[0])
        if store not in call.arguments:
            continue
        descriptor = call.arguments.partition("<")[0]
        if call.name in ("fdatasync", "fsync", "msync"):
            synced = True
        elif call.name in ("pwrite64", "pwritev") and descriptor in synchronous and synced:
            points.append(call.ended)
            synced = False
    return points
