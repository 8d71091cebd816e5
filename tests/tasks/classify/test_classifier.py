"""A classifier on texts, sequences and rows: it learns, keeps, tells, and refuses what it cannot use."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.base import clone

from recurra import Classifier
from recurra.errors import ConfigError, DamagedError, DataError, NotFittedError
from recurra.experiment.artifact import load_fitted
from recurra.experiment.run import evaluate, train
from recurra.report.verdict import verdict
from recurra.tasks.classify.live import LiveClassifier
from recurra.tasks.classify.task import CLASSIFY
from recurra.tasks.tag.task import TAG

SMALL = {"hidden_size": 8, "max_epochs": 3, "batch_size": 8, "validation_size": 0.2, "test_size": 0.2}
GOOD, BAD = ["fine", "lovely", "great", "good"], ["poor", "awful", "dull", "bad"]


def reviews(rows: int = 120) -> pl.DataFrame:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, rows)
    texts = [
        f"the {random.choice(['film', 'play', 'book'])} was {random.choice(GOOD if label else BAD)}"
        for label in labels
    ]
    return pl.DataFrame({"text": texts, "label": ["yes" if label else "no" for label in labels]})


def waves(rows: int = 90) -> pl.DataFrame:
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, rows)
    values = [
        [float(v) for v in np.sin(np.arange(int(random.integers(9, 15))) * (0.4 + 0.7 * label))]
        for label in labels
    ]
    return pl.DataFrame({"value": values, "label": [f"w{label}" for label in labels]})


def points(rows: int = 120) -> pl.DataFrame:
    random = np.random.default_rng(2)
    values = random.normal(size=(rows, 2))
    colour = np.where(values[:, 0] > 0, "red", "blue")
    return pl.DataFrame(
        {"a": values[:, 0], "b": values[:, 1], "colour": colour, "label": (values[:, 0] > 0).astype(int)}
    )


@pytest.fixture(scope="module")
def fitted() -> Classifier:
    return Classifier(**SMALL | {"max_epochs": 12}, learning_rate=1e-2).fit(reviews())


def test_it_learns_what_the_words_say(fitted: Classifier) -> None:
    metrics = fitted.evaluate()
    scores = {model.name: model.scores for model in metrics.models}
    assert scores["recurra"]["accuracy"] == 1.0
    assert scores["majority"]["accuracy"] < 0.8
    assert [model.kind for model in metrics.models] == ["recurrent", "naive", "linear"]
    assert fitted.score() == 1.0
    told = fitted.predict(pl.DataFrame({"text": ["a great film", "an awful film"]}))
    assert told["prediction"].to_list() == ["yes", "no"]
    assert np.allclose(told["p_yes"] + told["p_no"], 1)


def test_answers_do_not_depend_on_who_shares_the_batch(fitted: Classifier) -> None:
    frame = reviews(30).with_columns(pl.col("text") + " indeed so" * 5)
    whole = fitted.predict(frame)
    alone = pl.concat([fitted.predict(frame[row]) for row in range(len(frame))])
    assert np.allclose(whole["p_yes"], alone["p_yes"], atol=1e-6)


def test_saved_and_loaded_it_says_the_same(fitted: Classifier, tmp_path: Path) -> None:
    folder = fitted.save(tmp_path / "model")
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}
    again = Classifier.load(folder)
    assert again.predict(reviews(5)).equals(fitted.predict(reviews(5)))
    assert again.get_params() == again.config_.model_dump()
    with pytest.raises(NotFittedError, match="no test part"):
        again.evaluate()
    assert again.evaluate(reviews(20)).models[0].scores["accuracy"] == 1.0


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_numbers_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, two = (Classifier(**SMALL, seed=3).fit(reviews(40)) for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    for ours, theirs in zip(one.fitted_.model.parameters(), two.fitted_.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_resumed_training_ends_with_the_same_bits(tmp_path: Path) -> None:
    settings = SMALL | {"schedule": "constant", "word_dropout": 0.3, "dropout": 0.4}
    whole = Classifier(**settings | {"max_epochs": 4}).fit(reviews(40))
    Classifier(**settings | {"max_epochs": 2}).fit(reviews(40), folder=tmp_path)
    resumed = Classifier(**settings | {"max_epochs": 4}).fit(reviews(40), folder=tmp_path, resume=True)
    ours, theirs = (one.fitted_.model.state_dict() for one in (whole, resumed))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_committee_learns_streams_and_is_loaded_again(tmp_path: Path) -> None:
    settings = SMALL | {"max_epochs": 8, "learning_rate": 1e-2, "members": 3, "bidirectional": False}
    classifier = Classifier(**settings).fit(reviews())
    assert classifier.evaluate().models[0].scores["accuracy"] == 1.0
    assert classifier.fitted_.model.members == 3
    told = classifier.predict(reviews(5))
    assert Classifier.load(classifier.save(tmp_path / "model")).predict(reviews(5)).equals(told)
    live = LiveClassifier(classifier.to_program())
    for number, text in enumerate(reviews(5)["text"]):
        for word in text.split():
            streamed = live.predict({"text": word, "sequence_id": number})
        assert streamed.values["p_yes"] == pytest.approx(told["p_yes"][number], abs=1e-4)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_sequences_of_numbers(pooling: str) -> None:
    settings = SMALL | {"max_epochs": 8, "batch_size": 4, "pooling": pooling, "learning_rate": 2e-2}
    classifier = Classifier(**settings).fit(waves())
    assert classifier.config_.input == "series"
    assert classifier.score() > 0.8


def test_rows_of_a_table_take_the_feed_forward_net_and_refuse_recurrence() -> None:
    classifier = Classifier(**SMALL | {"max_epochs": 10, "batch_size": 4}, learning_rate=1e-2).fit(points())
    assert classifier.config_.network == "feed_forward"
    assert classifier.score() > 0.8
    assert classifier.predict(points(3).drop("label"))["prediction"].len() == 3
    with pytest.raises(ConfigError, match="rows are single steps; expected feed_forward"):
        Classifier(network="recurrent").fit(points())


def test_numbers_are_told_in_their_unit() -> None:
    frame = points().with_columns(label=1000 + 50 * pl.col("a"))
    classifier = Classifier(**SMALL | {"max_epochs": 30, "batch_size": 4}, learning_rate=2e-2).fit(frame)
    assert classifier.config_.kind == "regression"
    scores = {model.name: model.scores for model in classifier.evaluate().models}
    assert scores["recurra"]["rmse"] < scores["mean"]["rmse"] / 2
    assert classifier.predict(frame)["prediction"].mean() == pytest.approx(1000, abs=30)


def test_several_labels_at_once() -> None:
    frame = reviews().with_columns(
        label=pl.Series([["glad", "any"] if one == "yes" else ["any"] for one in reviews()["label"]])
    )
    classifier = Classifier(**SMALL | {"max_epochs": 6, "batch_size": 4}, learning_rate=1e-2).fit(frame)
    assert classifier.config_.kind == "multilabel"
    assert classifier.evaluate().models[0].scores["exact"] == 1.0
    assert set(classifier.predict(frame)["prediction"]) == {"any", "any glad"}


@pytest.mark.parametrize(
    "frame",
    [
        reviews(),
        waves(),
        points(),
        points().with_columns(label=1000 + 50 * pl.col("a")),
        reviews().with_columns(
            label=pl.Series([["glad", "any"] if one == "yes" else ["any"] for one in reviews()["label"]])
        ),
    ],
    ids=["text", "series", "table", "number", "labels"],
)
def test_the_linear_model_of_a_run_is_judged_on_other_data_too(frame: pl.DataFrame, tmp_path: Path) -> None:
    run, other = tmp_path / "run", frame.sample(40, seed=3)
    summary = train(
        CLASSIFY, frame, {**SMALL, "max_epochs": 1, "baselines": ()}, run, test=other, show_progress=False
    )
    recorded, again = summary.metrics, evaluate(CLASSIFY, run, other)
    assert again.reference == recorded.reference == "linear"
    assert [model.scores for model in again.models] == [model.scores for model in recorded.models]
    assert verdict(again) == verdict(recorded)
    loaded = Classifier.load(run).evaluate(other)
    assert [model.scores for model in loaded.models] == [model.scores for model in recorded.models]


def test_a_reference_that_was_not_kept_is_told(fitted: Classifier, tmp_path: Path) -> None:
    other = reviews(30)
    assert fitted.evaluate(other).reference == "linear"
    alone = Classifier.load(fitted.save(tmp_path / "model")).evaluate(other)
    assert [model.name for model in alone.models] == ["recurra", "majority"]
    assert "No baseline that learns is among the models" in alone.remarks[0]


def test_calibration_divides_by_one_temperature(fitted: Classifier) -> None:
    assert fitted.fitted_.model.temperature.item() != 1
    facts = dict(fitted.evaluate().data.facts)
    temperature = fitted.fitted_.model.temperature.item()
    assert facts["Probabilities"] == f"tempered by {temperature:.2f} on the validation part"
    cold = Classifier(**SMALL, calibrate=False).fit(reviews(40))
    assert cold.fitted_.model.temperature.item() == 1
    assert "Probabilities" not in dict(cold.evaluate().data.facts)


@pytest.mark.parametrize("pooling", ["last", "max"])
def test_a_stream_says_what_the_whole_says(pooling: str) -> None:
    settings = SMALL | {"bidirectional": False, "pooling": pooling}
    classifier = Classifier(**settings).fit(reviews())
    live = LiveClassifier(classifier.to_program())
    text = "the film was great"
    expected = classifier.predict(pl.DataFrame({"text": [text]})).row(0, named=True)
    for number, word in enumerate(text.split()):
        told = live.predict({"text": word, "sequence_id": 7})
        live.predict({"text": "bad", "sequence_id": number + 100})
    assert told.kept == {"sequence_id": 7}
    assert told.values["prediction"] == expected["prediction"]
    assert told.values["p_yes"] == pytest.approx(expected["p_yes"], abs=1e-5)
    twin = LiveClassifier(classifier.to_program())
    twin.restore(live.snapshot())
    row = {"text": "dull", "sequence_id": 7}
    assert twin.predict(row).values == live.predict(row).values


def test_what_does_not_stream_says_why(fitted: Classifier) -> None:
    with pytest.raises(ConfigError, match="bidirectional=false"):
        fitted.to_program()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (reviews().with_columns(label=pl.lit("yes")), "holds 'yes' everywhere; expected two classes"),
        (reviews().drop("label"), "column"),
        (
            reviews().with_columns(label=pl.Series([None, *reviews()["label"][1:]])),
            "label is empty",
        ),
    ],
)
def test_bad_labels_are_told(frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Classifier(**SMALL).fit(frame)


def test_a_label_that_training_did_not_see_is_told_with_its_place(fitted: Classifier) -> None:
    other = reviews(5).with_columns(label=pl.lit("perhaps"))
    with pytest.raises(DataError, match="label is 'perhaps', which the training part does not hold"):
        fitted.evaluate(other)


def test_settings_are_checked_at_once() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'hidden_size'"):
        Classifier(hiden_size=5)
    classifier = Classifier(hidden_size=5)
    assert classifier.get_params() == {"hidden_size": 5}
    assert repr(classifier.set_params(cell="gru")) == "Classifier(hidden_size=5, cell='gru')"
    with pytest.raises(ConfigError):
        classifier.set_params(sell="gru")
    assert classifier.get_params() == {"hidden_size": 5, "cell": "gru"}
    with pytest.raises(NotFittedError, match="this Classifier is not fitted"):
        classifier.predict(reviews(3))


def test_a_clone_has_the_same_settings() -> None:
    twin = clone(Classifier(hidden_size=5, cell="gru"))
    assert twin.get_params() == {"hidden_size": 5, "cell": "gru"}


def test_a_model_of_another_task_is_refused(fitted: Classifier, tmp_path: Path) -> None:
    folder = fitted.save(tmp_path / "model")
    with pytest.raises(DamagedError, match="is of task 'classify'"):
        load_fitted(TAG, folder)
    (folder / "model.safetensors").write_bytes(b"x")
    with pytest.raises(DamagedError, match="checksum"):
        load_fitted(CLASSIFY, folder)


def test_validation_scores_are_those_of_the_calibrated_net() -> None:
    rows = pl.DataFrame({"text": ["good one", "bad one", "good bad"] * 20, "label": ["y", "n", "y"] * 20})
    held = pl.DataFrame({"text": ["good one", "bad one", "bad"] * 5, "label": ["y", "n", "y"] * 5})
    classifier = Classifier(hidden_size=8, max_epochs=2, batch_size=8).fit(rows, validation=held)
    assert classifier.training_ is not None
    assert float(classifier.fitted_.model.temperature) != 1
    best = classifier.training_.epochs[classifier.training_.best_epoch or 0]
    scores = classifier.evaluate(held).models[0].scores
    for name in ("log_loss", "calibration_error"):
        assert best[f"valid_{name}"] == pytest.approx(scores[name], rel=1e-4)
