"""Processor time a domain of checkdmarc and of dnspython: `others.py ADDRESS PORT COUNT`, prints a line each in
microseconds. The domains are those of the benchmark's zone data."""

import sys
import time

import dns.resolver
from checkdmarc.dmarc import check_dmarc
from checkdmarc.spf import check_spf

address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = [address]
resolver.port = port
resolver.lifetime = 4


def with_dnspython(domain):
    for name, kind in [(domain, "TXT"), (domain, "MX"), (f"s1._domainkey.{domain}", "TXT"), (f"_dmarc.{domain}", "TXT")]:
        resolver.resolve(name, kind)


def with_checkdmarc(domain):
    check_spf(domain, resolver=resolver, timeout=4.0)
    check_dmarc(domain, resolver=resolver, timeout=4.0)


def processor_time(check, first):
    domains = [f"d{number:07}.com" for number in range(first, first + count) if number % 100 != 99]
    check(domains[0])
    began = time.process_time()
    for domain in domains:
        check(domain)
    return (time.process_time() - began) / len(domains) * 1e6


print("checkdmarc", processor_time(with_checkdmarc, 0))
print("dnspython", processor_time(with_dnspython, count))
