"""Checks how commits are told: `python -m scripts.commits [RANGE]`.

Without a range it looks at those since the last release and since these rules last
changed, at most fifty.
"""

from collections.abc import Iterator
import re
import subprocess
import sys

LONGEST = 72
MOST = 50
_SUBJECT = re.compile(r"[a-z][a-z0-9 ,/_.-]*: \S")
_NO_COMMAND = re.compile(
    "an?|are|became|began|broke|brought|built|chose|did|does|drew|fell|found|gave|got"
    "|had|has|held|is|kept|knew|led|left|lost|made|met|ran|rose|said|saw|sent|spent"
    "|spoke|stood|taught|these?|this|thought|threw|told|took|was|went|were|won|wrote"
)
"""First words that no command begins with: articles, and verbs in another form."""
_INFLECTED = re.compile(r"\w*([^\Ws]s|ed|ing)")
_COMMANDS = re.compile(
    "alias|bias|bleed|breed|bring|cling|embed|exceed|feed|focus|heed|need|proceed|ring"
    "|seed|shed|shred|sing|speed|spring|string|succeed|swing|weed"
)
"""Commands that only look like *adds*, *added* or *adding*."""


def problems(message: str) -> Iterator[str]:
    """Yield what is wrong with a commit's message."""
    subject, _, body = message.strip("\n").partition("\n")
    if len(subject) > LONGEST:
        yield f"{len(subject)} characters, {LONGEST} at most"
    if not _SUBJECT.match(subject):
        yield "is not `area: what changes`"
    if ";" in subject:
        yield "joins two thoughts with a semicolon"
    if not _is_command(subject.partition(": ")[2]):
        yield "does not begin with a command (add, not adds, added or adding)"
    if subject.endswith("."):
        yield "ends with a full stop"
    if body and not body.startswith("\n"):
        yield "has no empty line below its subject"


def _is_command(text: str) -> bool:
    """Return whether a sentence may begin with an imperative."""
    word = re.split(r"\W", text.lower(), maxsplit=1)[0]
    if _NO_COMMAND.fullmatch(word):
        return False
    return not _INFLECTED.fullmatch(word) or _COMMANDS.fullmatch(word) is not None


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True
    ).stdout


def _chosen() -> list[str]:
    """Return what to look at: since the last tag and the last change of these rules."""
    tags = _git("tag", "--merged", "HEAD", "--sort=-creatordate").split()
    rules = _git("log", "-1", "--format=%H", "--", __file__).split()
    return ["HEAD", *(f"^{tag}" for tag in tags[:1]), *(f"^{one}^@" for one in rules)]


def main() -> int:
    """Print what is wrong with the newest commits; 0 if nothing is."""
    chosen = sys.argv[1:] or _chosen()
    log = _git(
        "log", "-z", "--no-merges", f"--max-count={MOST}", "--format=%B", *chosen
    )
    found = [
        f"{message.splitlines()[0]}: {problem}"
        for message in log.split("\0")
        if message.strip()
        for problem in problems(message)
    ]
    print("\n".join(found))
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main())
