"""A night through what stands between us and a register elsewhere: a proxy, an authority of its own, a real Apache."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.editions import REGISTER
from tests.harness.nights import Nights
from tests.harness.register_server import RegisterServer
from tests.harness.servers import CERTIFICATES, Loopback, LoopbackProxy, answer

APACHE = shutil.which("apache2") or shutil.which("httpd") or "/usr/sbin/apache2"
MODULES = Path("/usr/lib/apache2/modules")


def test_a_night_goes_through_the_proxy_of_the_settings(nights, server):
    name = f"register.internal:{server.url.rpartition(':')[2]}"
    with LoopbackProxy({name: int(server.url.rpartition(":")[2])}) as proxy:
        nights.configure(register={"index": f"http://{name}/"}, fetch={"proxy": proxy.address})
        nights.quiet_night()

    assert sorted(server.pages_asked()) == sorted(REGISTER)
    assert len(proxy.asked) == len(server.asked) == 5
    assert nights.counts()["bodies"] == 3


def test_a_night_trusts_the_authority_of_the_settings_which_count_from_their_folder(nights, site):
    links = "".join(f'<a href="/organisations/{slug}">x</a>' for slug in REGISTER)
    pages = {f"/organisations/{slug}": answer(site.body(slug)) for slug in REGISTER}
    with Loopback({"/": answer(links.encode()), **pages}, certificate="valid.pem") as server:
        nights.configure(register={"index": f"{server.url}/"})
        refused = nights.night()
        shutil.copy(CERTIFICATES / "authority.pem", nights.folder / "ours.pem")
        nights.configure(register={"index": f"{server.url}/"}, fetch={"ca_file": "ours.pem"})
        nights.quiet_night()

    assert refused.exit_code == 1
    assert "the certificate is not to be trusted: unable to get local issuer certificate" in refused.stderr
    assert nights.counts()["bodies"] == 3


def test_a_ca_file_that_is_not_there_ends_the_night_in_a_line(nights, server):
    nights.configure(fetch={"ca_file": "ours.pem"})
    result = nights.night()

    assert (result.exit_code, result.stderr) == (
        1,
        f"registerwatch: ca_file {nights.folder / 'ours.pem'}: No such file or directory\n",
    )
    assert server.asked == []


class Apache(NamedTuple):
    url: str
    folder: Path


@pytest.fixture
def apache(site):
    """Serve the register's pages by a real Apache that packs them."""
    if not Path(APACHE).exists() or not MODULES.is_dir():
        pytest.skip("no Apache here (apt-get install apache2)")
    with RegisterServer() as other:  # a port that is free a moment later
        port = other.url.rpartition(":")[2]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = folder / "www"
        (root / "organisations").mkdir(parents=True)
        links = "".join(f'<a href="/organisations/{slug}">x</a>' for slug in REGISTER)
        (root / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")
        for slug in REGISTER:
            (root / "organisations" / slug).write_bytes(site.body(slug))
        for one in (folder, root, root / "organisations"):
            one.chmod(0o755)
        modules = ("mpm_event", "authz_core", "mime", "dir", "filter", "deflate")
        (folder / "httpd.conf").write_text(
            "\n".join(
                [
                    f"ServerRoot {folder}",
                    f"PidFile {folder}/pid",
                    f"ErrorLog {folder}/errors",
                    f'CustomLog {folder}/log "%>s %U"',
                    "ServerName 127.0.0.1",
                    f"Listen 127.0.0.1:{port}",
                    *(f"LoadModule {one}_module {MODULES}/mod_{one}.so" for one in modules),
                    *(["User www-data", "Group www-data"] if os.geteuid() == 0 else []),
                    "TypesConfig /dev/null",
                    f"DocumentRoot {root}",
                    "DirectoryIndex index.html",
                    "ForceType text/html",
                    "FileETag MTime Size",
                    "SetOutputFilter DEFLATE",
                ]
            )
        )
        process = subprocess.Popen([APACHE, "-f", str(folder / "httpd.conf"), "-DFOREGROUND"], stderr=subprocess.PIPE)
        try:
            yield Apache(f"http://127.0.0.1:{port}/", folder)
        finally:
            process.terminate()
            process.communicate(timeout=120)


@pytest.mark.soak
def test_a_real_apache_that_packs_its_pages_sends_each_once(tmp_path, apache, server):
    nights = Nights(tmp_path, server)
    nights.configure(register={"index": apache.url}, fetch={"retries": 5})
    first, second = nights.night(), nights.night()

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    with closing(sqlite3.connect(nights.database)) as db:
        tags = [etag for (etag,) in db.execute("select etag from validators")]
    assert all(tag.endswith('-gzip"') for tag in tags)
    log = [line.split() for line in (apache.folder / "log").read_text().splitlines()]
    assert sorted(status for status, path in log if path.startswith("/organisations/")) == ["200"] * 3 + ["304"] * 3
