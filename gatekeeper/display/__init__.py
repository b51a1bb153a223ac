"""Events -> terminal: plain lines, a live picture, JSON lines; and the texts of plan and summary. Decides nothing."""
