"""Builds the zip from what is committed: `python -m scripts.release_lib.build FILE`.

The same commit gives the same bytes (with the same zlib): names in order, the time of the commit, no rights
but to read. Needs nothing but Python and git, so that the job that may write to a release
runs nobody else's code.
"""

from datetime import UTC, datetime
import hashlib
import io
from pathlib import Path
import subprocess
import sys
import tarfile
import zipfile

ROOT = Path(__file__).parents[2]
PACKAGE = "custom_components/vtrack_nvr"
NAME = "vtrack_nvr.zip"
"""What hacs.json calls it."""
_UNIX = 3
_RIGHTS = 0o100644 << 16


def build(root: Path, target: Path) -> str:
    """Write the zip of the last commit below `root`; return its SHA-256."""
    files = committed(root)
    moment = commit_time(root)
    with zipfile.ZipFile(target, "w") as packed:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, moment)
            info.create_system = _UNIX
            info.external_attr = _RIGHTS
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, files[name], compresslevel=9)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def committed(root: Path) -> dict[str, bytes]:
    """Return the files of the integration in the last commit, by their names below it."""
    tar = _git(root, "archive", "--format=tar", f"HEAD:{PACKAGE}")
    found = {}
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                found[member.name] = content.read()
    return found


def commit_time(root: Path) -> tuple[int, int, int, int, int, int]:
    """Return the time of the last commit in UTC, as zips keep it (two seconds exact)."""
    stamp = int(_git(root, "log", "-1", "--format=%ct"))
    when = datetime.fromtimestamp(stamp // 2 * 2, UTC)
    return (when.year, when.month, when.day, when.hour, when.minute, when.second)


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True
    ).stdout


def main() -> int:
    """Build the zip that is asked for, and print its hash as `sha256sum` does."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else NAME)
    print(f"{build(ROOT, target)}  {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
