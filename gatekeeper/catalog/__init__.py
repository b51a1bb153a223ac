"""Reads `pipelines/**/*.yaml` into pipelines, tasks, tools and commands. Knows no repository and no plan."""
