"""What a worker is told on its command line, and what it refuses."""

from dataclasses import replace

import pytest

from services.ai import worker
from services.ai.config import Config
from shared.config import ConfigError, Secret

REDIS = replace(Config(), job=replace(Config().job, broker_url=Secret("redis://127.0.0.1:1")))


@pytest.mark.parametrize(
    ("interactive", "bulk", "counts"), [(None, None, (2, 1)), (0, None, (0, 1)), (None, 0, (2, 0)), (8, 4, (8, 4))]
)
def test_options_when_threads_are_given_then_they_count_before_the_environment(
    interactive: int | None, bulk: int | None, counts: tuple[int, int]
) -> None:
    job = worker.worker_options(REDIS, interactive=interactive, bulk=bulk).job

    assert (job.interactive_thread_count, job.bulk_thread_count) == counts


def test_options_when_the_broker_is_embedded_then_refused() -> None:
    with pytest.raises(ConfigError, match="AI_BROKER_URL"):
        worker.worker_options(Config(), interactive=None, bulk=None)


def test_options_when_there_would_be_no_thread_then_refused() -> None:
    with pytest.raises(ConfigError, match="--interactive and --bulk"):
        worker.worker_options(REDIS, interactive=0, bulk=0)


@pytest.mark.parametrize("arguments", [["--interactive", "-1"], ["--bulk", "65"], ["--bulk", "many"], ["--queues"]])
def test_main_when_the_command_line_is_wrong_then_it_says_so(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        worker.main(arguments)

    assert caught.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_main_when_there_is_no_store_then_it_ends_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)

    with pytest.raises(SystemExit, match="DATABASE_URL: must be given"):
        worker.main([])
