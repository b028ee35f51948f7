"""The test host is only as good as its agreement with PythonQt and Slicer: calibrate it.

The expected values of the attribute and connection rules were measured in PythonQt.
"""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from host import lint  # noqa: E402
from host.dialogs import ModalDialog  # noqa: E402
from host.uiloader import UiError  # noqa: E402

PANEL = Path(__file__).resolve().parents[2] / "MedFusion"


@pytest.fixture
def qt(host):
    return importlib.import_module("qt")


@pytest.fixture
def ctk(host):
    return importlib.import_module("ctk")


@pytest.fixture
def panel(host):
    return host.open(PANEL / "MedFusion.py")


def add_volume(name="Volume", shape=(6, 8, 10), kind=None, value=50):
    node = slicer.util.addVolumeFromArray(
        np.full(shape, value, np.uint8), name=name, nodeClassName=kind
    )
    node.CreateDefaultDisplayNodes()
    return node


# Attributes


def test_a_property_is_an_attribute(qt):
    button = qt.QPushButton("Go")
    button.enabled = False
    button.toolTip = "why"
    assert (button.text, button.enabled, button.toolTip) == ("Go", False, "why")
    assert button.isEnabled() is False
    button.setText("Stop")
    assert button.text == "Stop"


def test_a_property_cannot_be_called(qt):
    with pytest.raises(TypeError):
        qt.QLabel("x").text()
    with pytest.raises(TypeError):
        qt.QCheckBox().checked()


@pytest.mark.parametrize("name", ["enbled", "_mine"])
def test_no_new_attributes_on_qt_objects(qt, ctk, name):
    for widget in (qt.QPushButton(), ctk.ctkSliderWidget(), slicer.qMRMLNodeComboBox()):
        with pytest.raises(AttributeError, match=name):
            setattr(widget, name, 1)
        with pytest.raises(AttributeError):
            getattr(widget, name)


def test_a_signal_or_slot_cannot_be_overwritten(qt):
    with pytest.raises(AttributeError, match="not writable"):
        qt.QPushButton().clicked = 1


def test_own_subclasses_take_attributes(qt):
    class Mine(qt.QLabel):
        pass

    label = Mine()
    label.extra = 3
    assert label.extra == 3


def test_values_are_converted_as_in_pythonqt(qt):
    bar, label, box = qt.QProgressBar(), qt.QLabel(), qt.QDoubleSpinBox()
    bar.value = 3.7
    assert bar.value == 3
    bar.value = np.int64(5)
    assert bar.value == 5
    label.text = None
    assert label.text == "None"
    box.value = np.float32(2.5)
    assert box.value == 2.5


@pytest.mark.parametrize("value", [np.float64(3), np.float32(3), np.bool_(True), "3", None])
def test_values_of_a_wrong_type_are_refused(qt, value):
    bar = qt.QProgressBar()
    with pytest.raises(AttributeError, match="does not accept"):
        bar.value = value


def test_stand_ins_refuse_a_wrong_type_too(ctk):
    slider = ctk.ctkSliderWidget()
    with pytest.raises(AttributeError, match="does not accept"):
        slider.value = "high"


def test_children_and_dynamic_properties_are_attributes(qt):
    parent = qt.QWidget()
    child = qt.QLabel("x", parent)
    child.name = "note"
    child.setProperty("SlicerParameterName", "weight")
    assert parent.note is child
    assert child.objectName == "note"
    assert child.SlicerParameterName == "weight"
    assert child.className() == "QLabel"


def test_what_pythonqt_lacks_is_lacking(qt):
    label = qt.QLabel()
    with pytest.raises(TypeError), qt.QSignalBlocker(label):
        pass
    with pytest.raises(TypeError, match="keyword"):
        qt.QLabel(text="x")
    timer = qt.QTimer()
    with pytest.raises(AttributeError):
        timer.singleShot = True
    timer.setSingleShot(True)


def test_settings_come_back_as_after_a_restart(qt):
    settings = slicer.app.settings()
    settings.setValue("MedFusion/ForceCpu", True)
    assert qt.QSettings().value("MedFusion/ForceCpu") == "true"
    assert slicer.util.settingsValue("MedFusion/ForceCpu", False, slicer.util.toBool) is True
    assert slicer.util.settingsValue("MedFusion/Other", 4) == 4


def test_settings_do_not_outlive_the_host(qt):
    assert not qt.QSettings().contains("MedFusion/ForceCpu")


# Signals and slots


class Recorder:
    def __init__(self):
        self.calls = []

    def none(self):
        self.calls.append(())

    def one(self, first):
        self.calls.append((first,))

    def optional(self, first="default"):
        self.calls.append((first,))

    def any(self, *arguments):
        self.calls.append(arguments)

    def __call__(self, *arguments):
        self.calls.append(arguments)


