"""Which processor the network runs on."""

import pytest
import torch
from helpers import refused

from MedFusionLib.inference.devices import choose_device, describe_device


@pytest.fixture
def machine(monkeypatch):
    """Pretends that the machine has such devices."""

    def with_devices(*there):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in there)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in there)

    return with_devices


@pytest.mark.parametrize(
    ("there", "chosen"), [(("cuda", "mps"), "cuda"), (("mps",), "mps"), ((), "cpu")]
)
def test_auto_takes_the_fastest_device_there_is(machine, there, chosen):
    machine(*there)
    assert choose_device("auto").type == chosen


def test_a_named_device_is_taken(machine):
    machine("cuda", "mps")
    for name in ("cuda", "mps", "cpu"):
        assert choose_device(name) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(machine, name):
    machine()
    with refused(f"no {name} device", "auto or cpu"):
        choose_device(name)


def test_an_unknown_device_is_refused():
    with refused("'tpu'", "auto, cuda, mps, cpu"):
        choose_device("tpu")


def test_devices_are_described_in_words(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H200")
    assert describe_device(torch.device("cuda")) == "cuda (NVIDIA H200)"
    for count, words in ((1, "1 thread,"), (2, "2 threads,")):
        monkeypatch.setattr(torch, "get_num_threads", lambda count=count: count)
        assert words in describe_device(torch.device("cpu"))
