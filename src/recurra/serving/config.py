"""How a server runs."""

from typing import Annotated

from pydantic import Field

from recurra.config import Config

_SECOND, _DAY = 1.0, 86400.0


class ServeConfig(Config):
    """Settings of `recurra serve`.

    Attributes:
        weights: How weights of stream programs are kept: float32, bfloat16 or int8.
        max_sessions: Live sessions in memory at a time, of each model; one more is refused (429).
        max_sequences: Sequences in one session that go on at a time, of those that rows name.
        max_sessions_per_client: Live sessions in memory of one client, which its token or address tells.
        max_batch_size: Rows that step together at most.
        max_wait_ms: How long the first row of a batch waits for others, in milliseconds; 0: no longer than
            what is there already takes to be read.
        max_queue: Rows that may wait for their step, of each model; more are refused (429).
        rows_per_second: Rows that one client may send in a second; faster ones wait. 0: as many as it likes.
        max_body_mb: Size of the body of a request, in MiB.
        max_message_kb: Size of a message of a live session, in KiB.
        request_seconds: How long the head of a request may take to arrive, and its body.
        answer_seconds: How long a prediction may take before its client is told to come again.
        idle_seconds: A session that nobody uses for so long leaves memory; it comes back when it is used.
        forget_seconds: A session that nobody uses for so long is forgotten.
        snapshot_seconds: How often sessions that went on are written to the disk; at most so much is lost
            when the process is killed.
        drain_seconds: How long requests may go on when the server is told to stop; live sessions are kept.
        threads: Threads of a batch's step, of each model.
    """

    weights: str = "float32"
    max_sessions: int = Field(default=10_000, ge=1, le=1_000_000)
    max_sequences: int = Field(default=256, ge=1)
    max_sessions_per_client: int = Field(default=1000, ge=1)
    max_batch_size: int = Field(default=256, ge=1, le=65_536)
    max_wait_ms: Annotated[float, Field(ge=0, le=1000)] = 0.0
    max_queue: int = Field(default=20_000, ge=1)
    rows_per_second: float = Field(default=0.0, ge=0)
    max_body_mb: float = Field(default=64.0, gt=0)
    max_message_kb: float = Field(default=1024.0, gt=0)
    request_seconds: float = Field(default=30.0, gt=0)
    answer_seconds: float = Field(default=120.0, gt=0)
    idle_seconds: float = Field(default=300.0, gt=0)
    forget_seconds: float = Field(default=_DAY, gt=0)
    snapshot_seconds: float = Field(default=_SECOND, gt=0)
    drain_seconds: float = Field(default=5.0, ge=0)
    threads: int = Field(default=1, ge=1, le=1024)
