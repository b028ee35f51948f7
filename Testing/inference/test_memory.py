"""Freed memory that stays with the process."""

import ctypes

import pytest

from MedFusionLib.inference import memory
from MedFusionLib.inference.memory import kept_memory


class Library:
    """Writes down what it is asked."""

    def __init__(self, largest):
        self.asked, self.largest = [], largest

    def mallopt(self, what, value):
        self.asked.append((what, value))
        return int(what != memory.MAP_THRESHOLD or value <= self.largest)

    def malloc_trim(self, _):
        self.asked.append("back")


@pytest.mark.parametrize("largest", [2**31, memory.OWN_LIMIT])
def test_memory_is_kept_and_given_back_even_after_an_error(monkeypatch, largest):
    library = Library(largest)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    with pytest.raises(ZeroDivisionError), kept_memory():
        kept = dict(library.asked)
        assert kept[memory.MAP_THRESHOLD] <= largest
        assert kept[memory.TRIM_THRESHOLD] > 2**30
        _ = 1 / 0
    assert library.asked[-1] == "back"
    after = dict(library.asked[:-1])
    assert after[memory.TRIM_THRESHOLD] == 2 * after[memory.MAP_THRESHOLD] == 2**26


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_other_systems_go_on_without(monkeypatch, error):
    def none(_):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", none)
    with kept_memory():
        done = True
    assert done


def test_only_the_outermost_gives_back(monkeypatch):
    library = Library(2**31)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    with kept_memory():
        asked = list(library.asked)
        with kept_memory():
            pass
        assert library.asked == asked
    assert library.asked[-1] == "back"
