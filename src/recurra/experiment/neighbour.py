"""The nearest examples of the training part, by the numbers that an input sums contents up in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from recurra.experiment.examples import Part
from recurra.experiment.learnt import DESCRIPTION, Learnt
from recurra.experiment.task import Prepared
from recurra.files import damage_told
from recurra.inputs import registry

NEAREST = "nearest"


def learn_nearest(prepared: Prepared, texts: Sequence[Any]) -> Learnt:
    """What the input sums up of each training example, and its text or texts."""
    schema, contents = prepared.schema, prepared.train.examples.contents
    summary = registry.get(schema.input).summary.learn(contents)
    description = {"input": schema.input, "summary": summary.to_dict(), "texts": list(texts)}
    return Learnt(NEAREST, description, {"numbers": _dense(summary.numbers(contents)).astype(np.float32)})


def nearest_texts(learnt: Learnt, part: Part) -> tuple[list[Any], str]:
    """Of each row what the nearest training example has, and what such a neighbour is called."""
    with damage_told(Path(learnt.name, DESCRIPTION)):
        kind = registry.get(learnt.description["input"])
        rows = _nearest(learnt.description, learnt.arrays["numbers"], part.examples.contents)
        texts = [learnt.description["texts"][row] for row in rows]
    return texts, f"{kind.summary_label}, nearest example"


def _nearest(
    description: Mapping[str, Any], known: np.ndarray, contents: Sequence[Any]
) -> Int64[np.ndarray, " rows"]:
    summary = registry.get(description["input"]).summary.from_dict(description["summary"])
    scaler = StandardScaler().fit(known)
    search = NearestNeighbors(n_neighbors=1).fit(scaler.transform(known))
    asked = scaler.transform(_dense(summary.numbers(contents)))
    found: Int64[np.ndarray, " rows"] = search.kneighbors(asked, return_distance=False)[:, 0]
    return found


def _dense(numbers: Any) -> np.ndarray:
    return numbers if isinstance(numbers, np.ndarray) else np.asarray(numbers.toarray())
