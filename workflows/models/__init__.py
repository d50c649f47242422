"""Chat models: which one a name means, and the embedded one."""
