"""Lists of several pages."""

from itertools import islice

import pytest

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.admin.paging import PAGE_SIZE, pages


class Shelf:
    """Is an RPC that lists jobs, as many a page as are asked for."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.sizes: list[int] = []

    def __call__(self, request: pb.ListJobsRequest, timeout: float) -> pb.ListJobsResponse:
        self.sizes.append(request.page_size)
        first = int(request.page_token or 0)
        last = min(first + request.page_size, self._count)
        jobs = [analysis_pb2.Job(job_id=str(number)) for number in range(first, last)]
        return pb.ListJobsResponse(jobs=jobs, next_page_token=str(last) if last < self._count else "")


def listed(shelf: Shelf, limit: int) -> list[int]:
    return [int(each.job_id) for each in pages(shelf, pb.ListJobsRequest(), "jobs", limit=limit)]


@pytest.mark.parametrize("count", [0, 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE + 50])
def test_pages_when_there_is_no_limit_then_all_of_all_pages(count: int) -> None:
    assert listed(Shelf(count), 0) == list(range(count))


@pytest.mark.parametrize("limit", [1, 50, PAGE_SIZE, PAGE_SIZE + 1])
def test_pages_when_there_is_a_limit_then_so_many_and_no_more_is_asked_for(limit: int) -> None:
    shelf = Shelf(5 * PAGE_SIZE)

    assert listed(shelf, limit) == list(range(limit))
    assert shelf.sizes == [min(limit, PAGE_SIZE)] * -(-limit // PAGE_SIZE)


def test_pages_when_who_reads_has_enough_then_the_next_page_is_not_asked_for() -> None:
    shelf = Shelf(5 * PAGE_SIZE)

    found = list(islice(pages(shelf, pb.ListJobsRequest(), "jobs"), PAGE_SIZE))

    assert (len(found), len(shelf.sizes)) == (PAGE_SIZE, 1)
