"""What a run is told: options, environment and gatekeeper.yaml, merged into one Settings value that knows its origins."""
