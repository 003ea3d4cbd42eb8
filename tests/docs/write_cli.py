"""Writes docs/cli.md from the command itself: python -m tests.docs.write_cli."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.admin.config import PREFIX, Config
from services.admin.exit_codes import MEANINGS
from shared.config import describe
from tests.docs.command_tree import Entry, entries

TARGET = Path(__file__).resolve().parents[2] / "docs" / "cli.md"

INTRODUCTION = """\
# expctl

Runs, shows and changes experiments. Every command explains itself: `expctl COMMAND --help` ends with examples.
Written by `python -m tests.docs.write_cli` from the command itself.

## Whom it calls, and as whom

| given | calls | as |
|---|---|---|
| nothing | the local stack of `--directory` (`.experimentation`), which `expctl up` starts | `ann`, an experimenter |
| `--as NAME` | the same | `ada` (admin), `ann`, `rob` (reviewer), `service` or `agent` |
| `--profile NAME`, or the `default` below | the services of the profile | whose token the profile has |
| `--address`, `--review-address`, `--bandit-address`, `--ai-address` | these, in the place of the others | as above |

`EXPCTL_TOKEN` (or `EXPCTL_TOKEN_FILE`) takes the place of a profile's token, for programs. A token leaves this
machine over TLS only, unless the profile says `plaintext = true`; tokens of a local stack never leave it unasked.
Profiles are tables in `$XDG_CONFIG_HOME/expctl/config.toml` (`~/.config/expctl/config.toml`), which `expctl login`
adds to:

```toml
default = "staging"                  # optional

[profiles.staging]
review = "review.staging:443"
bandit = "bandit.staging:443"
ai = "ai.staging:443"
tls = true                           # or ca = "ca.pem"; certificate and key for mutual TLS
# token_file = "staging.token"       # default: tokens/staging beside this file
```

## What it writes

Answers go to standard output, messages, questions and advice to standard error. `-o json`, `yaml` and `jsonl` are for
machines and stable: the messages of the [contracts](../proto/experimentation/v1) as their JSON, with the field names
of the proto, fields that are 0 or empty included (unset messages and optional fields left out), 64-bit numbers as
texts. Lists are `{"items": [...]}`, from all pages; as `jsonl` one item a line, as they arrive. `watch` and
`--follow` write one object a line with `json`, too, and documents with `yaml`. Errors are then one object on standard
error:

```json
{"error": {"code": "NOT_FOUND", "reason": "EXPERIMENT_NOT_FOUND", "message": "...", "metadata": {}, "violations": []}}
```

`code` and `reason` are those of [error_reason.proto](../proto/experimentation/v1/error_reason.proto); what goes wrong
before any service is called has a reason, too. Tables are for people and change without notice. Colours and the pager
are for terminals only; `NO_COLOR`, `TERM=dumb` and `--no-color` take the colours away, `--no-pager` and an empty
`EXPCTL_PAGER` the pager. Questions are asked only where standard input is a terminal: elsewhere, and with
`--no-input`, the flag that a question stands for must be given. Severe actions (`review emergency-apply`, `experiment
stop --ship`, `principal update --disable`) ask for the name of what they touch, or for `--confirm NAME`.

## Exit codes

| code | meaning |
|---|---|
"""

APPROVALS = """
Code 1 is also that of what stands in the way and does not pass by itself: `up` where a stack runs or a port is taken,
any command where no stack is ready in the directory, and `doctor` where something is wrong. Code 7 is for a service
whose address is known and which does not answer.

Code 6 comes from `experiment start`, `resume` and `stop` whose change now waits for approval (it was proposed, not
made), from `review wait` when its time is over, from `review apply` and `review approve --apply` while approvals are
missing. To propose is no failure: `experiment propose`, `policy propose`, `--draft` and `--at` end with 0 whatever is
waited for.

## Experiments as files

`experiment create -f` and `experiment propose -f` read YAML 1.2 or JSON with the field names of `Experiment` in
[common.proto](../proto/experimentation/v1/common.proto); a [sample](examples/experiment.yaml) is a good start, and
`expctl experiment show ID -o yaml` writes one. Enums may be short (`proportion`), lengths are `90s`, `30m`, `12h`,
`7d`. Names that are unknown or stand there twice, anchors and tags are refused, with the line. What only the service
says (`state`, `revision`, ...) is left out; an `etag` makes `propose` refuse where somebody was faster. `propose`
compares the sections that the file has with the experiment as it is, and proposes each kind of change that it takes
(arms, metrics, allocation, traffic, details) as a request of its own; arms bring their weights along. Sections that
the file leaves out stay as they are; `analysis_unit`, `attribution_window` and `features` cannot change. When one of
several requests is applied, the others need `review edit --rebase`.

The optional section `plan` (baselines, smallest effects, duration, decision rule) is what `--dry-run` has judged by
the [rules for sound designs](statistics/design.md), beside the diff and the policy rules that would match. Editors
that know JSON Schema complete and check files with [experiment.schema.json](schema/experiment.schema.json).

## Environment

| variable | meaning |
|---|---|
"""


def document() -> str:
    """Returns the page."""
    codes = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items())
    variables = "".join(
        f"| `{row.variable}` | {row.doc}{f' One of {row.allowed}.' if row.allowed else ''} |\n"
        for row in describe(Config, PREFIX)
    )
    whole, *rest = entries()
    parts = [INTRODUCTION + codes + APPROVALS + variables, *_section(whole)]
    for entry in rest:
        parts += _section(entry)
    return "\n".join(parts)


def _section(entry: Entry) -> Iterator[str]:
    yield f"{'##' if entry.is_group else '###'} `{entry.line}`\n"
    yield f"{_text(entry.command.help)}\n"
    rows = [_row(parameter) for parameter in entry.command.params if _is_shown(parameter)]
    if rows:
        yield "| | | |\n|---|---|---|\n" + "".join(rows)
    if entry.examples:
        yield "```sh\n" + "\n".join(entry.examples) + "\n```\n"


def _is_shown(parameter: Any) -> bool:
    return not getattr(parameter, "hidden", False) and parameter.name != "help"


def _row(parameter: Any) -> str:
    # Of an option that may stand there several times, the type is put into list[...].
    kind = parameter.display_type(None).strip("<>").removeprefix("list[").removesuffix("]").strip("<>")
    choices = kind.replace("|", "`, `") if "|" in kind else ""
    said = f"{_text(parameter.help)}{f' One of `{choices}`.' if choices else ''}"
    if parameter.param_type_name == "argument":
        name = parameter.name if parameter.required else f"[{parameter.name}]"
        return f"| `{name}` | | {said} |\n"
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    value = "" if parameter.is_flag else f"`{parameter.metavar or ('NAME' if choices else kind)}`"
    needed = " Required." if parameter.required else ""
    return f"| {names} | {value} | {said}{needed}{_default(parameter)} |\n"


def _default(parameter: Any) -> str:
    value = parameter.default
    is_said = value in (None, "", False, 0) or "Default" in (parameter.help or "")
    return "" if is_said or callable(value) else f" Default: `{getattr(value, 'value', value)}`."


def _text(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip().replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
