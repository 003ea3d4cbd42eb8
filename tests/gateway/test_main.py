"""The gateway as a process, and over TLS."""

import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx

from tests.gateway import front as fronts

ROOT = Path(__file__).resolve().parents[2]
CERTIFICATES = ROOT / "tests" / "shared" / "rpc" / "certificates"
WAIT_SECONDS = 30


def environment(**variables: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {**own, "GATEWAY_ADDRESS": "127.0.0.1:0", **variables}


def test_process_when_signalled_then_it_answers_until_then_and_ends_well() -> None:
    line = [sys.executable, "-m", "services.gateway"]
    with subprocess.Popen(line, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        health = httpx.get(f"http://{ready['addresses']['http']}/healthz", trust_env=False, timeout=WAIT_SECONDS)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == 0

    assert (ready["event"], ready["service"]) == ("ready", "gateway")
    assert health.json() == {"status": "live"}


def test_process_when_the_configuration_is_bad_then_it_says_so() -> None:
    line = [sys.executable, "-m", "services.gateway"]

    run = subprocess.run(
        line,
        cwd=ROOT,
        env=environment(GATEWAY_ADDRESS="nowhere"),
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )

    assert run.returncode == 1
    assert "must be host:port" in run.stderr
    assert "Traceback" not in run.stderr


def test_tls_then_it_answers_over_it_and_browsers_remember() -> None:
    with fronts.opened(tls_certificate=CERTIFICATES / "server.pem", tls_key=CERTIFICATES / "server.key") as opened:
        port = opened.addresses["http"].rpartition(":")[2]
        trust = ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")
        answer = httpx.get(f"https://localhost:{port}/healthz", verify=trust, trust_env=False)

    assert answer.json() == {"status": "live"}
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
