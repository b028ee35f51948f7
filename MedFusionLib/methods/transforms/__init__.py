"""Multiscale transforms that the classical methods fuse in, one file each, exactly invertible.

All take slice batches (N, 1, H, W) of any size, work on float32 or float64 and any device, and are
differentiable. A decomposition is a low band (N, 1, h, w) and a list of detail bands, coarse to
fine, each (N, directions, h, w).
"""
