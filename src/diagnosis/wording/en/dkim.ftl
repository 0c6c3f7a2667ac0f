# Findings of dkim.
