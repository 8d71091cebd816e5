"""The live sessions of a server: in memory while they are used, on the disk otherwise."""

import asyncio
import logging
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from recurra.errors import RecurraError, SessionError, StorageError
from recurra.serving.config import ServeConfig
from recurra.serving.model import Model
from recurra.serving.monitor import Monitor
from recurra.serving.problem import Problem
from recurra.serving.session import ServedSession
from recurra.serving.shelf import Shelf
from recurra.serving.vault import Kept, Vault
from recurra.streaming import Live

_FAIR_SECONDS = 0.005
"""How long snapshots are taken before others have the event loop."""
_FORGET_SECONDS = 60.0
_LATER_SECONDS = 5.0
_TOKEN_BYTES = 18
TAKEN_OVER, IDLE = "another connection goes on with the session", "nobody used the session"
logger = logging.getLogger("recurra.serving")


class Roster:
    """Sessions by their tokens.

    Args:
        shelf: Their models.
        config: How many there may be, and for how long.
        folder: Where snapshots are.
        monitor: Counts them.

    Attributes:
        is_saving: Whether the disk took the last snapshot.

    Raises:
        StorageError: The folder cannot be used.
    """

    def __init__(self, shelf: Shelf, config: ServeConfig, folder: Path, monitor: Monitor) -> None:
        self._shelf, self._config, self._monitor = shelf, config, monitor
        self._vault = Vault(folder)
        self._here: dict[str, ServedSession] = {}
        self._of_client: Counter[str] = Counter()
        self._of_model: Counter[str] = Counter()
        self.is_saving = True

    def __len__(self) -> int:
        """How many are in memory."""
        return len(self._here)

    def begin(self, model: Model, client: str) -> ServedSession:
        """A new session.

        Raises:
            Problem: The model does not stream, or there are too many sessions.
        """
        live = model.live
        if live is None:
            raise Problem(
                409,
                f"model {model.name!r}, which does not stream ({model.why_not})",
                "one that streams",
                "Use POST predict.",
            )
        self._check_room(model, client)
        session = ServedSession(secrets.token_urlsafe(_TOKEN_BYTES), model, client, _fresh(live))
        self._enter(session)
        return session

    def admit(self, model: Model, client: str) -> Callable[[], None]:
        """Count a connection that has no session here, such as one of sound.

        Returns:
            What is to be called when it is gone.

        Raises:
            Problem: There are too many sessions.
        """
        self._check_room(model, client)
        self._count(model, client, 1)
        return partial(self._count, model, client, -1)

    def resume(self, name: str, token: str, client: str) -> ServedSession:
        """The session of a token, brought back from the disk where it is not in memory.

        Raises:
            Problem: There is none, its model was replaced, or there are too many sessions.
        """
        session = self._here.get(token)
        if session is not None and session.model.name == name:
            session.used = time.time()
            return session
        try:
            kept = self._vault.get(token)
        except StorageError as error:
            raise Problem.of(error) from error
        if kept is None or kept.model != name:
            raise Problem(
                404, "a token of no session of this model", "one that the server gave", "Begin a new session."
            )
        return self._revive(kept, client)

    def _revive(self, kept: Kept, client: str) -> ServedSession:
        model = self._shelf.of_digest(kept.model, kept.digest)
        if model is None or model.live is None:
            raise Problem(
                409,
                f"a session of a version of {kept.model!r} that is no longer served",
                "one of the version that is",
                "Begin a new session, and send what came before.",
            )
        self._check_room(model, client)
        session = ServedSession(kept.token, model, client, _fresh(model.live))
        try:
            session.restore(kept.content, kept.rows)
        except RecurraError as error:
            raise Problem.of(error) from error
        session.saved = kept.rows
        self._enter(session)
        return session

    def fork(self, session: ServedSession) -> ServedSession:
        """Another session that goes on from where one is.

        Raises:
            Problem: There are too many sessions.
        """
        twin = self.begin(session.model, session.client)
        try:
            twin.restore(session.snapshot(), session.rows)
        except SessionError as error:
            self.end(twin)
            raise Problem.of(error) from error
        return twin

    def end(self, session: ServedSession) -> None:
        """Forget a session for good."""
        session.is_ended = True
        self._leave(session)
        self._drop(session.token)

    def _drop(self, token: str) -> None:
        try:
            self._vault.drop(token)
        except StorageError as error:
            self._failed(error)

    async def keep(self) -> None:
        """Write snapshots, and let go of who is idle, until cancelled."""
        forgot = 0.0
        while True:
            await asyncio.sleep(self._config.snapshot_seconds)
            try:
                await self.save()
                self._let_go(time.time() - self._config.idle_seconds)
                if time.time() > forgot + _FORGET_SECONDS:
                    forgot = time.time()
                    self._forget(forgot - self._config.forget_seconds)
            except Exception:
                logger.exception("keeping sessions failed")  # and is tried again

    def _let_go(self, idle: float) -> None:
        """Let go of sessions that nobody used since a time, and that are on the disk."""
        for session in [one for one in self._here.values() if one.used < idle]:
            if session.saved == session.rows and self._is_whole(session):
                self._leave(session)
                if session.close is not None:
                    session.close(IDLE)

    async def save(self) -> None:
        """Write a snapshot of each session that went on since its last one, and is between two rows."""
        changed = deque(one for one in self._here.values() if one.saved != one.rows)
        while changed:
            some, end = [], time.monotonic() + _FAIR_SECONDS
            while changed and time.monotonic() < end:
                if self._is_whole(changed[0]):
                    some.append((changed[0], changed[0].kept()))
                    changed[0].saved = changed[0].rows  # what happens from now on is to be written again
                changed.popleft()
            try:
                await asyncio.to_thread(self._vault.put, [kept for _, kept in some])
            except StorageError as error:
                for session, _ in some:
                    session.saved = -1
                self._failed(error)
                return
            for session, _ in some:
                if session.is_ended:  # meanwhile
                    self._drop(session.token)
        self.is_saving = True

    def _is_whole(self, session: ServedSession) -> bool:
        return session.token in self._here and not session.model.batcher.is_under_way(session.live)

    async def close(self) -> None:
        """Write what is left to be written."""
        for session in list(self._here.values()):
            await session.model.batcher.settled(session.live)
        await self.save()
        self._vault.close()

    def count(self) -> None:
        """Tell the monitor how many there are."""
        for model in self._shelf:
            self._monitor.sessions.labels(model.name).set(self._of_model[model.name])
            self._monitor.waiting.labels(model.name).set(model.batcher.rows)
        try:
            self._monitor.kept.set(len(self._vault))
        except StorageError as error:
            self._failed(error)

    def _check_room(self, model: Model, client: str) -> None:
        most, own = self._config.max_sessions, self._config.max_sessions_per_client
        if self._of_model[model.name] < most and self._of_client[client] < own:
            return
        self._monitor.refused.inc()
        what = f"at most {most} of a model" if self._of_client[client] < own else f"at most {own} of a client"
        raise Problem(429, "one more live session", what, "Close some, or come again later.", _LATER_SECONDS)

    def _enter(self, session: ServedSession) -> None:
        self._here[session.token] = session
        self._count(session.model, session.client, 1)

    def _leave(self, session: ServedSession) -> None:
        if self._here.pop(session.token, None) is not None:
            self._count(session.model, session.client, -1)

    def _count(self, model: Model, client: str, change: int) -> None:
        self._of_client[client] += change
        self._of_model[model.name] += change
        if not self._of_client[client]:
            del self._of_client[client]

    def _forget(self, before: float) -> None:
        for session in self._here.values():
            if session.used < before:
                session.saved = -1  # it is here, so it is written again
        try:
            self._vault.forget(before)
        except StorageError as error:
            self._failed(error)

    def _failed(self, error: StorageError) -> None:
        self._monitor.unsaved.inc()
        if self.is_saving:
            logger.error("%s", error)
        self.is_saving = False


def _fresh(live: Live) -> Live:
    """A memory for a new session.

    Raises:
        Problem: There is no place for it.
    """
    try:
        return live.fresh()
    except SessionError as error:
        raise Problem.of(error) from error
