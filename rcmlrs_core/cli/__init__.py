"""The command ``rcmlrs``. Commands of other packages come in by the entry-point group ``rcmlrs.commands``."""

import sys
from importlib.metadata import entry_points

import typer

from rcmlrs_core.cli.backends import backends
from rcmlrs_core.cli.demo import demo
from rcmlrs_core.cli.train import train
from rcmlrs_core.errors import RcmlrsError

COMMANDS = "rcmlrs.commands"


def app() -> typer.Typer:
    """The application, with every command that is installed. One that cannot be loaded says so and hurts no other."""
    application = typer.Typer(
        name="rcmlrs",
        help="Machine learning whose results do not depend on the backend: the same bits everywhere.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for command in (demo, train, backends):
        application.command()(command)
    for point in sorted(entry_points(group=COMMANDS), key=lambda point: point.name):
        try:
            application.command(point.name)(point.load())
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            print(f"rcmlrs: the command {point.name!r} ({point.value}) cannot be loaded: {reason}", file=sys.stderr)
    return application


def main() -> None:
    """Run; what RCMLRS refuses is told in words, without a traceback, and ends with status 2."""
    try:
        app()()
    except RcmlrsError as error:
        print(f"rcmlrs: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"rcmlrs: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        sys.exit(2)
