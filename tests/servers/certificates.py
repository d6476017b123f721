"""A certificate authority and the certificates that the tests' servers show: good, expired, for another host."""

import datetime as dt
import functools
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificates:
    """PEM texts."""

    authority: bytes
    key: bytes
    good: bytes
    """For localhost and 127.0.0.1."""
    expired: bytes
    wrong_host: bytes


@functools.cache
def certificates() -> Certificates:
    """Made once per process; nothing of it is secret."""
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])

    def certificate(subject: x509.Name, host: str, start: dt.datetime, end: dt.datetime) -> bytes:
        is_authority = subject == issuer
        key = authority_key if is_authority else server_key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if host:
            names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))][
                : 2 if host == "localhost" else 1
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test server")])
    return Certificates(
        authority=certificate(issuer, "", now - day, now + 30 * day),
        key=server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        good=certificate(server, "localhost", now - day, now + 30 * day),
        expired=certificate(server, "localhost", now - 30 * day, now - day),
        wrong_host=certificate(server, "mail.elsewhere.example", now - day, now + 30 * day),
    )
