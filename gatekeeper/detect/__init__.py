"""From a tree of files to components and the tools they use. Reads files, executes nothing, knows no run."""
