"""Plan -> events and results: a pure scheduler above, one owner of all child processes below."""
