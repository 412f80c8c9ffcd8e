"""Keys of both kinds sign what the venue checks; every other key is refused with its remedy."""

import pickle
from base64 import b64decode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.venues.kalshi.signing import (
    KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    WS_PATH,
    Signer,
    verify,
)

KEY_ID = "0123abcd-0000-4000-8000-000000000000"
STAMP = 1_795_280_600_123
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()


def pem(key, form=PrivateFormat.PKCS8, encryption=None):
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()


def public_pem(key):
    form = PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(Encoding.PEM, form).decode()


def headers(text, method="get", path="/trade-api/v2/portfolio/balance?subaccount=1"):
    return Signer.from_pem(KEY_ID, Secret(text)).sign(STAMP, method, path)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_rsa_key_signs_with_pss_over_stamp_method_and_path_without_query(form):
    signed = headers(pem(RSA, form))
    assert signed[KEY_HEADER] == KEY_ID
    assert signed[TIMESTAMP_HEADER] == str(STAMP)
    message = f"{STAMP}GET/trade-api/v2/portfolio/balance".encode()
    pss = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
    RSA.public_key().verify(b64decode(signed[SIGNATURE_HEADER]), message, pss, SHA256())


def test_an_ed25519_key_is_known_by_its_parsed_type():
    signed = headers(pem(ED25519))
    message = f"{STAMP}GET/trade-api/v2/portfolio/balance".encode()
    ED25519.public_key().verify(b64decode(signed[SIGNATURE_HEADER]), message)
    with pytest.raises(InvalidSignature):
        ED25519.public_key().verify(b64decode(signed[SIGNATURE_HEADER]), message + b"?")


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_verify_accepts_what_sign_made_and_nothing_else(key):
    signer = Signer(KEY_ID, key)
    signature = signer.sign(STAMP, "GET", WS_PATH)[SIGNATURE_HEADER]

    def holds(stamp=str(STAMP), method="GET", path=WS_PATH, made=signature):
        return verify(signer.public_key, stamp, method, path, made)

    assert holds()
    assert holds(method="get")
    assert holds(path=WS_PATH + "?a=1")
    assert not holds(stamp=str(STAMP + 1))
    assert not holds(method="POST")
    assert not holds(path="/")
    for wrong in ("", "not base64!", "AAAA", signature[:-4], "é"):
        assert not holds(made=wrong)


def test_the_right_passphrase_opens_an_encrypted_key():
    text = Secret(pem(RSA, encryption=BestAvailableEncryption(b"open sesame")))
    signer = Signer.from_pem(KEY_ID, text, Secret("open sesame"))
    assert signer.sign(STAMP, "GET", "/")[KEY_HEADER] == KEY_ID


REFUSED = {
    "encrypted": (pem(RSA, encryption=BestAvailableEncryption(b"pw")), "is encrypted; decrypt it"),
    "encrypted_old_form": (
        pem(RSA, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"pw")),
        "is encrypted; decrypt it",
    ),
    "public": (public_pem(RSA), "is a public key; give the private key"),
    "public_ed25519": (public_pem(ED25519), "is a public key; give the private key"),
    "certificate": ("-----BEGIN CERTIFICATE-----\nMII\n", "is a certificate"),
    "openssh": (pem(ED25519, PrivateFormat.OpenSSH), "ssh-keygen -p -m PKCS8"),
    "empty": ("", "is not PEM"),
    "not_pem": ("hunter2", "is not PEM"),
    "cut": (pem(RSA)[:200], "is damaged or cut off"),
    "damaged": (pem(RSA).replace("MII", "!!!"), "is damaged or cut off"),
    "small_rsa": (
        pem(rsa.generate_private_key(public_exponent=65_537, key_size=1024)),
        "has 1024 bits; make one with at least 2048",
    ),
    "p256": (pem(ec.generate_private_key(ec.SECP256R1())), "which the venue does not take"),
    "ed448": (pem(ed448.Ed448PrivateKey.generate()), "which the venue does not take"),
    "dsa": (pem(dsa.generate_private_key(1024)), "which the venue does not take"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_key_is_refused_with_its_remedy_and_without_its_text(name):
    text, remedy = REFUSED[name]
    with pytest.raises(OperatorError) as caught:
        Signer.from_pem(KEY_ID, Secret(text))
    assert remedy in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert all(line not in str(caught.value) for line in text.splitlines() if line)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        (pem(RSA), "not encrypted; leave it out"),
        (pem(RSA, encryption=BestAvailableEncryption(b"pw")), "does not open with this passphrase"),
    ],
    ids=["needless", "wrong"],
)
def test_a_passphrase_that_does_not_fit_is_told(text, remedy):
    with pytest.raises(OperatorError, match=remedy) as caught:
        Signer.from_pem(KEY_ID, Secret(text), Secret("letmein"))
    assert "letmein" not in str(caught.value)


@pytest.mark.parametrize("key_id", ["", "  ", "a\nb", "é"])
def test_a_key_id_that_cannot_be_one_is_refused(key_id):
    with pytest.raises(OperatorError, match="key id"):
        Signer.from_pem(key_id, Secret(pem(ED25519)))


def test_a_signer_shows_the_beginning_of_its_id_and_is_not_pickled():
    signer = Signer(KEY_ID, ED25519)
    assert repr(signer) == "<Signer 0123abcd...>"
    assert KEY_ID not in f"{signer} {signer!r}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(signer)
