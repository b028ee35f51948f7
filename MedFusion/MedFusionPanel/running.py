"""Long work beside the event loop, with progress and cancel."""

import threading
import time

import slicer
from slicer.i18n import tr as _

from MedFusionLib.errors import Cancelled

#: seconds that a cancelled worker gets to stop before it is left alone
CANCEL_TIMEOUT = 0.4


class Run:
    """One piece of work in a thread, while the main thread keeps the application alive.

    PythonQt starves Python threads while Qt's own loop runs. So the main thread waits for the
    worker in Python, and lets Qt work between two waits. The worker knows no Qt and no MRML.
    """

    def __init__(self, show):
        """`show(fraction, text)` is called in the main thread, about 20 times a second."""
        self._show = show
        self._cancel = threading.Event()
        self._progress = (0, 0)
        self._firstSlice = None

    def cancel(self):
        """Stop as soon as can be; `__call__` raises Cancelled."""
        self._cancel.set()

    def progress(self, done, total):
        """To be called by the worker after each batch of slices."""
        self._firstSlice = self._firstSlice or (time.monotonic(), done)
        self._progress = (done, total)

    def cancelled(self):
        """To be asked by the worker between batches."""
        return self._cancel.is_set()

    def __call__(self, work):
        """What `work()` returns or raises; Cancelled when `cancel` was called before its end."""
        outcome = {}
        done = threading.Event()

        def body():
            try:
                outcome["value"] = work()
            except BaseException as error:
                outcome["error"] = error
            finally:
                done.set()

        worker = threading.Thread(target=body, daemon=True)  # pythonqt: ok, waited for in Python
        worker.start()
        while not done.wait(0.05):
            self._show(*self._describe())
            slicer.app.processEvents()
            if self._cancel.is_set():
                done.wait(CANCEL_TIMEOUT)
                break
        if self._cancel.is_set():
            raise Cancelled
        if "error" in outcome:
            raise outcome["error"]
        return outcome["value"]

    def _describe(self):
        done, total = self._progress
        if not total:
            return 0.0, _("Preparing the volumes...")
        started, before = self._firstSlice
        left = None
        if done > before:
            left = (time.monotonic() - started) / (done - before) * (total - done)
        return done / total, progressText(done, total, left)


def progressText(done, total, seconds):
    """How far the work is, and how many seconds it takes still (None: not known yet)."""
    if seconds is None:
        text = _("Slice {done} of {total}")
    elif seconds < 90:
        text = _("Slice {done} of {total}, {count} s left")
    else:
        text = _("Slice {done} of {total}, {count} min left")
        seconds /= 60
    return text.format(done=done, total=total, count=max(1, round(seconds or 0)))
