"""Counts what becomes of notices, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.review.domain.redelivery import ParkedFor
from services.review.service.delivery import Report


class NoticeMetrics:
    """Counts what becomes of notices."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._delivered = Counter(
            "review_notices_delivered", "Notices that this process delivered to all their webhooks.", registry=registry
        )
        self._failed = Counter(
            "review_notices_failed", "Notices that this process gave up.", labelnames=["reason"], registry=registry
        )
        self._waiting = Gauge("review_notices_waiting", "Notices that wait for any process.", registry=registry)
        for reason in ParkedFor:
            self._failed.labels(reason)

    def count(self, report: Report) -> None:
        """Counts a step of the delivery."""
        self._delivered.inc(report.delivered_count)
        self._waiting.set(report.waiting_count)
        for reason, count in report.parked_counts.items():
            self._failed.labels(reason).inc(count)
