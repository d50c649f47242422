"""Tables of the service, with the types and states that their columns hold."""
