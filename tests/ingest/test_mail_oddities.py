"""Mails built at random out of what goes wrong in headers and MIME; random bytes would find none of it."""

import json

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ingest.readers import archives, mail, outlook
from ingest.readers.base import Context, Read, ReaderSettings
from models.message import Channel, Message, Original
from models.serial import message_from_json, message_to_json

CHARSETS = st.sampled_from([
    "utf-8", "us-ascii", "iso-8859-1", '"Cp1252"', "x-unknown", "utf-7", "utf-16", "gb2312", "iso-2022-jp", "hz",
    "ks_c_5601-1987", "punycode", "idna", "rot13", "base64", "undefined", "utf-8*de", "", "ä",
])  # fmt: skip
WORDS = st.sampled_from([
    "Zähler", "kaputt", "a@b.de", "<", ">", "<<x@y.de>>", '"', "(", ")", ",", ";", ":", "@", "=?", "?=", "=?utf-8?Q?",
    "=?utf-8?B?", "=C3", "=A4", "\x00", "\x1b$B", "-!", "\x1b(B", "\r", "[", "]", "\\", "''", "%E4", "*0*=", "=",
    "boundary=x", "+2AA-", "undisclosed-recipients:;", "1", "Jan", "2026", "99:99", "+9999", "\ud7ff", "\u202e", "/../",
])  # fmt: skip
SOUP = st.lists(WORDS, max_size=8).map(" ".join) | st.lists(WORDS, max_size=8).map("".join)
ENCODED = st.builds("=?{}?{}?{}?=".format, CHARSETS, st.sampled_from("bBqQxX"), SOUP)
VALUE = SOUP | ENCODED | st.lists(ENCODED, min_size=2, max_size=4).map("\r\n ".join)
TYPES = st.sampled_from([
    "text/plain", "text/html", "multipart/mixed", "multipart/alternative", "multipart/related", "multipart/digest",
    "multipart/signed", "multipart/report", "multipart/encrypted", "message/rfc822", "message/delivery-status",
    "application/octet-stream", "application/ms-tnef", "application/pkcs7-mime", "application/zip", "text/calendar",
    "text/vcard", "image/png", "text", "/", "", "application/vnd.ms-outlook", "text/csv", "application/rtf",
])  # fmt: skip
CONTENT_TYPE = st.builds(
    "Content-Type: {}{}{}{}".format,
    TYPES,
    st.sampled_from(["; boundary=x", '; boundary="y"', " boundary=x", "", ";", "; boundary="]),
    st.builds("; charset={}".format, CHARSETS),
    st.sampled_from(["", "; name=", "; name*0*=utf-8''%E4; name*2=b", "; format=flowed; delsp=yes", "; start=<a>"]),
)
FIELD = st.one_of(
    st.builds(
        "{}: {}".format,
        st.sampled_from(
            [
                "From",
                "from ",
                "To",
                "Cc",
                "Reply-To",
                "Sender",
                "Return-Path",
                "Subject",
                "Date",
                "Message-ID",
                "References",
                "In-Reply-To",
                "Content-Disposition",
                "Content-ID",
                "Received",
                "Auto-Submitted",
            ]
        ),
        VALUE,
    ),
    CONTENT_TYPE,
    CONTENT_TYPE,
    st.builds("Content-Transfer-Encoding: {}".format, st.sampled_from(["base64", "quoted-printable", "x-uue", "8bit"])),
    st.builds("Content-Disposition: {}; filename={}".format, st.sampled_from(["attachment", "inline", ""]), VALUE),
    SOUP,
    st.sampled_from(["From x Tue Mar 10", " ", ""]),
)
BLOCK = st.lists(FIELD, max_size=7).map("\r\n".join)
PAYLOAD = st.sampled_from([
    "Guten Tag,\r\n> alt\r\n-- \r\nMax", "<p>Hallo<img src='cid:a'>", "SGFsbG8=",
    "begin 644 x\r\n#0V%T\r\n`\r\nend\r\n",
    "Z=C3=A4hler=\r\n", "BEGIN:VCARD\r\nFN:X\r\nEND:VCARD", "{\\rtf1 a\\u228?b}", "PK\x03\x04", "x\x9f>\"", "",
    "-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nx\r\n-----BEGIN PGP SIGNATURE-----",
    "0\x80\x06\t*\x86H\x86\xf7\r\x01\x07\x02\xa0\x80",
])  # fmt: skip
ENTITY = st.recursive(
    st.builds("{}\r\n\r\n{}".format, BLOCK, PAYLOAD),
    lambda inner: st.builds(
        "{}\r\n\r\n{}".format,
        BLOCK,
        st.lists(st.builds("--{}\r\n{}\r\n".format, st.sampled_from(["x", "y", "x--", "xy"]), inner), max_size=3).map(
            "".join
        ),
    ),
    max_leaves=5,
)


READERS: dict[str, Read] = {
    "message/rfc822": mail.read,
    "application/zip": archives.read,
    "application/vnd.ms-outlook": outlook.read,
}


def nested(content: bytes, name: str, claimed: str) -> Message | None:
    """As the caller bounds it: what lies inside is read, but nothing in there."""
    flat = Context(ReaderSettings(), lambda _content, _name, _claimed: None)
    read_nested = READERS.get(claimed)
    return read_nested(content, Original("", Channel.email, name), flat) if read_nested else None


CONTEXT = Context(ReaderSettings(), nested)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=ENTITY, charset=st.sampled_from(["utf-8", "cp1252"]), line_end=st.sampled_from(["\r\n", "\n", "\r", "\r\r\n"])
)
def test_no_odd_mail_raises_or_gives_what_cannot_be_stored(text: str, charset: str, line_end: str) -> None:
    content = text.replace("\r\n", line_end).encode(charset, "replace")
    assume(content.strip())
    message = mail.read(content, Original("0" * 64, Channel.email), CONTEXT)
    stored = json.dumps(message_to_json(message), ensure_ascii=False).encode("utf-8")
    assert message_from_json(json.loads(stored)) == message
    if message.full_text:
        assert message.text.strip()
