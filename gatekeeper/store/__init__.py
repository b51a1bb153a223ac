"""What stays on disk: the home of a tree, run folders, journal, history, backups. Knows no tool and starts no process."""
