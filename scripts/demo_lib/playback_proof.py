"""A clip as a browser gets it: found in the media source, signed, with Range, decoded."""

import asyncio
import hashlib
import io
from pathlib import Path
from typing import Any

import av

from .api import Api
from .index_rows import ClipRow, read_index

TOP = "media-source://vtrack_nvr"


async def clips_in_browser(api: Api) -> set[str]:
    """Walk the media source down and return the ids of all clips."""
    found: set[str] = set()
    wanted = [TOP]
    while wanted:
        level = await api.ask(
            *(
                {"type": "media_source/browse_media", "media_content_id": each}
                for each in wanted
            )
        )
        children = [child for folder in level for child in folder["children"] or []]
        playable = {
            child["media_content_id"] for child in children if child["can_play"]
        }
        found |= {each for each in playable if each.startswith(f"{TOP}/clip/")}
        wanted = [
            child["media_content_id"] for child in children if child["can_expand"]
        ]
    return found


async def wrong_in_browser(api: Api, config: Path) -> list[str]:
    """Return where the media browser does not offer exactly the complete clips.

    A clip may be completed while we look: the index is read before and after.
    """
    before = await asyncio.to_thread(_identifiers, config)
    offered = await clips_in_browser(api)
    after = await asyncio.to_thread(_identifiers, config)
    found = [
        f"{each} is kept but cannot be browsed" for each in sorted(before - offered)
    ]
    return found + [
        f"{each} is offered but not kept" for each in sorted(offered - after)
    ]


def _identifiers(config: Path) -> set[str]:
    rows = read_index(config)
    return {f"{TOP}/clip/{row.id}" for row in rows if row.state == "complete"}


async def wrong_in_playback(api: Api, row: ClipRow) -> list[str]:
    """Fetch one clip through Home Assistant with Range and decode what came."""
    (resolved,) = await api.ask(
        {
            "type": "media_source/resolve_media",
            "media_content_id": f"{TOP}/clip/{row.id}",
        }
    )
    found = []
    if not resolved["mime_type"].startswith("video/mp4"):
        found.append(f"the clip is announced as {resolved['mime_type']}")
    status, headers, body = await api.fetch(resolved["url"], {"Range": "bytes=0-"})
    if status != 206:
        return [*found, f"a request with Range answered {status}, not 206"]
    if not 0 < body.find(b"moov") < body.find(b"mdat"):
        found.append("the table does not come first")
    status, _, original = await api.fetch(f"/api/vtrack_nvr/clip/{row.id}?original")
    if status != 200 or hashlib.sha256(original).hexdigest() != row.sha256:
        found.append(f"the original answered {status}, and not with the clip's bytes")
    status, headers, middle = await api.fetch(
        resolved["url"], {"Range": "bytes=1000-1999"}
    )
    if (status, middle) != (206, body[1000:2000]):
        found.append(
            f"a range in the middle answered {status} with {len(middle)} bytes"
        )
    if headers.get("Content-Range") != f"bytes 1000-1999/{len(body)}":
        found.append(f"Content-Range is {headers.get('Content-Range')}")
    if (frames := decoded(body)) != row.frames:
        found.append(f"{frames} of {row.frames} frames decode")
    return found


def decoded(content: bytes) -> int:
    """Return how many pictures a file in memory decodes to."""
    with av.open(io.BytesIO(content), "r") as container:
        return sum(1 for _ in container.decode(video=0))


async def camera_entities(api: Api) -> list[str]:
    """Return our camera entities that are not disabled."""
    (registry,) = await api.ask({"type": "config/entity_registry/list"})
    return sorted(
        entry["entity_id"]
        for entry in registry
        if entry["platform"] == "vtrack_nvr"
        and entry["entity_id"].startswith("camera.")
        and entry["disabled_by"] is None
    )


async def wrong_in_live(api: Api, entity_id: str, *, streams: bool) -> list[str]:
    """Ask for a still, and for the live stream where wanted, and decode them."""
    status, _, picture = await api.fetch(f"/api/camera_proxy/{entity_id}")
    if status != 200:
        return [f"{entity_id}: the still answered {status}"]
    found = [] if decoded(picture) == 1 else [f"{entity_id}: the still is no picture"]
    if streams:
        (stream,) = await api.ask({"type": "camera/stream", "entity_id": entity_id})
        found += await wrong_in_stream(api, entity_id, stream)
    return found


async def wrong_in_stream(
    api: Api, entity_id: str, stream: dict[str, Any]
) -> list[str]:
    """Follow the HLS playlists to the first segment and decode it."""
    base = stream["url"].rpartition("/")[0]
    _, _, master = await api.fetch(stream["url"])
    media = next(
        (
            line
            for line in master.decode().splitlines()
            if line and not line.startswith("#")
        ),
        "",
    )
    status, _, playlist = await api.fetch(f"{base}/{media}")
    if status != 200:
        return [f"{entity_id}: the live playlist answered {status}"]
    lines = playlist.decode().splitlines()
    init = next(
        (line.split('"')[1] for line in lines if line.startswith("#EXT-X-MAP")), ""
    )
    segments = [line for line in lines if line and not line.startswith("#")]
    if not init or not segments:
        return [f"{entity_id}: the live playlist has no segment"]
    parts = [(await api.fetch(f"{base}/{name}"))[2] for name in (init, segments[0])]
    if not decoded(b"".join(parts)):
        return [f"{entity_id}: the live stream shows no picture"]
    return []
