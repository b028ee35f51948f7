"""PythonQt's rules for attributes, signals and slots, laid over PySide6's classes.

PythonQt, through which Slicer's Python sees Qt, differs from PySide6:

* A Qt property is an attribute: ``button.text = "Apply"``; ``button.text()`` is a TypeError.
  The setters (``setText``) stay.
* No new attribute can be put on a Qt object, and reading an unknown one fails. Dynamic properties
  and children, by their name, are attributes too.
* Signals are connected by their C++ signature, ``button.connect("clicked(bool)", f)``, or as
  ``button.clicked.connect(f)``. A Python function gets as many arguments as it has parameters,
  parameters with a default counted; any other callable gets all of them.
* An exception in a slot is printed and the program goes on. It is kept in ``errors`` here.

Where PythonQt only prints a message the host raises. What cannot be represented (flat types,
integer enums, lifetime of objects, starving threads) is left to ``lint``.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
import sys
import traceback
import types

import shiboken6
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, QObject

from host.dialogs import ModalDialog

#: Exceptions raised in slots since ``watch_errors``. A test asserts that there are none.
errors: list[BaseException] = []

_set = QObject.__setattr__
_get = QObject.__getattribute__
_patched: set[type] = set()


def _keep_none() -> None:
    """Give None references to spare, where it needs them.

    PySide6 6.12 on Python 3.11 takes one from None in each call of a Qt method that returns
    nothing, and ends the process when none is left. From Python 3.12 on None lives for ever.
    """
    if sys.version_info < (3, 12):
        ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40


def install() -> None:
    """Change PySide6's classes, once in a process. There is no way back."""
    _keep_none()
    for module in (QtCore, QtGui, QtWidgets):
        for name in sorted({*dir(module), *getattr(module, "__all__", ())}):  # loaded lazily
            value = getattr(module, name, None)
            if inspect.isclass(value) and issubclass(value, QObject):
                patch(value)
    for cls in (QtWidgets.QDialog, QtWidgets.QMenu, QtWidgets.QMessageBox, QtWidgets.QFileDialog):
        cls.exec = cls.exec_ = _refuse


def _refuse(self, *arguments):
    raise ModalDialog(f"{type(self).__name__} would wait for a user")


def patch(cls: type) -> None:
    """Give one class PythonQt's rules."""
    if cls in _patched:
        return
    _patched.add(cls)
    meta = cls.staticMetaObject
    for index in range(meta.propertyOffset(), meta.propertyCount()):
        name = meta.property(index).name()
        if (cls.__name__, name) == ("QTimer", "singleShot"):
            continue  # in PythonQt, too, the static function of this name wins
        if not isinstance(cls.__dict__.get(name), Property):
            setattr(cls, name, _attribute(meta.property(index)))
    cls.__getattr__ = _missing
    if cls is QObject:
        # Some subclasses of QObject have their own __getattribute__; replacing those crashes.
        cls.__getattribute__ = _getattribute
    else:
        cls.__setattr__ = _setattr  # QObject must keep its own: _set calls it
    cls.__init__ = _without_keywords(cls.__init__)
    cls.className = lambda self: type(self).__name__
    cls.delete = lambda self: shiboken6.delete(self)
    cls.name = property(
        lambda self: self.property("objectName"),
        lambda self, value: self.setProperty("objectName", str(value)),
    )


def _without_keywords(initialise):
    @functools.wraps(initialise)
    def positional(self, *arguments, **keywords):
        if keywords and is_cpp(type(self)):
            raise TypeError(f"{type(self).__name__} takes no keyword arguments in PythonQt")
        initialise(self, *arguments, **keywords)

    return positional


class watch_errors:
    """Collect in ``errors`` whatever slots and virtual functions called by Qt raise."""

    def __enter__(self) -> list[BaseException]:
        errors.clear()
        self._hook = sys.excepthook
        sys.excepthook = self._record
        return errors

    def __exit__(self, *exception) -> None:
        sys.excepthook = self._hook

    def _record(self, kind, error, trace) -> None:
        errors.append(error)
        self._hook(kind, error, trace)


# Attributes


