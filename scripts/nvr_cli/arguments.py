"""The command line: what can be asked for."""

import argparse
from pathlib import Path


def _with_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("host", help="address or name, HOST:PORT or https://HOST:PORT")
    parser.add_argument(
        "--port", type=int, help="ONVIF port (default 80, 443 for https)"
    )
    parser.add_argument("--user", default="", help="user name")
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from standard input; else $VTRACK_PASSWORD, else ask",
    )
    parser.add_argument("--rtsp-port", type=int, help="RTSP port, where forwarded")
    parser.add_argument(
        "--any-certificate", action="store_true", help="https: do not check it"
    )
    parser.add_argument(
        "--cleartext",
        action="store_true",
        help="send the password readable if the device takes it in no other way",
    )
    parser.add_argument("--fingerprint", default="", help="https: accept only this one")


def _with_range(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--start", help="UTC, e.g. 2026-03-01T07:00:00Z (default: oldest)"
    )
    parser.add_argument("--end", help="UTC (default: now)")
    parser.add_argument("--recording", help="recording token (default: all)")
    parser.add_argument("--camera", type=int, help="channel number (default: all)")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all subcommands."""
    parser = argparse.ArgumentParser(prog="nvr", description=__doc__)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--verbose", action="store_true", help="log what happens")
    commands = parser.add_subparsers(dest="command", required=True)

    discover = commands.add_parser("discover", help="find devices")
    discover.add_argument(
        "targets",
        nargs="*",
        help="addresses, ranges or networks to ask one by one (default: multicast)",
    )
    discover.add_argument("--ports", default="", help="e.g. 80,8000-8010")
    discover.add_argument("--interface", action="append", help="own IPv4 address")
    discover.add_argument("--seconds", type=float, default=6.0)

    info = commands.add_parser("info", help="say what a device can do")
    _with_device(info)

    listing = commands.add_parser("list", help="list what it has recorded")
    _with_device(listing)
    _with_range(listing)

    fetch = commands.add_parser("fetch", help="download a range into a folder")
    _with_device(fetch)
    _with_range(fetch)
    fetch.add_argument("folder", type=Path)
    fetch.add_argument("--clip-minutes", type=float, default=5.0)
    fetch.add_argument("--no-audio", action="store_true")

    capture = commands.add_parser(
        "capture", help="keep the device's answers, anonymised, as test material"
    )
    _with_device(capture)
    capture.add_argument("folder", type=Path)

    report = commands.add_parser(
        "report", help="ask it everything and write one anonymised file to hand on"
    )
    _with_device(report)
    report.add_argument("--out", type=Path, help="the file (default: in this folder)")
    return parser
