"""Gatekeeper: one command decides whether a repository is fit to merge, in any mix of languages, and can prove why."""

__version__ = "0.1.0"
