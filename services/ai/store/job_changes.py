"""Changes of a job's row: each is a compare-and-set, makes the next version, and is announced when it commits."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, update

from services.ai.domain.jobs import Job
from services.ai.store import job_rows
from services.ai.store.tables import jobs
from shared.store import notify

CHANNEL: Final = "ai_jobs"


def change(connection: Connection, job_id: str, *conditions: ColumnElement[bool], **values: object) -> Job | None:
    """Returns the job as it is now; None, and nothing changed, unless there is one and all conditions hold."""
    changed = (
        update(jobs)
        .where(jobs.c.job_id == job_id, *conditions)
        .values(version=jobs.c.version + 1, **values)
        .returning(*jobs.c)
    )
    row = connection.execute(changed).first()
    if row is None:
        return None
    job = job_rows.from_row(row)
    announce(connection, job)
    return job


def announce(connection: Connection, job: Job) -> None:
    """Tells those who watch which job has which version now."""
    notify.notify(connection, CHANNEL, f"{job.job_id} {job.version}")
