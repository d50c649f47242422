"""`storywire worker`: processes that execute runs from the queue."""
