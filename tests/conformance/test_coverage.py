"""What is checked beyond the bits of single calls: each family finds a fault that no other one does, and tells it."""

from collections.abc import Callable
from random import Random

import pytest

import rcmlrs_core as rc
from rcmlrs_conformance import check_backend
from rcmlrs_conformance.bits import INFINITY, SIGN, raw_bytes, words
from rcmlrs_conformance.chapters.provenance import FALLBACK
from rcmlrs_conformance.chapters.relations import taken
from rcmlrs_conformance.examine import RAISES
from rcmlrs_conformance.inputs.samples import ordinary
from rcmlrs_core import hookimpl
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.registry import KernelTable, get_backend
from rcmlrs_saboteur import FAULTS, table
from tests.installed import BACKENDS

FOUND_BY = {
    "transposition_forgotten": {"matmul/gradients", "matmul/layouts"},
    "odd_beginning_rounded_apart": {"cosh/layouts"},
    "fused_without_rounding": {"sin/gradients", "sinh/gradients", "gelu/gradients"},
    "threads_round_their_share": {"sum/threads"},
    "falls_back_in_silence": {"gelu/provenance"},
    "another_backends_kernel": {"matmul/provenance"},
    "blocks_rounded_apart": {"sigmoid/batches"},
    "long_sums_in_pieces": {"sum/pieces"},
    "few_places_for_results": {"square/repeats"},
}
"""At the smoke level: the groups that find a fault, and so all others that miss it."""

NEW = ["gradients", "batches", "pieces", "threads", "repeats", "layouts", "aliasing", "provenance"]


@pytest.mark.parametrize("name", FOUND_BY)
def test_each_family_finds_what_no_other_one_does(name: str) -> None:
    report = table.run(name, "smoke")
    found = {f"{s.name}/{family}" for s in report.subjects for family, group in s.families.items() if not group.ok}
    assert found == FOUND_BY[name]


def test_a_step_that_writes_where_the_parameters_lie_shows_in_their_views() -> None:
    report = table.run("parameters_updated_where_they_lie", "smoke")
    assert {failure.family for failure in report.failures} == {"aliasing"}
    assert any("after a step of SGD has changed" in failure.sentence for failure in report.failures)


def test_a_wrong_gradient_names_its_operand() -> None:
    report = check_backend("rcmlrs_saboteur:transposition_forgotten", ops=["matmul"], families=["gradients"])
    (failure,) = report.failures
    assert failure.sentence.startswith("the gradient of x of backward of matmul")
    assert failure.clause == "N7"
    assert failure.want != failure.got


@pytest.mark.parametrize("fault", ["nan_payload_shown", "subnormals_lost_in_storage"])
def test_files_show_what_storage_loses(fault: str) -> None:
    assert {*FAULTS} > {fault}
    report = check_backend(f"rcmlrs_saboteur:{fault}", ops=["persistence"], families=["binary", "json"])
    assert [group.ok for group in report.subjects[0].families.values()] == [False, False]


def test_a_training_that_goes_on_elsewhere_shows_a_step_that_is_wrong() -> None:
    name = next(name for name, fault in FAULTS.items() if "sgd_update" in fault.compositions and "lie" not in name)
    report = check_backend(f"rcmlrs_saboteur:{name}", ops=["persistence"], families=["training"], level="standard")
    assert not report.ok


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "python"])
def test_the_bits_that_were_seen_are_those_of_the_python_backend(backend: str) -> None:
    operations = ["persistence", "matmul", "gelu", "softmax", "transpose", "conv2d", "topk"]
    families = ["binary", "json", "training", *NEW]
    here, there = (check_backend(name, ops=operations, families=families) for name in ("python", backend))
    assert (here.ok, there.ok) == (True, True)
    assert here.digest == there.digest


# -------------------------------------------------------------------------------------------------- threads


class Threaded:
    """The Python backend, with a number of threads."""

    def __init__(self) -> None:
        self.asked = [3]

    @hookimpl
    def rcmlrs_storage(self) -> Storage:
        return get_backend("python").storage

    @hookimpl
    def rcmlrs_threads(self, count: int) -> int:
        self.asked.append(count)
        return self.asked[-2]


threaded = Threaded()


def test_the_number_of_threads_is_put_back() -> None:
    assert check_backend(f"{__name__}:threaded", ops=["exp"], families=["threads"]).ok
    assert set(threaded.asked) == {1, 2, 3}
    assert threaded.asked[-1] == 3


def test_a_backend_that_cannot_set_its_threads_is_called_from_several() -> None:
    assert get_backend("python").set_threads is not None
    assert get_backend("python").set_threads(2) is None  # type: ignore[misc]
    report = check_backend("python", ops=["exp"], families=["threads"])
    assert report.ok
    assert report.of("exp").elements > 0


@pytest.mark.parametrize("name", [name for name in BACKENDS if name in ("numpy", "native")])
def test_the_threads_of_a_backend_can_be_set(name: str) -> None:
    set_threads = get_backend(name).set_threads
    assert set_threads is not None
    former = set_threads(2)
    if former is None:
        pytest.skip("threadpoolctl is not installed")
    assert set_threads(1) == 2
    assert set_threads(former) == 1
    assert set_threads(former) == former


# ----------------------------------------------------------------------------------------------- provenance


