"""The chat namespace on Flask-SocketIO, as the chat backend's description has it."""

import sys
import time

from flask import Flask
from flask_socketio import Namespace, SocketIO

app = Flask(__name__)
sockets = SocketIO(app, cors_allowed_origins="*", async_mode="threading")


class ChatNamespace(Namespace):
    def on_connect(self, auth=None):
        pass

    def on_reconnect(self, data=None):
        pass

    def on_chat(self, message):
        output = {key: message[key] for key in ("session_id", "conv_id")}
        self.emit("chat", {**output, "msg_id": "1", "status": "progress", "content": []})
        time.sleep(20)  # a run that waits for a model
        self.emit("chat", {**output, "msg_id": "1", "status": "success", "content": []})


@app.get("/healthz")
def healthz():
    return "ok"


sockets.on_namespace(ChatNamespace("/chat"))
sockets.run(app, "127.0.0.1", int(sys.argv[1]), allow_unsafe_werkzeug=True)
