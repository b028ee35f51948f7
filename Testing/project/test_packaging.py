"""What Slicer's build would install: everything there is, where it is looked for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "Resources" / "Weights"
DICTIONARIES = ROOT / "MedFusionLib" / "methods" / "classical" / "dictionaries"

#: what stands in for Slicer's macros: it installs as Slicer does, and checks as Slicer does
SLICER = r"""
set(Slicer_USE_FILE ${CMAKE_CURRENT_LIST_DIR}/use.cmake)
set(Slicer_EXTENSION_GENERATE_CONFIG ${CMAKE_CURRENT_LIST_DIR}/nothing.cmake)
set(Slicer_EXTENSION_CPACK ${CMAKE_CURRENT_LIST_DIR}/nothing.cmake)
"""
USE = r"""
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR lib/Slicer-5.12/qt-scripted-modules)
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR lib/Slicer-5.12/qt-scripted-modules)
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MY "WITH_GENERIC_TESTS;WITH_SUBDIR" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  set(folder ${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR})
  if(MY_WITH_SUBDIR)
    string(APPEND folder /${MY_NAME})
  endif()
  foreach(file ${MY_SCRIPTS} ${MY_RESOURCES})
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      message(FATAL_ERROR "there is no ${file}")
    endif()
    get_filename_component(inner ${file} DIRECTORY)
    install(FILES ${file} DESTINATION ${folder}/${inner})
  endforeach()
endfunction()
"""


#: endings of what the library and the panel are made of; CMake collects each of them
ENDINGS = {
    "MedFusion": {".py", ".ui", ".png", ".qm", ".ts"},
    "MedFusionLib": {".py", ".css", ".js", ".json", ".safetensors", ".toml", ".typed"},
}


def in_tree(folder: str) -> set[str]:
    """The files below a folder that belong into an installation."""
    base = ROOT / folder
    files = (path for path in base.rglob("*") if path.is_file() and "__pycache__" not in str(path))
    return {path.relative_to(base).as_posix() for path in files} - {"CMakeLists.txt"}


@pytest.mark.parametrize("folder", ENDINGS)
def test_cmake_collects_every_kind_of_file(folder):
    assert {Path(name).suffix for name in in_tree(folder)} <= ENDINGS[folder]
    text = (ROOT / folder / "CMakeLists.txt").read_text(encoding="utf-8")
    for ending in ENDINGS[folder]:
        assert f"*{ending}" in text or "Resources/*" in text or f"py{ending}" in text, ending


def test_what_slicer_installs_is_whole(tmp_path):
    """CMake itself, with a stand-in for Slicer, installs scripts, resources and weights."""
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("cmake is not installed")
    fake = tmp_path / "slicer"
    fake.mkdir()
    for name, text in (
        ("SlicerConfig.cmake", SLICER),
        ("use.cmake", USE),
        ("nothing.cmake", ""),
    ):
        (fake / name).write_text(text, encoding="utf-8")
    build, target = tmp_path / "build", tmp_path / "installed"
    for command in (
        ["-S", ROOT, "-B", build, f"-DSlicer_DIR={fake}"],
        ["--install", build, "--prefix", target],
    ):
        done = subprocess.run([cmake, *map(str, command)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    modules = target / "lib/Slicer-5.12/qt-scripted-modules"
    weights = {path.name for path in WEIGHTS.glob("*.safetensors")}
    weights |= {path.name for path in WEIGHTS.glob("*.json")}
    assert {path.name for path in (modules / "MedFusionLib/Weights").glob("*")} == weights
    installed = {p.relative_to(modules).as_posix() for p in modules.rglob("*") if p.is_file()}
    assert in_tree("MedFusion") <= installed
    assert {f"MedFusionLib/{name}" for name in in_tree("MedFusionLib")} <= installed


def test_every_weight_has_its_card():
    for path in (*WEIGHTS.glob("*.safetensors"), *DICTIONARIES.glob("*.safetensors")):
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert len(card["sha256"]) == 64


def extension(name: str) -> str:
    """The value of a variable in the top CMakeLists.txt."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return re.search(rf'{name} "([^"]*)"', text).group(1)


def test_the_extension_says_who_and_what_it_is():
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.search(r"^project\(MedFusion\)$", text, re.MULTILINE)
    assert extension("EXTENSION_DEPENDS") == "PyTorch"
    assert "not a medical device" in extension("EXTENSION_DESCRIPTION")
    icon = extension("EXTENSION_ICONURL").split("/main/")[1]
    for url in (icon, *extension("EXTENSION_SCREENSHOTURLS").split()):
        assert (ROOT / url.split("/main/")[-1]).is_file(), url
    for name in ("LICENSE.txt", "README.md"):
        assert (ROOT / name).is_file()


def test_the_index_entry():
    entry = json.loads((ROOT / "MedFusion.json").read_text(encoding="utf-8"))
    assert entry["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.2.json#")
    allowed = {"$schema", "category", "scm_url", "scm_revision", "scm_type", "build_dependencies"}
    allowed |= {"build_subdirectory", "enabled", "tier", "dicom_support_rule"}
    assert set(entry) <= allowed
    assert entry["category"] == "Image Synthesis"
    assert entry["scm_url"].removesuffix(".git") == extension("EXTENSION_HOMEPAGE")
    assert entry["scm_url"].endswith("/SlicerMedFusion.git")
    assert entry["build_dependencies"] == [extension("EXTENSION_DEPENDS")]


def test_nothing_heavy_is_imported_at_file_scope():
    """Slicer imports every module at its start; torch loads when it is first needed."""
    heavy = re.compile(r"^(import|from) (torch|SimpleITK|scipy|safetensors|skimage)", re.MULTILINE)
    for path in (ROOT / "MedFusion").rglob("*.py"):
        assert not heavy.search(path.read_text(encoding="utf-8")), path
