"""Results that are worked out once within `sharing`."""

from MedFusionLib.sharing import shared, sharing


def counted():
    """A shared function, and the arguments that it was really called with."""
    calls = []

    @shared
    def total(image, factor=1):
        calls.append((id(image), factor))
        return factor * sum(image)

    return total, calls


def test_within_each_image_and_argument_is_worked_out_once():
    total, calls = counted()
    one, equal = [1, 2], [1, 2]
    with sharing():
        found = [total(one), total(one), total(equal), total(one, 3), total(one, factor=3)]
        assert total(one, 3) == 9
    assert found == [3, 3, 3, 9, 9]
    assert len(calls) == 4  # an argument by name counts as another one


def test_without_nothing_is_kept():
    total, calls = counted()
    image = [1, 2]
    with sharing():
        total(image)
    image.append(3)
    with sharing():
        assert total(image) == 6
    assert (total(image), total(image)) == (6, 6)
    assert len(calls) == 4


def test_an_image_that_is_gone_is_not_mistaken_for_another():
    total, _ = counted()
    with sharing():
        assert [total([n]) for n in range(100)] == list(range(100))
