"""Unpacks what version 0.1.0 left, and reads it past all code of ours."""

from dataclasses import dataclass
import json
from pathlib import Path
import sqlite3
from typing import Any
import zipfile

from .make_library import LIBRARY


@dataclass(frozen=True)
class OldLibrary:
    """The old version's library as it lies on disk."""

    index: Path
    footage: Path
    stored: dict[str, Any]
    """Entries, devices and entities, as Home Assistant stored them."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return rows of the index."""
        with sqlite3.connect(f"file:{self.index}?mode=ro", uri=True) as connection:
            found = connection.execute(query).fetchall()
        connection.close()
        return found

    def files(self, pattern: str = "*") -> dict[str, bytes]:
        """Return the content of all files of the storage, by their paths below it."""
        return {
            path.relative_to(self.footage).as_posix(): path.read_bytes()
            for path in sorted(self.footage.rglob(pattern))
            if path.is_file()
        }


def unpack(config: Path, media: Path) -> OldLibrary:
    """Put the old library below a configuration and a media folder.

    The index finds its storage by the path, so it is told this one: as if it had been mounted here.
    """
    with zipfile.ZipFile(LIBRARY) as packed:
        for name in packed.namelist():
            top, _, rest = name.partition("/")
            folder = {"config": config, "media": media}.get(top)
            if folder is not None:
                path = folder / rest
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(packed.read(name))
        stored = json.loads(packed.read("stored.json"))
    index = config / "vtrack_nvr" / "index.db"
    with sqlite3.connect(index) as connection:
        connection.execute("update root set path = ?", (str(media),))
    connection.close()
    return OldLibrary(index, media / "vtrack_nvr", stored)
