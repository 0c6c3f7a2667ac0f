# Findings of dmarc.
