"""The same with asyncio: many sessions at once, each with its own numbers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import soundfile
from polars.testing import assert_frame_equal
from tests.client.conftest import RATE, Proxy, Server, rows_of, same

from recurra import AsyncClient, Client
from recurra.errors import ConfigError, DataError, ServerError
from recurra.streaming import Live

TABLE = {"ds": list(range(60)), "y": [float(step % 4) for step in range(60)]}
SESSIONS = 200


def text_of(number: int) -> str:
    return "import os"[number % 9 :] + "def f(x)"[: 1 + number % 7]


def test_two_hundred_sessions_at_once_have_their_own_numbers(
    server: Server, local: Callable[[str], Live]
) -> None:
    async def one(client: AsyncClient, number: int) -> None:
        rows, live = rows_of(text_of(number)), local("book")
        async with client.session("book") as session:
            answers = [await session.predict(rows[0]), *await session.run(rows[1:])]
            assert session.rows == len(rows)
            await session.end()
        for answer, row in zip(answers, rows, strict=True):
            same(answer, live, row)

    async def all_of_them() -> None:
        async with AsyncClient(server.url) as client:
            await asyncio.gather(*(one(client, number) for number in range(SESSIONS)))

    asyncio.run(all_of_them())


def test_it_has_the_methods_of_the_other(server: Server, runs: dict[str, Path]) -> None:
    sound = soundfile.read(runs["book"].parent / "words" / "low_1.wav", dtype="int16")[0]

    async def pieces() -> AsyncIterator[np.ndarray]:
        for piece in np.array_split(sound, 5):
            yield piece

    async def use() -> None:
        async with AsyncClient(server.url) as client:
            here = stack.enter_context(Client(server.url))
            assert await client.models() == here.models()
            assert await client.model("book") == here.model("book")
            assert_frame_equal(await client.predict("sales", TABLE), here.predict("sales", TABLE))
            whole = await client.generate("book", "im", length=30, seed=2)
            assert "".join([one async for one in client.pieces("book", "im", length=30, seed=2)]) == whole
            heard = [one async for one in client.listen("spotter", pieces(), RATE, threshold=0.3)]
            assert heard == list(here.listen("spotter", sound, RATE, threshold=0.3))
            with pytest.raises(ConfigError, match="'bok'"):
                await client.session("bok").open()
        for url, words in (
            ("http://127.0.0.1:9", "nobody listens there"),
            (server.url.replace("http", "https"), "TLS fails"),
        ):
            async with AsyncClient(url) as client:
                with pytest.raises(ServerError, match=words):
                    await client.models()

    with ExitStack() as stack:
        asyncio.run(use())


def test_sessions_fork_keep_and_come_back(server: Server, proxy: Proxy, local: Callable[[str], Live]) -> None:
    rows = rows_of("import os")

    async def use() -> None:
        async with AsyncClient(proxy.url).session("book") as session:
            before, live = await session.run(rows), local("book")
            for answer, row in zip(before, rows, strict=True):
                same(answer, live, row)
            snapshot, twin = await session.snapshot(), await session.fork()
            proxy.cut()
            first, second = await asyncio.gather(session.predict(rows[0]), session.predict(rows[1]))
            for answer, row in ((first, rows[0]), (second, rows[1])):
                same(answer, live, row)
            assert await twin.run(rows[:2]) == [first, second]
            await session.restore(snapshot)
            assert await session.run(rows[:2]) == [first, second]
            await session.reset()
            proxy.cut()
            assert await session.run(rows) == before
            with pytest.raises(DataError, match="text"):
                await session.predict({"txt": "a"})
            await twin.end()

    asyncio.run(use())


def test_a_task_that_is_cancelled_leaves_a_session_that_goes_on(
    server: Server, local: Callable[[str], Live]
) -> None:
    rows, live = rows_of("import os" * 300), local("book")

    async def use() -> None:
        async with AsyncClient(server.url).session("book") as session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await session.run(rows)
            await session.open()
            taken = session.rows
            assert taken < len(rows)
            for row in rows[:taken]:
                live.predict(row)
            same(await session.predict(rows[0]), live, rows[0])

    asyncio.run(use())
