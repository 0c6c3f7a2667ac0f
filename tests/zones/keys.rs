//! Fixed public keys, so that what is said of them stays the same. Nobody has their private halves.

/// Name → the text of `p=`.
pub const KEYS: &[(&str, &str)] = &[
    // The key that the domain is to publish.
    (
        "ours",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuu1ZfHfRi5neo+cX/Lh87P6nYkr077JoomblnzmdPDDDklumsiTcOmDD\
         d/Ht+A68WgrnuIPsREkAcdzuyNEmHTYff8lmDCgYffV5ia4U5Ng4osU98tdFHpq7KetF8CD45/8/20MD4+jgx2Q7rBAEOB+18T9j\
         KohHuLPxv5YlfeEhK53L8CyM7YvstBpY+SPsZ2CotrDroNC1yxrbcRVRz1hutMsMNHY1N7vBT7P1CI+oTqs2340IGev1pa5vmlLv\
         StfhhY/YKa/94/B5taaLgsys++iyo7OVZRoqnOJ247AnwSMYcC/5ZDlEiqw7sZVeZog4vhMsLWZHyhJb/Kwb/QIDAQAB",
    ),
    // The same, as bare PKCS#1 instead of SubjectPublicKeyInfo.
    (
        "pkcs1",
        "MIIBCgKCAQEAuu1ZfHfRi5neo+cX/Lh87P6nYkr077JoomblnzmdPDDDklumsiTcOmDDd/Ht+A68WgrnuIPsREkAcdzuyNEmHTYf\
         f8lmDCgYffV5ia4U5Ng4osU98tdFHpq7KetF8CD45/8/20MD4+jgx2Q7rBAEOB+18T9jKohHuLPxv5YlfeEhK53L8CyM7YvstBpY\
         +SPsZ2CotrDroNC1yxrbcRVRz1hutMsMNHY1N7vBT7P1CI+oTqs2340IGev1pa5vmlLvStfhhY/YKa/94/B5taaLgsys++iyo7OV\
         ZRoqnOJ247AnwSMYcC/5ZDlEiqw7sZVeZog4vhMsLWZHyhJb/Kwb/QIDAQAB",
    ),
    // A key of the domain before this one, where the world says so.
    (
        "older",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAjnAnqokjlhRXh1BRF9wdBznneR/IU/ulSwqfaLijUbVTfK7yBOk/m3QV\
         bjAFabkjlR1S20vZj75dvGYBVc3MRjVB+cymKxVjnClmCaQeOywO/fY9bJTNgTkJQotcFdWGe85dD22hGhoSRxcrEHe1aLOajfAC\
         HfGCtSb0ferDwtm/yCn1DfJueV2KizBBZev54T7J/GZOa4Dt7jHNuOtlo7kmM03Md5/z6YEvM8SxwsQLNzTIpqsqmyBDrItlM68c\
         UkA2UAd1zFdTE+goWrA618Aqo4NV/dEJS/UxtBl84EPtTIOhZAhVghuI9PJ45AjYLfnJV/dDRKUfc33qdgskiwIDAQAB",
    ),
    // Somebody else's.
    (
        "other",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxkMe1oBizr6GPWK9pQ1sMXoFiIexpPrvHvirZRjAVPYzy5//2bafMDHS\
         mGM3HUYMmoVD12gNT1Kovvwi8fcM71H88deX7g3a+qVbW/ZSAruFvOVPUxU8m9Z/lzrOncRl4JmPwz04SwALhbLvrEJa/2PjVLNZ\
         UMFDIHjgTxFqKqZznC2Ph/iNwMMYAmQ0W4e0L8P0PQlshoCACM2tOdhQcn1QBbjPsluw/el5PSdtFI3OpOUJwzmw1RxEDegCYKMn\
         utZxOw7KNT8GmFo7BsnVXk6EgJBb+dby3t2s9paZ4rOquWEVpfJqNu+7E9ddXK/kKBTS+SACCTCAR8dhpH/2HQIDAQAB",
    ),
    (
        "rsa1024",
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC9atzQJ7bSnjVHPB/DGAHQkfLMjvB2oUy66X+LUzKWol251aBaI+oDQ0kMbN2v\
         +SgWWpNNKdYPG7ZF/5NmlDjGRKmg7L/TymydpOFq+JNPpKnZRZaR3po3yqVW519vRH1M01HZ4OvY9sDLZ+LINxC0cH0QEUgTiQx/\
         EiWd/9/VDwIDAQAB",
    ),
    (
        "rsa512",
        "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJl+LYangpzxlPBiHlnMrgucC/uw+I+DRe6z/pA4160KCrtvLkwwNDBxSj4hOcnVybCV\
         gs6a85m8HiMrR8mOlv0CAwEAAQ==",
    ),
    ("ed25519", "7rhnzqkQzNHaiBTJAmCtTAX0y/Y3OZuGCPwVLwoIbsI="),
];