@pytest.mark.parametrize(
    ("slot", "received"),
    [("none", ()), ("one", (False,)), ("optional", (False,)), ("any", (False,))],
)
def test_a_slot_gets_as_many_arguments_as_it_has(qt, slot, received):
    recorder, button = Recorder(), qt.QPushButton()
    assert button.connect("clicked(bool)", getattr(recorder, slot)) is True
    button.click()
    assert recorder.calls == [received]


def test_other_callables_get_all_arguments(host, qt):
    recorder, button = Recorder(), qt.QPushButton()
    button.clicked.connect(recorder)
    button.clicked.connect(partial(recorder.one, 9))  # one too many
    button.click()
    assert recorder.calls == [(False,)]
    assert [type(error) for error in host.errors] == [TypeError]
    host.errors.clear()


def test_a_default_counts_as_a_parameter(qt):
    seen, button = [], qt.QPushButton()
    button.clicked.connect(lambda x=7: seen.append(x))
    button.click()
    assert seen == [False]


def test_an_unknown_signal_is_refused(qt):
    with pytest.raises(AttributeError, match="no signal"):
        qt.QPushButton().connect("clickd(bool)", print)
    with pytest.raises(TypeError, match="not callable"):
        qt.QPushButton().connect("clicked(bool)", None)


def test_disconnect(qt):
    recorder, button = Recorder(), qt.QPushButton()
    button.connect("clicked(bool)", recorder.none)
    assert button.disconnect("clicked(bool)", recorder.none) is True
    assert button.disconnect("clicked(bool)", recorder.none) is False
    button.click()
    assert recorder.calls == []


def test_an_exception_in_a_slot_is_kept(host, qt):
    button = qt.QPushButton()
    button.clicked.connect(lambda: 1 / 0)
    button.click()
    with pytest.raises(AssertionError, match="raised in slots"):
        host.fail_on_errors()
    host.errors.clear()


def test_a_timer_fires(host, qt):
    seen = []
    qt.QTimer.singleShot(0, lambda: seen.append(1))
    slicer.app.processEvents()
    assert seen == [1]


# Node combo boxes


def selector(**properties):
    combo = slicer.qMRMLNodeComboBox()
    combo.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    for name, value in properties.items():
        setattr(combo, name, value)
    combo.setMRMLScene(slicer.mrmlScene)
    return combo


def offered(combo):
    return [combo.nodeFromIndex(index).GetName() for index in range(combo.nodeCount())]


def test_label_maps_and_colour_volumes_are_offered_unless_children_are_not(host):
    add_volume("CT")
    add_volume("Labels", kind="vtkMRMLLabelMapVolumeNode")
    add_volume("Colour", shape=(6, 8, 10, 3), kind="vtkMRMLVectorVolumeNode")
    assert offered(selector()) == ["CT", "Labels", "Colour"]
    assert offered(selector(showChildNodeTypes=False)) == ["CT"]


def test_a_combo_box_needs_a_scene(host):
    combo = slicer.qMRMLNodeComboBox()
    assert not combo.enabled
    combo.setMRMLScene(slicer.mrmlScene)
    assert combo.enabled


def test_without_none_the_first_node_is_chosen(host):
    with_none, without = selector(noneEnabled=True), selector()
    node = add_volume()
    assert with_none.currentNode() is None
    assert without.currentNode() is node


def test_signals_of_a_choice(host):
    combo, node = selector(noneEnabled=True), add_volume()
    seen = []
    combo.connect("currentNodeChanged(vtkMRMLNode*)", seen.append)
    combo.connect("currentNodeChanged(bool)", seen.append)
    combo.connect("currentNodeIDChanged(QString)", seen.append)
    combo.setCurrentNode(node)
    combo.setCurrentNode(node)
    assert seen == [node, True, node.GetID()]


def test_a_removed_node_is_replaced_by_its_neighbour(host):
    combo = selector(noneEnabled=True)
    first, second = add_volume("first"), add_volume("second")
    combo.setCurrentNode(first)
    slicer.mrmlScene.RemoveNode(first)
    assert combo.currentNode() is second
    slicer.mrmlScene.RemoveNode(second)
    assert combo.currentNode() is None


def test_setters_that_python_cannot_reach_are_absent(ctk):
    combo, slider = selector(), ctk.ctkSliderWidget()
    assert not hasattr(combo, "setNoneEnabled")
    assert not hasattr(slider, "setRange")


# Other widgets


def test_slider(ctk):
    slider, seen = ctk.ctkSliderWidget(), []
    slider.connect("valueChanged(double)", seen.append)
    slider.minimum, slider.maximum, slider.singleStep = -1, 1, 0.05
    slider.value = 0.25
    slider.value = 7
    assert seen == [0.25, 1]


