"""The command line: one thin module per verb. Decides nothing that a hook or a server would have to decide again."""
