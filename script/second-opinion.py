"""What checkdmarc says of one domain: `second-opinion.py ADDRESS PORT DOMAIN` prints two words, for SPF and DMARC."""

import sys

import dns.resolver
from checkdmarc.dmarc import check_dmarc
from checkdmarc.spf import check_spf

address, port, domain = sys.argv[1:]
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = [address]
resolver.port = int(port)
resolver.lifetime = 4


def word(check):
    try:
        return "valid" if check(domain, resolver=resolver, timeout=4.0)["valid"] else "invalid"
    except Exception as error:
        return type(error).__name__


print(word(check_spf), word(check_dmarc))
