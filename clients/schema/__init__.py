"""The generator of the clients' types from the service's own models: `make schema`."""
