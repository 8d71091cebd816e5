import pytest
import torch
from torch import nn

from recurra.config import validated
from recurra.errors import ConfigError
from recurra.inputs.text.config import TextConfig
from recurra.inputs.text.encoder import TextEncoder
from recurra.inputs.text.input import TEXT
from recurra.types import Sequences

CONTENTS = ["a tiny film", "an extraordinarily good and long film , it is"]


@pytest.mark.parametrize("characters", ["none", "lstm", "conv"])
def test_padding_changes_nothing(characters: str) -> None:
    config = validated(TextConfig, {"characters": characters, "embedding_size": 7, "character_size": 6})
    encoding = TEXT.learn(CONTENTS, config)
    encoder = TEXT.encoder(encoding, config).eval()
    sequences = Sequences.from_list([encoding.encode(content) for content in CONTENTS])
    features = encoder(sequences.values)
    assert features.shape == (2, 9, encoder.output_size)
    assert encoder.output_size == 7 + (6 if characters != "none" else 0)
    alone = encoder(torch.from_numpy(encoding.encode(CONTENTS[0]))[None])
    torch.testing.assert_close(features[:1, :3], alone)
    assert not features[0, 3:].any()


@pytest.mark.parametrize("characters", ["lstm", "conv"])
def test_letters_tell_unknown_words_apart_and_learn(characters: str) -> None:
    config = validated(TextConfig, {"characters": characters})
    encoding = TEXT.learn(CONTENTS, config)
    encoder = TEXT.encoder(encoding, config).eval()
    features = encoder(torch.from_numpy(encoding.encode("mlif godo"))[None])[0]
    assert not torch.equal(features[0], features[1])
    features.sum().backward()
    assert all(one.grad is not None and one.grad.any() for one in encoder.characters.parameters())


def test_whole_words_are_dropped_together() -> None:
    encoder = TextEncoder(50, 3, embedding_dropout=0.5)
    ids = torch.arange(1, 50).repeat(2, 2)[:, :, None]
    features = encoder(ids)
    torch.testing.assert_close(features[:, :49], features[:, 49:])
    torch.testing.assert_close(features[0], features[1])
    dropped = (features[0, :49] == 0).all(dim=-1)
    assert 10 < int(dropped.sum()) < 40
    torch.testing.assert_close(features[0, :49][~dropped], 2 * encoder.embedding.weight[1:][~dropped])


def test_locked_dropout_drops_the_same_features_at_all_steps() -> None:
    encoder = TextEncoder(5, 40, locked_dropout=0.5)
    dropped = encoder(torch.full((1, 7, 1), 3)) == 0
    assert dropped.any()
    assert bool((dropped == dropped[:, :1]).all())
    assert not (encoder.eval()(torch.full((1, 7, 1), 3)) == 0).any()


def test_given_vectors_are_where_training_starts() -> None:
    vectors = torch.randn(5, 3).numpy()
    encoder = TextEncoder(5, 3, vectors=vectors)
    torch.testing.assert_close(encoder(torch.tensor([[[4]]]))[0, 0], torch.from_numpy(vectors[4]))
    assert encoder.embedding.weight.requires_grad


def test_a_stream_runs_through_the_embedding_alone() -> None:
    encoder = TextEncoder(5, 3)
    (module,) = encoder.stream_modules()
    assert isinstance(module, nn.Embedding)
    assert module is encoder.embedding
    with pytest.raises(ConfigError, match="characters=none"):
        TextEncoder(5, 3, characters="lstm", alphabet=4).stream_modules()


@pytest.mark.parametrize("options", [{"characters": "gru", "alphabet": 4}, {"characters": "conv"}])
def test_impossible_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        TextEncoder(5, 3, **options)


def test_a_text_is_shown_in_one_line() -> None:
    assert TEXT.show("one\n two\t three") == "one two three"
    assert TEXT.show(["a", "b"]) == "a b"
    assert len(TEXT.show("word " * 1000)) == 200
