//! The RFC 9989 section 4.10 tree walk over gathered data.
