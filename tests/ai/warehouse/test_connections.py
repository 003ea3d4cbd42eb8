"""The file that names warehouses: what it may say, and what is refused at the start."""

import traceback
from pathlib import Path

import pytest

from services.ai.warehouse.connections import Engine, ParquetDirectory, UnusableUrl, read
from shared.config import ConfigError, Secret


def named(directory: Path, text: str) -> Path:
    file = directory / "warehouses.toml"
    file.write_text(text)
    return file


def test_read_then_the_connections_by_name_from_the_directory_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "url").write_text("postgres://reader:secret@db/shop\n")
    text = '[lake]\nparquet = "exports"\n[shop]\nurl = "duckdb:///srv/shop.duckdb"\n[sales]\nurl_file = "url"\n'

    assert read(named(tmp_path, text)) == {
        "lake": ParquetDirectory(tmp_path / "exports"),
        "shop": Engine(Secret("duckdb:///srv/shop.duckdb")),
        "sales": Engine(Secret("postgres://reader:secret@db/shop")),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("lake = [", "cannot be read (TOMLDecodeError)"),
        ('lake = "exports"', "lake: must have one of parquet, url, url_file, a text, and nothing else"),
        ("[lake]", "lake: must have one of"),
        ("[lake]\nparquet = 1", "lake: must have one of"),
        ('[lake]\nurl = "duckdb://"\nparquet = "."', "lake: must have one of"),
        ('[lake]\nurl = "duckdb://"\nwritable = true', "lake: must have one of"),
        ('[lake]\nparquet = "nowhere"', "lake: parquet: is no directory"),
        ('[lake]\nurl_file = "nowhere"', "lake: url_file: cannot be read (FileNotFoundError)"),
    ],
)
def test_read_when_it_cannot_be_used_then_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(named(tmp_path, text))

    assert problem in str(caught.value)


def test_read_when_there_is_no_file_then_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "warehouses.toml")


def test_engine_then_its_url_is_not_shown() -> None:
    assert "secret" not in repr(Engine(Secret("postgres://reader:secret@db/shop")))


@pytest.mark.parametrize("url", ["postgrs://reader:secret@db/shop", "postgres://reader:secret#1@db/shop"])
def test_engine_when_its_url_cannot_be_used_then_the_error_repeats_nothing_of_it(url: str) -> None:
    with pytest.raises(UnusableUrl) as caught, Engine(Secret(url)).opened():
        pass

    assert "secret" not in "".join(traceback.format_exception(caught.value))
