"""How near texts are to those that should have been written; BLEU and chrF are sacreBLEU's (Post 2018)."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from recurra.metrics.metric import Metric

METRICS = (
    Metric("bleu", "BLEU", "n-grams of words that are right, with a penalty for brevity; 0 to 100", "high"),
    Metric("chrf", "chrF", "F-score of n-grams of characters; 0 to 100", "high"),
    Metric(
        "exact_match", "Exact match", "share of the texts that are right as a whole", "high", unit="share"
    ),
)


def translation_scores(told: Sequence[str], truth: Sequence[str]) -> dict[str, float]:
    """BLEU, chrF (where sacrebleu is installed), and the share that is right to the letter."""
    right = sum(one == other for one, other in zip(told, truth, strict=True)) / max(len(truth), 1)
    library = sacrebleu_library()
    if library is None:
        return {"exact_match": right}
    bleu = library.corpus_bleu(list(told), [list(truth)]).score
    chrf = library.corpus_chrf(list(told), [list(truth)]).score
    return {"bleu": float(bleu), "chrf": float(chrf), "exact_match": right}


def signature(told: Sequence[str], truth: Sequence[str]) -> str:
    """With which settings BLEU was computed, as sacreBLEU writes it; "" where it is not installed."""
    library = sacrebleu_library()
    if library is None:
        return ""
    metric = library.metrics.BLEU()
    metric.corpus_score(list(told), [list(truth)])
    return str(metric.get_signature())


@cache
def sacrebleu_library() -> Any:
    """The module, with its metrics; None where it is not installed."""
    try:
        import sacrebleu  # noqa: PLC0415
        import sacrebleu.metrics  # noqa: PLC0415
    except ImportError:
        return None
    return sacrebleu
