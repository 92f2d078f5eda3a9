"""Every fault that the reaction tables name ends in the state they name.

The cases run side by side in a process of their own (`matrix.py`); each test reads its
own result. The quick run takes each fault with one kind of footage (faults that break a
stream off: with two), some with every clip decoded; `-m slow` takes every fault with every
kind, and decodes all.
"""

from collections.abc import Iterator
import json
import os
from pathlib import Path
import subprocess
import sys
import threading
from typing import Any

import pytest

from .cases import CASES, DECODED, VARIANTS, chosen, decoded, every

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
QUICK = [
    *(f"{case}/{variant}" for case, variant in chosen()),
    *(f"{case}/{variant}/decode" for case, variant in decoded()),
]
REST = [
    name
    for case, variant in every()
    if (name := f"{case}/{variant}/decode") not in set(QUICK)
]
TIMEOUT_S = {"quick": 300, "slow": 1800}
"""For all results together: the first that is asked for may be the last to come."""


class Results:
    """Runs the named cases in a child and hands out what it says of each."""

    def __init__(self, names: list[str], timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._found: dict[str, dict[str, Any]] = {}
        self._news = threading.Condition()
        self._is_over = False
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.matrix", *names],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._noise: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            with self._news:
                if line.startswith("{"):
                    result = json.loads(line)
                    self._found[result["name"]] = result
                    self._news.notify_all()
                else:
                    self._noise.append(line)
        with self._news:
            self._is_over = True
            self._news.notify_all()

    def of(self, name: str) -> dict[str, Any]:
        """Return the result of a case, once it is there."""
        with self._news:
            self._news.wait_for(
                lambda: name in self._found or self._is_over, self._timeout_s
            )
            if name not in self._found:
                raise AssertionError(f"no result: {''.join(self._noise)[-2000:]}")
            return self._found[name]

    def close(self) -> None:
        """End the child."""
        self._child.kill()
        self._child.wait()
        self._reader.join(10)
        if self._child.stdout:
            self._child.stdout.close()


def _results(request: pytest.FixtureRequest, kind: str) -> Iterator[Results]:
    names = [
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.originalname == f"test_{kind}_fault"
    ]
    results = Results(names, TIMEOUT_S[kind])
    yield results
    results.close()


@pytest.fixture(scope="module")
def quick(request: pytest.FixtureRequest) -> Iterator[Results]:
    """Run what is chosen of the quick cases."""
    yield from _results(request, "quick")


@pytest.fixture(scope="module")
def slow(request: pytest.FixtureRequest) -> Iterator[Results]:
    """Run what is chosen of all others."""
    yield from _results(request, "slow")


@pytest.mark.timeout(TIMEOUT_S["quick"])
@pytest.mark.parametrize("name", QUICK)
def test_quick_fault(quick: Results, name: str) -> None:
    assert quick.of(name)["problems"] == []


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT_S["slow"])
@pytest.mark.parametrize("name", REST)
def test_slow_fault(slow: Results, name: str) -> None:
    assert slow.of(name)["problems"] == []


def test_every_kind_of_footage_meets_faults() -> None:
    met = {name.split("/")[1] for name in QUICK}
    assert met == set(VARIANTS)
    quick = {name for name, case in CASES.items() if not case.is_slow}
    assert {name.partition("/")[0] for name in QUICK} == quick
    assert len(set(QUICK)) == len(QUICK)


def test_damaged_footage_of_each_codec_is_decoded() -> None:
    met = {tuple(name.split("/")[:2]) for name in QUICK if name.endswith("/decode")}
    codecs = {(name, VARIANTS[variant][0]) for name, variant in met}
    assert codecs == {(name, codec) for name in DECODED for codec in ("H264", "H265")}


def test_the_slow_run_decodes_the_rest() -> None:
    decoding = {name for name in (*QUICK, *REST) if name.endswith("/decode")}
    assert decoding == {f"{case}/{variant}/decode" for case, variant in every()}
