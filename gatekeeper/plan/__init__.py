"""Components, commands, changes and settings in; a plan out. Touches no file and starts nothing."""
