"""A JupyterHub with its proxy on this machine, and the end of everything that it starts."""

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import requests

from tests.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / "_build" / "hub"  # by `make bench-hub`
PACKAGES = INSTALLED / "python"
PROXY_PROGRAM = INSTALLED / "node_modules" / ".bin" / "configurable-http-proxy"
MARK = "ATTNLIB_HUB_FOLDER"  # stands in the environment of every process of a run
STARTING = 120  # seconds that the hub may take to answer
ENDING = 60  # seconds that it has to end its servers and its proxy
ASKING = 300  # seconds for an answer
LAST_LINES = 20


class HubError(RuntimeError):
    """Why the hub did not do what it was asked."""


class Hub:
    """A context: a hub that answers, and after it no process and no file of it is left."""

    def __init__(self):
        self._token = secrets.token_hex(16)
        self._process = None

    def __enter__(self):
        self._temporary = TemporaryDirectory(prefix="attnlib-hub-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name).resolve()
        (self.folder / "homes").mkdir()
        self.address = f"http://127.0.0.1:{free_port()}"
        try:
            self._start()
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        try:
            self._stop()
        finally:
            end(processes_of(self.folder))
            self._temporary.cleanup()

    def _stop(self):
        """Let the hub end its servers and its proxy."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self):
        self._write_settings()
        config = str(Path(__file__).with_name("config.py"))
        with open(self.folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "--config", config],
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(PACKAGES), MARK: str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the bench, which ends the hub in order
            )

    def _write_settings(self):
        """What config.py reads: what holds for this run alone."""
        settings = {
            "address": self.address,
            "inside": f"http://127.0.0.1:{free_port()}",
            "proxy": f"http://127.0.0.1:{free_port()}",
            "proxy program": str(PROXY_PROGRAM),
            "token": self._token,
            "environment": {MARK: str(self.folder)},
        }
        (self.folder / "settings.json").write_text(json.dumps(settings))

    def _wait(self):
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise HubError(f"JupyterHub ended at its start:\n{self.last_lines()}")
            try:
                if self.ask("GET", "/hub/api/").ok:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.2)
        raise HubError(f"JupyterHub did not answer within {STARTING} s:\n{self.last_lines()}")

    def last_lines(self):
        """The end of what the hub, its proxy and its servers have written."""
        lines = (self.folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LAST_LINES:])

    @property
    def headers(self):
        return {"Authorization": f"token {self._token}"}

    def ask(self, method, path, **options):
        """The answer to a request to the hub, or to a server behind it."""
        address = self.address + path
        return requests.request(method, address, headers=self.headers, timeout=ASKING, **options)


def processes_of(folder):
    """The processes that this run has started, wherever their parents are gone to."""
    return [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(MARK) == str(folder)
    ]


def end(processes):
    """End them, and wait until they are gone."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=ENDING)
