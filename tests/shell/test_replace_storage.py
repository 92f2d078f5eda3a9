"""A disk that was replaced, or is another's: the repairs that ask, and what follows."""

import asyncio
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.claims import CLAIM, Claim
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import RootConfig
from custom_components.vtrack_nvr.repairs import (
    ReplaceStorageFlow,
    TakeOverFlow,
    async_create_fix_flow,
)
from tests.insides import look_now, store_of
from tests.shell.flow_steps import read
from tests.shell.rig import until
from tests.shell.test_media_browser import keep, library as library  # noqa: PLC0414 - a fixture


async def look(library: Library) -> int:
    """Let the guard look at the only root at once; returns its id."""
    [root] = [root for root in store_of(library).guard.roots() if root.is_current]
    root.due = 0.0
    look_now(library)
    return root.id


def issue(hass: HomeAssistant, root_id: int) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"storage_missing_{root_id}")


async def test_a_person_says_that_it_is_another_disk(
    hass: HomeAssistant, library: Library, media_dir: Path, tmp_path: Path
) -> None:
    clip_id = await keep(library, 1_800_000_000_000)
    dead = tmp_path / "dead"
    await asyncio.to_thread(media_dir.rename, dead)
    await asyncio.to_thread(media_dir.mkdir)
    root_id = await look(library)
    await until(hass, lambda: issue(hass, root_id) is not None)
    found = issue(hass, root_id)
    assert found is not None
    assert found.is_fixable
    flow = await async_create_fix_flow(hass, found.issue_id, found.data)
    assert isinstance(flow, ReplaceStorageFlow)
    flow.hass = hass
    asked = await flow.async_step_init()
    assert asked["type"] is FlowResultType.FORM
    assert read(asked["description_placeholders"]) == {
        "path": str(media_dir),
        "clips": "1",
    }
    done = await flow.async_step_confirm({})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await until(hass, lambda: issue(hass, root_id) is None)
    assert any(root.is_current and not root.problem for root in await library.roots())
    again = await flow.async_step_confirm({})
    assert again["type"] is FlowResultType.ABORT
    clip = await library.browse.clip(clip_id)
    assert clip is not None
    assert str(clip.state) == "missing"


async def test_a_repair_that_fails_says_why(
    hass: HomeAssistant, library: Library, media_dir: Path, tmp_path: Path
) -> None:
    await asyncio.to_thread(media_dir.rename, tmp_path / "away")
    root_id = await look(library)
    await until(hass, lambda: library.root_problem(root_id) is not None)
    flow = ReplaceStorageFlow(root_id, str(media_dir))
    flow.hass = hass

    def fail(_id: int) -> None:
        raise NvrError(ErrorKind.INDEX_FAILED, "disk I/O error")

    library._replace = fail  # the disk of the index broke
    told = await flow.async_step_confirm({})
    assert told["reason"] == "not_done"
    assert read(told["description_placeholders"])["problem"].startswith(
        "The index of recordings cannot be read or written."
    )


async def test_storage_that_is_back_needs_no_repair(
    hass: HomeAssistant, library: Library, media_dir: Path, tmp_path: Path
) -> None:
    [root] = await library.roots()
    flow = ReplaceStorageFlow(root.id, str(media_dir))
    flow.hass = hass
    assert (await flow.async_step_init())["reason"] == "nothing_to_do"
    away = tmp_path / "away"
    await asyncio.to_thread(media_dir.rename, away)
    root_id = await look(library)
    await until(hass, lambda: library.root_problem(root_id) is not None)
    real = library.root_problem
    library.root_problem = lambda _id: None  # it came back between question and answer
    assert (await flow.async_step_confirm({}))["reason"] == "nothing_to_do"
    library.root_problem = real  # as above


async def test_a_folder_that_is_not_used_any_more_asks_nothing(
    hass: HomeAssistant,
    library: Library,
    media_dir: Path,
    tmp_path: Path,
    hass_storage: dict[str, object],
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    await keep(library, 1_800_000_000_000)
    [old] = await library.roots()
    new = tmp_path / "new"
    await asyncio.to_thread(new.mkdir)
    await library.set_roots([RootConfig(new, "new", 0)])
    away = tmp_path / "away"
    await asyncio.to_thread(media_dir.rename, away)
    for root in store_of(library).guard.roots():
        root.due = 0.0
    look_now(library)
    await until(hass, lambda: issue(hass, old.id) is not None)
    found = issue(hass, old.id)
    assert found is not None
    assert not found.is_fixable
    assert found.translation_key == "storage_former_missing"
    problem = library.root_problem(old.id)
    assert problem is not None
    assert problem.kind is ErrorKind.STORAGE_MISSING


async def test_an_issue_goes_with_its_storage(
    hass: HomeAssistant, library: Library, media_dir: Path, tmp_path: Path
) -> None:
    [old] = await library.roots()
    away = tmp_path / "away"
    await asyncio.to_thread(media_dir.rename, away)
    await look(library)
    await until(hass, lambda: issue(hass, old.id) is not None)
    new = tmp_path / "new"
    await asyncio.to_thread(new.mkdir)
    await library.set_roots([RootConfig(new, "new", 0)])
    await until(hass, lambda: issue(hass, old.id) is None)


async def test_a_storage_that_another_home_assistant_uses_is_taken_over_by_a_person(
    hass: HomeAssistant, library: Library, media_dir: Path
) -> None:
    [root] = await library.roots()
    flow = TakeOverFlow({"root_id": root.id, "path": str(media_dir), "host": "attic"})
    flow.hass = hass
    assert (await flow.async_step_init())["reason"] == "nothing_to_do"
    [known] = store_of(library).guard.roots()
    other = Claim("another", "run", library.clock.now_ms(), "attic")
    (known.folder / CLAIM).write_bytes(other.text())
    await look(library)

    def found() -> ir.IssueEntry | None:
        return ir.async_get(hass).async_get_issue(DOMAIN, f"storage_in_use_{root.id}")

    await until(hass, lambda: found() is not None)
    issue = found()
    assert issue is not None
    assert issue.is_fixable
    asked_for = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    assert isinstance(asked_for, TakeOverFlow)
    asked_for.hass = hass
    asked = await asked_for.async_step_init()
    assert asked["type"] is FlowResultType.FORM
    assert read(asked["description_placeholders"]) == {
        "path": str(media_dir),
        "host": "attic",
    }
    done = await asked_for.async_step_confirm({})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await until(hass, lambda: found() is None)
    assert library.root_problem(root.id) is None
    again = await asked_for.async_step_confirm({})
    assert again["reason"] == "nothing_to_do"


async def test_another_home_assistant_that_stops_while_a_person_reads_needs_no_answer(
    hass: HomeAssistant, library: Library, media_dir: Path
) -> None:
    [root] = await library.roots()
    flow = TakeOverFlow({"root_id": root.id, "path": str(media_dir), "host": "?"})
    flow.hass = hass
    in_use = NvrError(ErrorKind.STORAGE_IN_USE, "?")
    library.root_problem = lambda _id: in_use  # until just now
    assert (await flow.async_step_confirm({}))["reason"] == "nothing_to_do"
