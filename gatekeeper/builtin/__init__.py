"""Jobs that are ours: started as `python -I -m gatekeeper.builtin.NAME`, never imported by the program."""
