"""Certificates: they say what was run, whatever is changed shows, and they can be run again."""

import json
import re
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcmlrs_conformance import __version__, check_backend, clauses, frozen
from rcmlrs_conformance.certificates import certificate, machine, verify
from rcmlrs_conformance.certificates.certificate import CertificateError, parse, read, text_of, write
from rcmlrs_conformance.certificates.records import RecordError, parsed
from rcmlrs_conformance.certificates.verdict import CONFORMS, FAILS, PARTIAL, verdict_of
from rcmlrs_conformance.chapters import subjects
from rcmlrs_conformance.report import Failure, FamilyReport, Report, SubjectReport
from rcmlrs_conformance.status import ERROR, STATUSES, UNSUPPORTED, WAIVED
from rcmlrs_core.errors import BackendError, FileFormatError
from rcmlrs_core.ops import TABLE

FAULTY = "rcmlrs_saboteur:sum_in_float32"


def whole(backend: str = "numpy") -> Report:
    """A report of everything that the contract comprises, as if all of it were right; nothing was run."""
    report = Report(backend, "a text", "smoke", 0)
    for name in frozen.groups_of("1", "smoke"):
        subject, _, family = name.partition("/")
        if not report.subjects or report.subjects[-1].name != subject:
            report.subjects.append(SubjectReport(subject, "own"))
        digest = sha256(name.encode()).hexdigest()
        report.subjects[-1].families[family] = FamilyReport("own", cases=2, elements=3, digest=digest)
    return report


@pytest.fixture(scope="module")
def small() -> str:
    """A certificate of a few groups, some of which are wrong."""
    return text_of(check_backend(FAULTY, ops=["sum"], families=["ties", "edges", "integers"]))


def resealed(text: str, change: Any) -> bytes:
    """A certificate with its lines changed, and a footer that has the digest of the new lines."""
    records = [json.loads(line) for line in text.splitlines()]
    change(records)
    before = "".join(json.dumps(record) + "\n" for record in records[:-1])
    records[-1]["sha256"] = sha256(before.encode()).hexdigest()
    return (before + json.dumps(records[-1]) + "\n").encode()


# ---------------------------------------------------------------------------------------------------- what it says


def test_what_was_found_comes_back(tmp_path: Path) -> None:
    report = check_backend(FAULTY, ops=["sum", "storage"])
    write(report, tmp_path / "c.jsonl")
    found = read(tmp_path / "c.jsonl")
    for subject, again in zip(report.subjects, found.report.subjects, strict=True):
        for family in subject.families.values():
            family.seconds = round(family.seconds, 3)
        assert again == subject
    assert found.report.digest == report.digest == found.footer.digest
    assert found.footer.wrong == sum(subject.wrong for subject in report.subjects) > 0
    assert not list(tmp_path.glob(".*")), "nothing is left beside it"


def test_the_header_says_what_ran_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/home/somebody/dump --xla_cpu_enable_fast_math=false")
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    header = parse(text_of(check_backend("numpy", ops=["add"], seed=7)).encode()).header
    assert (header.suite, header.contract, header.level, header.seed) == (__version__, "1", "smoke", 7)
    assert header.contract_sha256 == sha256(clauses.CONTRACT.read_bytes()).hexdigest()
    assert header.backend == "numpy"
    assert header.distribution.startswith("rcmlrs ")
    assert header.libraries["numpy"].count(".") >= 1
    assert header.python.startswith("CPython 3.")
    assert header.asked.ops == ("add",)
    assert header.date.endswith("Z")
    assert header.environment["OMP_NUM_THREADS"] == "3"
    assert header.environment["XLA_FLAGS"] == "--xla_dump_to=.../dump --xla_cpu_enable_fast_math=false"
    assert "hidden" not in str(header)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("cannot open /home/ann/models/a.bin: no", "cannot open .../a.bin: no"),
        (r"C:\Users\ann\a.bin", ".../a.bin"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        ("gelu/edges/3 and 1/2 / 3", "gelu/edges/3 and 1/2 / 3"),
    ],
)
def test_no_paths_of_a_machine(text: str, clean: str) -> None:
    assert machine.without_paths(text) == clean


