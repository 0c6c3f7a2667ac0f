# Findings of placement.
