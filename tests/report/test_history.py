"""The course of a run, as the file has it."""

import json
import math

from recurra.report.history import read_course


def write(folder, *records):
    (folder / "history.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return read_course(folder)


def test_steps_and_epochs_are_told_apart(tmp_path):
    course = write(
        tmp_path,
        {"kind": "step", "step": 3, "loss": 0.5, "gradient_norm": None},
        {
            "kind": "epoch",
            "epoch": 0,
            "step": 5,
            "train_loss": 0.4,
            "valid_loss": math.nan,
            "mase": 2,
            "seconds": 1.5,
        },
        {
            "kind": "epoch",
            "epoch": 1,
            "step": 10,
            "train_loss": 0.3,
            "valid_loss": 0.7,
            "mase": 3,
            "seconds": 2.0,
        },
    )
    assert [step["loss"] for step in course.steps] == [0.5]
    assert math.isnan(course.steps[0]["gradient_norm"])
    assert course.metrics == ["train_loss", "valid_loss", "mase"]
    assert course.seconds == 3.5
    assert course.best_epoch("valid_loss", "min") == 1
    assert course.best_epoch("mase", "min") == 0
    assert course.best_epoch("mase", "max") == 1
    assert course.best_epoch("unknown", "min") is None


def test_an_empty_file_is_a_run_that_has_just_begun(tmp_path):
    course = write(tmp_path)
    assert course.steps == course.epochs == []
