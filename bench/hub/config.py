"""What JupyterHub reads when it starts: one machine, one system user, and no passwords.

No hub for a class: whoever reaches it may come in under any name. It listens on this machine alone.
"""

import json
import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821

here = Path.cwd()  # a folder of this run alone
settings = json.loads((here / "settings.json").read_text())  # written by running.py
PATIENCE = 600  # seconds that a server may take, of many that start at once

c.JupyterHub.bind_url = settings["address"]
c.JupyterHub.hub_bind_url = settings["inside"]
c.JupyterHub.db_url = f"sqlite:///{here / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(here / "cookie_secret")
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}  # who asks for a server asks again
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.ConfigurableHTTPProxy.command = [settings["proxy program"]]
c.ConfigurableHTTPProxy.api_url = settings["proxy"]
c.ConfigurableHTTPProxy.pid_file = str(here / "proxy.pid")

c.JupyterHub.spawner_class = "simple"  # every user is the system user who started the hub
c.SimpleLocalProcessSpawner.home_dir_template = str(here / "homes" / "{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []
c.Spawner.environment = settings["environment"]
c.Spawner.start_timeout = c.Spawner.http_timeout = PATIENCE

c.JupyterHub.services = [{"name": "bench", "api_token": settings["token"]}]
c.JupyterHub.load_roles = [
    {
        "name": "bench",
        "services": ["bench"],
        "scopes": ["admin:users", "admin:servers", "admin:server_state", "access:servers"],
    }
]
