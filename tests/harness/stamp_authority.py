"""A time stamp authority on loopback: `openssl ts -reply` behind a little web server, with a chain of its own."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/{certs}
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
"""
USE = "extendedKeyUsage = critical,timeStamping\n"


def openssl(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run a command of openssl in a folder; it must go well."""
    result = subprocess.run(["openssl", *map(str, arguments)], cwd=folder, capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr.decode()
    return result


def make_authority(folder: Path, *, name: str = "Harrow Time Stamping", certs: str = "chain.pem") -> Path:
    """Make a root, an authority below it, and what `openssl ts` needs; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        folder, "req", "-x509", *key, "-keyout", "root.key", "-out", "root.pem", "-days", "3650",
        "-subj", f"/O=Tests/CN={name} Root",
    )  # fmt: skip
    openssl(folder, "req", "-new", *key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", f"/O=Tests/CN={name}")
    (folder / "use.cnf").write_text(USE)
    openssl(
        folder, "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "7",
        "-days", "3650", "-extfile", "use.cnf", "-out", "tsa.pem",
    )  # fmt: skip
    (folder / "chain.pem").write_text((folder / "root.pem").read_text())
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(CONFIG.format(folder=folder, certs=certs))
    return folder


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: whoever has seen enough hangs up, and what it says elsewhere is tested."""


class StampAuthority:
    """Stamps whatever is posted to it, unless *instead* has a status, or what comes in place of a stamp."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[bytes] = []
        self.instead: dict[str, object] = {}
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority.asked.append(self.rfile.read(int(self.headers["Content-Length"])))
                status = int(str(authority.instead.get("status", 200)))
                answer = authority.instead.get("answer")
                body = answer if isinstance(answer, bytes) else authority.stamp(authority.asked[-1])
                if callable(answer):
                    body = answer(body)
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tsr"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> "StampAuthority":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def stamp(self, request: bytes) -> bytes:
        """Return what `openssl ts -reply` answers."""
        number = len(self.asked)
        (self.folder / f"{number}.tsq").write_bytes(request)
        openssl(
            self.folder, "ts", "-reply", "-config", "ts.cnf", "-section", "own", "-queryfile", f"{number}.tsq",
            "-out", f"{number}.tsr",
        )  # fmt: skip
        return (self.folder / f"{number}.tsr").read_bytes()
