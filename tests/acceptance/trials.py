"""How many trials the promise went through, for the summary at the end of a test run."""

import os
from collections import Counter

COUNTS: Counter[str] = Counter()

EXAMPLES = int(os.environ.get("STORYWIRE_TRIALS", "6"))
"""Sequences of disturbances that Hypothesis tries; `make soak` raises it."""
KILLS = int(os.environ.get("STORYWIRE_KILLS", "16"))
"""Kills at random moments; `make soak` raises it."""
WORKER_KILLS = int(os.environ.get("STORYWIRE_WORKER_KILLS", "2"))
"""Kills of workers at random moments, each of which takes a lease; `make soak` raises it."""
WORKER_FREEZES = int(os.environ.get("STORYWIRE_WORKER_FREEZES", "2"))
"""Freezes of workers past their lease; `make soak` raises it."""
MUTE_SECONDS = float(os.environ.get("STORYWIRE_MUTE_SECONDS", "6"))
"""How long every notification is lost; `make soak` raises it."""
UPGRADES = int(os.environ.get("STORYWIRE_UPGRADES", "1"))
"""How often each process of a cluster is exchanged while runs are written; `make soak` raises it."""
OUTAGES = tuple(map(float, os.environ.get("STORYWIRE_OUTAGES", "0.5 4").split()))
"""Seconds for which the database of a cluster is away, one after another; `make soak` has more and longer ones."""
RUNS_DISTURBED = int(os.environ.get("STORYWIRE_RUNS_DISTURBED", "6"))
"""Runs that are written meanwhile, or while a worker is told to stop; `make soak` raises it."""
MANY_RUNS = int(os.environ.get("STORYWIRE_MANY_RUNS", "20"))
"""Runs at once over small pools, and of the benchmark of a cluster; `make soak` raises it."""
CLUSTER_EXAMPLES = int(os.environ.get("STORYWIRE_CLUSTER_TRIALS", "1"))
"""Sequences of disturbances of a cluster; `make soak` raises it."""