def test_range(ctk):
    widget, seen = ctk.ctkRangeWidget(), []
    widget.minimum, widget.maximum = -1000, 3000
    widget.connect("valuesChanged(double,double)", lambda *values: seen.append(values))
    widget.setValues(-100, 200)
    widget.minimumValue = 500  # pushes the maximum
    assert seen == [(-100, 200), (500, 500)]


def test_a_collapsed_group_hides_its_contents(panel):
    group, selector = panel.ui.inputsCollapsibleButton, panel.ui.firstSelector
    panel.show()
    assert selector.visible
    group.collapsed = True
    assert not selector.visible
    group.click()
    assert selector.visible and not group.collapsed


# .ui files


def changed_ui(tmp_path, before, after) -> str:
    text = (PANEL / "Resources" / "UI" / "MedFusion.ui").read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "Changed.ui"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return str(path)


def test_ui_connections_of_vtk_types_are_made(panel):
    assert panel.ui.firstSelector.mrmlScene() is slicer.mrmlScene
    assert panel.ui.firstSelector.nodeTypes == ["vtkMRMLScalarVolumeNode"]
    assert panel.ui.firstSelector.SlicerParameterName == "first"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('name="noneEnabled"', 'name="noneEnable"', "has no noneEnable"),
        ("ctkRangeWidget", "ctkDoubleRangeWidget", "no stand-in for ctkDoubleRangeWidget"),
        ('name="progressBar"', 'name="applyButton"', "two widgets"),
        ("mrmlSceneChanged(vtk", "mrmlSceneChange(vtk", "has no signal"),
        ("setMRMLScene(", "setScene(", "has no slot"),
        ("<receiver>firstSelector", "<receiver>ctSelector", "does not exist"),
        ("<class>ctkSliderWidget", "<class>ctkSlider", "not declared"),
    ],
)
def test_a_wrong_ui_file_is_refused(host, tmp_path, before, after, message):
    with pytest.raises(UiError, match=message):
        slicer.util.loadUI(changed_ui(tmp_path, before, after))


def test_enums_that_only_qt6_reads_are_refused(host, tmp_path):
    enum = '<property name="alignment"><set>Qt::AlignmentFlag::AlignLeft</set></property>'
    before = '<widget class="QLabel" name="staleLabel">'
    after = before + enum
    with pytest.raises(UiError, match="Qt 5"):
        slicer.util.loadUI(changed_ui(tmp_path, before, after))


# Dialogs


def test_displays_are_recorded(host):
    slicer.util.infoDisplay("for your information")
    slicer.util.errorDisplay("went wrong", windowTitle="MedFusion")
    assert host.dialogs.texts() == ["for your information", "went wrong"]
    assert host.dialogs.texts("error") == ["went wrong"]
    assert host.dialogs.messages[1].title == "MedFusion"


def test_questions_are_answered(host):
    host.dialogs.answers = [False, True]
    assert slicer.util.confirmOkCancelDisplay("sure?") is False
    assert slicer.util.confirmYesNoDisplay("really?") is True
    assert slicer.util.confirmRetryCloseDisplay("again?") is True
    assert host.dialogs.texts("question") == ["sure?", "really?", "again?"]


def test_try_with_error_display_shows_and_raises(host):
    with pytest.raises(ValueError), slicer.util.tryWithErrorDisplay("Fusion failed."):
        raise ValueError("no overlap")
    assert host.dialogs.texts("error") == ["Fusion failed.\n\nno overlap"]
    assert "ValueError" in host.dialogs.messages[0].detail


def test_modal_dialogs_are_refused(host, qt):
    with pytest.raises(ModalDialog):
        qt.QMessageBox().exec_()
    with pytest.raises(ModalDialog):
        slicer.util.pip_install("torch")


# Application, scene and views


def test_slicer_util_reads_and_writes(host, tmp_path):
    node = add_volume("CT", value=7)
    path = tmp_path / "ct.nrrd"
    assert slicer.util.saveNode(node, str(path))
    again = slicer.util.loadVolume(str(path))
    assert slicer.util.arrayFromVolume(again).max() == 7


def test_modules_have_real_logics(host):
    clone = slicer.modules.volumes.logic().CloneVolume(slicer.mrmlScene, add_volume(), "Clone")
    assert clone.GetName() == "Clone"
    assert hasattr(slicer.modules, "pytorchutils") and not hasattr(slicer.modules, "nonexistent")


def test_the_crosshair_is_there(scene):
    node = slicer.util.getNode("Crosshair")
    node.SetCursorPositionRAS((1, 2, 3))
    position = [0.0, 0.0, 0.0]
    assert node.GetCursorPositionRAS(position)
    assert position == [1, 2, 3]


