"""The layers of the mail reader one by one: what no whole mail shows well."""

import base64
import hashlib
import time

import pytest

from ingest.readers import mail
from ingest.readers.addresses import parse_addresses
from ingest.readers.attachments import File, describe, picture_size, safe_name
from ingest.readers.base import Context, ReaderSettings
from ingest.readers.charsets import codec, decode
from ingest.readers.headers import parse_headers
from ingest.readers.parts import parse
from models.config import Utility
from models.errors import ItemError
from models.message import Address, Channel, Message, Original

ORIGINAL = Original("0" * 64, Channel.email)


def nothing(content: bytes, name: str, claimed: str) -> Message | None:
    return None


CONTEXT = Context(ReaderSettings(), nothing)


def read(content: bytes, context: Context = CONTEXT) -> Message:
    return mail.read(content, ORIGINAL, context)


@pytest.mark.parametrize("content", [b"", b" \r\n\r\n", b"\n"])
def test_an_empty_mail_is_the_only_one_refused(content: bytes) -> None:
    with pytest.raises(ItemError) as caught:
        read(content)
    assert caught.value.reason == "empty"


@pytest.mark.parametrize(
    "label", ["idna", "punycode", "unicode_escape", "undefined", "rot13", "base64", "zlib", "", "\x00", "ä" * 100]
)
def test_codecs_that_are_no_character_sets_are_refused(label: str) -> None:
    assert codec(label) == ""
    assert decode("Zähler".encode(), label).text == "Zähler"


def test_half_a_surrogate_pair_never_comes_out() -> None:
    assert decode(b"a+2AA-b", "utf-7").text.encode("utf-8")


def test_headers_answer_in_any_case_and_without_raising() -> None:
    headers = parse_headers(
        b"From: =?utf-8?Q?J=C3=B6rg?= <j@example.de>\r\nReceived: eins\r\nreceived: zwei\r\nReturn-Path: <>\r\n"
        b"Content-Type: multipart/report; report-type=Delivery-Status\r\n"
    )
    assert headers.get("FROM") == "Jörg <j@example.de>"
    assert headers.address("from") == Address("Jörg", "j@example.de")
    assert headers.all("Received") == ["eins", "zwei"]
    assert (headers.get("Return-Path"), headers.address("Return-Path"), headers.get("X-None")) == ("<>", None, "")
    assert (headers.content_type, headers.report_type) == ("multipart/report", "delivery-status")


def test_names_and_addresses_of_a_long_list() -> None:
    assert parse_addresses('"A, B" <a@x.de>, c@x.de (C); Muster, Max <m@x.de>, u@[192.0.2.1]') == (
        Address("A, B", "a@x.de"),
        Address("C", "c@x.de"),
        Address("Muster, Max", "m@x.de"),
        Address("", "u@[192.0.2.1]"),
    )


