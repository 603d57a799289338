"""``python -m tests.certify``, which is ``make certify``. Exit status 1 if anything is wrong."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from rcmlrs_conformance import corpus
from rcmlrs_core.cli.console import PlainConsole
from tests.certify import certificate, run
from tests.certify.certifier import ENCLOSED, CertifierError, build
from tests.certify.run import Sample, certify


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.certify", description=certificate.__doc__)
    parser.add_argument("--functions", metavar="NAME,...", help="only these")
    parser.add_argument("--levels", metavar="LEVEL,...", help="only these; the first is compared input by input")
    parser.add_argument("--threads", type=int, default=run.cores(), metavar="N")
    parser.add_argument("--sample", type=int, metavar="N", help="every N-th input and the worst cases; writes nothing")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="chooses the first input of a sample")
    parser.add_argument("--sabotage", metavar="NAME:HEX", help="turn the last bit of that result; writes nothing")
    parser.add_argument("--verify", action="store_true", help="only tell whether the certificate is of these sources")
    chosen = parser.parse_args(words)
    console = PlainConsole()
    try:
        certifier = build()
        functions = _chosen(chosen.functions, certifier.functions)
        levels = _chosen(chosen.levels, certifier.levels)
        if chosen.verify:
            return verify(console, functions)
        return run_all(console, functions, levels, chosen)
    except CertifierError as error:
        PlainConsole(stderr=True).say(str(error))
        return 2


def _chosen(text: str | None, known: list[str]) -> list[str]:
    if text is None:
        return known
    names = text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CertifierError(f"no {', '.join(unknown)} here; there are {', '.join(known)}")
    return names


def verify(console: PlainConsole, functions: list[str]) -> int:
    """Whether the stored certificate is of the sources that are here."""
    problems = list(certificate.problems(functions, certificate.read()))
    for name, problem in problems:
        console.say(f"{name}: {problem}")
    console.say(f"{len(functions) - len(problems)} of {len(functions)} functions are certified as they are here")
    return 1 if problems else 0


def run_all(console: PlainConsole, functions: list[str], levels: list[str], chosen: argparse.Namespace) -> int:
    """All that was chosen; a line for each function."""
    certifier = build()
    sample = Sample(chosen.sample, chosen.seed) if chosen.sample else None
    name_of_sabotage, _, bits = (chosen.sabotage or "").partition(":")
    if name_of_sabotage and name_of_sabotage not in functions:
        raise CertifierError(f"--sabotage {chosen.sabotage}: {name_of_sabotage} is not run")
    whole = not sample and not chosen.sabotage
    entries, known = certificate.read(), corpus.read()
    all_good = True
    for name in functions:
        sabotage = int(bits, 16) if name == name_of_sabotage else None
        also = [case.input for case in known.get(name, [])] if sample else []
        if sabotage is not None:
            also.append(sabotage)
        with bar(name) as progress:
            entry, first = certify(
                certifier,
                name,
                levels,
                threads=chosen.threads,
                sample=sample,
                sabotage=sabotage,
                also=also,
                progress=progress,
            )
        all_good = all_good and entry.good
        console.say(_line(entry))
        for x, y, right in entry.wrong[:10]:
            console.say(f"  {name}(0x{x}) gives 0x{y}; right is 0x{right}")
        for left in first.undecided[:10]:
            console.say(f"  {name}(0x{left:08x}) is left to the caller")
        if whole:  # kept after each function: a run that is stopped has not been for nothing
            entries[name] = entry
            certificate.write(entries, certifier.functions)
            if name in ENCLOSED:
                corpus.write(corpus.read() | {name: corpus.select(name, [x for x, _ in first.open])})
    return 0 if all_good else 1


def _line(entry: certificate.Entry) -> str:
    levels = ", ".join(f"{level.level} {level.seconds:.1f} s" for level in entry.levels)
    left = sum(level.undecided for level in entry.levels)
    return (
        f"{entry.function}: {'right' if entry.good else 'NOT RIGHT'}: {entry.inputs:,} inputs, "
        f"{entry.decided:,} decided, {entry.settled:,} by Arb, {entry.mismatches:,} wrong, {left:,} left; {levels}"
    )


@contextmanager
def bar(name: str) -> Iterator[run.Progress]:
    """On a terminal, how far it is."""
    console = PlainConsole(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda level, share: progress.update(task, description=f"{name}, {level}", completed=share)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
