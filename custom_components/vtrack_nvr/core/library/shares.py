"""The book of links that show footage without a login: what, whose, until when.

A token is known to whoever was given the link, and to nobody else: the index holds its
hash. What may be shown by a link is decided anew each time it is followed, outside.
"""

import hashlib
import secrets
import sqlite3
from typing import Final

from ..errors import Limit, LimitError
from ..intervals import DAY_MS, HOUR_MS
from .context import LibraryContext
from .index import share_rows
from .share_values import Share, ShareTarget

TOKEN_BYTES: Final = 32
MOST_OF_ONE: Final = 100
"""Links of one person, or of Home Assistant itself, that have not expired."""
MOST: Final = 1000
LONGEST_MS: Final = 30 * DAY_MS
SHORTEST_MS: Final = HOUR_MS // 60
_TOKEN_LENGTH: Final = 43
"""What `secrets.token_urlsafe` makes of so many bytes."""


class ShareBook:
    """`library.shares`: create, find by token, list, revoke. All methods await the index."""

    def __init__(self, context: LibraryContext) -> None:
        """Keep the links of a library."""
        self._context = context

    async def create(
        self, target: ShareTarget, user: str, life_ms: int
    ) -> tuple[Share, str]:
        """Return a new link and its token, which nobody can be told again.

        It lives for `life_ms`, within a minute and 30 days. Raises `LimitError`: SHARES
        where the user has as many as one may have, SHARES_ALL where all have together.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now_ms = self._now_ms()
        expires_ms = now_ms + min(max(life_ms, SHORTEST_MS), LONGEST_MS)

        def run(connection: sqlite3.Connection) -> Share:
            mine, of_all = share_rows.count_shares(connection, user, now_ms)
            if mine >= MOST_OF_ONE:
                raise LimitError(Limit.SHARES, {"most": str(MOST_OF_ONE)})
            if of_all >= MOST:
                raise LimitError(Limit.SHARES_ALL, {"most": str(MOST)})
            return share_rows.add_share(
                connection, _hash(token), target, user, now_ms, expires_ms
            )

        return await self._context.async_write(run), token

    async def find(self, token: str) -> Share | None:
        """Return what a token opens; None where it never did, or does no more."""
        if len(token) != _TOKEN_LENGTH:
            return None
        # a hash is looked for, so how long that takes tells nothing of a token
        found, now_ms = _hash(token), self._now_ms()
        return await self._context.async_read(share_rows.by_hash, found, now_ms)

    async def get(self, share_id: int) -> Share | None:
        """Return a link that has not expired, None where there is none."""
        now_ms = self._now_ms()
        return await self._context.async_read(share_rows.by_id, share_id, now_ms)

    async def all(self, user: str | None = None) -> tuple[Share, ...]:
        """Return the links of a user (of all) that have not expired, newest first."""
        now_ms = self._now_ms()
        return await self._context.async_read(share_rows.living, user, now_ms)

    async def revoke(self, share_id: int) -> None:
        """End a link at once; nothing happens where there is none."""
        await self._context.async_write(share_rows.remove_share, share_id)

    def _now_ms(self) -> int:
        return self._context.clock.now_ms()


def _hash(token: str) -> str:
    """Return what the index knows of a token: it is random enough to need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
