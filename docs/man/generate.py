#!/usr/bin/env python3
"""Makes the manual pages, the shell completions and README's demo from the tables and from what the programs print.

usage: docs/man/generate.py [--check] PROGRAM     e.g. docs/man/generate.py build/release/bailiwick

The manual says what the program of that build says. Sources: cmd/commands.def, audit/format/leaf.def, docs/rules.md, docs/operator.md (its table of keys, compared with `bailiwick help
config`), deploy/bailiwick.yaml, the programs' help texts, and the *.in files beside this one. The results are kept in the
repository; --check changes nothing and fails if one of them is not current.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MAN = ROOT / "docs/man"
COMPLETION = ROOT / "deploy/completion"


def read(name: str) -> str:
    """A file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def output(*command: str) -> str:
    """What a program prints on either channel."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
    return done.stdout


# --- roff ---


def escape(text: str) -> str:
    """Plain text as roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("`", "\\(ga")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.split("\n"))


def literal(text: str) -> str:
    """Text with its lines as they are."""
    return ".EX\n" + escape(text.rstrip("\n")) + "\n.EE"


def inline(markdown: str) -> str:
    """A paragraph with `code`, **strong** and *emphasis*."""
    parts = re.split(r"(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)", markdown)
    out = ""
    for part in parts:
        if part.startswith("`"):
            out += "\\fB" + escape(part[1:-1]) + "\\fR"
        elif part.startswith("**"):
            out += "\\fB" + escape(part[2:-2]) + "\\fR"
        elif part.startswith("*") and len(part) > 2:
            out += "\\fI" + escape(part[1:-1]) + "\\fR"
        else:
            out += escape(part)
    return "\\&" + out if out.startswith((".", "'")) else out


def cells(row: str) -> list[str]:
    """The cells of a row of a Markdown table."""
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def table(rows: list[str]) -> str:
    """First column as tags, the others as text with their headings."""
    heads = cells(rows[0])
    out = []
    for row in rows[2:]:
        first, *others = cells(row)
        out.append(f".TP\n{inline(first)}")
        named = zip(heads[1:], others)
        if len(others) == 1:
            out.append(inline(others[0]))
        else:
            out.append("\n.br\n".join(inline(f"{head}: {cell}") for head, cell in named if cell))
    return "\n".join(out)


def from_markdown(text: str) -> str:
    """The parts of Markdown that docs/rules.md uses. Its title is left out."""
    out: list[str] = []
    blocks = re.split(r"\n\n+(?=(?:[^`]|`(?!``)|```(?:[^`]|`(?!``))*```)*\Z)", text.strip())
    for block in blocks:
        lines = block.split("\n")
        if lines[0].startswith("# "):
            continue
        if lines[0].startswith("## "):
            out.append(f".SH {escape(lines[0][3:]).upper()}")
        elif lines[0].startswith("```"):
            out.append(".PP\n" + literal("\n".join(lines[1:-1])))
        elif lines[0].startswith("|"):
            out.append(table(lines))
        elif lines[0].startswith("- "):
            items = re.split(r"(?:^|\n)- ", block)[1:]
            out += [".IP \\(bu 3\n" + inline(" ".join(item.split())) for item in items]
        else:
            out.append(".PP\n" + inline("\n".join(lines)))
    return "\n".join(out)


# --- the tables ---


def version() -> str:
    """The project's version."""
    return re.search(r"project\(bailiwick VERSION (\S+)", read("CMakeLists.txt")).group(1)


def commands() -> list[tuple[str, str, str]]:
    """Name, arguments and summary of each sub-command."""
    return re.findall(r'^COMMAND\("([^"]+)", \w+, "([^"]*)", "([^"]*)"\)', read("cmd/commands.def"), re.M)


def leaf_kinds() -> list[str]:
    """Words for the kinds of records."""
    return re.findall(r'^LEAF\(\d+, \w+, "([^"]+)"', read("audit/format/leaf.def"), re.M)


def keys(program: str) -> list[list[str]]:
    """Key, type, default and meaning of every configuration key. The columns that the program prints have no clear borders, so the
    rows are docs/operator.md's, which must give exactly what it prints."""
    rows = [cells(line) for line in read("docs/operator.md").split("\n") if re.match(r"\| `[a-z]+[^|]*` \|.*\|.*\|.*\|$", line)]
    rows = [[row[0].strip("`"), *row[1:]] for row in rows if len(row) == 4]
    printed = output(program, "help", "config").split("\n")[1:]
    expected = ["%-32s %-16s %-14s %s" % tuple(row) for row in rows]
    same = [line.replace("|", "/") for line in printed if line] == [line.replace("|", "/") for line in expected]
    if not same:
        sys.exit("docs/operator.md's table of keys is not what `bailiwick help config` prints")
    return rows


