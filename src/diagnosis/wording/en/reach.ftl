# Findings of reach.
