"""`python -m scripts.nvr_cli COMMAND`: see `--help`."""

import asyncio
from collections.abc import Sequence
import logging
import sys

from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.onvif.targets import TargetError

from . import capture, discover, fetch, info, listing, report
from .arguments import make_parser
from .words import error_text

COMMANDS = {
    "discover": discover.run,
    "info": info.run,
    "list": listing.run,
    "fetch": fetch.run,
    "capture": capture.run,
    "report": report.run,
}


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; 0 good, 1 nothing found or incomplete, 2 an error."""
    arguments = make_parser().parse_args(words)
    logging.basicConfig(level=logging.DEBUG if arguments.verbose else logging.WARNING)
    try:
        return asyncio.run(COMMANDS[arguments.command](arguments))
    except NvrError as error:
        about = getattr(arguments, "host", "")
        is_search = arguments.command in {"list", "fetch"}
        said = error_text(error.kind, about, is_search=is_search)
        print(f"nvr: {said} [{error}]", file=sys.stderr)
        return 2
    except TargetError as error:
        print(f"nvr: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
