"""A student: a server of their own, and a chapter run from top to bottom in it."""

import json
import time

import psutil
import websocket
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session

from bench.hub.running import HubError
from bench.hub.usage import usage_of

STARTING = 900  # seconds that a server may take
LONGEST = 900  # seconds between two messages of a kernel
KERNEL_GONE = ("restarting", "autorestarting", "dead")
LOOKING = 0.2  # seconds between two looks at a server that starts


class Student:
    """Somebody with an account on `hub`, who does what a browser would do for them.

    Whatever goes wrong with a cell is kept in `errors`.
    """

    def __init__(self, hub, name):
        self.hub, self.name = hub, name
        self.errors = []
        self._server = None

    def start(self):
        """Ask for a server, and wait until it is there; seconds."""
        began = time.monotonic()
        self._ask("POST", f"/hub/api/users/{self.name}")
        self._ask("POST", f"/hub/api/users/{self.name}/server")
        while time.monotonic() - began < STARTING:
            server = self._ask("GET", f"/hub/api/users/{self.name}")["servers"].get("")
            if server is None:
                raise HubError(f"{self.name}'s server did not start:\n{self.hub.last_lines()}")
            if server["ready"]:
                self._server = psutil.Process(server["state"]["pid"])
                return time.monotonic() - began
            time.sleep(LOOKING)
        raise HubError(f"{self.name}'s server was not there within {STARTING} s")

    def run(self, name, notebook):
        """Upload a notebook, open it, and run all its cells; seconds."""
        began = time.monotonic()
        home = f"/user/{self.name}/api"
        self._ask("PUT", f"{home}/contents/{name}", json={"type": "notebook", "content": notebook})
        opened = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        kernel = self._ask("POST", f"{home}/sessions", json=opened)["kernel"]["id"]
        address = self.hub.address.replace("http", "ws", 1) + f"{home}/kernels/{kernel}/channels"
        socket = websocket.create_connection(address, header=self.hub.headers, timeout=LONGEST)
        try:
            session = Session(username=self.name)
            for cell in (cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
                self._run_cell(socket, session, cell)
        finally:
            socket.close()
        return time.monotonic() - began

    def processes(self):
        """The server, and the kernels that it has started."""
        return [self._server, *self._server.children(recursive=True)]

    def usage(self):
        """What the server and its kernels have taken so far, each for itself."""
        server, *kernels = self.processes()
        return {"server": usage_of([server]), "kernel": usage_of(kernels)}

    def _run_cell(self, socket, session, cell):
        """Run one cell, and wait for its answer and for the end of its output."""
        content = {"code": cell["source"], "silent": False, "store_history": True}
        content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
        request = session.msg("execute_request", content) | {"channel": "shell", "buffers": []}
        socket.send(json.dumps(request, default=json_default))
        waited_for = {"reply", "idle"}
        while waited_for:
            text = socket.recv()
            if isinstance(text, bytes):  # the state of a figure, with buffers
                continue
            message = json.loads(text)
            if message["content"].get("execution_state") in KERNEL_GONE:
                raise HubError(f"{self.name}: the kernel ended in the cell {cell['id']}")
            if message["parent_header"].get("msg_id") == request["header"]["msg_id"]:
                waited_for -= self._read(message["msg_type"], message["content"], cell["id"])

    def _read(self, kind, content, cell):
        """Note what a message says is wrong; what of a cell has ended with it."""
        if kind == "execute_reply":
            if content["status"] != "ok":
                self.errors.append(f"{cell}: {content.get('ename')}: {content.get('evalue')}")
            return {"reply"}
        if kind == "stream" and content["name"] == "stderr":
            self.errors.append(f"{cell}: {content['text']}")
        return {"idle"} if kind == "status" and content["execution_state"] == "idle" else set()

    def _ask(self, method, path, **options):
        answer = self.hub.ask(method, path, **options)
        if not answer.ok:
            raise HubError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None
