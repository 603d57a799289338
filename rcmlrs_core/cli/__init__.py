"""The command ``rcmlrs``. Commands of other packages come in by the entry-point group ``rcmlrs.commands``."""

import io
import sys
from importlib.metadata import entry_points
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import rcmlrs_core
from rcmlrs_core.cli.backends import backends
from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.cli.demo import demo
from rcmlrs_core.cli.evaluate import evaluate
from rcmlrs_core.cli.inspect import inspect
from rcmlrs_core.cli.operations import operations
from rcmlrs_core.cli.predict import predict
from rcmlrs_core.cli.train import train
from rcmlrs_core.errors import RcmlrsError

COMMANDS = "rcmlrs.commands"
INTERRUPTED = 130
"""The exit status after Ctrl-C: 128 and the number of the signal, as shells have it."""
REFUSED = 2
"""That of what cannot be done as it was asked."""


class Commands(TyperGroup):
    """The commands; Ctrl-C in any of them is answered in a word, and a library that is not installed in a line."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except ImportError as error:
            if "pip install" not in str(error):  # something is broken, and not only left out
                raise
            print(f"rcmlrs: {error}", file=sys.stderr)
            raise typer.Exit(REFUSED) from None


def app() -> typer.Typer:
    """The application, with every command that is installed. One that cannot be loaded says so and hurts no other."""
    application = typer.Typer(
        name="rcmlrs",
        cls=Commands,
        help="Machine learning whose results do not depend on the backend: the same bits everywhere.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    application.callback()(options)
    taken = {}
    for command in (demo, train, predict, evaluate, inspect, backends, operations):
        application.command()(command)
        taken[command.__name__] = f"{command.__module__}:{command.__name__}"
    for point in sorted(entry_points(group=COMMANDS), key=lambda point: point.name):
        if taken.setdefault(point.name, point.value) != point.value:
            _complain(f"the command {point.name!r} ({point.value}) is left out: {taken[point.name]} has that name")
            continue
        try:
            function = point.load()
            _check(function)
        except (Exception, SystemExit) as error:  # a module that gives up must not take the program with it
            reason = f"{type(error).__name__}: {error}"
            _complain(f"the command {point.name!r} ({point.value}) cannot be loaded: {reason}")
        else:
            application.command(point.name)(function)
    return application


def _check(function: Any) -> None:
    """Raise what is wrong with a command: typer would look at its parameters only when it runs or lists them all."""
    if not callable(function):
        raise TypeError(f"{function!r} is not callable")
    alone = typer.Typer(add_completion=False)
    alone.command()(function)
    typer.main.get_command(alone)


def _complain(problem: str) -> None:
    print("rcmlrs:", " ".join(problem.split()), file=sys.stderr)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"rcmlrs {rcmlrs_core.__version__}")
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """What stands before a command."""


def main() -> None:
    """Run; what RCMLRS refuses is told in words, without a traceback, and ends with status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot spell is no reason to fail
    try:
        app()()
    except RcmlrsError as error:
        problem = str(error)
    except OSError as error:
        problem = f"{error.filename or ''}: {error.strerror or error}"
    except KeyboardInterrupt:  # before a command has begun
        print("Stopped.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    else:
        return
    PlainConsole(stderr=True).say(f"rcmlrs: {problem}")
    sys.exit(2)
