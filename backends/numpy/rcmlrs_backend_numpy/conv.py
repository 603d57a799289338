"""conv: a binary64 GEMM over the windows, laid out in blocks that stay in the cache, and a look at the output.

Bounds, the test of both ends and what becomes of infinities are those of ``contraction``, and so is the proof, with the
norms of kernels and windows in the place of rows and columns. The windows (``as_strided``, no copy) are copied a block
at a time into a matrix: some groups, samples and places, and of the terms as many as one BLAS call sums.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy
from numpy.lib.stride_tricks import as_strided

from rcmlrs_backend_numpy.contraction import PIECE, relative_error, undecided, workspace
from rcmlrs_backend_numpy.sums import UNIT, chunks, grid, sum_rows
from rcmlrs_core.ops.spatial import places_of_windows
from rcmlrs_core.plain import Shape

Array = Any

Piece = tuple[slice, slice]
"""Some inputs of a group, and some rows of the kernel."""

BLOCK = 1 << 19
"""Numbers of a block: few enough for the cache, and enough that BLAS threads do not meet too often."""

WIDE = 256
"""Places that a block has at least, if there are so many: a narrow matrix product is slow."""

GRID_PAYS = 4
"""The grids of all operands are worth finding when this many times the terms of what is undecided outnumber them."""


def conv(x: Array, weight: Array, bias: Array | None = None, *, stride: Shape, dilation: Shape, groups: int) -> Array:
    """Each element RN of the exact sum, the bias inside."""
    with numpy.errstate(all="ignore"):
        return _Convolution(x, weight, bias, stride, dilation, groups).result()


KERNELS = {"conv": conv}


@dataclass
class Block:
    """What is computed at once: some groups, and some samples and places of their outputs."""

    groups: slice
    samples: slice
    rows: slice
    """Along the first axis of the places."""


class _Convolution:
    def __init__(
        self, x: Array, weight: Array, bias: Array | None, stride: Shape, dilation: Shape, groups: int
    ) -> None:
        batch, _, *lengths = x.shape
        outputs, inputs, *kernel = weight.shape
        self.x, self.groups, self.inputs = x, groups, inputs
        self.places = places_of_windows("conv", tuple(lengths), tuple(kernel), stride, dilation)
        self.kernel, self.each, self.terms = tuple(kernel), outputs // groups, inputs * prod(kernel)
        self.weight = weight.astype(numpy.float64, order="C").reshape(groups, self.each, self.terms)
        # + 0.0, here and below: an exact zero is +0 (N3.2).
        self.bias = None if bias is None else (bias.astype(numpy.float64) + 0.0).reshape(groups, self.each, 1)
        along, across = x.strides[:2], x.strides[2:]
        # (groups, inputs, *kernel, samples, *places): terms first, then what they are summed for.
        self.windows = as_strided(
            x,
            (groups, inputs, *kernel, batch, *self.places),
            (
                along[1] * inputs,
                along[1],
                *map(int.__mul__, across, dilation),
                along[0],
                *map(int.__mul__, across, stride),
            ),
            writeable=False,
        )
        self.output = numpy.empty((batch, outputs, *self.places), numpy.float32)

    def result(self) -> Array:
        """Block by block."""
        if self.output.size:
            # The squares are exact, and a term passes through fewer than two additions for each; the root halves that.
            self.slack = 1 + 1e-9 + self.terms * UNIT
            self.pieces = list(self._pieces())
            self.factor = relative_error(max(self._length(piece) for piece in self.pieces) + len(self.pieces))
            self.sizes = numpy.sqrt(numpy.einsum("gok,gok->go", self.weight, self.weight)) * self.slack
            for block in self._blocks():
                self._compute(block)
        return self.output

    def _pieces(self) -> Iterator[Piece]:
        """The terms in pieces of about PIECE: some inputs and the whole kernel, or a part of it along its first axis.

        Pieces joined afterwards have a smaller error than one long sum.
        """
        of_kernel = prod(self.kernel)
        step = max(1, PIECE // of_kernel)
        rows = self.kernel[0] if of_kernel <= PIECE else max(1, PIECE * self.kernel[0] // of_kernel)
        for first in range(0, max(1, self.inputs), step):
            for row in range(0, self.kernel[0], rows):
                yield (
                    slice(first, min(first + step, self.inputs)),
                    slice(row, min(row + rows, self.kernel[0])),
                )

    def _length(self, piece: Piece) -> int:
        inputs, rows = piece
        length: int = (inputs.stop - inputs.start) * (rows.stop - rows.start) * prod(self.kernel[1:])
        return length

    def _blocks(self) -> Iterator[Block]:
        batch, places = len(self.output), prod(self.places)
        terms = self._length(self.pieces[0]) + 2 * self.each
        groups = max(1, min(self.groups, BLOCK // (terms * min(batch * places, WIDE))))
        room = max(1, BLOCK // (terms * groups))
        samples, rows = max(1, room // places), self.places[0]
        if room < places:
            rows = -(-rows // min(rows, -(-places // room)))  # parts of about equal size
        steps = (range(0, self.groups, groups), range(0, batch, samples), range(0, self.places[0], rows))
        for group, sample, row in product(*steps):
            yield Block(slice(group, group + groups), slice(sample, sample + samples), slice(row, row + rows))

    def _compute(self, block: Block) -> None:
        """The sums of a block, their bounds, the look at both ends, and what that leaves undecided."""
        rank = len(self.kernel)
        view = self.windows[(block.groups, *[slice(None)] * (rank + 1), block.samples, block.rows)]
        groups, places = len(view), view.shape[rank + 2 :]
        count = prod(places)
        longest = max(map(self._length, self.pieces))
        memory = workspace.take(groups * count * (longest + 2 * self.each))
        sums, part = memory[groups * count * longest :][: 2 * groups * self.each * count].reshape(
            2, groups, self.each, count
        )
        squares = numpy.zeros((groups, count))
        start = 0
        for piece in self.pieces:
            length = self._length(piece)
            columns = self._columns(view[(slice(None), *piece)], memory[: groups * length * count])
            kernels = self.weight[block.groups, :, start : start + length]
            numpy.matmul(kernels, columns, out=part if start else sums)
            if start:
                sums += part
            squares += numpy.einsum("gkn,gkn->gn", columns, columns)
            start += length
        sizes = self.sizes[block.groups, :, None]
        error = sizes * self.factor * (numpy.sqrt(squares) * self.slack)[:, None, :]
        bias = 0.0 if self.bias is None else self.bias[block.groups]
        sums += bias
        if self.bias is not None:
            error += numpy.abs(bias) * self.factor
        rounded = numpy.empty(sums.shape, numpy.float32)
        left = undecided(sums, error, rounded)
        if left.size:
            sizes = error.reshape(-1)[left] * ((1 + 1e-9) / self.factor)
            shape = (groups, self.each, *places)
            rounded.reshape(-1)[left] = self._settle(block, shape, left, sums.reshape(-1)[left], sizes)
        target = self.output.reshape(len(self.output), self.groups, self.each, *self.places)
        target = target[block.samples, block.groups, :, block.rows]
        target[...] = numpy.moveaxis(rounded.reshape(groups, self.each, *places), 2, 0)
        workspace.give(memory)

    def _columns(self, view: Array, memory: Array) -> Array:
        """The windows as columns in binary64, in whichever order the runs that are copied are longer."""
        rank = len(self.kernel)
        shape, groups = view.shape, len(view)
        length, count = prod(shape[1 : rank + 2]), prod(shape[rank + 2 :])
        if shape[rank + 1] > shape[-1]:
            lying = memory.reshape(groups, *shape[rank + 2 :], *shape[1 : rank + 2])
            axes = (0, *range(rank + 2, 2 * rank + 3), *range(1, rank + 2))
            lying[...] = view.transpose(axes)
            return memory.reshape(groups, count, length).transpose(0, 2, 1)
        memory.reshape(shape)[...] = view
        return memory.reshape(groups, length, count)

    def _settle(self, block: Block, shape: Shape, left: Array, sums: Array, sizes: Array) -> Array:
        """The elements that the first look leaves undecided; ``sizes`` bounds their sums of magnitudes."""
        group, output, sample, *place = (numpy.asarray(index) for index in numpy.unravel_index(left, shape))
        group, sample = group + block.groups.start, sample + block.samples.start
        place[0] = place[0] + block.rows.start
        windows = numpy.moveaxis(self.windows, range(1, len(self.kernel) + 2), range(-len(self.kernel) - 1, 0))
        result = sums.astype(numpy.float32)
        open_ = numpy.isfinite(sums)
        if len(left) * self.terms * GRID_PAYS >= self.x.size + self.weight.size:
            of_weight, of_bias, of_x = self._grids
            step = numpy.minimum(of_weight[group, output] * of_x[sample, group], of_bias[group, output])
            open_ &= ~(sizes < step * 2.0**53)
        for chunk in chunks(numpy.flatnonzero(open_), self.terms + 1):
            seen = windows[(group[chunk], sample[chunk], *(axis[chunk] for axis in place))]
            terms = self.weight[group[chunk], output[chunk]] * seen.reshape(len(chunk), self.terms)
            if self.bias is not None:
                terms = numpy.concatenate([terms, self.bias[group[chunk], output[chunk]]], axis=1)
            result[chunk] = sum_rows(terms)
        return result

    @cached_property
    def _grids(self) -> tuple[Array, Array, Array]:
        """For each kernel, each addend and each group of each sample, a power of two of which all is a multiple."""
        shape = self.groups, self.each
        kernels = self.weight.astype(numpy.float32).reshape(self.groups * self.each, self.terms)
        addends = numpy.zeros(len(kernels)) if self.bias is None else self.bias.reshape(-1)
        inputs = numpy.ascontiguousarray(self.x)
        inputs = inputs.reshape(len(inputs) * self.groups, self.inputs * prod(inputs.shape[2:]))
        return (
            grid(kernels, 1).reshape(shape),
            grid(addends.astype(numpy.float32)[:, None], 1).reshape(shape),
            grid(inputs, 1).reshape(-1, self.groups),
        )
