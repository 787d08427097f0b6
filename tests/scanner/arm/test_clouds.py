from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from scanner.arm.clouds import CLOUDS, Cloud, CloudError, find_cloud
from scanner.model.cloud import Suffixes

GOOD = {
    "name": "on premises",
    "resource_manager": "https://management.example:8443/",
    "authority": "https://login.example/",
    "audience": "https://audience.example/",
    "graph": "https://graph.example/",
}


def toml(content: Mapping[str, Any]) -> str:
    """Return TOML; its strings, numbers and booleans are written as in JSON."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in content.items())


def written(directory: Path, **content: Any) -> str:
    path = directory / "cloud.toml"
    given = {key: value for key, value in {**GOOD, **content}.items() if value != ""}
    path.write_text(toml(given), encoding="utf-8")
    return str(path)


def refusal(name: str) -> str:
    with pytest.raises(CloudError) as caught:
        find_cloud(name)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_three_clouds_are_built_in(cloud: Cloud) -> None:
    assert find_cloud(cloud.name.upper()) is cloud
    assert cloud.token_scope == f"{cloud.resource_manager}/.default"
    assert cloud.host == urlsplit(cloud.resource_manager).netloc
    assert cloud.instance_discovery
    assert cloud.ca_bundle is None


def test_no_two_clouds_share_an_endpoint_or_a_suffix() -> None:
    for one, other in zip(CLOUDS, (*CLOUDS[1:], CLOUDS[0]), strict=True):
        assert one.resource_manager != other.resource_manager
        assert one.authority != other.authority
        assert one.graph != other.graph
        for name in Suffixes.__slots__:
            assert getattr(one.suffixes, name) != getattr(other.suffixes, name), name


def test_a_file_describes_a_cloud(tmp_path: Path) -> None:
    cloud = find_cloud(written(tmp_path, instance_discovery=False))
    assert cloud.name == "on premises"
    assert cloud.resource_manager == "https://management.example:8443"
    assert cloud.host == "management.example:8443"
    assert cloud.authority == "https://login.example"
    assert cloud.token_scope == f"{GOOD['audience']}.default"
    assert cloud.graph == "https://graph.example"
    assert not cloud.instance_discovery
    assert cloud.suffixes == Suffixes()


def test_a_cloud_may_have_no_microsoft_graph(tmp_path: Path) -> None:
    assert find_cloud(written(tmp_path, graph="")).graph is None


def test_suffixes_replace_those_of_the_public_cloud(tmp_path: Path) -> None:
    path = tmp_path / "cloud.toml"
    path.write_text(toml(GOOD) + '[suffixes]\nstorage = "core.example"\n')
    assert find_cloud(str(path)).suffixes == Suffixes(storage="core.example")


def test_the_ca_lies_relative_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "ca.pem").touch()
    name = written(tmp_path / "own", ca_bundle="ca.pem")
    monkeypatch.chdir(tmp_path)
    assert find_cloud(name).ca_bundle == tmp_path / "own" / "ca.pem"


def test_a_missing_ca_is_named(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, ca_bundle="none.pem"))
    assert "cloud.toml" in message
    assert "ca_bundle" in message
    assert "none.pem" in message


@pytest.mark.parametrize("key", ["resource_manager", "authority", "audience", "graph"])
@pytest.mark.parametrize(
    "url",
    [
        "http://example",
        "https://",
        "example",
        "https://[",
        "https://e:x",
        "https://user@e",
    ],
)
def test_only_https_addresses_will_do(tmp_path: Path, key: str, url: str) -> None:
    message = refusal(written(tmp_path, **{key: url}))
    assert "cloud.toml" in message
    assert key in message
    assert "https://" in message


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"authority": ""}, "authority"),
        ({"colour": "blue"}, "colour"),
        ({"name": 7}, "name"),
        ({"instance_discovery": "no"}, "instance_discovery"),
        ({"ca_bundle": 1}, "ca_bundle"),
        ({"suffixes": "all"}, "suffixes"),
    ],
    ids=str,
)
def test_a_wrong_key_is_named(
    tmp_path: Path, content: dict[str, Any], key: str
) -> None:
    message = refusal(written(tmp_path, **content))
    assert "cloud.toml" in message
    assert key in message


def test_an_unknown_suffix_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cloud.toml"
    path.write_text(toml(GOOD) + '[suffixes]\nstorrage = "core.example"\n')
    message = refusal(str(path))
    assert "cloud.toml" in message
    assert "'storrage'" in message
    assert "storage" in message.partition("known are")[2]


@pytest.mark.parametrize("suffix", ["", "example", ".core.example", "a b.example"])
def test_a_suffix_is_a_domain(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "cloud.toml"
    path.write_text(toml(GOOD) + f'[suffixes]\nstorage = "{suffix}"\n')
    message = refusal(str(path))
    assert "cloud.toml: suffixes.storage" in message
    assert repr(suffix) in message


@pytest.mark.parametrize("content", [b"{json}", b"\xff\xfe", b"name = "])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cloud.toml"
    path.write_bytes(content)
    assert "cloud.toml does not describe a cloud" in refusal(str(path))


@pytest.mark.parametrize("name", ["AzureClout", "missing.toml", ".", "", "x" * 5000])
def test_a_name_that_is_nothing_lists_what_there_is(name: str) -> None:
    message = refusal(name)
    assert all(cloud.name in message for cloud in CLOUDS)
    assert "TOML file" in message
