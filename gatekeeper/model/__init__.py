"""The nouns: frozen values, enums and the few Protocols. Imports nothing of ours and touches no machine."""