def _convert(value, kind: str):
    """A Python value as a Qt property of this C++ type, or TypeError."""
    if kind == "QString":
        return str(value)
    if kind == "bool":
        return bool(value)
    if kind in ("int", "uint"):
        if type(value) is float or hasattr(value, "__index__"):  # not numpy's floats and bools
            return int(value)
        raise TypeError(kind)
    if kind == "double":
        if isinstance(value, (int, float)) or hasattr(value, "dtype"):
            return float(value)
        raise TypeError(kind)
    return value


def _attribute(meta_property) -> property:
    """A Python property for a Qt property."""
    name, kind = meta_property.name(), meta_property.typeName()

    def read(self):
        return self.property(name)

    def write(self, value):
        try:
            accepted = self.setProperty(name, _convert(value, kind))
        except TypeError:
            accepted = False
        if not accepted:
            raise AttributeError(_refusal(name, kind, value))

    def refuse(self, value):
        raise AttributeError(f"Property '{name}' of {type(self).__name__} is not writable")

    return property(read, write if meta_property.isWritable() else refuse)


def _refusal(name: str, kind: str, value) -> str:
    what = type(value).__name__
    return f"Property '{name}' of type '{kind}' does not accept an object of type {what}"


def is_cpp(cls: type) -> bool:
    """Whether a class stands for a C++ class; a panel's own subclass does not."""
    return cls.__module__.startswith("PySide6") or "_stand_in" in cls.__dict__


def _setattr(self, name: str, value) -> None:
    owner = next((cls for cls in type(self).__mro__ if name in cls.__dict__), None)
    found = owner.__dict__[name] if owner else None
    if isinstance(found, Property):  # of a stand-in: PySide6 would not convert
        kind = _property_type(self, name)
        try:
            value = _convert(value, kind)
        except TypeError:
            raise AttributeError(_refusal(name, kind, value)) from None
        _set(self, name, value)
    elif isinstance(found, property) or isinstance(value, QtCore.SignalInstance):
        _set(self, name, value)  # PySide6 itself keeps bound signals as attributes
    elif name in _dynamic(self):
        self.setProperty(name, value)
    elif not is_cpp(type(self)) or (name == "_state" and hasattr(type(self), "_stand_in")):
        _set(self, name, value)
    elif found is not None:
        raise AttributeError(f"Slot or signal '{name}' of {type(self).__name__} is not writable")
    else:
        raise AttributeError(
            f"'{name}' does not exist on {type(self).__name__}, "
            "and creating new attributes on C++ objects is not allowed"
        )


def _property_type(self, name: str) -> str:
    meta = self.metaObject()
    return meta.property(meta.indexOfProperty(name)).typeName()


def _dynamic(self) -> list[str]:
    return [bytes(name).decode() for name in self.dynamicPropertyNames()]


def _missing(self, name: str):
    if not name.startswith("__"):
        if name in _dynamic(self):
            return self.property(name)
        for child in self.children():
            if child.property("objectName") == name:
                return child
    raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")


# Signals


def _getattribute(self, name: str):
    if name == "connect":
        return types.MethodType(_connect, self)
    if name == "disconnect":
        return types.MethodType(_disconnect, self)
    value = _get(self, name)
    return _BoundSignal(self, name) if type(value) is QtCore.SignalInstance else value


def normalized(signature: str) -> str:
    return bytes(QtCore.QMetaObject.normalizedSignature(signature)).decode()


def bound_signal(self, signature: str):
    """PySide6's signal for a C++ signature; None when the object has no such signal.

    A stand-in declares in SIGNALS which Python signal carries a signature of vtk types.
    """
    signature = normalized(signature)
    own = getattr(type(self), "SIGNALS", {})
    if signature in own:
        return _get(self, own[signature])
    if self.metaObject().indexOfSignal(signature) < 0:
        return None
    name, arguments = signature.removesuffix(")").split("(")
    signal = _get(self, name)
    try:
        return signal[arguments] if arguments else signal
    except (KeyError, IndexError, TypeError):  # not overloaded
        return signal


