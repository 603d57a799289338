"""``rcmlrs operations``: what operations there are, whose kernels run them, and the page of each."""

import difflib
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.table import Table

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.errors import OperationError
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition
from rcmlrs_core.reference import family_of, kernels_of, page, summary_of
from rcmlrs_core.registry import backends


def operations(
    name: Annotated[str | None, typer.Argument(help="Show the page of this operation.", show_default=False)] = None,
) -> None:
    """List the operations, with whose kernel runs on each healthy backend; or show the page of one."""
    console = PlainConsole()
    if name is not None:
        found = next((operation for operation in TABLE.values() if name in (operation.name, *operation.aliases)), None)
        if found is None:
            close = difflib.get_close_matches(name, FUNCTIONS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "rcmlrs operations lists them"
            raise OperationError(f"there is no operation {name!r}; {hint}")
        console.print(Markdown(page(found)))
        return
    kernels = kernels_of(backends())
    table = Table("operation", *kernels, "family", "what it is", box=None, pad_edge=False)
    for operation in sorted(TABLE.values(), key=lambda operation: operation.name):
        composed = isinstance(operation, Composition)
        origins = ("composed" if composed else kernels[backend].get(operation.name, "missing") for backend in kernels)
        table.add_row(operation.name, *origins, family_of(operation), summary_of(operation))
    console.table(table)
    console.say(
        "own: a kernel of the backend. derived: made of the operation's file. composed: it runs on the kernels of its "
        "operations. The bits are the same. rcmlrs operations NAME shows a page."
    )
