"""Tool output to findings and test results: one module per output format, found through `formats`.

Knows formats; does not know which command ran, what blocks, or where a process came from. Touches no machine.
"""
