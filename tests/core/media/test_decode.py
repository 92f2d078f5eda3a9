"""Pictures decoded in a child process, and what happens when that goes wrong."""

# Reads private members: what runs in the child is called here, and its paths and waits are exchanged.

from dataclasses import replace
from fractions import Fraction
import io
import json
from pathlib import Path
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import av
import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media import decode, decode_child
from custom_components.vtrack_nvr.core.media.facts import facts_of_written, sha256_of
from custom_components.vtrack_nvr.core.models import ClipFacts
from tests.core.media.test_clip_probe import clip
from tests.core.media.test_writer import TAGS


def finished(path: Path, codec: Codec = Codec.H264) -> ClipFacts:
    written = clip(path, codec).close()
    return facts_of_written(
        written, TAGS, path.stat().st_size, sha256_of(path), holes=0
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_a_good_clip_passes(path: Path, codec: Codec) -> None:
    facts = finished(path, codec)
    decode.check_tables(path, facts)
    decode.check_decodes(path, facts)


def test_pictures_overwritten_with_noise_do_not_pass(path: Path) -> None:
    facts = finished(path)
    data = bytearray(path.read_bytes())
    start, end = data.index(b"mdat") + 4, data.rindex(b"moov") - 4
    data[start:end] = b"\xa5" * (end - start)
    path.write_bytes(data)
    decode.check_tables(path, facts)
    with pytest.raises(NvrError) as caught:
        decode.check_decodes(path, facts)
    assert caught.value.kind is ErrorKind.VERIFY_FAILED


def test_tables_that_differ_from_the_facts_do_not_pass(path: Path) -> None:

    facts = finished(path)
    for wrong in (
        replace(facts, frames=39),
        replace(facts, size_bytes=facts.size_bytes - 1),
        replace(facts, last_frame_ms=facts.last_frame_ms + 100),
    ):
        with pytest.raises(NvrError):
            decode.check_tables(path, wrong)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(NvrError):
        decode.check_tables(path, facts)


def brightness(jpeg: bytes | Path, left: int = 0, width: int = 16) -> int:
    source = io.BytesIO(jpeg) if isinstance(jpeg, bytes) else str(jpeg)
    with av.open(source) as file:
        frame = next(file.decode(video=0)).reformat(format="gray")
    plane = frame.planes[0]
    row = bytes(plane)[left + 4 : left + width - 4]
    return sum(row) // len(row)


@pytest.mark.parametrize(
    ("at_ms", "exact", "number"),
    [(0, True, 0), (1_500, True, 15), (1_500, False, 10), (99_000, True, 39)],
)
def test_a_thumbnail_shows_the_moment(
    path: Path, tmp_path: Path, at_ms: int, exact: bool, number: int
) -> None:
    finished(path)
    to = tmp_path / "thumb.jpg"
    size = decode.thumbnail(path, at_ms, to, width=80, is_exact=exact)
    assert size == (80, 60)
    with av.open(str(to)) as file:
        frame = next(file.decode(video=0))
        assert (frame.width, frame.height) == size
    luma = number * 7 % 256
    expected = max(0, min(255, round((luma - 16) * 255 / 219)))
    assert abs(brightness(to) - expected) <= 6 or abs(brightness(to) - luma) <= 6


def test_a_strip_shows_the_key_pictures_side_by_side(
    path: Path, tmp_path: Path
) -> None:
    finished(path)
    to = tmp_path / "strip.jpg"
    width, height = decode.key_strip(path, [0, 1_000, 2_000, 3_900], to, width=40)
    with av.open(str(to)) as file:
        frame = next(file.decode(video=0))
        assert (frame.width, frame.height) == (4 * width, height)
    tones = [brightness(to, left=place * width, width=width) for place in range(4)]
    assert tones == sorted(tones)
    assert tones[3] - tones[0] > 100


def test_no_picture_is_an_error(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"nothing")
    for call in (
        lambda: decode.thumbnail(path, 0, tmp_path / "t.jpg"),
        lambda: decode.key_strip(path, [0], tmp_path / "t.jpg"),
    ):
        with pytest.raises(NvrError) as caught:
            call()
        assert caught.value.kind is ErrorKind.VERIFY_FAILED


def test_a_crashing_child_is_an_error_of_ours(path: Path, monkeypatch) -> None:
    crash = path.with_name("crash.py")
    crash.write_text("import os, sys; sys.stdin.read(); os.kill(os.getpid(), 11)")
    monkeypatch.setattr(decode, "_WORKER", crash)
    with pytest.raises(NvrError) as caught:
        decode.run_worker("check", {"path": str(path)})
    assert caught.value.kind is ErrorKind.VERIFY_FAILED


def test_a_hanging_child_is_killed_in_time_and_on_cancel(
    path: Path, monkeypatch
) -> None:
    hang = path.with_name("hang.py")
    hang.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(decode, "_WORKER", hang)
    begun = time.monotonic()
    with pytest.raises(NvrError) as caught:
        decode.run_worker("check", {}, timeout_s=0.2)
    assert caught.value.kind is ErrorKind.TIMEOUT
    cancel = CancelToken()
    timer = threading.Timer(0.2, cancel.cancel)
    timer.start()
    with pytest.raises(NvrError) as caught:
        decode.run_worker("check", {}, cancel=cancel)
    timer.join()
    assert caught.value.kind is ErrorKind.CANCELLED
    with pytest.raises(NvrError):
        decode.run_worker("check", {}, cancel=cancel)
    assert time.monotonic() - begun < 60, "not as long as the child sleeps"


def test_a_child_that_a_dead_mount_holds_is_left_to_itself(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even SIGKILL ends a process that waits for such a disk."""
    hang = path.with_name("hang.py")
    hang.write_text("import time; time.sleep(600)")
    monkeypatch.setattr(decode, "_WORKER", hang)
    monkeypatch.setattr(decode, "_END_S", 0.1)
    children: list[subprocess.Popen[bytes]] = []

    end = subprocess.Popen.kill

    class Immortal(subprocess.Popen):
        def kill(self) -> None:
            children.append(self)

    monkeypatch.setattr(decode.subprocess, "Popen", Immortal)
    begun = time.monotonic()
    with pytest.raises(NvrError) as caught:
        decode.run_worker("check", {}, timeout_s=0.2)
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert time.monotonic() - begun < 60, "not as long as the child lives"
    (child,) = children
    assert child.poll() is None
    end(child)
    child.wait(30)


def test_the_child_may_use_so_much_memory_and_time_and_no_more(path: Path) -> None:
    script = path.with_name("limits.py")
    script.write_text(
        "import resource, runpy, sys\n"
        f"worker = runpy.run_path({str(decode._WORKER)!r})\n"
        "worker['_limit'](7)\n"
        "try:\n    bytearray(2 << 30)\n"
        "except MemoryError:\n    print(resource.getrlimit(resource.RLIMIT_CPU))\n"
    )
    found = subprocess.run(
        [sys.executable, "-I", str(script)], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "(7, 7)"


def test_a_child_without_memory_left_is_an_error_of_ours(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    greedy = path.with_name("greedy.py")
    greedy.write_text("import sys; sys.stdin.read(); raise MemoryError")
    monkeypatch.setattr(decode, "_WORKER", greedy)
    with pytest.raises(NvrError) as caught:
        decode.run_worker("thumbnail", {"path": str(path)})
    assert caught.value.kind is ErrorKind.VERIFY_FAILED


def test_limits_that_a_system_does_not_have_stop_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import resource

    asked: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(
        decode_child.os, "nice", lambda step: asked.append((-1, (step, step)))
    )
    monkeypatch.setattr(resource, "setrlimit", lambda *limit: asked.append(limit))
    decode_child._limit(9)
    assert (resource.RLIMIT_CPU, (9, 9)) in asked
    assert (-1, (10, 10)) in asked

    def refuse(*_: object) -> None:
        raise ValueError("not allowed")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    decode_child._limit(9)


class Frames:
    """A stand-in for a file: frames with times in milliseconds, and errors."""

    def __init__(self, *frames: int | Exception | None) -> None:
        self.frames = frames
        self.streams = SimpleNamespace(video=[SimpleNamespace()])

    def seek(self, *_: object, **__: object) -> None:
        """Every seek goes to the beginning."""

    def decode(self, _stream: object):
        for item in self.frames:
            if isinstance(item, Exception):
                raise item
            yield SimpleNamespace(pts=item, is_corrupt=False)

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        pass


STREAM = SimpleNamespace(
    time_base=Fraction(1, 1000),
    codec_context=SimpleNamespace(flush_buffers=lambda: None, skip_frame=None),
)


@pytest.mark.parametrize(
    ("frames", "at_ms", "keys", "shown"),
    [
        ((0, 100, 200), 150, False, 100),
        ((0, 100, 200), 100, False, 100),
        ((None, 300), 100, False, 300),
        ((0, 100), 900, False, 100),
        ((None,), 100, False, None),
        ((), 0, True, None),
    ],
)
def test_the_picture_shown_at_a_moment_is_found(
    frames: tuple[int | None, ...], at_ms: int, keys: bool, shown: int | None
) -> None:
    found = decode_child._frame_at(Frames(*frames), STREAM, at_ms, keys_only=keys)
    assert (found.pts if found else None) == shown


def test_what_cannot_be_decoded_is_counted_or_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = av.FFmpegError(1, "broken")
    monkeypatch.setattr(decode_child, "_open", lambda *_: (Frames(0, broken), STREAM))
    request = {"path": "x", "at_ms": [0, 5], "frames": 9, "width": 64, "to": "x"}
    assert decode_child._check(av, request) == {"decoded": 2, "errors": 2}
    monkeypatch.setattr(decode_child, "_open", lambda *_: (Frames(0, 1), STREAM))
    assert decode_child._check(av, {**request, "frames": 1}) == {
        "decoded": 2,
        "errors": 0,
    }
    assert decode_child._check(av, request) == {"decoded": 4, "errors": 0}
    monkeypatch.setattr(decode_child, "_open", lambda *_: (Frames(broken), STREAM))
    assert decode_child._strip(av, request) == {"error": "no picture"}
    monkeypatch.setattr(decode_child, "_open", lambda *_: (Frames(), STREAM))
    assert decode_child._thumbnail(av, {**request, "at_ms": 0, "keys": True}) == {
        "error": "no picture"
    }


def serve(monkeypatch, capsys, request: dict) -> dict:
    """Run the worker's tasks in this process, for coverage of its lines."""

    class Input:
        buffer = io.BytesIO(json.dumps(request).encode())

    monkeypatch.setattr(decode_child, "_limit", lambda seconds: None)
    monkeypatch.setattr(sys, "stdin", Input)
    monkeypatch.setattr(sys, "path", [*sys.path])
    decode_child.main()
    return json.loads(capsys.readouterr().out)


def test_the_workers_tasks_answer_in_json(
    path: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    finished(path)
    packages = str(Path(av.__file__).parents[1])
    common = {"path": str(path), "packages": packages, "to": str(tmp_path / "x.jpg")}
    answer = serve(
        monkeypatch,
        capsys,
        {**common, "task": "check", "at_ms": [0, 3_900], "frames": 5},
    )
    assert answer == {"decoded": 10, "errors": 0}
    request = {**common, "task": "thumbnail", "at_ms": 500, "width": 64, "keys": False}
    assert serve(monkeypatch, capsys, request) == {"width": 64, "height": 48}
    request = {**common, "task": "strip", "at_ms": [0, 900_000], "width": 64}
    assert serve(monkeypatch, capsys, request) == {"width": 64, "height": 48}
    request = {**common, "task": "strip", "at_ms": [], "width": 64}
    assert serve(monkeypatch, capsys, request) == {"error": "no picture"}
    path.write_bytes(b"no film")
    assert "error" in serve(monkeypatch, capsys, request)
