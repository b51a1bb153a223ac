"""`rdjsonl`: reviewdog's diagnostics as JSON lines; read by `rdjson`, which knows the format."""

from __future__ import annotations

from gatekeeper.parse.rdjson import parse_lines as parse

__all__ = ["parse"]
