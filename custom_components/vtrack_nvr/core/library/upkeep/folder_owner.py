"""Whose folder it is: what the storage says itself comes before what the index chose.

A fresh or older index may have given a folder to another camera (of the same name) than
the one whose clips lie in it. All blocks but the functions that take a connection.
"""

import sqlite3

from ...errors import NvrError
from ...models import CameraKey, NvrKey
from .. import journal_files
from ..context import LibraryContext
from ..guard import Root
from ..index import camera_rows
from ..index.folder_rows import has_clips, known_folders, make_way
from ..naming import JOURNAL, SUFFIX, is_day


def owner_of(store: LibraryContext, root: Root, folder: str) -> CameraKey | None:
    """Return whose folder it is, by journal, index or its files; None: nobody's.

    A camera the index does not know is registered as a former one. A folder that the
    index gave to another camera, which has nothing in it, is that one's no longer.
    """
    nvr_folder, camera_folder = folder.split("/")
    holder = store.read(known_folders).get(folder)
    if holder is not None and store.read(has_clips, folder, root.id):
        return holder[1]
    said = journal_files.camera_of_journal(store, root.folder / folder / JOURNAL)
    if said is not None:
        key, name = CameraKey(str(said["key"])), str(said["name"])
        nvr, nvr_name = NvrKey(str(said["nvr"])), str(said["nvr_name"])
    elif holder is not None:
        return holder[1]
    else:
        found = _camera_in_files(store, root, folder)
        if found is None:
            return None
        key, name = found, camera_folder
        nvr, nvr_name = NvrKey(str(found).rpartition("/")[0]), nvr_folder

    def register(connection: sqlite3.Connection) -> None:
        make_way(connection, nvr_folder, camera_folder, nvr, key)
        camera_rows.register_former(
            connection,
            nvr,
            nvr_name,
            key,
            name,
            store.zone.key,
            (nvr_folder, camera_folder),
        )

    store.write(register)
    return key


def _camera_in_files(
    store: LibraryContext, root: Root, folder: str
) -> CameraKey | None:
    files = store.files
    for day in files.list(root.folder / folder):
        if not (day.is_folder and is_day(day.name)):
            continue
        for found in files.list(root.folder / folder / day.name):
            if not found.name.endswith(SUFFIX) or found.name.startswith("."):
                continue
            try:
                clip = store.probe.read_clip(
                    root.folder / folder / day.name / found.name
                )
            except NvrError as error:
                store.forgive(root, error)
                continue  # another file may tell
            if clip is not None:
                return clip.camera
    return None