class Borrowing:
    """The Python backend, which says that some kernels are its own."""

    def __init__(self, **kernels: Callable[..., object]) -> None:
        self.kernels = kernels

    @hookimpl
    def rcmlrs_storage(self) -> Storage:
        return get_backend("python").storage

    @hookimpl
    def rcmlrs_register(self, table: KernelTable) -> None:
        for name, kernel in self.kernels.items():
            table.register(name, kernel)


def element_by_element(x: PlainArray) -> PlainArray:
    from rcmlrs_core.ops import KERNELS

    return PlainArray.of(map(KERNELS["exp"].value, x.values), x.shape)  # type: ignore[attr-defined]


def undecided_ones(x: PlainArray) -> PlainArray:
    """Its own but for one element, of which it is not sure."""
    import math

    from rcmlrs_core.ops import KERNELS

    values = PlainArray.of(map(math.exp, x.values), x.shape)
    if values.values:
        values.values[0] = KERNELS["exp"].value(x.values[0])  # type: ignore[attr-defined]
    return values


borrowed = Borrowing(matmul=get_backend("python").kernels["matmul"], exp=element_by_element)
raising = Borrowing(neg=lambda x: 1 // 0)
honest = Borrowing(exp=undecided_ones)
again = Borrowing(exp=undecided_ones)


@pytest.mark.parametrize(("operation", "words"), [("matmul", "a kernel of the backend 'python'"), ("exp", "most")])
def test_a_kernel_of_somebody_else_is_no_own_one(operation: str, words: str) -> None:
    report = check_backend(f"{__name__}:borrowed", ops=[operation], families=["provenance"])
    (failure,) = report.failures
    assert failure.kind == FALLBACK
    assert words in failure.sentence
    assert "rcmlrs_derive" in failure.sentence


def test_a_kernel_that_raises_is_wrong_and_no_doubt_of_the_suite() -> None:
    report = check_backend(f"{__name__}:raising", ops=["neg"], families=["provenance"])
    (failure,) = report.failures
    assert (failure.kind, report.of("neg").errors) == (RAISES, {})
    assert "ZeroDivisionError" in failure.sentence


def test_the_definition_may_settle_what_a_kernel_leaves_undecided() -> None:
    assert check_backend(f"{__name__}:honest", ops=["exp"], families=["provenance"]).ok


def test_a_backend_by_another_name_is_no_other_backend() -> None:
    get_backend(f"{__name__}:honest")
    assert check_backend(f"{__name__}:again", ops=["exp"], families=["provenance"]).ok


@pytest.mark.parametrize("backend", [*BACKENDS, "rcmlrs_backend_template:", "rcmlrs_loopback:plugin"])
def test_no_backend_of_ours_falls_back_in_silence(backend: str) -> None:
    for name in BACKENDS:
        get_backend(name)
    assert check_backend(backend, families=["provenance"]).ok


# ----------------------------------------------------------------------------------- the same tensor, or another

NOTHING_TO_DO: dict[str, Callable[[rc.RamTensor], rc.RamTensor]] = {
    "+x": lambda x: +x,
    "positive": lambda x: rc.positive(x),
    "clip": lambda x: rc.clip(x),
    "diff": lambda x: rc.diff(x, n=0),
    "sum_to": lambda x: rc.sum_to(x, shape=(2,)),
    "restore_axes": lambda x: rc.restore_axes(x.reshape((2, 1)), shape=(2, 3), axis=1, keepdims=True).reshape((2,)),
    "einsum": lambda x: rc.einsum("i->i", x),
}


@pytest.mark.parametrize("name", NOTHING_TO_DO)
def test_where_nothing_is_to_be_done_the_result_is_a_tensor_of_its_own(name: str) -> None:
    x = rc.tensor([1.0, 2.0])
    y = NOTHING_TO_DO[name](x)
    x[0] = 5.0
    assert (x.tolist(), y.tolist()) == ([5.0, 2.0], [1.0, 2.0])
    y[1] = 7.0
    assert x.tolist() == [5.0, 2.0]


@pytest.mark.parametrize("name", NOTHING_TO_DO)
def test_gradients_flow_through_it(name: str) -> None:
    x = rc.tensor([1.0, 2.0], requires_grad=True)
    (NOTHING_TO_DO[name](x) * 3.0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 3.0]


# --------------------------------------------------------------------------------------------------- helpers


def test_ordinary_numbers_are_of_ordinary_size_and_either_sign() -> None:
    x = ordinary(Random(1), (1000,))
    magnitudes = [word & ~SIGN for word in words(raw_bytes(x), x.dtype)]
    assert max(magnitudes) < 0x42800000 < INFINITY  # 2^6
    assert min(magnitudes) >= 0x3C000000  # 2^-7
    assert 400 < sum(value < 0 for value in x.values) < 600
    assert ordinary(Random(1), (1000,)).tobytes() == x.tobytes()


def test_taking_places_of_an_axis() -> None:
    x = PlainArray.of(range(24), (2, 3, 4))
    assert taken(x, 1, range(1, 3)).values.tolist() == [*range(4, 12), *range(16, 24)]
    assert taken(x, 2, [3, 0]).values.tolist() == [3, 0, 7, 4, 11, 8, 15, 12, 19, 16, 23, 20]
    assert taken(x, 0, []).shape == (0, 3, 4)
