"""``rcmlrs bisect`` finds the operation that is wrong, says where it was called, and replays it alone."""

import json
import shlex
from collections.abc import Callable
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import rcmlrs_core as rc
from rcmlrs_conformance.bisect.case import load_case
from rcmlrs_conformance.bisect.command import bisect
from rcmlrs_conformance.bisect.find import OPERANDS, RESULTS, Difference, results_of
from rcmlrs_conformance.bisect.find import bisect as compare
from rcmlrs_conformance.bisect.program import Program, program_of
from rcmlrs_conformance.bisect.recording import End
from rcmlrs_conformance.bisect.replay import by_definition, first_wrong, on_backend, trial_of
from rcmlrs_conformance.bisect.trace import COMPOSITIONS, FUSED_CALL, Tracer, decoded, encoded
from rcmlrs_conformance.inputs.generators import families_of, trials
from rcmlrs_conformance.judge.definition import DEFINITION
from rcmlrs_conformance.subjects import LEVELS
from rcmlrs_conformance.trainings import TRAININGS
from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.fused import FUSED
from rcmlrs_core.io.binary import load_state_binary, save_tensors_binary
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.registry import OWN, Backend, backends, current_backend, get_backend
from tests.installed import BACKENDS

Shell = Callable[..., SimpleNamespace]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """``run("numpy", "python")`` in an empty folder: exit status, output, and what is said of errors."""
    app = typer.Typer()
    app.command()(bisect)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*arguments: Any) -> SimpleNamespace:
        result = CliRunner().invoke(app, list(map(str, arguments)))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return SimpleNamespace(status=result.exit_code, text=result.stdout, error=result.stderr)

    return invoke


def spoilt(fused: dict[str, Any] | None = None, name: str = "spoilt", **replaced: Any) -> Backend:
    """The Python backend with other kernels, or fused ones."""
    right = get_backend("python")
    return Backend(name, right.storage, right.kernels | replaced, dict.fromkeys(KERNELS, OWN), "spoilt", fused or {})


def difference(first: Any, second: Any, training: str = "mlp", steps: int = 2) -> Difference:
    found = compare(program_of(training, "small", steps, 0), _backend(first), _backend(second))
    assert isinstance(found, Difference)
    return found


def _backend(name: Any) -> Backend:
    return DEFINITION if name == "definition" else get_backend(name)


TRAIN = """
import rcmlrs_core as rc
from rcmlrs_core import nn, optim

def train():
    model = nn.Linear(3, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x = rc.random.normal((4, 3))
    for _ in range(3):
        optimizer.zero_grad()
        y = model(x).gelu()
        y.square().sum().backward()
        optimizer.step()
"""

# ------------------------------------------------------------------------------------------------- the same


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_installed_backends_have_the_bits_of_the_definitions(backend: str) -> None:
    for name in TRAININGS:
        found = compare(program_of(name, "small", 1, 0), get_backend(backend), DEFINITION)
        assert isinstance(found, End)
        assert not found.raised
        assert found.calls > 30


def test_the_same_bits_are_said_in_a_sentence(run: Shell) -> None:
    done = run("python", "python", "--training", "mlp", "--steps", 1)
    assert done.status == 0
    assert done.text.startswith("mlp, small: the same bits on python and python, in all of ")


def test_all_trainings_are_run_where_none_is_named(run: Shell) -> None:
    done = run("python", "python", "--steps", 1)
    assert done.status == 0
    assert [line.partition(",")[0] for line in done.text.splitlines()] == list(TRAININGS)


def test_more_steps_are_more_calls(run: Shell) -> None:
    program = [program_of("rnn", "small", steps, 0) for steps in (1, 2)]
    ends = [compare(one, get_backend("python"), get_backend("python")) for one in program]
    assert isinstance(ends[0], End)
    assert isinstance(ends[1], End)
    assert ends[0].calls < ends[1].calls


def test_a_backend_that_is_not_traced_is_left_as_it_is() -> None:
    backend = get_backend("python")
    kernels, fused, storage = dict(backend.kernels), backend.fused, backend.storage
    compare(program_of("mlp", "small", 1, 0), backend, backend)
    assert backend.kernels == kernels
    assert backend.fused is fused
    assert backend.storage is storage
    assert get_backend("python") is backend


# ------------------------------------------------------------------------------------------- what is found


