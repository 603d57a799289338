"""The clauses of the contract, as the report cites them: read from ``CONTRACT.md``, so that they are told once."""

import re
from functools import cache
from pathlib import Path

CONTRACT = Path(__file__).with_name("CONTRACT.md")


@cache
def clauses() -> dict[str, str]:
    """Every clause by its number, as one line of plain text."""
    found: dict[str, str] = {}
    for paragraph in re.split(r"\n\s*\n", CONTRACT.read_text(encoding="utf-8")):
        match = re.match(r"\*\*(N\d+(?:\.\d+)?)\*\*\s+(.*)", paragraph.strip(), re.DOTALL)
        if match:
            found[match[1]] = _unmarked(" ".join(match[2].split()))
    return found


def _unmarked(text: str) -> str:
    """Without the marks of Markdown; what is code, such as ``conv*``, keeps its asterisks."""
    parts = text.removesuffix("In particular:").split("`")
    parts[::2] = [re.sub(r"\*(\*?)(\S(?:[^*]*\S)?)\*\1", r"\2", part) for part in parts[::2]]
    return "".join(parts).strip()


@cache
def version() -> str:
    """The version of the contract that this suite checks."""
    match = re.search(r"version (\d+)", CONTRACT.read_text(encoding="utf-8").partition("\n")[0])
    return match[1] if match else "?"


def sentence(clause: str, limit: int = 240) -> str:
    """The first sentences of a clause, as many as fit; an empty text for a number that the contract does not have."""
    text = clauses().get(clause, "")
    if len(text) <= limit:
        return text
    kept = ""
    for part in re.split(r"(?<=[.;:]) ", text):
        if kept and len(kept) + len(part) > limit:
            break
        kept = f"{kept} {part}".strip()
    return kept.rstrip(";:") + " ..."
