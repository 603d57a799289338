"""The level at which every input of a function of one number is tried: its judge, its cases, and that they add up."""

from random import Random

import pytest

numpy = pytest.importorskip("numpy")

from rcmlrs_conformance import check_backends  # noqa: E402
from rcmlrs_conformance.chapters import exhaustive, subjects  # noqa: E402
from rcmlrs_conformance.examine import BITS, Examiner  # noqa: E402
from rcmlrs_conformance.inputs.elements import EDGES  # noqa: E402
from rcmlrs_conformance.inputs.trial import array_of  # noqa: E402
from rcmlrs_conformance.judge.formula import judge  # noqa: E402
from rcmlrs_conformance.running.plan import plan  # noqa: E402
from rcmlrs_conformance.subjects import LEVELS, LongCases  # noqa: E402
from rcmlrs_core.ops import KERNELS, TABLE  # noqa: E402
from rcmlrs_core.ops.op import Elementwise  # noqa: E402
from rcmlrs_core.plain import FLOAT32  # noqa: E402
from rcmlrs_core.registry import get_backend  # noqa: E402

LEVEL = LEVELS["exhaustive"]
FUNCTIONS = [name for name in TABLE if exhaustive.families(TABLE[name], LEVEL)]


def function(name: str) -> Elementwise:
    operation = KERNELS[name]
    assert isinstance(operation, Elementwise)
    return operation


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases of 2^10 inputs: a case of 2^24 takes the Python backend a minute."""
    monkeypatch.setattr(exhaustive, "BITS_OF_A_CASE", 10)
    monkeypatch.setattr(exhaustive, "AT_A_TIME", 1 << 8)


def test_it_is_for_functions_of_one_number() -> None:
    assert {"gelu", "exp", "isnan", "leaky_relu", "sqrt", "powi"} <= set(FUNCTIONS)
    assert not {"add", "sum", "logical_not", "reshape", "where"} & set(FUNCTIONS)
    assert not exhaustive.families(TABLE["gelu"], LEVELS["deep"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_judge_says_what_the_definition_says(name: str) -> None:
    operation, rng = function(name), Random(3)
    words = [*EDGES, *(rng.getrandbits(32) for _ in range(100)), *(0x3F000000 + rng.getrandbits(25) for _ in range(50))]
    x = array_of(words, (len(words),), FLOAT32)
    attributes = operation.check(x, **exhaustive.first_attributes(operation)).attributes
    found = judge(operation, attributes)(numpy.array(words, numpy.uint32).view(numpy.float32))
    assert exhaustive._dumped(found) == operation.define(x, **attributes).tobytes()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["gelu", "isnan", "neg", "leaky_relu"])
def test_a_healthy_backend_is_right(name: str) -> None:
    for backend in ("python", "numpy"):
        examiner = Examiner(get_backend(backend))
        for number in (0, 0x3F800000 >> 10, 0xFFFFFC00 >> 10):
            case = exhaustive.Neighbours(function(name), number, exhaustive.first_attributes(function(name)))
            assert case.examine(examiner) is None
        assert examiner.compared == 3 << 10


@pytest.mark.usefixtures("small")
def test_one_wrong_input_is_found() -> None:
    examiner = Examiner(get_backend("rcmlrs_saboteur:tanh_off_at_one_input"))
    wrong = 0x3C000000  # 2^-7
    for number in range((wrong >> 10) - 1, (wrong >> 10) + 2):
        finding = exhaustive.Neighbours(function("tanh"), number, {}).examine(examiner)
        if number != wrong >> 10:
            assert finding is None
            continue
        assert finding is not None
        assert finding.kind == BITS
        assert finding.trial is not None
        assert finding.trial.operands[0].tobytes() == wrong.to_bytes(4, "little")
        assert finding.trial.note == "of the 1,024 inputs of the case 1 are wrong"


@pytest.mark.usefixtures("small")
def test_a_case_runs_alone_and_all_of_them_make_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exhaustive, "CASES", 4)
    wanted = plan(["neg"], ["exhaustive"], level="exhaustive")
    assert [unit.name for unit in wanted.units(1)] == [f"neg/exhaustive/{number}" for number in range(4)]
    (report,) = check_backends(["python"], ["neg"], level="exhaustive", families=["exhaustive"], jobs=0)
    group = report.of("neg").families["exhaustive"]
    assert (group.status, group.cases, group.elements) == ("derived", 4, 4 << 10)
    (part,) = check_backends(["python"], cases=["neg/exhaustive/2"], level="exhaustive", jobs=0)
    assert part.of("neg").families["exhaustive"].elements == 1 << 10
    assert len({report.digest, part.digest}) == 2
    assert isinstance(subjects()["neg"].families(LEVEL)["exhaustive"], LongCases)


@pytest.mark.parametrize("name", ["relu", "sum", "conv", "linear", "persistence", "trainings"])
def test_the_other_families_go_as_far_as_at_the_level_before(name: str) -> None:
    families = subjects()[name].families(LEVELS["exhaustive"])
    for family in families.keys() & {"gradients", "batches", "pieces", "threads", "repeats", "layouts", "cnn", "json"}:
        deep, exhaustive = (list(families[family](0, LEVELS[level])) for level in ("deep", "exhaustive"))
        assert len(exhaustive) == len(deep) > 0


def test_a_table_by_level_goes_as_far_as_it_says() -> None:
    table = {"standard": 1, "deep": 2}
    assert [LEVELS[name].of(table) for name in ("standard", "deep", "exhaustive")] == [1, 2, 2]
