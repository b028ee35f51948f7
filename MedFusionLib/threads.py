"""Parts of a work side by side, each on one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import torch

Part = TypeVar("Part")
Made = TypeVar("Made")


def side_by_side(
    run: Callable[[Part], Made], parts: Iterable[Part], threads: int
) -> Iterator[Made]:
    """What `run` makes of each part, in their order.

    Where the work is many small steps of torch, this gains more than several threads for each
    step, which mostly wait for each other; and what is made does not depend on how many there are.
    Nothing starts before it is asked for; whoever stops asking leaves what has not begun undone.

    Args:
        run: may be called from any thread; torch takes no other thread for its operations.
        parts: what it is called with.
        threads: how many run at once.

    Example:
        >>> list(side_by_side(abs, [-1, -2, -3], threads=2))
        [1, 2, 3]
    """
    before = torch.get_num_threads()
    if max(threads, before) == 1:
        yield from map(run, parts)
        return
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads, initializer=partial(torch.set_num_threads, 1)) as pool:
        try:
            for part in parts:
                waiting.append(pool.submit(run, part))
                if len(waiting) == 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            torch.set_num_threads(before)  # what threads to come start with
