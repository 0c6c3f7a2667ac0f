//! The `tag=value; tag=value` lexer that DKIM (RFC 6376 section 3.2) and DMARC (RFC 9989 section 4.7) share, with byte
//! spans. Parsing never fails: it returns the tags and the problems.
