"""What the archive of a workbook says of itself before anything is unpacked: its kind, its size, its members' names."""

import io
import re
import struct
from zipfile import BadZipFile, ZipFile

from grammar.diagnostic import Finding, FindingsError, Place, Words

UNPACKED_AT_MOST = 768 << 20
_MEMBERS_AT_MOST = 2_000
_DIRECTORY_AT_MOST = 1 << 20
# Sheets are packed to a tenth or a thirtieth; only what was made to burst goes beyond this.
_RATIO_AT_MOST = 200
_RATIO_FROM = 8 << 20
_END_RECORD = 22
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OUTSIDE = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|\\|^[A-Za-z]:|[\x00-\x1f]")


def bound_archive(data: bytes, shown: str) -> int:
    """The size the workbook unpacks to; raises FindingsError where it is none, is locked or is not to be trusted."""
    if not data.startswith(b"PK"):
        raise FindingsError([_no_archive(data, Place(shown))])
    _bound_directory(data, shown)
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (BadZipFile, struct.error, ValueError, NotImplementedError, OSError, EOFError):
        raise FindingsError([Finding("D100", Place(shown), {"what": _BROKEN_OFF})]) from None
    findings: list[Finding] = []
    names = [member.filename for member in members]
    for name in names:
        if _OUTSIDE.search(name) or names.count(name) > 1:
            findings.append(Finding("D104", Place(shown), {"name": repr(name[:60]).strip("'")}))
    unpacked = sum(member.file_size for member in members)
    burst = any(m.file_size > _RATIO_FROM and m.file_size > _RATIO_AT_MOST * m.compress_size for m in members)
    if unpacked > UNPACKED_AT_MOST or burst:
        sizes = {"size": f"{unpacked >> 20} MiB", "packed": f"{max(1, len(data) >> 10)} KiB"}
        findings.append(Finding("D103", Place(shown), sizes))
    if any(member.flag_bits & 1 for member in members):
        findings.append(Finding("D101", Place(shown)))
    if not findings:
        findings.extend(_other_kind(set(names), shown))
    if findings:
        raise FindingsError(findings)
    return unpacked


_BROKEN_OFF = Words("文件不完整，或者已经损坏", "it is cut short or damaged")


def _no_archive(data: bytes, place: Place) -> Finding:
    """What a file is that only bears a workbook's name."""
    if data.startswith(_OLE):
        # Excel puts a workbook under a password into the container of the old format.
        locked = "EncryptedPackage".encode("utf-16-le") in data
        return Finding("D101", place) if locked else Finding("D102", place, {"suffix": ".xls"})
    start = data[:2048].lstrip(b"\xef\xbb\xbf\r\n\t ").lower()
    if not data:
        return Finding("D100", place, {"what": Words("文件是空的", "it is empty")})
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        return Finding("D100", place, {"what": Words("里面其实是网页", "it is a web page")})
    return Finding("D100", place, {"what": Words("里面不是工作簿的内容", "what is in it is no workbook")})


def _bound_directory(data: bytes, shown: str) -> None:
    """The list of members must be small: reading a list of a million entries is itself an attack."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 0xFFFF - _END_RECORD))
    if at < 0 or len(data) - at < _END_RECORD:
        raise FindingsError([Finding("D100", Place(shown), {"what": _BROKEN_OFF})])
    count, size = struct.unpack("<HI", data[at + 10 : at + 16])
    if count > _MEMBERS_AT_MOST or size > _DIRECTORY_AT_MOST:
        sizes = {"size": Words(f"{count} 个部分", f"{count} parts"), "packed": f"{max(1, len(data) >> 10)} KiB"}
        raise FindingsError([Finding("D103", Place(shown), sizes)])


def _other_kind(names: set[str], shown: str) -> list[Finding]:
    """Whether it is the archive of something else that was renamed."""
    lower = {name.lower() for name in names}
    if "xl/workbook.bin" in lower:
        return [Finding("D102", Place(shown), {"suffix": ".xlsb"})]
    if "xl/vbaproject.bin" in lower:
        return [Finding("D102", Place(shown), {"suffix": ".xlsm"})]
    if "mimetype" in lower and "content.xml" in lower:
        return [Finding("D102", Place(shown), {"suffix": ".ods"})]
    if "xl/workbook.xml" not in names:
        return [Finding("D100", Place(shown), {"what": Words("里面不是工作簿的内容", "what is in it is no workbook")})]
    return []
