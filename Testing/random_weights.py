"""Weights of `bands` that mean nothing, so that tests do not depend on what was trained."""

import torch

from MedFusionLib.methods.networks.bands import Bands
from MedFusionLib.methods.weights import save_weights, weights_path


def write_random(seed):
    """Write them where the environment variable MEDFUSION_WEIGHTS says."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = Bands()
        for parameter in module.parameters():
            torch.nn.init.normal_(parameter, 0, 0.3)
    save_weights(module, weights_path("bands", "pet-mr"), {"network": "bands"})
