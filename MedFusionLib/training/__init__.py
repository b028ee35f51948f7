"""Training of the networks by recipe (`recipes/`), with checkpoints that hold no pickle.

`find_cases` finds registered pairs, `train_network` writes weights with their card.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "recipe": "Recipe",
        "train": "read_recipe train_network",
        "datasets": "Case find_cases",
        "dictionaries": "learn_dictionary",
    },
)
