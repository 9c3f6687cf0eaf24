"""A time stamp (RFC 3161): what is asked, and whether an answer holds. Pure but for the library that reads it.

Certificates that came with an answer, and the root that signed the last of them, are enough to check it offline; who is
to be trusted is another question, which that root answers: it is one of those that are given, or else the one that the
answer brings along or that browsers trust, to be compared with what the authority publishes.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from scraper.errors import RegisterWatchError
from scraper.limits import LARGEST_STAMP, MOST_CERTIFICATES
from scraper.text import cut, one_line
from scraper.times import as_text

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

NOT_INSTALLED = "time stamps need a library; it comes with: pip install 'registerwatch[witness]'"


class StampError(RegisterWatchError):
    """There is no time stamp, or none that holds."""


class NoLibraryError(StampError):
    """What reads time stamps is not installed: nothing can be said of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an authority is asked."""

    request: bytes
    """To be posted (TimeStampReq, DER)."""
    nonce: int
    """That stands in the answer, which therefore is none to an earlier question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedHash:
    """A time stamp that holds."""

    at: str
    """UTC, in full seconds."""
    signer: str
    response: bytes
    certificates: str
    """PEM, the signer's first, the one that has to be trusted last."""


def question_about(text: bytes) -> Question:
    """Return what is asked to have the SHA-256 of *text* stamped.

    Raises:
        NoLibraryError: The library is not installed.
    """
    library = _library()
    builder = library.TimestampRequestBuilder().data(text).hash_algorithm(library.HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    return Question(request=request.as_bytes(), nonce=request.nonce)


def read_stamp(response: bytes, hash_: str, trusted: Sequence[str] = (), nonce: int | None = None) -> StampedHash:
    """Return the time stamp that an answer is, if it holds.

    Args:
        response: TimeStampResp, DER.
        hash_: SHA-256 that it must be about, in hex.
        trusted: Certificates of authorities, PEM; without any, what the answer ends with is taken for one.
        nonce: What must stand in it, if it is the answer to a question.

    Raises:
        NoLibraryError: The library is not installed.
        StampError: It is none, is about something else, or its signature or certificates do not hold.
    """
    if len(response) > LARGEST_STAMP:
        raise StampError(f"an answer of {len(response):,} bytes is no time stamp")
    library = _library()
    answer = _guarded(lambda: library.decode_timestamp_response(response), "what it says is no time stamp")
    if answer.status != library.PKIStatus.GRANTED:
        said = cut(one_line(" ".join(_guarded(lambda: answer.status_string))), 200)
        raise StampError(f"it was refused{f': {said}' if said else ''}")
    stamp: StampedHash = _guarded(lambda: _checked(library, answer, response, hash_, trusted, nonce))
    return stamp


def _guarded(read: Callable[[], Any], words: str = "") -> Any:
    """Return what *read* returns; whatever a library makes of somebody else's bytes is a StampError, in *words*."""
    try:
        # A certificate that is odd is no matter for whoever looks at the terminal: it holds, or it does not.
        with warnings.catch_warnings(action="ignore"):
            return read()
    except (StampError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    # Of every sort: what is written in Rust raises what is derived from BaseException alone where it panics.
    except BaseException as error:
        raise StampError(words or cut(one_line(str(error) or type(error).__name__), 200)) from error


def _checked(
    library: Any, answer: Any, response: bytes, hash_: str, trusted: Sequence[str], nonce: int | None
) -> StampedHash:
    given = list(answer.signed_data.certificates)
    if len(given) > MOST_CERTIFICATES:
        raise StampError(f"{len(given)} certificates, more than {MOST_CERTIFICATES}")
    from cryptography import x509

    certificates = [x509.load_der_x509_certificate(one) for one in given]
    roots = [one for pem in trusted for one in x509.load_pem_x509_certificates(pem.encode())]
    chain = _chain(answer, certificates, roots)
    if roots and chain[-1] not in roots:
        raise StampError("it is signed by nobody of those that are trusted")
    builder = library.VerifierBuilder(roots=[chain[-1]], intermediates=[], nonce=nonce)
    builder.build().verify(answer, bytes.fromhex(hash_))
    at = answer.tst_info.gen_time
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return StampedHash(
        at=as_text(at.astimezone(UTC)),
        signer=_name_of(chain[0]),
        response=response,
        certificates="".join(_as_pem(one) for one in chain),
    )


def _chain(answer: Any, certificates: Sequence["Certificate"], roots: Sequence["Certificate"]) -> list["Certificate"]:
    """Return the signer's certificate, and those above it as far as they are at hand, up to one that is trusted."""
    signers = list(answer.signed_data.signer_infos)
    if len(signers) != 1:
        raise StampError(f"it has {len(signers)} signatures, and not one")
    (signer,) = signers
    own = [c for c in certificates if (c.issuer, c.serial_number) == (signer.issuer, signer.serial_number)]
    if not own:
        raise StampError("the certificate that it is signed by is not in it")
    chain = own[:1]
    # Many end with one that a root signed which everybody is meant to have.
    while chain[-1].issuer != chain[-1].subject and chain[-1] not in roots:
        above = _issuer_of(chain[-1], (*roots, *certificates)) or _issuer_of(chain[-1], _public_roots())
        if above is None or above in chain:
            break
        chain.append(above)
    if chain[-1].issuer != chain[-1].subject:
        missing = cut(one_line(chain[-1].issuer.rfc4514_string()), 120)
        raise StampError(f"its certificates end before a root: that of {missing} is missing; ca_file may have it")
    return chain


def _issuer_of(certificate: "Certificate", known: Iterable["Certificate"]) -> "Certificate | None":
    """Return the one of these certificates by which another one is signed."""
    from cryptography.exceptions import InvalidSignature

    for one in known:
        if one.subject == certificate.issuer:
            try:
                certificate.verify_directly_issued_by(one)
            except (ValueError, TypeError, InvalidSignature):
                continue
            return one
    return None


@cache
def _public_roots() -> "Sequence[Certificate]":
    import certifi
    from cryptography import x509

    found = []
    for piece in in_pieces(certifi.contents()):
        # One by one: some are older than the rules that a later version of the library will insist on.
        with suppress(ValueError):
            found.append(x509.load_pem_x509_certificate(piece.encode()))
    return found


def _name_of(certificate: "Certificate") -> str:
    """Return whose certificate it is: the common name, else the organisation, else all that it says."""
    from cryptography.x509.oid import NameOID

    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        if found := certificate.subject.get_attributes_for_oid(oid):
            return cut(one_line(str(found[0].value)), 200)
    return cut(one_line(certificate.subject.rfc4514_string()), 200) or "a signer without a name"


def _as_pem(certificate: "Certificate") -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def in_pieces(certificates: str) -> list[str]:
    r"""Return the certificates of a PEM, one by one.

    >>> len(in_pieces("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n" * 2))
    2
    """
    end = "-----END CERTIFICATE-----\n"
    return [f"{piece}{end}" for piece in certificates.split(end) if piece.strip()]


def _library() -> Any:
    # Where no time stamp is asked for it need not be there, and it takes a tenth of a second to load.
    try:
        import rfc3161_client
    except ImportError as error:
        raise NoLibraryError(NOT_INSTALLED) from error
    return rfc3161_client


def too_far(at: str, now: datetime, seconds: float) -> bool:
    """Say whether a stamp's time is further from *now* than clocks may differ.

    >>> too_far("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, 1, tzinfo=UTC), 300)
    False
    """
    return abs((datetime.fromisoformat(at) - now).total_seconds()) > seconds
