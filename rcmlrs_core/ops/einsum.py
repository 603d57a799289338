"""einsum(*operands, subscripts): sums of products along named axes: ``einsum("ij,jk->ik", x, y)`` is ``x @ y``.

1. ``subscripts`` has a term for each operand with a letter for each of its axes, and after ``->`` the letters of the
   result's. An element of the result is the sum, over all letters that it has not, of the products of the elements that
   they name (A. Einstein's summation; NumPy's and PyTorch's ``einsum``). It may stand before the operands, or by name.
2. Of one operand or two, that is ``RN`` of the exact sum of products, over all these axes at once (N3.1). More operands
   are a composition (N5): the first two, then their result and the third, and so on, each rounded once; a letter is
   summed over as soon as neither a later operand nor the result has it.
3. Without ``->`` the result has the letters that stand once, in the order of the alphabet, capitals first.
4. A letter that stands twice in a term is the diagonal of these axes. A letter has one length everywhere.
5. ``...`` stands for the axes that have no letter: they broadcast against each other, and are the first of a result
   that is not written.
6. Where nothing is summed, elements are moved or multiplied, and keep the sign of a zero.
"""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.plain import Shape

Labels = tuple[str, ...]
"""A letter for each axis; an axis that stands for ``...`` has a number, counted from the last."""


class Term(NamedTuple):
    """A tensor, and the label of each of its axes."""

    tensor: Any
    labels: Labels


def einsum(*operands: Any, subscripts: str | None = None) -> Any:
    """Clause 1: the subscripts are the first of the operands, or named."""
    if operands and isinstance(operands[0], str):
        if subscripts is not None:
            raise AttributeValueError("einsum: the subscripts are given twice")
        subscripts, *rest = operands
        operands = tuple(rest)
    elif operands and len(operands) > 1 and isinstance(operands[1], str) and subscripts is None:
        subscripts = operands[1]  # x.einsum("ii")
        operands = (operands[0], *operands[2:])
    if not isinstance(subscripts, str):
        raise AttributeValueError(f"einsum: subscripts are text such as 'ij,jk->ik', got {subscripts!r}")
    for x in operands:
        if not hasattr(x, "transpose"):
            raise TypeError(f"einsum: takes tensors, got {type(x).__name__}; make them with rc.tensor(...)")
    labels, result = parsed(subscripts, [x.shape for x in operands])
    lengths = measured(subscripts, labels, [x.shape for x in operands])
    terms = [prepared(Term(x, own), lengths) for x, own in zip(operands, labels, strict=True)]
    first, *others = terms
    while others:
        second = others.pop(0)
        kept = set(result).union(*(term.labels for term in others))
        first = multiplied(first, second, kept, lengths)
    return ordered(summed(first, set(result)), result)


