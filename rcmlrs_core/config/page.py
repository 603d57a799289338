"""The table of all keys in docs/training.md: ``python -m rcmlrs_core.config.page docs/training.md`` writes it anew."""

import sys
from pathlib import Path

from rcmlrs_core.config.keys import SECTIONS, Key

BEGIN, END = "<!-- keys: written by python -m rcmlrs_core.config.page -->", "<!-- end of the keys -->"


def table() -> str:
    """The sections and their keys, in Markdown."""
    parts = []
    for name, section in SECTIONS.items():
        rows = [f"### `[{name}]`", "", section.about, "", "| key | value | by default | |", "| --- | --- | --- | --- |"]
        rows += [f"| `{key}` | {_form(of)} | {of.default} | {_about(of)} |" for key, of in section.keys.items()]
        if section.open:
            rows += ["", f"And the {section.open}."]
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def _form(key: Key) -> str:
    forms = [", ".join(f"`{each}`" for each in key.choices) if form == "text" and key.choices else form
             for form in key.forms]  # fmt: skip
    return " or ".join(forms)


def _about(key: Key) -> str:
    return f"({', '.join(key.of)}) {key.about}" if key.of else key.about


def written(text: str) -> str:
    """The page with the table as it should be."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for the table, between {BEGIN} and {END}")
    return f"{before}{begin}\n\n{table()}\n\n{end}{after}"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")
