"""`scripts/demo --check`: the whole path unattended, and the proof that it is exact."""

import asyncio
from pathlib import Path
import time

import aiohttp

from .config_dir import ConfigDir
from .crash_proof import wrong_after_kill
from .frames_proof import prove
from .index_rows import ClipRow, read_index
from .log_proof import wrong_in_log
from .mistakes_proof import wrong_about_mistakes, wrong_in_forms
from .origin_proof import WHEREABOUTS, wrong_about_origin
from .playback_proof import (
    camera_entities,
    wrong_in_browser,
    wrong_in_live,
    wrong_in_playback,
)
from .ports import free_port
from .say import say
from .secret_proof import (
    PASSWORD,
    Overheard,
    SecretScan,
    ask_everything,
    secret_in_files,
)
from .simulator import Simulator
from .stage import (
    DOMAIN,
    Home,
    add_devices,
    first_sync,
    home,
    settled_status,
    simulated,
)
from .table import table


class Findings:
    """What was proven and what was found wrong."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def add(self, proof: str, wrong: list[str]) -> None:
        """Note and tell the outcome of one proof."""
        print(f"{'✗' if wrong else '✓'} {proof}", flush=True)
        for line in wrong[:20]:
            print(f"    {line}", flush=True)
        self.wrong += wrong


async def check(folder: Path, package: Path) -> int:
    """Run everything below `folder`; 0 if nothing is wrong.

    `package`: the integration's folder, or the zip of a release.
    """
    findings = Findings()
    timeout = aiohttp.ClientTimeout(total=300)
    scan = SecretScan(PASSWORD)
    overheard = Overheard(scan)
    async with (
        overheard.processes(),
        simulated(folder) as simulator,
        aiohttp.ClientSession(
            timeout=timeout, trace_configs=[overheard.trace()]
        ) as session,
    ):
        await simulator.set_password(session, PASSWORD)
        config = ConfigDir(
            folder / "config", free_port(), logs_all=True, beside=WHEREABOUTS
        )
        async with home(config, session, package) as running:
            await _prove_running(running, simulator, session, findings)
            place = await asyncio.to_thread(config.place_of, package)
            findings.add(
                f"Home Assistant ran {package.name} and nothing else of ours",
                await wrong_about_origin(running.api, DOMAIN, place),
            )
            clips = await asyncio.to_thread(read_index, config.folder)
            ids = [clip.id for clip in clips if clip.state == "complete"]
            unanswered = await ask_everything(running.api, DOMAIN, ids, overheard)
        findings.add(
            "the log has no error and no blocking call",
            wrong_in_log(config.log),
        )
        findings.add(
            "killed in the middle of a sync: the next one completes the library",
            await wrong_after_kill(folder / "killed", simulator, session, package),
        )
        say("Looking for the password")
        for each in (config.folder, folder / "killed"):
            unanswered += await asyncio.to_thread(secret_in_files, each, scan)
        findings.add(
            "the password is in no log, file, address, argument or answer "
            f"({overheard.answers} answers; {', '.join(sorted(overheard.programs))})",
            unanswered + sorted(overheard.wrong),
        )
    if findings.wrong:
        print(
            f"\n✗ {len(findings.wrong)} things are wrong; everything is kept in {folder}"
        )
        return 1
    print("\n✓ All proofs hold.")
    return 0


async def _prove_running(
    running: Home,
    simulator: Simulator,
    session: aiohttp.ClientSession,
    findings: Findings,
) -> None:
    api = running.api
    findings.add(
        "each mistake has a message of its own and creates nothing",
        await wrong_about_mistakes(running, simulator, session),
    )
    results = await add_devices(api, simulator.nvrs)
    findings.add(
        "a device is added with three submits at most, and told what it can do",
        wrong_in_forms(simulator.nvrs, results),
    )
    report = await first_sync(api)
    # A sync may have been under way already when ours was asked for.
    findings.add(
        f"the first sync is complete ({report['clips']} clips)",
        [] if report["complete"] else [str(report)],
    )
    print(table(await settled_status(api)), flush=True)
    held = await simulator.ledger(session)
    rows = await asyncio.to_thread(read_index, running.config.folder)
    say(f"Decoding {len(rows)} clips")
    wrong, proven = await asyncio.to_thread(
        prove, held, rows, running.config.media, round(time.time() * 1000)
    )
    total = sum(proven.values())
    findings.add(f"{total} frames are kept once each, dated as they are", wrong)
    await _prove_playback(running, rows, findings)


async def _prove_playback(
    running: Home, rows: list[ClipRow], findings: Findings
) -> None:
    api = running.api
    complete = [row for row in rows if row.state == "complete"]
    findings.add(
        "the media browser offers every clip",
        await wrong_in_browser(api, running.config.folder),
    )
    findings.add(
        "a clip comes through Home Assistant with Range and decodes",
        await wrong_in_playback(api, complete[-1]) if complete else ["no clip is kept"],
    )
    entities = await camera_entities(api)
    say("Looking at the live pictures")
    # A stream takes seconds to begin: two of them speak for all.
    streamed = {*entities[:1], *entities[-1:]}
    live = await asyncio.gather(
        *(wrong_in_live(api, each, streams=each in streamed) for each in entities)
    )
    findings.add(
        f"live gives a picture for {len(entities)} cameras",
        [line for each in live for line in each] if entities else ["no camera entity"],
    )