def test_closing_the_scene_keeps_views_and_empties_selectors(host):
    combo = selector(noneEnabled=True)
    combo.setCurrentNode(add_volume())
    slicer.mrmlScene.Clear(0)
    assert combo.currentNode() is None
    layout = slicer.app.layoutManager()
    assert layout.sliceWidget("Red").mrmlSliceNode().GetScene() is slicer.mrmlScene
    assert layout.threeDWidget(0).mrmlViewNode().GetScene() is slicer.mrmlScene


def test_layouts(scene):
    layout = slicer.app.layoutManager()
    layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    assert layout.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView


def test_mrml_errors_reach_the_scene_fixture(scene, capfd):
    scene.AddNode(None)
    scene.CreateNodeByClass("vtkMRMLNoSuchNode")
    slicer.vtkMRMLVolumeArchetypeStorageNode().ReadData(slicer.vtkMRMLScalarVolumeNode())
    assert "ERR|" in capfd.readouterr().err


def test_the_scene_is_restored(real_scene):
    from host.scene import RealScene

    inner = RealScene()
    assert slicer.mrmlScene is inner.scene
    inner.close()
    assert slicer.mrmlScene is real_scene.scene


# Companions


def test_pytorch_can_be_absent_or_refused(host):
    import PyTorchUtils

    logic = PyTorchUtils.PyTorchUtilsLogic()
    assert logic.torchInstalled()
    host.pytorch.installed, host.pytorch.refuses = False, True
    assert not PyTorchUtils.PyTorchUtilsLogic.torchInstalled()
    assert logic.installTorch(askConfirmation=True, torchVersionRequirement=">=2.2") is None
    assert host.pytorch.requests[0]["torchVersionRequirement"] == ">=2.2"
    host.remove_pytorch_extension()
    assert not hasattr(slicer.modules, "pytorchutils")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("PyTorchUtils")


# A panel


def test_a_disabled_button_cannot_be_pressed(panel):
    with pytest.raises(AssertionError, match="disabled"):
        panel.click("applyButton")


def test_enter_exit_and_close(panel):
    assert panel.parent.isEntered
    panel.exit()
    assert not panel.parent.isEntered
    panel.enter()
    assert panel.widget.Observations
    panel.close()
    assert not panel.widget.Observations
    slicer.mrmlScene.Clear(0)


# Lint


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("isinstance(w, qt.QAbstractButton)", "isinstance"),
        ("isinstance(w, (int, slicer.qMRMLNodeComboBox))", "isinstance"),
        ("qt.QLabel(text='x')", "keywords"),
        ("with qt.QSignalBlocker(w):\n    pass", "blocker"),
        ("qt.QImage(data, 3, 3, 9, qt.QImage.Format_RGB888)", "image"),
        ("b.clicked.connect(functools.partial(f, 1))", "partial"),
        ("b.connect('clicked(bool)', lambda x=1: f(x))", "lambda"),
        ("threading.Thread(target=f)", "thread"),
        ("concurrent.futures.ThreadPoolExecutor()", "thread"),
        ("t.singleShot = True", "singleShot"),
        ("c.connect('currentIndexChanged(QString)', f)", "signal"),
        ("qt.QRegExp('a')", "gone"),
        ("self.ui.weightSlider._old = 1", "attribute"),
        ("self.ui.wieghtSlider.value = 1", "ui"),
        ("self.ui.label.text()", "property"),
        ("box.currentIndex()", "property"),
        ("import torch", "import"),
        ("from skimage.filters import gaussian", "import"),
    ],
)
def test_lint_finds(source, rule):
    found = lint.check_source(source, ui_names={"weightSlider", "label"})
    assert [finding.rule for finding in found] == [rule]


@pytest.mark.parametrize(
    "source",
    [
        "isinstance(node, slicer.vtkMRMLScalarVolumeNode)",
        "b.connect('clicked(bool)', self.onApply)",
        "self.ui.label.text = 'x'",
        "qt.QImage(3, 3, qt.QImage.Format_RGB32)",
        "qt.QTimer.singleShot(0, f)",
        "x = node.text()  # pythonqt: ok, a node's own text",
        "def f():\n    import torch",
    ],
)
def test_lint_lets_pass(source):
    assert lint.check_source(source, ui_names={"label"}) == []


def test_the_panel_keeps_to_pythonqt():
    ui_files = list((PANEL / "Resources" / "UI").glob("*.ui"))
    found = [one for path in PANEL.rglob("*.py") for one in lint.check_module(path, ui_files)]
    assert not found, "\n".join(map(str, found))
