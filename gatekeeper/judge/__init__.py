"""Results and policy in, verdict out. Pure: knows no process, no file and no clock."""
