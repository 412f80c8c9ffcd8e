"""Signatures of the venue's API: RSA-PSS or Ed25519, by the type of the parsed key.

Signed are the bytes ``timestamp in ms + METHOD + path``; the path counts from the root
(``/trade-api/...``), without host and query. Source: authentication page of October 2026. The
headline of a PEM does not tell the type of its key, so the parsed key decides.

**Invariant:** no key material is in a message, a ``repr`` or a pickle. The only file of the room
that knows cryptography.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Final, final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from typing_extensions import override

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import Secret

KEY_HEADER: Final = "KALSHI-ACCESS-KEY"
TIMESTAMP_HEADER: Final = "KALSHI-ACCESS-TIMESTAMP"
SIGNATURE_HEADER: Final = "KALSHI-ACCESS-SIGNATURE"
WS_PATH: Final = "/trade-api/ws/v2"
"""What is signed to open the WebSocket, with the method GET."""

RSA_BITS_MIN: Final = 2048

PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey = ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_PSS: Final = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
_FOREIGN: Final = (
    ("PUBLIC KEY", "is a public key; give the private key that was shown once when it was made"),
    ("CERTIFICATE", "is a certificate; give the private key of the API key"),
    ("OPENSSH", "is in OpenSSH's own form; convert it with: ssh-keygen -p -m PKCS8 -f FILE"),
)


@final
class Signer:
    """Signs requests with one account's key. Prints the beginning of the key id and no more."""

    __slots__ = ("_key", "_key_id")

    def __init__(self, key_id: str, key: PrivateKey) -> None:
        self._key_id = key_id
        self._key = key

    @classmethod
    def from_pem(cls, key_id: str, pem: Secret, passphrase: Secret | None = None) -> "Signer":
        """The signer of a private key in PEM form. Raises OperatorError with the remedy."""
        if not (key_id.isascii() and key_id.isprintable() and key_id.strip()):
            raise OperatorError("the key id is empty or odd; write it as the venue shows it")
        return cls(key_id.strip(), _checked(_loaded(pem.reveal(), passphrase)))

    def sign(self, timestamp_ms: int, method: str, path: str) -> dict[str, str]:
        """The headers of a request made at ``timestamp_ms`` (wall time); a query is left out."""
        signature = _signature(self._key, _signed_bytes(str(timestamp_ms), method, path))
        return {
            KEY_HEADER: self._key_id,
            TIMESTAMP_HEADER: str(timestamp_ms),
            SIGNATURE_HEADER: b64encode(signature).decode(),
        }

    @property
    def public_key(self) -> PublicKey:
        """The half that may be shown."""
        return self._key.public_key()

    @override
    def __repr__(self) -> str:
        return f"<Signer {self._key_id[:8]}...>"

    @override
    def __reduce__(self) -> str:
        raise TypeError("a signer is not pickled")


def verify(public_key: PublicKey, timestamp: str, method: str, path: str, signature: str) -> bool:
    """Whether ``signature`` (base64) was made over these by the key's private half."""
    message = _signed_bytes(timestamp, method, path)
    try:
        raw = b64decode(signature, validate=True)
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(raw, message, _PSS, SHA256())
        else:
            public_key.verify(raw, message)
    except (InvalidSignature, Base64Error, ValueError):
        return False
    return True


def _signed_bytes(timestamp: str, method: str, path: str) -> bytes:
    return f"{timestamp}{method.upper()}{path.partition('?')[0]}".encode()


def _signature(key: PrivateKey, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, _PSS, SHA256())
    return key.sign(message)


def _loaded(pem: str, passphrase: Secret | None) -> PrivateKeyTypes:
    """The parsed key. What the library says is not passed on: it may quote what it read."""
    for mark, text in _FOREIGN:
        if f"{mark}-----" in pem or f"BEGIN {mark}" in pem:
            raise OperatorError(f"the private key {text}")
    password = None if passphrase is None else passphrase.reveal().encode()
    try:
        return load_pem_private_key(pem.encode(), password)
    except TypeError:
        raise OperatorError(_about_passphrase(passphrase)) from None
    except (ValueError, UnsupportedAlgorithm):
        raise OperatorError(_about_text(pem, passphrase)) from None


def _about_passphrase(passphrase: Secret | None) -> str:
    if passphrase is not None:
        return "a passphrase was given, but the private key is not encrypted; leave it out"
    return (
        "the private key is encrypted; decrypt it with: openssl pkey -in FILE -out NEWFILE, "
        "and keep the new file readable by you alone"
    )


def _about_text(pem: str, passphrase: Secret | None) -> str:
    if passphrase is not None:
        return "the private key does not open with this passphrase; check both"
    if "-----BEGIN" not in pem:
        return "the private key is not PEM; it begins with -----BEGIN PRIVATE KEY-----"
    return "the private key is damaged or cut off; save it again from where the venue showed it"


def _checked(key: PrivateKeyTypes) -> PrivateKey:
    """``key`` if the venue takes its kind. Raises OperatorError."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if not isinstance(key, rsa.RSAPrivateKey):
        kind = type(key).__name__.removesuffix("PrivateKey")
        raise OperatorError(
            f"the private key is of kind {kind}, which the venue does not take; "
            "make an Ed25519 or RSA key in the venue's settings"
        )
    if key.key_size < RSA_BITS_MIN:
        raise OperatorError(
            f"the RSA key has {key.key_size} bits; make one with at least {RSA_BITS_MIN}"
        )
    return key
