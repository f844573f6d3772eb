"""The Docker engine that `sam local invoke` runs functions in: whether there is one, and how a container reaches this machine."""

import ipaddress
import json
import platform
import subprocess
import threading
from urllib.parse import urlsplit

from lab.proxy import Call, Exchange, Server
from lab.rie import ARCHITECTURES
from lab.world import World

ENGINE_SECONDS = 20
PULL_SECONDS = 300


class Unavailable(Exception):
    """Why functions cannot be run in containers here, and what to do about it."""


def architecture() -> str:
    """Lambda's name for this machine's architecture."""
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise Unavailable(f"Lambda does not run on {machine}")
    return ARCHITECTURES[machine]


def require() -> None:
    """An engine, and in it the base image that SAM starts functions in."""
    if not _docker("version", "--format", "{{.Server.Version}}", seconds=ENGINE_SECONDS):
        raise Unavailable("no Docker engine answers; `sudo .ci/docker-engine PIDFILE` starts one on Debian")
    image = f"public.ecr.aws/lambda/provided:al2023-{architecture()}"
    present = _docker("image", "inspect", "--format", "{{.Id}}", image, seconds=ENGINE_SECONDS)
    if not present and not _docker("pull", "--quiet", image, seconds=PULL_SECONDS):
        raise Unavailable(f"{image} is not there and cannot be pulled; `.ci/base-image` makes a stand-in")


class Doorway:
    """Lets containers reach the world's AWS: that listens on loopback, which in a container is the container's own."""

    def __init__(self, world: World):
        network = json.loads(_docker("network", "inspect", "bridge", "--format", "{{json (index .IPAM.Config 0)}}", seconds=ENGINE_SECONDS) or "{}")
        # An engine that has just made its bridge names the network only. Docker gives the bridge its first address.
        if not network:
            raise Unavailable("Docker's network `bridge` cannot be inspected")
        address = network.get("Gateway") or str(next(ipaddress.ip_network(network["Subnet"]).hosts()))

        class Handler(Exchange):
            upstream_port = urlsplit(world.aws.url).port
            one_after_another = threading.Lock()

            def rule_for(self, _call: Call) -> None:
                """Nothing happens to a call here; the world's own proxy, behind this, notes it."""

        try:
            self._server = Server((address, 0), Handler)
        except OSError as error:
            raise Unavailable(f"containers cannot reach this machine: {error} at the bridge's address, {address!r}") from error
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://{address}:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _docker(*arguments: str, seconds: float) -> str:
    """What `docker` prints, or nothing where it fails, is not there, or does not come to an end."""
    try:
        finished = subprocess.run(["docker", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return finished.stdout.strip() if finished.returncode == 0 else ""
