//! Sample keys in base64, made with OpenSSL for these tests alone.

/// The key that the tests sign with.
pub const RSA_2048: &str = "\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyj4EgB6DC0pjxcv2DMVEwhc9kMGv9tqYdYDFVpt5YKcnaXambFg8vwpeDijumBIek1\
    1T9mNuWlDKM+pyyK8NtcBqRDyrHyk64/xYhRgsejYw1GiBZU8qjTdro7Blw+PAWxVTtNoT1ZnywFat3VvNpLaxtxk0UQvD6PM2/ppXLeNip6YO\
    jucztqGTwl58QPRSuDhLU2phwDw17iDr5hNafirpJBoLLkdg9NBwGraiQV7uRJ1xq2MvpeS4h4uTRgP02rPBlZ28HYmyVpGCGSX6R879KuFjTK\
    AeCOd+8jCcrzUexMiPiBB2ZWtuEri1ZAYUdH1OLIzrarommG9cbgQu9QIDAQAB";

pub const RSA_2048_OTHER: &str = "\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4SXIBBqHhxY7y8Dt4/dHzhLJwuTHVKx1qrrODMaA//GehP8m9FzNfI0oezUSCIHzyC\
    yd4O2de7PmkN2QExGUpj0onXzBXvpbKkYODJ6efusfQdfpplfY2Rfx9+WcwRJ+ogza4bzZvZVmll+BRjEQmUxZrj9N1Uwi8lv9TnzxESP0qznB\
    myPXW8HTvpHJcqVrYkrnYnSz8vYMqHCCW24feAL0hTIl38S5IACD0plG4CqHUc+f8ssAmIyxFQZOHCTz6YFCinhL2mTtWev/WezJqBXNLNBMpk\
    Sp0noDvouJ98JlMvKh0xmz3NHldjgEgORORqzIazjtXLPR5DxFCyTI+wIDAQAB";

pub const RSA_1024: &str = "\
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCt3Mrl+t+dadPvK0uItMJloyDYds91EYcZo7Rw9CQ0XhM7G6AlmHzbotrXuv1tiDFXv0HTzc\
    FtTgre3j4WVtS/FISvdYpvmxx8f0JlwZ/y+iAXssPeAX46mYkmaQQxRB0aegwbfoOE/fMmzkjw/kze69h4WJ/TE9qzBV4Ahvs6wwIDAQAB";

pub const RSA_512: &str = "\
    MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJ8RhZzoJ1pkSYsgSMXOpOszPTcUqo58sAnrOQhw9XUuKrVr6Fxwy7u+O6w+8qrxnjQva1f26G85+3\
    dUwciFZbUCAwEAAQ==";

/// The 32 bytes of an Ed25519 key.
pub const ED25519: &str = "\
    RDvQV7cktSW5MJymC0pz4lUWptGh5nTHEuK9V41qyhs=";

/// The same key in SubjectPublicKeyInfo.
pub const ED25519_INFO: &str = "\
    MCowBQYDK2VwAyEARDvQV7cktSW5MJymC0pz4lUWptGh5nTHEuK9V41qyhs=";

pub const EC: &str = "\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmFdOK7UpVZl0dDVQRxbAFgwWB2wut/7WPaLAIB1U8x38PIUegdLtnUQatBuygW817ZHT60AMa1\
    tZ4InZI9W+HQ==";

pub const RSA_PSS: &str = "\
    MIGdMAsGCSqGSIb3DQEBCgOBjQAwgYkCgYEAubiIdNrUD8JWn9NY9m5goZRgT9xN+Jmitrgg4/oy1uy5Z5ILDzYo2AcH3H6hOjJfePaEiqPc+w\
    TZ0iC6Zk+2105Y2aDYcanaBLRrwIypG1zPZO3wQyoSSAzko3rLI1mr/aGPFMCGRlVyqpwGy78NZ4IIsYLqiExuvV0rrHAdKo0CAwEAAQ==";

/// The beginning of a PKCS#8 private key; the rest is left out of the tree.
pub const PRIVATE_PKCS8: &str = "\
    MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAK3cyuX6351p0+8rS4i0wmWjINh2z3URhxmjtHD0JDReEzsboCWYfNui2te6/W\
    2IMVe/QdPNwW1OCt7ePhZW1L8UhK91im+bHHx/QmXBn/L6IBey";

/// The beginning of a PKCS#1 private key.
pub const PRIVATE_PKCS1: &str = "\
    MIICXAIBAAKBgQCt3Mrl+t+dadPvK0uItMJloyDYds91EYcZo7Rw9CQ0XhM7G6AlmHzbotrXuv1tiDFXv0HTzcFtTgre3j4WVtS/FISvdYpvmx\
    x8f0JlwZ/y+iAXssPeAX46mYkmaQQxRB0aegwbfoOE/fMmzkjw";

pub const PRIVATE_EC: &str = "\
    MHcCAQEEIAcwCbC5fJOa01fSXbOhZ383pS/ObKB8Nex5se2tujrmoAoGCCqG";

pub const PRIVATE_ENCRYPTED: &str = "\
    MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjF0a0wm1gzIgICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMQTQiILc/\
    NZpmv+gD0p";

/// The beginning of the private half of `RSA_2048`.
pub const PRIVATE_OURS: &str = "\
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDKPgSAHoMLSmPFy/YMxUTCFz2Qwa/22ph1gMVWm3lgpydpdqZsWDy/Cl4OKO\
    6YEh6TXVP2Y25aUMoz6nLIrw21wGpEPKsfKTrj/FiFGCx6NjDUaIFlTyqNN2ujsGXD48BbFVO02hPVmfLAVq3dW82k";

pub const CERTIFICATE: &str = "\
    MIIBLDCB36ADAgECAhR4Z0QNyWdwFvC/swE6dMaLQQFBXDAFBgMrZXAwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjUwMzU1NDZaFw0yNjEyMjUwMz\
    U1NDZaMAwxCjAIBgNVBAMMAWEwKjAFBgMrZXADIQBEO9BXtyS1JbkwnKYLSnPiVRam0aHmdMcS4r1XjWrKG6NTMFEwHQYDVR0OBBYEFDGgst79\
    AORLQNBUYULLjaukfA+oMB8GA1UdIwQYMBaAFDGgst79AORLQNBUYULLjaukfA+oMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAB5PXzExz7I\
    6l8ZO1zbHWMVKlTLdj+Qj3CbI1iek8BzpwZHzMrPvvnzapp+avR6eiX5mNPYfFLpDo2Gb1i5otBw==";
