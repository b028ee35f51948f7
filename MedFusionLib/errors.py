"""The two ways in which a fusion ends early."""


class MedFusionError(ValueError):
    """Bad input or settings. The message is one sentence that says what is wrong and what to do."""


class Cancelled(Exception):
    """The user's cancel flag was set; nothing was written."""
