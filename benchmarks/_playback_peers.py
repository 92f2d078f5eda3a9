"""nginx, if it is installed, serving one plain file beside ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import shutil
import socket
import subprocess
import time

PATIENCE_S = 20.0

CONF = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  default_type video/mp4;
  sendfile on;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
    location = /clip {{ alias {file}; }}
  }}
}}
"""
"""One process, as ours is; its files lie in a folder of our own."""


@contextmanager
def nginx(file: Path, folder: Path, *, is_root: bool) -> Iterator[str]:
    """Serve a file at `/clip`; yields the address, empty without nginx."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin") or shutil.which(
        "nginx"
    )
    if program is None:
        yield ""
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder.mkdir()
    text = CONF.format(
        # Otherwise its worker may not read what only root may.
        user="user root;" if is_root else "",
        folder=folder,
        port=port,
        file=file,
    )
    conf = folder / "nginx.conf"
    conf.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [program, "-c", str(conf), "-p", str(folder), "-e", str(folder / "errors")]
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
