"""Run record -> bytes, one module per format. Pure: touches no file, no clock, no environment."""
