"""`--publish`: a run's files in a real Azurite, whole or not at all."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from azure.core.exceptions import ResourceExistsError, ServiceRequestError
from azure.storage.blob import ContainerClient
from azure.storage.blob.aio import ContainerClient as AsyncContainerClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scanner.arm.clouds import find_cloud
from scanner.arm.methods import Method
from scanner.collect.assemble import assemble
from scanner.demo import TENANT_ID, bodies
from scanner.emulator import Emulator, Estate
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.emulator.tls import server_context
from scanner.model.results import Run
from scanner.publish import PublishError, name_of, place_of, publish

AZURITE = "azurite@3.37.0"
ACCOUNT = "posture"
AZURE = find_cloud("AzureCloud")
ROOT = Path(__file__).resolve().parents[2]

Scan = Callable[..., Any]


@dataclass(frozen=True)
class Store:
    """A blob service that takes tokens, and the key by which tests look into it."""

    url: str
    key: str
    ca_file: Path

    def container(self, name: str) -> ContainerClient:
        return ContainerClient(
            self.url, name, credential=self.key, connection_verify=str(self.ca_file)
        )

    def blobs(self, name: str) -> dict[str, bytes]:
        with self.container(name) as client:
            names = [each.name for each in client.list_blobs()]
            return {one: client.download_blob(one).readall() for one in names}


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program, installed once for all that run tests side by side."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Azurite needs Node.js and npm")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    program = folder / "node_modules" / ".bin" / "azurite-blob"
    with (folder / "azurite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists() and _install(npm, folder).returncode:
            pytest.skip("the npm registry did not give Azurite")
    return program


def _install(npm: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [
            *(npm, "install", "--no-audit", "--no-fund", "--fetch-retries=1"),
            *("--fetch-timeout=20000", "--prefix", str(folder), AZURITE),
        ],
        capture_output=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, azurite: Path) -> Iterator[Store]:
    with _running(azurite, tmp_path_factory.mktemp("azurite")) as found:
        yield found


@contextmanager
def _running(program: Path, folder: Path) -> Iterator[Store]:
    certificate, key_file = _certificate(folder)
    key = base64.b64encode(os.urandom(64)).decode()
    port = _free_port()
    command = [
        str(program),
        *("--silent", "--inMemoryPersistence", "--disableTelemetry"),
        *("--blobPort", str(port), "--oauth", "basic", "--skipApiVersionCheck"),
        *("--cert", str(certificate), "--key", str(key_file)),
    ]
    environment = os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.DEVNULL
    ) as process:
        try:
            found = Store(f"https://127.0.0.1:{port}/{ACCOUNT}", key, certificate)
            _await(found)
            yield found
        finally:
            process.terminate()


def _await(store: Store) -> None:
    for _ in range(100):
        with suppress(ServiceRequestError), store.container("ready") as client:
            client.create_container()
            return
        time.sleep(0.2)
    pytest.fail("Azurite did not answer")


def _free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of this machine that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Azurite of a test")])
    now = datetime.now(UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def azure() -> Iterator[Emulator]:
    tenant = Tenant.of(TENANT_ID, *assemble(list(bodies()), TENANT_ID))
    with in_thread(Estate((tenant,))) as emulator:
        yield emulator


@pytest.fixture
def scan(azure: Emulator, store: Store, tmp_path: Path) -> Scan:
    """Return a function that scans the demo tenant and publishes the run."""
    cloud = azure.write_cloud(tmp_path / "cloud.toml")
    both = tmp_path / "both.pem"
    both.write_bytes(azure.ca_file.read_bytes() + store.ca_file.read_bytes())
    text = cloud.read_text().replace(str(azure.ca_file), str(both))
    cloud.write_text(text)

    def run(output: str, url: str, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "scanner.cli.main", "scan", "--quiet"]
        command += ["--cloud", str(cloud), "--auth", "environment", "-o", output]
        command += ["--fail-on", "never"]
        return subprocess.run(
            [*command, "--publish", url, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=tmp_path,
            env={"PATH": "", "PYTHONPATH": str(ROOT), **azure.environment},
        )

    return run


def container_of(store: Store, name: str) -> str:
    store.container(name).create_container()
    return f"{store.url}/{name}"


def test_a_run_is_published_whole_and_once(
    scan: Scan, store: Store, tmp_path: Path
) -> None:
    url = container_of(store, "whole")
    done = scan("run", f"{url}/audits/2026")
    assert (done.returncode, done.stderr.count("Published")) == (0, 1), done.stderr
    blobs = store.blobs("whole")
    run = tmp_path / "run"
    files = {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file()
    }
    prefixes = {"/".join(name.split("/")[:3]) for name in blobs}
    [prefix] = prefixes
    assert prefix.startswith("audits/2026/posture-20")
    assert blobs == {f"{prefix}/{name}": content for name, content in files.items()}


def test_an_earlier_run_is_never_overwritten(
    scan: Scan, store: Store, tmp_path: Path
) -> None:
    url = container_of(store, "once")
    assert scan("one", url).returncode == 0
    before = store.blobs("once")
    assert before
    options = ("--from", str(tmp_path / "one"))
    done = scan("two", url, *options)
    assert done.returncode == 3
    assert "is there already" in done.stderr
    assert store.blobs("once") == before
    assert (tmp_path / "two" / "results.json").exists()


def test_two_at_once_leave_one_whole_run_or_nothing(
    scan: Scan, store: Store, tmp_path: Path
) -> None:
    url = container_of(store, "race")
    assert scan("first", f"{url}/alone").returncode == 0
    whole = {name.rpartition("/")[2] for name in store.blobs("race")}
    options = ("--from", str(tmp_path / "first"))
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(scan, name, f"{url}/both", *options) for name in "abc"]
        codes = [run.result().returncode for run in runs]
    found = {
        name.rpartition("/")[2]
        for name in store.blobs("race")
        if name.startswith("both/")
    }
    assert codes.count(0) <= 1
    assert set(codes) <= {0, 3}
    assert found == (whole if codes.count(0) else set())


def test_a_container_that_is_not_there(
    scan: Scan, store: Store, tmp_path: Path
) -> None:
    done = scan("run", f"{store.url}/nowhere")
    assert done.returncode == 3
    [line] = [each for each in done.stderr.splitlines() if "--publish" in each]
    assert "nothing was published" in line
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize(
    ("url", "container", "folder"),
    [
        (
            "https://a.blob.core.windows.net/c",
            "https://a.blob.core.windows.net/c",
            "",
        ),
        (
            "https://a.blob.core.windows.net/c/f/g/",
            "https://a.blob.core.windows.net/c",
            "f/g",
        ),
        (
            "https://a.z01.blob.storage.azure.net/c",
            "https://a.z01.blob.storage.azure.net/c",
            "",
        ),
    ],
)
def test_where_a_run_goes(url: str, container: str, folder: str) -> None:
    assert place_of(url, AZURE) == (container, folder)


def test_a_cloud_of_ones_own_has_hosts_of_its_own() -> None:
    own = replace(AZURE, name="own")
    place = place_of("https://127.0.0.1:1/a/c/f", own)
    assert place == ("https://127.0.0.1:1/a/c", "f")


@pytest.mark.parametrize(
    "url",
    [
        "http://a.blob.core.windows.net/c",
        "https://a.blob.core.windows.net/",
        "https://a.blob.core.windows.net/c?sig=x",
        "https://user@a.blob.core.windows.net/c",
        "https://a.blob.core.windows.net:99999/c",
        "https://[x/c",
        "c:/runs",
        "https://127.0.0.1:1/a/c",
        "https://a.blob.core.windows.net.example/c",
        "https://a.blob.core.usgovcloudapi.net/c",
        "http://a.blob.core.windows.net/c?sig=SECRET",
        "https://user:SECRET@a.blob.core.windows.net/c",
        "https://a.blob.core.windows.net:SECRET/c",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=SECRET",
    ],
)
def test_an_address_that_is_not_taken(url: str) -> None:
    with pytest.raises(PublishError) as caught:
        place_of(url, AZURE)
    assert "SECRET" not in str(caught.value)


# A host that is no storage


@pytest.mark.parametrize(
    ("status", "header", "answer"),
    [
        (307, "Location", "https://127.0.0.1:{port}/else"),
        (
            401,
            "WWW-Authenticate",
            f"Bearer authorization_uri=https://login.microsoftonline.com/{TENANT_ID}"
            "/oauth2/authorize resource_id=https://management.azure.com",
        ),
    ],
)
def test_a_host_gets_what_is_meant_for_it_and_nothing_else(
    status: int,
    header: str,
    answer: str,
    azure: Emulator,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []

    async def attempt() -> None:
        async def refuse(request: web.BaseRequest) -> web.Response:
            asked.append((request.path, request.headers["Authorization"]))
            told = answer.format(port=request.url.port)
            return web.Response(status=status, headers={header: told})

        port = _free_port()
        context = server_context(tmp_path / "rogue.pem")
        cloud = find_cloud(str(azure.write_cloud(tmp_path / "cloud.toml")))
        both = tmp_path / "both.pem"
        rogue = (tmp_path / "rogue.pem").read_bytes()
        both.write_bytes(azure.ca_file.read_bytes() + rogue)
        here = replace(cloud, ca_bundle=both)
        runner = web.ServerRunner(web.Server(refuse))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
        url = f"https://127.0.0.1:{port}/account/container"
        try:
            with pytest.raises(PublishError, match="nothing was published"):
                await publish(folder, RUN, url, here, Method.ENVIRONMENT)
        finally:
            await runner.cleanup()

    for name, value in azure.environment.items():
        monkeypatch.setenv(name, value)
    asyncio.run(attempt())
    assert {path for path, _ in asked} == {"/account/container"}
    audiences = {_audience(token) for _, token in asked}
    assert audiences == {"https://storage.azure.com"}


def _audience(authorization: str) -> str:
    payload = authorization.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    audience: str = claims["aud"]
    return audience


# Names

RUN = Run(
    started="2026-01-02T03:04:05Z", complete=True, version="1", cloud="c", method="m"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a run of three files."""
    (tmp_path / "run" / "snapshot").mkdir(parents=True)
    for name in ("results.csv", "results.json", "snapshot/manifest.json"):
        (tmp_path / "run" / name).write_text(name)
    return tmp_path / "run"


