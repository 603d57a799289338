"""The native kernels of one argument: the certifier on a sample, what it must notice, and whether its certificate is of
the sources that are here.
"""

import random
import struct
from fractions import Fraction
from pathlib import Path

import pytest

from rcmlrs_conformance.corpus import ODD_SUBNORMALS, read
from rcmlrs_conformance.judge import arb
from rcmlrs_conformance.judge.numbers import number, rounded
from tests.certify import __main__ as command
from tests.certify import certificate, certifier, sources
from tests.certify.certifier import ENCLOSED, Certifier
from tests.certify.run import Sample, certify

pytestmark = pytest.mark.skipif(not certifier.available(), reason="builds a crate: there is no cargo")

STEP = 9973  # a prime: 430,660 inputs of each function, with all exponents and last bits among them

NAMES = [*ENCLOSED, "sqrt", "square", "abs", "neg", "relu", "relu_derivative", "sign"]
NAMES += ["leaky_relu", "leaky_relu_derivative"]


@pytest.fixture(scope="module")
def certify_binary() -> Certifier:
    return certifier.build()


def test_every_function_is_in_the_table(certify_binary: Certifier) -> None:
    assert certify_binary.functions == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_right_at_every_level(certify_binary: Certifier, name: str) -> None:
    also = [case.input for case in read().get(name, [])]
    entry, found = certify(certify_binary, name, certify_binary.levels, threads=1, sample=Sample(STEP), also=also)
    assert not entry.wrong
    assert not found.undecided
    assert entry.good


@pytest.mark.parametrize("name", ENCLOSED)
def test_the_intervals_hold_the_values(certify_binary: Certifier, name: str) -> None:
    """Of Arb, at random numbers of every size, next to zero, and where the functions turn."""
    rng = random.Random(name)
    least = {"log": 0.0, "log1p": -1.0}.get(name, -13.0)  # below -13, gelu is beyond binary32's smallest number
    inputs = [rng.randrange(1, 0x7F800000) | rng.choice([0, 0x80000000]) for _ in range(100)]
    inputs += [struct.unpack("<I", struct.pack("<f", rng.uniform(-12, 12)))[0] for _ in range(100)]
    inputs = [x for x in inputs + ODD_SUBNORMALS if least < number(x) < 80]
    for x, ends in zip(inputs, certify_binary.enclose(name, inputs), strict=True):
        low, high = (Fraction(struct.unpack("<d", struct.pack("<Q", end))[0]) for end in ends)
        exact = arb.value(name, x)
        assert high - low < abs(exact) * Fraction(1, 2**36) or high - low < Fraction(1, 2**40)
        if name in ("swish", "gelu") and abs(number(x)) < 2.0**-125:
            # The interval need only lie between the same two neighbours of 25 bits.
            assert rounded(low) == rounded(exact) == rounded(high)
        else:
            assert low <= exact <= high


@pytest.mark.parametrize(
    ("name", "bits"), [("exp", 0x3F800000), ("gelu", 0x80000003), ("tanh", 0x7F800000), ("neg", 5)]
)
def test_one_wrong_bit_is_found(certify_binary: Certifier, name: str, bits: int) -> None:
    levels = certify_binary.levels[:1]
    whole = Sample(1 << 20)
    entry, _ = certify(certify_binary, name, levels, threads=1, sample=whole, sabotage=bits, also=[bits])
    assert not entry.good
    assert [int(x, 16) for x, _, _ in entry.wrong] == [bits]
    (_, given, right) = entry.wrong[0]
    assert int(given, 16) == int(right, 16) ^ 1


def test_a_wrong_bit_where_arb_must_decide_is_found(certify_binary: Certifier) -> None:
    """log at the number that is nearest to a midpoint."""
    (found,) = certify_binary.compare("log", certify_binary.levels[0], [0x65D890D3])
    assert found.open_count == 1
    entry, _ = certify(
        certify_binary,
        "log",
        certify_binary.levels[:1],
        threads=1,
        sample=Sample(1 << 20),
        sabotage=0x65D890D3,
        also=[0x65D890D3],
    )
    assert [x for x, _, _ in entry.wrong] == ["65d890d3"]


def test_the_exit_status_and_no_writing(capsys: pytest.CaptureFixture[str]) -> None:
    before = certificate.JSON.read_bytes() if certificate.JSON.exists() else None
    words = ["--functions", "neg", "--sample", "1000003", "--threads", "1"]
    assert command.main(words) == 0
    assert "neg: right" in capsys.readouterr().out
    assert command.main([*words, "--sabotage", "neg:3f800000"]) == 1
    assert "neg(0x3f800000) gives 0xbf800001; right is 0xbf800000" in capsys.readouterr().out
    assert before == (certificate.JSON.read_bytes() if certificate.JSON.exists() else None)


def test_the_certificate_is_of_these_sources() -> None:
    """Skipped, and not failed, where it is stale: else no kernel could be edited without a long run."""
    stored = certificate.read()
    wrong = [name for name, entry in stored.items() if not entry.good]
    assert not wrong
    stale = list(certificate.problems(NAMES, stored))
    if stale:
        pytest.skip("make certify is due: " + "; ".join(f"{name} is {problem}" for name, problem in stale))


def test_the_readable_certificate_says_the_same() -> None:
    stored = certificate.read()
    if not stored:
        pytest.skip("make certify has not been run")
    assert certificate.MARKDOWN.read_text(encoding="utf-8") == certificate.markdown(list(stored.values()))


class TestSources:
    """A toy of kernels, to see what makes a certificate stale."""

    @pytest.fixture
    def kernels(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(sources, "KERNELS", tmp_path)
        for path, text in {
            "lib.rs": "pub mod series;",
            "series.rs": "//! Of many.\nconst TERM: f64 = 1.0;",
            "array.rs": "pub struct Array;",
            "simd/mod.rs": "mod wide;",
            "simd/wide.rs": "",
            "ops/mod.rs": "",
            "ops/exp.rs": "use crate::series::{TERM};\nfn exp(s: simd::Lanes) {}",
            "ops/sinh.rs": "use crate::ops::exp;\nfn sinh(x: X) { x.rows::<2>() }",
            "rows.rs": "",
            "ops/take.rs": "use crate::array::Array;",
        }.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        return tmp_path

    def test_files(self, kernels: Path) -> None:
        files = ["ops/exp.rs", "series.rs", "simd/mod.rs", "simd/wide.rs"]
        assert sources.files_of_function("exp") == files
        assert sources.files_of_function("sinh") == [files[0], "ops/sinh.rs", *files[1:]]
        assert sources.files_of_function("take") == ["ops/take.rs"]  # array.rs carries elements and decides no bit

    def test_code_counts_and_comments_do_not(self, kernels: Path) -> None:
        def digests() -> list[str]:
            return [sources.digest_of_function("sinh"), sources.digest_of_function("take"), sources.digest_of_all()]

        before = digests()
        (kernels / "series.rs").write_text("//! Of a few.\n\nconst TERM: f64 = 1.0;", encoding="utf-8")
        after = digests()
        assert [x == y for x, y in zip(before, after, strict=True)] == [True, True, False]
        (kernels / "series.rs").write_text("const TERM: f64 = 1.5;", encoding="utf-8")
        assert [x == y for x, y in zip(after, digests(), strict=True)] == [False, True, False]
