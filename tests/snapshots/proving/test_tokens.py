"""What an authority may answer: nothing of it is believed that does not hold, and nothing stops the program."""

import hashlib
import random

import pytest

from snapshots.proving.tokens import StampError, in_pieces, question_about, read_stamp
from tests.harness.stamp_authority import StampAuthority, make_authority

TEXT = b'{"number":7}'
HASH = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    with StampAuthority(make_authority(tmp_path_factory.mktemp("authority"))) as authority:
        return read_stamp(authority.stamp(question_about(TEXT).request), HASH)


def outcome(response, good):
    """Return what is read of an answer, checked by the certificate that was kept; None if it is refused."""
    try:
        stamp = read_stamp(response, HASH, in_pieces(good.certificates)[-1:])
    except StampError:
        return None
    return stamp.at, stamp.signer, stamp.certificates


def test_a_good_one_says_the_time_the_signer_and_the_certificates_that_lead_to_who_is_trusted(good):
    assert good.signer == "Harrow Time Stamping"
    assert len(in_pieces(good.certificates)) == 2
    assert outcome(good.response, good) == (good.at, good.signer, good.certificates)


@pytest.mark.parametrize("seed", range(4))
def test_a_turned_bit_makes_it_refused_or_changes_nothing_that_is_said(good, seed):
    chance, said = random.Random(seed), {None, outcome(good.response, good)}
    for _ in range(60):
        body = bytearray(good.response)
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        assert outcome(bytes(body), good) in said


@pytest.mark.parametrize("seed", range(2))
def test_noise_and_pieces_are_refused(good, seed):
    chance = random.Random(seed)
    for _ in range(60):
        cut = good.response[: chance.randrange(len(good.response))]
        assert outcome(cut, good) is None
        assert outcome(cut[:4] + chance.randbytes(chance.randrange(2_000)), good) is None


@pytest.mark.parametrize(
    "body", [b"", b"0", b"\x30\x80" * 20_000, b"\x30\x84\xff\xff\xff\xff", b"\x30" * 64_000, bytes(65_000)]
)
def test_monsters_are_refused(good, body):
    assert outcome(body, good) is None


def test_a_root_that_does_not_come_along_must_be_given(tmp_path):
    folder = make_authority(tmp_path / "authority")
    config = (folder / "ts.cnf").read_text().splitlines(keepends=True)
    (folder / "ts.cnf").write_text("".join(line for line in config if not line.startswith("certs")))
    root = (folder / "root.pem").read_text()
    with StampAuthority(folder) as authority:
        response = authority.stamp(question_about(TEXT).request)
    with pytest.raises(StampError, match="Harrow Time Stamping Root,O=Tests is missing"):
        read_stamp(response, HASH)
    stamp = read_stamp(response, HASH, [root])

    assert len(in_pieces(stamp.certificates)) == 2
    assert read_stamp(response, HASH, in_pieces(stamp.certificates)[-1:]) == stamp


def test_another_question_is_not_answered_by_it(good):
    with pytest.raises(StampError, match="Nonce"):
        read_stamp(good.response, HASH, nonce=question_about(TEXT).nonce)


def test_another_text_is_not_stamped_by_it(good):
    with pytest.raises(StampError):
        read_stamp(good.response, hashlib.sha256(b"another").hexdigest())
