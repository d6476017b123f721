"""Outlook's own files, built here byte by byte: no real one can be shown without its owner's mail."""

import datetime as dt
import struct
from dataclasses import dataclass, field

import pytest

from ingest.readers import outlook, tnef
from ingest.readers.base import Context, ReaderSettings
from models.errors import ItemError
from models.message import Address, Channel, Message, Original

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
CONTEXT = Context(ReaderSettings(), lambda _content, _name, _claimed: None)


@dataclass
class Storage:
    """A folder of the compound file: names to streams or storages."""

    entries: dict[str, "bytes | Storage"] = field(default_factory=dict)


def properties(values: dict[int, bytes | str | int | dt.datetime], header: bytes) -> Storage:
    """MAPI properties as [MS-OXMSG] lays them out: a table, and a stream for each that is longer than 8 bytes."""
    storage = Storage()
    table = header
    for tag, value in values.items():
        if isinstance(value, str):
            content = value.encode("utf-16-le")
            storage.entries[f"__substg1.0_{tag:04X}001F"] = content
            table += struct.pack("<HHIII", 0x001F, tag, 6, len(content) + 2, 0)
        elif isinstance(value, bytes):
            storage.entries[f"__substg1.0_{tag:04X}0102"] = value
            table += struct.pack("<HHIII", 0x0102, tag, 6, len(value), 0)
        elif isinstance(value, dt.datetime):
            ticks = int((value - dt.datetime(1601, 1, 1, tzinfo=dt.UTC)).total_seconds()) * 10_000_000
            table += struct.pack("<HHIQ", 0x0040, tag, 6, ticks)
        else:
            table += struct.pack("<HHIII", 0x0003, tag, 6, value, 0)
    storage.entries["__properties_version1.0"] = table
    return storage


Named = tuple[str, "bytes | Storage"]


def tree(root: Storage) -> tuple[list[Named], dict[int, tuple[int, int]]]:
    """The entries in the order of the directory, and for each its right sibling and first child."""
    names: list[Named] = [("Root Entry", root)]
    links: dict[int, tuple[int, int]] = {}

    def lay(storage: Storage, own: int) -> None:
        numbers = []
        for name, content in storage.entries.items():
            numbers.append(len(names))
            names.append((name, content))
            if isinstance(content, Storage):
                lay(content, numbers[-1])
        for number, right in zip(numbers, [*numbers[1:], FREE], strict=True):
            links[number] = (right, links.get(number, (FREE, FREE))[1])
        links[own] = (FREE, numbers[0] if numbers else FREE)

    lay(root, 0)
    return names, links


@dataclass
class Sectors:
    """Pieces of one size, and the chains that they form."""

    size: int
    content: bytes = b""
    chain: list[int] = field(default_factory=list)

    def put(self, content: bytes) -> int:
        first, count = len(self.chain), -(-len(content) // self.size)
        self.chain.extend([*range(first + 1, first + count), END])
        self.content += content.ljust(count * self.size, b"\0")
        return first


def compound_file(root: Storage) -> bytes:
    """The smallest compound file ([MS-CFB]) with everything in it: one FAT sector, short streams in the mini stream."""
    names, links = tree(root)
    large, mini = Sectors(512), Sectors(64)
    starts = {
        number: (large if len(content) >= 4096 else mini).put(content)
        for number, (_, content) in enumerate(names)
        if isinstance(content, bytes)
    }
    starts[0] = large.put(mini.content)
    mini_fat = struct.pack(f"<{len(mini.chain)}I", *mini.chain)
    mini_fat_start = large.put(mini_fat.ljust(512, b"\xff"))
    directory = b""
    for number, (name, content) in enumerate(names):
        size = len(mini.content) if number == 0 else len(content) if isinstance(content, bytes) else 0
        kind = 5 if number == 0 else 2 if isinstance(content, bytes) else 1
        encoded = (name + "\0").encode("utf-16-le")
        right, child = links.get(number, (FREE, FREE))
        directory += encoded.ljust(64, b"\0") + struct.pack("<HBBIII", len(encoded), kind, 1, FREE, right, child)
        directory += b"\0" * 36 + struct.pack("<IQ", starts.get(number, END), size)
    directory_start = large.put(directory)
    fat = [*large.chain, FAT]
    assert max(len(fat), len(mini.chain)) <= 128
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, 1, directory_start, 0, 4096, mini_fat_start, 1, END, 0)
    head += struct.pack("<109I", len(large.chain), *[FREE] * 108)
    return head + large.content + struct.pack("<128I", *fat, *[FREE] * (128 - len(fat)))


