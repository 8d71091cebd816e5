"""Rows of many sessions, whose steps are taken together.

Rows of one session are taken one after another, in their order. Whenever some rows wait for a step, one row
of each of up to `max_batch_size` sessions, all of these steps are one product of the engine. No number
depends on what else is in the batch.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

from recurra.confinement import NOWHERE, confined
from recurra.errors import DataError, RecurraError, SessionError
from recurra.streaming import Live, Prediction
from recurra.streaming.live import Step, Stepping
from recurra.streaming.pooled import step_together

Row: TypeAlias = Mapping[str, Any] | Sequence[Any] | DataError
Answer: TypeAlias = Prediction | RecurraError
Taken: TypeAlias = Callable[[list[Answer]], bool]
Check: TypeAlias = Callable[[Any], DataError | None]
Done: TypeAlias = Callable[[BaseException | None], None]

logger = logging.getLogger("recurra.serving")
SETTLE_SECONDS = 0.001
"""How often it is looked whether rows of a session are still under way."""
_FAIR_SECONDS = 0.005
"""How long batches go on before others have the event loop."""


class QueueFullError(Exception):
    """More rows wait than may."""


class Job:
    """Rows of one session.

    Args:
        live: The session's.
        rows: They; in place of one that is none, what is wrong with it.
        check: What is wrong with a row that may not be taken now; None: nothing.
        taken: Called after each row with what is said of its parts: one, or one for each series in it; says
            whether to go on.
        done: Called when all rows are taken, or with what broke.
    """

    __slots__ = ("_parts", "_rows", "_said", "_stepping", "check", "done", "live", "size", "taken")

    def __init__(self, live: Live, rows: Sequence[Row], check: Check, taken: Taken, done: Done) -> None:
        self.live, self.check, self.taken, self.done = live, check, taken, done
        self.size = len(rows)
        self._rows, self._parts = deque(rows), deque[Mapping[str, Any] | Sequence[Any]]()
        self._said: list[Answer] = []
        self._stepping: Stepping[Prediction] | None = None

    def go_on(self, output: Any = None, error: Exception | None = None) -> Step | None:
        """The next step that is needed, after the output of the last one; None: all rows are taken."""
        while True:
            stepping = self._stepping or self._begin()
            if stepping is None:
                return None
            try:
                if error is not None:
                    return stepping.throw(error)
                return next(stepping) if output is None else stepping.send(output)
            except StopIteration as end:
                self._say(end.value)
            except RecurraError as wrong:
                self._say(wrong)
            output = error = None

    def _begin(self) -> Stepping[Prediction] | None:
        """Begin with the next part of a row, if there is one."""
        while not self._parts:
            if not self._rows:
                return None
            row = self._rows.popleft()
            wrong = row if isinstance(row, DataError) else self.check(row)
            try:
                if wrong is None and not isinstance(row, DataError):
                    self._parts.extend(self.live.split(row))
            except DataError as error:
                wrong = error
            if wrong is not None:
                self._tell([wrong])
        self._stepping = self.live.answering(self._parts.popleft())
        return self._stepping

    def _say(self, answer: Answer) -> None:
        self._stepping = None
        self._said.append(answer)
        if not self._parts:
            said, self._said = self._said, []
            self._tell(said)

    def _tell(self, said: list[Answer]) -> None:
        if not self.taken(said):
            self._rows.clear()


class Batcher:
    """The rows of one model that wait, and those that are under way.

    Args:
        max_batch_size: How many sessions step together at most.
        max_wait: Seconds that the first one waits for others.
        max_queue: How many rows may wait.
        alone: Whether rows are taken one by one in a thread of their own, since each takes milliseconds.
        watch: Called after every batch with its size and the seconds that it took.

    Attributes:
        rows: How many rows wait or are under way.
    """

    def __init__(
        self,
        max_batch_size: int,
        max_wait: float,
        max_queue: int,
        *,
        alone: bool = False,
        watch: Callable[[int, float], None] = lambda _size, _seconds: None,
    ) -> None:
        self._most, self._wait, self._queue = max_batch_size, max_wait, max_queue
        self._watch = watch
        self._waiting: deque[Job] = deque()
        self._active: list[tuple[Job, Step]] = []
        self._is_due = False
        self._under_way: set[Live] = set()
        self._thread = ThreadPoolExecutor(1, "recurra-net") if alone else None
        self.rows = 0

    def submit(self, job: Job) -> None:
        """Take the rows of a session, of which none is under way.

        Raises:
            QueueFullError: Too many wait; none of these rows is taken.
        """
        if self.rows and self.rows + job.size > self._queue:
            raise QueueFullError
        loop = asyncio.get_running_loop()
        if self._thread is not None:
            taking = loop.run_in_executor(self._thread, _alone, job, loop)
            taking.add_done_callback(lambda ended: self._end(job, _error_of(ended)))
        else:
            self._waiting.append(job)
            if not self._is_due:
                self._is_due = True
                loop.call_later(self._wait, self._run)
        self._under_way.add(job.live)
        self.rows += job.size

    async def take(self, live: Live, rows: Sequence[Row], check: Check, taken: Taken) -> None:
        """Take rows of a session, after those that it sent before; errors as of `submit`."""
        await self.settled(live)
        ended = asyncio.get_running_loop().create_future()

        def done(error: BaseException | None) -> None:
            if ended.done():
                return
            if error is None:
                ended.set_result(None)
            else:
                ended.set_exception(error)

        self.submit(Job(live, rows, check, taken, done))
        await ended

    def is_under_way(self, live: Live) -> bool:
        """Whether rows of a session are not all taken, so that what it remembers is between two rows."""
        return live in self._under_way

    async def settled(self, live: Live) -> None:
        """Wait until no row of a session is under way, as may be where its connection was lost."""
        while live in self._under_way:
            await asyncio.sleep(SETTLE_SECONDS)

    def close(self) -> None:
        """Take no more rows."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        """Batches, until none waits or others must have their turn; rows may name no files."""
        end = time.monotonic() + _FAIR_SECONDS
        with confined(NOWHERE):
            while self._waiting or self._active:
                if time.monotonic() > end:
                    asyncio.get_running_loop().call_soon(self._run)
                    return
                while self._waiting and len(self._active) < self._most:
                    self._follow(self._waiting.popleft())
                if self._active:
                    self._batch()
        self._is_due = False

    def _batch(self) -> None:
        begun = time.perf_counter()
        active, self._active = self._active, []
        try:
            outputs: Sequence[Any] = step_together(
                [step.session for _, step in active], [step.input for _, step in active]
            )
        except Exception:  # noqa: BLE001 - one of them is at fault, and no other must know of it
            for job, step in active:
                self._step_alone(job, step)
            return
        for (job, _), output in zip(active, outputs, strict=True):
            self._follow(job, output)
        self._watch(len(active), time.perf_counter() - begun)

    def _step_alone(self, job: Job, step: Step) -> None:
        try:
            output = step.session.step(step.input)
        except RecurraError as error:
            self._follow(job, error=error)
        except Exception as failure:  # noqa: BLE001 - of this session alone; its client is told
            self._end(job, failure)
        else:
            self._follow(job, output)

    def _follow(self, job: Job, output: Any = None, error: Exception | None = None) -> None:
        """Go on with a job up to its next step, or to its end."""
        try:
            step = job.go_on(output, error)
        except Exception as failure:  # noqa: BLE001 - of this session alone; its client is told
            self._end(job, failure)
            return
        if step is None:
            self._end(job, None)
        else:
            self._active.append((job, step))

    def _end(self, job: Job, error: BaseException | None) -> None:
        self.rows -= job.size
        self._under_way.discard(job.live)
        try:
            job.done(error)
        except Exception:
            logger.exception("what follows on rows failed")  # and is nobody else's affair


def _error_of(taking: asyncio.Future[None]) -> BaseException | None:
    return asyncio.CancelledError() if taking.cancelled() else taking.exception()


def _alone(job: Job, loop: asyncio.AbstractEventLoop) -> None:
    """Take a job's rows in this thread; what is said of them is handed over to the event loop."""
    told = job.taken

    def hand_over(said: list[Answer]) -> bool:
        loop.call_soon_threadsafe(told, said)
        return not any(isinstance(one, SessionError) for one in said)

    job.taken = hand_over
    with confined(NOWHERE):
        step = job.go_on()
        while step is not None:
            try:
                output = step.session.step(step.input)
            except RecurraError as error:
                step = job.go_on(error=error)
            else:
                step = job.go_on(output)
