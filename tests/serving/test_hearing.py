"""Sound over a WebSocket: the events of the recording as a file."""

import json

import numpy as np
import pytest
from tests.serving.conftest import serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

import recurra
from recurra.experiment.listening import usual_rate
from recurra.serving.guard import Guard
from recurra.streaming import Program
from recurra.tasks.classify.listener import LiveSpotter


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heard") / "spoken"
    classifier = recurra.Classifier(hidden_size=8, max_epochs=1, baselines=(), bidirectional=False, span=0.5)
    classifier.fit("sample:digits", show_progress=False).save(folder)
    return folder


def test_events_are_those_of_the_listener_whatever_the_pieces(run):
    program = Program.load(run / "stream")
    rate = usual_rate(program)
    sound = (np.random.default_rng(0).normal(0, 3000, 3 * rate)).astype("<i2")
    options = LiveSpotter.options(threshold=0.05)
    listener = LiveSpotter(program, options, "float32", rate)
    known = [*listener.push(sound.astype(np.float32) / 32768), *listener.end()]
    content = sound.tobytes()
    with serving({"spoken": run}, Guard(), None) as address:
        place = f"ws://{address}/v1/models/spoken/stream?rate={rate}&threshold=0.05"
        with connect(place) as socket:
            assert json.loads(socket.recv())["rate"] == rate
            for begin in range(0, len(content), 999):  # odd, so that samples are cut in two
                socket.send(content[begin : begin + 999])
            socket.send(json.dumps({"$do": "end"}))
            told = [line for message in socket for line in message.split("\n")]
        assert json.loads(told.pop()) == {"$did": "end"}
        assert told == [json.dumps(event, ensure_ascii=False) for event in known]
        assert known
        with connect(f"ws://{address}/v1/models/spoken/stream?rate={rate}") as socket:
            socket.recv()
            socket.send("hello")
            assert "error" in json.loads(socket.recv())
        for wrong in ("rate=5", "rate=x", f"rate={rate}&nonsense=1"):
            with pytest.raises(InvalidStatus) as refused:
                connect(f"ws://{address}/v1/models/spoken/stream?{wrong}")
            assert refused.value.response.status_code == 422
