"""Parts of a work side by side."""

from __future__ import annotations

import threading

import pytest
import torch

from MedFusionLib.threads import side_by_side


def test_results_come_in_order_from_threads_that_torch_does_not_share_out():
    torch.set_num_threads(2)
    try:
        found = list(
            side_by_side(
                lambda n: (n, torch.get_num_threads(), threading.get_ident()), range(50), threads=3
            )
        )
        assert [n for n, *_ in found] == list(range(50))
        assert {threads for _, threads, _ in found} == {1}
        assert threading.get_ident() not in {thread for *_, thread in found}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_an_error_comes_through_and_what_has_not_begun_is_left():
    begun = []

    def fail(number):
        begun.append(number)
        if number == 2:
            raise ValueError("the third")

    with pytest.raises(ValueError, match="the third"):
        list(side_by_side(fail, range(1000), threads=2))
    assert len(begun) < 20


def test_who_stops_asking_leaves_what_has_not_begun():
    begun = []
    results = side_by_side(begun.append, range(1000), threads=2)
    assert begun == []
    next(results)
    results.close()
    assert len(begun) < 20
