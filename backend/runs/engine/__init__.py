"""Where runs execute, who is alive to execute them, and how they are recovered and cancelled."""
