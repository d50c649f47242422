"""The clients of the service, and the generator of the types that they share with it."""
