"""Requests over real sockets, good and bad."""

import io
import json
import shutil
import socket
import time
from pathlib import Path

import httpx2
import polars as pl
import pytest
from tests.serving.conftest import serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

import recurra
from recurra.errors import ConfigError, StorageError
from recurra.serving.config import ServeConfig
from recurra.serving.guard import Guard
from recurra.serving.host import Host
from recurra.serving.server import bind

FLOWER = {"sepal_length": 5.0, "sepal_width": 3.0, "petal_length": 1.0, "petal_width": 0.2}
ARROW = "application/vnd.apache.arrow.stream"
TOKEN = "a token that nobody guesses"


@pytest.fixture(scope="module")
def client(address):
    with httpx2.Client(base_url=f"http://{address}", timeout=60) as made:
        yield made


def test_models_say_what_they_can_do(client):
    found = {one["name"]: one for one in client.get("/v1/models").json()["models"]}
    assert set(found) == {"roles", "iris", "topics", "sales"}
    able = {name: (one["streams"], one["predicts"], one["generates"]) for name, one in found.items()}
    assert able["topics"] == (True, True, True)
    assert able["iris"] == (False, True, False)
    assert found["sales"]["columns"] == ["y"]
    assert client.get("/v1/models/sales").json() == found["sales"]


def bodies():
    frame = pl.DataFrame([FLOWER, FLOWER])
    arrow, parquet, file = io.BytesIO(), io.BytesIO(), io.BytesIO()
    frame.write_ipc_stream(arrow)
    frame.write_ipc(file)
    frame.write_parquet(parquet)
    rows = [FLOWER, FLOWER]
    return {
        "application/json": json.dumps(rows).encode(),
        "application/json; charset=utf-8": json.dumps({"rows": rows}).encode(),
        "application/x-ndjson": "\n".join(map(json.dumps, rows)).encode(),
        "text/csv": frame.write_csv().encode(),
        "application/vnd.apache.arrow.stream": arrow.getvalue(),
        "application/vnd.apache.arrow.file": file.getvalue(),
        "application/vnd.apache.parquet": parquet.getvalue(),
    }


@pytest.mark.parametrize("kind", bodies())
def test_predictions_are_those_of_the_library_whatever_the_body(client, runs, kind):
    told = client.post("/v1/models/iris/predict", content=bodies()[kind], headers={"content-type": kind})
    known = recurra.Classifier.load(runs["iris"]).predict(pl.DataFrame([FLOWER, FLOWER]))
    assert told.json()["classify"] == known.to_dicts()


def test_a_forecast_needs_no_body_and_takes_options(client):
    told = client.post("/v1/models/sales/predict", params={"level": "50", "horizon": "2"}).json()["forecast"]
    assert len(told) == 2
    assert "forecast-lo-50" in told[0]