def _connect(self, signal, slot, *rest):
    if not isinstance(signal, str) or signal[:1] in "012":  # PySide6 calling itself
        return _get(self, "connect")(signal, slot, *rest)
    if isinstance(slot, QObject) and len(rest) == 1:  # connect(signal, receiver, "slot()")
        slot = getattr(slot, rest[0].split("(")[0])
    elif rest:
        raise TypeError("connect(signal, callable) or connect(signal, receiver, slot)")
    if not callable(slot):
        raise TypeError(f"cannot connect {signal} to {slot!r}, which is not callable")
    source = bound_signal(self, signal)
    if source is None:
        raise AttributeError(
            f"{type(self).__name__} has no signal {signal} (PythonQt prints this and returns False)"
        )
    call = _caller(slot)
    source.connect(call)
    _connections(self).append((normalized(signal), slot, source, call))
    return True


def _disconnect(self, signal, slot=None, *rest):
    if not isinstance(signal, str) or rest:  # PySide6 calling itself
        return _get(self, "disconnect")(signal, slot, *rest)
    known = _connections(self)
    ours = [c for c in known if c[0] == normalized(signal) and slot in (None, c[1])]
    for connection in ours:
        _, _, source, call = connection
        source.disconnect(call)
        known.remove(connection)
    return bool(ours)


def _connections(self) -> list:
    return self.__dict__.setdefault("_connections", [])


def _caller(slot):
    """Call ``slot`` as PythonQt does: with the arguments it can take, and surviving errors."""
    takes = _parameter_count(slot)

    def call(*arguments):
        try:
            slot(*arguments[:takes])
        except Exception as error:
            errors.append(error)
            traceback.print_exc()

    return call


def call_slot(slot, *arguments) -> None:
    """Call a slot as a signal does."""
    _caller(slot)(*arguments)


def _parameter_count(slot) -> int | None:
    """How many arguments PythonQt passes at most; None is all of them."""
    bound = inspect.ismethod(slot)
    function = slot.__func__ if bound else slot
    if not inspect.isfunction(function) or function.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return function.__code__.co_argcount - bound


class _BoundSignal:
    """``widget.clicked``: of several overloads, the one with the longest signature."""

    def __init__(self, owner: QObject, name: str) -> None:
        self._owner = owner
        declared = [sig for sig, signal in getattr(type(owner), "SIGNALS", {}).items()]
        declared = [sig for sig in declared if sig.split("(")[0] == name]
        self._signature = declared[0] if declared else self._longest(owner, name)

    @staticmethod
    def _longest(owner: QObject, name: str) -> str:
        meta = owner.metaObject()
        methods = [meta.method(index) for index in range(meta.methodCount())]
        signatures = [bytes(m.methodSignature()).decode() for m in methods if m.name() == name]
        return max(signatures, key=len)

    def connect(self, slot) -> bool:
        return _connect(self._owner, self._signature, slot)

    def disconnect(self, slot=None) -> bool:
        return _disconnect(self._owner, self._signature, slot)

    def emit(self, *arguments) -> None:
        bound_signal(self._owner, self._signature).emit(*arguments)

    __call__ = emit


# The module qt


class Namespace(types.ModuleType):
    """A module that finds its names in others, as ``qt`` holds those of all of Qt's."""

    def __init__(self, name: str, *sources, **own) -> None:
        super().__init__(name)
        self.__dict__.update(own, _sources=sources)

    def __getattr__(self, name: str):
        for source in self._sources:
            if hasattr(source, name):
                return getattr(source, name)
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")


class QSignalBlocker(QtCore.QSignalBlocker):
    """PythonQt's has no ``with``: use ``wasBlocked = w.blockSignals(True)`` instead."""

    __enter__ = None
    __exit__ = None


class QSettings(QtCore.QSettings):
    """Settings as they are read after a restart: every simple value is text."""

    _stand_in = True

    def value(self, key, default=None):
        value = super().value(key, default)
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value) if isinstance(value, (int, float)) else value


def qt_module(**own) -> Namespace:
    """The module ``qt``."""
    own = {"QSignalBlocker": QSignalBlocker, "QSettings": QSettings, **own}
    return Namespace("qt", QtCore, QtGui, QtWidgets, **own)