def test_texts_of_a_backend_are_bounded_and_unicode() -> None:
    report = whole()
    report.about = "half \ud800 " + "x" * 10**6
    found = parse(text_of(report).encode())
    assert found.header.about.startswith("half \\ud800 xxx")
    assert len(found.header.about) < 5_000


# ------------------------------------------------------------------------------------------------------ the verdict


def verdict(report: Report) -> tuple[str, str]:
    found = parse(text_of(report).encode()).footer
    return found.verdict, found.words


def test_everything_right_conforms() -> None:
    code, words = verdict(whole())
    assert code == CONFORMS
    assert "case groups are right" in words


def test_a_search_belongs_in_it_and_is_not_missed(tmp_path: Path, shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it tries depends on what is installed: it is no part of what is expected, and has no digest."""
    report = check_backend("python", ops=["relu"], level="standard")
    assert "search" in report.of("relu").families
    write(report, tmp_path / "c.jsonl")
    assert read(tmp_path / "c.jsonl").groups["relu/search"].digest == ""
    again = shell("rcmlrs", "verify", tmp_path / "c.jsonl", "--rerun")
    assert "The same bits in all" in again.text
    monkeypatch.setattr("rcmlrs_conformance.chapters.search.is_there", lambda: False)
    assert parse(text_of(report).encode()).report.of("relu").families["search"].ok
    assert not any(name.endswith("/search") for name in frozen.groups_of("1", "standard"))
    without = check_backend("python", ops=["relu"], level="standard")
    assert "search" not in without.of("relu").families
    assert without.digest == report.digest


def test_less_than_everything_is_partial() -> None:
    missing = whole()
    missing.subjects[3].families.popitem()
    code, words = verdict(missing)
    assert (code, words.partition("but ")[2].partition(" of")[0]) == (PARTIAL, "1")
    against = whole()
    against.against = "python"
    assert verdict(against)[0] == PARTIAL
    cases = whole()
    cases.asked = replace(cases.asked, cases=("sum/ties/0",))
    assert verdict(cases)[0] == PARTIAL
    untried = whole()
    for family in untried.subjects[3].families.values():
        family.cases = 0
    assert f"nothing was tried of {untried.subjects[3].name}" in verdict(untried)[1]
    assert verdict(Report("numpy", "", "smoke", 0))[0] == PARTIAL


def test_a_wrong_bit_or_an_error_does_not_conform() -> None:
    for change in (
        {"status": "fail", "failed": 1, "failure": Failure("", "", "c", "wrong bits", "one")},
        {"status": ERROR, "error": "lost"},
    ):
        report = whole()
        subject = report.subjects[5]
        first = next(iter(subject.families))
        if "failure" in change:
            change["failure"] = Failure(subject.name, first, f"{subject.name}/{first}/0", "wrong bits", "one")
        subject.families[first] = replace(subject.families[first], **change)  # type: ignore[arg-type]
        assert verdict(report)[0] == FAILS
    printed = whole()
    printed.problems = ["the backend prints"]
    assert verdict(printed)[0] == FAILS


def test_one_problem_is_told_in_the_singular() -> None:
    report = whole()
    report.problems.append("The backend prints to stdout.")
    assert verdict_of(report, 0, 0).words == "1 problem of the run itself"


def test_what_is_declared_is_told() -> None:
    report = whole()
    one, other = report.subjects[5], report.subjects[6]
    first = next(iter(one.families))
    one.families[first] = replace(one.families[first], status=WAIVED, waived=1, reason="known")
    other.kernel = UNSUPPORTED
    other.families = {name: replace(family, status=UNSUPPORTED) for name, family in other.families.items()}
    code, words = verdict(report)
    assert code == CONFORMS
    assert "1 but for cases that are declared wrong" in words
    assert f"{len(other.families)} declared unsupported" in words


def test_groups_without_a_digest_stay_out_of_it() -> None:
    report, other = whole(), whole()
    first = next(iter(report.subjects[0].families))
    del other.subjects[0].families[first]
    report.subjects[0].families[first].digest = ""
    assert report.digest == other.digest != whole().digest


# -------------------------------------------------------------------------------------------------------- attacks


def test_the_small_one_is_valid(small: str) -> None:
    assert parse(small.encode()).footer.verdict == FAILS


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_change_of_bytes_leaves_it_valid(small: str, data: st.DataObject) -> None:
    raw = bytearray(small.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        what = data.draw(st.sampled_from(["replace", "insert", "delete", "cut", "repeat"]))
        if what == "replace":
            raw[at] = data.draw(st.integers(0, 255))
        elif what == "insert":
            raw[at:at] = data.draw(st.binary(min_size=1, max_size=4))
        elif what == "delete":
            del raw[at : at + data.draw(st.integers(1, 40))]
        elif what == "cut":
            del raw[at:]
        else:
            raw[at:at] = raw[at : at + data.draw(st.integers(1, 400))]
        if not raw:
            break
    if bytes(raw) != small.encode():
        with pytest.raises(CertificateError):
            parse(bytes(raw))


def test_every_single_byte_counts(small: str) -> None:
    raw = small.encode()
    for at in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[at] ^= 1
        with pytest.raises(CertificateError):
            parse(bytes(changed))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_change_of_lines_leaves_it_valid(small: str, data: st.DataObject) -> None:
    lines = small.splitlines(keepends=True)
    at, other = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(0, len(lines) - 1))
    changed = list(lines)
    match data.draw(st.sampled_from(["delete", "swap", "repeat", "blank"])):
        case "delete":
            del changed[at]
        case "swap":
            changed[at], changed[other] = changed[other], changed[at]
        case "repeat":
            changed.insert(other, changed[at])
        case _:
            changed.insert(at, "\n")
    if changed != lines:
        with pytest.raises(CertificateError):
            parse("".join(changed).encode())


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 10), st.floats(), st.text(max_size=3), st.sampled_from(list(STATUSES)),
    st.just([]), st.just({}),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_new_digest_over_the_lines_does_not_hide_a_change(small: str, data: st.DataObject) -> None:
    """Of anything that the footer says, or that a line says of right and wrong."""
    number = data.draw(st.integers(1, len(small.splitlines()) - 1))
    keys = {"status", "kernel", "cases", "elements", "failed", "waived", "unsupported", "wrong", "digest", "group"}
    record = json.loads(small.splitlines()[number])
    key = data.draw(st.sampled_from([key for key in record if key in keys or record["record"] == "footer"]))
    value = data.draw(VALUES)

    def change(records: list[dict[str, Any]]) -> None:
        records[number][key] = value

    if type(value) is not type(record[key]) or value != record[key]:
        if key == "sha256":
            return  # that is what is made anew
        with pytest.raises(CertificateError):
            parse(resealed(small, change))


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"failed": 1}, "says 'own', but its counts give fail"),
        ({"status": "waived"}, "says 'waived', but its counts give own"),
        ({"error": "x"}, "says 'own', but its counts give error"),
        ({"unsupported": 1}, "says 'own', but its counts give unsupported"),
        ({"status": "fail", "failed": 3}, "contradict each other"),
        ({"elements": -1}, "contradict each other"),
        ({"digest": "ABC"}, "the digest of storage/float32 is 'ABC'"),
        ({"failure": Failure("storage", "float32", "c", "k", "s")}, "tells of a failure, but has none"),
    ],
)
def test_a_line_does_not_contradict_itself(change: dict[str, Any], answer: str) -> None:
    """However well the footer fits to it."""
    report = whole()
    families = report.subjects[0].families
    families["float32"] = replace(families["float32"], **change)
    with pytest.raises(CertificateError) as refused:
        parse(text_of(report).encode())
    assert answer in str(refused.value)


def test_a_group_that_the_suite_does_not_have_is_refused() -> None:
    report = whole()
    report.subjects[0].families["float33"] = report.subjects[0].families["float32"]
    with pytest.raises(CertificateError, match=r"suite .* has no case group storage/float33 at level smoke"):
        parse(text_of(report).encode())
    of_their_own = whole()
    of_their_own.subjects.append(SubjectReport("their_own", "own", {"edges": FamilyReport("own", cases=1)}))
    assert parse(text_of(of_their_own).encode()).footer.verdict == CONFORMS


def test_a_certificate_with_a_search_is_read(tmp_path: Path) -> None:
    """No version of the contract comprises searches, and yet they belong to a run from standard on."""
    write(check_backend("numpy", ops=["relu"], families=["search", "ties"], level="standard"), tmp_path / "c.jsonl")
    assert set(read(tmp_path / "c.jsonl").groups) == {"relu/search", "relu/ties"}
    records = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    records[0]["level"] = "smoke"  # where there is none
    with pytest.raises(CertificateError, match="has no case group relu/search at level smoke"):
        parse(resealed("".join(json.dumps(record) + "\n" for record in records), lambda _: None), "c.jsonl")


def test_an_edit_is_called_one(small: str) -> None:
    with pytest.raises(CertificateError, match="a line was changed, taken away or added"):
        parse(small.replace('"seed": 0', '"seed": 1', 1).encode())


def test_a_group_that_is_taken_away_is_missed_whatever_the_footer_says() -> None:
    text = text_of(whole())
    with pytest.raises(CertificateError, match="footer says verdict 'conforms', but the lines give 'partial'"):
        parse(resealed(text, lambda records: records.pop(5)))


def test_what_is_painted_green_with_care_is_found_by_running_it_again(tmp_path: Path, shell: Any) -> None:
    report = check_backend(FAULTY, ops=["sum"])
    for name, family in report.subjects[0].families.items():
        report.subjects[0].families[name] = replace(family, status="derived", failed=0, wrong=0, failure=None)
    write(report, tmp_path / "green.jsonl")
    assert parse((tmp_path / "green.jsonl").read_bytes()).footer.verdict == PARTIAL
    result = shell("rcmlrs", "verify", tmp_path / "green.jsonl", "--rerun", "--backend", FAULTY)
    assert result.status == 1
    assert "Other bits in " in result.text
    assert "sum/cases: derived and fail" in result.text


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"", "the file is empty"),
        (b"\n", "line 1 is not JSON"),
        (b"{}", "the last line has no end"),
        (b"{}\n", "line 1 is no header"),
        (b"\xff\xfe\n", "no text of ASCII: byte 0xff at position 0"),
        ("é\n".encode(), "no text of ASCII"),
        (b"\0\1\2\n", "line 1 is not JSON"),
        (b"[" * 10**5 + b"\n", "line 1 is not JSON"),
        (b"[]\n", "line 1 is JSON, but no object"),
        (b'{"record": "header", "record": "header"}\n', "has a key twice"),
        (b'{"record": "header", "format": NaN}\n', "holds NaN"),
        (b'{"record": "header", "format": 1e999}\n', "holds a number that is none"),
        (b'{"record": "header", "format": ' + b"1" * 5000 + b"}\n", "line 1 is not JSON"),
        (b'{"record":"header"}\n', "is not written as it would be"),
        (b'{"record": "header", "format": 2}\n' * 2, "the last line is no footer: the file is truncated"),
        (b'{"record": "header", "format": 2}\n{"record": "footer"}\n', "its format is '2', this suite reads format 1"),
        (b'{"record": "header", "format": 1}\n{"record": "footer"}\n', "line 1 has no 'suite'"),
        (b'{"record": "' + b"x" * 2**22 + b'"}\n', "is too long"),
        (b"{}\n" * 100_001, "more than 100,000 lines"),
    ],
)
def test_what_is_no_certificate(raw: bytes, answer: str) -> None:
    with pytest.raises(CertificateError) as refused:
        parse(raw)
    assert answer in str(refused.value)


def test_a_certificate_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "large").write_bytes(b"x" * 2000)
    monkeypatch.setattr(certificate, "MOST_BYTES", 1000)
    with pytest.raises(CertificateError, match="2,000 bytes are too many"):
        read(tmp_path / "large")
    with pytest.raises(FileFormatError, match="device or a pipe"):
        read("/dev/zero")


def test_strict_json_takes_what_is_written() -> None:
    assert parsed('{"a": 1, "b": [1.5, "\\u00e9", null]}') == {"a": 1, "b": [1.5, "é", None]}
    for wrong in ('{"a": 1.0e0}', '{"a": "é"}', ' {"a": 1}', '{"a": -0}', '{"a": 1}x'):
        with pytest.raises(RecordError):
            parsed(wrong)


def test_another_suite_cannot_vouch_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shell: Any) -> None:
    write(whole(), tmp_path / "c.jsonl")
    monkeypatch.setattr(certificate, "VERSION", "99")
    found = read(tmp_path / "c.jsonl")
    assert "this is suite 99, which cannot tell" in found.doubts[0]
    result = shell("rcmlrs", "verify", tmp_path / "c.jsonl")
    assert result.status == 1
    assert "cannot be judged" in result.text


# --------------------------------------------------------------------------------------------------------- verify


def test_verify_is_0_only_for_what_conforms(tmp_path: Path, shell: Any, small: str) -> None:
    write(whole(), tmp_path / "good.jsonl")
    (tmp_path / "bad.jsonl").write_text(small)
    (tmp_path / "cut.jsonl").write_text(small[:-100])
    write(check_backend("python", ops=["add"]), tmp_path / "part.jsonl")
    for name, status, words in (
        ("good", 0, "conforms: all"),
        ("bad", 1, "does not conform: "),
        ("cut", 1, "invalid: cut.jsonl: the last line has no end: the file is truncated"),
        ("part", 1, "partial: nothing wrong in"),
    ):
        result = shell("rcmlrs", "verify", tmp_path / f"{name}.jsonl")
        assert (result.status, words in result.text) == (status, True), result.text
    with pytest.raises(FileNotFoundError):  # which the program answers with status 2
        shell("rcmlrs", "verify", tmp_path / "none.jsonl")


def test_two_backends_with_the_same_bits_agree(tmp_path: Path, shell: Any) -> None:
    for name in ("numpy", "python"):
        write(check_backend(name, ops=["sum", "add"]), tmp_path / name)
    write(check_backend(FAULTY, ops=["sum"]), tmp_path / "faulty")
    write(check_backend("python", ops=["sum"], seed=1), tmp_path / "seed")
    assert read(tmp_path / "numpy").footer.digest == read(tmp_path / "python").footer.digest
    agreeing = shell("rcmlrs", "verify", tmp_path / "numpy", tmp_path / "python")
    assert agreeing.status == 0
    assert "The same bits in all" in agreeing.text
    other = shell("rcmlrs", "verify", tmp_path / "numpy", tmp_path / "faulty")
    assert other.status == 1
    assert re.search(rf"Other bits in \d+ of {len(read(tmp_path / 'faulty').groups)} case groups", other.text)
    assert "sum/cases: digests" in other.text
    assert "case groups are only in numpy" in other.text
    seed = shell("rcmlrs", "verify", tmp_path / "numpy", tmp_path / "seed")
    assert seed.status == 1
    assert "seed 0 and seed 1 are other cases" in seed.text


def test_a_rerun_finds_the_same_bits_on_another_backend(tmp_path: Path, shell: Any) -> None:
    write(check_backend("numpy", ops=["sum"]), tmp_path / "c")
    result = shell("rcmlrs", "verify", tmp_path / "c", "--rerun", "--backend", "python")
    count = sum(bool(group.digest) for group in read(tmp_path / "c").groups.values())
    assert f"The same bits in all {count} case groups" in result.text
    assert result.status == 1, "the certificate is a partial one"
    result = shell("rcmlrs", "verify", tmp_path / "c", "--rerun", "--backend", FAULTY)
    assert "Other bits in " in result.text
    assert result.status == 1


def test_a_rerun_of_single_cases(tmp_path: Path, shell: Any) -> None:
    write(check_backend("numpy", cases=["sum/axes/1", "sum/axes/3"]), tmp_path / "c")
    assert "The same bits in all 1 case groups" in shell("rcmlrs", "verify", tmp_path / "c", "--rerun").text


def test_a_certificate_imports_nothing_by_itself(tmp_path: Path, shell: Any, small: str) -> None:
    (tmp_path / "c").write_text(small)
    with pytest.raises(verify.UsageError, match=f"to import it, add --backend {FAULTY}"):
        shell("rcmlrs", "verify", tmp_path / "c", "--rerun")
    with pytest.raises(BackendError):
        shell("rcmlrs", "verify", tmp_path / "c", "--rerun", "--backend", "nobody")


def test_parts_are_the_same_everywhere_and_make_the_whole() -> None:
    names = frozen.groups_of("1", "smoke")
    parts = [verify.part_of(f"{i}/7")(names) for i in range(1, 8)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert max(map(len, parts)) < 2 * min(map(len, parts))
    share = verify.part_of("5%")(names)
    assert 0.02 * len(names) < len(share) < 0.1 * len(names)
    assert set(share) == set(verify.part_of("5%")(reversed(names)))
    assert verify.part_of("100%")(names) == names
    for wrong in ("0%", "101%", "nan%", "0/3", "4/3", "x", "5", "1/0"):
        with pytest.raises(verify.UsageError, match="expected a share such as 5%"):
            verify.part_of(wrong)


def test_a_strangers_text_does_not_reach_the_terminal(tmp_path: Path, shell: Any) -> None:
    report = whole()
    report.about = report.against = "\x1b[2J\x1b]0;mine\x07 hello\nworld"
    write(report, tmp_path / "c")
    text = shell("rcmlrs", "verify", tmp_path / "c").text
    assert "\x1b" not in text
    assert "\\x1b[2J" in text


# ----------------------------------------------------------------------------------------------- the frozen list


def test_every_subject_of_a_contract_is_there() -> None:
    assert clauses.version() in frozen.contracts()
    for version, names in frozen.contracts().items():
        assert len(set(names)) == len(names)
        assert set(names) <= set(subjects()), f"contract {version} comprises what is not there"


def test_a_new_operation_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = frozen.groups_of("1", "smoke")
    monkeypatch.setitem(TABLE, "gelu_again", replace(TABLE["gelu"], module="elsewhere.gelu_again"))
    assert "gelu_again" in subjects()
    assert frozen.groups_of("1", "smoke") == before


def test_the_command_runs_exactly_the_list(shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = {"0": ("add", "storage"), **frozen.contracts()}
    monkeypatch.setattr(frozen, "contracts", lambda: lists)
    result = shell(
        "rcmlrs", "conformance", "--backend", "python", "--contract", "0", "--level", "smoke", "--report", tmp_path
    )
    assert result.status == 0
    found = read(tmp_path / "certificate-python.jsonl")
    assert [subject.name for subject in found.report.subjects] == ["add", "storage"]
    assert (found.header.asked.contract, found.header.asked.ops) == ("0", ())
    assert found.footer.verdict == CONFORMS


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("--contract", "7"), "there is no contract '7'; there are: 1"),
        (("--contract", "1", "--op", "add"), "contract 1 says what is run; leave out add"),
    ],
)
def test_contracts_that_make_no_sense(shell: Any, words: tuple[str, ...], answer: str) -> None:
    result = shell("rcmlrs", "conformance", "--backend", "python", *words)
    assert result.status == 2
    assert answer in result.text


def test_the_documentation_has_every_member() -> None:
    text = (Path(__file__).parents[2] / "docs" / "certificates.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"(?m)^`(?:header|group|problem|footer)`", text.partition("## The lines")[2])
    header, group, problem, footer = (re.findall("`([a-z0-9_]+)`", part) for part in parts)
    names = certificate
    assert {*header} == {f.name for kind in (names.Header, names.Asked) for f in fields(kind)}
    assert {*group} == {f.name for kind in (names.Group, names.First) for f in fields(kind)}
    assert {*problem} == {"note", "text"}
    assert {*footer} == {f.name for f in fields(names.Footer)}
