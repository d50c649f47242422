"""The promises, tried against a live service that is really killed."""
