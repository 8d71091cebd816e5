"""Numbers in memory or in a file."""

import gc
import pickle
from pathlib import Path

import numpy as np
import pytest

from recurra.data.token_store import TokenStore
from recurra.data.token_stream import TokenStream

BLOCKS = [np.arange(5), np.arange(5, 7), np.zeros(0), np.arange(7, 20)]


@pytest.mark.parametrize("in_memory", [0, 6, 1000])
@pytest.mark.parametrize("vocabulary", [100, 100_000])
def test_numbers_come_back_wherever_they_are_kept(
    in_memory: int, vocabulary: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = TokenStore.of(BLOCKS, vocabulary, in_memory)
    assert len(store) == 20
    assert store.read(3, 9).tolist() == [3, 4, 5, 6, 7, 8]
    assert store.rows(1, 3, np.array([0, 10])).tolist() == [[1, 2], [11, 12]]
    assert len(list(tmp_path.iterdir())) == (in_memory < 20)
    assert pickle.loads(pickle.dumps(store)).read(0, 20).tolist() == list(range(20))
    del store
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_rows_of_a_stream_go_on_and_cover_the_corpus() -> None:
    store = TokenStore.of([np.arange(3, 1003)], 2000)
    for vary in (False, True):
        stream = TokenStream(store, batch_size=4, steps=30, start=2, seed=1, vary=vary)
        batches = [stream.batch(0, index) for index in range(len(stream))]
        assert [stream.continues(0, index) for index in range(3)] == [False, True, True]
        targets = np.concatenate([batch.targets.numpy() for batch in batches], axis=1)
        inputs = np.concatenate([batch.inputs.numpy() for batch in batches], axis=1)
        assert targets.tolist() == np.arange(3, 1003).reshape(4, 250).tolist()
        assert inputs[0, 0] == 2
        assert (inputs.ravel()[1:] == targets.ravel()[:-1]).all()
        sizes = [batch.targets.shape[1] for batch in batches]
        assert (len(set(sizes)) > 2) == vary
        assert np.abs(np.mean(sizes) - 30) < 4
        assert (stream.batch(0, 3).inputs == batches[3].inputs).all()
        assert [len(stream.batch(5, index)) for index in range(2)] == [4, 4]
    assert stream.batch(1, 0).inputs.shape != stream.batch(0, 0).inputs.shape
    shard = batches[1].shard(1, 2)
    assert shard.inputs.tolist() == batches[1].inputs[1::2].tolist()
    chunks = list(batches[0].chunks(7))
    assert sum(chunk.inputs.shape[1] for chunk in chunks) == batches[0].inputs.shape[1]
