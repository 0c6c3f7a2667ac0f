# Findings of mx.
