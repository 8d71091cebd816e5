"""What a server counts, for Prometheus."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Monitor:
    """Counters of one server, each by model."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        kept: Any = {"registry": self._registry}
        by_model = ("model",)
        self.rows = Counter("recurra_rows", "Rows of live sessions that were taken.", by_model, **kept)
        self.faults = Counter(
            "recurra_faults", "Rows of live sessions that could not be used.", by_model, **kept
        )
        self.refused = Counter("recurra_refused", "Messages and requests that were too many.", **kept)
        self.sessions = Gauge("recurra_sessions", "Live sessions in memory.", by_model, **kept)
        self.waiting = Gauge("recurra_waiting_rows", "Rows that wait or are under way.", by_model, **kept)
        self.kept = Gauge("recurra_kept_sessions", "Sessions whose snapshot is on the disk.", **kept)
        self.unsaved = Counter("recurra_snapshot_failures", "Times that the disk took no snapshot.", **kept)
        self.predictions = Counter("recurra_predictions", "Requests that were predicted.", by_model, **kept)
        self.prediction_seconds = Histogram(
            "recurra_prediction_seconds", "How long they took.", by_model, buckets=_SECONDS, **kept
        )
        self.message_seconds = Histogram(
            "recurra_message_seconds",
            "From a message of a live session to its answer.",
            by_model,
            buckets=_SECONDS,
            **kept,
        )
        self.batch_rows = Histogram(
            "recurra_batch_rows", "Sessions that stepped together.", by_model, buckets=_SIZES, **kept
        )
        self.batch_seconds = Histogram(
            "recurra_batch_seconds", "How long their step took.", by_model, buckets=_SECONDS, **kept
        )

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
