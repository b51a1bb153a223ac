"""The composition root: wires the rooms for one run. The only place that knows them all; it decides nothing itself."""
