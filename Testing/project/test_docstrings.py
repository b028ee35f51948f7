"""The examples in the docstrings say what the functions do."""

import doctest
import importlib
import pkgutil

import pytest

import MedFusionLib

MODULES = [
    found.name
    for found in pkgutil.walk_packages(MedFusionLib.__path__, "MedFusionLib.")
    if not found.ispkg
]


@pytest.mark.parametrize("name", ["MedFusionLib", "MedFusionLib.metrics", *MODULES])
def test_the_examples_hold(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
