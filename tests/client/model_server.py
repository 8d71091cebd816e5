"""A server that loses messages, connections and itself at random; and what a session must have said."""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from random import Random
from typing import Any

from recurra.client import problem, wire
from recurra.client.effect import (
    Close,
    Conversing,
    Denied,
    Effect,
    Event,
    Lost,
    Open,
    Pause,
    Poll,
    Receive,
    Send,
)

KEPT = 2048
SAVE_SECONDS = 1.0
BAD, NEVER = -1, -2  # a row that is taken and cannot be used; one that is refused for good


def said(rows: Sequence[int]) -> dict[str, Any]:
    """What is said of the last of some rows: it depends on all of them, and on how often each was taken."""
    if rows[-1] == BAD:
        return {"error": "a bad row", "expected": "a good one", "remedy": "Correct it."}
    used = [row for row in rows if row != BAD]
    return {"digest": hashlib.sha256(str(used).encode()).hexdigest()[:16], "pad": "x" * (used[-1] % 40)}


class Session:
    def __init__(self, rows: list[int]) -> None:
        self.rows, self.saved, self.answers = rows, None, list[str]()
        self.saved: list[int] | None


class ModelServer:
    """Does what a client wants done, or loses it.

    Args:
        random: Draws what goes wrong.
        trouble: How often, from 0 to 1.
    """

    def __init__(self, random: Random, trouble: float) -> None:
        self.random, self.trouble = random, trouble
        self.now, self.saved_at = 0.0, 0.0
        self.sessions: dict[str, Session] = {}
        self.at: Session | None = None
        self.token = ""
        self.told: list[str] = []
        self.kills = self.losses = 0

    def clock(self) -> float:
        return self.now

    def drive(self, conversing: Conversing[Any], stop_after: int | None = None) -> Any:
        """All of it; or as far as so many effects, where somebody stops it."""
        try:
            effect = next(conversing)
            while True:
                if stop_after is not None:
                    if not stop_after:
                        conversing.close()
                        self.at = None
                        return None
                    stop_after -= 1
                effect = conversing.send(self.do(effect))
        except StopIteration as end:
            return end.value

    def happens(self, share: float = 1.0) -> bool:
        return self.random.random() < self.trouble * share

    def do(self, effect: Effect) -> Event:
        self.now += 0.001
        if self.now > self.saved_at + SAVE_SECONDS:
            self.save()
        if isinstance(effect, Pause):
            self.now += effect.seconds
            return None
        if isinstance(effect, Close):
            self.at = None
            return None
        if self.happens(0.3):
            self.kill()
        if self.happens():
            return self.lose()
        if isinstance(effect, Open):
            return self.open(effect)
        if self.at is None:
            return self.lose()
        if isinstance(effect, Send):
            assert isinstance(effect.content, str)
            lines = self.answer(effect.content)
            if self.happens():
                return self.lose()  # it was taken, and the answer is lost
            self.told.append(lines)
            return None
        assert isinstance(effect, Receive | Poll)
        assert self.told, "a client waits for what never comes"
        return self.told.pop(0)

    def lose(self) -> Lost:
        self.losses += 1
        self.at = None
        self.told.clear()
        return Lost(problem.unreachable("http://model", ConnectionResetError("lost")))

    def save(self) -> None:
        self.saved_at = self.now
        for session in self.sessions.values():
            session.saved = list(session.rows)

    def kill(self) -> None:
        self.kills += 1
        self.at = None
        self.told.clear()
        self.sessions = {
            token: Session(list(one.saved)) for token, one in self.sessions.items() if one.saved is not None
        }
        for one in self.sessions.values():
            one.saved = list(one.rows)

    def open(self, effect: Open) -> Event:
        token, after = effect.query.get("session"), effect.query.get("after")
        if self.happens(0.5):
            return Denied(429, wire.fault(BUSY), 0.2)
        if token is None:
            token = self.new([])
        elif token not in self.sessions:
            return Denied(404, wire.fault({"error": "a token of no session"}))
        self.at, self.token, self.told = self.sessions[token], token, []
        rows = len(self.at.rows)
        about = {"$session": token, "version": "1", "$rows": rows}
        again: list[str] = []
        if after is not None and int(after) < rows:
            again = self.at.answers[-(rows - int(after)) :]
        self.told.append("\n".join([json.dumps(about), *again]))
        return None

    def new(self, rows: list[int]) -> str:
        token = f"token{len(self.sessions)}-{self.random.randrange(10**9)}"
        self.sessions[token] = Session(rows)
        return token

    def answer(self, message: str) -> str:
        session = self.at
        assert session is not None
        lines = message.split("\n")
        if self.happens(0.5) and "$do" not in json.loads(lines[0]):
            return "\n".join(json.dumps(BUSY) for _ in lines)
        told = []
        for line in lines:
            content = json.loads(line)
            if "$do" in content:
                told.append(self.obey(content, session))
                continue
            number, value, turn = content["$row"], content["value"], len(session.rows) + 1
            if number != turn or value == NEVER:
                told.append(json.dumps({"$row": number, "$rows": turn - 1, "error": "no", "remedy": ""}))
                continue
            session.rows.append(value)
            text = json.dumps({"$row": number, **said(session.rows)})
            session.answers.append(text)
            while sum(map(len, session.answers)) > KEPT:
                session.answers.pop(0)
            told.append(text)
        return "\n".join(told)

    def obey(self, content: dict[str, Any], session: Session) -> str:
        done: dict[str, Any] = {"$did": content["$do"]}
        if content["$do"] == "fork":
            done["$session"] = self.new(list(session.rows))
        elif content["$do"] == "snapshot":
            done["snapshot"] = b64encode(json.dumps(session.rows).encode()).decode()
        elif content["$do"] == "restore":
            session.rows = json.loads(b64decode(content["snapshot"]))
        elif content["$do"] == "reset":
            session.rows = []
        elif content["$do"] == "end":
            del self.sessions[self.token]
        if content["$do"] in ("restore", "reset"):
            session.answers = []
        return json.dumps({**done, "$rows": len(session.rows)})


BUSY = {"error": "too many rows", "expected": "fewer", "remedy": "Wait.", "retry_after": 0.3}
