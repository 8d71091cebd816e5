"""The peer of `load.py`: FastAPI and ONNX Runtime as one would write it without recurra.

    python peer.py FOLDER PORT

A WebSocket a session, its state in a local variable, a call of the net for each step.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from recurra.bench.onnx_peer import IR_VERSION, OPSET
from recurra.streaming import GRU, Affine, Program

_ORDER = (1, 0, 2)  # torch's gates r z n as ONNX has them, z r n


def make_net(program: Program) -> tuple[onnxruntime.InferenceSession, int]:
    """A step of the program's net in ONNX Runtime, on one thread, and its hidden size."""
    gru, head = program.layers
    assert isinstance(gru, GRU)
    assert isinstance(head, Affine)
    assert gru.bias_ih is not None
    assert gru.bias_hh is not None

    def ordered(weight: np.ndarray) -> np.ndarray:
        return np.concatenate([np.split(weight, 3)[place] for place in _ORDER])

    arrays = {
        "W": ordered(gru.weight_ih)[None],
        "R": ordered(gru.weight_hh)[None],
        "B": np.concatenate([ordered(gru.bias_ih), ordered(gru.bias_hh)])[None],
        "V": head.weight.T,
    }
    size = gru.weight_hh.shape[1]
    nodes = [
        onnx.helper.make_node(
            "GRU", ["x", "W", "R", "B", "", "state"], ["", "next"], hidden_size=size, linear_before_reset=1
        ),
        onnx.helper.make_node("MatMul", ["next", "V"], ["output"]),
    ]
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "step",
        [
            onnx.helper.make_tensor_value_info("x", kind, (1, 1, 1)),
            onnx.helper.make_tensor_value_info("state", kind, (1, 1, size)),
        ],
        [
            onnx.helper.make_tensor_value_info("output", kind, (1, 1, 1)),
            onnx.helper.make_tensor_value_info("next", kind, (1, 1, size)),
        ],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(one), name) for name, one in arrays.items()],
    )
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options), size


def make_app(folder: Path) -> FastAPI:
    """The application around the net of a folder."""
    program = Program.load(folder / "net")
    net, hidden_size = make_net(program)
    app = FastAPI()

    @app.websocket("/v1/models/net/stream")
    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        state, row = np.zeros((1, 1, hidden_size), np.float32), 0
        await socket.send_text(json.dumps({"$session": base64.b64encode(b"none").decode(), "$rows": 0}))
        try:
            while True:
                given = json.loads(await socket.receive_text())
                row += 1
                inputs = np.array([[[given["x"]]]], np.float32)
                output, state = net.run(None, {"x": inputs, "state": state})
                told = {"$row": row, "output": [float(str(one)) for one in output.ravel()]}
                await socket.send_text(json.dumps(told))
        except WebSocketDisconnect:
            return

    return app


if __name__ == "__main__":
    uvicorn.run(
        make_app(Path(sys.argv[1])),
        port=int(sys.argv[2]),
        log_level="warning",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
