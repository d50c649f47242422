"""CassetteLibrary of model calls, and their playback."""