@pytest.mark.parametrize(
    ("claimed", "safe"),
    [
        ("", ""),
        ("   ", ""),
        ("...", "attachment"),
        (".htaccess", "_.htaccess"),
        ("-rf", "_-rf"),
        ("CON", "_CON"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("a\x00b\n.pdf", "a_b_.pdf"),
        ("/etc/passwd", "passwd"),
        ("a/../../b.txt", "b.txt"),
        ("C:\\Users\\x\\Scan 1.pdf", "Scan 1.pdf"),
        ("Zähler 1/2.pdf", "Zähler 1_2.pdf"),
        ("Zähler.pdf", "Zähler.pdf"),
        ("ende. ", "ende"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("\ud800.pdf", "_.pdf"),
    ],
)
def test_file_names_are_safe(claimed: str, safe: str) -> None:
    assert safe_name(claimed) == safe
    assert len(safe_name(claimed).encode()) <= 255


def test_two_long_names_stay_apart_and_short() -> None:
    files = [File("ä" * 300 + ".pdf", "application/pdf", b"1"), File("ä" * 300 + ".pdf", "application/pdf", b"2")]
    first, second = (attachment.filename for _, attachment in describe(files, frozenset()))
    assert first != second
    assert second.endswith(" (2).pdf")
    assert len(second.encode()) <= 255


def test_sizes_of_pictures_are_read_from_their_headers() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04xx\xff\xc0\x00\x11\x08\x00\x20\x00\x40" + b"\x00" * 20
    assert picture_size(jpeg) == (64, 32)
    assert picture_size(b"GIF89a\x01\x00\x02\x00") == (1, 2)
    assert picture_size(b"\x89PNG") == (0, 0)


def test_attached_bytes_are_exact_and_found_again() -> None:
    inner = b"From: a@x.de\nSubject: eins\n zwei\n\nText  \n\tmit Blanks  \n"
    content = (
        b"From: b@x.de\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n"
        + inner
        + b"\r\n--x--\r\n"
    )
    ((file, attachment),) = mail.files_of(content)
    assert file.content == inner
    assert attachment.sha256 == hashlib.sha256(inner).hexdigest() == read(content).attachments[0].sha256


def test_what_cannot_be_read_stays_attached_with_a_warning() -> None:
    def refuse(content: bytes, name: str, claimed: str) -> Message | None:
        raise ItemError("damaged", "The PDF has no pages.")

    content = (
        b"From: a@x.de\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHallo\n--x\n"
        b"Content-Disposition: attachment; filename=a.pdf\n\n%PDF-1.7 kaputt\n--x--\n"
    )
    message = read(content, Context(ReaderSettings(), refuse))
    assert [(file.filename, file.media_type) for file in message.attachments] == [("a.pdf", "application/pdf")]
    assert message.warnings == ("The attachment a.pdf could not be read: The PDF has no pages.",)


def test_text_of_a_nested_document_becomes_the_text_of_the_attachment() -> None:
    def nested(content: bytes, name: str, claimed: str) -> Message:
        assert (content, name, claimed) == (b"%PDF-1.7 x", "a.pdf", "application/pdf")
        return Message("", Channel.letter, claimed, full_text="Seite eins", warnings=("Page 2 is blank.",))

    content = b"From: a@x.de\nContent-Type: application/octet-stream; name=a.pdf\n\n%PDF-1.7 x"
    message = read(content, Context(ReaderSettings(), nested))
    assert message.attachments[0].text == "Seite eins"
    assert message.warnings == ("Attachment a.pdf: Page 2 is blank.",)


def test_our_own_domain_is_known_as_ours() -> None:
    settings = ReaderSettings(utility=Utility(mail_addresses=("@sw.example", "info@other.example")))
    message = read(b"From: a@x.de\nSubject: x\n\nHallo", Context(settings, nothing))
    assert message.text == "Hallo"
    own = mail._own(settings.utility.mail_addresses)
    assert [own(address) for address in ("Service@SW.example", "<info@other.example>", "x@other.example", "")] == [
        True,
        True,
        False,
        False,
    ]


def test_parts_nest_without_end_and_are_cut_off() -> None:
    deep = b"From: a@x.de\nContent-Type: multipart/mixed; boundary=b0\n\n" + b"".join(
        b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (level, level + 1) for level in range(500)
    )
    assert any("nested too deeply" in warning for warning in read(deep).warnings)
    wide = b"From: a@x.de\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 5000
    warnings: list[str] = []
    root = parse(wide, warnings.append)
    assert len(root.children) <= 2000
    assert any("too many" in warning for warning in warnings)


HEAD = b"From: a@x.de\nSubject: x\n"
SIGNED = bytes.fromhex("3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080 2480")
BER = {
    "nested elements": b"\x30\x80" * 200_000,
    "nested empty elements": b"\x30\x80\x00\x00" * 100_000,
    "pieces": b"\x24\x80\x04\x00\x00\x00" * 70_000,
    "empty elements": b"\x24\x00" * 200_000,
}
SLOW = {
    "no blank line": b"From: a@x.de\n" + b"x" * 3_000_000,
    "whole fields only": b"From: a@x.de\n" + b"x:\n" * 3 + b"x" * 3_000_000 + b"\n",
    "one long line": HEAD + b"\n" + b"x" * 3_000_000,
    "encoded words": b"From: a@x.de\nSubject: " + b"=?utf-8?Q?a?=\n " * 10_000 + b"\n\nx",
    "open words": b"From: a@x.de\nSubject: " + b"=?utf-8?Q?a" * 10_000 + b"\n\nx",
    "brackets": b"From: " + b"(" * 20_000 + b"[" * 20_000 + b"<" * 20_000 + b'"' * 20_001 + b"\n\nx",
    "recipients": HEAD + b"To: " + b"a@x.de, " * 7_000 + b"\n\nx",
    "folds": b"From: a@x.de\nSubject: " + b"x\n " * 50_000 + b"\n\nx",
    "fields": b"From: a@x.de\n" + b"X-A: b\n" * 50_000 + b"\nx",
    "lines": HEAD + b"\n" + b"> noch eine Zeile\n" * 100_000,
    "flowed": HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b"abc \n" * 100_000,
    "soft breaks": HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=   " * 200_000,
    "uuencode": HEAD + b"\n" + b"begin 644 x\nM" * 10_000,
    "armour": HEAD + b"\n" + b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n" * 20_000,
    "boundary lines among headers": b"From: a@x.de\n" + b"Content-Type: a/b; boundary=x\n--y: z\n" * 20_000 + b"\nx",
    "returned": HEAD
    + b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
    + b"References: <a@x.de> <b\n" * 30_000,
    **{
        f"signed data of {name}": HEAD
        + b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(SIGNED + elements)
        for name, elements in BER.items()
    },
    "boundaries": HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b x\n" * 100_000,
}


@pytest.mark.parametrize("name", SLOW)
def test_no_mail_takes_longer_than_two_seconds(name: str) -> None:
    started = time.process_time()
    read(SLOW[name])
    assert time.process_time() - started < 2
