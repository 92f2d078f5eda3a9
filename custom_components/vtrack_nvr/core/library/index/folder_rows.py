"""Which folder belongs to which camera, as the index has it.

Every function takes the index's connection and belongs inside a transaction.
"""

import sqlite3

from ...models import CameraKey, NvrKey
from ..naming import folder_name


def known_folders(
    connection: sqlite3.Connection,
) -> dict[str, tuple[int, CameraKey]]:
    """Return row and key of every camera by its `<nvr>/<camera>`."""
    return {
        f"{row[0]}/{row[1]}": (row[2], CameraKey(row[3]))
        for row in connection.execute(
            "select nvr.folder, camera.folder, camera.id, camera.key"
            " from camera join nvr on nvr.id = camera.nvr_id"
        )
    }


def folders_with_clips(connection: sqlite3.Connection, root_id: int) -> set[str]:
    """Return the `<nvr>/<camera>` in which the index knows clips on a root."""
    found: set[str] = set()
    after = ""
    while True:
        path: str | None = connection.execute(
            "select min(path) from clip where root_id = ? and path >= ?",
            (root_id, after),
        ).fetchone()[0]
        if path is None:
            return found
        parts = path.split("/")
        if len(parts) < 3:  # a clip that has no name yet
            after = f"{path}0"
            continue
        folder = "/".join(parts[:2])
        found.add(folder)
        after = f"{folder}0"  # "0" follows "/"


def has_clips(
    connection: sqlite3.Connection, folder: str, root_id: int | None = None
) -> bool:
    """Return whether rows name files below a folder, on one root or on any."""
    return (
        connection.execute(
            "select 1 from clip where root_id in"
            " (select id from root where ?3 is null or id = ?3)"
            " and path >= ?1 and path < ?2 limit 1",
            (f"{folder}/", f"{folder}0", root_id),
        ).fetchone()
        is not None
    )


def make_way(
    connection: sqlite3.Connection,
    nvr_folder: str,
    camera_folder: str,
    nvr: NvrKey,
    camera: CameraKey,
) -> None:
    """Let the folders of the index be those on the storage, where no row contradicts."""
    holder = connection.execute(
        "select key, name from nvr where folder = ?", (nvr_folder,)
    ).fetchone()
    mine = connection.execute(
        "select id, folder from nvr where key = ?", (nvr,)
    ).fetchone()
    is_free = holder is None or holder["key"] == nvr
    if not is_free and not has_clips(connection, nvr_folder):
        taken = {row[0] for row in connection.execute("select folder from nvr")}
        connection.execute(
            "update nvr set folder = ? where key = ?",
            (
                folder_name(holder["name"], holder["key"], frozenset(taken)),
                holder["key"],
            ),
        )
        is_free = True
    if mine is None or not is_free:
        return
    if mine["folder"] != nvr_folder and not has_clips(connection, mine["folder"]):
        connection.execute(
            "update nvr set folder = ? where id = ?", (nvr_folder, mine["id"])
        )
    elif mine["folder"] != nvr_folder:
        return
    _make_way_in_nvr(connection, mine["id"], nvr_folder, camera_folder, camera)


def _make_way_in_nvr(
    connection: sqlite3.Connection,
    nvr_id: int,
    nvr_folder: str,
    camera_folder: str,
    camera: CameraKey,
) -> None:
    cameras = {
        row["folder"]: row
        for row in connection.execute(
            "select id, key, name, folder from camera where nvr_id = ?", (nvr_id,)
        )
    }
    holder = cameras.get(camera_folder)
    if holder is not None and holder["key"] == camera:
        return
    if holder is not None:
        if has_clips(connection, f"{nvr_folder}/{camera_folder}"):
            return
        connection.execute(
            "update camera set folder = ? where id = ?",
            (
                folder_name(holder["name"], holder["key"], frozenset(cameras)),
                holder["id"],
            ),
        )
    for row in cameras.values():
        if row["key"] == camera and not has_clips(
            connection, f"{nvr_folder}/{row['folder']}"
        ):
            connection.execute(
                "update camera set folder = ? where id = ?", (camera_folder, row["id"])
            )
