"""The policy of a run: each condition judged by its kind, over facts that come in as one value. Pure."""
