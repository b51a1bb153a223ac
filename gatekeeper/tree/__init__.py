"""The repository as files: listed by git or by a plain walk, and which of them changed. The only room that calls git."""
