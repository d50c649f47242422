"""Extensions: routes, lookups and commands that packages add to the service beside their formats."""
