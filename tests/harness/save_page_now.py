"""A web archive on loopback that speaks the interface of Save Page Now 2: asked by POST, looked at by job."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

TIMESTAMP = "20261128031742"


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing, on a standard error that may be a test's just now: whoever has had enough hangs up."""


class SavePageNowServer:
    """Takes what it is asked to save; each job is `pending` so many times, then what *outcomes* say of its address."""

    def __init__(self, *, pending: int = 1, keys: str | None = None) -> None:
        self.pending, self.keys = pending, keys
        self.asked: list[str] = []
        self.agents: list[str] = []
        self.looks: dict[str, int] = {}
        self.outcomes: dict[str, dict[str, object]] = {}
        self.refusal: tuple[int, str] | None = None
        self.by_page = False
        archive = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                archive.agents.append(self.headers["User-Agent"])
                if archive.refusal:
                    self._answer(*archive.refusal)
                elif self.path != "/save" or self.headers.get("Authorization") != archive.keys:
                    self._answer(401, json.dumps({"message": "You need to be logged in to use Save Page Now."}))
                else:
                    archive.asked += form["url"]
                    job = f"spn2-{len(archive.asked):040x}"
                    said = f'<script>spn.watchJob("{job}", "/static/", 6000);</script>'
                    whole = {"url": form["url"][0], "job_id": job}
                    self._answer(200, said if archive.by_page else json.dumps(whole))

            def do_GET(self) -> None:
                job = self.path.removeprefix("/save/status/")
                if job == "system":
                    self._answer(200, json.dumps({"status": "ok"}))
                    return
                address = archive.asked[int(job.removeprefix("spn2-"), 16) - 1]
                archive.looks[address] = archive.looks.get(address, 0) + 1
                if archive.looks[address] <= archive.pending:
                    self._answer(200, json.dumps({"status": "pending", "job_id": job}))
                    return
                done = {"status": "success", "job_id": job, "original_url": address, "timestamp": TIMESTAMP}
                self._answer(200, json.dumps(archive.outcomes.get(address, done)))

            def _answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> "SavePageNowServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