def saved_mail(more: dict[int, bytes | str | int | dt.datetime] | None = None) -> bytes:
    root = properties(
        {
            0x001A: "IPM.Note",
            0x0037: "Zählerstand März",
            0x1000: "Guten Tag,\r\n\r\nanbei der Zählerstand.\r\n",
            0x0C1A: "Petra Sommer",
            0x5D01: "petra.sommer@gmx.example",
            0x1035: "<4711@gmx.example>",
            0x0039: dt.datetime(2026, 3, 10, 7, 14, 55, tzinfo=dt.UTC),
            0x340D: 0x00040000,
            **(more or {}),
        },
        b"\0" * 8 + struct.pack("<4I", 1, 1, 1, 1) + b"\0" * 8,
    )
    root.entries["__recip_version1.0_#00000000"] = properties(
        {0x3001: "Stadtwerke Musterstadt", 0x39FE: "service@sw.example"}, b"\0" * 8
    )
    root.entries["__attach_version1.0_#00000000"] = properties(
        {0x3707: "Zähler.pdf", 0x370E: "application/pdf", 0x3705: 1, 0x3701: b"%PDF-1.7" + b"x" * 5000}, b"\0" * 8
    )
    return compound_file(root)


def read(content: bytes, name: str = "mail.msg") -> Message:
    return outlook.read(content, Original("0" * 64, Channel.email, name), CONTEXT)


def test_a_saved_mail_is_read_from_its_properties() -> None:
    message = read(saved_mail())
    assert message.media_type == "application/vnd.ms-outlook"
    assert message.subject == "Zählerstand März"
    assert message.from_ == Address("Petra Sommer", "petra.sommer@gmx.example")
    assert message.to == (Address("Stadtwerke Musterstadt", "service@sw.example"),)
    assert message.full_text == "Guten Tag,\n\nanbei der Zählerstand."
    assert message.sent_at == dt.datetime(2026, 3, 10, 7, 14, 55, tzinfo=dt.UTC)
    assert message.message_id == "4711@gmx.example"
    (attachment,) = message.attachments
    assert (attachment.filename, attachment.media_type, attachment.size) == ("Zähler.pdf", "application/pdf", 5008)


def test_headers_that_came_with_the_mail_are_better_than_its_properties() -> None:
    transport = "From: =?utf-8?Q?J=C3=B6rg?= <j@web.example>\r\nSubject: Aus dem Kopf\r\nReferences: <a@x> <b@x>\r\n"
    message = read(saved_mail({0x007D: transport}))
    assert message.from_ == Address("Jörg", "j@web.example")
    assert (message.subject, message.references) == ("Aus dem Kopf", ("a@x", "b@x"))


@pytest.mark.parametrize("cut", [600, 1200, 3000])
def test_a_damaged_file_is_an_item_error(cut: int) -> None:
    with pytest.raises(ItemError) as caught:
        read(saved_mail()[:cut])
    assert caught.value.reason in {"damaged", "unsupported"}


def test_a_word_file_in_the_same_container_is_not_taken_for_a_mail() -> None:
    with pytest.raises(ItemError) as caught:
        read(compound_file(Storage({"WordDocument": b"x" * 100})), "brief.doc")
    assert caught.value.reason == "unsupported"


def wrapped(*attributes: tuple[int, int, bytes]) -> bytes:
    content = struct.pack("<IH", 0x223E9F78, 1)
    for level, tag, data in attributes:
        content += struct.pack("<BII", level, tag, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
    return content


def test_winmail_dat_by_itself_gives_its_text_and_files() -> None:
    content = wrapped(
        (1, 0x00089006, struct.pack("<I", 0x10000)),
        (1, 0x00069007, struct.pack("<II", 1252, 0)),
        (1, 0x0002800C, "Bitte um Rückruf.\0".encode("cp1252")),
        (2, 0x00069002, b"\1\0" + b"\xff" * 12),
        (2, 0x00018010, "Zähler.txt\0".encode("cp1252")),
        (2, 0x0006800F, b"4711"),
    )
    message = read(content, "winmail.dat")
    assert message.full_text == "Bitte um Rückruf."
    assert [(file.filename, file.text) for file in message.attachments] == [("Zähler.txt", "4711")]


@pytest.mark.parametrize("length", range(8, 60, 7))
def test_a_cut_winmail_dat_is_damaged(length: int) -> None:
    content = wrapped((1, 0x00069007, struct.pack("<II", 1252, 0)), (1, 0x0002800C, b"x" * 40))
    assert tnef.unwrap(content) is not None
    assert tnef.unwrap(content[:length]) is None


def test_text_that_is_no_winmail_dat_is_refused() -> None:
    assert not tnef.is_tnef(b"Guten Tag")
    with pytest.raises(ItemError) as caught:
        read(b"\x78\x9f\x3e\x22\x01\x00\xff\xff\xff\xff", "winmail.dat")
    assert caught.value.reason == "damaged"
