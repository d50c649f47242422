"""The bare loop's graph, as the `langgraph.json` of the development server's folder names it."""

import os

from benchmarks.bare import open_graph

PROVIDER_VARIABLE = "STORYWIRE_BENCHMARK_PROVIDER"
"""Names the provider's address in the environment of the development server."""

if PROVIDER_VARIABLE in os.environ:
    graph = open_graph(os.environ[PROVIDER_VARIABLE], "off")
