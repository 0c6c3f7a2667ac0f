# Findings of domain.
