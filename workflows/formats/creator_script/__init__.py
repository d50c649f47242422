"""The format creator_script: a video script with hook, content and outro, timed to the second."""