def test_a_run_is_named_by_its_start_and_its_files(folder: Path) -> None:
    whole = name_of(RUN, folder)
    assert whole.startswith("posture-20260102T030405Z-")
    assert whole == name_of(RUN, folder)
    (folder / "results.csv").write_text("another's")
    assert name_of(RUN, folder) != whole


def test_an_interrupted_run_never_has_the_name_of_the_whole_one(folder: Path) -> None:
    partial = name_of(replace(RUN, complete=False), folder)
    assert partial.startswith("posture-20260102T030405Z-partial-")


# Failures, at a stand-in for the service


@dataclass
class Service:
    """A container in which committing fails after some blobs, and deleting may."""

    commits: int
    error: Exception
    deletes: bool
    blobs: set[str] = field(default_factory=set)

    async def list_blobs(self, **_: object) -> AsyncIterator[Any]:
        for name in self.blobs:
            yield name

    def get_blob_client(self, name: str) -> Blob:
        return Blob(self, name)


@dataclass
class Blob:
    service: Service
    name: str

    async def stage_block(self, *_: object, **__: object) -> None:
        pass

    async def commit_block_list(self, *_: object, **__: object) -> None:
        if len(self.service.blobs) == self.service.commits:
            raise self.service.error
        self.service.blobs.add(self.name)

    async def delete_blob(self) -> None:
        if not self.service.deletes:
            raise ServiceRequestError("connection lost")
        self.service.blobs.remove(self.name)


def refused(code: int) -> Exception:
    error = ResourceExistsError("refused")
    error.status_code = code
    return error


@pytest.mark.parametrize(
    ("error", "deletes", "named"),
    [
        (refused(403), True, 0),
        (refused(403), False, 2),
        (refused(409), True, 1),
        (refused(500), True, 1),
        (ServiceRequestError("connection lost"), True, 1),
        (ServiceRequestError("connection lost"), False, 3),
    ],
)
def test_what_may_be_there_all_the_same_is_named(
    error: Exception,
    deletes: bool,
    named: int,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Service(2, error, deletes)
    monkeypatch.setattr(
        AsyncContainerClient, "from_container_url", lambda *_, **__: service
    )
    url = "https://a.blob.core.windows.net/c"
    with pytest.raises(PublishError) as caught:
        asyncio.run(publish(folder, RUN, url, AZURE, Method.CLI))
    said = str(caught.value)
    assert ("nothing was published" in said) is (named == 0)
    assert said.count("posture-2026") == named
    assert all(name in said for name in service.blobs)