def test_answers_come_as_accept_says(client):
    given = {"json": [FLOWER]}
    csv = client.post("/v1/models/iris/predict", **given, headers={"accept": "text/csv"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert pl.read_csv(csv.content)["prediction"].len() == 1
    tokens = {"json": [{"tokens": ["import", "os"]}], "headers": {"accept": "text/csv"}}
    lists = pl.read_csv(client.post("/v1/models/roles/predict", **tokens).content)
    assert json.loads(lists["tokens"][0]) == ["import", "os"]
    kind = "application/vnd.apache.arrow.stream"
    arrow = client.post("/v1/models/iris/predict", **given, headers={"accept": kind})
    assert pl.read_ipc_stream(arrow.content).height == 1


def test_texts_are_made_at_once_and_piece_by_piece(client):
    asked = {"prompt": "import", "length": 40, "seed": 3}
    whole = client.post("/v1/models/topics/generate", json=asked).json()["text"]
    again = client.post("/v1/models/topics/generate", json=asked).json()["text"]
    assert whole == again
    events = client.post("/v1/models/topics/generate", json=asked, headers={"accept": "text/event-stream"})
    lines = [line for line in events.text.split("\n") if line]
    assert lines[-2:] == ["event: end", "data: {}"]
    pieces = [json.loads(line.removeprefix("data: "))["text"] for line in lines[:-2]]
    assert "".join(pieces) == whole


def test_a_text_is_spoken(tmp_path: Path):
    voice = tmp_path / "voice"
    speaker = recurra.Speaker(hidden_size=8, max_epochs=1, baselines=())
    speaker.fit("sample:digit_strings", show_progress=False).save(voice)
    with serving({"voice": voice}, Guard(), None) as address:  # noqa: SIM117 - the longer reads worse
        with httpx2.Client(base_url=f"http://{address}", timeout=120) as client:
            asked = {"content": "three one", "headers": {"content-type": "text/plain", "accept": "audio/wav"}}
            sound = client.post("/v1/models/voice/predict", params={"max_seconds": "1"}, **asked)
    assert sound.headers["content-type"] == "audio/wav"
    assert sound.content[:4] == b"RIFF"


def test_rows_stream_over_http_too(client):
    rows = "\n".join(json.dumps({"ds": 60 + step, "y": 1.0}) for step in range(3)) + "\n{bad\n"
    told = client.post("/v1/models/sales/stream", content=rows).text.strip().split("\n")
    assert [json.loads(line)["$row"] for line in told] == [1, 2, 3, 4]
    assert "error" in json.loads(told[3])


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/v1/models/nobody/predict", {"json": [FLOWER]}, 404),
        ("/v1/models/iris/nothing", {"json": [FLOWER]}, 404),
        ("/v1/models/iris/predict", {"content": b"x", "headers": {"content-type": "text/html"}}, 415),
        ("/v1/models/iris/predict", {"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ("/v1/models/iris/predict", {"json": [1, 2]}, 422),
        ("/v1/models/iris/predict", {"json": [{"nothing": 1}]}, 422),
        ("/v1/models/iris/predict", {}, 422),
        ("/v1/models/iris/predict?nonsense=1", {"json": [FLOWER]}, 422),
        ("/v1/models/sales/predict?future=/etc/passwd", {}, 422),
        ("/v1/models/iris/predict", {"content": b"\xff\xfe", "headers": {"content-type": "text/csv"}}, 422),
        ("/v1/models/iris/predict", {"content": b"x", "headers": {"content-type": ARROW}}, 400),
        ("/v1/models/iris/predict", {"content": b"RIFF", "headers": {"content-type": "audio/wav"}}, 422),
        ("/v1/models/iris/generate", {}, 409),
        ("/v1/models/iris/stream", {"content": b"{}"}, 409),
        ("/v1/models/topics/generate", {"json": {"length": -1}}, 422),
        ("/v1/models/topics/generate", {"json": [1]}, 422),
        ("/v1/models/topics/generate", {"content": b"{"}, 400),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_as_a_problem(client, path, sent, status):
    told = client.post(path, **sent)
    assert told.status_code == status
    assert told.headers["content-type"] == "application/problem+json"
    problem = told.json()
    assert problem["status"] == status
    assert {"title", "detail", "error", "expected", "remedy"} <= problem.keys()
    assert "Traceback" not in told.text
    assert "/tmp" not in told.text


def test_a_method_that_is_none_is_a_problem_too(client):
    told = client.delete("/v1/models")
    assert (told.status_code, told.headers["content-type"]) == (405, "application/problem+json")


def test_health_metrics_and_the_description(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    client.post("/v1/models/iris/predict", json=[FLOWER])
    metrics = client.get("/metrics").text
    assert 'recurra_predictions_total{model="iris"}' in metrics
    routes = client.get("/openapi.json").json()["paths"]
    assert "/v1/models/{name}/predict" in routes
    assert routes["/v1/models/{name}/predict"]["post"]["requestBody"]["content"]["application/json"][
        "example"
    ]


def test_the_page_lets_nothing_else_in(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_a_body_that_is_too_large_is_refused_before_it_is_read(served):
    with served(max_body_mb=0.01) as address:
        with httpx2.Client(base_url=f"http://{address}") as client:
            assert client.post("/v1/models/iris/predict", content=b"x" * 20_000).status_code == 413
            parts = (b"x" * 1000 for _ in range(20))
            assert client.post("/v1/models/iris/predict", content=parts).status_code == 413
        host, port = address.split(":")
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(
                b"POST /v1/models/iris/predict HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 2147483648\r\n\r\n"
            )
            assert b" 413 " in raw.recv(100)


def test_clients_that_say_too_little_are_let_go(served):
    with served(request_seconds=0.5) as address:
        host, port = address.split(":")
        begun = time.monotonic()
        with socket.create_connection((host, int(port))) as silent:
            assert silent.recv(10) == b""
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"GET /healthz HT")
            assert slow.recv(10) == b""
        with socket.create_connection((host, int(port))) as half:
            half.sendall(
                b"POST /v1/models/iris/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n["
            )
            assert b" 408 " in half.recv(100)
        assert time.monotonic() - begun < 20
        with httpx2.Client(base_url=f"http://{address}") as client:
            assert client.get("/healthz").status_code == 200
            time.sleep(1)
            assert client.get("/healthz").status_code == 200


def test_only_clients_with_a_token_are_served(served):
    with served(tokens=(TOKEN, "another token of theirs")) as address:
        with httpx2.Client(base_url=f"http://{address}") as client:
            refused = client.get("/v1/models")
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert client.get("/v1/models", headers={"Authorization": "Bearer x"}).status_code == 401
            known = client.get("/v1/models", headers={"Authorization": f"Bearer {TOKEN}"})
            assert known.status_code == 200
            assert client.get("/healthz").status_code == 200
        place = f"ws://{address}/v1/models/topics/stream"
        with pytest.raises(InvalidStatus) as refused_socket:
            connect(place)
        assert refused_socket.value.response.status_code == 401
        with connect(place, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as socket:
            assert "$session" in socket.recv()


def test_a_page_sends_its_token_as_a_subprotocol(served):
    token = "abcdefghijklmnop_-123"
    with served(tokens=(token,)) as address:
        protocols = ["recurra", f"bearer.{token}"]
        with connect(f"ws://{address}/v1/models/topics/stream", subprotocols=protocols) as socket:
            assert socket.subprotocol == "recurra"
            assert "$session" in socket.recv()


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}]
)
def test_pages_of_other_servers_are_refused(client, address, headers):
    assert client.get("/v1/models", headers=headers).status_code == 403
    if "Origin" in headers:
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws://{address}/v1/models/topics/stream", additional_headers=headers)
        assert refused.value.response.status_code == 403
    assert client.get("/v1/models", headers={"Origin": f"http://{address}"}).status_code == 200


def test_who_sends_too_fast_is_slowed_down(served):
    with served(rows_per_second=50) as address:  # noqa: SIM117 - the longer reads worse
        with connect(f"ws://{address}/v1/models/topics/stream") as socket:
            socket.recv()
            begun = time.monotonic()
            for _ in range(4):
                socket.send("\n".join(['{"text": "import"}'] * 40))
                assert len(socket.recv().split("\n")) == 40
            assert time.monotonic() - begun > 1.3
    with served(rows_per_second=0.1) as address, httpx2.Client(base_url=f"http://{address}") as client:
        told = [client.post("/v1/models/topics/generate", json={"length": 1}) for _ in range(2)]
        assert [one.status_code for one in told] == [200, 429]
        assert int(told[-1].headers["retry-after"]) >= 1


def test_a_table_may_name_no_file_of_the_server(tmp_path: Path):
    pictures = tmp_path / "pictures"
    recurra.Classifier(hidden_size=8, max_epochs=1, baselines=(), input="images").fit(
        "sample:digit_images", show_progress=False
    ).save(pictures)
    secret = tmp_path / "secret.png"
    shutil.copy(Path(__file__).parents[2] / "docs" / "images" / "report.png", secret)
    with serving({"pictures": pictures}, Guard(), None) as address:  # noqa: SIM117 - the longer reads worse
        with httpx2.Client(base_url=f"http://{address}", timeout=60) as client:
            for path in (str(secret), "../../secret.png", "/etc/passwd"):
                told = client.post("/v1/models/pictures/predict", json=[{"path": path}])
                assert told.status_code == 422
                assert str(tmp_path) not in told.json()["detail"]
            whole = client.post(
                "/v1/models/pictures/predict",
                content=secret.read_bytes(),
                headers={"content-type": "image/png"},
            )
            assert len(whole.json()["classify"]) == 1
            assert "recurra-" not in whole.text
            line = client.post("/v1/models/pictures/stream", content=json.dumps({"path": str(secret)}))
            assert line.status_code == 409 or "error" in line.json()


def test_a_port_in_use_and_an_open_door_to_the_world_are_refused():
    with bind("127.0.0.1", 0, is_open=True) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="in use"):
            bind("127.0.0.1", port, is_open=True)
    with pytest.raises(ConfigError, match="without tokens"):
        bind("0.0.0.0", 0, is_open=True)
    bind("0.0.0.0", 0, is_open=False).close()


@pytest.mark.parametrize("content", ["", "# none\n", "short\n"])
def test_tokens_that_could_be_guessed_are_refused(tmp_path: Path, content):
    (tmp_path / "tokens").write_text(content)
    with pytest.raises(ConfigError, match="token"):
        Guard.of_file(tmp_path / "tokens")


def test_two_servers_share_no_snapshots(runs, tmp_path: Path):
    one = {"topics": runs["topics"]}
    with serving(one, Guard(), tmp_path), pytest.raises(StorageError, match="locked"):
        Host(one, ServeConfig(), Guard(), tmp_path)
