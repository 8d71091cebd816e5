"""The tasks by name: what the command line needs to know of each before anything slow is loaded.

A package outside adds a task with an entry point of the group "recurra.tasks" that names an `Entry`, or at
run time with `register`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.data.naming import listed, suggestion
from recurra.errors import ConfigError
from recurra.experiment.ended import check_ended
from recurra.files import read_document
from recurra.place import loaded, of_other_packages

if TYPE_CHECKING:
    from recurra.config import Config

GROUP = "recurra.tasks"


@dataclass(frozen=True)
class Entry:
    """A task, by the places of its parts ("module:NAME"), which are imported when they are needed.

    Attributes:
        name: As in `recurra train NAME`.
        about: What it does, in a sentence.
        examples: Commands that show it.
        config: Class of its settings; imports no torch.
        answer: Class of the options of its answers; imports no torch.
        task: A `recurra.experiment.task.Task`.
        estimator: Class of its `recurra.experiment.estimator.Estimator`, if it has one.
        live: Torch-free class that runs its stream programs, if they stream.
        live_net: Function (Fitted, digest, levels, adaptive rate) -> `Live` of a net without a program, if
            runs without one stream as well.
        listener: Torch-free `recurra.experiment.listening.Listener`, if its stream programs hear sound.
        streams_with: The command that trains a net that streams.
        needs_data: Whether an answer needs data beside the run.
        generator: Torch-free class that goes on by itself from a program (`of_program`), with the class of
            its `options`, `beginning(prompt) -> text`, `generate(options) -> pieces of text`,
            `row(text) -> what JSON shows`, `files(prompt, texts, ".txt" or the like, options) -> bytes of
            each`, and whether it `repeats` the prompt, if the task makes something of nothing.
        maker: Class (Fitted) of what makes something with the net itself, where no program does, otherwise as
            `generator`.
        left_out: Settings that help leaves out, since the task refuses them whenever they are given.
        check: Function from settings to their config without torch, before anything slow begins, if any.
        look: Function (config, source), without torch too, that refuses data which lack a named column,
            if any.
        check_answer: Function (settings of a run, options of an answer), without torch too, that refuses what
            the run cannot give, if any.
        takes_text: Whether an answer may be asked for with a text in place of data.
        sound: Torch-free function (rows of an answer with their samples, options, ".wav" or the like) ->
            bytes of a file of sound and sentences about it, if answers can be heard.
        voice: Class (Fitted, options of an answer) whose `say(text)` gives samples, `rate` a second, and
            sentences, with a `pause` after, if runs speak what comes on a stream.
    """

    name: str
    about: str
    examples: tuple[str, ...]
    config: str
    answer: str
    task: str
    estimator: str = ""
    live: str = ""
    live_net: str = ""
    generator: str = ""
    maker: str = ""
    listener: str = ""
    streams_with: str = ""
    needs_data: bool = True
    left_out: frozenset[str] = frozenset()
    check: str = ""
    look: str = ""
    check_answer: str = ""
    takes_text: bool = False
    sound: str = ""
    voice: str = ""

    def load(self, what: str) -> Any:
        """What stands at one of its places: "config", "answer", "task", "live", "listener", ..."""
        return loaded(getattr(self, what))


_BUILT_IN = (
    Entry(
        name="forecast",
        about="Train a forecaster, and judge it beside honest baselines.",
        examples=(
            "recurra train forecast sample:co2 --horizon 26",
            "recurra train forecast sales.csv --time date --target sales --horizon 14",
            "recurra train forecast shops.csv --id shop --future price --horizon 7",
            "recurra train forecast sales.csv --horizon 14 cell=gru hidden_size=128",
            "recurra train forecast sales.csv --horizon 14 --out runs/sales --resume",
        ),
        config="recurra.tasks.forecast.config:ForecastConfig",
        answer="recurra.tasks.forecast.config:ForecastAnswer",
        task="recurra.tasks.forecast.task:FORECAST",
        estimator="recurra.tasks.forecast.forecaster:Forecaster",
        live="recurra.tasks.forecast.live:LiveForecast",
        live_net="recurra.tasks.forecast.live_window:LiveWindow",
        streams_with="recurra train forecast DATA --horizon STEPS preset=streaming",
        needs_data=False,
        check="recurra.tasks.forecast.config:forecast_config",
        look="recurra.tasks.forecast.glance:check_columns",
        check_answer="recurra.tasks.forecast.config:check_answer",
        left_out=frozenset({"tbptt_steps"}),
    ),
    Entry(
        name="classify",
        about="Train a classifier of texts, sequences or rows, and judge it beside honest baselines.",
        examples=(
            "recurra train classify sample:docstrings",
            "recurra train classify reviews.csv --label sentiment",
            "recurra train classify train.tsv --validation dev.tsv --test test.tsv",
            "recurra train classify gestures.jsonl cell=gru pooling=mean",
        ),
        config="recurra.tasks.classify.config:ClassifyConfig",
        answer="recurra.tasks.classify.config:ClassifyAnswer",
        task="recurra.tasks.classify.task:CLASSIFY",
        estimator="recurra.tasks.classify.classifier:Classifier",
        listener="recurra.tasks.classify.listener:LiveSpotter",
        live="recurra.tasks.classify.live:LiveClassifier",
        streams_with="recurra train classify DATA bidirectional=false pooling=last",
        left_out=frozenset({"tbptt_steps"}),
    ),
    Entry(
        name="tag",
        about="Train a tagger of every step of a text or sequence, and judge it beside honest baselines.",
        examples=(
            "recurra train tag sample:python",
            "recurra train tag train.conllu --validation dev.conllu --test test.conllu",
            "recurra train tag entities.conll output=crf characters=lstm",
        ),
        config="recurra.tasks.tag.config:TagConfig",
        answer="recurra.tasks.tag.config:TagAnswer",
        task="recurra.tasks.tag.task:TAG",
        estimator="recurra.tasks.tag.tagger:Tagger",
        live="recurra.tasks.tag.live:LiveTagger",
        streams_with="recurra train tag DATA bidirectional=false output=softmax",
    ),
    Entry(
        name="language",
        about="Train a language model, judge it beside n-grams, and let it write.",
        examples=(
            "recurra train language sample:topics",
            "recurra train language book.txt --out runs/book",
            "recurra train language train.txt --validation valid.txt tokens=word",
            "recurra generate runs/book --prompt 'Once upon' --stream",
        ),
        config="recurra.tasks.language.config:LanguageConfig",
        answer="recurra.tasks.language.config:LanguageAnswer",
        task="recurra.tasks.language.task:LANGUAGE",
        estimator="recurra.tasks.language.language_model:LanguageModel",
        live="recurra.tasks.language.live:LiveLanguage",
        generator="recurra.experiment.generation:SymbolGenerator",
        streams_with="recurra train language DATA",
        left_out=frozenset({"tbptt_steps", "bidirectional"}),
    ),
    Entry(
        name="translate",
        about="Train a net that turns texts into other texts, and judge it beside honest baselines.",
        examples=(
            "recurra train translate sample:dates",
            "recurra train translate pairs.tsv --target english",
            "recurra train translate train.de --target-file train.en --out runs/german",
            "recurra predict runs/german new.de",
        ),
        config="recurra.tasks.translate.config:TranslateConfig",
        answer="recurra.tasks.translate.config:TranslateAnswer",
        task="recurra.tasks.translate.task:TRANSLATE",
        estimator="recurra.tasks.translate.translator:Translator",
        left_out=frozenset({"tbptt_steps", "text"}),
    ),
    Entry(
        name="caption",
        about="Train a net that describes what it reads in sentences, and judge it beside honest baselines.",
        examples=(
            "recurra train caption sample:gestures",
            "recurra train caption photographs.csv --label sentence --out runs/photographs",
            "recurra train caption photographs/ max_epochs=60 evenness=1",
            "recurra predict runs/photographs new.jpg --beam 10 --json",
        ),
        config="recurra.tasks.caption.config:CaptionConfig",
        answer="recurra.tasks.caption.config:CaptionAnswer",
        task="recurra.tasks.caption.task:CAPTION",
        estimator="recurra.tasks.caption.captioner:Captioner",
        left_out=frozenset({"tbptt_steps"}),
    ),
    Entry(
        name="detect",
        about="Train a detector of anomalies in series, and judge it beside detectors without a net.",
        examples=(
            "recurra train detect sample:pump",
            "recurra train detect sensors.csv --id machine --target pressure",
            "recurra train detect sensors.csv --target pressure,flow,heat probation=1000",
            "recurra predict runs/sensors newer.csv spans=yes",
        ),
        config="recurra.tasks.detect.config:DetectConfig",
        answer="recurra.tasks.detect.config:DetectAnswer",
        task="recurra.tasks.detect.task:DETECT",
        estimator="recurra.tasks.detect.detector:Detector",
        live="recurra.tasks.detect.live:LiveDetector",
        streams_with="recurra train detect DATA",
        left_out=frozenset({"tbptt_steps", "bidirectional", "network", "baselines", "refit"}),
    ),
    Entry(
        name="transcribe",
        about="Train a net that writes down what is said, or what other sequences hold, and judge it.",
        examples=(
            "recurra train transcribe sample:digit_strings",
            "recurra train transcribe said.csv --label sentence --out runs/said",
            "recurra train transcribe recordings/ bidirectional=true",
            "recurra predict runs/said new.wav --beam 16 --json",
        ),
        config="recurra.tasks.transcribe.config:TranscribeConfig",
        answer="recurra.tasks.transcribe.config:TranscribeAnswer",
        task="recurra.tasks.transcribe.task:TRANSCRIBE",
        estimator="recurra.tasks.transcribe.transcriber:Transcriber",
        listener="recurra.tasks.transcribe.listener:LiveTranscriber",
        streams_with="recurra train transcribe DATA bidirectional=false",
        left_out=frozenset({"tbptt_steps"}),
    ),
    Entry(
        name="speak",
        about="Train a net that speaks texts in the voice of recordings, and judge it beside them.",
        examples=(
            "recurra train speak sample:digit_strings",
            "recurra train speak said.csv --text sentence --out runs/voice",
            "recurra predict runs/voice 'three one four' -o said.wav",
            "recurra stream runs/voice < lines.txt > said.wav",
        ),
        config="recurra.tasks.speak.config:SpeakConfig",
        answer="recurra.tasks.speak.config:SpeakAnswer",
        task="recurra.tasks.speak.task:SPEAK",
        estimator="recurra.tasks.speak.speaker:Speaker",
        sound="recurra.tasks.speak.sound:content",
        voice="recurra.tasks.speak.voice:Voice",
        takes_text=True,
        left_out=frozenset({"tbptt_steps", "input"}),
    ),
    Entry(
        name="vocode",
        about="Train a net that makes sound of its mel frames, sample by sample, and judge it.",
        examples=(
            "recurra train vocode sample:digit_strings --out runs/vocoder",
            "recurra predict runs/voice 'three one four' --vocoder runs/vocoder -o said.wav",
        ),
        config="recurra.tasks.vocode.config:VocodeConfig",
        answer="recurra.tasks.vocode.config:VocodeAnswer",
        task="recurra.tasks.vocode.task:VOCODE",
        estimator="recurra.tasks.vocode.vocoder:Vocoder",
        live="recurra.tasks.vocode.live:LiveVocoder",
        sound="recurra.tasks.vocode.sound:content",
        streams_with="recurra train vocode DATA",
        left_out=frozenset({"bidirectional", "input"}),
    ),
    Entry(
        name="draw",
        about="Train a net that draws with a pen, or writes texts by hand, and judge it.",
        examples=(
            "recurra train draw sample:letters",
            "recurra train draw sample:handwriting --out runs/hand",
            "recurra generate runs/hand --prompt 'ink on paper' --bias 1 -o ink.svg",
        ),
        config="recurra.tasks.draw.config:DrawConfig",
        answer="recurra.tasks.draw.config:DrawAnswer",
        task="recurra.tasks.draw.task:DRAW",
        estimator="recurra.tasks.draw.drawer:Drawer",
        maker="recurra.tasks.draw.made:Pen",
        left_out=frozenset({"tbptt_steps", "bidirectional", "network", "baselines"}),
    ),
)
_REGISTERED: dict[str, Entry] = {entry.name: entry for entry in _BUILT_IN}


def register(entry: Entry) -> None:
    """Add a task for this process, or replace one of the same name."""
    _REGISTERED[entry.name] = entry


def entries() -> Mapping[str, Entry]:
    """All tasks, by their names: ours, those of other packages, and those registered in this process."""
    return {**of_other_packages(GROUP), **_REGISTERED}


def entry(name: str) -> Entry:
    """The task of a name.

    Raises:
        ConfigError: There is none; the message lists the names.
    """
    if name in _REGISTERED:
        return _REGISTERED[name]
    known = entries()
    if name not in known:
        names = list(known)
        raise ConfigError(
            f"task {name!r}", f"one of {listed(names)}", suggestion(name, names, "Choose one of these.")
        )
    return known[name]


def entry_of_run(run: Path) -> Entry:
    """The task of a run folder or saved model.

    Raises:
        DamagedError: There is no such folder, or its `config.json` is missing or altered.
        ConfigError: The task is not installed.
    """
    check_ended(run)
    return entry(str(read_document(run / "config.json", version=1).get("task")))


def check_answer(entry: Entry, run: Path, options: Mapping[str, Any]) -> None:
    """Make sure, before anything slow is loaded, that a run of a task gives what is asked for.

    Raises:
        ConfigError: It does not.
    """
    written = read_document(run / "config.json", version=1).get("config")
    if entry.check_answer and isinstance(written, dict):
        loaded(entry.check_answer)(written, options)


def config_classes(entry: Entry) -> "dict[str, type[Config]]":
    """The class of a task's settings under "", and by name those of the inputs that give what it needs."""
    own: type[Config] = entry.load("config")
    need = getattr(own, "needs", "")
    if not need:
        return {"": own}
    from recurra.inputs import registry  # noqa: PLC0415 - forecasting's help needs none of them

    return {"": own, **{name: registry.config(name) for name in registry.giving(need)}}
