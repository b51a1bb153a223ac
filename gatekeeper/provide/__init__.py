"""Decides which executable a component's tool is, and installs the pinned ones. Starts no process itself: a Runner is handed in."""
