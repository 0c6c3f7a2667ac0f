# Findings of spf.
