"""``make examples``: every example as it stands, and what it prints held against ``examples/digests.json``.

    python -m tests.examples [--backend NAME] [NAME ...]
    python -m tests.examples --write      # makes the file and the table of examples/README.md anew

Without ``--write`` it ends with 1 where a digest differs. ``tests/test_examples.py`` runs the small settings of
all, and the whole of those that take seconds.
"""

import argparse
import importlib.util
import io
import json
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from time import process_time
from typing import Any

FOLDER = Path(__file__).parent.parent / "examples"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.py")))
STORED = FOLDER / "digests.json"
README = FOLDER / "README.md"
TABLE = re.compile(r"(?<=tests.examples --write -->\n\n).*?(?=\n<!-- end -->)", re.DOTALL)

SCORES = {
    "alice_transformer": "loss",
    "digits_cnn": "test accuracy",
    "own_layer_and_loss": "of ",
    "sunspots_by_hand": "error",
    "sunspots_lstm_keras": "error",
    "table_from_csv": "test accuracy",
}
"""How the line begins that says how good the model is; the last such line counts."""


def module(name: str, text: str | None = None) -> Any:
    """An example as a module, not run yet; of another ``text`` than the file's, if one is given."""
    path = FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"examples_{name}", path)
    assert spec
    made = importlib.util.module_from_spec(spec)
    exec(compile(text or path.read_text(encoding="utf-8"), str(path), "exec"), made.__dict__)
    return made


def run(name: str, *arguments: str, text: str | None = None) -> list[str]:
    """The lines that an example prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        module(name, text).main(list(arguments))
    return printed.getvalue().splitlines()


def digest_of(lines: list[str]) -> str:
    """The last line's."""
    word, digest = lines[-1].split()
    assert word == "digest"
    return digest


def score_of(name: str, lines: list[str]) -> str:
    """The line that says how good the model is."""
    return [line for line in lines if line.startswith(SCORES[name])][-1]


def table(stored: dict[str, dict[str, Any]]) -> str:
    """The table of examples/README.md."""
    rows = ["| example | what it shows | score | seconds | digest |", "| --- | --- | --- | --- | --- |"]
    for name in NAMES:
        entry = stored[name]
        shows = (module(name).__doc__ or "").splitlines()[0].rstrip(".")
        rows.append(
            f"| [`{name}`]({name}.py) | {shows} | {entry['score']} | {entry['seconds']} | `{entry['full'][:12]}...` |"
        )
    return "\n".join(rows) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the examples, and compare their digests with the stored ones.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--backend", help="python, numpy, native, ...; the fastest, if left out")
    parser.add_argument("--write", action="store_true", help="store what comes out")
    args = parser.parse_args()
    backend = [f"--backend={args.backend}"] if args.backend else []
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    differ = []
    for name in args.names or NAMES:
        print(f"{name} {' '.join(backend)}", flush=True)
        entry = {"quick": digest_of(run(name, "--quick", *backend))}
        began = process_time()
        lines = run(name, *backend)
        seconds = process_time() - began
        entry |= {"full": digest_of(lines), "score": score_of(name, lines), "seconds": max(1, round(seconds))}
        print("".join(f"    {line}\n" for line in lines) + f"    {seconds:.1f} s of processor time", flush=True)
        if args.write:
            stored[name] = entry
        elif any(entry[kind] != stored[name][kind] for kind in ("quick", "full")):
            differ.append(name)
            print(f"    DIFFERS: stored is {stored[name]['full']}, and for --quick {stored[name]['quick']}")
    if args.write:
        STORED.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        text = README.read_text(encoding="utf-8")
        README.write_text(TABLE.sub(lambda _: table(stored), text), encoding="utf-8")
    print(f"{', '.join(differ)}: the digests differ" if differ else "all digests are those stored")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
