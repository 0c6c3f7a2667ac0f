# Findings of cname.