def help_of(program: str, name: str) -> str:
    """The help text of a sub-command."""
    return output(program, name, "--help") if name != "help" else output(program, "help", "help")


def verbs(arguments: str) -> list[str]:
    """What a command takes as its first word: "check|explain -c FILE"."""
    first = arguments.split(" ")[0]
    return [word for word in first.split("|") if re.fullmatch(r"[a-z-]+", word)] if "|" in first else []


def options(text: str) -> list[tuple[str, bool]]:
    """Options in a help text, and whether they take a value."""
    found: dict[str, bool] = {}
    for option, value in re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)(?:[ =]([A-Z]+\b|'[^']+'|/[a-z0-9/]+))?", text):
        found[option] = found.get(option, False) or bool(value)
    found.setdefault("--help", False)
    if "-c" in found:
        found["--config"] = True
    return sorted(found.items())


# --- manual pages ---


def command_sections(program: str) -> str:
    """A section for each sub-command: its help text, as printed."""
    out = []
    for name, _arguments, summary in commands():
        text = help_of(program, name)
        out.append(f".SS {name}\n{escape(summary[0].upper() + summary[1:])}.\n.PP\n{literal(text)}")
    return "\n".join(out)


def synopsis() -> str:
    """One line for each sub-command."""
    lines = [f".B bailiwick {name}\n{escape(arguments)}" for name, arguments, _ in commands()]
    return "\n.br\n".join([*lines, ".B bailiwick \\-\\-version"])


def key_list(program: str) -> str:
    """Every configuration key."""
    out = []
    for key, kind, default, meaning in keys(program):
        about = kind + (", required" if default == "required" else f"; default: {default}" if default else "")
        out.append(f".TP\n.B {escape(key)}\n{escape(meaning)}\n.br\n({escape(about)})")
    return "\n".join(out)


def config_intro() -> str:
    """What docs/operator.md says of the format."""
    part = re.search(r"^## The configuration\n\n(.*?)\n\n", read("docs/operator.md"), re.S | re.M).group(1)
    return inline(part.replace("`deploy/bailiwick.yaml` is a\ncommented example.", "The example below is commented."))


def verify_usage() -> str:
    """The verifier's own words."""
    text = re.search(r'^"""[^\n]*\n\n(.*?)"""', read("audit/verifier/bailiwick-verify"), re.S | re.M).group(1)
    return literal(text)


def setup_usage() -> str:
    """The setup script's own words."""
    lines = re.match(r"#![^\n]*\n((?:#[^\n]*\n)+)", read("deploy/setup")).group(1)
    return literal(re.sub(r"^# ?", "", lines, flags=re.M))


def manual(program: str) -> dict[pathlib.Path, str]:
    """Every page."""
    signer = str(pathlib.Path(program).resolve().parent / "bailiwick-signer")
    fills = {
        "VERSION": version(),
        "SYNOPSIS": synopsis(),
        "COMMANDS": command_sections(program),
        "INTRO": config_intro(),
        "KEYS": key_list(program),
        "EXAMPLE": escape(read("deploy/bailiwick.yaml").rstrip("\n")),
        "RULES": from_markdown(read("docs/rules.md")),
    }
    usages = {
        "bailiwick-signer.8": literal(output(signer)),
        "bailiwick-verify.1": verify_usage(),
        "bailiwick-setup.8": setup_usage(),
    }
    pages = {}
    for template in sorted(MAN.glob("*.in")):
        name = template.name.removesuffix(".in")
        words = {**fills, "USAGE": usages.get(name, "")}
        text = re.sub(r"@([A-Z]+)@", lambda m: words[m.group(1)], template.read_text(encoding="utf-8"))  # noqa: B023
        pages[MAN / name] = text
    return pages


# --- completions ---

NOTE = "# Made by docs/man/generate.py from the program's tables and help texts; do not edit.\n"


def words_for(program: str) -> dict[str, tuple[list[str], list[tuple[str, bool]]]]:
    """Verbs and options of each sub-command."""
    rows = {}
    for name, arguments, _summary in commands():
        first = verbs(arguments) if name != "help" else [*(n for n, _, _ in commands() if n != "help"), "config"]
        rows[name] = (first, options(help_of(program, name)) if name != "help" else [])
    return rows


def bash(program: str) -> str:
    """Completion for bash."""
    rows = words_for(program)
    cases = "".join(
        f"\t{name})\n\t\tverbs='{' '.join(first)}'\n\t\toptions='{' '.join(option for option, _ in opts)}'\n\t\t;;\n"
        for name, (first, opts) in rows.items()
    )
    return f"""# Completion for bailiwick.
{NOTE}_bailiwick() {{
	local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} verbs options
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W '{' '.join(rows)} --help --version' -- "$word")
		return
	fi
	case "${{COMP_WORDS[1]}}" in
{cases}	*) return ;;
	esac
	case "$before" in
	--kind)
		mapfile -t COMPREPLY < <(compgen -W '{' '.join(leaf_kinds())}' -- "$word")
		return
		;;
	-c | --config | --request | --prompts | --vkey)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--store)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	esac
	if [[ "$word" = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	elif [ "$COMP_CWORD" = 2 ] && [ -n "$verbs" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}}
complete -o filenames -F _bailiwick bailiwick
"""


def zsh(program: str) -> str:
    """Completion for zsh."""
    described = "\n".join(f"    '{name}:{summary}'" for name, _, summary in commands())
    cases = ""
    for name, (first, opts) in words_for(program).items():
        # Commands with words of their own take their operands behind them.
        arguments = ([f"'1:word:({' '.join(first)})'"] if first else []) + [f"'{o}[]{':value:_files' if v else ''}'" for o, v in opts]
        cases += f"    {name}) _arguments {' '.join(arguments)} '*:file:_files' ;;\n"
    return f"""#compdef bailiwick
{NOTE}_bailiwick() {{
  local -a commands
  commands=(
{described}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{cases}  esac
}}
_bailiwick "$@"
"""


def fish(program: str) -> str:
    """Completion for fish."""
    lines = ["# Completion for bailiwick.", NOTE.rstrip("\n")]
    for name, _, summary in commands():
        lines.append(f"complete -c bailiwick -n __fish_use_subcommand -f -a {name} -d '{summary}'")
    for name, (first, opts) in words_for(program).items():
        here = f"complete -c bailiwick -n '__fish_seen_subcommand_from {name}'"
        if first:
            lines.append(f"{here} -a '{' '.join(first)}'")
        for option, value in opts:
            flag = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            lines.append(f"{here} {flag}{' -r' if value else ''}")
    return "\n".join(lines) + "\n"


# --- README ---

DEMO = re.compile(r"(?<=<!-- demo -->\n```text\n).*?(?=```\n)", re.S)


def demo(program: str) -> str:
    """What the demo prints, without where the program stands."""
    done = subprocess.run([program, "demo"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, timeout=120)
    text = done.stdout
    return text.replace(str(pathlib.Path(program).resolve()), "bailiwick")


def settled(text: str) -> str:
    """Without what differs from run to run: times, ports, folders, record numbers."""
    text = re.sub(r"^(cloud stand-in .*|  export .*)$", lambda m: re.sub(r":\d+", ":PORT", m.group(1)), text, flags=re.M)
    text = re.sub(r" +\d+\.\d\d ms +\d+  ", " TOOK REC ", text)
    text = re.sub(r"bailiwick-demo-\w+", "bailiwick-demo-XXXXXX", text)
    return re.sub(r"\d+ (leaves|bodies|checkpoints)", r"N \1", text)


def readme(program: str) -> str:
    """README with the demo's output; unchanged if that still says the same."""
    text, new = read("README.md"), demo(program)
    if settled(DEMO.search(text).group(0)) == settled(new):
        return text
    return DEMO.sub(lambda _: new, text, count=1)


def main() -> int:
    """Writes or compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("program")
    arguments = parser.parse_args()
    files = manual(arguments.program)
    files[ROOT / "README.md"] = readme(arguments.program)
    files[COMPLETION / "bailiwick.bash"] = bash(arguments.program)
    files[COMPLETION / "_bailiwick"] = zsh(arguments.program)
    files[COMPLETION / "bailiwick.fish"] = fish(arguments.program)
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if not arguments.check:
        for path in stale:
            path.write_text(files[path], encoding="utf-8")
    for path in stale:
        print(("not current: " if arguments.check else "written: ") + str(path.relative_to(ROOT)))
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
