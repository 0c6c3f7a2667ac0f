//! Records as a BIND zone fragment (RFC 1035 section 5): names absolute, TXT split at 255 bytes (RFC 7208 section 3.3).