def parsed(subscripts: str, shapes: Sequence[Shape]) -> tuple[list[Labels], Labels]:
    """The labels of each operand's axes, and of the result's."""
    text = subscripts.replace(" ", "")
    inputs, arrow, output = text.partition("->")
    parts = inputs.split(",")
    if len(parts) != len(shapes):
        raise AttributeValueError(
            f"einsum: {subscripts!r} has {len(parts)} terms, but there are {len(shapes)} operands; write one for each"
        )
    labels = [named(subscripts, part, shape) for part, shape in zip(parts, shapes, strict=True)]
    dots = sorted({label for own in labels for label in own if not label.isalpha()}, key=int, reverse=True)
    if not arrow:
        letters = "".join(parts).replace(".", "")
        return labels, (*dots, *sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    checked(subscripts, output)
    letters = output.replace("...", "")
    for letter in letters:
        if letters.count(letter) > 1:
            raise AttributeValueError(f"einsum: {subscripts!r}: the result has {letter!r} twice")
        if letter not in inputs:
            raise AttributeValueError(f"einsum: {subscripts!r}: the result has {letter!r}, but no operand has")
    if dots and "..." not in output:
        raise AttributeValueError(
            f"einsum: {subscripts!r}: the operands have axes in '...'; the result must have '...' too"
        )
    before, there, after = output.partition("...")
    return labels, (*before, *(dots if there else ()), *after)


def checked(subscripts: str, part: str) -> None:
    """A term is letters, and ``...`` at most once."""
    letters = part.replace("...", "", 1)
    for letter in letters:
        if not (letter.isascii() and letter.isalpha()):
            raise AttributeValueError(
                f"einsum: {subscripts!r}: {letter!r} in the term {part!r}; a term is letters, and '...' once"
            )


def named(subscripts: str, part: str, shape: Shape) -> Labels:
    """The labels of one operand's axes."""
    checked(subscripts, part)
    before, there, after = part.partition("...")
    others = len(shape) - len(before) - len(after)
    if others < 0 or (others and not there):
        raise ShapeError(
            f"einsum: {subscripts!r}: the term {part!r} has {len(before) + len(after)} letters for the {len(shape)} "
            f"axes of shape {shape}"
        )
    return (*before, *map(str, range(others - 1, -1, -1)), *after)


def measured(subscripts: str, labels: Sequence[Labels], shapes: Sequence[Shape]) -> dict[str, int]:
    """The length of every label; of ``...``, that which the axes broadcast to."""
    lengths: dict[str, int] = {}
    for own, shape in zip(labels, shapes, strict=True):
        for label, length in zip(own, shape, strict=True):
            known = lengths.setdefault(label, length)
            if known == length:
                continue
            if label.isalpha():
                raise ShapeError(f"einsum: {subscripts!r}: {label!r} has the lengths {known} and {length}")
            if 1 not in (known, length):
                raise ShapeError(
                    f"einsum: {subscripts!r}: the axes in '...' do not broadcast: lengths {known} and {length}"
                )
            lengths[label] = length if known == 1 else known
    return lengths


def prepared(term: Term, lengths: dict[str, int]) -> Term:
    """Diagonals taken, and axes left out that have to be broadcast."""
    x, labels = term
    kept = [i for i, label in enumerate(labels) if x.shape[i] == lengths[label]]
    x, labels = x.reshape(tuple(x.shape[i] for i in kept)), tuple(labels[i] for i in kept)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            others = [a for a in range(len(labels)) if a not in (i, j)]
            n, shape = x.shape[i], tuple(x.shape[a] for a in others)
            flat = x.transpose((*others, i, j)).reshape((*shape, n * n))
            whole = (None,) * len(others)
            x = flat.slice(start=(*whole, 0), stop=(*whole, None), step=(*whole, n + 1))
            labels = (*(labels[a] for a in others), label)
    return Term(x, labels)


def ordered(term: Term, labels: Sequence[str]) -> Any:
    """The tensor with its axes in the order of these labels, which are all of its own."""
    return term.tensor.transpose(tuple(term.labels.index(label) for label in labels))


def multiplied(x: Term, y: Term, kept: set[str], lengths: dict[str, int]) -> Term:
    """The product of two, summed over all labels that are not kept, at once (clause 2)."""
    both = [label for label in x.labels if label in y.labels and label in kept]
    left = [label for label in x.labels if label not in y.labels and label in kept]
    right = [label for label in y.labels if label not in x.labels and label in kept]
    inner = [label for label in dict.fromkeys(x.labels + y.labels) if label not in kept]
    batch, m, n, k = (prod(lengths[label] for label in some) for some in (both, left, right, inner))
    labels = (*both, *left, *right)
    shape = tuple(lengths[label] for label in labels)
    rows = spread(x, (*both, *left, *inner), lengths).reshape((batch, m, k))
    columns = spread(y, (*both, *inner, *right), lengths).reshape((batch, k, n))
    if inner:
        return Term(rows.matmul(columns).reshape(shape), labels)
    return Term(rows.mul(columns).reshape(shape), labels)


def spread(term: Term, labels: Sequence[str], lengths: dict[str, int]) -> Any:
    """The axes in the order of the labels; it is broadcast along those that it lacks, which are all inner."""
    own = [label for label in labels if label in term.labels]
    x = ordered(term, own)
    if len(own) == len(labels):
        return x
    x = x.reshape(tuple(lengths[label] if label in own else 1 for label in labels))
    return x.broadcast_to(tuple(lengths[label] for label in labels))


def summed(term: Term, kept: set[str]) -> Term:
    """One operand alone: one sum over all labels that are not kept."""
    axes = tuple(i for i, label in enumerate(term.labels) if label not in kept)
    if not axes:
        return term
    return Term(term.tensor.sum(axis=axes), tuple(label for label in term.labels if label in kept))


operation = Composition(
    module=__name__,
    function=einsum,
    text_first=True,
    cases=(
        case(
            [[1.0, 2.0], [3.0, 4.0]],
            [[5.0, 6.0], [7.0, 8.0]],
            subscripts="ij,jk->ik",
            want=[[19.0, 22.0], [43.0, 50.0]],
        ),
        case([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], subscripts="ij,jk", want=[[19.0, 22.0], [43.0, 50.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], subscripts="ba", want=[[1.0, 3.0], [2.0, 4.0]], note="'ba->ab'"),
        case([[1.0, 2.0], [3.0, -0.0]], subscripts="ii->i", want=[1.0, -0.0], note="the diagonal"),
        case([[1e30, 2.0], [3.0, 1.0]], subscripts="ii", want=1e30, note="the trace"),
        case([[1e30, 1.0], [-1e30, 0.0]], subscripts="ij->", want=1.0, note="one sum over both axes"),
        case([[1e30, 1.0], [-1e30, 0.0]], [1.0, 1.0], subscripts="ij,j->", want=1.0, note="one sum over both axes"),
        case([1.0, 2.0], [3.0, -0.0], subscripts="i,j->ji", want=[[3.0, 6.0], [-0.0, -0.0]], note="nothing is summed"),
        case([1.0, 2.0], [3.0, 4.0], [5.0, 6.0], subscripts="i,i,i", want=63.0),
        case([[[1.0, 2.0]], [[3.0, 4.0]]], [[1.0], [2.0]], subscripts="...ij,jk", want=[[[5.0]], [[11.0]]]),
        case([[1.0, 2.0]], [[3.0], [4.0]], subscripts="...,...->...", want=[[3.0, 6.0], [4.0, 8.0]]),
        case(2.0, [1.0, 3.0], subscripts=",i", want=[2.0, 6.0]),
        case([[], []], subscripts="ij->i", want=[0.0, 0.0]),
    ),
    refusals=(
        refusal(AttributeValueError, "has 1 terms, but there are 2 operands", [1.0], [1.0], subscripts="i"),
        refusal(AttributeValueError, "'1' in the term 'i1'", [[1.0]], subscripts="i1"),
        refusal(AttributeValueError, "'.' in the term 'i..'", [[1.0]], subscripts="i.."),
        refusal(AttributeValueError, "'-' in the term", [1.0], subscripts="i-i"),
        refusal(AttributeValueError, "the result has 'i' twice", [[1.0]], subscripts="ij->ii"),
        refusal(AttributeValueError, "the result has 'k', but no operand has", [[1.0]], subscripts="ij->k"),
        refusal(AttributeValueError, "the result must have '...' too", [[1.0]], subscripts="i...->i"),
        refusal(AttributeValueError, "subscripts are text", [[1.0]], subscripts=None),
        refusal(ShapeError, "has 3 letters for the 2 axes", [[1.0]], subscripts="ijk->"),
        refusal(ShapeError, "has 1 letters for the 2 axes", [[1.0]], subscripts="i"),
        refusal(ShapeError, "'j' has the lengths 2 and 3", [[1.0, 2.0]], [1.0, 2.0, 3.0], subscripts="ij,j"),
        refusal(ShapeError, "'i' has the lengths 1 and 2", [[1.0, 2.0]], subscripts="ii"),
        refusal(ShapeError, "do not broadcast", [1.0, 2.0], [1.0, 2.0, 3.0], subscripts="...,..."),
    ),
    calls=(
        call((3, 4), (4, 2), subscripts="ij,jk->ik"),
        call((2, 3, 4), (4, 3), subscripts="bij,ji->b"),
        call((2, 3, 4), (2, 4, 5), subscripts="bij,bjk->kbi"),
        call((3, 3), subscripts="ii"),
        call((2, 3, 3), (3,), subscripts="...ii,i->..."),
        call((2, 3), (3, 4), (4, 2), subscripts="ij,jk,kl->il"),
        call((2, 3), (4,), subscripts="ij,k->k"),
        call((2, 1, 3), (4,), subscripts="...a,...->a..."),
        call((5,), (5,), subscripts="i,i"),
        call((2, 0), (0, 3), subscripts="ij,jk"),
        call((2, 3), subscripts="ij->ji"),
    ),
    data="sums",
)
