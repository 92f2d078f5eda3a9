"""A short run of each target, and whatever was found once."""

from pathlib import Path
import time

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError

from . import fuzzer
from .fuzzer import MEMORY, SECONDS, Fuzzer, Run, Target, run_corpus
from .targets import targets

CORPUS = Path(__file__).parent / "corpus"
INPUTS = 1_500


@pytest.mark.parametrize("name", targets())
def test_nothing_but_our_own_error_comes_out_of_any_bytes(name: str) -> None:
    report = Fuzzer(targets()[name](), seed=1).run(inputs=INPUTS)
    assert report.inputs == INPUTS
    assert report.paths > 1
    assert report.findings == []


@pytest.mark.parametrize("name", targets())
def test_what_was_found_once_is_not_found_again(name: str) -> None:
    kept = sorted((CORPUS / name).glob("*")) if (CORPUS / name).is_dir() else []
    assert run_corpus(targets()[name](), (path.read_bytes() for path in kept)) == []


def fail(data: bytes) -> None:
    if data[:1] == b"$" and data[1:2] == b"\xff":
        raise IndexError
    raise NvrError(ErrorKind.PROTOCOL)


def dawdle(data: bytes) -> None:
    if b"slow" in data:
        began = time.process_time()
        while time.process_time() - began < 1.2 * SECONDS:
            pass


def hoard(_data: bytes) -> None:
    bytearray(2 * MEMORY)


@pytest.mark.parametrize(
    ("run", "inputs", "word"),
    [(fail, 1_000, "IndexError"), (dawdle, 1, "took"), (hoard, 1, "held")],
)
def test_the_fuzzer_finds_what_is_wrong(
    run: Run, inputs: int, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzzer, "MEASURE_EVERY", 1)
    report = Fuzzer(Target(run, (b"$slow",))).run(inputs=inputs)
    assert [item.what.split()[0] for item in report.findings] == [word]