@pytest.mark.parametrize(
    ("fault", "operation", "training"),
    [
        ("gelu_in_pieces", "gelu", "mlp"),
        ("linear_adds_bias_afterwards", "linear", "rnn"),
        ("mean_rounds_twice", "mean", "transformer"),
        ("matmul_transposed", "matmul", "lstm"),
        ("argmax_takes_the_last", "argmax", "cnn"),
        ("sum_in_float32", "sum", "cnn"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_operation_that_is_found_is_the_faulty_one(fault: str, operation: str, training: str, first: bool) -> None:
    name = f"rcmlrs_saboteur:{fault}"
    found = difference(name, "python", training) if first else difference("python", name, training)
    assert (found.kind, found.call.name) == (RESULTS, operation)
    assert found.first_results is not None
    assert not found.not_repeated
    assert first_wrong(found.first_results, found.results)


def test_a_file_s_fault_is_found_at_its_line_and_replayed(run: Shell, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAIN.replace("normal((4, 3))", "normal((60, 3))"))
    done = run("rcmlrs_saboteur:sum_in_float32", "python", "--training", "train.py")
    assert done.status == 1
    assert "sum, in step 1, forward, at train.py:12 in train." in done.text
    assert "the exact definition gives" in done.text
    line = next(line for line in done.text.splitlines() if "--replay" in line)
    again = run(*shlex.split(line)[2:])
    assert again.status == 1
    assert "gives the same bits as in the training" in again.text
    assert "clause N3.1" in again.text
    assert "rc.sum(x" in again.text
    right = run(*shlex.split(line)[2:-1], "python")
    assert right.status == 0
    assert "is right: these are the bits of the exact definition" in right.text


def test_the_gradient_s_operation_is_named() -> None:
    def nearly(x: Any, **attributes: Any) -> Any:
        result = get_backend("python").kernels["gelu_derivative"](x)
        result.values[0] += 2.0**-20
        return result

    found = difference("python", spoilt(gelu_derivative=nearly))
    assert found.call.name == "gelu_derivative"
    assert found.call.phase == "backward of gelu"
    assert found.call.step == 1


def test_the_optimizer_s_operation_is_told_with_its_step() -> None:
    calls = []

    def late(x: Any) -> Any:
        calls.append(x)
        result = get_backend("python").kernels["square"](x)
        if len(calls) > 4:  # the mlp has four parameters: from the second step on
            result.values[0] += 1.0
        return result

    case = difference("python", spoilt(square=late), steps=3)
    assert case.call.name == "adam_update"
    assert (case.call.phase, case.call.step) == ("optimizer", 2)


def _adam(p: Any, g: Any, m: Any, v: Any, **numbers: Any) -> tuple[Any, ...]:
    """A fused kernel that is right but for one bit of the second moment."""
    from rcmlrs_conformance.bisect.trace import composed
    from rcmlrs_core.tensor import wrap

    python = get_backend("python")
    tensors = [wrap(x, x.shape, "float32", python) for x in (p, g, m, v)]
    found = [x._buffer for x in composed("adam_update", tensors, numbers, python)]
    wrong = type(found[2])(found[2].values[:], found[2].shape)
    wrong.values[0] += 2.0**-30
    return found[0], found[1], wrong


def test_a_fused_fault_is_found_and_told_from_one_in_an_operation(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from rcmlrs_core import registry

    monkeypatch.setitem(registry._built, "spoilt", spoilt({"adam_update": _adam}))
    done = run("spoilt", "python", "--training", "mlp")
    assert done.status == 1
    assert "adam_update (fused), in step 1, optimizer" in done.text
    assert "every operation of the composition is right: its fused kernel is not" in done.text
    (saved,) = Path().glob("*.safetensors")
    case = load_case(str(saved))
    assert case.kind == FUSED_CALL
    right = by_definition(case)
    assert on_backend(case, get_backend("python")) == right
    assert on_backend(case, registry._built["spoilt"]) == case.results["spoilt"] != right
    again = run("--replay", saved, "--backend", "spoilt")
    assert again.status == 1
    assert "spoilt gives the same bits as in the training." in again.text


def test_an_operation_in_a_composition_is_found_in_it(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from rcmlrs_core import registry

    def square(x: Any) -> Any:
        result = get_backend("python").kernels["square"](x)
        result.values[-1] += 2.0**-10
        return result

    monkeypatch.setitem(registry._built, "spoilt", spoilt(square=square))
    done = run("python", "spoilt", "--training", "mlp")
    assert "adam_update (fused)" in done.text
    assert "the first operation that is wrong is square:" in done.text


def test_every_fused_composition_can_be_traced() -> None:
    assert set(COMPOSITIONS) == set(FUSED)


@pytest.mark.parametrize("owner", [status.name for status in backends() if status.fused])
def test_a_fused_kernel_is_one_call_as_a_composition_is(owner: str) -> None:
    found = compare(program_of("cnn", "small", 3, 0), get_backend(owner), get_backend("python"))
    assert isinstance(found, End)
    names = []
    from rcmlrs_conformance.bisect.find import run as traced

    traced(program_of("cnn", "small", 1, 0), get_backend(owner), lambda call, *_: names.append(call.kind))
    assert FUSED_CALL in names


def test_a_kernel_that_changes_its_operand_is_told(run: Shell) -> None:
    done = run("python", "rcmlrs_saboteur:operand_overwritten", "--training", "cnn")
    assert done.status == 1
    assert "The kernel of rcmlrs_saboteur:operand_overwritten changes its operand 0" in done.text


def test_a_draw_that_is_wrong_is_found(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from rcmlrs_core import registry

    def bernoulli(*, seed: int, stream: int, shape: tuple[int, ...], below: int) -> tuple[Any, ...]:
        return (PlainArray.of([True] * prod(shape), shape, "bool"),)

    monkeypatch.setitem(registry._built, "spoilt", spoilt({"random_bernoulli": bernoulli}))
    done = run("numpy", "spoilt", "--training", "transformer")
    assert done.status == 1
    assert "random_bernoulli (fused), in step 1, forward, at models.py:" in done.text
    assert "every operation of the composition is right: its fused kernel is not" in done.text
    (saved,) = Path().glob("*.safetensors")
    assert run("--replay", saved, "--backend", "python").status == 0
    assert run("--replay", saved, "--backend", "spoilt").status == 1
    state = load_state_binary(str(saved))
    huge = encoded({"seed": 0, "stream": 0, "shape": (1 << 42,), "below": 3})
    save_tensors_binary("huge", state, metadata=state.metadata | {"attributes": huge})
    done = run("--replay", "huge", "--backend", "python")
    assert done.status == 2


def test_a_buffer_that_is_changed_later_is_told_as_such() -> None:
    kept: list[Any] = []

    def keeps(x: Any) -> Any:
        result = get_backend("python").kernels["exp"](x)
        kept.append(result)
        return result

    def spoils(x: Any) -> Any:
        kept[-1].values[0] += 1.0
        return get_backend("python").kernels["gelu"](x)

    def start() -> None:
        x = rc.ones(3)
        y = x.exp()
        x.gelu()
        y.tanh()

    found = compare(Program("own", "", start, 0, None), get_backend("python"), spoilt(exp=keeps, gelu=spoils))
    assert isinstance(found, Difference)
    assert (found.kind, found.call.name) == (OPERANDS, "tanh")


def test_a_buffer_of_another_size_than_it_says(run: Shell) -> None:
    done = run("python", "rcmlrs_saboteur:scratch_memory_shared", "--training", "transformer")
    assert done.status == 1
    assert "that holds 24 bytes" in done.text
    (saved,) = Path().glob("*.safetensors")
    assert list(load_case(str(saved)).results) == ["python"]


def test_an_operation_that_raises_is_the_difference(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from rcmlrs_core import registry

    def broken(x: Any, **attributes: Any) -> Any:
        raise OSError("out of\npaper")

    monkeypatch.setitem(registry._built, "spoilt", spoilt(gelu=broken))
    for pair in (("python", "spoilt"), ("spoilt", "python")):
        done = run(*pair, "--training", "mlp")
        assert done.status == 1
        assert "OSError: out of paper" in done.text
        assert done.text.endswith("--backend spoilt\n")
    (saved,) = Path().glob("*.safetensors")
    again = run("--replay", saved, "--backend", "spoilt")
    assert again.status == 1
    assert "raises OSError" in again.text


def test_a_backend_that_does_not_repeat_itself_is_told() -> None:
    calls = []

    def drifts(x: Any) -> Any:
        calls.append(x)
        result = get_backend("python").kernels["gelu"](x)
        result.values[0] += 2.0**-20 * len(calls)
        return result

    assert difference(spoilt(gelu=drifts), "python", steps=1).not_repeated


# ------------------------------------------------------------------------------------------- files of one's own


def write(tmp_path: Path, body: str, name: str = "own.py") -> str:
    (tmp_path / name).write_text("import rcmlrs_core as rc\n" + body)
    return name


def test_a_generator_and_steps(run: Shell, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAIN + "        yield\n")
    all_of_it = run("python", "python", "--training", "train.py").text
    assert all_of_it != run("python", "python", "--training", "train.py", "--steps", 1).text
    assert all_of_it == run("python", "python", "--training", "train.py", "--steps", 3).text


def test_a_tensor_s_own_backend_by_name_is_traced_too(run: Shell, tmp_path: Path) -> None:
    body = "def train():\n    x = rc.ones(3)\n    (x + rc.zeros(3, backend=x.backend)).gelu()\n"
    done = run("python", "rcmlrs_saboteur:gelu_in_pieces", "--training", write(tmp_path, body))
    assert done.status in (0, 1)
    assert not done.error


def test_a_file_imports_what_lies_beside_it_and_is_no_script(run: Shell, tmp_path: Path) -> None:
    write(tmp_path, "def start():\n    return rc.ones(3)\n", "beside_the_training.py")
    body = "import beside_the_training as b\nassert __name__ != '__main__'\ndef train():\n    b.start() + 1\n"
    assert run("python", "python", "--training", write(tmp_path, body)).status == 0


def test_what_a_file_imports_is_made_anew_on_each_backend(run: Shell, tmp_path: Path) -> None:
    write(tmp_path, "x = rc.ones(3)\n", "made_beside_it.py")
    own = write(tmp_path, "import made_beside_it as b\ndef train():\n    b.x + 1\n")
    done = run("python", "numpy", "--training", own)
    assert (done.status, done.error) == (0, "")


def test_a_training_that_raises_says_what(run: Shell, tmp_path: Path) -> None:
    body = "def train():\n    rc.ones(3) + 1\n    raise ValueError('no\\nway')\n"
    done = run("python", "python", "--training", write(tmp_path, body))
    assert done.status == 2
    assert "ValueError: no way" in done.error
    done = run("python", "--training", "own.py", "--record", "own.rec")
    assert done.status == 2
    assert not Path("own.rec").exists()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("def train():\n    pass\n", "computes nothing on the current backend"),
        ("train = 3\n", "has no function train()"),
        ("def train(:\n", "SyntaxError"),
        ("def train(x):\n    pass\n", "TypeError"),
        ("import sys\nsys.exit(4)\n", "SystemExit: 4"),
    ],
)
def test_a_file_that_is_no_training(body: str, told: str, run: Shell, tmp_path: Path) -> None:
    done = run("python", "python", "--training", write(tmp_path, body))
    assert done.status == 2
    assert told in done.error


def test_a_training_that_depends_on_chance(run: Shell, tmp_path: Path) -> None:
    body = (
        "import itertools, sys\nsys.chances = getattr(sys, 'chances', itertools.count())\n"
        "def train():\n    x = rc.ones(3)\n    x.gelu()\n    x @ x if next(sys.chances) % 2 else x + x\n"
    )
    done = run("python", "python", "--training", write(tmp_path, body))
    assert done.status == 1
    assert "is add of float32[3] float32[3] with {} on python (step 1, forward, at own.py:7 in train)" in done.text
    assert "and matmul of float32[3] float32[3] with {} on python" in done.text
    assert "neither time nor chance" in done.text


def test_a_training_whose_data_depend_on_chance(run: Shell, tmp_path: Path) -> None:
    body = (
        "import itertools, sys\nsys.chances = getattr(sys, 'chances', itertools.count())\n"
        "def train():\n    rc.tensor([next(sys.chances)]) + 1\n"
    )
    done = run("python", "python", "--training", write(tmp_path, body))
    assert done.status == 1
    assert "The data that are loaded there differ" in done.text


def test_a_training_that_ends_sooner(run: Shell, tmp_path: Path) -> None:
    body = "def train():\n    x = rc.ones(3)\n    x + x\n    if rc.ones(1).backend == 'python':\n        x * x\n"
    done = run("python", "rcmlrs_saboteur:gelu_in_pieces", "--training", write(tmp_path, body))
    assert done.status == 1
    assert "is mul of float32[3] float32[3] with {} on python" in done.text
    assert "and over on rcmlrs_saboteur:gelu_in_pieces" in done.text


# ------------------------------------------------------------------------------------------------ recordings


def test_a_recording_is_compared_elsewhere(run: Shell) -> None:
    recorded = run("python", "--training", "rnn", "--record", "rnn.rec", "--steps", 2, "--seed", 7)
    assert recorded.status == 0
    same = run("numpy", "--from", "rnn.rec")
    assert same.status == 0
    assert "rnn, small: the same bits on python (recorded) and numpy" in same.text
    wrong = run("rcmlrs_saboteur:linear_adds_bias_afterwards", "--from", "rnn.rec")
    assert wrong.status == 1
    assert "linear, in step 1, forward, at recurrent.py" not in wrong.text
    assert "rcmlrs_saboteur:linear_adds_bias_afterwards  is wrong: " in wrong.text


def test_a_recording_of_a_file_says_that_the_file_is_needed(run: Shell, tmp_path: Path) -> None:
    recorded = run(
        "python", "--training", write(tmp_path, "def train():\n    rc.tensor([1.0]).exp()\n"), "--record", "own.rec"
    )
    assert recorded.text.endswith("    rcmlrs bisect BACKEND --from own.rec --training own.py\n")


def test_a_wrong_recording_is_told_from_a_wrong_backend(run: Shell) -> None:
    run("rcmlrs_saboteur:gelu_in_pieces", "--training", "mlp", "--record", "mlp.rec")
    done = run("python", "--from", "mlp.rec")
    assert done.status == 1
    assert "So rcmlrs_saboteur:gelu_in_pieces (recorded) is wrong." in done.text


def test_a_recording_of_something_else(run: Shell, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    assert run("python", "--training", "train.py", "--record", "a.rec").status == 0
    assert "give the same file with --training" in run("python", "--from", "a.rec").error
    assert run("python", "--from", "a.rec", "--training", "train.py").status == 0
    (tmp_path / "train.py").write_text(TRAIN + "\n# changed\n")
    changed = run("python", "--from", "a.rec", "--training", "train.py")
    assert changed.status == 2
    assert "its source differs" in changed.error
    other = run("python", "--from", "a.rec", "--training", "mlp")
    assert other.status == 2
    assert "its training is 'train.py', and here 'mlp, small'" in other.error


def lines_of(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def write_lines(path: str, lines: list[Any]) -> None:
    Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines))


def _hostile() -> dict[str, Callable[[list[dict[str, Any]]], Any]]:
    def changed(number: int, **members: Any) -> Callable[[list[dict[str, Any]]], Any]:
        def change(lines: list[dict[str, Any]]) -> Any:
            lines[number] = lines[number] | members
            return lines

        return change

    def without(number: int, name: str) -> Callable[[list[dict[str, Any]]], Any]:
        def change(lines: list[dict[str, Any]]) -> Any:
            lines[number].pop(name)
            return lines

        return change

    return {
        "truncated": lambda lines: lines[:-1],
        "nothing but a header": lambda lines: lines[:1],
        "empty": lambda lines: [],
        "a call is left out": lambda lines: lines[:5] + lines[6:],
        "something follows": lambda lines: [*lines, lines[-1]],
        "another format": changed(0, format="2"),
        "a number where text is due": changed(0, training=3),
        "a header without a source": without(0, "source"),
        "a call without operands": without(2, "operands"),
        "an unknown member": changed(2, extra="x"),
        "an unknown kind": changed(2, kind="evil"),
        "a step that is no number": changed(2, step="1"),
        "a step that is negative": changed(2, step=-1),
        "a digest that is none": changed(2, operands="float32[3]:xyz"),
        "escape sequences": changed(2, where="\x1b[31mred"),
        "a seed that is none": changed(0, seed="x"),
        "a huge seed": changed(0, seed="9" * 100),
        "nesting": lambda lines: [lines[0], [[[[[[]]]]]]],
        "an array": lambda lines: [[1, 2]],
        "a line without an end": lambda lines: [lines[0] | {"about": "x" * (1 << 21)}, *lines[1:]],
    }


@pytest.mark.parametrize("attack", _hostile())
def test_a_hostile_recording_is_refused(attack: str, run: Shell) -> None:
    run("python", "--training", "rnn", "--record", "rnn.rec", "--steps", 1)
    write_lines("bad.rec", _hostile()[attack](lines_of("rnn.rec")))
    done = run("python", "--from", "bad.rec")
    assert done.status == 2
    assert done.error.startswith("rcmlrs: ")
    assert "\x1b[31mred" not in done.error


def test_bytes_that_are_no_text(run: Shell) -> None:
    for raw in (b"\xff\xfe\n", b"{" * 100000 + b"\n", b"\0" * 100):
        Path("bad.rec").write_bytes(raw)
        assert run("python", "--from", "bad.rec").status == 2


# ----------------------------------------------------------------------------------------------------- cases


def test_a_case_that_is_tampered_with_is_refused(run: Shell) -> None:
    run("python", "rcmlrs_saboteur:gelu_in_pieces", "--training", "mlp", "--save", "case")
    state = load_state_binary("case")
    assert run("--replay", "case", "--backend", "python").status == 0

    def refused(tensors: dict[str, Any], **members: str) -> str:
        save_tensors_binary("bad", tensors, metadata=state.metadata | members)
        done = run("--replay", "bad", "--backend", "python")
        assert done.status == 2
        return str(done.error)

    assert "there is no operation 'system'" in refused(state, name="system")
    assert "there is no evil" in refused(state, kind="evil")
    assert "attributes cannot be read" in refused(state, attributes="[")
    assert "attributes cannot be read" in refused(state, attributes="[" * 100000)
    assert "attributes cannot be read" in refused(state, attributes='{"x": {"ratio": "1/0"}}')
    assert "attributes cannot be read" in refused(state, attributes='{"x": {"ratio": "1e999999999"}}')
    assert "cannot be called as the case says" in refused(state, attributes='{"x": 3}')
    assert "cannot be called as the case says" in refused(state, name="matmul")
    assert "cannot be called as the case says" in refused({})
    assert "is not expected" in refused(state | {"operand.7": state["operand.0"]})
    assert "is not expected" in refused({"x": state["operand.0"]})
    assert "no printable text" in refused(state, told="\x1b[2J")
    assert "no case of rcmlrs bisect" in refused(state, **{"rcmlrs bisect": "2"})
    huge = json.dumps({"shape": [1 << 14, 1 << 14, 1 << 14]})
    assert "broadcast_to" in refused({"operand.0": state["operand.0"].sum()}, name="broadcast_to", attributes=huge)


@pytest.mark.parametrize("name", KERNELS)
def test_every_operation_s_call_can_be_written_and_made_again(name: str) -> None:
    """What the kernel was called with is in JSON, and check gives it back from what replay passes on."""
    from rcmlrs_conformance.bisect.case import Case
    from rcmlrs_conformance.judge.definition import Outcome

    operation = KERNELS[name]
    for family in families_of(operation):
        for trial in trials(operation, family, LEVELS["smoke"], 0):
            normal = operation.check(*trial.operands, **trial.attributes).attributes
            again = decoded(encoded(normal))
            assert repr(again) == repr(dict(sorted(normal.items())))
            operands = tuple(Outcome(x.shape, x.dtype, x.tobytes()) for x in trial.operands)
            given = trial_of(Case("operation", name, again, operands, {})).attributes
            assert operation.check(*trial.operands, **given).attributes == normal


def test_what_a_call_gave_is_known_again() -> None:
    program = program_of("cnn", "small", 1, 0)
    call, results = results_of(program, get_backend("python"), 40)
    assert len(results) == len(call.results) >= 1


# ------------------------------------------------------------------------------------------------------ usage


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "which backends?"),
        (["nmpy", "python"], "did you mean 'numpy'?"),
        (["python", "python", "--training", "mpl"], "did you mean 'mlp'?"),
        (["python", "python", "--training", "missing.py"], "missing.py: No such file"),
        (["python", "python", "--size", "huge"], "there is no size 'huge'"),
        (["python", "--record", "x"], "which training?"),
        (["python", "--record", "x", "--from", "y"], "different things"),
        (["python", "numpy", "--from", "y"], "--from takes one backend"),
        (["python", "--from", "missing.rec"], "missing.rec: No such file"),
        (["python", "python", "--backend", "numpy"], "--backend goes with --replay"),
        (["--replay", "missing"], "missing: No such file"),
        (["python", "--training", "rnn", "--steps", "1", "--record", "no/such/folder"], "no/such/folder: "),
    ],
)
def test_usage(arguments: list[str], told: str, run: Shell) -> None:
    done = run(*arguments)
    assert done.status == 2
    assert told in done.error
    assert not list(Path().iterdir())


def test_a_case_that_cannot_be_saved_is_a_difference_all_the_same(run: Shell) -> None:
    done = run("python", "rcmlrs_saboteur:gelu_in_pieces", "--training", "mlp", "--save", "no/such/folder")
    assert done.status == 1
    assert "The call is not saved: no/such/folder" in done.text


def test_a_tracer_is_no_backend_of_anybody_else() -> None:
    tracer = Tracer(get_backend("python"), lambda call, operands, results: None)
    assert tracer.backend is not get_backend("python")
    assert current_backend() is not tracer.backend


def test_a_file_that_is_no_case(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"no case")
    with pytest.raises(FileFormatError):
        load_case(str(path))
