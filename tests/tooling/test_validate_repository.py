"""What a repository has to have, and what it runs and installs."""

from scripts.validate import repository

from .conftest import Package


def test_a_bare_repository_is_told_what_it_lacks(package: Package) -> None:
    (package.root / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (package.root / "CHANGELOG.md").write_text("[a](b.md)\n")
    (package.root / "hacs.json").write_text(
        '{"name": "x", "homeassistant": "2025.1.0"}'
    )
    found = "\n".join(repository.check(package.root))
    for finding in ("README.md", "too old", "different versions", "b.md leads nowhere"):
        assert finding in found


def test_what_is_run_or_installed_is_named_exactly(package: Package) -> None:
    workflow = package.root / ".github/workflows/test.yml"
    workflow.parent.mkdir(parents=True)
    commit = "0123456789abcdef0123456789abcdef01234567"
    workflow.write_text(f"- uses: a/b@v5\n- uses: c/d@{commit}  # v1\n")
    (package.root / "requirements_test.txt").write_text("One==1.0\ntwo==2.0  # why\n")
    pinned = package.root / "scripts/setup_lib/pinned/test.txt"
    pinned.parent.mkdir(parents=True)
    pinned.write_text("one==1.0 \\\n    --hash=sha256:00\ntwo==2.1 \\\n")
    assert list(repository.pins(package.root)) == [
        "test.yml: a/b@v5 is not pinned to a commit",
        "requirements_test.txt: two==2.0 has no hash; run scripts/pin",
    ]
