"""The floor under the coverage of each module of the shell."""

from pathlib import Path
from xml.etree import ElementTree as ET

import coverage
import pytest

from scripts.coverage_floor import main, modules, too_low

LINE = '<line number="{}" hits="{}"/>'
BRANCH = '<line number="{}" hits="1" branch="true" condition-coverage="50% ({}/{})"/>'


def report(
    lines: str,
    name: str = "services.py",
    source: str = "/x/custom_components/vtrack_nvr",
) -> ET.Element:
    return ET.fromstring(
        f"<coverage><sources><source>{source}</source></sources><packages><package>"
        f'<classes><class filename="{name}"><lines>{lines}</lines></class></classes>'
        "</package></packages></coverage>"
    )


def hits(covered: int, missed: int) -> str:
    return "".join(
        LINE.format(number, int(number < covered)) for number in range(covered + missed)
    )


@pytest.mark.parametrize(
    ("lines", "percent"),
    [
        (hits(19, 1), 95.0),
        (hits(9, 1), 90.0),
        (hits(9, 0) + BRANCH.format(10, 1, 2), 11 / 12 * 100),
        ("", 100.0),
    ],
)
def test_lines_and_branches_count_together(lines: str, percent: float) -> None:
    [(name, found)] = modules(report(lines))
    assert name == "services.py"
    assert found == pytest.approx(percent)
    assert bool(too_low(report(lines))) is (percent < 95)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("runtime/hub.py", "/x/custom_components/vtrack_nvr"),
        ("custom_components/vtrack_nvr/runtime/hub.py", "/x"),
        ("vtrack_nvr/runtime/hub.py", "/x/custom_components"),
    ],
)
def test_files_are_known_however_the_report_tells_them(name: str, source: str) -> None:
    assert [each for each, _ in modules(report("", name, source))] == ["runtime/hub.py"]


def test_the_core_is_under_the_floor_of_the_whole_only() -> None:
    assert too_low(report(hits(1, 9), "core/clock.py")) == [
        "the report holds no module of the shell"
    ]
    assert modules(report("", "elsewhere.py", "/y"))
    assert too_low(report(hits(1, 9), "elsewhere.py", "/y"))


def test_a_report_as_coverage_writes_it_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    package = tmp_path / "custom_components" / "vtrack_nvr"
    package.mkdir(parents=True)
    module = package / "views.py"
    module.write_text(
        "def sign(number):\n    if number > 0:\n        return 1\n    return -1\n",
        encoding="utf-8",
    )
    data = coverage.CoverageData(basename=str(tmp_path / "data"))
    data.add_arcs({str(module): [(-1, 1), (1, -1), (-1, 2), (2, 3), (3, -1)]})
    data.write()
    monkeypatch.chdir(tmp_path)
    xml = tmp_path / "coverage.xml"
    measured = coverage.Coverage(
        data_file=str(tmp_path / "data"), branch=True, config_file=False
    )
    measured.load()
    measured.xml_report(outfile=str(xml))
    assert main(str(xml)) == 1
    assert "views.py is covered to 66.7 %" in capsys.readouterr().err
