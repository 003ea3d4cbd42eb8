"""The files that pages load."""

import gzip
import re

import pytest

from services.gateway.dashboard.assets import DIRECTORY
from tests.gateway.dashboard.visitor import Visitor

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "txt": "text/plain"}


@pytest.mark.parametrize("name", sorted(path.name for path in DIRECTORY.iterdir()))
def test_a_file_is_served_as_what_it_is(nobody: Visitor, name: str) -> None:
    answer = nobody.see(f"/static/{name}", **{"Accept-Encoding": "identity"})

    assert answer.content == (DIRECTORY / name).read_bytes()
    assert answer.headers["content-type"].partition(";")[0] == TYPES[name.rpartition(".")[2]]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_a_file_is_compressed_for_who_takes_that(nobody: Visitor) -> None:
    with nobody.client.stream("GET", "/static/htmx.min.js", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())

    assert gzip.decompress(packed) == (DIRECTORY / "htmx.min.js").read_bytes()
    assert answer.headers["vary"] == "Accept-Encoding"


def test_files_are_named_by_what_is_in_them(nobody: Visitor) -> None:
    found = re.findall(r"/static/[\w.]+\?v=[0-9a-f]{12}", nobody.see("/sign-in").text)

    assert len(found) == 3
    answers = [nobody.see(path) for path in found]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert ["immutable" in answer.headers["cache-control"] for answer in answers] == [True, True, True]


def test_a_file_of_another_release_is_not_kept(nobody: Visitor) -> None:
    assert nobody.see("/static/dashboard.css?v=0123456789ab").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["nothing.css", "..%2Fapp.py", "htmx.min.js%00"])
def test_there_is_no_other_file(nobody: Visitor, name: str) -> None:
    assert nobody.see(f"/static/{name}").status_code == 404
