"""Settings of Python's collector of cycles, for processes through which tokens stream."""

import gc

_THRESHOLDS = (50_000, 20, 50)


def tune_collector() -> None:
    """Leaves what is loaded by now out of collections, and makes them rarer.

    The collector need not look at the same modules again and again while tokens stream. And what streams makes few
    cycles, but very many objects: by default a young collection comes with every 700 of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
