"""Streaming from graph events to frames on the wire: messages, mapping, merging, views, framing."""
